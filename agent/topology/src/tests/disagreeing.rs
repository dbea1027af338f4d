//! Tables that contradict each other, and announcements that went too far.

use sekisho_api::{Announced, NodeKind, Snapshot};

use super::lab::{Lab, at, links, place};
use crate::topology;

fn of<'s>(said: &'s mut [Snapshot], name: &str) -> &'s mut Snapshot {
    said.iter_mut().find(|said| said.name.as_deref() == Some(name)).unwrap()
}

#[test]
fn a_device_is_where_the_latest_table_has_it() {
    let lab = Lab::new(&[("sw1:1", "sw2:24"), ("sw1:5", "pacs:0"), ("sw2:1", "pc1:0"), ("sw2:2", "pc2:0")]);
    let mut said = lab.all(true);
    // Two days ago the notebook stood at the other switch.
    let old = of(&mut said, "sw1");
    old.at = at(-48);
    for learnt in &mut old.learnt {
        learnt.macs.retain(|mac| *mac != lab.mac("pc1", 0));
    }
    let mut moved = old.learnt.first().unwrap().clone();
    (moved.port, moved.macs) = (9, vec![lab.mac("pc1", 0)]);
    old.learnt.push(moved);
    let topology = topology(&said, &[], &[]);
    assert_eq!(place(&lab, &topology, "pc1").as_deref(), Some("sw2 ge1"));
    assert_eq!(links(&topology), ["sw1:1 sw2:24"]);
}

#[test]
fn tables_of_different_days_invent_no_switch_between_them() {
    let lab = Lab::new(&[("sw1:1", "sw2:24"), ("sw1:5", "pacs:0"), ("sw2:1", "pc1:0"), ("sw1:6", "pc2:0")]);
    let mut said = lab.all(false);
    // When the first was read, the PC was behind the second, and the other way round.
    of(&mut said, "sw1").at = at(-48);
    for (switch, port) in [("sw1", 1), ("sw2", 24)] {
        let moved = [lab.mac("pc1", 0), lab.mac("pc2", 0)];
        for learnt in &mut of(&mut said, switch).learnt {
            learnt.macs.retain(|mac| !moved.contains(mac));
            if learnt.port == port {
                learnt.macs.extend(moved);
            }
        }
    }
    let topology = topology(&said, &[], &[]);
    assert_eq!(links(&topology), ["sw1:1 sw2:24"]);
    assert!(topology.nodes.iter().all(|node| node.kind == NodeKind::Read));
}

#[test]
fn an_old_announcement_gives_way_to_what_the_other_end_hears_now() {
    let before = Lab::new(&[("sw1:1", "sw2:24"), ("sw3:1", "pc:0")]);
    let now = Lab::new(&[("sw3:1", "sw2:24"), ("sw1:2", "pc:0")]);
    let (mut old, mut said) = (before.says("sw1", true), vec![now.says("sw2", true), now.says("sw3", true)]);
    old.at = at(-48);
    old.learnt.clear();
    for said in &mut said {
        said.learnt.clear();
    }
    said.push(old);
    assert_eq!(links(&topology(&said, &[], &[])), ["sw2:24 sw3:1"]);
}

#[test]
fn cdp_that_went_through_a_switch_without_it_is_no_link() {
    let lab = Lab::new(&[("sw1:1", "sw2:1"), ("sw2:2", "sw3:1"), ("sw1:5", "pacs:0"), ("sw3:5", "pc:0")]);
    let cdp = |name: &str| Announced {
        by: "cdp".to_owned(),
        port: Some(1),
        name: Some(format!("{name}.example")),
        chassis: Some(format!("{name}.example")),
        remote_port: Some("ge1".to_owned()),
        ..Announced::default()
    };
    // The one in the midst speaks LLDP, or nothing.
    for lldp in [true, false] {
        let mut said = lab.all(lldp);
        of(&mut said, "sw1").announced.push(cdp("sw3"));
        of(&mut said, "sw3").announced.push(cdp("sw1"));
        assert_eq!(links(&topology(&said, &[], &[])), ["sw1:1 sw2:1", "sw2:2 sw3:1"], "LLDP {lldp}");
    }
}

#[test]
fn a_ring_with_a_blocked_link_keeps_what_is_announced() {
    let tree = Lab::new(&[("sw1:1", "sw2:1"), ("sw2:2", "sw3:1"), ("sw1:9", "pacs:0"), ("sw3:9", "pc:0")]);
    let mut said = tree.all(true);
    let heard = |port, other: &str, theirs: u32| Announced {
        by: "lldp".to_owned(),
        port: Some(port),
        chassis: Some(tree.mac(other, theirs).to_string()),
        remote_port: Some(format!("ge{theirs}")),
        ..Announced::default()
    };
    let port =
        |index: u32| sekisho_api::Port { index, name: Some(format!("ge{index}")), ..Default::default() };
    of(&mut said, "sw1").announced.push(heard(2, "sw3", 2));
    of(&mut said, "sw1").ports.push(port(2));
    of(&mut said, "sw3").announced.push(heard(2, "sw1", 2));
    of(&mut said, "sw3").ports.push(port(2));
    assert_eq!(links(&topology(&said, &[], &[])), ["sw1:1 sw2:1", "sw1:2 sw3:2", "sw2:2 sw3:1"]);
}

#[test]
fn an_address_that_two_boxes_have_names_neither() {
    let lab = Lab::new(&[("sw1:1", "sw2:24"), ("sw1:5", "pacs:0"), ("sw2:1", "pc:0")]);
    let mut said = lab.all(true);
    let loopback = |snapshot: &mut Snapshot, ip: &str| {
        snapshot.addresses.push(sekisho_api::OwnAddress {
            port: 1,
            ip: ip.parse().unwrap(),
            prefix: Some(8),
        });
    };
    for snapshot in &mut said {
        loopback(snapshot, "127.0.0.1");
        loopback(snapshot, "192.168.0.1");
    }
    let topology = topology(&said, &[], &[]);
    assert_eq!(topology.nodes.len(), 2);
    assert_eq!(links(&topology), ["sw1:1 sw2:24"]);
}
