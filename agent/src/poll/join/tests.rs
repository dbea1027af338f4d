use std::collections::BTreeSet;

use jiff::Timestamp;
use sekisho_api::{Evidence, Exit};

use super::super::tunnels::Line;
use super::*;

const MAC: &str = "00:53:00:00:00:01";

fn report() -> Reported {
    Reported {
        address: "10.0.0.1:161".parse().unwrap(),
        at: Timestamp::UNIX_EPOCH,
        vendor: Some("Fortinet".to_owned()),
        role: Some("firewall".to_owned()),
        model: Some("FGT_60F".to_owned()),
        firmware: Some("v7.2.6".to_owned()),
        serial: None,
        name: Some("fw".to_owned()),
        ips: ["10.0.0.1", "10.1.0.1"].map(|ip| ip.parse().unwrap()).into(),
        seen_at: ["10.0.0.1", "10.1.0.1"].map(|ip| ip.parse().unwrap()).into(),
        macs: BTreeSet::from([MAC.to_owned()]),
        mac: Some(MAC.to_owned()),
        evidence: vec![Evidence {
            rule: "snmp/model".into(),
            confidence: 95,
            en: "x".into(),
            ja: "x".into(),
        }],
        tunnels: Vec::new(),
        lines: Vec::new(),
    }
}

fn tunnel(peer: &str) -> Tunnel {
    Tunnel {
        service: "ipsec".to_owned(),
        peer: Some(peer.parse().unwrap()),
        name: None,
        from_outside: false,
        oid: "1.3.6.1.4.1.32473.1.1.4".to_owned(),
        up_ticks: None,
    }
}

fn joined(analysis: &Analysis, report: &Reported, news: bool) -> Analysis {
    let mut analysis = analysis.clone();
    join(&mut analysis, [(report, &Place::default(), news)]);
    analysis
}

#[test]
fn a_box_says_better_than_others_what_it_is_and_says_it_once() {
    let row = |mac: &str, ip: &str| Device {
        ips: vec![ip.to_owned()],
        mac: Some(mac.to_owned()),
        vendor: Some("Fortinet, Inc.".to_owned()),
        serial: Some("S1".to_owned()),
        ..Device::default()
    };
    let other = |at: u8, ip: &str| row(&format!("00:53:00:00:00:{at:02x}"), ip);
    // (row, whether it is the box's)
    let cases = [
        (row(MAC, "10.9.9.9"), true),
        (other(2, "10.9.9.8"), true),
        (other(3, "10.0.0.1"), true),
        (Device { mac: None, ..other(4, "10.1.0.1") }, true),
        // The one that stands in for it has the same address on its other side.
        (other(5, "10.1.0.1"), false),
        (other(6, "10.0.0.9"), false),
    ];
    let devices = cases.iter().map(|(row, _)| row.clone()).collect();
    let analysis = Analysis { devices, ..Analysis::default() };
    let report = Reported { macs: [MAC, "00:53:00:00:00:02"].map(str::to_owned).into(), ..report() };
    for news in [true, false] {
        let once = joined(&analysis, &report, news);
        let twice = joined(&once, &report, news);
        for ((row, is_its), now) in cases.iter().zip(&twice.devices) {
            assert_eq!(now.model.is_some(), *is_its, "{row:?}");
        }
        let first = &twice.devices[0];
        assert_eq!((first.vendor.as_deref(), first.serial.as_deref()), (Some("Fortinet"), Some("S1")));
        assert_eq!((first.evidence.len(), first.names.as_slice()), (1, ["fw".to_owned()].as_slice()));
    }
}

#[test]
fn a_medical_device_stays_what_it_is() {
    let ct = Device {
        ips: vec!["10.0.0.1".to_owned()],
        role: Some("ct".to_owned()),
        vendor: Some("Example Medical".to_owned()),
        ..Device::default()
    };
    let analysis = Analysis { devices: vec![ct], ..Analysis::default() };
    let device = joined(&analysis, &report(), true).devices.remove(0);
    assert_eq!((device.role.as_deref(), device.vendor.as_deref()), (Some("ct"), Some("Example Medical")));
    assert_eq!(device.firmware.as_deref(), Some("v7.2.6"));
}

#[test]
fn a_box_that_no_wire_showed_gets_a_row_when_it_is_news() {
    let nothing = Analysis::default();
    assert!(joined(&nothing, &report(), false).devices.is_empty());
    let devices = joined(&nothing, &report(), true).devices;
    let [device] = devices.as_slice() else { panic!("{devices:?}") };
    assert_eq!(
        (device.mac.as_deref(), device.ips.as_slice()),
        (Some(MAC), ["10.0.0.1".to_owned()].as_slice())
    );
    let known = Place { mac: Some("00:53:00:00:00:77".to_owned()), vlan: Some(7), ..Place::default() };
    let mut analysis = Analysis::default();
    join(&mut analysis, [(&report(), &known, true)]);
    assert_eq!(analysis.devices[0].mac, known.mac, "it keeps the row that the ledger has");
}

#[test]
fn a_tunnel_joins_the_connection_that_it_is_and_phases_are_one() {
    let report = Reported {
        tunnels: vec![
            tunnel("203.0.113.9"),
            tunnel("203.0.113.9"),
            tunnel("203.0.113.10"),
            tunnel("10.1.0.1"),
        ],
        ..report()
    };
    let alone = joined(&Analysis::default(), &report, true);
    let peers: Vec<&str> = alone.connections.iter().map(|row| row.outside.ip.as_str()).collect();
    assert_eq!(peers, ["203.0.113.9", "203.0.113.10"], "its own address is no peer");
    let row = &alone.connections[0];
    assert_eq!((row.sessions, row.tunnel, row.inside.mac.as_deref()), (0, true, Some(MAC)));
    // The same on the wire, L2TP inside it, and something else with the same party.
    let seen = |service: &str| Connection {
        service: service.to_owned(),
        sessions: 3,
        evidence: Vec::new(),
        ..row.clone()
    };
    for (service, rows) in [("ipsec", 2), ("l2tp", 2), ("dns", 3)] {
        let analysis = Analysis { connections: vec![seen(service)], ..Analysis::default() };
        let joined = joined(&analysis, &report, true);
        assert_eq!(joined.connections.len(), rows, "{service}");
        let told = joined.connections[0].evidence.len();
        assert_eq!(told, usize::from(service != "dns"), "{service}");
    }
}

#[test]
fn a_tunnel_is_not_another_box_s_and_does_not_end_inside() {
    let inside = Device { ips: vec!["10.0.7.7".to_owned()], ..Device::default() };
    let report = Reported { tunnels: vec![tunnel("203.0.113.9"), tunnel("10.0.7.7")], ..report() };
    let mut other = joined(&Analysis::default(), &report, true).connections.remove(0);
    other.evidence.clear();
    other.exit = None;
    other.inside.ip = "10.0.0.2".to_owned();
    other.inside.mac = Some("00:53:00:00:00:99".to_owned());
    let analysis = Analysis { connections: vec![other], devices: vec![inside], ..Analysis::default() };
    let connections = joined(&analysis, &report, true).connections;
    let told: Vec<_> = connections.iter().map(|row| (row.inside.ip.as_str(), row.evidence.len())).collect();
    assert_eq!(told, [("10.0.0.2", 0), ("10.0.0.1", 1)]);
}

#[test]
fn a_tunnel_to_nobody_known_is_told_by_its_name() {
    let unknown =
        |name: Option<&str>| Tunnel { peer: None, name: name.map(str::to_owned), ..tunnel("203.0.113.9") };
    let tunnels = vec![unknown(Some("to-vendor")), unknown(Some("to-vendor")), unknown(None)];
    let report = Reported { tunnels, ..report() };
    let once = joined(&Analysis::default(), &report, true);
    let twice = joined(&once, &report, true).connections;
    let named: Vec<_> =
        twice.iter().map(|row| (row.outside.ip.as_str(), row.outside.name.as_deref())).collect();
    assert_eq!(named, [("", Some("1.3.6.1.4.1.32473.1.1.4")), ("", Some("to-vendor"))]);
}

#[test]
fn a_line_that_is_up_makes_an_exit_or_tells_that_of_one() {
    let line = |kind: &str, interface: &str| Line {
        kind: kind.to_owned(),
        interface: Some(interface.to_owned()),
        called: None,
        oid: "1.3.6.1.2.1.2.2.1.3.2".to_owned(),
        is_waiting: false,
    };
    let report = Reported { lines: vec![line("isdn", "BRI1"), line("ppp", "PP[01]")], ..report() };
    let exits = joined(&Analysis::default(), &report, true).exits;
    assert_eq!((exits[0].mac.as_str(), exits[0].line.as_deref()), (MAC, Some("isdn")));
    assert_eq!(exits[0].evidence.len(), 2);
    let known = ExitRow { mac: MAC.to_uppercase(), proofs: vec!["routes".to_owned()], ..ExitRow::default() };
    let exits = joined(&Analysis { exits: vec![known], ..Analysis::default() }, &report, true).exits;
    assert_eq!((exits.len(), exits[0].line.as_deref(), exits[0].proofs.len()), (1, Some("isdn"), 1));
    let without = Reported { mac: None, macs: BTreeSet::new(), ..report };
    let once = joined(&Analysis::default(), &without, true);
    let exits = joined(&once, &without, true).exits;
    assert_eq!((exits.len(), exits[0].mac.as_str()), (1, "10.0.0.1"), "where it tells none, its address");
}

#[test]
fn what_the_wire_showed_of_a_tunnel_before_holds_while_it_is_quiet() {
    let report = Reported { tunnels: vec![tunnel("203.0.113.9")], ..report() };
    let alone = joined(&Analysis::default(), &report, true).connections.remove(0);
    let seen = Connection {
        transport: "esp".to_owned(),
        port: 0,
        inside: Inside { ip: "10.0.0.200".to_owned(), ..Inside::default() }.into(),
        exit: Some(Exit { mac: MAC.to_owned(), ..Exit::default() }.into()),
        category: Some("system-maintenance".to_owned()),
        sessions: 4,
        bytes_in: 9,
        ..alone
    };
    let site = Site { tunnels: vec![seen.clone()], ..Site::default() };
    let mut analysis = Analysis::default();
    join(&mut analysis, [(&report, &place(&site, &report), true)]);
    let [row] = analysis.connections.as_slice() else { panic!("{:?}", analysis.connections) };
    assert_eq!(
        (&row.transport, row.port, &row.inside, &row.category),
        (&seen.transport, 0, &seen.inside, &seen.category)
    );
    assert_eq!((row.sessions, row.bytes_in), (0, 0), "nothing is counted twice");
}
