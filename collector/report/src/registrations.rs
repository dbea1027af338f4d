//! The registrations as a table and as CSV.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use sekisho_api::Registration;

use crate::csv::Sheet;
use crate::grid::{Cell, Fit};
use crate::table::{listed, summary, time};
use crate::text::{Lang, label, text};
use crate::when::{rfc3339, zone_name};

/// Draws the registrations, under a summary.
#[must_use]
pub fn table(rows: &[Registration], lang: Lang, width: Option<u16>, zone: &TimeZone) -> String {
    let columns = [
        (text(lang, "heading.registration"), Fit::Whole),
        (text(lang, "heading.device"), Fit::Folds),
        (text(lang, "heading.party"), Fit::Folds),
        (text(lang, "heading.service"), Fit::Folds),
        (text(lang, "heading.owner"), Fit::Folds),
        (text(lang, "heading.supplier"), Fit::Folds),
        (text(lang, "heading.hours"), Fit::Folds),
        (text(lang, "heading.until"), Fit::Whole),
        (text(lang, "heading.by"), Fit::Folds),
        (text(lang, "heading.at"), Fit::Folds),
        (text(lang, "heading.source"), Fit::Folds),
    ];
    let cells: Vec<_> = rows.iter().map(|row| cells(row, lang, zone)).collect();
    let named = zone_name(zone, rows.iter().map(|row| row.at).max().unwrap_or_default());
    summary("summary.registrations", &[("registrations", &rows.len())], lang, &named)
        + &listed(&columns, &cells, width)
}

fn cells(row: &Registration, lang: Lang, zone: &TimeZone) -> Vec<Cell> {
    let terms = &row.terms;
    let all = |keys: &[String]| keys.iter().fold(Cell::default(), |cell, key| cell.with(Some(key)));
    vec![
        Cell::of(&row.id),
        all(&row.device),
        all(&row.outside),
        Cell::default().with(row.service.as_deref().map(|slug| label(lang, "service", slug)).as_deref()),
        Cell::default().with(terms.owner.as_deref()),
        Cell::default().with(terms.vendor.as_deref()),
        Cell::default().with(terms.hours.as_ref().map(ToString::to_string).as_deref()),
        Cell::default().with(terms.last_day().map(|day| day.to_string()).as_deref()),
        Cell::of(&row.by),
        time(Some(row.at), zone),
        Cell::default().with(row.source.as_deref()),
    ]
}

/// Writes the registrations as CSV.
pub fn csv(out: impl Write, rows: &[Registration], lang: Lang, zone: &TimeZone) -> io::Result<()> {
    let headings = [
        "heading.registration",
        "heading.device",
        "heading.party",
        "heading.service-slug",
        "heading.exit",
        "heading.purpose",
        "heading.owner",
        "heading.supplier",
        "heading.contact",
        "heading.contract-end",
        "heading.hours",
        "heading.until",
        "heading.note",
        "heading.source",
        "heading.by",
        "heading.at",
    ];
    let mut sheet = Sheet::new(out, &headings, lang)?;
    let held = |text: &Option<String>| text.clone().unwrap_or_default();
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
    for Registration { id, device, outside, service, exit, terms, source, by, at, zone: _ } in rows {
        sheet.row(&[
            id.clone(),
            device.join("; "),
            outside.join("; "),
            held(service),
            exit.join("; "),
            held(&terms.purpose),
            held(&terms.owner),
            held(&terms.vendor),
            held(&terms.contact),
            day(terms.contract_end),
            terms.hours.as_ref().map(ToString::to_string).unwrap_or_default(),
            day(terms.until),
            held(&terms.note),
            held(source),
            by.clone(),
            rfc3339(*at, zone),
        ])?;
    }
    sheet.finish()
}
