//! A ledger of many sites, come to it as sites send theirs.
//!
//! Every site has names of its own, Japanese ones among them, some hundred octets of text a connection, and
//! what a connection of weeks has besides: behaviour, addresses, reasons in both languages.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sekisho_api::{
    Analysis, Beacon, Capture, Connection, Device, Endpoint, Evidence, Exit, ExitRow, Initiator, Inside,
    Outside,
};
use sekisho_ledger::{BatchBounds, Declared, Intake, Ledger, Outbox, Source};

/// Connections of a device.
const EACH: usize = 10;
/// What the last connection of the list alone has in its name.
pub const NEEDLE: &str = "needle-in-the-last-row";
const ROLES: [(&str, &str); 6] = [
    ("ct", "CT-1号機"),
    ("mr", "MRI検査室"),
    ("pacs", "画像サーバー"),
    ("his", "電子カルテ"),
    ("pc", "受付端末"),
    ("server", "検体サーバー"),
];
const ORGS: [&str; 5] =
    ["遠隔読影センター（例）", "Example Medical", "東病院", "Example Systems", "地域医療連携"];
const SERVICES: [(&str, u16, bool); 6] = [
    ("tls", 443, false),
    ("ipsec", 4500, true),
    ("quic", 443, false),
    ("ssh", 22, true),
    ("dicom", 11112, false),
    ("tls", 8443, false),
];
const CATEGORIES: [Option<&str>; 6] = [
    Some("general-internet"),
    Some("modality-maintenance"),
    Some("general-internet"),
    Some("network-maintenance"),
    Some("remote-reading"),
    None,
];
const ROUTERS: [&str; 3] = ["00:53:00:00:ff:01", "00:53:00:00:ff:02", "00:53:00:00:ff:03"];

/// Fills a ledger with so many sites of so many connections each, of which so many are declared and a tenth as many
/// besides that were never seen.
///
/// # Panics
///
/// When it cannot be written.
pub fn fill(place: &Path, sites: usize, each: usize, declared: usize) {
    let mut intake = Intake::open(place).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..sites {
        let site = format!("{}病院 {number:03}", ["北", "南", "東", "西"][number % 4]);
        let path = folder.path().join(format!("{number}.db"));
        let found = site_of(number, each, number + 1 == sites);
        let now = found.capture.last_seen.unwrap();
        let mut ledger = Ledger::open(&path).unwrap();
        ledger.record(&site, &found, &Source::of(&site, &site), now).unwrap();
        let seen = found.connections.iter().rev().take(declared).map(Declared::of);
        let declared: Vec<Declared> = seen.chain((0..declared / 10).map(unseen)).collect();
        ledger.register(&site, &declared, now).unwrap();
        drop(ledger);
        let mut outbox = Outbox::open(&path, &site).unwrap();
        intake.add(&site, now).unwrap();
        let mut from = 0;
        loop {
            let batch = outbox.batch("fill", from, BatchBounds::default()).unwrap();
            let last = batch.last;
            from = batch.to;
            intake.apply(&site, batch, now).unwrap();
            if last {
                break;
            }
        }
    }
}

fn unseen(number: usize) -> Declared {
    let mut declared = Declared::default();
    declared.registration.device = vec![format!("未接続装置{number}")];
    declared.registration.terms.owner = Some("放射線科".to_owned());
    declared
}

fn site_of(site: usize, each: usize, has_needle: bool) -> Analysis {
    let begin: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    let mut connections: Vec<_> = (0..each).map(|number| connection(site, number, begin)).collect();
    if has_needle {
        // The rank that is last, and in it the time that is first.
        let last = connections.first_mut().unwrap();
        last.outside.name = Some(NEEDLE.to_owned());
        last.last_seen = last.first_seen;
    }
    let exit = |mac: &&str| ExitRow {
        mac: (*mac).to_owned(),
        name: Some(format!("fw-{site}.example")),
        vendor: Some("Example Networks".to_owned()),
        ..ExitRow::default()
    };
    Analysis {
        capture: Capture {
            packets: 1,
            first_seen: Some(begin),
            last_seen: Some(begin + SignedDuration::from_hours(24)),
            ..Capture::default()
        },
        devices: (0..each.div_ceil(EACH)).map(|device| self::device(site, device, begin)).collect(),
        exits: ROUTERS.iter().map(exit).collect(),
        connections,
    }
}

fn inside(site: usize, device: usize) -> (String, String) {
    let low = (device / 250, device % 250 + 1);
    (format!("198.18.{}.{}", low.0, low.1), format!("00:53:00:{site:02x}:{:02x}:{:02x}", low.0, low.1))
}

fn device(site: usize, device: usize, begin: Timestamp) -> Device {
    let (ip, mac) = inside(site, device);
    let (role, name) = ROLES[device % ROLES.len()];
    Device {
        ips: vec![ip],
        mac: Some(mac),
        vlan: Some(10),
        names: vec![format!("{name}{device}"), format!("dev-{device}.hospital-{site}.example")],
        vendor: Some("Example Medical".to_owned()),
        role: Some(role.to_owned()),
        first_seen: Some(begin),
        last_seen: Some(begin + SignedDuration::from_hours(24)),
        evidence: vec![evidence("device/dicom", 80)],
        ..Device::default()
    }
}

fn connection(site: usize, number: usize, begin: Timestamp) -> Connection {
    let (ip, mac) = inside(site, number / EACH);
    let (service, port, tunnel) = SERVICES[number % SERVICES.len()];
    let transport = if matches!(service, "ipsec" | "quic") { "udp" } else { "tcp" };
    let at = begin + SignedDuration::from_secs((number * 37 % 86_400) as i64);
    let address =
        |more: usize| format!("203.0.{}.{}", (number + more) / 250 % 250, (number + more) % 250 + 1);
    Connection {
        transport: transport.to_owned(),
        port,
        endpoints: vec![Endpoint { transport: transport.to_owned(), port }],
        initiator: Initiator::Inside,
        inside: Inside {
            ip,
            mac: Some(mac),
            vlan: Some(10),
            vendor: Some("Example Medical".to_owned()),
            ..Inside::default()
        }
        .into(),
        outside: Outside {
            ip: address(0),
            ips: (0..=number % 6).map(address).collect(),
            name: Some(format!("host-{number}.vendor-{site}.example")),
            org: Some(ORGS[number % ORGS.len()].to_owned()),
            country: Some("JP".to_owned()),
            asn: Some(64_496),
        },
        exit: Some(
            Exit {
                mac: ROUTERS[number % ROUTERS.len()].to_owned(),
                vendor: Some("Example Networks".to_owned()),
                ..Exit::default()
            }
            .into(),
        ),
        tunnel,
        category: CATEGORIES[number % CATEGORIES.len()].map(str::to_owned),
        last_seen: at + SignedDuration::from_mins(7),
        sessions: 9,
        bytes_out: 10_000 + number as u64,
        bytes_in: 90_000,
        hours: [(begin, 100_000)].into(),
        beacon: Some(Beacon { score: 0.8, period_s: 300.0, jitter: 0.1 }),
        evidence: vec![
            evidence("wire/handshake", 90),
            evidence("port/registered", 40),
            evidence("party/known", 70),
        ],
        ..Connection::bare(service, "unregistered", at)
    }
}

fn evidence(rule: &str, confidence: u8) -> Evidence {
    Evidence {
        rule: rule.into(),
        confidence,
        en: format!("{rule} says so by the first bytes of the conversation").into(),
        ja: format!("{rule} により、通信の最初の部分から判断しました").into(),
    }
}
