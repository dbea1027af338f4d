//! An invented hospital: one row of every kind that the sheets treat differently.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _};
use sekisho_api::{
    Analysis, Assumption, Beacon, Capture, Connection, Device, Endpoint, Evidence, Exit, ExitRow, Initiator,
    Inside, Outside,
};

use crate::history::HistoryRow;

const FIRST: &str = "2026-01-04T23:30:00Z";
const LAST: &str = "2026-01-11T14:59:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Who: name, role, maker, last octet, VLAN. Whom: name, organisation, octet. How: service, transport, port.
type Line = (
    (&'static str, &'static str, &'static str, u8, u16),
    (&'static str, &'static str, u8),
    (&'static str, &'static str, u16),
    (&'static str, u8),
);

#[rustfmt::skip]
const LINES: &[Line] = &[
    (("CT-1", "ct", "Example Imaging", 11, 30), ("rmt.imaging.example", "Example Imaging", 10), ("ipsec", "udp", 4500), ("modality-maintenance", 1)),
    (("MRI-01", "mr", "Sample Medical Systems", 12, 30), ("remote.sample-medical.example", "Sample Medical Systems", 11), ("tls", "tcp", 443), ("modality-maintenance", 2)),
    (("angio-console", "xa", "Example Imaging", 13, 30), ("", "", 12), ("wireguard", "udp", 51_820), ("modality-maintenance", 3)),
    (("PACS-SV1", "pacs", "Example Imaging", 20, 31), ("reading.radiology.example", "Example Reading Centre", 13), ("dicom", "tcp", 11_112), ("remote-reading", 1)),
    (("lab-gw", "lis", "", 40, 40), ("sncs.analyser.example", "Example Analysers", 14), ("mqtt", "tcp", 8883), ("system-maintenance", 1)),
    (("EMR-SV", "his", "", 50, 50), ("", "", 15), ("fortinet-sslvpn", "tcp", 10_443), ("system-maintenance", 1)),
    (("ELIG-01", "pc", "", 60, 60), ("eligibility.example", "", 16), ("ipsec", "esp", 0), ("eligibility", 4)),
    (("liaison-vpn", "vpn-router", "Example Networks", 61, 60), ("liaison.region.example", "Example Region", 17), ("l2tp", "udp", 1701), ("regional-liaison", 4)),
    (("PC-SOUMU-07", "pc", "", 101, 10), ("router7.teamviewer.example", "TeamViewer", 18), ("teamviewer", "tcp", 5938), ("remote-service", 1)),
    (("PC-IJIKA-02", "pc", "", 102, 10), ("relay-1a2b3c4d.anydesk.example", "AnyDesk", 19), ("anydesk", "tcp", 443), ("remote-service", 1)),
    (("FW-CORE", "firewall", "Example Networks", 1, 1), ("noc.networks.example", "Example Networks", 20), ("ssh", "tcp", 22), ("network-maintenance", 1)),
    (("NAS-KENKYU", "nas", "", 70, 70), ("upload.research.example", "Example University", 21), ("http", "tcp", 80), ("research", 1)),
    (("PC-KYOKU-11", "pc", "", 111, 10), ("www.news.example", "", 22), ("quic", "udp", 443), ("general-internet", 1)),
    (("", "", "", 120, 10), ("", "", 23), ("unknown-encrypted", "tcp", 8443), ("", 1)),
    (("", "", "", 121, 10), ("", "", 24), ("unknown", "udp", 40_000), ("", 2)),
];

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn exit(octet: u8) -> Exit {
    let row = exit_row(octet);
    Exit { mac: row.mac, ip: row.ip, name: row.name, vendor: row.vendor, line: row.line }
}

fn exit_row(octet: u8) -> ExitRow {
    let (name, vendor, line) = match octet {
        1 => ("FW-CORE", "Example Networks", ""),
        2 => ("", "Example Mobile Routers", "lte"),
        3 => ("ct-room-router", "Example Mobile Routers", "isdn"),
        _ => ("IPVPN-GW", "Example Networks", "ngn"),
    };
    ExitRow {
        mac: format!("00:00:5e:00:53:f{octet}"),
        ip: Some(format!("192.0.2.{}", 250 + octet)),
        name: some(name),
        vendor: some(vendor),
        line: some(line),
        proofs: vec!["carries".to_owned(), "dhcp".to_owned()],
        registered: octet == 1,
        connections: 3,
        ..ExitRow::default()
    }
}

/// Gives a connection of which little is known.
pub(super) fn plain() -> Connection {
    connection(0, &LINES[13])
}

fn connection(index: usize, line: &Line) -> Connection {
    let (
        (name, role, vendor, inside, vlan),
        (fqdn, org, outside),
        (service, transport, port),
        (category, gateway),
    ) = *line;
    let tunnel =
        matches!(service, "ipsec" | "wireguard" | "fortinet-sslvpn" | "l2tp" | "teamviewer" | "anydesk");
    let mut hours = BTreeMap::new();
    for hour in (0..160).filter(|hour| index.is_multiple_of(3) || (1 + index % 5..9).contains(&(hour % 24))) {
        hours.insert(at("2026-01-04T23:00:00Z") + i64::try_from(hour).unwrap().hours(), 40_000);
    }
    let evidence = |rule: &str, confidence, ja: &str, en: &str| Evidence {
        rule: rule.into(),
        confidence,
        en: en.into(),
        ja: ja.into(),
    };
    Connection {
        number: None,
        service: service.to_owned(),
        transport: transport.to_owned(),
        port,
        endpoints: vec![Endpoint { transport: transport.to_owned(), port }],
        initiator: if index == 5 { Initiator::Outside } else { Initiator::Inside },
        inside: Inside {
            ip: format!("192.0.2.{inside}"),
            mac: Some(format!("00:00:5e:00:53:{inside:02x}")),
            vlan: Some(vlan),
            name: some(name),
            role: some(role),
            vendor: some(vendor),
        }
        .into(),
        outside: Outside {
            ip: format!("198.51.100.{outside}"),
            ips: (0..=index as u8).map(|more| format!("198.51.100.{}", outside + more)).collect(),
            name: some(fqdn),
            org: some(org),
            country: Some("JP".to_owned()),
            asn: Some(64_500),
        },
        exit: Some(exit(gateway).into()),
        tunnel,
        category: some(category),
        status: if index == 6 { "registered" } else { "unregistered" }.to_owned(),
        registration: None,
        first_seen: at(FIRST),
        last_seen: at(LAST),
        sessions: 3 + 17 * index as u64,
        bytes_out: 52_428_800 >> index,
        bytes_in: 1_048_576 << index,
        hours: hours.into(),
        beacon: (index % 4 == 1).then_some(Beacon {
            score: 0.93,
            period_s: 60.0 * f64::from(u8::try_from(index).unwrap()),
            jitter: 0.05,
        }),
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: vec![
            evidence(
                &format!("wire/{service}"),
                95,
                "最初のパケットの形式がこのプロトコルと一致しました",
                "the first packets have this protocol's form",
            ),
            evidence(
                "exit/unregistered-gateway",
                80,
                "登録されていない出口から院外へ出ています",
                "it leaves by an exit that nobody declared",
            ),
            evidence(
                "behaviour/long-lived-from-modality",
                70,
                "検査機器からの長時間の外向き接続であり、保守接続が疑われます",
                "a long-lived connection outwards from a modality: likely maintenance",
            ),
        ],
    }
}

/// Gives the analysis of a week.
pub(super) fn hospital() -> Analysis {
    let connections: Vec<Connection> =
        LINES.iter().enumerate().map(|(index, line)| connection(index, line)).collect();
    let mut devices: Vec<Device> = connections
        .iter()
        .map(|connection| Device {
            ips: vec![connection.inside.ip.clone()],
            mac: connection.inside.mac.clone(),
            vlan: connection.inside.vlan,
            names: connection.inside.name.iter().cloned().collect(),
            vendor: connection.inside.vendor.clone(),
            model: connection.inside.vendor.as_ref().map(|_| "Model 3000".to_owned()),
            role: connection.inside.role.clone(),
            os: (connection.inside.role.as_deref() == Some("pc")).then(|| "Windows 10".to_owned()),
            ..Device::default()
        })
        .collect();
    devices.push(Device {
        ips: vec!["192.0.2.251".to_owned()],
        mac: Some("00:00:5e:00:53:f1".to_owned()),
        names: vec!["FW-CORE".to_owned()],
        vendor: Some("Example Networks".to_owned()),
        model: Some("EN-830".to_owned()),
        role: Some("firewall".to_owned()),
        firmware: Some("Rev.15.02.30".to_owned()),
        serial: Some("S000123".to_owned()),
        last_seen: Some(at(LAST)),
        ..Device::default()
    });
    let capture = Capture {
        packets: 184_203_117,
        bytes: 93_401_224_908,
        first_seen: Some(at(FIRST)),
        last_seen: Some(at(LAST)),
        duplicates: 90_412_007,
        drops: 12,
        weird: BTreeMap::from([("ip-bad-length".to_owned(), 4), ("tcp-split-handshake".to_owned(), 2)]),
        assumed: vec![Assumption {
            prefix: "192.0.2.0/24".to_owned(),
            inside: true,
            en: "private space with devices that speak ARP".to_owned(),
            ja: "ARP で話す機器がいるプライベート空間".to_owned(),
        }],
        warnings: vec!["core-switch-3.pcapng: ends within a packet; what came before was read".to_owned()],
    };
    Analysis { capture, connections, devices, exits: (1..=4).map(exit_row).collect() }
}

/// Gives what the ledger noted of that week.
pub(super) fn history() -> Vec<HistoryRow> {
    let row = |time: &str, kind: &str, subject: &str, before: Option<&str>, after: Option<&str>| HistoryRow {
        at: at(time),
        site: "example".to_owned(),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        by: None,
    };
    vec![
        row(FIRST, "appeared", "外部接続 1", None, Some("ipsec 198.51.100.10")),
        row(FIRST, "appeared", "出口 00:00:5e:00:53:f2", None, Some("lte")),
        row(
            "2026-01-07T02:10:00Z",
            "changed-exit",
            "外部接続 3",
            Some("00:00:5e:00:53:f1"),
            Some("00:00:5e:00:53:f3"),
        ),
        row(
            "2026-01-08T05:00:00Z",
            "changed-firmware",
            "機器 FW-CORE",
            Some("Rev.15.02.28"),
            Some("Rev.15.02.30"),
        ),
        row(LAST, "gone-silent", "外部接続 12", Some("2026-01-09T11:20:00Z"), None),
    ]
}
