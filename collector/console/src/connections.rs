//! The list of external connections, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_api::{CATEGORIES, GENERAL_INTERNET};
use sekisho_ledger::{Count, MISSING};
use sekisho_report::{label, zone_name};

use crate::asked::Asked;
use crate::site::{App, drawn, told};
use crate::view::{Row, row};
use crate::visitor::{Frame, Visitor};

/// A page to read down, not to scroll for ever.
const ROWS: u32 = 100;
/// A list to choose from holds no more sites than a person reads; beyond, the address names the site.
const MAX_CHOICES: usize = 500;

#[derive(Template)]
#[template(path = "connections.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    rows: Vec<Row>,
    count: Count,
    sites: Vec<String>,
    /// What is said where there is no row.
    nothing: &'static str,
    categories: Vec<(&'static str, String)>,
    statuses: Vec<(&'static str, String)>,
    first: Option<String>,
    next: Option<String>,
    csv: String,
    xlsx: String,
    zone: String,
}

/// The statuses that the ledger knows.
const STATUSES: [&str; 6] = ["unregistered", "registered", "expired", "outside-hours", "unseen", MISSING];

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let query = sekisho_ledger::Query { limit: Some(ROWS), without_hours: true, ..asked.query() };
    let read = app.readers.read(move |ledger| {
        let sites: Vec<String> = ledger.site_names()?;
        let mut page = ledger.page(&query)?;
        // What was declared and never seen stands after all that was seen.
        let unseen = ledger.not_seen(&sekisho_ledger::Query { limit: None, ..query })?;
        page.count.connections = page.count.connections.saturating_add(unseen.len() as u64);
        if page.next.is_none() {
            page.rows.extend(unseen);
        }
        Ok((page, sites))
    });
    let Some((page, sites)) = read.await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger");
    };
    let lang = frame.lang;
    let named = |kind: &'static str| move |slug: &'static str| (slug, label(lang, kind, slug).into_owned());
    let newest = page.rows.first().map(|first| first.row.last_seen).unwrap_or_default();
    drawn(&Page {
        rows: page.rows.iter().map(|sited| row(sited, lang, &app.zone)).collect(),
        count: page.count,
        nothing: if asked.status == MISSING && asked.site.is_empty() && sites.len() > 1 {
            "console.choose-site"
        } else {
            "console.nothing"
        },
        sites: choices(sites, &asked.site),
        categories: CATEGORIES.into_iter().chain([GENERAL_INTERNET]).map(named("category")).collect(),
        statuses: STATUSES.into_iter().map(named("status")).collect(),
        first: (!asked.after.is_empty()).then(|| asked.address("/connections", None)),
        next: page.next.map(|next| asked.address("/connections", Some(&next))),
        csv: asked.address("/connections.csv", None),
        xlsx: asked.address("/connections.xlsx", None),
        zone: zone_name(&app.zone, newest),
        frame,
        asked,
    })
}

/// Gives the sites to choose from, with the one that is asked for: a form without it would ask for all.
fn choices(mut sites: Vec<String>, asked: &str) -> Vec<String> {
    sites.truncate(MAX_CHOICES);
    if !asked.is_empty() && sites.iter().all(|site| site != asked) {
        sites.push(asked.to_owned());
    }
    sites
}

impl Page {
    /// The summary above the list.
    fn summary(&self) -> String {
        let values: [(&str, &dyn std::fmt::Display); 3] = [
            ("connections", &self.count.connections),
            ("unregistered", &self.count.unregistered),
            ("tunnels", &self.count.tunnels),
        ];
        sekisho_report::fill(self.frame.lang, "console.count", &values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_that_is_asked_for_can_be_chosen_again() {
        let many: Vec<String> = (0..=MAX_CHOICES).map(|number| format!("site-{number:04}")).collect();
        let last = many.last().unwrap().clone();
        // (sites, asked for, offered)
        let cases = [
            (many.clone(), "", MAX_CHOICES),
            (many.clone(), "site-0001", MAX_CHOICES),
            (many, last.as_str(), MAX_CHOICES + 1),
            (vec!["kita".to_owned()], "minami", 2),
        ];
        for (sites, asked, offered) in cases {
            let choices = choices(sites, asked);
            assert_eq!(choices.len(), offered, "{asked}");
            assert!(asked.is_empty() || choices.iter().any(|site| site == asked));
        }
    }
}
