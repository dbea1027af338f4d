//! The hospital's own list: a workbook or a CSV file in, what it declares out, with what was taken for what.
//!
//! | file | what |
//! |---|---|
//! | `import/cells.rs` | bytes → rows of text, bounded |
//! | `import/headings.rs`, `headings.toml` | which column is what |
//! | `import/row.rs` | a row → what it declares |
//! | `import/words.rs` | a preview for people |
//!
//! Our own workbook is such a list, too: what it proposes is no declaration, what people filled in is.
//! Formulas, scripts and control characters in cells are text and nothing else.

mod cells;
mod headings;
mod row;
mod words;

use jiff::tz::TimeZone;

pub use cells::MAX_FILE_BYTES;
pub use headings::Field;
pub use row::{Line, Problem};
pub use words::{Fate, Preview, preview};

use headings::Columns;

/// What a file declares.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The sheet; the file's kind where there is only one.
    pub sheet: String,
    /// The line of the headings, from 1.
    pub headings_line: usize,
    /// By column its heading and what it was taken for.
    pub columns: Vec<(String, Option<Field>)>,
    /// The rows that hold anything.
    pub lines: Vec<Line>,
    /// What was left unread of a file that is too long.
    pub cut_off: Option<String>,
}

/// Why a file is no list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is longer than any list.
    #[error("the file is too long")]
    TooLong,
    /// It is neither a workbook nor a CSV file, or is damaged.
    #[error("the file cannot be read as a table: {what}")]
    Unreadable {
        /// What is wrong with it.
        what: String,
    },
    /// No row of it has headings of such a list.
    #[error("the file has no headings of a list")]
    NotAList,
}

/// Reads a list; days and hours in it are of a zone.
pub fn read(bytes: &[u8], zone: &TimeZone) -> Result<List, ImportError> {
    let sheets = cells::sheets(bytes)?;
    let mut best: Option<(usize, Columns)> = None;
    for (place, sheet) in sheets.iter().enumerate() {
        let Some(columns) = Columns::find(&sheet.rows) else { continue };
        if best.as_ref().is_none_or(|(_, known)| columns.known() > known.known()) {
            best = Some((place, columns));
        }
    }
    let Some((place, columns)) = best else { return Err(ImportError::NotAList) };
    let Some(sheet) = sheets.into_iter().nth(place) else { return Err(ImportError::NotAList) };
    let ours = columns.is_ours();
    let data = sheet.rows.iter().filter(|(line, _)| *line > columns.last_line);
    let lines = data.map(|(line, cells)| row::line(*line, &columns.gather(cells), ours, zone));
    Ok(List {
        sheet: sheet.name,
        headings_line: columns.line,
        lines: lines.filter(|line| !line.is_blank()).collect(),
        columns: columns.taken,
        cut_off: sheet.cut_off,
    })
}

#[cfg(test)]
mod tests;
