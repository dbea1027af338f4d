//! A page that is written from the top down: titles, pairs, small tables and sentences.

use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use crate::text::Lang;

use super::cell::{Cell, lines_within};
use super::column::Word;
use super::sheet::points;
use super::style::{Kind, Style};

/// The widths of the sheet's columns; notes go over all of them.
pub(super) const WIDTHS: [u16; 5] = [36, 24, 22, 14, 14];
const LAST_COLUMN: u16 = 4;
/// Rows of one block before the rest is counted: a broken capture may have thousands of warnings.
pub(super) const MOST_ROWS: usize = 200;

/// The sheet as it is written from the top down.
pub(super) struct Page<'a> {
    /// The sheet.
    pub(super) sheet: &'a mut Worksheet,
    /// The row to be written next.
    pub(super) row: u32,
    /// The reader's language.
    pub(super) lang: Lang,
    /// The reader's zone.
    pub(super) zone: &'a TimeZone,
    /// The formats.
    pub(super) style: &'a Style,
}

impl Page<'_> {
    /// Writes the name of the book.
    pub(super) fn title(&mut self, word: &Word) -> Result<(), XlsxError> {
        self.sheet.write_string_with_format(self.row, 0, word.of(self.lang), &self.style.title)?;
        self.row += 1;
        Ok(())
    }

    /// Begins a block.
    pub(super) fn section(&mut self, word: &Word) -> Result<(), XlsxError> {
        self.row += 1;
        self.sheet.write_string_with_format(self.row, 0, word.of(self.lang), &self.style.section)?;
        self.row += 1;
        Ok(())
    }

    /// Writes the headings of a block's table.
    pub(super) fn headings(&mut self, words: &[Word]) -> Result<(), XlsxError> {
        for (word, column) in words.iter().zip(0..) {
            self.sheet.write_string_with_format(self.row, column, word.of(self.lang), &self.style.heading)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Writes a name and its value.
    pub(super) fn pair(&mut self, word: &Word, value: &Cell) -> Result<(), XlsxError> {
        // The leading space sets a part of a sum in; `Cell::text` would trim it.
        self.line(&[Cell::Text(word.of(self.lang).to_owned()), value.clone()])
    }

    /// Writes a line of a table.
    pub(super) fn line(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        for (cell, column) in cells.iter().zip(0..) {
            let kind = match cell {
                Cell::Empty | Cell::Text(_) => Kind::Text,
                Cell::Count(_) => Kind::Count,
                Cell::Time(_) => Kind::Time,
            };
            cell.write(self.sheet, (self.row, column), &self.style.cell(kind, false), self.zone)?;
        }
        let lines = cells.iter().zip(WIDTHS).map(|(cell, width)| cell.lines_within(width)).max();
        self.sheet.set_row_height(self.row, points(lines.unwrap_or(1)))?;
        self.row += 1;
        Ok(())
    }

    /// Writes a line whose last cell goes to the right edge.
    pub(super) fn wide(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        let row = self.row;
        self.line(cells)?;
        if let (Some(last), Ok(first)) = (cells.last(), u16::try_from(cells.len().saturating_sub(1))) {
            let format = self.style.cell(Kind::Text, false);
            self.across((row, first), last, &format)?;
        }
        Ok(())
    }

    /// Writes a sentence over all columns.
    pub(super) fn note(&mut self, text: &Cell) -> Result<(), XlsxError> {
        let format = self.style.note.clone();
        self.across((self.row, 0), text, &format)?;
        self.row += 1;
        Ok(())
    }

    /// Merges from a cell to the right edge; sheets do not fit the height of merged cells, so it is set.
    fn across(&mut self, (row, first): (u32, u16), cell: &Cell, format: &Format) -> Result<(), XlsxError> {
        let Cell::Text(text) = cell else { return Ok(()) };
        if first < LAST_COLUMN {
            self.sheet.merge_range(row, first, row, LAST_COLUMN, text, format)?;
        }
        let width: u16 = WIDTHS.into_iter().skip(usize::from(first)).sum();
        self.sheet.set_row_height(row, points(lines_within(text, width)))?;
        Ok(())
    }

    /// Counts what a bound left out.
    pub(super) fn more(&mut self, all: usize) -> Result<(), XlsxError> {
        let Some(more) = all.checked_sub(MOST_ROWS).filter(|more| *more > 0) else { return Ok(()) };
        let text = match self.lang {
            Lang::Ja => format!("ほか {more} 件"),
            Lang::En => format!("and {more} more"),
        };
        self.note(&Cell::text(text))
    }

    /// Shows a format of the tables and what it means.
    pub(super) fn sample(&mut self, format: &Format, name: &Word, meaning: &Word) -> Result<(), XlsxError> {
        self.sheet.write_string_with_format(self.row, 0, name.of(self.lang), format)?;
        let cell = Cell::text(meaning.of(self.lang));
        let plain = self.style.cell(Kind::Text, false);
        self.across((self.row, 1), &cell, &plain)?;
        self.row += 1;
        Ok(())
    }
}
