//! Subnets, who routes them, and the ways out; facts of SNMP to snapshots.

use sekisho_api::{OwnAddress, Port, Resolved, RouteTo, Snapshot};
use sekisho_snmp::facts::{Facts, Forwarding, Interface, Link, LinkProtocol, LocalPort, System};

use super::lab::{Lab, at};
use crate::{Identity, snapshot, topology};

fn core() -> Snapshot {
    let own = |port, ip: &str| OwnAddress { port, ip: ip.parse().unwrap(), prefix: Some(24) };
    let port = |index, name: &str| Port { index, name: Some(name.to_owned()), up: true, ..Port::default() };
    Snapshot {
        at: at(0),
        name: Some("core".to_owned()),
        role: Some("switch".to_owned()),
        ports: vec![
            port(10, "Vlan10"),
            port(20, "vlan 20"),
            Port { line: Some("lte".to_owned()), ..port(30, "cellular0") },
        ],
        addresses: vec![own(10, "192.0.2.1"), own(20, "198.51.100.1"), own(1, "127.0.0.1")],
        routes: vec![RouteTo {
            ip: "0.0.0.0".parse().unwrap(),
            prefix: 0,
            via: Some("198.51.100.254".parse().unwrap()),
            port: Some(20),
        }],
        resolved: vec![Resolved {
            port: 20,
            ip: "198.51.100.254".parse().unwrap(),
            mac: "00:00:5e:00:53:fe".parse().unwrap(),
        }],
        ..Snapshot::default()
    }
}

#[test]
fn subnets_have_their_vlan_their_router_and_the_way_out_its_hop() {
    let access = Snapshot {
        name: Some("access".to_owned()),
        addresses: vec![OwnAddress { port: 1, ip: "192.0.2.2".parse().unwrap(), prefix: Some(24) }],
        ..core()
    };
    let access = Snapshot { routes: Vec::new(), ..access };
    let topology = topology(&[core(), access], &[], &[]);
    let subnets: Vec<_> = topology
        .subnets
        .iter()
        .map(|subnet| (subnet.prefix.as_str(), subnet.vlan, subnet.routers.len()))
        .collect();
    assert_eq!(subnets, [("192.0.2.0/24", Some(10), 1), ("198.51.100.0/24", Some(20), 1)]);
    let out = topology.ways_out.iter().find(|way| way.prefix.is_some()).unwrap();
    assert_eq!(out.mac.unwrap().to_string(), "00:00:5e:00:53:fe");
    let lines = topology.ways_out.iter().filter(|way| way.line.as_deref() == Some("lte"));
    assert_eq!(lines.count(), 2, "an interface that is a line is a way out whatever routes say");
}

#[test]
fn one_box_asked_over_snmp_and_by_text_is_one_node() {
    let lab = Lab::new(&[("sw1:1", "pc:0"), ("sw1:2", "pacs:0")]);
    let mut snmp = lab.says("sw1", true);
    snmp.addresses = vec![OwnAddress { port: 1, ip: "192.0.2.9".parse().unwrap(), prefix: Some(24) }];
    let text = Snapshot {
        at: at(5),
        by: "text".to_owned(),
        name: Some("sw1".to_owned()),
        serial: Some("X0000001".to_owned()),
        ports: vec![Port { index: 7, name: Some("GE 2".to_owned()), up: true, ..Port::default() }],
        ..Snapshot::default()
    };
    let topology = topology(&[snmp, text], &[], &[]);
    assert_eq!(topology.nodes.len(), 1);
    assert_eq!(topology.nodes[0].last_seen, Some(at(5)));
    let ports: Vec<_> = topology.attachments.iter().map(|place| place.port.clone().unwrap()).collect();
    assert_eq!(ports.len(), 2);
    assert!(ports.contains(&"ge1".to_owned()) && ports.contains(&"GE 2".to_owned()), "{ports:?}");
}

#[test]
fn facts_of_snmp_become_a_snapshot_with_the_ports_that_lldp_numbers() {
    let interface = |index, name: &str| Interface {
        index,
        name: Some(name.to_owned()),
        is_up: true,
        ..Interface::default()
    };
    let facts = Facts {
        system: System { name: Some("sw1".to_owned()), services: Some(2), ..System::default() },
        interfaces: vec![interface(101, "ge1"), interface(102, "ge2")],
        forwarding: vec![Forwarding { vlan: Some(5), mac: [0, 0, 0x5e, 0, 0x53, 9], if_index: 102 }],
        local_ports: vec![LocalPort { number: 1, id: Some("ge1".to_owned()), descr: None }],
        links: vec![Link {
            protocol: LinkProtocol::Lldp,
            local_port: 1,
            chassis: Some("00:00:5e:00:53:01".to_owned()),
            port: Some("24".to_owned()),
            port_descr: None,
            name: Some("sw2".to_owned()),
            descr: Some("x".repeat(5_000)),
            address: None,
        }],
        ..Facts::default()
    };
    let said = snapshot(&facts, Identity { by: "snmp".to_owned(), ..Identity::default() }, at(0));
    assert_eq!(said.announced[0].port, Some(101));
    assert!(said.announced[0].descr.as_ref().unwrap().len() < 200);
    assert_eq!((said.learnt[0].port, said.learnt[0].vlan), (102, Some(5)));
    assert_eq!(said.bridges, Some(true));
}
