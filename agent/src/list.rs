//! `connections`, `devices`, `exits`, `history`: what a ledger holds.

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use sekisho_api::{Analysis, Device, ExitRow, Inquiry};
use sekisho_ledger::{HistoryQuery, Ledger, Query, Reader, Sited, is_asked_for, missing};
use sekisho_report::{HistoryRow, Lang, Survey, change, csv, table};
use sekisho_rules::Rules;
use serde::Serialize;

use crate::cli::{Connections, Format, History, ListFormat, Listing, Place};
use crate::output;
use crate::sink::Sink;

pub(crate) fn connections(args: &Connections, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let query = Query {
        site: site(&ledger, &args.place, args.form.format == Format::Json, lang)?,
        category: args.category.clone(),
        service: args.service.clone(),
        only_tunnels: args.tunnels,
        text: args.search.clone(),
        status: args.status.clone(),
        now: Some(Timestamp::now()),
        ..Query::default()
    };
    let mut rows = ledger.connections(&query)?;
    rows.extend(ledger.unseen(&query)?);
    let whole = ledger.analysis(&Query { site: query.site.clone(), ..Query::default() })?;
    let mut expected = missing(&whole, &Rules::embedded()?).rows;
    expected.retain(|row| is_asked_for(&query, row));
    if args.form.format == Format::Json {
        // Of several sites together nothing is missing: each is asked about by its name.
        let site = query.site.clone().or_else(|| rows.first().map(|row| row.site.clone()));
        let sited = |row| Sited { site: site.clone().unwrap_or_default(), row };
        let one_site = ledger.sites()?.len() == 1 || query.site.is_some();
        let expected = expected.into_iter().filter(|_| one_site).map(sited);
        return json(
            &args.place,
            args.form.output.as_deref(),
            &rows.into_iter().chain(expected).collect::<Vec<_>>(),
        );
    }
    let connections = bare(rows).into_iter().chain(expected).collect();
    let analysis = Analysis { connections, ..whole };
    let of = Query { site: query.site.clone(), ..Query::default() };
    let inquiries: Vec<Inquiry> = bare(ledger.inquiries(&of)?);
    let history = history_rows(&ledger, query.site, lang)?;
    let survey = Survey { history: &history, inquiries: &inquiries, now: Timestamp::now() };
    output::analysis(&analysis, &survey, &args.form, &[&args.place.db], lang)
}

pub(crate) fn devices(args: &Listing, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let rows = ledger.devices(&Query {
        site: site(&ledger, &args.place, args.format == ListFormat::Json, lang)?,
        ..Query::default()
    })?;
    if args.format == ListFormat::Json {
        return json(&args.place, args.output.as_deref(), &rows);
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
    let rows = ledger.exits(&Query {
        site: site(&ledger, &args.place, args.format == ListFormat::Json, lang)?,
        ..Query::default()
    })?;
    if args.format == ListFormat::Json {
        return json(&args.place, args.output.as_deref(), &rows);
    }
    let (rows, zone) = (bare::<ExitRow>(rows), output::zone());
    put(args, |out| match args.format {
        ListFormat::Csv => csv::exits(out, &rows, lang, &zone),
        ListFormat::Table | ListFormat::Json => {
            out.write_all(table::exits(&rows, lang, output::width(), &zone).as_bytes())
        }
    })
}

pub(crate) fn history(History { listing: args, all }: &History, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let site = site(&ledger, &args.place, args.format == ListFormat::Json, lang)?;
    let changes = ledger.history(&HistoryQuery { site, ..HistoryQuery::default() })?;
    if args.format == ListFormat::Json {
        return json(&args.place, args.output.as_deref(), &changes);
    }
    let zone = output::zone();
    let count = changes.len();
    let folds = args.format == ListFormat::Table && !all;
    let kept = changes.into_iter().filter(|row| !folds || !change::is_of_general_internet(row));
    let rows: Vec<HistoryRow> = kept.map(|row| change::row(row, lang, &zone)).collect();
    put(args, |out| {
        if args.format == ListFormat::Csv {
            return csv::history(out, &rows, lang, &zone);
        }
        out.write_all(table::history(&rows, lang, output::width(), &zone).as_bytes())?;
        output::folded(out, count - rows.len(), lang)
    })
}

/// The site asked for, which must be there: a mistyped name is not an empty hospital. Rows of several
/// sites bear the same numbers, so only JSON, which names the site in each, shows them together.
pub(crate) fn site(ledger: &Reader, place: &Place, json: bool, lang: Lang) -> anyhow::Result<Option<String>> {
    sekisho_desk::site(ledger, place.site.as_deref(), json, lang)
}

fn history_rows(ledger: &Reader, site: Option<String>, lang: Lang) -> anyhow::Result<Vec<HistoryRow>> {
    let zone = output::zone();
    let changes = ledger.history(&HistoryQuery { site, ..HistoryQuery::default() })?;
    Ok(changes.into_iter().map(|row| change::row(row, lang, &zone)).collect())
}

fn bare<T>(rows: Vec<Sited<T>>) -> Vec<T> {
    rows.into_iter().map(|sited| sited.row).collect()
}

fn json(place: &Place, output: Option<&Path>, rows: &impl Serialize) -> anyhow::Result<()> {
    let mut sink = Sink::open(output, &[&place.db])?;
    serde_json::to_writer_pretty(&mut sink, rows)?;
    writeln!(sink)?;
    sink.close()
}

fn put(args: &Listing, write: impl FnOnce(&mut Sink) -> io::Result<()>) -> anyhow::Result<()> {
    let mut sink = Sink::open(args.output.as_deref(), &[&args.place.db])?;
    write(&mut sink)?;
    sink.close()
}
