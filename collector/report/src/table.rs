//! The lists as tables for the screen, under a line that sums them up.

mod polled;

use std::borrow::Borrow;
use std::fmt::Display;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Assumption, Connection, Device, Exit, ExitRow, Initiator};
use sekisho_ledger::UNSEEN;

use crate::clean::clean;
use crate::grid::{Cell, Column, Fit, draw};
use crate::history::HistoryRow;
use crate::size;
use crate::text::{Lang, fill, label, text};
use crate::when::{minute, zone_name};

pub use polled::{Polled, polled};

/// `255.255.255.255`.
const IPV4_COLUMNS: u16 = 15;
/// `00:00:5E:00:53:01`.
const MAC_COLUMNS: u16 = 17;
/// `2026-02-01`.
const DAY_COLUMNS: u16 = 10;
/// The most prefixes told in the note on what was assumed: more is no note.
const MAX_ASSUMPTIONS: usize = 8;
/// The most characters of one line of that note.
const MAX_NOTE_CHARS: usize = 200;

/// Draws the external connections, under a summary and what was taken as inside.
///
/// `width` is the screen's in columns; without one every row is one line, however long.
#[must_use]
pub fn connections<R: Borrow<Connection>>(
    rows: &[R],
    assumed: &[Assumption],
    lang: Lang,
    width: Option<u16>,
    zone: &TimeZone,
) -> String {
    let columns = [
        (text(lang, "heading.number"), Fit::Number),
        (text(lang, "heading.category"), Fit::Folds),
        (text(lang, "heading.status"), Fit::Folds),
        (text(lang, "heading.inside"), Fit::Least(IPV4_COLUMNS)),
        (text(lang, "heading.direction"), Fit::Whole),
        (text(lang, "heading.outside"), Fit::Least(IPV4_COLUMNS)),
        (text(lang, "heading.service"), Fit::Folds),
        (text(lang, "heading.exit"), Fit::Least(MAC_COLUMNS)),
        (text(lang, "heading.last-seen"), Fit::Least(DAY_COLUMNS)),
        (text(lang, "heading.volume"), Fit::Under),
        (text(lang, "heading.confidence"), Fit::Under),
    ];
    let all = || rows.iter().map(Borrow::borrow);
    let cells: Vec<_> = (1..).zip(all()).map(|(place, row)| connection(row, place, lang, zone)).collect();
    let tunnels = all().filter(|row| row.tunnel).count();
    let uncategorised = all().filter(|row| row.category.is_none()).count();
    let counts: [(&str, &dyn Display); 3] =
        [("connections", &rows.len()), ("tunnels", &tunnels), ("uncategorised", &uncategorised)];
    let zone = zone_name(zone, all().map(|row| row.last_seen).max().unwrap_or_default());
    let mut out = summary("summary.connections", &counts, lang, &zone);
    out.push_str(&note(assumed, lang));
    out + &listed(&columns, &cells, width)
}

/// Draws the devices inside, under a summary.
#[must_use]
pub fn devices(rows: &[Device], lang: Lang, width: Option<u16>, zone: &TimeZone) -> String {
    let columns = [
        (text(lang, "heading.number"), Fit::Number),
        (text(lang, "heading.role"), Fit::Folds),
        (text(lang, "heading.name"), Fit::Folds),
        (text(lang, "heading.ip"), Fit::Least(IPV4_COLUMNS)),
        (text(lang, "heading.mac"), Fit::Whole),
        (text(lang, "heading.vlan"), Fit::Number),
        (text(lang, "heading.vendor"), Fit::Folds),
        (text(lang, "heading.model"), Fit::Folds),
        (text(lang, "heading.os"), Fit::Folds),
        (text(lang, "heading.services"), Fit::Folds),
        (text(lang, "heading.last-seen"), Fit::Least(DAY_COLUMNS)),
    ];
    let cells: Vec<_> = (1..).zip(rows).map(|(place, row)| device(row, place, lang, zone)).collect();
    let zone = zone_name(zone, rows.iter().filter_map(|row| row.last_seen).max().unwrap_or_default());
    summary("summary.devices", &[("devices", &rows.len())], lang, &zone) + &listed(&columns, &cells, width)
}

/// Draws the gateways that carry off-site traffic, under a summary.
#[must_use]
pub fn exits(rows: &[ExitRow], lang: Lang, width: Option<u16>, zone: &TimeZone) -> String {
    let columns = [
        (text(lang, "heading.number"), Fit::Number),
        (text(lang, "heading.name"), Fit::Folds),
        (text(lang, "heading.ip"), Fit::Least(IPV4_COLUMNS)),
        (text(lang, "heading.mac"), Fit::Whole),
        (text(lang, "heading.vendor"), Fit::Folds),
        (text(lang, "heading.line"), Fit::Folds),
        (text(lang, "heading.registered"), Fit::Whole),
        (text(lang, "heading.connections"), Fit::Number),
        (text(lang, "heading.last-seen"), Fit::Least(DAY_COLUMNS)),
        (text(lang, "heading.confidence"), Fit::Number),
    ];
    let cells: Vec<_> = (1..).zip(rows).map(|(place, row)| exit_row(row, place, lang, zone)).collect();
    let undeclared = rows.iter().filter(|row| declared(row) == "word.no").count();
    let zone = zone_name(zone, rows.iter().filter_map(|row| row.last_seen).max().unwrap_or_default());
    let counts: [(&str, &dyn Display); 2] = [("exits", &rows.len()), ("undeclared", &undeclared)];
    summary("summary.exits", &counts, lang, &zone) + &listed(&columns, &cells, width)
}

/// Draws the history, under a summary.
#[must_use]
pub fn history(rows: &[HistoryRow], lang: Lang, width: Option<u16>, zone: &TimeZone) -> String {
    let columns = [
        (text(lang, "heading.at"), Fit::Least(DAY_COLUMNS)),
        (text(lang, "heading.site"), Fit::Folds),
        (text(lang, "heading.change"), Fit::Folds),
        (text(lang, "heading.subject"), Fit::Folds),
        (text(lang, "heading.before"), Fit::Least(MAC_COLUMNS)),
        (text(lang, "heading.after"), Fit::Least(MAC_COLUMNS)),
    ];
    let cells: Vec<_> = rows.iter().map(|row| change(row, lang, zone)).collect();
    let zone = zone_name(zone, rows.iter().map(|row| row.at).max().unwrap_or_default());
    summary("summary.history", &[("changes", &rows.len())], lang, &zone) + &listed(&columns, &cells, width)
}

pub(crate) fn listed(columns: &[Column<'_>], rows: &[Vec<Cell>], width: Option<u16>) -> String {
    if rows.is_empty() { String::new() } else { format!("\n{}", draw(columns, rows, width)) }
}

pub(crate) fn summary(key: &str, counts: &[(&str, &dyn Display)], lang: Lang, zone: &str) -> String {
    let mut values = counts.to_vec();
    values.push(("zone", &zone));
    fill(lang, key, &values) + "\n"
}

fn note(assumed: &[Assumption], lang: Lang) -> String {
    let mut out = String::new();
    for assumption in assumed.iter().take(MAX_ASSUMPTIONS) {
        let key = if assumption.inside { "summary.assumed-inside" } else { "summary.assumed-outside" };
        let why = match lang {
            Lang::Ja => &assumption.ja,
            Lang::En => &assumption.en,
        };
        let line = fill(lang, key, &[("prefix", &assumption.prefix), ("why", why)]);
        out.push_str(&clean(&line, MAX_NOTE_CHARS));
        out.push('\n');
    }
    let more = assumed.len().saturating_sub(MAX_ASSUMPTIONS);
    if more > 0 {
        out.push_str(&fill(lang, "summary.assumed-more", &[("more", &more)]));
        out.push('\n');
    }
    out
}

fn connection(row: &Connection, place: i64, lang: Lang, zone: &TimeZone) -> Vec<Cell> {
    let inside = &row.inside;
    let role = inside.role.as_deref().map(|role| label(lang, "role", role));
    let known = inside.name.is_some() || role.is_some();
    let seen = row.status != UNSEEN;
    let inside_cell = Cell::default()
        .with(inside.name.as_deref())
        .with(role.as_deref())
        .with(inside.vendor.as_deref().filter(|_| !known))
        .with(Some(&inside.ip));
    let outside = &row.outside;
    let outside_cell = Cell::default()
        .with(outside.org.as_deref())
        .with(outside.name.as_deref())
        .with(Some(&and_more(&outside.ip, outside.ips.len())));
    vec![
        Cell::default().with(seen.then(|| row.number.unwrap_or(place).to_string()).as_deref()),
        Cell::of(&label(lang, "category-short", row.category.as_deref().unwrap_or("none"))),
        Cell::of(&label(lang, "status", &row.status)),
        inside_cell,
        Cell::of(arrow(row.initiator)),
        outside_cell,
        service(row, lang),
        exit(row.exit.as_deref(), lang),
        time(seen.then_some(row.last_seen), zone),
        Cell::of(&size::human(row.bytes_out.saturating_add(row.bytes_in))),
        sure(row.evidence.iter().map(|evidence| evidence.confidence).max()),
    ]
}

/// Which way a connection was opened, with the inside on the left.
const fn arrow(initiator: Initiator) -> &'static str {
    match initiator {
        Initiator::Inside => "→",
        Initiator::Outside => "←",
    }
}

/// A service, marked where it is a tunnel; with its port where only that tells anything.
fn service(row: &Connection, lang: Lang) -> Cell {
    let name = label(lang, "service", &row.service);
    let marked = if row.tunnel { format!("*{name}") } else { name.into_owned() };
    let port = (row.port != 0).then(|| format!("{}/{}", row.transport, row.port));
    let told = row.service.starts_with("unknown") || row.service == "tls";
    let reported = row.is_only_reported().then(|| text(lang, "word.snmp-only"));
    Cell::of(&marked).with(port.as_deref().filter(|_| told)).with(reported)
}

/// A gateway by its name, else by its maker and hardware address; and the line behind it.
fn exit(exit: Option<&Exit>, lang: Lang) -> Cell {
    let Some(exit) = exit else { return Cell::default() };
    let line = exit.line.as_deref().map(|line| label(lang, "line", line));
    let named = exit.name.is_some();
    Cell::default()
        .with(exit.name.as_deref())
        .with(exit.vendor.as_deref().filter(|_| !named))
        .with(Some(exit.mac.as_str()).filter(|_| !named))
        .with(line.as_deref())
}

fn device(row: &Device, place: i64, lang: Lang, zone: &TimeZone) -> Vec<Cell> {
    let services: Vec<_> = row.services.iter().map(String::as_str).collect();
    vec![
        Cell::of(&place.to_string()),
        Cell::default().with(row.role.as_deref().map(|role| label(lang, "role", role)).as_deref()),
        first(&row.names),
        first(&row.ips),
        Cell::default().with(row.mac.as_deref()),
        Cell::default().with(row.vlan.map(|vlan| vlan.to_string()).as_deref()),
        Cell::default().with(row.vendor.as_deref()),
        Cell::default().with(row.model.as_deref()).with(row.firmware.as_deref()),
        Cell::default().with(row.os.as_deref()),
        Cell::of(&services.join(", ")),
        time(row.last_seen, zone),
    ]
}

fn exit_row(row: &ExitRow, place: i64, lang: Lang, zone: &TimeZone) -> Vec<Cell> {
    vec![
        Cell::of(&place.to_string()),
        Cell::default().with(row.name.as_deref()),
        Cell::default().with(row.ip.as_deref()),
        Cell::of(&row.mac),
        Cell::default().with(row.vendor.as_deref()),
        Cell::default().with(row.line.as_deref().map(|line| label(lang, "line", line)).as_deref()),
        Cell::of(text(lang, declared(row))),
        Cell::of(&row.connections.to_string()),
        time(row.last_seen, zone),
        sure(row.evidence.iter().map(|evidence| evidence.confidence).max()),
    ]
}

/// Whether the hospital declared an exit; one that a single sign shows is not called undeclared yet.
pub(crate) const fn declared(row: &ExitRow) -> &'static str {
    match (row.registered, row.proofs.len()) {
        (true, _) => "word.yes",
        (false, 1) => "word.to-confirm",
        (false, _) => "word.no",
    }
}

fn change(row: &HistoryRow, lang: Lang, zone: &TimeZone) -> Vec<Cell> {
    vec![
        time(Some(row.at), zone),
        Cell::of(&row.site),
        Cell::of(&label(lang, "change", &row.kind)),
        Cell::of(&row.subject),
        Cell::default().with(row.before.as_deref()),
        Cell::default().with(row.after.as_deref()),
    ]
}

/// The first of a list, and how many there are besides.
fn first(list: &[String]) -> Cell {
    Cell::default().with(list.first().map(|first| and_more(first, list.len())).as_deref())
}

fn and_more(first: &str, count: usize) -> String {
    if count > 1 { format!("{first} +{}", count - 1) } else { first.to_owned() }
}

/// A time: day and hour are two parts, so that a narrow column holds them whole.
pub(crate) fn time(at: Option<Timestamp>, zone: &TimeZone) -> Cell {
    let Some(at) = at else { return Cell::default() };
    let shown = minute(at, zone);
    let (day, hour) = shown.split_once(' ').unwrap_or((&shown, ""));
    Cell::of(day).with(Some(hour))
}

fn sure(percent: Option<u8>) -> Cell {
    Cell::default().with(percent.map(|percent| format!("{percent}%")).as_deref())
}

#[cfg(test)]
mod tests;
