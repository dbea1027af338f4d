//! `diff`: what is different between two visits, from the history.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use sekisho_ledger::{Change, ChangeKind, HistoryQuery, Subject};
use sekisho_report::{HistoryRow, change, csv, fill, minute, table};
use serde::Serialize;

use crate::inquiry::{begin, end};
use crate::{Desk, Diff, ListFormat};

/// What is different, by what became of it.
#[derive(Debug, Default, Serialize)]
struct Between {
    since: Timestamp,
    until: Timestamp,
    /// There now, and not at the last visit.
    appeared: Vec<Change>,
    /// There at the last visit, and not now.
    gone: Vec<Change>,
    /// There then and now, and not the same.
    changed: Vec<Change>,
    /// What people did meanwhile.
    acts: Vec<Change>,
}

/// Tells what is different between two visits.
pub fn run(desk: &Desk<'_>, args: &Diff, out: &mut dyn Write) -> anyhow::Result<()> {
    let (lang, zone) = (desk.lang, desk.zone);
    let ledger = desk.look()?;
    let site = crate::site(&ledger, desk.site, args.format == ListFormat::Json, lang)?;
    let since = begin(args.since.tomorrow()?, zone)?;
    let until = args.until.map_or_else(|| Ok(Timestamp::now()), |day| end(day, zone))?;
    let query = HistoryQuery { site, since: Some(since), until: Some(until), ..HistoryQuery::default() };
    let mut history = ledger.history(&query)?;
    history.retain(|row| args.all || !change::is_of_general_internet(row));
    let between = between(history, since, until);
    if args.format == ListFormat::Json {
        serde_json::to_writer_pretty(&mut *out, &between)?;
        return Ok(writeln!(out)?);
    }
    let Between { appeared, gone, changed, acts, .. } = between;
    let sums = (appeared.len(), gone.len(), changed.len());
    let all = [appeared, gone, changed, acts].into_iter().flatten();
    let rows: Vec<HistoryRow> = all.map(|row| change::row(row, lang, zone)).collect();
    match args.format {
        ListFormat::Csv => csv::history(out, &rows, lang, zone)?,
        ListFormat::Table | ListFormat::Json => {
            let (since, until) = (minute(since, zone), minute(until, zone));
            let values: [(&str, &dyn std::fmt::Display); 5] = [
                ("since", &since),
                ("until", &until),
                ("appeared", &sums.0),
                ("gone", &sums.1),
                ("changed", &sums.2),
            ];
            writeln!(out, "{}", fill(lang, "summary.diff", &values))?;
            out.write_all(table::history(&rows, lang, desk.width, zone).as_bytes())?;
        }
    }
    Ok(())
}

/// Sorts a history, the latest first, by what became of each subject.
fn between(history: Vec<Change>, since: Timestamp, until: Timestamp) -> Between {
    let mut between = Between { since, until, ..Between::default() };
    let mut subjects: BTreeMap<(String, Subject), Vec<Change>> = BTreeMap::new();
    for row in history {
        match row.kind {
            ChangeKind::Registered | ChangeKind::Unregistered | ChangeKind::Asked | ChangeKind::Answered => {
                between.acts.push(row);
            }
            _ => subjects.entry((row.site.clone(), row.subject.clone())).or_default().push(row),
        }
    }
    for changes in subjects.into_values() {
        // Whether it is there now is told by the latest that says so, and whether it was, by the earliest.
        let mut of_presence = changes.iter().filter(|change| presence(change.kind).is_some());
        let latest = of_presence.next().cloned();
        let earliest = of_presence.next_back().cloned().or_else(|| latest.clone());
        let there = latest.as_ref().and_then(|change| presence(change.kind)).unwrap_or(true);
        let was_there = !earliest.as_ref().and_then(|change| presence(change.kind)).unwrap_or(false);
        match (was_there, there) {
            (false, true) => between.appeared.extend(earliest),
            (true, false) => between.gone.extend(latest),
            (false, false) => {}
            (true, true) => {
                between.changed.extend(changes.into_iter().filter(|change| presence(change.kind).is_none()));
            }
        }
    }
    between
}

/// Tells whether a change says that its subject is there, or is not; none where it says neither.
const fn presence(kind: ChangeKind) -> Option<bool> {
    match kind {
        ChangeKind::Appeared | ChangeKind::Returned => Some(true),
        ChangeKind::GoneSilent | ChangeKind::Withdrawn => Some(false),
        _ => None,
    }
}
