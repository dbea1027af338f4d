//! A ledger that holds hostile names.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sekisho_api::{Analysis, Connection, Device, Evidence, Exit, ExitRow, Initiator, Inside, Outside};
use sekisho_ledger::{Ledger, Source};

/// What a stranger calls a device.
pub(crate) const SCRIPT: &str = "<script>alert(1)</script>";
const FORMULA: &str = "=cmd|' /C calc'!A0";
/// Long enough.
pub(crate) const PASSWORD: &str = "nine sparrows on a wire";

fn connection(number: usize) -> Connection {
    let at: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    let low = (number % 250 + 1, number / 250 % 250, number / 62_500);
    Connection {
        number: None,
        service: ["openvpn", "tls", "ssh"][number % 3].to_owned(),
        transport: "tcp".to_owned(),
        port: 443,
        endpoints: Vec::new(),
        initiator: Initiator::Inside,
        inside: Inside {
            ip: "192.0.2.10".to_owned(),
            mac: Some("00:53:00:00:00:01".to_owned()),
            name: Some(SCRIPT.to_owned()),
            role: Some("ct".to_owned()),
            ..Inside::default()
        }
        .into(),
        outside: Outside {
            ips: vec![format!("198.{}.{}.{}", 18 + low.2, low.1, low.0)],
            ip: format!("198.{}.{}.{}", 18 + low.2, low.1, low.0),
            name: Some(if number == 0 { FORMULA.to_owned() } else { format!("host-{number}.example") }),
            ..Outside::default()
        },
        exit: Some(Exit { mac: "00:53:00:00:00:fe".to_owned(), ..Exit::default() }.into()),
        tunnel: number.is_multiple_of(3),
        category: [None, Some("general-internet"), Some("remote-service")][number % 3].map(str::to_owned),
        status: "unregistered".to_owned(),
        registration: None,
        first_seen: at,
        last_seen: at + Duration::from_secs(number as u64),
        sessions: 1,
        bytes_out: 600,
        bytes_in: 400,
        hours: [(at, 1000)].into(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: vec![Evidence {
            rule: "wire/openvpn".into(),
            confidence: 90,
            en: format!("it says {SCRIPT}").into(),
            ja: format!("{SCRIPT} という名前").into(),
        }],
    }
}

/// Records so many connections of one site.
pub(crate) fn record(path: &Path, site: &str, connections: usize) {
    let (first, last) = (connection(0).first_seen, connection(connections).last_seen);
    let device = Device {
        ips: vec!["192.0.2.10".to_owned()],
        mac: Some("00:53:00:00:00:01".to_owned()),
        names: vec![SCRIPT.to_owned()],
        role: Some("ct".to_owned()),
        first_seen: Some(first),
        last_seen: Some(last),
        ..Device::default()
    };
    let exit =
        ExitRow { mac: "00:53:00:00:00:fe".to_owned(), name: Some(SCRIPT.to_owned()), ..ExitRow::default() };
    let mut analysis = Analysis {
        connections: (0..connections).map(connection).collect(),
        devices: vec![device],
        exits: vec![exit],
        ..Analysis::default()
    };
    (analysis.capture.first_seen, analysis.capture.last_seen) = (Some(first), Some(last));
    Ledger::open(path).unwrap().record(site, &analysis, &Source::of(site, site), last).unwrap();
}
