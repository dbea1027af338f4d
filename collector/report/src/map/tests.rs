//! Maps of made-up hospitals: what must be on them, that nothing lies over anything else, that no name is markup.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use sekisho_api::{
    Analysis, Attachment, Connection, Device, End, Exit, ExitRow, Gateway, Initiator, Inside, Link,
    LinkSource, Mac, Node, NodeKind, Outside, Subnet, Topology,
};

use super::layout::{WIDTH, scene};
use super::scene::{Look, Place};
use super::{MapOf, Plan};
use crate::text::Lang;

const HOSTILE: &str = "</text><script>alert(1)</script>'\"&\u{202e}\u{0}\u{ffff}";

fn mac(number: u32) -> Mac {
    let [_, _, a, b] = number.to_be_bytes();
    Mac([0x02, 0x00, 0x5e, 0x53, a, b])
}

fn connection(number: i64, device: u32, exit: u32, service: &str, tunnel: bool) -> Connection {
    Connection {
        number: Some(number),
        service: service.to_owned(),
        transport: "udp".to_owned(),
        port: 500,
        endpoints: Vec::new(),
        initiator: Initiator::Inside,
        inside: Inside {
            ip: format!("10.1.0.{device}"),
            mac: Some(mac(device).to_string()),
            ..Inside::default()
        }
        .into(),
        outside: Outside {
            ip: "198.51.100.7".to_owned(),
            name: Some(HOSTILE.to_owned()),
            ..Outside::default()
        },
        exit: Some(Exit { mac: mac(exit).to_string(), ..Exit::default() }.into()),
        tunnel,
        category: Some("modality-maintenance".to_owned()),
        status: "unregistered".to_owned(),
        registration: None,
        first_seen: jiff::Timestamp::UNIX_EPOCH,
        last_seen: jiff::Timestamp::UNIX_EPOCH,
        sessions: 1,
        bytes_out: 1,
        bytes_in: 1,
        hours: sekisho_api::ByHour::default(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: Vec::new(),
    }
}

/// A hospital with so many devices, twenty VLANs, forty switches and eight exits.
fn hospital(devices: u32) -> (Analysis, Topology) {
    let roles = ["pc", "pc", "pc", "ct", "printer", "pc", "analyzer", "phone"];
    let device = |number: u32| Device {
        ips: vec![format!("10.1.{}.{}", number % 20, number / 20 + 1)],
        mac: Some(mac(number).to_string()),
        vlan: Some(10 + (number % 20) as u16),
        names: vec![format!("host{number:03}")],
        role: roles.get(number as usize % 9).map(|role| (*role).to_owned()),
        ..Device::default()
    };
    let exit = |number: u32| ExitRow {
        mac: mac(9_000 + number).to_string(),
        ip: Some(format!("10.1.0.{}", 250 - number)),
        vendor: Some("Example Networks".to_owned()),
        line: number.is_multiple_of(2).then(|| "lte".to_owned()),
        registered: number == 3,
        ..ExitRow::default()
    };
    let analysis = Analysis {
        devices: (0..devices).map(device).collect(),
        exits: (0..8).map(exit).collect(),
        connections: (0..24_u32)
            .map(|own| {
                let tunnel = !own.is_multiple_of(3);
                connection(i64::from(own) + 1, own * 3 % devices, 9_000 + own % 8, "ipsec", tunnel)
            })
            .collect(),
        ..Analysis::default()
    };
    (analysis, wired(devices))
}

/// A core with eight switches, each with four more; one link that closes a ring; a hub.
fn wired(devices: u32) -> Topology {
    let node = |number: u32, kind, name: Option<String>| Node {
        key: format!("mac:{}", mac(8_000 + number)),
        kind,
        name,
        role: Some("switch".to_owned()),
        model: Some("EX-24".to_owned()),
        macs: vec![mac(8_000 + number)],
        ..Node::default()
    };
    let mut nodes: Vec<Node> =
        (0..41).map(|number| node(number, NodeKind::Read, Some(format!("sw{number:02}")))).collect();
    nodes.push(node(41, NodeKind::Announced, Some(HOSTILE.to_owned())));
    nodes.push(node(42, NodeKind::Unmanaged, None));
    let end = |number: u32, port: u32| End {
        node: format!("mac:{}", mac(8_000 + number)),
        port: Some(format!("Gi1/0/{port}")),
    };
    let link = |a: End, b: End, source| Link { a, b, source, confidence: 90, last_seen: None, mark: None };
    let mut links: Vec<Link> = (1..9).map(|own| link(end(0, own), end(own, 24), LinkSource::Lldp)).collect();
    links.extend((9..41).map(|own| link(end(1 + (own - 9) / 4, own), end(own, 24), LinkSource::Forwarding)));
    links.push(link(end(9, 23), end(10, 23), LinkSource::Lldp));
    links.push(link(end(2, 20), end(41, 1), LinkSource::Cdp));
    links.push(link(end(11, 7), end(42, 0), LinkSource::Shared));
    let attachments = (0..devices).map(|number| Attachment {
        mac: mac(number),
        node: format!("mac:{}", mac(8_009 + number % 32)),
        switch: format!("mac:{}", mac(8_009 + number % 32)),
        port: Some(format!("Gi1/0/{}", number % 20 + 1)),
        vlan: None,
        source: LinkSource::Forwarding,
        confidence: 90,
        last_seen: None,
    });
    let core = format!("mac:{}", mac(8_000));
    let gateway = |third: u32| Gateway {
        node: core.clone(),
        ip: format!("10.1.{third}.254").parse().unwrap(),
        port: Some(format!("Vlan{}", third + 10)),
    };
    let subnet = |third: u32| Subnet {
        prefix: format!("10.1.{third}.0/24"),
        vlan: Some(third + 10),
        routers: vec![gateway(third)],
    };
    Topology {
        nodes,
        links,
        attachments: attachments.collect(),
        subnets: (0..20).map(subnet).collect(),
        ..Topology::default()
    }
}

fn overlap(a: Place, b: Place) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

#[test]
fn nothing_lies_over_anything_else_nor_beyond_the_page() {
    for (devices, wired) in [(0, false), (3, true), (68, false), (500, true)] {
        let (analysis, topology) = hospital(devices.max(1));
        let topology = if wired { topology } else { Topology::default() };
        let of = MapOf { site: "港", analysis: &analysis, topology: &topology };
        let scene = scene(&Plan::new(of, Lang::Ja), of, Lang::Ja, &TimeZone::UTC);
        for (place, shape) in scene.shapes.iter().enumerate() {
            let at = shape.at;
            assert!(at.x >= 0.0 && at.x + at.width <= WIDTH && at.y + at.height <= scene.height, "{shape:?}");
            for other in scene.shapes.iter().skip(place + 1) {
                let words = [shape.look, other.look].contains(&Look::Words);
                assert!(words || !overlap(at, other.at), "{devices}: {shape:?} {other:?}");
            }
        }
        for wire in &scene.wires {
            assert!(wire.from < scene.shapes.len() && wire.to < scene.shapes.len() && wire.points.len() > 1);
        }
    }
}

#[test]
fn five_hundred_devices_are_told_by_vlan_and_role_and_those_with_a_tunnel_by_name() {
    let (analysis, topology) = hospital(500);
    let of = MapOf { site: "港", analysis: &analysis, topology: &topology };
    let plan = Plan::new(of, Lang::Ja);
    assert_eq!(plan.groups.len(), 20);
    assert_eq!(plan.groups.iter().map(|group| group.devices).sum::<usize>(), 500);
    let counted: usize = plan.groups.iter().flat_map(|group| &group.roles).map(|role| role.count).sum();
    assert_eq!(counted, 500, "every device is in one role of one VLAN");
    assert_eq!(plan.groups[0].routers, ["sw00 10.1.0.254"]);
    let named: BTreeSet<usize> = plan
        .groups
        .iter()
        .flat_map(|group| &group.roles)
        .flat_map(|role| &role.named)
        .flat_map(|device| device.exits.keys().copied())
        .collect();
    assert_eq!(named.len(), 8, "every exit is used by a device that is named");
    let svg = of.svg(Lang::Ja, &TimeZone::UTC);
    for expected in ["VLAN 10", "出口8", "未登録の出口", "管理外スイッチ", "未調査", "LTE・モバイル", "sw40"]
    {
        assert!(svg.contains(expected), "{expected}");
    }
    assert!(svg.len() < 300_000, "{}", svg.len());
}

#[test]
fn every_box_is_drawn_once_and_a_ring_is_told_in_words() {
    let (analysis, topology) = hospital(60);
    let of = MapOf { site: "港", analysis: &analysis, topology: &topology };
    let plan = Plan::new(of, Lang::En);
    let keys: Vec<&str> =
        plan.trees.iter().flat_map(|tree| &tree.boxes).map(|own| own.key.as_str()).collect();
    assert_eq!(keys.len(), 43);
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 43);
    let told: usize = plan
        .trees
        .iter()
        .flat_map(|tree| &tree.boxes)
        .map(|own| own.further.len() + usize::from(own.uplink.is_some()))
        .sum();
    assert_eq!(told, topology.links.len(), "every link once");
    assert_eq!(plan.trees[0].boxes[0].name, "sw00", "the best connected is in front");
}

#[test]
fn no_name_becomes_markup_in_any_form() {
    let (analysis, topology) = hospital(20);
    let of = MapOf { site: HOSTILE, analysis: &analysis, topology: &topology };
    for written in [of.svg(Lang::En, &TimeZone::UTC), of.drawio(Lang::En, &TimeZone::UTC)] {
        assert!(!written.contains("<script") && !written.contains('\u{202e}') && !written.contains('\0'));
        assert!(!written.contains('\u{ffff}'));
        let tags = written.matches('<').count();
        assert_eq!(tags, written.matches('>').count());
        well_formed(&written);
    }
    let json = serde_json::to_string(&of.data(Lang::Ja)).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["plan"]["exits"].is_array());
}

/// Every element is closed in order, and every attribute stands between single quotes.
fn well_formed(xml: &str) {
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1).map(|part| part.split_once('>').unwrap().0) {
        assert_eq!(tag.matches('\'').count() % 2, 0, "{tag}");
        if tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{tag}"),
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn a_line_that_only_the_equipment_tells_of_has_its_exit() {
    let (analysis, mut topology) = hospital(5);
    topology.ways_out.push(sekisho_api::WayOut {
        node: topology.nodes[7].key.clone(),
        prefix: None,
        via: None,
        port: Some("bri0".to_owned()),
        line: Some("isdn".to_owned()),
        mac: None,
        to: None,
    });
    let plan = Plan::new(MapOf { site: "港", analysis: &analysis, topology: &topology }, Lang::Ja);
    let exit = plan.exits.iter().find(|exit| exit.line.as_deref() == Some("ISDN")).unwrap();
    assert_eq!(exit.name, "sw07");
    assert!(exit.number > 0 && exit.declared.is_none());
}
