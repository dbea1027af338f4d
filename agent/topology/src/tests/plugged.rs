//! Devices: several at one port that are no switch, and those behind equipment that was not read.

use sekisho_api::{Announced, Mac, NodeKind};

use super::lab::{Lab, links, place};
use crate::topology;

fn with_two(one: &str, other: &str) -> Lab {
    let (one, other) = (format!("{one}:0"), format!("{other}:0"));
    Lab::new(&[("sw1:1", "hub1:1"), ("hub1:2", &one), ("hub1:3", &other), ("sw1:5", "pacs:0")])
}

#[test]
fn a_pc_behind_a_telephone_needs_no_switch() {
    let lab = with_two("tel1", "pc1");
    let topology = topology(&lab.all(false), &[lab.device("tel1", "phone")], &[]);
    assert!(topology.nodes.iter().all(|node| node.kind == NodeKind::Read));
    assert_eq!(place(&lab, &topology, "pc1").as_deref(), Some("sw1 ge1"));
}

#[test]
fn virtual_machines_are_in_the_machine_that_is_plugged_in() {
    let lab = with_two("host", "vm1");
    let mut said = lab.all(false);
    for learnt in said.iter_mut().flat_map(|said| &mut said.learnt) {
        for mac in learnt.macs.iter_mut().filter(|mac| **mac == lab.mac("vm1", 0)) {
            *mac = Mac([0x52, 0x54, 0x00, 0x00, 0x53, 0x01]);
        }
    }
    let topology = topology(&said, &[], &[]);
    assert!(topology.nodes.iter().all(|node| node.kind == NodeKind::Read));
    assert_eq!(topology.attachments.len(), 3);
}

#[test]
fn who_is_on_the_air_behind_an_access_point_is_behind_it() {
    let lab = with_two("ap1", "pc1");
    let mut said = lab.all(false);
    let mut ap = lab.says("sw1", false);
    ap.learnt.clear();
    (ap.name, ap.role) = (Some("ap1".to_owned()), Some("access-point".to_owned()));
    ap.ports.truncate(1);
    ap.ports[0].mac = Some(lab.mac("ap1", 0));
    said.push(ap);
    let topology = topology(&said, &[], &[]);
    assert_eq!(links(&topology), ["ap1:1 sw1:1"]);
    assert_eq!(place(&lab, &topology, "pc1").as_deref(), Some("ap1 ge1"));
}

#[test]
fn a_telephone_that_announces_itself_is_a_device_and_no_switch() {
    let lab = Lab::new(&[("sw1:1", "tel1:0"), ("sw1:5", "pacs:0")]);
    let mut said = lab.all(true);
    said[0].announced.push(Announced {
        by: "lldp".to_owned(),
        port: Some(1),
        chassis: Some(lab.mac("tel1", 0).to_string()),
        descr: Some("Example IP Phone 100".to_owned()),
        ..Announced::default()
    });
    let topology = topology(&said, &[], &[]);
    assert_eq!((topology.nodes.len(), topology.links.len()), (1, 0));
    assert_eq!(place(&lab, &topology, "tel1").as_deref(), Some("sw1 ge1"));
}

#[test]
fn a_device_that_its_own_switch_forgot_is_somewhere_behind_it() {
    let lab = Lab::new(&[("sw1:1", "sw2:24"), ("sw1:5", "pacs:0"), ("sw2:1", "pc1:0"), ("sw2:2", "pc2:0")]);
    let mut said = lab.all(true);
    for learnt in &mut said[1].learnt {
        learnt.macs.retain(|mac| *mac != lab.mac("pc1", 0));
    }
    let topology = topology(&said, &[], &[]);
    assert_eq!(place(&lab, &topology, "pc1").as_deref(), Some("sw2 -"));
}

#[test]
fn the_address_that_two_routers_share_is_no_device() {
    let lab = Lab::new(&[("sw1:1", "r1:1"), ("sw1:5", "pacs:0")]);
    let mut said = lab.all(false);
    for learnt in said.iter_mut().flat_map(|said| &mut said.learnt).filter(|learnt| learnt.port == 1) {
        learnt.macs.push(Mac([0x00, 0x00, 0x5e, 0x00, 0x01, 0x0a]));
    }
    let topology = topology(&said, &[], &[]);
    assert_eq!(links(&topology), ["r1:1 sw1:1"]);
    assert_eq!(topology.attachments.len(), 1);
}

#[test]
fn a_thousand_ports_of_junk_end_in_bounds() {
    let lab = Lab::new(&[("sw1:1", "sw2:24"), ("sw1:5", "pacs:0"), ("sw2:1", "pc1:0")]);
    let mut said = lab.all(true);
    for number in 0..40_000_u32 {
        let [a, b, c, d] = number.to_be_bytes();
        said[0].learnt.push(sekisho_api::Learnt {
            port: number % 50,
            vlan: None,
            macs: vec![Mac([2, 0, a, b, c, d])],
        });
    }
    for number in 0..3_000_u32 {
        said[1].announced.push(Announced {
            by: "lldp".to_owned(),
            port: Some(number),
            name: Some(number.to_string()),
            ..Announced::default()
        });
    }
    let topology = topology(&said, &[], &[]);
    assert!(topology.cut_off > 7_000, "{}", topology.cut_off);
    assert!(topology.attachments.len() <= crate::MAX_LEARNT);
}
