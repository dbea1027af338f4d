//! The inquiries as a table and as CSV, in the columns of the study's form (外部接続先調査履歴).

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::Inquiry;

use crate::csv::Sheet;
use crate::grid::{Cell, Fit};
use crate::table::{listed, summary, time};
use crate::text::{Lang, label, text};
use crate::when::{rfc3339, zone_name};

/// Draws the inquiries, under a summary; `now` tells which are overdue.
#[must_use]
pub fn table(rows: &[Inquiry], lang: Lang, width: Option<u16>, zone: &TimeZone, now: Timestamp) -> String {
    let columns = [
        (text(lang, "heading.inquiry"), Fit::Number),
        (text(lang, "heading.connection"), Fit::Number),
        (text(lang, "heading.asked"), Fit::Folds),
        (text(lang, "heading.method"), Fit::Folds),
        (text(lang, "heading.counterpart"), Fit::Folds),
        (text(lang, "heading.question"), Fit::Folds),
        (text(lang, "heading.due"), Fit::Folds),
        (text(lang, "heading.outcome"), Fit::Folds),
        (text(lang, "heading.answer"), Fit::Folds),
        (text(lang, "heading.effort"), Fit::Number),
    ];
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            vec![
                Cell::of(&row.number.to_string()),
                Cell::default().with(row.connection.map(|number| number.to_string()).as_deref()),
                time(Some(row.asked), zone),
                Cell::of(&label(lang, "method", &row.method)),
                Cell::of(&row.counterpart),
                Cell::of(&row.question),
                time(Some(row.due), zone),
                Cell::of(&label(lang, "outcome", row.state(now))),
                Cell::default().with(row.answer.as_deref()),
                Cell::of(&effort(row.minutes)),
            ]
        })
        .collect();
    let overdue = rows.iter().filter(|row| row.state(now) == "no-answer").count();
    let named = zone_name(zone, now);
    summary("summary.inquiries", &[("inquiries", &rows.len()), ("overdue", &overdue)], lang, &named)
        + &listed(&columns, &cells, width)
}

/// Writes the inquiries as CSV; `now` tells which are overdue.
pub fn csv(out: impl Write, rows: &[Inquiry], lang: Lang, zone: &TimeZone, now: Timestamp) -> io::Result<()> {
    let headings = [
        "heading.inquiry",
        "heading.connection",
        "heading.asked",
        "heading.method",
        "heading.by",
        "heading.counterpart",
        "heading.question",
        "heading.answer",
        "heading.due",
        "heading.answered",
        "heading.outcome",
        "heading.proofs",
        "heading.next",
        "heading.effort",
    ];
    let mut sheet = Sheet::new(out, &headings, lang)?;
    for row in rows {
        sheet.row(&[
            row.number.to_string(),
            row.connection.map(|number| number.to_string()).unwrap_or_default(),
            rfc3339(row.asked, zone),
            label(lang, "method", &row.method).into_owned(),
            row.by.clone(),
            row.counterpart.clone(),
            row.question.clone(),
            row.answer.clone().unwrap_or_default(),
            rfc3339(row.due, zone),
            row.answered.map(|at| rfc3339(at, zone)).unwrap_or_default(),
            label(lang, "outcome", row.state(now)).into_owned(),
            proofs(row).join("; "),
            row.next.clone().unwrap_or_default(),
            effort(row.minutes),
        ])?;
    }
    sheet.finish()
}

/// Gives the files that prove an answer, by name and digest.
pub(crate) fn proofs(inquiry: &Inquiry) -> Vec<String> {
    inquiry.evidence.iter().map(|file| format!("{} {}", file.name, file.sha256)).collect()
}

/// Writes minutes of work as hours.
pub(crate) fn effort(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, 0) => String::new(),
        (hours, 0) => hours.to_string(),
        (hours, rest) => format!("{hours}.{:02}", rest * 100 / 60),
    }
}
