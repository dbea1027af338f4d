//! Draws a table for a screen of a given width: one line a row where that fits, else each cell's
//! parts below each other, else columns below each other too and texts folded as far as it takes.
//!
//! Only ASCII is drawn besides the text, because rules and boxes are two columns wide on some
//! Japanese terminals. Widths are those of UAX #11: `病` is two columns.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle,
    Width,
};
use unicode_width::UnicodeWidthStr as _;

use crate::clean::clean;

/// The most characters of one part of a cell: a name that is longer is told by its beginning, and in
/// full by CSV and workbook.
const MAX_PART_CHARS: usize = 64;

/// Rows of more lines have a rule between them.
const FOLDED: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('=').junction(' '))
    .content_lines(ContentLineStyle::none().junction(' '))
    .row_separator(LineStyle::none().fill('-').junction(' '));

/// A cell: parts that stand beside each other, or below each other where the screen is narrow. Each is a
/// line here.
#[derive(Debug, Default)]
pub(crate) struct Cell(String);

impl Cell {
    /// Adds a part, made safe to show; nothing where there is none.
    pub(crate) fn with(mut self, part: Option<&str>) -> Self {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            if !self.0.is_empty() {
                self.0.push('\n');
            }
            self.0.push_str(&clean(part, MAX_PART_CHARS));
        }
        self
    }

    /// Makes a cell of one part.
    pub(crate) fn of(part: &str) -> Self {
        Self::default().with(Some(part))
    }

    /// The parts below each other.
    fn lines(&self) -> &str {
        if self.0.is_empty() { "-" } else { &self.0 }
    }

    /// The parts beside each other.
    fn line(&self) -> String {
        self.lines().replace('\n', " ")
    }
}

/// How a column behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fit {
    /// A text that may be folded.
    Folds,
    /// A text that may be folded, but not below so many columns: half an address misleads.
    Least(u16),
    /// A text short enough to stay whole.
    Whole,
    /// A number: whole and to the right.
    Number,
    /// A number that moves below the column before it where the screen is narrow.
    Under,
}

/// A column's heading and behaviour.
pub(crate) type Column<'t> = (&'t str, Fit);

impl Fit {
    const fn is_right(self) -> bool {
        matches!(self, Self::Number | Self::Under)
    }
}

/// Where a row takes several lines: what stands below what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Layout {
    /// The parts of a cell are below each other.
    Folded,
    /// So are columns that may be.
    Stacked,
}

impl Layout {
    fn moves(self, fit: Fit) -> bool {
        self == Self::Stacked && fit == Fit::Under
    }
}

/// Draws the table, each line ended by a newline.
pub(crate) fn draw(columns: &[Column<'_>], rows: &[Vec<Cell>], width: Option<u16>) -> String {
    let widths = widths(columns, rows);
    let room = widths.iter().sum::<usize>() + widths.len().saturating_sub(1);
    let Some(width) = width.filter(|width| room > usize::from(*width)) else {
        return one_line(columns, rows, &widths);
    };
    let folded = build(columns, rows, Layout::Folded);
    if needed(&folded) <= usize::from(width) {
        return finished(&folded);
    }
    let mut stacked = build(columns, rows, Layout::Stacked);
    let widest = stacked.column_max_content_widths();
    stacked.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    let kept = columns.iter().filter(|(_, fit)| !Layout::Stacked.moves(*fit));
    for ((column, (_, fit)), widest) in stacked.column_iter_mut().zip(kept).zip(widest) {
        match fit {
            Fit::Folds => {}
            Fit::Least(least) => {
                let least = Width::Fixed(widest.min(*least));
                column.set_constraint(ColumnConstraint::LowerBoundary(least));
            }
            Fit::Whole | Fit::Number | Fit::Under => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    finished(&stacked)
}

/// The columns of the screen that each column takes where a row is one line.
fn widths(columns: &[Column<'_>], rows: &[Vec<Cell>]) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|(heading, _)| heading.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.line().width().max(*width);
        }
    }
    widths
}

/// Draws each row as one line. A list may have a hundred thousand rows, and a table that can fold them
/// takes kilobytes for each.
fn one_line(columns: &[Column<'_>], rows: &[Vec<Cell>], widths: &[usize]) -> String {
    let mut out = String::new();
    let fits = || columns.iter().map(|(_, fit)| *fit).zip(widths.iter().copied());
    put(&mut out, fits().zip(columns.iter().map(|(heading, _)| (*heading).to_owned())));
    put(&mut out, fits().zip(widths.iter().map(|width| "-".repeat(*width))));
    for row in rows {
        put(&mut out, fits().zip(row.iter().map(Cell::line)));
    }
    out
}

/// Adds a line: each text in its column, with nothing behind the last.
fn put(out: &mut String, cells: impl Iterator<Item = ((Fit, usize), String)>) {
    let start = out.len();
    for (at, ((fit, width), text)) in cells.enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let gap = " ".repeat(width.saturating_sub(text.width()));
        let (before, after) = if fit.is_right() { (gap.as_str(), "") } else { ("", gap.as_str()) };
        out.extend([before, &text, after]);
    }
    out.truncate(out.trim_end().len().max(start));
    out.push('\n');
}

/// The columns of the screen that a table takes if nothing more is folded.
fn needed(table: &Table) -> usize {
    let widths = table.column_max_content_widths();
    widths.iter().copied().map(usize::from).sum::<usize>() + widths.len().saturating_sub(1)
}

fn build(columns: &[Column<'_>], rows: &[Vec<Cell>], layout: Layout) -> Table {
    let mut table = Table::new();
    table.load_style(FOLDED).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(line(columns, columns.iter().map(|(heading, _)| (*heading).to_owned()), layout));
    for row in rows {
        table.add_row(line(columns, row.iter().map(|cell| cell.lines().to_owned()), layout));
    }
    let kept = columns.iter().filter(|(_, fit)| !layout.moves(*fit));
    for (column, (_, fit)) in table.column_iter_mut().zip(kept) {
        column.set_padding((0, 0));
        if fit.is_right() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// One row's cells, those that move put below the one before.
fn line(columns: &[Column<'_>], cells: impl Iterator<Item = String>, layout: Layout) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(columns.len());
    for ((_, fit), cell) in columns.iter().zip(cells) {
        match kept.last_mut() {
            Some(above) if layout.moves(*fit) => {
                above.push('\n');
                above.push_str(&cell);
            }
            _ => kept.push(cell),
        }
    }
    kept
}

fn finished(table: &Table) -> String {
    let mut out = table.trim_fmt();
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<'static>; 3] =
        [("番号", Fit::Number), ("名称", Fit::Folds), ("サイズ", Fit::Whole)];

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec![Cell::of("1"), Cell::of("放射線科").with(Some("192.0.2.10")), Cell::of("1.5 GB")],
            vec![Cell::of("23"), Cell::default().with(None), Cell::of("7 B")],
        ]
    }

    #[test]
    fn a_row_is_one_line_where_the_width_permits_and_wide_characters_align() {
        let expected = "番号 名称                サイズ\n\
                        ---- ------------------- ------\n   \
                        1 放射線科 192.0.2.10 1.5 GB\n  \
                        23 -                   7 B\n";
        assert_eq!(draw(&COLUMNS, &rows(), None), expected);
        assert_eq!(draw(&COLUMNS, &rows(), Some(31)), expected);
    }

    #[test]
    fn a_narrow_screen_folds_the_cells_that_may() {
        let expected = "番号 名称       サイズ\n\
                        ==== ========== ======\n   \
                        1 放射線科   1.5 GB\n     \
                        192.0.2.10\n\
                        ---- ---------- ------\n  \
                        23 -          7 B\n";
        assert_eq!(draw(&COLUMNS, &rows(), Some(30)), expected);
    }

    #[test]
    fn a_narrower_one_stacks_columns_but_breaks_no_address() {
        let columns =
            [("名称", Fit::Least(10)), ("長い名前", Fit::Folds), ("日付", Fit::Whole), ("量", Fit::Under)];
        let row = vec![
            Cell::of("192.0.2.10"),
            Cell::of("放射線科の機器"),
            Cell::of("2026-02-01"),
            Cell::of("1.5 GB"),
        ];
        let expected = "名称       長い名前 日付\n                    \
                        量\n\
                        ========== ======== ==========\n\
                        192.0.2.10 放射線科 2026-02-01\n           \
                        の機器   1.5 GB\n";
        assert_eq!(draw(&columns, &[row], Some(30)), expected);
    }

    #[test]
    fn no_width_is_too_small() {
        for width in 0..40 {
            assert!(draw(&COLUMNS, &rows(), Some(width)).lines().count() >= 4, "{width}");
        }
    }

    #[test]
    fn a_part_cannot_break_the_table() {
        let hostile = format!("\u{1b}[2J\n{}", "x".repeat(500));
        let drawn = draw(&COLUMNS[1..2], &[vec![Cell::of(&hostile)]], None);
        assert_eq!(drawn.lines().count(), 3);
        assert!(
            !drawn.contains('\u{1b}') && drawn.lines().all(|line| line.chars().count() <= MAX_PART_CHARS)
        );
    }
}
