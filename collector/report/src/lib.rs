//! Reports of an analysis or a ledger: tables for the screen, CSV and workbooks, in Japanese and
//! English.
//!
//! Rows in, bytes or text out; nothing here opens a file or reads a clock. The language and the time
//! zone are arguments. Every text for people is in one catalogue (`text.toml`), and everything that
//! came over the wire is made safe for where it goes: no control characters to a terminal, no
//! formulas to a spreadsheet.

#![forbid(unsafe_code)]

pub mod change;
pub mod csv;
pub mod import;
pub mod inquiries;
pub mod mirror;
pub mod registrations;
pub mod size;
pub mod table;
pub mod text;

mod calendar;
mod clean;
mod explain;
mod grid;
mod history;
mod map;
mod rule;
mod trial;
mod when;
mod workbook;

pub use clean::{clean, clean_lines};
pub use explain::{Explanation, explain};
pub use history::HistoryRow;
pub use map::{MapData, MapOf, Plan};
pub use rule::{RuleNote, list as rules};
pub use text::{Lang, fill, label, text};
pub use trial::{Shift, Trial, trial};
pub use when::{minute, zone, zone_name};
pub use workbook::{Survey, is_proposal, site_workbook, survey_workbook};

#[cfg(test)]
pub(crate) use workbook::workbook;

#[cfg(test)]
mod tests {
    pub(crate) mod samples;
}
