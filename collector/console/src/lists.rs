//! The pages of exits, devices and sites.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use sekisho_api::{Device, ExitRow};
use sekisho_ledger::{Site, Sited};
use sekisho_report::{Lang, label};

use crate::asked::Asked;
use crate::site::{App, drawn, told};
use crate::view::{Cell, Reason, moment, reasons, short};
use crate::visitor::{Frame, Visitor};

/// More rows on one page are not read; a text or a site narrows them down.
const ROWS: u32 = 500;

struct Exit {
    site: String,
    what: Cell,
    address: Cell,
    registered: bool,
    connections: u64,
    href: String,
    first_seen: String,
    last_seen: String,
    reasons: Vec<Reason>,
}

#[derive(Template)]
#[template(path = "exits.html")]
struct Exits {
    frame: Frame,
    asked: Asked,
    rows: Vec<Exit>,
    cut_off: bool,
}

pub(crate) async fn exits(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let query = limited(&asked);
    let Some(mut rows) = app.readers.read(move |ledger| ledger.exits(&query)).await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger");
    };
    let cut_off = cut(&mut rows);
    let rows = rows.iter().map(|row| exit(row, frame.lang, &app.zone)).collect();
    drawn(&Exits { frame, asked, rows, cut_off })
}

fn exit(Sited { site, row }: &Sited<ExitRow>, lang: Lang, zone: &TimeZone) -> Exit {
    let line = row.line.as_deref().map(|line| label(lang, "line", line));
    let its = Asked { site: site.clone(), exit: row.mac.clone(), all: "1".to_owned(), ..Asked::default() };
    Exit {
        site: short(site),
        what: Cell::of([row.name.as_deref(), line.as_deref(), row.vendor.as_deref()]),
        address: Cell::of([row.ip.as_deref(), Some(&row.mac)]),
        registered: row.registered,
        connections: row.connections,
        href: its.address("/connections", None),
        first_seen: moment(row.first_seen, zone),
        last_seen: moment(row.last_seen, zone),
        reasons: reasons(&row.evidence, lang),
    }
}

struct Inside {
    site: String,
    role: String,
    name: Cell,
    address: Cell,
    vlan: String,
    maker: Cell,
    os: Cell,
    services: String,
    last_seen: String,
    reasons: Vec<Reason>,
}

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices {
    frame: Frame,
    asked: Asked,
    rows: Vec<Inside>,
    cut_off: bool,
}

pub(crate) async fn devices(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let query = limited(&asked);
    let Some(mut rows) = app.readers.read(move |ledger| ledger.devices(&query)).await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger");
    };
    let cut_off = cut(&mut rows);
    let rows = rows.iter().map(|row| device(row, frame.lang, &app.zone)).collect();
    drawn(&Devices { frame, asked, rows, cut_off })
}

fn device(Sited { site, row }: &Sited<Device>, lang: Lang, zone: &TimeZone) -> Inside {
    let services: Vec<_> = row.services.iter().map(|slug| label(lang, "service", slug)).collect();
    let texts = |texts: &[String]| texts.iter().map(|text| short(text)).collect::<Vec<_>>();
    let (names, addresses) = (texts(&row.names), texts(&row.ips));
    Inside {
        site: short(site),
        role: row.role.as_deref().map(|role| short(&label(lang, "role", role))).unwrap_or_default(),
        name: Cell::of(names.iter().map(|name| Some(name.as_str()))),
        address: Cell::of(addresses.iter().map(|ip| Some(ip.as_str())).chain([row.mac.as_deref()])),
        vlan: row.vlan.map(|vlan| vlan.to_string()).unwrap_or_default(),
        maker: Cell::of([row.vendor.as_deref(), row.model.as_deref()]),
        os: Cell::of([row.os.as_deref(), row.firmware.as_deref()]),
        services: short(&services.join(" ")),
        last_seen: moment(row.last_seen, zone),
        reasons: reasons(&row.evidence, lang),
    }
}

struct SiteRow {
    site: Site,
    name: String,
    href: String,
    first_seen: String,
    last_seen: String,
}

#[derive(Template)]
#[template(path = "sites.html")]
struct Sites {
    frame: Frame,
    rows: Vec<SiteRow>,
}

pub(crate) async fn sites(State(app): State<Arc<App>>, Visitor { frame, .. }: Visitor) -> Response {
    let Some(sites) = app.readers.read(sekisho_ledger::Reader::sites).await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger");
    };
    let row = |site: Site| SiteRow {
        name: short(&site.site),
        href: Asked { site: site.site.clone(), ..Asked::default() }.address("/connections", None),
        first_seen: moment(site.first_seen, &app.zone),
        last_seen: moment(site.last_seen, &app.zone),
        site,
    };
    drawn(&Sites { frame, rows: sites.into_iter().map(row).collect() })
}

/// One row more than a page tells that there are more.
fn limited(asked: &Asked) -> sekisho_ledger::Query {
    sekisho_ledger::Query { limit: Some(ROWS + 1), ..asked.query() }
}

fn cut<T>(rows: &mut Vec<T>) -> bool {
    let cut_off = rows.len() > ROWS as usize;
    rows.truncate(ROWS as usize);
    cut_off
}
