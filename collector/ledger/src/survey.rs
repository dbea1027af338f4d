//! Everything that a file of one site needs, or a page of one connection, of one state of the ledger, and no
//! more than fits.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sekisho_api::{Analysis, Connection, Inquiry};

use crate::change::{Change, Subject};
use crate::error::Fault;
use crate::query::{self, HistoryQuery, Query, Sited};
use crate::store::Database;
use crate::{inquiry, page, summary, unseen};

/// What a query finds, and beside it the site as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteSurvey {
    /// The connections that the query finds and what was declared and never seen, with their site's devices,
    /// exits and capture.
    pub analysis: Analysis,
    /// The site's history, the latest first.
    pub history: Vec<Change>,
    /// What was asked at the site, the latest first.
    pub inquiries: Vec<Inquiry>,
}

/// Why there is no survey.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoSurvey {
    /// Of connections, devices, exits, changes or inquiries there are more rows than asked for.
    TooMany,
    /// The connections are of several sites, each of which counts its own.
    SeveralSites,
}

/// A connection and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The connection.
    pub connection: Sited<Connection>,
    /// Its history, the latest first.
    pub history: Vec<Change>,
    /// What was asked about it, the latest first.
    pub inquiries: Vec<Inquiry>,
}

/// Reads one connection as it is at a time, with at most so many changes and inquiries.
pub(crate) fn known(
    database: &Database,
    site: &str,
    number: i64,
    now: Timestamp,
    most: u32,
) -> Result<Option<Known>, Fault> {
    let of = Query { site: Some(site.to_owned()), number: Some(number), ..Query::default() };
    let asked = Query { now: Some(now), limit: Some(1), without_hours: true, ..of.clone() };
    let Some(connection) = page::connections(database, &asked)?.into_iter().next() else { return Ok(None) };
    let (site, subject) = (of.site.clone(), Some(Subject::Connection(number)));
    let history = HistoryQuery { site, subject, limit: Some(most), ..HistoryQuery::default() };
    let history = query::history(database, &history)?;
    let inquiries = rows(inquiry::inquiries(database, &Query { limit: Some(most), ..of })?);
    Ok(Some(Known { connection, history, inquiries }))
}

/// Reads a survey of at most so many rows of each kind.
pub(crate) fn read(
    database: &Database,
    query: &Query,
    most: u32,
) -> Result<Result<SiteSurvey, NoSurvey>, Fault> {
    let one_more = Some(most.saturating_add(1));
    let asked = Query { limit: one_more, after: None, ..query.clone() };
    let mut found = page::connections(database, &asked)?;
    found.extend(unseen::not_seen(database, &asked)?);
    let mut site = query.site.clone();
    if site.is_none() {
        let mut sites: BTreeSet<String> = found.iter().map(|row| row.site.clone()).collect();
        if sites.is_empty() {
            sites.extend(query::site_names(database)?);
        }
        if sites.len() > 1 {
            return Ok(Err(NoSurvey::SeveralSites));
        }
        site = sites.pop_first();
    }
    let whole = Query { site: site.clone(), limit: one_more, ..Query::default() };
    let devices = rows(query::devices(database, &whole)?);
    let exits = rows(query::exits(database, &whole)?);
    let connections = rows(found);
    let inquiries = rows(inquiry::inquiries(database, &whole)?);
    let history =
        query::history(database, &HistoryQuery { site, limit: one_more, ..HistoryQuery::default() })?;
    let lengths = [connections.len(), devices.len(), exits.len(), history.len(), inquiries.len()];
    if lengths.into_iter().any(|rows| rows > most as usize) {
        return Ok(Err(NoSurvey::TooMany));
    }
    let Analysis { capture, .. } = summary::analysis(database, &Query { limit: Some(0), ..whole })?;
    let analysis = Analysis { capture, connections, devices, exits };
    Ok(Ok(SiteSurvey { analysis, history, inquiries }))
}

fn rows<T>(sited: Vec<Sited<T>>) -> Vec<T> {
    sited.into_iter().map(|sited| sited.row).collect()
}
