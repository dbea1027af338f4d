//! `connections`, `devices`, `exits`, `history`: what a ledger holds.

use std::io::{self, Write};
use std::path::Path;

use anyhow::bail;
use sekisho_api::{Analysis, Device, ExitRow};
use sekisho_ledger::{Change, HistoryQuery, Ledger, Query, Reader, Sited};
use sekisho_report::{HistoryRow, Lang, csv, table};
use serde::Serialize;

use crate::cli::{Connections, Format, ListFormat, Listing, Place};
use crate::output::{self, Sink};

pub(crate) fn connections(args: &Connections, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let query = Query {
        site: site(&ledger, &args.place)?,
        category: args.category.clone(),
        service: args.service.clone(),
        only_tunnels: args.tunnels,
        text: args.search.clone(),
        ..Query::default()
    };
    let rows = ledger.connections(&query)?;
    if args.form.format == Format::Json {
        return json(args.form.output.as_deref(), &rows);
    }
    let whole = ledger.analysis(&Query { site: query.site.clone(), ..Query::default() })?;
    let analysis = Analysis { connections: bare(rows), ..whole };
    let history = history_rows(&ledger, query.site, lang)?;
    output::analysis(&analysis, &history, &args.form, lang)
}

pub(crate) fn devices(args: &Listing, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let rows = ledger.devices(&Query { site: site(&ledger, &args.place)?, ..Query::default() })?;
    if args.format == ListFormat::Json {
        return json(args.output.as_deref(), &rows);
    }
    let (rows, zone) = (bare::<Device>(rows), output::zone());
    put(args, |out| match args.format {
        ListFormat::Csv => csv::devices(out, &rows, lang, &zone),
        ListFormat::Table | ListFormat::Json => {
            out.write_all(table::devices(&rows, lang, output::width(), &zone).as_bytes())
        }
    })
}

pub(crate) fn exits(args: &Listing, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let rows = ledger.exits(&Query { site: site(&ledger, &args.place)?, ..Query::default() })?;
    if args.format == ListFormat::Json {
        return json(args.output.as_deref(), &rows);
    }
    let (rows, zone) = (bare::<ExitRow>(rows), output::zone());
    put(args, |out| match args.format {
        ListFormat::Csv => csv::exits(out, &rows, lang, &zone),
        ListFormat::Table | ListFormat::Json => {
            out.write_all(table::exits(&rows, lang, output::width(), &zone).as_bytes())
        }
    })
}

pub(crate) fn history(args: &Listing, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let site = site(&ledger, &args.place)?;
    if args.format == ListFormat::Json {
        return json(
            args.output.as_deref(),
            &ledger.history(&HistoryQuery { site, ..HistoryQuery::default() })?,
        );
    }
    let (rows, zone) = (history_rows(&ledger, site, lang)?, output::zone());
    put(args, |out| match args.format {
        ListFormat::Csv => csv::history(out, &rows, lang, &zone),
        ListFormat::Table | ListFormat::Json => {
            out.write_all(table::history(&rows, lang, output::width(), &zone).as_bytes())
        }
    })
}

/// The site asked for, which must be there: a mistyped name is not an empty hospital.
fn site(ledger: &Reader, place: &Place) -> anyhow::Result<Option<String>> {
    let Some(wanted) = &place.site else { return Ok(None) };
    let sites: Vec<String> = ledger.sites()?.into_iter().map(|site| site.site).collect();
    if !sites.contains(wanted) {
        bail!("the ledger has no site `{wanted}`; it has: {}", sites.join(", "));
    }
    Ok(Some(wanted.clone()))
}

fn history_rows(ledger: &Reader, site: Option<String>, lang: Lang) -> anyhow::Result<Vec<HistoryRow>> {
    let changes = ledger.history(&HistoryQuery { site, ..HistoryQuery::default() })?;
    Ok(changes.into_iter().map(|change| history_row(change, lang)).collect())
}

/// A change as people read it: the values as `field: value`.
fn history_row(change: Change, lang: Lang) -> HistoryRow {
    let values = |object: Option<serde_json::Value>| match object? {
        serde_json::Value::Object(fields) => {
            let field = |(key, value): (String, serde_json::Value)| match value {
                serde_json::Value::String(text) => format!("{key}: {text}"),
                other => format!("{key}: {other}"),
            };
            Some(fields.into_iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => Some(other.to_string()),
    };
    let subject = sekisho_report::label(lang, "subject", change.subject.kind());
    HistoryRow {
        at: change.at,
        site: change.site,
        kind: change.kind.slug().to_owned(),
        subject: format!("{subject} {}", change.subject.key()),
        before: values(change.before),
        after: values(change.after),
    }
}

fn bare<T>(rows: Vec<Sited<T>>) -> Vec<T> {
    rows.into_iter().map(|sited| sited.row).collect()
}

fn json(output: Option<&Path>, rows: &impl Serialize) -> anyhow::Result<()> {
    let mut sink = Sink::open(output)?;
    serde_json::to_writer_pretty(&mut sink, rows)?;
    writeln!(sink)?;
    sink.close()
}

fn put(args: &Listing, write: impl FnOnce(&mut Sink) -> io::Result<()>) -> anyhow::Result<()> {
    let mut sink = Sink::open(args.output.as_deref())?;
    write(&mut sink)?;
    sink.close()
}
