//! Rows as people read them: words of the catalogue, times of the zone, names made safe for one line.

use form_urlencoded::byte_serialize;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Connection, Evidence, Exit};
use sekisho_ledger::{MISSING, Sited};
use sekisho_report::{Lang, clean, label, minute, size};

/// The most characters of one part of a cell; the connection's own page has `MAX_LONG`.
const MAX_CHARS: usize = 64;
const MAX_LONG: usize = 600;

/// A cell: its main words, and smaller ones below.
#[derive(Default)]
pub(crate) struct Cell {
    pub(crate) main: String,
    pub(crate) below: String,
}

impl Cell {
    /// Makes a cell of parts, of which the first that is there is the main one.
    pub(crate) fn of<'p>(parts: impl IntoIterator<Item = Option<&'p str>>) -> Self {
        let mut parts = parts.into_iter().flatten().filter(|part| !part.is_empty()).map(short);
        let main = parts.next().unwrap_or_default();
        Self { main, below: parts.collect::<Vec<_>>().join(" ") }
    }
}

/// A row of the list.
pub(crate) struct Row {
    pub(crate) site: String,
    /// Empty where it was never seen.
    pub(crate) number: String,
    pub(crate) href: String,
    /// How its status looks: one that asks for somebody stands out.
    pub(crate) badge: &'static str,
    pub(crate) status: String,
    pub(crate) tunnel: bool,
    pub(crate) category: String,
    pub(crate) inside: Cell,
    pub(crate) arrow: &'static str,
    pub(crate) outside: Cell,
    pub(crate) service: String,
    pub(crate) endpoint: String,
    pub(crate) exit: Cell,
    pub(crate) last_seen: String,
    pub(crate) volume: String,
    pub(crate) confidence: u8,
}

/// Words a row of the list.
pub(crate) fn row(sited: &Sited<Connection>, lang: Lang, zone: &TimeZone) -> Row {
    let row = &sited.row;
    let role = row.inside.role.as_deref().map(|role| label(lang, "role", role));
    let number = row.number.map(|number| number.to_string()).unwrap_or_default();
    // What was never seen has no number, and so no page.
    let seen = row.number.is_some();
    let endpoint = match row.port {
        0 => row.transport.clone(),
        port => format!("{}/{port}", row.transport),
    };
    Row {
        site: short(&sited.site),
        href: if seen {
            format!("/connections/{}/{number}", byte_serialize_path(&sited.site))
        } else {
            String::new()
        },
        number,
        badge: badge(&row.status),
        status: label(lang, "status", &row.status).into_owned(),
        tunnel: row.tunnel,
        category: label(lang, "category-short", row.category.as_deref().unwrap_or("none")).into_owned(),
        inside: Cell::of([role.as_deref(), row.inside.name.as_deref(), Some(&row.inside.ip)]),
        arrow: if row.initiator.slug() == "inside" { "→" } else { "←" },
        outside: Cell::of([row.outside.org.as_deref(), row.outside.name.as_deref(), Some(&row.outside.ip)]),
        service: short(&label(lang, "service", &row.service)),
        endpoint: short(&endpoint),
        exit: row.exit.as_ref().map(|known| exit(known, lang)).unwrap_or_default(),
        last_seen: if seen { minute(row.last_seen, zone) } else { String::new() },
        volume: size::human(row.bytes_out.saturating_add(row.bytes_in)),
        confidence: row.evidence.iter().map(|evidence| evidence.confidence).max().unwrap_or_default(),
    }
}

/// The look of a status.
fn badge(status: &str) -> &'static str {
    match status {
        "unregistered" | "expired" | "outside-hours" | MISSING => "badge open",
        "registered" => "badge good",
        _ => "badge",
    }
}

/// Words a gateway.
pub(crate) fn exit(exit: &Exit, lang: Lang) -> Cell {
    let line = exit.line.as_deref().map(|line| label(lang, "line", line));
    Cell::of([
        line.as_deref(),
        exit.name.as_deref(),
        exit.vendor.as_deref(),
        exit.ip.as_deref(),
        Some(&exit.mac),
    ])
}

/// A reason in one sentence.
pub(crate) struct Reason {
    pub(crate) says: String,
    pub(crate) confidence: u8,
    pub(crate) rule: String,
}

/// Words reasons, the surest first.
pub(crate) fn reasons(evidence: &[Evidence], lang: Lang) -> Vec<Reason> {
    let one = |evidence: &Evidence| Reason {
        says: long(if lang == Lang::Ja { &evidence.ja } else { &evidence.en }),
        confidence: evidence.confidence,
        rule: short(&evidence.rule),
    };
    let mut reasons: Vec<Reason> = evidence.iter().map(one).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.confidence));
    reasons
}

/// Makes a stranger's words fit a cell.
pub(crate) fn short(text: &str) -> String {
    clean(text, MAX_CHARS).into_owned()
}

/// Makes a stranger's words fit a line.
pub(crate) fn long(text: &str) -> String {
    clean(text, MAX_LONG).into_owned()
}

/// Words a time that may not be known.
pub(crate) fn moment(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map(|at| minute(at, zone)).unwrap_or_default()
}

/// Writes a text as a segment of an address, where a plus sign is no space.
fn byte_serialize_path(text: &str) -> String {
    byte_serialize(text.as_bytes()).map(|part| if part == "+" { "%20" } else { part }).collect()
}
