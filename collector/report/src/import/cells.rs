//! Bytes to rows of text: a workbook (.xlsx) or a CSV file, in UTF-8, UTF-16 or Shift_JIS.
//!
//! A workbook is unpacked once to nowhere before it is read, so that a few octets that unpack to gigabytes
//! are refused; its cells are taken one by one, so that one at the end of the sheet makes no table of
//! billions. Everything has a bound, and what it cuts off is told.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use calamine::{Cell, DataRef, Reader, Xlsx};
use encoding_rs::{Encoding, SHIFT_JIS};

use super::ImportError;

/// The longest file: a list of ten thousand rows has some 3 MiB.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// The most that a workbook may unpack to.
const MAX_UNPACKED_BYTES: u64 = 128 << 20;
/// Parts of a workbook: those of Excel have some dozens.
const MAX_PARTS: usize = 1_000;
const MAX_SHEETS: usize = 32;
/// Rows of a list; more connections than any hospital declares.
const MAX_ROWS: usize = 20_000;
const MAX_COLUMNS: usize = 128;
/// The longest cell, in characters.
const MAX_CELL_CHARS: usize = 2_000;

/// How a ZIP archive begins (APPNOTE 4.3.7).
const ZIP: &[u8] = b"PK\x03\x04";
/// How files of Excel 97 begin, and workbooks with a password ([MS-CFB] §2.2).
const COMPOUND: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];

/// A sheet's rows, each with its line in the file.
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) rows: Vec<(usize, Vec<String>)>,
    pub(super) cut_off: Option<String>,
}

pub(super) fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLong);
    }
    if bytes.starts_with(COMPOUND) {
        return Err(unreadable(&"an old workbook (.xls), or one with a password"));
    }
    if bytes.starts_with(ZIP) {
        return workbook(bytes);
    }
    Ok(vec![csv(bytes)?])
}

fn unreadable(what: &dyn std::fmt::Display) -> ImportError {
    ImportError::Unreadable { what: what.to_string() }
}

fn workbook(bytes: &[u8]) -> Result<Vec<Sheet>, ImportError> {
    fits(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let names: Vec<String> = book.sheet_names().into_iter().take(MAX_SHEETS).collect();
    let mut sheets = Vec::new();
    for name in names {
        sheets.push(sheet(&mut book, name)?);
    }
    Ok(sheets)
}

/// Refuses a workbook that unpacks to more than any list, whatever it says of its sizes.
fn fits(bytes: &[u8]) -> Result<(), ImportError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    if archive.len() > MAX_PARTS {
        return Err(ImportError::TooLong);
    }
    let mut left = MAX_UNPACKED_BYTES;
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(|error| unreadable(&error))?;
        let unpacked = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        left = left.checked_sub(unpacked.map_err(|error| unreadable(&error))?).ok_or(ImportError::TooLong)?;
    }
    Ok(())
}

fn sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: String) -> Result<Sheet, ImportError> {
    let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut cut_off = None;
    // A chart is a sheet, too, and has no cells.
    let Ok(mut reader) = book.worksheet_cells_reader(&name) else {
        return Ok(Sheet { name, rows: Vec::new(), cut_off });
    };
    while let Some(cell) = reader.next_cell().map_err(|error| unreadable(&error))? {
        let ((line, column), text) = (cell.get_position(), text(&cell));
        if text.is_empty() {
            continue;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= MAX_COLUMNS || (rows.len() >= MAX_ROWS && !rows.contains_key(&line)) {
            cut_off = Some(format!("{MAX_ROWS} × {MAX_COLUMNS}"));
            continue;
        }
        let cells = rows.entry(line).or_default();
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        if let Some(place) = cells.get_mut(column) {
            *place = text;
        }
    }
    let rows = rows.into_iter().map(|(line, cells)| (line as usize + 1, cells)).collect();
    Ok(Sheet { name, rows, cut_off })
}

/// Gives a cell as a person reads it; of a formula what it last came to.
fn text(cell: &Cell<DataRef<'_>>) -> String {
    match cell.get_value() {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => bounded(text),
        DataRef::SharedString(text) => bounded(text),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
    }
}

/// Gives a text in bounds: its lines are kept, for a cell lists one a line, and control characters are not.
fn bounded(text: &str) -> String {
    let kept = |letter: char| match letter {
        '\r' | '\u{2028}' | '\u{2029}' => '\n',
        '\t' => ' ',
        _ if letter.is_control() && letter != '\n' => char::REPLACEMENT_CHARACTER,
        _ => letter,
    };
    text.trim().chars().take(MAX_CELL_CHARS).map(kept).collect()
}

fn csv(bytes: &[u8]) -> Result<Sheet, ImportError> {
    let (name, text) = decoded(bytes);
    if text.contains('\0') {
        return Err(unreadable(&"neither a workbook nor text"));
    }
    // The reader tells lines by their last character, and CRLF would be told as the next record's.
    let text = text.replace("\r\n", "\n");
    let first = text.lines().next().unwrap_or_default();
    let count = |letter: char| first.matches(letter).count();
    let delimiter = if count('\t') > count(',') {
        b'\t'
    } else if count(';') > count(',') {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut rows, mut cut_off) = (Vec::new(), None);
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        if rows.len() >= MAX_ROWS {
            cut_off = Some(MAX_ROWS.to_string());
            break;
        }
        let line = record.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(usize::MAX));
        let cells = record.iter().take(MAX_COLUMNS).map(|cell| bounded(unquoted(cell))).collect();
        rows.push((line, cells));
    }
    Ok(Sheet { name: name.to_owned(), rows, cut_off })
}

/// Takes off the apostrophe that keeps a text from being taken for a formula.
fn unquoted(cell: &str) -> &str {
    let Some(rest) = cell.strip_prefix('\'') else { return cell };
    let starts_like_one = rest.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if starts_like_one { rest } else { cell }
}

fn decoded(bytes: &[u8]) -> (&'static str, std::borrow::Cow<'_, str>) {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return (encoding.name(), encoding.decode(bytes).0);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => ("UTF-8", text.into()),
        Err(_) => (SHIFT_JIS.name(), SHIFT_JIS.decode(bytes).0),
    }
}
