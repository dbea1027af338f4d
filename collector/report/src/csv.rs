//! The lists as CSV that Excel opens: UTF-8 with a byte-order mark, CRLF (RFC 4180 §2), headings in
//! the reader's language, one column a field, times as RFC 3339 in the reader's zone.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe before it, because host
//! names are chosen by whoever owns the host (OWASP, "CSV Injection").

use std::borrow::Cow;
use std::io::{self, Write};

use ::csv::{ReaderBuilder, Terminator, Writer, WriterBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Connection, Device, Evidence, Exit, ExitRow, Registration};
use sekisho_ledger::{MISSING, Sited, UNSEEN};

use crate::clean::clean;
use crate::history::HistoryRow;
use crate::table::declared;
use crate::text::{Lang, label, text};
use crate::when::rfc3339;

/// Without it Excel reads the file in the system's code page.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// The most characters of one cell: Excel's limit is 32,767.
const MAX_CELL_CHARS: usize = 32_000;

/// The columns of a connection.
const CONNECTION: [&str; 43] = [
    "heading.number",
    "heading.category",
    "heading.status",
    "heading.inside-ip",
    "heading.inside-mac",
    "heading.inside-vlan",
    "heading.inside-name",
    "heading.inside-role",
    "heading.inside-vendor",
    "heading.initiator",
    "heading.outside-ip",
    "heading.outside-ips",
    "heading.outside-name",
    "heading.outside-org",
    "heading.outside-country",
    "heading.outside-asn",
    "heading.service",
    "heading.service-slug",
    "heading.endpoints",
    "heading.tunnel",
    "heading.exit-ip",
    "heading.exit-mac",
    "heading.exit-name",
    "heading.exit-vendor",
    "heading.line",
    "heading.first-seen",
    "heading.last-seen",
    "heading.sessions",
    "heading.bytes-out",
    "heading.bytes-in",
    "heading.period",
    "heading.evidence",
    "heading.purpose",
    "heading.owner",
    "heading.supplier",
    "heading.contact",
    "heading.contract-end",
    "heading.hours",
    "heading.until",
    "heading.note",
    "heading.registration",
    "heading.source",
    "heading.outside-hours",
];

/// Writes the external connections.
pub fn connections(out: impl Write, rows: &[Connection], lang: Lang, zone: &TimeZone) -> io::Result<()> {
    let mut sheet = Sheet::new(out, &CONNECTION, lang)?;
    for (place, row) in (1..).zip(rows) {
        sheet.row(&connection(row, place, lang, zone))?;
    }
    sheet.finish()
}

/// Writes the external connections of several sites, in their order, with the site before each.
pub fn sited_connections(
    out: impl Write,
    rows: &[Sited<Connection>],
    lang: Lang,
    zone: &TimeZone,
) -> io::Result<()> {
    let headings: Vec<&str> = ["heading.site"].into_iter().chain(CONNECTION).collect();
    let mut sheet = Sheet::new(out, &headings, lang)?;
    for (place, Sited { site, row }) in (1..).zip(rows) {
        sheet.cell(site)?;
        sheet.row(&connection(row, place, lang, zone))?;
    }
    sheet.finish()
}

/// Writes the devices inside.
pub fn devices(out: impl Write, rows: &[Device], lang: Lang, zone: &TimeZone) -> io::Result<()> {
    let headings = [
        "heading.number",
        "heading.role",
        "heading.name",
        "heading.ip",
        "heading.mac",
        "heading.vlan",
        "heading.vendor",
        "heading.model",
        "heading.os",
        "heading.firmware",
        "heading.serial",
        "heading.services",
        "heading.first-seen",
        "heading.last-seen",
        "heading.evidence",
    ];
    let mut sheet = Sheet::new(out, &headings, lang)?;
    for (place, row) in (1_u64..).zip(rows) {
        sheet.row(&[
            place.to_string(),
            slug(lang, "role", row.role.as_deref()),
            list(&row.names),
            list(&row.ips),
            held(row.mac.as_deref()),
            number(row.vlan),
            held(row.vendor.as_deref()),
            held(row.model.as_deref()),
            held(row.os.as_deref()),
            held(row.firmware.as_deref()),
            held(row.serial.as_deref()),
            list(&row.services),
            moment(row.first_seen, zone),
            moment(row.last_seen, zone),
            evidence(&row.evidence, lang),
        ])?;
    }
    sheet.finish()
}

/// Writes the gateways that carry off-site traffic.
pub fn exits(out: impl Write, rows: &[ExitRow], lang: Lang, zone: &TimeZone) -> io::Result<()> {
    let headings = [
        "heading.number",
        "heading.name",
        "heading.ip",
        "heading.mac",
        "heading.vendor",
        "heading.line",
        "heading.registered",
        "heading.connections",
        "heading.first-seen",
        "heading.last-seen",
        "heading.evidence",
    ];
    let mut sheet = Sheet::new(out, &headings, lang)?;
    for (place, row) in (1_u64..).zip(rows) {
        sheet.row(&[
            place.to_string(),
            held(row.name.as_deref()),
            held(row.ip.as_deref()),
            row.mac.clone(),
            held(row.vendor.as_deref()),
            slug(lang, "line", row.line.as_deref()),
            text(lang, declared(row)).to_owned(),
            row.connections.to_string(),
            moment(row.first_seen, zone),
            moment(row.last_seen, zone),
            evidence(&row.evidence, lang),
        ])?;
    }
    sheet.finish()
}

/// Writes the history.
pub fn history(out: impl Write, rows: &[HistoryRow], lang: Lang, zone: &TimeZone) -> io::Result<()> {
    let headings = [
        "heading.at",
        "heading.site",
        "heading.change",
        "heading.subject",
        "heading.before",
        "heading.after",
    ];
    let mut sheet = Sheet::new(out, &headings, lang)?;
    for row in rows {
        sheet.row(&[
            rfc3339(row.at, zone),
            row.site.clone(),
            label(lang, "change", &row.kind).into_owned(),
            row.subject.clone(),
            held(row.before.as_deref()),
            held(row.after.as_deref()),
        ])?;
    }
    sheet.finish()
}

fn connection(row: &Connection, place: i64, lang: Lang, zone: &TimeZone) -> [String; 43] {
    let [purpose, owner, supplier, contact, contract_end, hours, until, note, id, source, broken] =
        registered(row, zone);
    let (inside, outside) = (&row.inside, &row.outside);
    let none = Exit::default();
    let exit = row.exit.as_deref().unwrap_or(&none);
    let endpoint = |transport: &str, port: u16| {
        if port == 0 { transport.to_owned() } else { format!("{transport}/{port}") }
    };
    let endpoints: Vec<_> = if row.endpoints.is_empty() {
        vec![endpoint(&row.transport, row.port)]
    } else {
        row.endpoints.iter().map(|seen| endpoint(&seen.transport, seen.port)).collect()
    };
    [
        place_of(row, place),
        slug(lang, "category", Some(row.category.as_deref().unwrap_or("none"))),
        slug(lang, "status", Some(&row.status)),
        inside.ip.clone(),
        held(inside.mac.as_deref()),
        number(inside.vlan),
        held(inside.name.as_deref()),
        slug(lang, "role", inside.role.as_deref()),
        held(inside.vendor.as_deref()),
        slug(lang, "initiator", Some(row.initiator.slug())),
        outside.ip.clone(),
        list(&outside.ips),
        held(outside.name.as_deref()),
        held(outside.org.as_deref()),
        held(outside.country.as_deref()),
        number(outside.asn),
        slug(lang, "service", Some(&row.service)),
        row.service.clone(),
        list(&endpoints),
        word(lang, row.tunnel),
        held(exit.ip.as_deref()),
        exit.mac.clone(),
        held(exit.name.as_deref()),
        held(exit.vendor.as_deref()),
        slug(lang, "line", exit.line.as_deref()),
        seen(row, row.first_seen, zone),
        seen(row, row.last_seen, zone),
        row.sessions.to_string(),
        row.bytes_out.to_string(),
        row.bytes_in.to_string(),
        row.beacon.as_ref().map(|beacon| format!("{:.0}", beacon.period_s)).unwrap_or_default(),
        evidence(&row.evidence, lang),
        purpose,
        owner,
        supplier,
        contact,
        contract_end,
        hours,
        until,
        note,
        id,
        source,
        broken,
    ]
}

/// Puts the files of several sites together: one heading, and the site before each row.
pub fn of_sites(mut out: impl Write, parts: &[(&str, Vec<u8>)], lang: Lang) -> io::Result<()> {
    out.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    for (place, (site, part)) in parts.iter().enumerate() {
        let part = part.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(part);
        let mut reader = ReaderBuilder::new().from_reader(part);
        if place == 0 {
            writer.write_field(text(lang, "heading.site"))?;
            writer.write_record(reader.headers()?)?;
        }
        for row in reader.records() {
            writer.write_field(unformulated(&clean(site, MAX_CELL_CHARS)).as_ref())?;
            writer.write_record(&row?)?;
        }
    }
    writer.flush()
}

/// What the hospital declared of a connection, and when it last broke its hours.
fn registered(row: &Connection, zone: &TimeZone) -> [String; 11] {
    let Some(known) = &row.registration else { return Default::default() };
    let Registration { id, source, terms, .. } = &known.registration;
    [
        held(terms.purpose.as_deref()),
        held(terms.owner.as_deref()),
        held(terms.vendor.as_deref()),
        held(terms.contact.as_deref()),
        number(terms.contract_end),
        number(terms.hours.as_ref()),
        number(terms.until),
        held(terms.note.as_deref()),
        id.clone(),
        held(source.as_deref()),
        moment(known.outside_hours, zone),
    ]
}

/// Gives the row's number; what was never seen has none, and a number could be taken for another's.
fn place_of(row: &Connection, place: i64) -> String {
    if [UNSEEN, MISSING].contains(&row.status.as_str()) {
        return String::new();
    }
    row.number.unwrap_or(place).to_string()
}

fn seen(row: &Connection, at: Timestamp, zone: &TimeZone) -> String {
    if row.status == UNSEEN { String::new() } else { rfc3339(at, zone) }
}

fn held(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn number<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn slug(lang: Lang, kind: &str, slug: Option<&str>) -> String {
    slug.map(|slug| label(lang, kind, slug).into_owned()).unwrap_or_default()
}

fn word(lang: Lang, yes: bool) -> String {
    text(lang, if yes { "word.yes" } else { "word.no" }).to_owned()
}

fn moment(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map(|at| rfc3339(at, zone)).unwrap_or_default()
}

fn list(values: &[String]) -> String {
    values.join("; ")
}

/// Every reason with how sure it is and its rule, so that it can be looked up.
fn evidence(evidence: &[Evidence], lang: Lang) -> String {
    let said = evidence.iter().map(|evidence| {
        let sentence = match lang {
            Lang::Ja => &evidence.ja,
            Lang::En => &evidence.en,
        };
        format!("{sentence} ({}%, {})", evidence.confidence, evidence.rule)
    });
    said.collect::<Vec<_>>().join("; ")
}

/// A CSV file under way.
pub(crate) struct Sheet<W: Write>(Writer<W>);

impl<W: Write> Sheet<W> {
    pub(crate) fn new(mut out: W, headings: &[&str], lang: Lang) -> io::Result<Self> {
        out.write_all(BYTE_ORDER_MARK.as_bytes())?;
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        writer.write_record(headings.iter().map(|key| text(lang, key)))?;
        Ok(Self(writer))
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: &[String; N]) -> io::Result<()> {
        for cell in cells {
            self.cell(cell)?;
        }
        self.0.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Writes a cell of a row that goes on.
    fn cell(&mut self, cell: &str) -> io::Result<()> {
        Ok(self.0.write_field(unformulated(&clean(cell, MAX_CELL_CHARS)).as_ref())?)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Keeps a text from being taken for a formula: also with spaces before it, which some programs trim,
/// and in the wide forms, which Japanese Excel takes for the narrow ones.
fn unformulated(cell: &str) -> Cow<'_, str> {
    let starts_like_one = cell.starts_with(['\t', '\r', '\n'])
        || cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if starts_like_one { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests;
