//! Which end is inside, who owns an address, which row a relationship joins.

use sekisho_decode::{Addr, MacAddr};

use super::*;
use crate::ends::Ends;
use crate::locality::Locality;
use crate::owner::{DeviceKey, Owners};
use crate::relation::RelationKey;
use crate::station::Stations;

const CLIENT: u8 = 0x10;
const OTHER: u8 = 0x11;
const CORE: u8 = 0x01;
const FIREWALL: u8 = 0xfe;
const LTE: u8 = 0xfd;

fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

fn address(text: &str) -> Addr {
    text.parse::<IpAddr>().unwrap().into()
}

/// A relationship by its ends and the hardware addresses nearest to them.
fn relation(orig: &str, orig_mac: u8, resp: &str, resp_mac: u8) -> RelationKey {
    RelationKey {
        orig: address(orig),
        resp: address(resp),
        macs: [mac(orig_mac), mac(resp_mac)],
        protocol: 6,
        port: 443,
        service: None,
        names: [None; 2],
        exporter: None,
    }
}

/// Relationships of one conn each.
fn once(relations: &[RelationKey]) -> impl Iterator<Item = (&RelationKey, u64)> {
    relations.iter().map(|key| (key, 1))
}

/// Stations that said in ARP who they are.
fn stations(claims: &[(u8, &str)]) -> Stations {
    let mut stations = Stations::default();
    for (last, ip) in claims {
        let arp = Arp {
            operation: 1,
            sender_mac: mac(*last),
            sender_ip: address(ip),
            target_mac: MacAddr::ZERO,
            target_ip: address(ip),
        };
        stations.arp(0, &Link::default(), &arp);
    }
    stations
}

/// A client behind a core switch that stands on two links; a firewall and an LTE router beside it.
fn hospital() -> Stations {
    stations(&[
        (CLIENT, "10.1.1.10"),
        (CORE, "10.1.1.1"),
        (CORE, "10.1.9.1"),
        (FIREWALL, "10.1.9.254"),
        (LTE, "10.1.1.253"),
    ])
}

#[test]
fn private_space_is_inside_unless_only_an_exit_leads_there() {
    // (why, address, inside)
    let relations = [
        relation("10.1.1.10", CLIENT, "203.0.113.5", FIREWALL),
        relation("10.1.1.10", CLIENT, "10.200.1.9", FIREWALL),
        relation("10.1.1.10", CLIENT, "192.168.77.2", LTE),
        relation("10.1.1.10", CLIENT, "10.1.50.5", CORE),
        relation("10.1.1.10", CLIENT, "10.1.60.5", CORE),
        relation("10.1.1.10", CLIENT, "10.1.60.5", FIREWALL),
    ];
    let locality = Locality::decide(&[], &hospital(), &Ends::of(once(&relations)));
    let cases = [
        ("public", "203.0.113.5", false),
        ("private, only through the firewall", "10.200.1.9", false),
        ("private, only through an LTE router on the link", "192.168.77.2", false),
        ("private, through the core", "10.1.50.5", true),
        ("private, through the core as well", "10.1.60.5", true),
        ("beside the client", "10.1.1.99", true),
        ("never seen", "172.16.0.1", true),
    ];
    for (why, text, inside) in cases {
        assert_eq!(locality.is_inside(address(text)), inside, "{why}: {text}");
    }
    assert!(locality.assumed.iter().any(|line| line.prefix == "10.200.1.0/24" && !line.inside));
}

#[test]
fn an_ipv6_prefix_that_several_stations_use_is_inside_and_one_behind_a_router_is_not() {
    let stations = stations(&[(CLIENT, "10.1.1.10"), (OTHER, "10.1.1.11"), (LTE, "10.1.1.253")]);
    let relations = [
        relation("2001:db8:1::10", CLIENT, "2001:db8:ffff::1", LTE),
        relation("2001:db8:1::11", OTHER, "2001:db8:ffff::2", LTE),
    ];
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&relations)));
    assert!(locality.is_inside(address("2001:db8:1::99")));
    assert!(!locality.is_inside(address("2001:db8:ffff::1")));
}

#[test]
fn one_lost_copy_does_not_bring_a_closed_network_inside() {
    let far = relation("10.1.1.10", CLIENT, "10.200.1.9", FIREWALL);
    let lost = relation("10.1.1.10", CLIENT, "10.200.1.9", CORE);
    let locality = Locality::decide(&[], &hospital(), &Ends::of([(&far, 20), (&lost, 1)].into_iter()));
    assert!(!locality.is_inside(address("10.200.1.9")));
}

#[test]
fn who_answers_arp_for_a_public_address_does_not_bring_it_inside() {
    let mut stations = hospital();
    let reply = Arp {
        operation: 2,
        sender_mac: mac(FIREWALL),
        sender_ip: address("198.51.100.20"),
        target_mac: mac(CLIENT),
        target_ip: address("10.1.1.10"),
    };
    stations.arp(0, &Link::default(), &reply);
    let relations = [relation("10.1.1.10", CLIENT, "198.51.100.20", FIREWALL)];
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&relations)));
    assert!(!locality.is_inside(address("198.51.100.20")));
}

#[test]
fn devices_behind_a_router_are_not_one_device() {
    let stations = stations(&[(CORE, "10.0.255.1")]);
    let relations =
        ["10.0.1.5", "10.0.2.5", "10.0.3.5"].map(|device| relation(device, CORE, "203.0.113.5", FIREWALL));
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&relations)));
    let owners = Owners::of(&stations, &locality, &Ends::of(once(&relations)));
    for device in ["10.0.1.5", "10.0.2.5", "10.0.3.5"] {
        assert_eq!(owners.device(address(device)), DeviceKey::Address(address(device)));
    }
}

#[test]
fn one_gateway_alone_may_be_core_and_exit_so_private_space_stays_inside() {
    let stations = stations(&[(CLIENT, "10.1.1.10"), (FIREWALL, "10.1.1.254")]);
    let relations = [
        relation("10.1.1.10", CLIENT, "10.200.1.9", FIREWALL),
        relation("10.1.1.10", CLIENT, "203.0.113.5", FIREWALL),
    ];
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&relations)));
    assert!(locality.is_inside(address("10.200.1.9")));
}

#[test]
fn given_prefixes_are_exactly_what_is_inside() {
    let given = ["10.1.0.0/16".parse().unwrap()];
    let locality = Locality::decide(&given, &hospital(), &Ends::of(once(&[])));
    for (text, inside) in [("10.1.1.10", true), ("10.2.0.1", false), ("192.168.1.1", false)] {
        assert_eq!(locality.is_inside(address(text)), inside, "{text}");
    }
    assert_eq!(locality.assumed.len(), 1);
}

#[test]
fn a_public_address_that_a_station_claims_is_inside() {
    let stations = stations(&[(FIREWALL, "203.0.113.1")]);
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&[])));
    assert!(locality.is_inside(address("203.0.113.1")));
    assert!(!locality.is_inside(address("203.0.113.2")));
}

#[test]
fn who_only_answers_arp_has_a_public_address_where_its_neighbours_have_theirs() {
    let answers = |stations: &mut Stations, ip: &str| {
        let reply = Arp {
            operation: 2,
            sender_mac: mac(LTE),
            sender_ip: address(ip),
            target_mac: mac(CLIENT),
            target_ip: address("203.0.113.10"),
        };
        stations.arp(0, &Link::default(), &reply);
    };
    let neighbours = || stations(&[(CLIENT, "203.0.113.10")]);
    let mut stations = neighbours();
    answers(&mut stations, "203.0.113.20");
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&[])));
    assert!(locality.is_inside(address("203.0.113.20")));
    // For a far address only a router answers, and for several.
    let mut stations = neighbours();
    answers(&mut stations, "198.51.100.20");
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&[])));
    assert!(!locality.is_inside(address("198.51.100.20")));
    answers(&mut stations, "203.0.113.20");
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&[])));
    assert!(!locality.is_inside(address("203.0.113.20")));
}

#[test]
fn an_address_belongs_to_its_device_and_not_to_its_gateway() {
    let relations = [
        relation("10.1.1.10", CLIENT, "203.0.113.5", FIREWALL),
        relation("10.1.1.11", OTHER, "203.0.113.5", FIREWALL),
        relation("fd00::11", OTHER, "203.0.113.5", FIREWALL),
        relation("10.1.50.5", CORE, "203.0.113.5", FIREWALL),
    ];
    let stations = hospital();
    let locality = Locality::decide(&[], &stations, &Ends::of(once(&relations)));
    let owners = Owners::of(&stations, &locality, &Ends::of(once(&relations)));
    // (why, address, hardware address)
    let cases = [
        ("claimed", "10.1.1.10", Some(CLIENT)),
        ("never claimed, but alone on its hardware address", "10.1.1.11", Some(OTHER)),
        ("behind the core", "10.1.50.5", None),
        ("the core itself", "10.1.9.1", Some(CORE)),
    ];
    for (why, text, owner) in cases {
        assert_eq!(owners.mac(address(text)), owner.map(mac), "{why}");
    }
    assert_eq!(owners.device(address("10.1.50.5")), DeviceKey::Address(address("10.1.50.5")));
}

#[test]
fn an_address_that_goes_on_belongs_to_who_claimed_it_last() {
    let of = |claims: &[(u8, &str)]| {
        let stations = stations(claims);
        let locality = Locality::decide(&[], &stations, &Ends::of(once(&[])));
        Owners::of(&stations, &locality, &Ends::of(once(&[])))
    };
    let lease = [(CLIENT, "10.1.1.10"), (OTHER, "10.1.1.10")];
    assert_eq!(of(&lease).mac(address("10.1.1.10")), Some(mac(OTHER)));
    let back = [lease[1], lease[0]];
    assert_eq!(of(&back).mac(address("10.1.1.10")), Some(mac(CLIENT)));
}

#[test]
fn a_host_field_gives_a_name_or_nothing() {
    // (field, name)
    let cases = [
        ("his.example", Some("his.example")),
        ("HIS.Example.:8080", Some("his.example")),
        ("192.0.2.1", None),
        ("192.0.2.1:8080", None),
        ("[2001:db8::1]:443", None),
        ("", None),
    ];
    for (field, name) in cases {
        assert_eq!(host(field).as_deref(), name, "{field:?}");
    }
}

#[test]
fn a_conn_takes_four_cache_lines() {
    // A million conns at once are a scan; at 384 bytes each they would not leave room for anything else.
    assert_eq!(size_of::<sekisho_track::Conn<crate::Extra>>(), 256);
}
