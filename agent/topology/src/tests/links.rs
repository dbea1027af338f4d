//! Links between equipment.

use sekisho_api::{LinkSource, NodeKind, Port, Topology};

use super::lab::{Lab, links, place};
use crate::topology;

/// Three switches, two routers, one switch that nobody manages.
fn hospital() -> Lab {
    Lab::new(&[
        ("sw1:1", "sw2:24"),
        ("sw1:2", "sw3:24"),
        ("sw1:3", "r1:1"),
        ("sw3:5", "r2:1"),
        ("sw2:7", "hub1:1"),
        ("hub1:2", "ct01:0"),
        ("hub1:3", "mr01:0"),
        ("sw1:10", "pacs:0"),
        ("sw2:1", "pc1:0"),
        ("sw3:1", "pc2:0"),
    ])
}

const WIRED: &[&str] = &["? sw2:7", "r1:1 sw1:3", "r2:1 sw3:5", "sw1:1 sw2:24", "sw1:2 sw3:24"];

fn hubs(topology: &Topology) -> usize {
    topology.nodes.iter().filter(|node| node.kind == NodeKind::Unmanaged).count()
}

#[test]
fn three_switches_two_routers_and_an_unmanaged_one_are_wired_as_they_are() {
    let lab = hospital();
    for lldp in [true, false] {
        let topology = topology(&lab.all(lldp), &[], &[]);
        assert_eq!(links(&topology), WIRED, "LLDP {lldp}");
        assert_eq!(hubs(&topology), 1);
        for (device, expected) in [
            ("ct01", "? ge7"),
            ("mr01", "? ge7"),
            ("pacs", "sw1 ge10"),
            ("pc1", "sw2 ge1"),
            ("pc2", "sw3 ge1"),
        ] {
            assert_eq!(place(&lab, &topology, device).as_deref(), Some(expected), "LLDP {lldp}: {device}");
        }
        assert_eq!(topology.attachments.len(), 5);
        assert_eq!(topology.cut_off, 0);
    }
}

#[test]
fn every_link_says_what_it_rests_on_how_sure_it_is_and_when_it_was_seen() {
    let lab = hospital();
    let told = topology(&lab.all(true), &[], &[]);
    let inferred = topology(&lab.all(false), &[], &[]);
    for link in told.links.iter().chain(&inferred.links) {
        assert_eq!(link.last_seen, Some(super::lab::at(0)));
        assert!((50..=95).contains(&link.confidence), "{link:?}");
    }
    let of = |topology: &Topology, source| topology.links.iter().filter(|link| link.source == source).count();
    assert_eq!((of(&told, LinkSource::Lldp), of(&told, LinkSource::Shared)), (4, 1));
    assert_eq!((of(&inferred, LinkSource::Forwarding), of(&inferred, LinkSource::Shared)), (4, 1));
}

#[test]
fn a_switch_without_lldp_is_found_in_the_tables_of_the_others() {
    let lab = hospital();
    let mut said = lab.all(true);
    for snapshot in &mut said {
        if snapshot.name.as_deref() == Some("sw3") {
            snapshot.announced.clear();
        }
        snapshot.announced.retain(|neighbour| neighbour.name.as_deref() != Some("sw3"));
    }
    assert_eq!(links(&topology(&said, &[], &[])), WIRED);
}

#[test]
fn a_switch_that_was_never_asked_is_known_by_its_announcement() {
    let lab = hospital();
    let said: Vec<_> = lab.all(true).into_iter().filter(|said| said.name.as_deref() != Some("sw2")).collect();
    let topology = topology(&said, &[], &[]);
    assert_eq!(links(&topology), ["r1:1 sw1:3", "r2:1 sw3:5", "sw1:1 sw2:24", "sw1:2 sw3:24"]);
    let sw2 = topology.nodes.iter().find(|node| node.name.as_deref() == Some("sw2")).unwrap();
    assert_eq!(sw2.kind, NodeKind::Announced);
    assert_eq!(place(&lab, &topology, "pc1").as_deref(), Some("sw2 ge1"), "behind it, by the port of sw1");
}

#[test]
fn two_switches_behind_one_that_nobody_manages_are_not_linked_to_each_other() {
    let lab = Lab::new(&[
        ("sw1:1", "hub1:1"),
        ("hub1:2", "sw2:24"),
        ("hub1:3", "sw3:24"),
        ("hub1:4", "pc0:0"),
        ("sw1:5", "pacs:0"),
        ("sw2:1", "pc1:0"),
        ("sw3:1", "pc2:0"),
    ]);
    // Small switches let LLDP through or not.
    for lldp in [true, false] {
        let topology = topology(&lab.all(lldp), &[], &[]);
        assert_eq!(links(&topology), ["? sw1:1", "? sw2:24", "? sw3:24"], "LLDP {lldp}");
        assert_eq!(place(&lab, &topology, "pc1").as_deref(), Some("sw2 ge1"));
    }
    let topology = topology(&lab.all(false), &[], &[]);
    assert_eq!(place(&lab, &topology, "pc0").as_deref(), Some("? ge1"));
}

#[test]
fn a_switch_in_the_midst_of_a_wire_shows_by_the_device_that_both_have_there() {
    let lab = Lab::new(&[
        ("sw1:1", "hub1:1"),
        ("hub1:2", "sw2:24"),
        ("hub1:3", "pc0:0"),
        ("hub1:4", "pc9:0"),
        ("sw1:5", "pacs:0"),
        ("sw2:1", "pc1:0"),
    ]);
    let topology = topology(&lab.all(false), &[], &[]);
    assert_eq!(links(&topology), ["? sw1:1", "? sw2:24"]);
    assert_eq!(place(&lab, &topology, "pc0").as_deref(), Some("? ge1"));
}

#[test]
fn a_chain_of_switches_is_a_chain() {
    let lab = Lab::new(&[
        ("sw1:1", "sw2:1"),
        ("sw2:2", "sw3:1"),
        ("sw3:2", "sw4:1"),
        ("sw4:2", "sw5:1"),
        ("sw1:9", "pc1:0"),
        ("sw5:9", "pc5:0"),
    ]);
    for lldp in [true, false] {
        let topology = topology(&lab.all(lldp), &[], &[]);
        assert_eq!(links(&topology), ["sw1:1 sw2:1", "sw2:2 sw3:1", "sw3:2 sw4:1", "sw4:2 sw5:1"], "{lldp}");
    }
}

#[test]
fn switches_that_never_heard_each_other_are_related_by_what_both_know() {
    let lab = hospital();
    let mut said = lab.all(false);
    // Switches send next to nothing: only the core has learnt the others.
    let switches: Vec<_> = ["sw1", "sw2", "sw3"].map(|name| lab.mac(name, 0)).into();
    for snapshot in said.iter_mut().filter(|said| said.name.as_deref() != Some("sw1")) {
        for learnt in &mut snapshot.learnt {
            learnt.macs.retain(|mac| !switches.contains(mac));
        }
    }
    assert_eq!(links(&topology(&said, &[], &[])), WIRED);
}

#[test]
fn the_wires_of_an_aggregate_are_its_links_and_its_table_adds_none() {
    let lab = Lab::new(&[("sw1:1", "sw2:1"), ("sw1:2", "sw2:2"), ("sw1:5", "pacs:0"), ("sw2:5", "pc1:0")]);
    let mut said = lab.all(true);
    for snapshot in &mut said {
        snapshot.ports.push(Port {
            index: 1001,
            name: Some("Po1".to_owned()),
            kind: Some(161),
            up: true,
            ..Port::default()
        });
        // Learnt at the aggregate, announced at its wires.
        for learnt in snapshot.learnt.iter_mut().filter(|learnt| learnt.port < 5) {
            learnt.port = 1001;
        }
    }
    let topology = topology(&said, &[], &[]);
    assert_eq!(links(&topology), ["sw1:1 sw2:1", "sw1:2 sw2:2"]);
    assert_eq!(hubs(&topology), 0);
    assert_eq!(place(&lab, &topology, "pacs").as_deref(), Some("sw1 ge5"));
    assert_eq!(place(&lab, &topology, "pc1").as_deref(), Some("sw2 ge5"));
}

#[test]
fn an_aggregate_without_announcements_is_one_link() {
    let lab = Lab::new(&[("sw1:1", "sw2:1"), ("sw1:5", "pacs:0"), ("sw2:5", "pc1:0")]);
    let mut said = lab.all(false);
    for snapshot in &mut said {
        if let Some(port) = snapshot.ports.iter_mut().find(|port| port.index == 1) {
            (port.name, port.kind) = (Some("Po1".to_owned()), Some(161));
        }
    }
    let topology = topology(&said, &[], &[]);
    assert_eq!(links(&topology), ["sw1:Po1 sw2:Po1"]);
    assert_eq!(hubs(&topology), 0);
}

#[test]
fn the_order_in_which_boxes_were_asked_changes_nothing() {
    let lab = hospital();
    let mut said = lab.all(true);
    let first = topology(&said, &[], &[]);
    said.reverse();
    assert_eq!(topology(&said, &[], &[]), first);
}
