//! The workbook of a survey: an analysis and its history in, an `.xlsx` file out.
//!
//! | sheet | one row a | columns |
//! |---|---|---|
//! | 概要 Overview | – | what was read, found and assumed, and what could not be seen |
//! | 外部接続先一覧 Connections | connection | `workbook/connections.rs` |
//! | 外部接続先調査履歴 Survey history | inquiry, change | `workbook/survey.rs` |
//! | 機器台帳 Devices | device inside | `workbook/devices.rs` |
//!
//! Columns that the capture cannot fill stay empty on a light ground for people. Invariants: no
//! cell is a formula or a link, whatever it begins with; the same input gives the same bytes, for no
//! clock is read and the file's own date is that of the last frame.

mod cell;
mod column;
mod connections;
mod devices;
mod overview;
mod page;
mod service;
mod sheet;
mod style;
mod survey;
mod timing;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use sekisho_api::{Analysis, Inquiry};
use sekisho_ledger::SiteSurvey;

use crate::change;
use crate::history::HistoryRow;
use crate::text::Lang;

pub use connections::is_proposal;

use column::{Word, word};
use sheet::Sheet;
use style::Style;

/// Columns that stay in sight on each table: enough to know the row by.
const FROZEN: u16 = 3;
/// Pages that the list of connections takes across: on one, its 31 headings are too small to read.
const LIST_PAGES: u16 = 3;

/// What was found out of a site besides its list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Survey<'a> {
    /// What changed.
    pub history: &'a [HistoryRow],
    /// What was asked.
    pub inquiries: &'a [Inquiry],
    /// When the workbook is made, which tells what is overdue.
    pub now: Timestamp,
}

/// Writes the workbook of an analysis and the history of its site, in a language, with times of a zone.
#[cfg(test)]
pub(crate) fn workbook(
    analysis: &Analysis,
    history: &[HistoryRow],
    lang: Lang,
    zone: &TimeZone,
) -> Result<Vec<u8>, XlsxError> {
    survey_workbook(analysis, &Survey { history, ..Survey::default() }, lang, zone)
}

/// Writes the workbook of a site as its ledger has it.
pub fn site_workbook(
    site: &SiteSurvey,
    now: Timestamp,
    lang: Lang,
    zone: &TimeZone,
) -> Result<Vec<u8>, XlsxError> {
    let history: Vec<_> = site.history.iter().map(|change| change::row(change.clone(), lang, zone)).collect();
    let survey = Survey { history: &history, inquiries: &site.inquiries, now };
    survey_workbook(&site.analysis, &survey, lang, zone)
}

/// Writes the workbook of an analysis and all that was found out of its site.
pub fn survey_workbook(
    analysis: &Analysis,
    survey: &Survey<'_>,
    lang: Lang,
    zone: &TimeZone,
) -> Result<Vec<u8>, XlsxError> {
    let style = Style::new(lang);
    let mut book = Workbook::new();
    book.set_properties(&properties(analysis, lang)?);

    overview::add(&mut book, analysis, lang, zone, &style)?;

    let rows = connections::rows(analysis, lang, zone);
    let (name, columns) = (word("外部接続先一覧", "Connections"), connections::columns());
    Sheet { name, columns: &columns, frozen: FROZEN, pages_across: LIST_PAGES }
        .add(&mut book, &rows, lang, zone, &style)?;

    let (name, columns) = (word("外部接続先調査履歴", "Survey history"), survey::columns());
    Sheet { name, columns: &columns, frozen: FROZEN, pages_across: 1 }.add(
        &mut book,
        &survey::rows(survey, lang),
        lang,
        zone,
        &style,
    )?;

    let (name, columns) = (word("機器台帳", "Devices"), devices::columns());
    let devices = devices::rows(analysis, &rows, lang);
    Sheet { name, columns: &columns, frozen: FROZEN, pages_across: 1 }
        .add(&mut book, &devices, lang, zone, &style)?;

    book.save_to_buffer()
}

fn properties(analysis: &Analysis, lang: Lang) -> Result<DocProperties, XlsxError> {
    const TITLE: Word =
        word("外部接続先一覧・外部接続先調査履歴・機器台帳", "External connections, survey history, devices");
    // Without a frame there is no time to take: the epoch says so and stays the same.
    let seconds = analysis.capture.last_seen.map_or(0, jiff::Timestamp::as_second);
    let made = ExcelDateTime::from_timestamp(seconds).or_else(|_| ExcelDateTime::from_timestamp(0))?;
    Ok(DocProperties::new().set_title(TITLE.of(lang)).set_author("Sekisho").set_creation_datetime(&made))
}

#[cfg(test)]
mod tests;
