//! `explain`: the chain from packets to verdict of one connection.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::bail;
use sekisho_api::{Analysis, Connection, Device, ExitRow};
use sekisho_ledger::{Ledger, Query};
use sekisho_report::{Explanation, Lang, RuleNote, explain, fill};
use sekisho_rules::Rules;

use crate::cli::{Explain, Place};
use crate::{analyze, facts, list, output, rules};

/// Connections explained when a name fits several.
const MAX_SHOWN: usize = 10;

pub(crate) fn run(args: &Explain, lang: Lang) -> anyhow::Result<()> {
    let rules = rules::laid(args.rules.as_deref(), args.db.as_deref()).rules()?;
    let analysis = match &args.db {
        Some(db) => recorded(args, db, lang)?,
        None => analyze::files(&args.files, &args.internal, lang, &rules)?,
    };
    let wanted: Vec<(i64, &Connection)> = (1..)
        .zip(&analysis.connections)
        .map(|(place, row)| (row.number.unwrap_or(place), row))
        .filter(|(number, row)| fits(&args.connection, *number, row))
        .collect();
    if wanted.is_empty() {
        bail!("{}", fill(lang, "explain.not-found", &[("wanted", &args.connection)]));
    }
    if wanted.len() > MAX_SHOWN {
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("wanted", &args.connection), ("found", &wanted.len()), ("shown", &MAX_SHOWN)];
        output::tell(&fill(lang, "explain.many", &values), lang);
    }
    let mut out = io::stdout().lock();
    let zone = output::zone();
    for (place, (number, row)) in wanted.into_iter().take(MAX_SHOWN).enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        let device = analysis.devices.iter().find(|device| is_inside(device, row));
        let exit = row.exit.as_ref();
        let exit = analysis.exits.iter().find(|known| exit.is_some_and(|exit| exit.mac == known.mac));
        let what = Explanation {
            connection: row,
            number,
            device,
            exit,
            rules: notes(&rules, row, device, exit),
            questions: facts::questions(&rules, row),
        };
        write!(out, "{}", explain(&what, lang, &zone))?;
    }
    Ok(())
}

/// Reads the ledger: the connections asked for, and what is known of devices and exits.
fn recorded(args: &Explain, db: &std::path::Path, lang: Lang) -> anyhow::Result<Analysis> {
    let ledger = Ledger::read_only(db)?;
    let place = Place { db: db.to_owned(), site: args.site.clone() };
    let site = list::site(&ledger, &place, false, lang)?;
    Ok(ledger.analysis(&Query { site, now: Some(jiff::Timestamp::now()), ..Query::default() })?)
}

/// Whether a connection is the one asked for: by its number, else by an address or a name of an end.
fn fits(wanted: &str, number: i64, row: &Connection) -> bool {
    if let Ok(wanted) = wanted.parse::<i64>() {
        return wanted == number;
    }
    let name = |name: &Option<String>| {
        name.as_deref().is_some_and(|name| name.trim_end_matches('.').eq_ignore_ascii_case(wanted))
    };
    row.inside.ip == wanted
        || row.outside.ips.iter().any(|ip| ip == wanted)
        || name(&row.inside.mac)
        || name(&row.inside.name)
        || name(&row.outside.name)
}

fn is_inside(device: &Device, row: &Connection) -> bool {
    match (&device.mac, &row.inside.mac) {
        (Some(device), Some(row)) => device == row,
        _ => device.ips.contains(&row.inside.ip),
    }
}

/// The rules behind all reasons that are shown.
fn notes(
    rules: &Rules,
    row: &Connection,
    device: Option<&Device>,
    exit: Option<&ExitRow>,
) -> BTreeMap<String, RuleNote> {
    let of_device = device.iter().flat_map(|device| &device.evidence);
    let of_exit = exit.iter().flat_map(|exit| &exit.evidence);
    let reasons = row.evidence.iter().chain(of_device).chain(of_exit);
    let rule = |id: &str| rules.get(id).map(|rule| (id.to_owned(), rules::note(rule)));
    reasons.filter_map(|reason| rule(&reason.rule)).collect()
}
