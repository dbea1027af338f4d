//! A table sheet: columns and rows in; headings, cells, widths, filters and print setup out.
//!
//! A heading that several columns share stands merged over them, with their own names in a second
//! row, so that a date stays a date and a list of choices fits one cell.

use jiff::tz::TimeZone;
use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, Format, Workbook, Worksheet, XlsxError};

use crate::text::Lang;

use super::cell::{Cell, columns, lines_within};
use super::column::{Column, FilledBy, Word};
use super::style::Style;

/// Paper size A3 in the sheet's numbering.
const A3: u8 = 8;
/// The narrowest column, so that its filter button leaves room for a word.
const NARROWEST: u16 = 8;
/// Heading lines that a column widens for; beyond it grows.
const HEADING_LINES: usize = 4;
/// Height of a line of ten points in a Japanese font.
const LINE_POINTS: u32 = 15;
/// The tallest row that a sheet allows is 409.5 points.
const MOST_POINTS: u32 = 409;
/// Rows below the data that offer the choices too: connections that people know and the wire does not show.
const ROOM: u32 = 500;

/// A table sheet before its rows are known.
pub(super) struct Sheet<'a, T> {
    /// Its name on the tab.
    pub(super) name: Word,
    /// Its columns in order.
    pub(super) columns: &'a [Column<T>],
    /// How many columns stay in sight.
    pub(super) frozen: u16,
    /// How many pages it takes across in print; the columns in sight are repeated on each.
    pub(super) pages_across: u16,
}

impl<T> Sheet<'_, T> {
    /// Adds it to the book.
    pub(super) fn add(
        &self,
        book: &mut Workbook,
        rows: &[T],
        lang: Lang,
        zone: &TimeZone,
        style: &Style,
    ) -> Result<(), XlsxError> {
        let sheet = book.add_worksheet();
        sheet.set_name(self.name.of(lang))?;
        let headings: u32 = if self.columns.iter().any(|column| column.part.is_some()) { 2 } else { 1 };
        let last_row =
            headings - 1 + u32::try_from(rows.len()).map_err(|_| XlsxError::RowColumnLimitError)?;
        let last_column = self.last_column()?;

        // Lines of text a row, so that heights fit in programs that do not fit them on opening.
        let mut heights = vec![1; rows.len()];
        let mut heading_lines = 1;
        for (column, index) in self.columns.iter().zip(0_u16..) {
            let cells: Vec<Cell> = rows.iter().map(|row| (column.value)(row)).collect();
            let width = width(column, cells.iter().map(Cell::columns).max().unwrap_or(0), lang);
            let (ours, theirs) = (style.cell(column.kind, false), style.cell(column.kind, true));
            for ((cell, line), height) in cells.iter().zip(headings..).zip(&mut heights) {
                let format = if column.is_for_people(cell) { &theirs } else { &ours };
                *height = cell.lines_within(width).max(*height);
                cell.write(sheet, (line, index), format, zone)?;
            }
            sheet.set_column_width(index, width)?;
            if column.part.is_none() {
                heading_lines = heading_lines.max(lines_within(column.heading.of(lang), width));
            }
            if !column.choices.is_empty() {
                let offered = choices(column.choices, lang)?;
                sheet.add_data_validation(headings, index, last_row + ROOM, index, &offered)?;
            }
        }
        for (lines, line) in heights.into_iter().zip(headings..) {
            sheet.set_row_height(line, points(lines))?;
        }
        self.headings(sheet, (headings, heading_lines), lang, style)?;

        sheet.set_freeze_panes(headings, self.frozen)?;
        sheet.autofilter(headings - 1, 0, last_row, last_column)?;
        sheet.set_repeat_rows(0, headings - 1)?;
        sheet.set_repeat_columns(0, self.frozen.saturating_sub(1))?;
        page(sheet);
        sheet.set_print_fit_to_pages(self.pages_across, 0);
        Ok(())
    }

    fn last_column(&self) -> Result<u16, XlsxError> {
        let columns = u16::try_from(self.columns.len()).map_err(|_| XlsxError::RowColumnLimitError)?;
        Ok(columns.saturating_sub(1))
    }

    fn headings(
        &self,
        sheet: &mut Worksheet,
        (rows, lines): (u32, usize),
        lang: Lang,
        style: &Style,
    ) -> Result<(), XlsxError> {
        let mut index = 0_u16;
        for group in
            self.columns.chunk_by(|left, right| left.part.is_some() && left.heading.ja == right.heading.ja)
        {
            let Some(head) = group.first() else { continue };
            let last = index + u16::try_from(group.len()).map_err(|_| XlsxError::RowColumnLimitError)? - 1;
            let text = head.heading.of(lang);
            match (rows, head.part.is_some()) {
                (1, _) => drop(sheet.write_string_with_format(0, index, text, heading(head, style))?),
                (_, false) => drop(sheet.merge_range(0, index, 1, index, text, heading(head, style))?),
                (_, true) => {
                    merge_across(sheet, (index, last), text, heading(head, style))?;
                    for (column, place) in group.iter().zip(index..) {
                        let part = column.part.as_ref().map_or("", |part| part.of(lang));
                        sheet.write_string_with_format(1, place, part, heading(column, style))?;
                    }
                }
            }
            index = last + 1;
        }
        if rows == 1 {
            sheet.set_row_height(0, points(lines))?;
            return Ok(());
        }
        // Headings over both rows share them; those over several columns get two lines.
        sheet.set_row_height(0, points(lines.saturating_sub(1).max(2)))?;
        sheet.set_row_height(1, points(1))?;
        Ok(())
    }
}

fn merge_across(
    sheet: &mut Worksheet,
    (first, last): (u16, u16),
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    if first == last {
        sheet.write_string_with_format(0, first, text, format)?;
        return Ok(());
    }
    sheet.merge_range(0, first, 0, last, text, format)?;
    Ok(())
}

const fn heading<'a, T>(column: &Column<T>, style: &'a Style) -> &'a Format {
    match column.filled_by {
        FilledBy::Agent | FilledBy::Either => &style.heading,
        FilledBy::Person => &style.person_heading,
    }
}

/// Gives a width that holds the longest line and the heading in a few lines, within the column's bound.
fn width<T>(column: &Column<T>, widest_cell: usize, lang: Lang) -> u16 {
    let (heading, lines) = match &column.part {
        Some(part) => (columns(part.of(lang)), 1),
        None => (columns(column.heading.of(lang)), HEADING_LINES),
    };
    // Room for the filter button and the margins.
    let wanted = (widest_cell + 2).max(heading.div_ceil(lines) + 4);
    u16::try_from(wanted).unwrap_or(u16::MAX).clamp(NARROWEST, column.widest.max(NARROWEST))
}

/// Gives the height of so many lines, within what a sheet allows.
pub(super) fn points(lines: usize) -> u32 {
    u32::try_from(lines).map_or(MOST_POINTS, |lines| lines.saturating_mul(LINE_POINTS) + 3).min(MOST_POINTS)
}

fn choices(words: &[Word], lang: Lang) -> Result<DataValidation, XlsxError> {
    let words: Vec<&str> = words.iter().map(|word| word.of(lang)).collect();
    // A warning, not a stop: a hospital may have a word that the list lacks.
    let list = DataValidation::new().allow_list_strings(&words)?;
    Ok(list.set_error_style(DataValidationErrorStyle::Warning))
}

/// Sets a sheet up for printing: A3 across, the sheet's name above, page numbers below.
fn page(sheet: &mut Worksheet) {
    sheet.set_paper_size(A3).set_landscape();
    sheet.set_margins(0.4, 0.4, 0.5, 0.5, 0.25, 0.25);
    sheet.set_header("&L&A&R&D").set_footer("&C&P / &N");
}
