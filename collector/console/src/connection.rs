//! One connection: what was observed, why it is said, who worked through it, and its history.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use sekisho_api::{Connection, EvidenceFile, Inquiry, Maintenance};
use sekisho_ledger::{Change, Known};
use sekisho_report::change::row as worded;
use sekisho_report::{fill, label, minute, size};

use crate::site::{App, drawn, told};
use crate::view::{self, Reason, Row, long, reasons, short};
use crate::visitor::{Frame, Visitor};

/// The latest changes and works; the command line lists all.
const MAX_CHANGES: u32 = 200;
const MAX_WORKS: usize = 100;
/// Addresses of a relay's outside; CSV and workbook have all.
const MAX_ADDRESSES: usize = 40;

#[derive(Template)]
#[template(path = "connection.html")]
struct Page {
    frame: Frame,
    row: Row,
    facts: Vec<(&'static str, String)>,
    reasons: Vec<Reason>,
    registration: Vec<(&'static str, String)>,
    /// What to do about one that nobody declared.
    register_how: String,
    inquiries: Vec<Asked>,
    works: Vec<Work>,
    history: Vec<Changed>,
}

struct Work {
    from: String,
    to: String,
    volume: String,
    quiet: String,
}

/// An inquiry about it.
struct Asked {
    at: String,
    counterpart: String,
    question: String,
    due: String,
    badge: &'static str,
    outcome: String,
    answer: String,
    proofs: String,
}

struct Changed {
    at: String,
    kind: String,
    before: String,
    after: String,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Path((site, number)): Path<(String, i64)>,
) -> Response {
    let now = Timestamp::now();
    let read = app.readers.read(move |ledger| ledger.known_of(&site, number, now, MAX_CHANGES));
    match read.await {
        Some(Some(known)) => drawn(&shown(frame, known, &app)),
        Some(None) => told(frame, StatusCode::NOT_FOUND, "console.no-connection"),
        None => told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger"),
    }
}

fn shown(frame: Frame, known: Known, app: &App) -> Page {
    let Known { connection: sited, history, inquiries } = known;
    let (lang, zone, row) = (frame.lang, &app.zone, &sited.row);
    let work = |work: &Maintenance| Work {
        from: minute(work.start, zone),
        to: if work.open { frame.t("console.going-on").to_owned() } else { minute(work.end, zone) },
        volume: volume(work.bytes_out, work.bytes_in, &frame),
        quiet: hours(work.quiet_s),
    };
    let changed = |change: Change| {
        let row = worded(change, lang, zone);
        Changed {
            at: minute(row.at, zone),
            kind: label(lang, "change", &row.kind).into_owned(),
            before: long(&row.before.unwrap_or_default()),
            after: long(&row.after.unwrap_or_default()),
        }
    };
    Page {
        row: view::row(&sited, lang, zone),
        facts: facts(row, &frame, app),
        reasons: reasons(&row.evidence, lang),
        registration: registration(row, &frame, app),
        register_how: match row.number.filter(|_| row.registration.is_none()) {
            Some(number) => fill(lang, "console.register-how", &[("number", &number)]),
            None => String::new(),
        },
        inquiries: inquiries.into_iter().map(|one| asked(&one, &frame, app)).collect(),
        works: row.maintenance.iter().rev().take(MAX_WORKS).map(work).collect(),
        history: history.into_iter().map(changed).collect(),
        frame,
    }
}

/// What the hospital declared, by the headings of the list.
fn registration(row: &Connection, frame: &Frame, app: &App) -> Vec<(&'static str, String)> {
    let Some(known) = &row.registration else { return Vec::new() };
    let (declared, terms) = (&known.registration, &known.registration.terms);
    let said = |text: &Option<String>| text.as_deref().map(long).unwrap_or_default();
    let by = format!("{} {}", minute(declared.at, &app.zone), short(&declared.by));
    let facts = [
        ("heading.status", label(frame.lang, "status", &row.status).into_owned()),
        ("heading.purpose", said(&terms.purpose)),
        ("heading.owner", said(&terms.owner)),
        ("heading.supplier", said(&terms.vendor)),
        ("heading.contact", said(&terms.contact)),
        ("heading.contract-end", terms.contract_end.map(|day| day.to_string()).unwrap_or_default()),
        ("heading.hours", terms.hours.as_ref().map(|hours| long(&hours.to_string())).unwrap_or_default()),
        ("heading.outside-hours", known.outside_hours.map(|at| minute(at, &app.zone)).unwrap_or_default()),
        ("heading.until", terms.until.map(|day| day.to_string()).unwrap_or_default()),
        ("heading.note", said(&terms.note)),
        ("heading.source", said(&declared.source)),
        ("heading.by", by),
        ("heading.registration", short(&declared.id)),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn asked(inquiry: &Inquiry, frame: &Frame, app: &App) -> Asked {
    let state = inquiry.state(Timestamp::now());
    let proof = |file: &EvidenceFile| format!("{} {}", short(&file.name), short(&file.sha256));
    Asked {
        at: minute(inquiry.asked, &app.zone),
        counterpart: long(&inquiry.counterpart),
        question: long(&inquiry.question),
        due: minute(inquiry.due, &app.zone),
        badge: if state == "no-answer" { "badge open" } else { "badge" },
        outcome: label(frame.lang, "outcome", state).into_owned(),
        answer: long(inquiry.answer.as_deref().unwrap_or_default()),
        proofs: inquiry.evidence.iter().map(proof).collect::<Vec<_>>().join(" "),
    }
}

/// What was observed, by the headings of the list.
fn facts(row: &Connection, frame: &Frame, app: &App) -> Vec<(&'static str, String)> {
    let lang = frame.lang;
    let joined = |parts: &[Option<&str>]| {
        let parts: Vec<String> =
            parts.iter().flatten().filter(|part| !part.is_empty()).map(|part| short(part)).collect();
        parts.join("　")
    };
    let (inside, outside) = (&row.inside, &row.outside);
    let role = inside.role.as_deref().map(|role| label(lang, "role", role));
    let vlan = inside.vlan.map(|vlan| format!("VLAN {vlan}"));
    let endpoints = row.endpoints.iter().take(MAX_ADDRESSES);
    let endpoints: Vec<String> = endpoints.map(|end| format!("{}/{}", end.transport, end.port)).collect();
    let mut addresses = outside.ips.iter().take(MAX_ADDRESSES).cloned().collect::<Vec<_>>().join(", ");
    if outside.ips.len() > MAX_ADDRESSES {
        let more = format!(" +{}", outside.ips.len() - MAX_ADDRESSES);
        addresses.push_str(&more);
    }
    let exit = row.exit.as_ref().map(|exit| {
        let line = exit.line.as_deref().map(|line| label(lang, "line", line));
        joined(&[
            line.as_deref(),
            exit.name.as_deref(),
            exit.vendor.as_deref(),
            exit.ip.as_deref(),
            Some(&exit.mac),
        ])
    });
    let counted = fill(lang, "console.sessions", &[("sessions", &row.sessions)]);
    let beacon = row.beacon.as_ref().map(|beacon| format!("{:.0} s", beacon.period_s));
    let tunnel = frame.t(if row.tunnel { "word.yes" } else { "word.no" });
    let facts = [
        ("heading.status", label(lang, "status", &row.status).into_owned()),
        ("heading.category", label(lang, "category", row.category.as_deref().unwrap_or("none")).into_owned()),
        ("heading.service", short(&label(lang, "service", &row.service))),
        ("heading.tunnel", tunnel.to_owned()),
        ("heading.initiator", label(lang, "initiator", row.initiator.slug()).into_owned()),
        (
            "heading.inside",
            joined(&[
                role.as_deref(),
                inside.name.as_deref(),
                inside.vendor.as_deref(),
                Some(&inside.ip),
                inside.mac.as_deref(),
                vlan.as_deref(),
            ]),
        ),
        (
            "heading.outside",
            joined(&[outside.org.as_deref(), outside.name.as_deref(), outside.country.as_deref()]),
        ),
        ("heading.outside-ips", long(&addresses)),
        ("heading.endpoints", long(&endpoints.join(", "))),
        ("heading.exit", exit.unwrap_or_default()),
        ("heading.first-seen", minute(row.first_seen, &app.zone)),
        ("heading.last-seen", minute(row.last_seen, &app.zone)),
        ("heading.volume", format!("{counted}　{}", volume(row.bytes_out, row.bytes_in, frame))),
        ("heading.period", beacon.unwrap_or_default()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn volume(out: u64, back: u64, frame: &Frame) -> String {
    let (out, back) = (size::human(out), size::human(back));
    fill(frame.lang, "console.volume", &[("out", &out), ("in", &back)])
}

/// Writes seconds as hours and minutes.
fn hours(seconds: u64) -> String {
    if seconds == 0 { String::new() } else { format!("{}:{:02}", seconds / 3_600, seconds % 3_600 / 60) }
}
