//! What each maker's output says is read.

use super::samples;
use crate::{Pasted, States, read};

fn only(text: &str) -> Pasted {
    let mut read = read(text);
    assert_eq!(read.len(), 1);
    read.remove(0)
}

/// Where each address was learnt: port, VLAN and the end of the hardware address.
fn learnt(pasted: &Pasted) -> Vec<String> {
    let row = |own: &sekisho_snmp::facts::Forwarding| {
        format!("{} {:?} {:02x}", port(pasted, own.if_index), own.vlan, own.mac[5])
    };
    pasted.facts.forwarding.iter().map(row).collect()
}

fn port(pasted: &Pasted, index: u32) -> String {
    pasted.facts.interfaces.iter().find(|port| port.index == index).unwrap().name.clone().unwrap()
}

fn resolved(pasted: &Pasted) -> Vec<String> {
    let row = |own: &sekisho_snmp::facts::Neighbour| {
        format!("{} {} {:02x}", port(pasted, own.if_index), own.address, own.mac[5])
    };
    pasted.facts.neighbours.iter().map(row).collect()
}

fn linked(pasted: &Pasted) -> Vec<String> {
    let row = |link: &sekisho_snmp::facts::Link| {
        let theirs = link.port.as_deref().unwrap_or("-");
        format!("{} {} {theirs}", port(pasted, link.local_port), link.name.as_deref().unwrap_or("-"))
    };
    pasted.facts.links.iter().map(row).collect()
}

fn addresses(pasted: &Pasted) -> Vec<String> {
    pasted.facts.addresses.iter().map(|own| format!("{}/{}", own.address, own.prefix.unwrap_or(0))).collect()
}

#[test]
fn every_maker_is_known_by_what_its_equipment_writes() {
    // (text, maker, vendor, model, firmware, serial, name, role)
    let cases = [
        (samples::YAMAHA, "yamaha", "Yamaha", "RTX830", "Rev.15.02.31", "M4B000001", "RTX830", "router"),
        (
            samples::CISCO,
            "cisco",
            "Cisco",
            "WS-C2960X-24TS-L",
            "15.2(7)E3",
            "FOC0000X001",
            "core01",
            "switch",
        ),
        (
            samples::ALAXALA,
            "alaxala",
            "AlaxalA",
            "AX2630S-24T4XW",
            "2.4",
            "EX24T0000000001",
            "ax01",
            "switch",
        ),
        (
            samples::APRESIA,
            "apresia",
            "APRESIA",
            "ApresiaNP2000-24T4X",
            "1.12.01",
            "A0000000001",
            "np01",
            "switch",
        ),
        (
            samples::ALLIED,
            "allied-telesis",
            "Allied Telesis",
            "x230-28GT",
            "5.4.8-0.1",
            "A04000000000001",
            "awplus",
            "switch",
        ),
        (samples::NEC_IX, "nec-ix", "NEC", "IX2106", "10.7.18", "", "ix01", "router"),
        (
            samples::FORTINET,
            "fortinet",
            "Fortinet",
            "FortiGate-60F",
            "v7.0.12,build0523,230606",
            "FGT60F0000000001",
            "fw01",
            "firewall",
        ),
    ];
    for (text, maker, vendor, model, firmware, serial, name, role) in cases {
        let pasted = only(text);
        assert_eq!(pasted.maker, Some(maker));
        let value = |states| pasted.value(states).unwrap_or_default();
        assert_eq!(value(States::Vendor), vendor);
        assert_eq!(value(States::Model), model, "{maker}");
        assert_eq!(value(States::Firmware), firmware, "{maker}");
        assert_eq!(value(States::Serial), serial, "{maker}");
        assert_eq!(value(States::Name), name, "{maker}");
        assert_eq!(pasted.role, Some(role), "{maker}");
    }
}

#[test]
fn a_statement_names_the_command_and_the_line_it_stands_on() {
    let pasted = only(samples::YAMAHA);
    let serial = pasted.told.iter().find(|told| told.states == States::Serial).unwrap();
    assert_eq!((serial.command.as_str(), serial.line), ("show environment", 5));
    let peer = pasted.told.iter().find(|told| told.states == States::Peer).unwrap();
    assert_eq!((peer.value.as_str(), peer.command.as_str()), ("203.0.113.9", "show config"));
}

#[test]
fn tables_are_facts_for_the_topology() {
    let yamaha = only(samples::YAMAHA);
    assert_eq!(resolved(&yamaha), ["LAN1 192.0.2.10 10", "LAN1 192.0.2.11 11"]);
    assert_eq!(addresses(&yamaha), ["192.0.2.1/24"]);
    let default = yamaha.facts.routes.iter().find(|route| route.prefix == 0).unwrap();
    assert_eq!(port(&yamaha, default.if_index.unwrap()), "PP[01]");
    assert_eq!(yamaha.facts.routes.iter().filter(|route| route.prefix == 24).count(), 2);
    assert_eq!(yamaha.macs().len(), 2);
    let cisco = only(samples::CISCO);
    assert_eq!(learnt(&cisco), ["Gi1/0/5 Some(10) 10", "Gi1/0/6 Some(20) 11"]);
    assert_eq!(resolved(&cisco), ["Vlan10 192.0.2.2 21", "Vlan10 192.0.2.10 10"]);
    assert_eq!(addresses(&cisco), ["192.0.2.2/24"]);
    let alaxala = only(samples::ALAXALA);
    assert_eq!(learnt(&alaxala), ["0/1 Some(10) 10", "0/2 Some(20) 11"]);
    assert_eq!(resolved(&alaxala), ["VLAN0010 192.0.2.10 10"]);
    assert_eq!(learnt(&only(samples::APRESIA)), ["Port1/0/1 Some(30) 10"]);
    let allied = only(samples::ALLIED);
    assert_eq!(learnt(&allied), ["port1.0.9 Some(10) 10"]);
    assert_eq!(resolved(&allied).len(), 1);
    assert_eq!(allied.facts.system.location.as_deref(), Some("3F EPS"));
    let nec = only(samples::NEC_IX);
    assert_eq!(resolved(&nec), ["GigaEthernet2.0 192.0.2.10 10"]);
    assert_eq!(addresses(&nec), ["192.0.2.1/24"]);
    let fortinet = only(samples::FORTINET);
    assert_eq!(resolved(&fortinet), ["internal 192.0.2.10 10"]);
    assert_eq!(addresses(&fortinet), ["192.0.2.1/24"]);
    assert_eq!(fortinet.facts.routes[0].next_hop, Some("203.0.113.1".parse().unwrap()));
    assert_eq!(fortinet.value(States::Peer), Some("203.0.113.9"));
}

#[test]
fn neighbours_are_read_from_blocks_and_from_tables() {
    assert_eq!(
        linked(&only(samples::CISCO)),
        [
            "GigabitEthernet1/0/1 sw02.example GigabitEthernet1/0/24",
            "GigabitEthernet1/0/2 rt01 GigabitEthernet0/0/0",
            "GigabitEthernet1/0/1 sw02 Gi1/0/24",
            "Gi1/0/3 a-very-long-name-of-a-switch Gi1/0/23",
        ]
    );
    let detail = only(samples::LLDP_DETAIL);
    assert_eq!(linked(&detail), ["Gi1/0/1 sw02.example Gi1/0/24", "Gi1/0/2 ap01 1"]);
    assert_eq!(detail.facts.links[0].chassis.as_deref(), Some("00:00:5e:00:53:02"));
    assert_eq!(detail.facts.links[0].address, Some("192.0.2.2".parse().unwrap()));
    assert_eq!(linked(&only(samples::ALAXALA)), ["0/25 core01 Gi1/0/9"]);
    assert_eq!(linked(&only(samples::ALLIED)), ["1.0.7 core01 Gi1/0/7"]);
}

#[test]
fn a_text_of_several_devices_is_taken_apart() {
    let text = [
        samples::CISCO,
        samples::YAMAHA,
        "core01#show arp\nInternet 192.0.2.77 1 0000.5e00.5377 ARPA Vlan10\n",
    ]
    .concat();
    let read = read(&text);
    assert_eq!(read.len(), 2);
    let cisco = read.iter().find(|pasted| pasted.maker == Some("cisco")).unwrap();
    assert_eq!(cisco.facts.neighbours.len(), 3, "what comes back to a device is added to it");
}

#[test]
fn tables_of_an_unknown_maker_are_read_and_nothing_is_said_of_it() {
    let pasted = only("box> show mac table\n10 00:00:5e:00:53:10 dynamic eth1\n");
    assert_eq!((pasted.maker, pasted.value(States::Vendor)), (None, None));
    assert_eq!(learnt(&pasted), ["eth1 Some(10) 10"]);
}
