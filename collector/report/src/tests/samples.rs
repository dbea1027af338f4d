//! Rows for the tests of every kind of report: documentation addresses and invented names.

use jiff::Timestamp;
use sekisho_api::{
    Beacon, Connection, Device, Endpoint, Evidence, Exit, ExitRow, Initiator, Inside, Outside,
};

use crate::history::HistoryRow;

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

pub(crate) fn evidence(confidence: u8) -> Evidence {
    Evidence {
        rule: "wire/ipsec".into(),
        confidence,
        en: "an IKE exchange was seen".into(),
        ja: "IKE の交換を観測しました".into(),
    }
}

/// Name, role, address; organisation, name, address, how many; service, port, tunnel; category; exit's
/// name, maker, hardware address, line; octets out and in; confidence.
type Short<'t> =
    ([&'t str; 3], [&'t str; 3], usize, (&'t str, u16, bool), &'t str, [&'t str; 4], (u64, u64), u8);

const ROUTER: [&str; 4] = ["", "Example Networks", "00:00:5E:00:53:01", ""];
const FIREWALL: [&str; 4] = ["fw01", "Example Security", "00:00:5E:00:53:02", "internet"];

#[rustfmt::skip]
const SHORT: [Short<'static>; 10] = [
    (["CT-1号機", "ct", "192.0.2.10"], ["Example Medical", "rsc.example.com", "203.0.113.5"], 1, ("ipsec", 500, true), "modality-maintenance", ["", "Example Mobile", "00:00:5E:00:53:10", "lte"], (1_234_567_890, 98_765_432), 95),
    (["mri02", "mr", "192.0.2.11"], ["", "", "198.51.100.77"], 1, ("tls", 443, false), "modality-maintenance", FIREWALL, (45_000_000, 3_200_000), 70),
    (["", "", "192.0.2.200"], ["", "relay-0a1b2c3d.remote.example.net", "203.0.113.80"], 3, ("teamviewer", 5938, true), "remote-service", FIREWALL, (880_000, 1_020_000), 90),
    (["資格確認端末", "pc", "192.0.2.31"], ["オンライン資格確認等システム", "", "198.51.100.9"], 1, ("tls", 443, false), "eligibility", ["", "Example Telecom", "00:00:5E:00:53:20", "ngn"], (640_000, 5_400_000), 85),
    (["pacs-gw", "pacs", "192.0.2.50"], ["遠隔読影センター（例）", "gw.reading.example.jp", "203.0.113.140"], 1, ("dicom", 11112, false), "remote-reading", ROUTER, (78_900_000_000, 12_000_000), 92),
    (["his-db", "his", "192.0.2.60"], ["Example Systems", "", "198.51.100.120"], 1, ("rdp", 3389, true), "system-maintenance", ["", "Example Networks", "00:00:5E:00:53:30", "isdn"], (3_100_000, 700_000), 88),
    (["", "analyzer", "192.0.2.77"], ["", "", "203.0.113.201"], 1, ("unknown-encrypted", 8443, false), "", ROUTER, (51_000, 48_000), 50),
    (["core-sw", "switch", "192.0.2.1"], ["Example Networks", "noc.example.org", "198.51.100.30"], 1, ("ssh", 22, true), "network-maintenance", FIREWALL, (220_000, 90_000), 80),
    (["", "", "2001:db8:12:34:5678:9abc:def0:1234"], ["", "", "2001:db8:ffff::53"], 1, ("wireguard", 51820, true), "", ["", "", "00:00:5E:00:53:40", ""], (999_950, 0), 75),
    (["", "pc", "192.0.2.150"], ["", "www.example.com", "203.0.113.10"], 12, ("quic", 443, false), "general-internet", FIREWALL, (12_000_000, 480_000_000), 60),
];

pub(crate) fn connections() -> Vec<Connection> {
    SHORT.iter().enumerate().map(|(place, short)| connection(place, short)).collect()
}

fn connection(place: usize, short: &Short<'_>) -> Connection {
    let (inside, outside, count, (service, port, tunnel), category, exit, bytes, confidence) = *short;
    let transport = if matches!(service, "ipsec" | "quic" | "wireguard") { "udp" } else { "tcp" };
    let ips = (0..count).map(|n| if n == 0 { outside[2].to_owned() } else { format!("203.0.113.{n}") });
    Connection {
        number: place.is_multiple_of(2).then(|| i64::try_from(place).unwrap() + 101),
        service: service.to_owned(),
        transport: transport.to_owned(),
        port,
        endpoints: vec![Endpoint { transport: transport.to_owned(), port }],
        initiator: if service == "rdp" { Initiator::Outside } else { Initiator::Inside },
        inside: Inside {
            ip: inside[2].to_owned(),
            mac: some("00:00:5E:00:53:A0"),
            vlan: Some(10),
            name: some(inside[0]),
            role: some(inside[1]),
            vendor: some("Example Medical"),
        }
        .into(),
        outside: Outside {
            ip: outside[2].to_owned(),
            ips: ips.collect(),
            name: some(outside[1]),
            org: some(outside[0]),
            country: some("JP"),
            asn: Some(64_496),
        },
        exit: Some(
            Exit {
                name: some(exit[0]),
                vendor: some(exit[1]),
                mac: exit[2].to_owned(),
                line: some(exit[3]),
                ip: some("192.0.2.254"),
            }
            .into(),
        ),
        tunnel,
        category: some(category),
        status: "unregistered".to_owned(),
        registration: None,
        first_seen: at("2026-01-30T23:00:00Z"),
        last_seen: at("2026-01-31T15:04:05Z"),
        sessions: 3,
        bytes_out: bytes.0,
        bytes_in: bytes.1,
        hours: sekisho_api::ByHour::default(),
        beacon: (service == "ipsec").then_some(Beacon { score: 0.9, period_s: 59.7, jitter: 0.1 }),
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: vec![evidence(20), evidence(confidence)],
    }
}

pub(crate) fn devices() -> Vec<Device> {
    let ct = Device {
        ips: vec!["192.0.2.10".to_owned(), "2001:db8::10".to_owned()],
        mac: some("00:00:5E:00:53:A0"),
        vlan: Some(10),
        names: vec!["CT-1号機".to_owned(), "ct1".to_owned()],
        vendor: some("Example Medical"),
        model: some("Scanner 64"),
        role: some("ct"),
        os: some("Windows 10"),
        firmware: some("7.1"),
        serial: some("-1234"),
        services: vec!["dicom".to_owned(), "dns".to_owned()],
        first_seen: Some(at("2026-01-30T23:00:00Z")),
        last_seen: Some(at("2026-01-31T15:04:05Z")),
        evidence: vec![evidence(95)],
    };
    vec![ct, Device { ips: vec!["192.0.2.99".to_owned()], ..Device::default() }]
}

pub(crate) fn exits() -> Vec<ExitRow> {
    let lte = ExitRow {
        mac: "00:00:5E:00:53:10".to_owned(),
        ip: some("192.0.2.254"),
        name: some("lte-gw"),
        vendor: some("Example Mobile"),
        line: some("lte"),
        registered: true,
        proofs: vec!["carries".to_owned(), "dhcp".to_owned()],
        connections: 4,
        first_seen: Some(at("2026-01-30T23:00:00Z")),
        last_seen: Some(at("2026-01-31T15:04:05Z")),
        evidence: vec![evidence(90)],
    };
    vec![lte, ExitRow { mac: "00:00:5E:00:53:11".to_owned(), ..ExitRow::default() }]
}

pub(crate) fn history() -> Vec<HistoryRow> {
    let row = |kind: &str, before: &str, after: &str| HistoryRow {
        at: at("2026-01-31T15:04:05Z"),
        site: "みなと病院（例）".to_owned(),
        kind: kind.to_owned(),
        subject: "外部接続 101".to_owned(),
        before: some(before),
        after: some(after),
        by: None,
    };
    vec![
        row("appeared", "", "IPsec 203.0.113.5"),
        row("changed-exit", "00:00:5E:00:53:01", "00:00:5E:00:53:10"),
    ]
}
