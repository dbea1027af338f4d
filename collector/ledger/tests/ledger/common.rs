//! Invented analyses to record, and what a ledger holds.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sekisho_api::{
    Analysis, Capture, Connection, Device, Evidence, Exit, ExitRow, Initiator, Inside, Outside,
};
use sekisho_ledger::{Change, HistoryQuery, Query, Reader, Source};

pub(crate) const SITE: &str = "kita";
pub(crate) const FIREWALL: &str = "00:00:5e:00:53:01";
pub(crate) const LTE: &str = "00:00:5e:00:53:02";
pub(crate) const CT: &str = "00:00:5e:00:53:11";

/// Hours from the first capture's start.
pub(crate) fn at(hours: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(hours)
}

pub(crate) fn minutes(hours: i64, minutes: i64) -> Timestamp {
    at(hours) + SignedDuration::from_mins(minutes)
}

pub(crate) fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn source(name: &str) -> Source {
    Source::of(&format!("{name}.pcap"), &format!("digest of {name}"))
}

/// A maintenance tunnel of the CT that lasts the whole span.
pub(crate) fn connection(first: Timestamp, last: Timestamp) -> Connection {
    Connection {
        number: None,
        service: "ipsec".to_owned(),
        transport: "udp".to_owned(),
        port: 4500,
        endpoints: Vec::new(),
        initiator: Initiator::Inside,
        inside: Inside {
            ip: "192.0.2.10".to_owned(),
            mac: Some(CT.to_owned()),
            vlan: Some(10),
            ..Inside::default()
        }
        .into(),
        outside: Outside {
            ip: "198.51.100.1".to_owned(),
            ips: vec!["198.51.100.1".to_owned()],
            ..Outside::default()
        },
        exit: Some(Exit { mac: FIREWALL.to_owned(), ..Exit::default() }.into()),
        tunnel: true,
        category: Some("modality-maintenance".to_owned()),
        status: "unregistered".to_owned(),
        registration: None,
        first_seen: first,
        last_seen: last,
        sessions: 1,
        bytes_out: 600,
        bytes_in: 400,
        hours: [(first, 1000)].into(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: vec![evidence("wire/ike", 90)],
    }
}

pub(crate) fn evidence(rule: &str, confidence: u8) -> Evidence {
    Evidence {
        rule: rule.into(),
        confidence,
        en: format!("{rule} says so").into(),
        ja: format!("{rule} による").into(),
    }
}

pub(crate) fn analysis(first: Timestamp, last: Timestamp, connections: Vec<Connection>) -> Analysis {
    let mut exits: BTreeMap<String, ExitRow> = BTreeMap::new();
    for exit in connections.iter().filter_map(|connection| connection.exit.as_ref()) {
        exits.insert(exit.mac.clone(), ExitRow { mac: exit.mac.clone(), ..ExitRow::default() });
    }
    Analysis {
        capture: Capture {
            packets: 10,
            bytes: 2000,
            first_seen: Some(first),
            last_seen: Some(last),
            ..Capture::default()
        },
        devices: vec![Device {
            ips: vec!["192.0.2.10".to_owned()],
            mac: Some(CT.to_owned()),
            vlan: Some(10),
            first_seen: Some(first),
            last_seen: Some(last),
            evidence: vec![evidence("device/dicom", 80)],
            ..Device::default()
        }],
        exits: exits.into_values().collect(),
        connections,
    }
}

/// One capture of the tunnel from `first` to `last`, changed by `edit`.
pub(crate) fn one(first: i64, last: i64, edit: impl FnOnce(&mut Connection)) -> Analysis {
    let mut connection = connection(at(first), at(last));
    edit(&mut connection);
    analysis(at(first), at(last), vec![connection])
}

pub(crate) fn connections(ledger: &Reader) -> Vec<Connection> {
    ledger.connections(&Query::default()).unwrap().into_iter().map(|row| row.row).collect()
}

/// The history as (kind, subject, at), in the order of recording, without what appeared.
pub(crate) fn events(ledger: &Reader) -> Vec<(String, String, Timestamp)> {
    let mut changes = ledger.history(&HistoryQuery::default()).unwrap();
    changes.sort_by_key(|change| change.number);
    let told = changes.into_iter().filter(|change| change.kind.slug() != "appeared");
    told.map(|change| (change.kind.slug().to_owned(), change.subject.kind().to_owned(), change.at)).collect()
}

pub(crate) fn only(ledger: &Reader, kind: &str) -> Change {
    let changes = ledger.history(&HistoryQuery::default()).unwrap();
    let mut found: Vec<_> = changes.into_iter().filter(|change| change.kind.slug() == kind).collect();
    assert_eq!(found.len(), 1, "{kind}: {found:?}");
    found.pop().unwrap()
}
