//! One cell: text, a count or an instant, made safe for a sheet.
//!
//! Names on the wire are written by strangers. They reach a sheet as strings only, so `=cmd|…` stays
//! text, and without the characters that XML 1.0 §2.2 forbids or that turn the reading direction
//! round. Invariant: nothing here writes a formula or a link.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{ExcelDateTime, Format, Worksheet, XlsxError};

use crate::clean::clean;

/// The longest string that a cell holds, in UTF-16 units.
pub(super) const MOST_UNITS: usize = 32_767;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing yet.
    Empty,
    /// Text, never anything else.
    Text(String),
    /// A count or a size in octets.
    Count(u64),
    /// An instant, shown in the workbook's zone.
    Time(Timestamp),
}

impl Cell {
    /// Makes a text cell of one line, or an empty one of empty text.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::lines([Some(text.as_ref())])
    }

    /// Makes a text cell of one line a part, leaving out parts that are not known.
    ///
    /// A part stays one line whatever its sender put into it.
    pub(super) fn lines<S: AsRef<str>>(parts: impl IntoIterator<Item = Option<S>>) -> Self {
        let mut text = String::new();
        for part in parts.into_iter().flatten() {
            let part = clean(part.as_ref().trim(), MOST_UNITS);
            if !part.is_empty() && !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&part);
        }
        if text.is_empty() { Self::Empty } else { Self::Text(fit(&text)) }
    }

    /// Gives how many columns of a narrow letter the longest line takes.
    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Text(text) => text.lines().map(columns).max().unwrap_or(0),
            // Digits and a separator for each three.
            Self::Count(count) => {
                let digits = count.to_string().len();
                digits + digits / 3
            }
            Self::Time(_) => "2026-01-01 00:00".len(),
        }
    }

    /// Gives how many lines it takes when wrapped in a column.
    pub(super) fn lines_within(&self, width: u16) -> usize {
        match self {
            Self::Text(text) => lines_within(text, width),
            Self::Empty | Self::Count(_) | Self::Time(_) => 1,
        }
    }

    /// Writes it, where empty only the format.
    pub(super) fn write(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        format: &Format,
        zone: &TimeZone,
    ) -> Result<(), XlsxError> {
        match self {
            Self::Empty => sheet.write_blank(row, column, format)?,
            Self::Text(text) => sheet.write_string_with_format(row, column, text.as_str(), format)?,
            #[expect(clippy::cast_precision_loss, reason = "a sheet's numbers are doubles; exact below 9 PB")]
            Self::Count(count) => sheet.write_number_with_format(row, column, *count as f64, format)?,
            Self::Time(at) => match excel(*at, zone) {
                Ok(at) => sheet.write_datetime_with_format(row, column, &at, format)?,
                // A damaged clock may say a year that sheets do not know.
                Err(_) => sheet.write_string_with_format(row, column, at.to_string(), format)?,
            },
        };
        Ok(())
    }
}

/// Gives the civil time of a zone as sheets count it.
pub(super) fn excel(at: Timestamp, zone: &TimeZone) -> Result<ExcelDateTime, XlsxError> {
    let offset = zone.to_offset(at).seconds();
    ExcelDateTime::from_timestamp(at.as_second() + i64::from(offset))
}

/// Cuts what is too long for a cell, and replaces the noncharacters that XML 1.0 §2.2 leaves out.
fn fit(text: &str) -> String {
    let mut units = 0;
    let mut fitting = String::with_capacity(text.len().min(MOST_UNITS));
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        units += letter.len_utf16();
        // One unit is kept for the mark that says so.
        let room = if letters.peek().is_some() { MOST_UNITS - 1 } else { MOST_UNITS };
        if units > room {
            fitting.push('…');
            break;
        }
        fitting.push(if matches!(letter, '\u{fffe}' | '\u{ffff}') {
            char::REPLACEMENT_CHARACTER
        } else {
            letter
        });
    }
    fitting
}

/// Gives the columns of a line on the screen: two for an East Asian wide letter, UAX #11.
pub(super) fn columns(line: &str) -> usize {
    line.chars().map(|letter| if is_wide(letter) { 2 } else { 1 }).sum()
}

/// Gives how many lines a text takes when wrapped in a column: at worst, as words are kept whole.
pub(super) fn lines_within(text: &str, width: u16) -> usize {
    let room = usize::from(width).saturating_sub(1).max(1);
    text.lines().map(|line| columns(line).div_ceil(room).max(1)).sum()
}

fn is_wide(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}')
        // Ambiguous letters that fonts of Japanese draw wide.
        || matches!(letter, '→' | '※' | '①'..='⑳' | '■' | '□' | '●' | '○')
}
