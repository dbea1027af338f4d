//! A row of a list to what it declares: its keys, its terms, and what could not be understood of it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sekisho_api::{Hours, Mac, Registration, Terms};

use super::Field;
use crate::text::{Lang, label, slugs};

/// The most keys of one kind in one row.
const MAX_KEYS: usize = 32;
/// A name of a device longer than this is a description.
const MAX_NAME_CHARS: usize = 100;

/// What a row says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The number of the connection, where it names one.
    pub number: Option<i64>,
    /// What it declares: of a row with a number the terms alone, for the keys are the connection's.
    pub registration: Registration,
    /// Why it declares nothing: the catalogue's key.
    pub declares_nothing: Option<&'static str>,
    /// What could not be understood.
    pub problems: Vec<Problem>,
    blank: bool,
}

/// What could not be understood of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The catalogue's key.
    pub key: &'static str,
    /// What stands there.
    pub value: String,
}

impl Line {
    /// Tells whether nothing stands in the row.
    pub(super) const fn is_blank(&self) -> bool {
        self.blank
    }
}

/// Reads a row; of our own list only what people filled in declares anything.
pub(super) fn line(line: usize, cells: &BTreeMap<Field, Vec<&str>>, ours: bool, zone: &TimeZone) -> Line {
    let mut read = Line { line, blank: cells.is_empty(), ..Line::default() };
    let first =
        |field: Field| cells.get(&field).and_then(|texts| texts.first()).map(|text| (*text).to_owned());
    let mut note = first(Field::Note);
    let hours = first(Field::Hours).and_then(|text| {
        if let Ok(hours) = text.parse::<Hours>() {
            return Some(hours);
        }
        // Nothing that people wrote is lost.
        let kept = [note.take(), Some(text.clone())].into_iter().flatten().collect::<Vec<_>>();
        note = Some(kept.join(" / "));
        read.problems.push(Problem { key: "import.bad-hours", value: text });
        None
    });
    let mut day = |field: Field| {
        let text = first(field)?;
        let day = date(&text);
        if day.is_none() {
            read.problems.push(Problem { key: "import.bad-date", value: text });
        }
        day
    };
    let (contract_end, until) = (day(Field::ContractEnd), day(Field::Until));
    let terms = Terms {
        purpose: first(Field::Purpose),
        owner: first(Field::Owner),
        vendor: first(Field::Supplier),
        contact: first(Field::Contact),
        contract_end,
        hours,
        until,
        note,
    };
    let number = first(Field::Number).and_then(|text| text.parse::<i64>().ok());
    let id = first(Field::Registration).filter(|id| id.chars().count() <= MAX_NAME_CHARS);
    if ours {
        read.number = number;
        read.declares_nothing = declares_nothing(cells, &terms, id.is_some());
    }
    let keys = |field: Field, read: fn(&str) -> Vec<String>| -> Vec<String> {
        cells.get(&field).into_iter().flatten().flat_map(|text| read(text)).take(MAX_KEYS).collect()
    };
    let zone = zone.iana_name().unwrap_or("Asia/Tokyo").to_owned();
    let id = id.unwrap_or_default();
    let mut registration = Registration { id, terms, zone, ..Registration::default() };
    if !(ours && (number.is_some() || !registration.id.is_empty())) {
        registration.device = keys(Field::DeviceAddress, addresses);
        if registration.device.is_empty() {
            registration.device = keys(Field::DeviceName, names);
        }
        registration.outside = keys(Field::OutsideAddress, parties);
        registration.exit = keys(Field::Exit, addresses);
        let method = first(Field::Service);
        registration.service = method.as_deref().and_then(service);
        if let (Some(method), None) = (method, &registration.service) {
            read.problems.push(Problem { key: "import.bad-service", value: method });
        }
        // A device alone would stand for all that it does: the company, by name, keeps it to that.
        if registration.outside.is_empty() && registration.service.is_none() {
            registration.outside = keys(Field::Supplier, names);
        }
        if registration.device.is_empty() && registration.outside.is_empty() {
            read.declares_nothing = read.declares_nothing.or(Some("import.no-keys"));
        }
    }
    read.registration = registration;
    read
}

/// Tells why a row of our own list declares nothing.
fn declares_nothing(
    cells: &BTreeMap<Field, Vec<&str>>,
    terms: &Terms,
    registered: bool,
) -> Option<&'static str> {
    let said = |field: Field| cells.get(&field).and_then(|texts| texts.first()).copied().unwrap_or_default();
    if ["廃止", "Retired"].contains(&said(Field::State)) {
        return Some("import.retired");
    }
    let confirmed = ["確定", "Confirmed"].contains(&said(Field::State))
        || ["把握済", "Known"].contains(&said(Field::Known));
    let filled = Terms { purpose: None, vendor: None, ..terms.clone() };
    (!registered && !confirmed && filled.is_empty()).then_some("import.nothing-said")
}

/// Parts a cell that lists several.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '、', ',', ';', '；', '，']).map(str::trim).filter(|part| !part.is_empty())
}

/// Gives the addresses and hardware addresses in a cell; what stands beside them is a description.
fn addresses(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| {
        letter.is_whitespace() || ['、', ',', ';', '／', '(', ')', '（', '）'].contains(&letter)
    });
    let is_one = |word: &&str| word.parse::<IpAddr>().is_ok() || word.parse::<Mac>().is_ok();
    words.filter(is_one).map(str::to_owned).collect()
}

fn names(text: &str) -> Vec<String> {
    parts(text).filter(|name| name.chars().count() <= MAX_NAME_CHARS).map(str::to_owned).collect()
}

/// Gives the addresses and host names of a party: without scheme, path and port.
fn parties(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|letter: char| letter.is_whitespace() || ['、', ',', ';', '／'].contains(&letter))
    {
        let word = word.split_once("://").map_or(word, |(_, rest)| rest);
        if word.parse::<IpAddr>().is_ok() {
            found.push(word.to_owned());
            continue;
        }
        let host = word.split(['/', ':']).next().unwrap_or_default().trim_start_matches("*.");
        let is_host = host.contains('.')
            && host.parse::<f64>().is_err()
            && host.chars().all(|letter| letter.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&letter));
        if host.parse::<IpAddr>().is_ok() || is_host {
            found.push(host.to_owned());
        }
    }
    found
}

/// Gives the slug of a service: from itself, or from its label in either language.
fn service(text: &str) -> Option<String> {
    let spelt = |text: &str| {
        let cut = text.split(['（', '(']).next().unwrap_or_default();
        cut.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    let known: Vec<&str> = slugs("service").collect();
    // The last line names the service, those before it the method.
    parts(text).collect::<Vec<_>>().into_iter().rev().find_map(|part| {
        let wanted = spelt(part);
        let fits = |slug: &&&str| {
            let labels = [Lang::Ja, Lang::En].map(|lang| spelt(&label(lang, "service", slug)));
            !wanted.is_empty() && (spelt(slug) == wanted || labels.contains(&wanted))
        };
        known.iter().find(fits).map(|slug| (*slug).to_owned())
    })
}

/// Reads a day: `2027-03-31`, `2027/3/31`, `2027年3月31日`, `令和9年3月31日`, `R9.3.31`.
fn date(text: &str) -> Option<Date> {
    let mut plain = String::new();
    for letter in text.trim().chars().take(40) {
        match letter {
            '\u{ff10}'..='\u{ff19}' => plain.push(char::from_digit(u32::from(letter) - 0xff10, 10)?),
            '年' | '月' | '/' | '.' | '／' => plain.push('-'),
            '日' | ' ' => {}
            _ => plain.push(letter),
        }
    }
    let (plain, era) = match plain.strip_prefix("令和").or_else(|| plain.strip_prefix(['R', 'r'])) {
        // The first year of the era is 2019.
        Some(rest) => (rest.replace('元', "1"), 2018_i16),
        None => (plain, 0),
    };
    let mut numbers = plain.split(['-', 'T']);
    let mut number = || numbers.next()?.parse::<i16>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    let year = year.checked_add(era)?;
    if !(1990..=2200).contains(&year) {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_hospitals_write_them() {
        for text in
            ["2027-03-31", "2027/3/31", "2027年3月31日", "令和9年3月31日", "R9.3.31", "２０２７/３/３１"]
        {
            assert_eq!(date(text), Some(jiff::civil::date(2027, 3, 31)), "{text}");
        }
        for text in ["", "未定", "2027-02-30", "3/31", "99999-1-1", "R99999.1.1"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn keys_are_found_among_words() {
        assert_eq!(addresses("192.0.2.10\n00:00:5e:00:53:11\nVLAN 10"), ["192.0.2.10", "00:00:5e:00:53:11"]);
        assert_eq!(
            parties("https://vpn.vendor.example:443/login\n198.51.100.1、tcp/443\n*.cloud.example"),
            ["vpn.vendor.example", "198.51.100.1", "cloud.example"]
        );
        // (a cell, the service)
        let cases = [
            ("OpenVPN（VPN）", Some("openvpn")),
            ("IPsec", Some("ipsec")),
            ("VPN\nWireGuard", Some("wireguard")),
            ("電話", None),
        ];
        for (cell, slug) in cases {
            assert_eq!(service(cell).as_deref(), slug, "{cell}");
        }
    }
}
