//! Which column is what: by its heading, from the table in `headings.toml`.
//!
//! The headings are the line, among the first ones, in which the most are known. A list whose headings
//! stand in two lines, the second parting those of the first, is read by both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

/// Lines in which headings are looked for: above them stand titles and dates.
const MAX_HEADINGS_LINE: usize = 30;
/// Known headings that make a line one of headings.
const FEWEST: usize = 2;

/// What a column is taken for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// The connection's number in our list.
    Number,
    /// The registration's identity.
    Registration,
    /// What it is called or for.
    Purpose,
    /// Addresses and hardware addresses of the inside device.
    DeviceAddress,
    /// Names of the inside device.
    DeviceName,
    /// Addresses and names of the outside party.
    OutsideAddress,
    /// The company at the other end.
    Supplier,
    /// The service or the method.
    Service,
    /// The gateway.
    Exit,
    /// Who in the hospital answers for it.
    Owner,
    /// Whom to call at the company.
    Contact,
    /// The contract's last day.
    ContractEnd,
    /// The permitted hours.
    Hours,
    /// The registration's last day.
    Until,
    /// A note.
    Note,
    /// The status, in our own list.
    Status,
    /// Whether the IT department knows of it, in our own list.
    Known,
    /// What became of it, in our own list.
    State,
}

impl Field {
    /// Gives the catalogue's key of its name.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Number => "heading.connection",
            Self::Registration => "heading.registration",
            Self::Purpose => "heading.purpose",
            Self::DeviceAddress => "heading.inside-ip",
            Self::DeviceName => "heading.inside-name",
            Self::OutsideAddress => "heading.party",
            Self::Supplier => "heading.supplier",
            Self::Service => "heading.service",
            Self::Exit => "heading.exit",
            Self::Owner => "heading.owner",
            Self::Contact => "heading.contact",
            Self::ContractEnd => "heading.contract-end",
            Self::Hours => "heading.hours",
            Self::Until => "heading.until",
            Self::Note => "heading.note",
            Self::Status => "heading.status",
            Self::Known => "heading.known",
            Self::State => "heading.state",
        }
    }
}

#[derive(Deserialize)]
struct Table {
    field: Vec<Names>,
}

#[derive(Deserialize)]
struct Names {
    name: Field,
    is: Vec<String>,
    #[serde(default)]
    has: Vec<String>,
}

/// Embedded; a test holds that it parses.
static TABLE: LazyLock<Vec<Names>> = LazyLock::new(|| {
    toml::from_str::<Table>(include_str!("headings.toml")).map(|table| table.field).unwrap_or_default()
});

/// The columns of a list.
pub(super) struct Columns {
    /// The line of the headings, and the last line that they take.
    pub(super) line: usize,
    pub(super) last_line: usize,
    /// By column its heading and what it was taken for.
    pub(super) taken: Vec<(String, Option<Field>)>,
}

impl Columns {
    /// Finds the headings of a sheet.
    pub(super) fn find(rows: &[(usize, Vec<String>)]) -> Option<Self> {
        let known = |cells: &[String]| cells.iter().filter(|cell| field(cell).is_some()).count();
        let first = rows.iter().take(MAX_HEADINGS_LINE).enumerate();
        let best = first.max_by_key(|(place, (_, cells))| (known(cells), std::cmp::Reverse(*place)));
        let (place, (line, cells)) = best.filter(|(_, (_, cells))| known(cells) >= FEWEST)?;
        let mut columns: Vec<_> = cells.iter().map(|cell| (shown(cell), field(cell))).collect();
        let mut last_line = *line;
        // The next line parts headings only if its own are known word by word.
        if let Some((next, parts)) = rows.get(place + 1)
            && parts.iter().filter(|cell| exact(&plain(cell)).is_some()).count() >= FEWEST
        {
            last_line = *next;
            columns.resize(columns.len().max(parts.len()), (String::new(), None));
            for ((heading, known), part) in columns.iter_mut().zip(parts).filter(|(_, part)| !part.is_empty())
            {
                *known = field(part);
                *heading = shown(part);
            }
        }
        // A heading that only has a known word in it stands back behind one that is known as a whole.
        let whole: BTreeSet<Field> =
            columns.iter().filter_map(|(heading, _)| exact(&plain(heading))).collect();
        for (heading, known) in &mut columns {
            if known.is_some_and(|field| whole.contains(&field)) && exact(&plain(heading)).is_none() {
                *known = None;
            }
        }
        Some(Self { line: *line, last_line, taken: columns })
    }

    /// Counts the columns that are known.
    pub(super) fn known(&self) -> usize {
        self.taken.iter().filter(|(_, field)| field.is_some()).count()
    }

    /// Tells whether it is our own list: it says of each row how it stands in the ledger.
    pub(super) fn is_ours(&self) -> bool {
        let has = |wanted: Field| self.taken.iter().any(|(_, field)| *field == Some(wanted));
        has(Field::Status) && has(Field::Number) && has(Field::Registration)
    }

    /// Gathers the cells of a row by what they are; empty ones are left out.
    pub(super) fn gather<'c>(&self, cells: &'c [String]) -> BTreeMap<Field, Vec<&'c str>> {
        let mut gathered: BTreeMap<Field, Vec<&str>> = BTreeMap::new();
        for ((_, field), cell) in self.taken.iter().zip(cells) {
            if let (Some(field), false) = (field, cell.trim().is_empty()) {
                gathered.entry(*field).or_default().push(cell.trim());
            }
        }
        gathered
    }
}

fn shown(heading: &str) -> String {
    crate::clean(heading, 60).into_owned()
}

fn field(heading: &str) -> Option<Field> {
    let plain = plain(heading);
    if plain.is_empty() {
        return None;
    }
    let within = || TABLE.iter().find(|names| names.has.iter().any(|part| plain.contains(part.as_str())));
    exact(&plain).or_else(|| within().map(|names| names.name))
}

fn exact(plain: &str) -> Option<Field> {
    TABLE.iter().find(|names| names.is.iter().any(|name| name == plain)).map(|names| names.name)
}

/// Gives a heading as it is compared: narrow, in small letters, without spaces and brackets.
fn plain(heading: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_u32;
    for letter in heading.chars().take(200) {
        let letter = match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            _ => letter,
        };
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 || letter.is_whitespace() || letter == '※' || letter == '*' => {}
            _ => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_known_however_it_is_spelt_and_belongs_to_one_field() {
        // (heading, field)
        let cases = [
            ("ＩＰアドレス", Some(Field::DeviceAddress)),
            ("接続先 IP アドレス（グローバル）", Some(Field::OutsideAddress)),
            ("保守業者名", Some(Field::Supplier)),
            ("Contract end", Some(Field::ContractEnd)),
            ("契約・保守窓口・緊急連絡先", Some(Field::Contact)),
            ("血液型", None),
            ("", None),
        ];
        for (heading, expected) in cases {
            assert_eq!(field(heading), expected, "{heading}");
        }
        let mut names: Vec<&String> = TABLE.iter().flat_map(|names| &names.is).collect();
        let all = names.len();
        assert!(all > 100, "the table is not read");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "a heading of two fields");
        for names in TABLE.iter() {
            for name in names.is.iter().chain(&names.has) {
                assert_eq!(plain(name), *name, "is never found");
            }
        }
    }
}
