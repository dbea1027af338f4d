//! What stays inside: ARP, DHCP, LLDP, names, neighbour discovery, file shares.

use super::site::{Device, Gateway, LANS, Lan};
use super::wire::{Mac, SECOND};
use super::{Day, HOUR, share};
use crate::workload::frame::{Ep, Ip, checksum};
use crate::workload::proto::{Dhcp, arp, dhcp, lldp, mdns_announce, nbns};

const BROADCAST: Mac = [0xff; 6];
const NOBODY: Mac = [0; 6];
const ARP: u16 = 0x0806;
const LLDP: u16 = 0x88cc;
const IPV6: u16 = 0x86dd;
const LLDP_GROUP: Mac = [0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e];
const ALL_NODES_MAC: Mac = [0x33, 0x33, 0, 0, 0, 1];

pub(super) fn play(day: &mut Day) {
    let devices = day.site.devices.clone();
    let gateways: Vec<Gateway> = day.site.gateways().cloned().collect();
    for device in devices.iter().cloned().chain(gateways.iter().map(Gateway::as_device)) {
        asks(day, &device);
        if matches!(device.role, "pc" | "printer" | "phone") {
            leases(day, &device);
        }
    }
    for device in &devices {
        match device.role {
            "switch" => announces(day, device),
            "printer" => discovers(day, device),
            "pc" => {
                broadcasts(day, device);
                shares(day, device);
            }
            _ => {}
        }
    }
    core_asks(day);
    advertises(day);
}

/// A device asks for its gateway's hardware address now and then; those that have a neighbour gateway
/// on their VLAN ask for that too.
fn asks(day: &mut Day, device: &Device) {
    let mut targets = vec![(day.site.gateway_of(device.lan), day.site.core)];
    let neighbours: Vec<_> = day
        .site
        .gateways()
        .filter(|gateway| gateway.lan == device.lan && gateway.mac != device.mac)
        .map(|gateway| (gateway.ip, gateway.mac))
        .collect();
    if matches!(device.role, "ct" | "mr" | "xa" | "analyzer" | "his" | "pacs" | "pc") {
        targets.extend(neighbours);
    }
    for (ip, mac) in targets {
        asks_for(day, device, ip, mac);
    }
}

fn asks_for(day: &mut Day, device: &Device, ip: [u8; 4], mac: Mac) {
    let vlan = day.site.vlan(device.lan);
    let mut at = day.early();
    while at < day.end {
        let question = arp(1, &device.mac, &device.ip, &NOBODY, &ip);
        day.wire.raw(at, vlan, device.mac, BROADCAST, ARP, &question);
        let answer = arp(2, &mac, &ip, &device.mac, &device.ip);
        day.wire.raw(at + day.rng.range(80, 400), vlan, mac, device.mac, ARP, &answer);
        at += HOUR + day.rng.below(3 * HOUR);
    }
}

/// The core asks for the hosts it has packets for.
fn core_asks(day: &mut Day) {
    for device in day.site.devices.clone() {
        let (vlan, core) = (day.site.vlan(device.lan), day.site.core);
        let own = day.site.gateway_of(device.lan);
        let at = day.early();
        day.wire.raw(at, vlan, core, BROADCAST, ARP, &arp(1, &core, &own, &NOBODY, &device.ip));
        let answer = arp(2, &device.mac, &device.ip, &core, &own);
        day.wire.raw(at + day.rng.range(80, 400), vlan, device.mac, core, ARP, &answer);
    }
    for lan in LANS {
        let (vlan, core, ip) = (day.site.vlan(lan), day.site.core, day.site.gateway_of(lan));
        let at = day.early();
        day.wire.raw(at, vlan, core, BROADCAST, ARP, &arp(1, &core, &ip, &NOBODY, &ip));
    }
}

/// DHCP from the VLAN's relay, as the client's link shows it.
fn leases(day: &mut Day, device: &Device) {
    let (vlan, core) = (day.site.vlan(device.lan), day.site.core);
    let relay = day.site.gateway_of(device.lan);
    let server = day.site.named("dc01").ip;
    let vendor = match device.role {
        "pc" => "MSFT 5.0",
        "phone" => "ExamplePhone",
        _ => "",
    };
    let (xid, mut at) = (day.rng.u32(), day.early());
    for kind in [1, 2, 3, 5] {
        let from_server = matches!(kind, 2 | 5);
        let message =
            dhcp(&Dhcp { kind, xid, mac: device.mac, yiaddr: device.ip, server, host: &device.name, vendor });
        let client = Ep { mac: device.mac, ip: Ip::V4([0; 4]), port: 68, ttl: 128 };
        let all = Ep { mac: BROADCAST, ip: Ip::V4([255; 4]), port: 67, ttl: 128 };
        if from_server {
            let src = Ep { mac: core, ip: Ip::V4(relay), port: 67, ttl: 255 };
            let dst = Ep { mac: BROADCAST, ip: Ip::V4([255; 4]), port: 68, ttl: 255 };
            day.wire.local(at, vlan, &src, &dst, &message);
        } else {
            day.wire.local(at, vlan, &client, &all, &message);
        }
        at += day.rng.range(400, 3_000);
    }
}

/// A switch says what it is every half minute; thinned to one in forty.
fn announces(day: &mut Day, device: &Device) {
    let vlan = day.site.vlan(Lan::Management);
    let message = lldp(&device.mac, "Gi0/1", &device.name, device.ip);
    let mut at = day.early();
    while at < day.end {
        day.wire.raw(at, vlan, device.mac, LLDP_GROUP, LLDP, &message);
        at += 1_200 * SECOND;
    }
}

fn discovers(day: &mut Day, device: &Device) {
    let vlan = day.site.vlan(device.lan);
    let src = Ep { mac: device.mac, ip: Ip::V4(device.ip), port: 5353, ttl: 255 };
    let group = Ep { mac: [1, 0, 0x5e, 0, 0, 0xfb], ip: Ip::V4([224, 0, 0, 251]), port: 5353, ttl: 255 };
    let message = mdns_announce(&device.name, "_ipp._tcp.local", device.ip);
    let mut at = day.early();
    while at < day.end {
        day.wire.local(at, vlan, &src, &group, &message);
        at += HOUR;
    }
}

fn broadcasts(day: &mut Day, device: &Device) {
    let vlan = day.site.vlan(device.lan);
    let src = Ep { mac: device.mac, ip: Ip::V4(device.ip), port: 137, ttl: device.ttl };
    let dst = Ep { mac: BROADCAST, ip: Ip::V4(day.site.host(device.lan, 255)), port: 137, ttl: device.ttl };
    for _ in 0..3 {
        let (at, id) = (day.moment(HOUR / 10), day.rng.u32() as u16);
        day.wire.local(at, vlan, &src, &dst, &nbns("HISAPP", id));
    }
}

fn shares(day: &mut Day, device: &Device) {
    let server = day.site.named("file01");
    for _ in 0..2 {
        let (way, at) = (day.inside(device, &server), day.moment(HOUR / 10));
        share::open(day, &way, &server, at);
    }
}

/// The eligibility router advertises its prefix (RFC 4861 §4.2); the terminals ask for its address.
fn advertises(day: &mut Day) {
    let (vlan, router) = (day.site.vlan(Lan::Clients), day.site.ngn.mac);
    let prefix = day.site.ngn_prefix;
    let mut body = vec![134, 0, 0, 0, 64, 0x40, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend([1, 1]);
    body.extend(router);
    // Prefix information, on link and autonomous.
    body.extend([3, 4, 64, 0xc0, 0, 0x27, 0x8d, 0, 0, 0x09, 0x3a, 0x80, 0, 0, 0, 0]);
    body.extend(prefix);
    body.extend([0; 8]);
    let packet = icmpv6(link_local(router), all_nodes(), body);
    let mut at = day.early();
    while at < day.end {
        day.wire.raw(at, vlan, router, ALL_NODES_MAC, IPV6, &packet);
        at += 600 * SECOND;
    }
    for (terminal, ip) in super::external::terminals(day) {
        if let Ip::V6(own) = ip {
            finds_router(day, &terminal, own);
        }
    }
}

/// A terminal on the eligibility router's link asks for its hardware address (RFC 4861 §4.3).
pub(super) fn finds_router(day: &mut Day, terminal: &Device, own: [u8; 16]) {
    let (vlan, router) = (day.site.vlan(Lan::Clients), day.site.ngn.mac);
    let mut solicitation = vec![135, 0, 0, 0, 0, 0, 0, 0];
    solicitation.extend(link_local(router));
    solicitation.extend([1, 1]);
    solicitation.extend(terminal.mac);
    let at = day.early();
    let question = icmpv6(own, link_local(router), solicitation);
    day.wire.raw(at, vlan, terminal.mac, router, IPV6, &question);
    let mut advertisement = vec![136, 0, 0, 0, 0xe0, 0, 0, 0];
    advertisement.extend(link_local(router));
    advertisement.extend([2, 1]);
    advertisement.extend(router);
    let answer = icmpv6(link_local(router), own, advertisement);
    day.wire.raw(at + 300, vlan, router, terminal.mac, IPV6, &answer);
}

/// Two on one link ask for each other's hardware address by ARP, now and then.
pub(super) fn acquainted(day: &mut Day, device: &Device, gateway: &Gateway) {
    asks_for(day, device, gateway.ip, gateway.mac);
    asks_for(day, &gateway.as_device(), device.ip, device.mac);
}

fn link_local(mac: Mac) -> [u8; 16] {
    let [a, b, c, d, e, f] = mac;
    [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f]
}

fn all_nodes() -> [u8; 16] {
    let mut address = [0; 16];
    address[..2].copy_from_slice(&[0xff, 0x02]);
    address[15] = 1;
    address
}

/// An ICMPv6 packet with its checksum (RFC 4443 §2.3).
fn icmpv6(src: [u8; 16], dst: [u8; 16], mut body: Vec<u8>) -> Vec<u8> {
    let mut pseudo = [src, dst].concat();
    pseudo.extend((body.len() as u32).to_be_bytes());
    pseudo.extend([0, 0, 0, 58]);
    pseudo.extend(&body);
    body[2..4].copy_from_slice(&checksum(&pseudo).to_be_bytes());
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((body.len() as u16).to_be_bytes());
    packet.extend([58, 255]);
    packet.extend(src);
    packet.extend(dst);
    packet.extend(body);
    packet
}
