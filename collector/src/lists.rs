//! `connections`, `devices`, `exits`, `history`: what the ledger holds of one site, some or all.
//!
//! Rows of several sites bear the same numbers: a table has a part for each site, CSV a first column, JSON
//! a field. A workbook is of one site, as the hospital gets it.

use std::fs;
use std::io::{self, Write};

use anyhow::bail;
use jiff::Timestamp;
use sekisho_api::{Analysis, Connection, Device, ExitRow, GENERAL_INTERNET};
use sekisho_ledger::{Change, HistoryQuery, Ledger, Query, Reader, Sited, missing};
use sekisho_report::{HistoryRow, Lang, Survey, change, csv, fill, survey_workbook, table};
use sekisho_rules::Rules;
use serde::Serialize;

use crate::MAX_NAME_CHARS;
use crate::cli::{Connections, Format, Listing};
use crate::config::Config;

/// What of a site is listed.
enum Rows {
    Connections(Box<Analysis>),
    Devices(Vec<Device>),
    Exits(Vec<ExitRow>),
    History(Vec<Change>),
}

pub(crate) fn connections(args: &Connections, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let rules = Rules::embedded()?;
    list(&args.listing, config, lang, |ledger, site| {
        let query = Query {
            site: Some(site.to_owned()),
            category: args.category.clone(),
            service: args.service.clone(),
            only_tunnels: args.tunnels,
            text: args.search.clone(),
            now: Some(Timestamp::now()),
            ..Query::default()
        };
        let filters =
            args.category.is_some() || args.service.is_some() || args.tunnels || args.search.is_some();
        let whole = ledger.analysis(&Query { site: Some(site.to_owned()), ..Query::default() })?;
        let mut rows = ledger.connections(&query)?;
        rows.extend(ledger.unseen(&query)?);
        let mut connections: Vec<Connection> = rows.into_iter().map(|row| row.row).collect();
        // What should be there and was not seen is not of a service or a name.
        if !filters {
            connections.extend(missing(&whole, &rules).rows);
        }
        Ok(Rows::Connections(Box::new(Analysis { connections, ..whole })))
    })
}

pub(crate) fn devices(args: &Listing, config: &Config, lang: Lang) -> anyhow::Result<()> {
    list(args, config, lang, |ledger, site| {
        let rows = ledger.devices(&Query { site: Some(site.to_owned()), ..Query::default() })?;
        Ok(Rows::Devices(rows.into_iter().map(|row| row.row).collect()))
    })
}

pub(crate) fn exits(args: &Listing, config: &Config, lang: Lang) -> anyhow::Result<()> {
    list(args, config, lang, |ledger, site| {
        let rows = ledger.exits(&Query { site: Some(site.to_owned()), ..Query::default() })?;
        Ok(Rows::Exits(rows.into_iter().map(|row| row.row).collect()))
    })
}

pub(crate) fn history(args: &Listing, config: &Config, lang: Lang) -> anyhow::Result<()> {
    list(args, config, lang, |ledger, site| {
        Ok(Rows::History(
            ledger.history(&HistoryQuery { site: Some(site.to_owned()), ..HistoryQuery::default() })?,
        ))
    })
}

fn list(
    args: &Listing,
    config: &Config,
    lang: Lang,
    read: impl Fn(&Reader, &str) -> anyhow::Result<Rows>,
) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(config.database())?;
    let known = ledger.site_names()?;
    if let Some(site) = args.site.iter().find(|site| !known.contains(site)) {
        bail!("{}", fill(lang, "error.no-such-site", &[("site", site), ("sites", &known.join(", "))]));
    }
    let sites = if args.site.is_empty() { known } else { args.site.clone() };
    let mut out = Vec::new();
    match args.format {
        Format::Table => {
            for site in &sites {
                writeln!(out, "■ {}", sekisho_report::clean(site, MAX_NAME_CHARS))?;
                as_table(&mut out, read(&ledger, site)?, args.all, lang)?;
                writeln!(out)?;
            }
        }
        Format::Csv => {
            let mut parts = Vec::with_capacity(sites.len());
            for site in &sites {
                let mut part = Vec::new();
                as_csv(&mut part, read(&ledger, site)?, lang)?;
                parts.push((site.as_str(), part));
            }
            csv::of_sites(&mut out, &parts, lang)?;
        }
        Format::Json => {
            let mut rows = Vec::new();
            for site in &sites {
                as_json(&mut rows, site, read(&ledger, site)?)?;
            }
            serde_json::to_writer_pretty(&mut out, &rows)?;
            writeln!(out)?;
        }
        Format::Xlsx => {
            let [site] = sites.as_slice() else {
                bail!("{}", fill(lang, "error.several-sites", &[("sites", &sites.join(", "))]));
            };
            let Rows::Connections(analysis) = read(&ledger, site)? else {
                bail!("{}", fill(lang, "collector.no-workbook", &[]));
            };
            let query = HistoryQuery { site: Some(site.clone()), ..HistoryQuery::default() };
            let history = worded(ledger.history(&query)?, lang);
            let of_site = Query { site: Some(site.clone()), ..Query::default() };
            let inquiries: Vec<_> = ledger.inquiries(&of_site)?.into_iter().map(|row| row.row).collect();
            let survey = Survey { history: &history, inquiries: &inquiries, now: Timestamp::now() };
            out = survey_workbook(&analysis, &survey, lang, &sekisho_report::zone())?;
        }
    }
    match &args.output {
        Some(path) => Ok(fs::write(path, out)?),
        None => Ok(io::stdout().lock().write_all(&out)?),
    }
}

fn as_table(out: &mut Vec<u8>, rows: Rows, all: bool, lang: Lang) -> io::Result<()> {
    let zone = sekisho_report::zone();
    let (text, folded) = match rows {
        Rows::Connections(analysis) => {
            let general = |row: &Connection| row.category.as_deref() == Some(GENERAL_INTERNET);
            let Analysis { connections, capture, .. } = *analysis;
            let count = connections.len();
            // A tunnel is shown whatever it is taken for.
            let rows: Vec<_> =
                connections.into_iter().filter(|row| all || row.tunnel || !general(row)).collect();
            (table::connections(&rows, &capture.assumed, lang, None, &zone), count - rows.len())
        }
        Rows::Devices(rows) => (table::devices(&rows, lang, None, &zone), 0),
        Rows::Exits(rows) => (table::exits(&rows, lang, None, &zone), 0),
        Rows::History(changes) => {
            let count = changes.len();
            let kept = changes.into_iter().filter(|row| all || !change::is_of_general_internet(row));
            let rows = worded(kept.collect(), lang);
            (table::history(&rows, lang, None, &zone), count - rows.len())
        }
    };
    out.write_all(text.as_bytes())?;
    if folded > 0 {
        writeln!(out, "\n{}", fill(lang, "summary.folded", &[("folded", &folded)]))?;
    }
    Ok(())
}

fn as_csv(out: &mut Vec<u8>, rows: Rows, lang: Lang) -> io::Result<()> {
    let zone = sekisho_report::zone();
    match rows {
        Rows::Connections(analysis) => csv::connections(out, &analysis.connections, lang, &zone),
        Rows::Devices(rows) => csv::devices(out, &rows, lang, &zone),
        Rows::Exits(rows) => csv::exits(out, &rows, lang, &zone),
        Rows::History(changes) => csv::history(out, &worded(changes, lang), lang, &zone),
    }
}

fn as_json(out: &mut Vec<serde_json::Value>, site: &str, rows: Rows) -> serde_json::Result<()> {
    fn sited<T: Serialize>(site: &str, row: T) -> serde_json::Result<serde_json::Value> {
        serde_json::to_value(Sited { site: site.to_owned(), row })
    }
    match rows {
        Rows::Connections(analysis) => {
            for row in analysis.connections {
                out.push(sited(site, row)?);
            }
        }
        Rows::Devices(rows) => {
            for row in rows {
                out.push(sited(site, row)?);
            }
        }
        Rows::Exits(rows) => {
            for row in rows {
                out.push(sited(site, row)?);
            }
        }
        Rows::History(changes) => {
            for row in changes {
                out.push(serde_json::to_value(row)?);
            }
        }
    }
    Ok(())
}

fn worded(changes: Vec<Change>, lang: Lang) -> Vec<HistoryRow> {
    let zone = sekisho_report::zone();
    changes.into_iter().map(|row| change::row(row, lang, &zone)).collect()
}
