//! The preview of an import: which column was taken for what, which row fits which connection, and why not.

use std::fmt::{Display, Write as _};

use super::{Line, List};
use crate::clean::clean;
use crate::text::{Lang, fill, text};

/// Lines told one by one; the sums are of all.
const MAX_TOLD: usize = 500;
/// The most characters of one line.
const MAX_CHARS: usize = 300;
/// Connections named for one row.
const MAX_NUMBERS: usize = 20;

/// What becomes of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It is entered, and is of these connections.
    Entered(Vec<i64>),
    /// It is left out: the catalogue's key.
    Skipped(&'static str),
}

/// A list, and what becomes of its rows.
#[derive(Debug)]
pub struct Preview<'a> {
    /// The file's name.
    pub file: &'a str,
    /// The list.
    pub list: &'a List,
    /// One a line of the list.
    pub fates: &'a [Fate],
}

/// Words a preview.
#[must_use]
pub fn preview(Preview { file, list, fates }: &Preview<'_>, lang: Lang) -> String {
    let mut out = String::new();
    let rows: [(&str, &dyn Display); 4] =
        [("file", file), ("sheet", &list.sheet), ("line", &list.headings_line), ("rows", &list.lines.len())];
    put(&mut out, &fill(lang, "import.sheet", &rows));
    for (place, (heading, field)) in list.columns.iter().enumerate() {
        if heading.is_empty() {
            continue;
        }
        let column = letters(place);
        let line = match field {
            Some(field) => {
                let values: [(&str, &dyn Display); 3] =
                    [("column", &column), ("heading", heading), ("field", &text(lang, field.key()))];
                fill(lang, "import.column", &values)
            }
            None => fill(lang, "import.column-unused", &[("column", &column), ("heading", heading)]),
        };
        put(&mut out, &line);
    }
    for (line, fate) in list.lines.iter().zip(*fates).take(MAX_TOLD) {
        put(&mut out, &row(line, fate, lang));
        for problem in &line.problems {
            let said = fill(lang, problem.key, &[("value", &problem.value)]);
            put(&mut out, &fill(lang, "import.row-problem", &[("problem", &said)]));
        }
    }
    if let Some(what) = &list.cut_off {
        put(&mut out, &fill(lang, "import.cut-off", &[("what", what)]));
    }
    out
}

fn put(out: &mut String, line: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{}", clean(line, MAX_CHARS));
}

fn row(line: &Line, fate: &Fate, lang: Lang) -> String {
    let at = line.line;
    match fate {
        Fate::Skipped(reason) => {
            let number = line.number.unwrap_or_default();
            let reason = fill(lang, reason, &[("number", &number)]);
            fill(lang, "import.row-skipped", &[("line", &at), ("reason", &reason)])
        }
        Fate::Entered(numbers) if numbers.is_empty() => {
            let known = &line.registration;
            let keys = [known.device.as_slice(), known.outside.as_slice(), known.exit.as_slice()].concat();
            fill(lang, "import.row-unseen", &[("line", &at), ("keys", &keys.join(" "))])
        }
        Fate::Entered(numbers) => {
            let mut named: Vec<String> = numbers.iter().take(MAX_NUMBERS).map(ToString::to_string).collect();
            if numbers.len() > MAX_NUMBERS {
                named.push("…".to_owned());
            }
            fill(lang, "import.row-new", &[("line", &at), ("numbers", &named.join(", "))])
        }
    }
}

/// Names a column as sheets do: A, B … Z, AA.
fn letters(place: usize) -> String {
    let mut name = String::new();
    let mut left = place + 1;
    while left > 0 {
        let letter = u8::try_from((left - 1) % 26).unwrap_or_default();
        name.insert(0, char::from(b'A' + letter));
        left = (left - 1) / 26;
    }
    name
}
