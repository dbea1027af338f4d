//! What asking devices over SNMP came to, a row a device.

use super::IPV4_COLUMNS;
use crate::grid::{Cell, Fit, draw};
use crate::text::{Lang, label, text};

/// A device that was asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Polled {
    /// Its address, or the recording's file.
    pub target: String,
    /// How asking ended, as slug of the catalogue's section `poll-state`.
    pub state: &'static str,
    /// Its role's slug.
    pub role: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its maker.
    pub vendor: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
}

/// Draws the devices that were asked.
#[must_use]
pub fn polled(rows: &[Polled], lang: Lang, width: Option<u16>) -> String {
    let columns = [
        (text(lang, "heading.ip"), Fit::Least(IPV4_COLUMNS)),
        (text(lang, "poll.answers"), Fit::Folds),
        (text(lang, "heading.role"), Fit::Folds),
        (text(lang, "heading.name"), Fit::Folds),
        (text(lang, "heading.vendor"), Fit::Folds),
        (text(lang, "heading.model"), Fit::Folds),
        (text(lang, "heading.firmware"), Fit::Folds),
        (text(lang, "heading.serial"), Fit::Folds),
    ];
    let row = |row: &Polled| {
        let role = row.role.as_deref().map(|role| label(lang, "role", role));
        vec![
            Cell::of(&row.target),
            Cell::of(&label(lang, "poll-state", row.state)),
            Cell::default().with(role.as_deref()),
            Cell::default().with(row.name.as_deref()),
            Cell::default().with(row.vendor.as_deref()),
            Cell::default().with(row.model.as_deref()),
            Cell::default().with(row.firmware.as_deref()),
            Cell::default().with(row.serial.as_deref()),
        ]
    };
    let cells: Vec<Vec<Cell>> = rows.iter().map(row).collect();
    draw(&columns, &cells, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_a_row_in_the_reader_s_language() {
        let row = Polled {
            target: "192.0.2.1:161".to_owned(),
            state: "no-answer",
            role: Some("switch".to_owned()),
            ..Polled::default()
        };
        let drawn = polled(std::slice::from_ref(&row), Lang::Ja, None);
        assert!(drawn.contains("応答なし") && drawn.contains("スイッチ"), "{drawn}");
        assert!(polled(&[row], Lang::En, None).contains("no answer"));
    }
}
