//! IPsec: IKEv2 with NAT traversal, IKEv1 with bare ESP; of vendors' routers and of software clients.

use super::super::Day;
use super::super::site::Device;
use super::super::talk::Datagrams;
use super::super::wire::{SECOND, Way};
use super::{Category, Kind, Party};
use crate::workload::frame::Ip;

const IKE: u16 = 500;
const NAT_T: u16 = 4500;
const ESP: u8 = 50;
/// RFC 7296 §3.1: exchange types and flags.
const SA_INIT: u8 = 34;
const AUTH: u8 = 35;
const CHILD: u8 = 36;
const INFORMATIONAL: u8 = 37;
const INITIATOR: u8 = 0x08;
const RESPONSE: u8 = 0x20;
/// How often a NAT binding is kept alive (RFC 3948 §4), in seconds.
const KEEP_ALIVE_S: u64 = 20;
/// How often the other end is asked whether it lives, in seconds.
const DEAD_PEER_S: u64 = 600;

/// A vendor's router in a system VLAN that keeps a tunnel up through the firewall.
pub(super) fn system_router(day: &mut Day) {
    let router = day.rng.pick(&day.site.vpn_routers).as_device();
    of(day, &router);
}

/// That of this router.
pub(super) fn of(day: &mut Day, router: &Device) {
    let party = day.nameless();
    nat_traversal(day, router, &party);
    let purpose = if router.lan == super::super::site::Lan::Servers { "system" } else { "modality" };
    let category = Category::Hidden(match purpose {
        "system" => "system-maintenance",
        _ => "modality-maintenance",
    });
    let exit = day.site.firewall.clone();
    day.enter(Ip::V4(router.ip), &party, Kind::tunnel("ipsec", "udp", NAT_T), &exit, category);
}

/// The same with IKEv1 and ESP that no NAT is in the way of.
pub(super) fn older_router(day: &mut Day) {
    let router = day.rng.pick(&day.site.vpn_routers).as_device();
    let party = day.nameless();
    bare(day, &router, &party);
    let exit = day.site.firewall.clone();
    let category = Category::Hidden("system-maintenance");
    day.enter(Ip::V4(router.ip), &party, Kind::tunnel("ipsec", "esp", 0), &exit, category);
}

/// A software client on a PC or a server.
pub(super) fn client(day: &mut Day) {
    let device = day.any(&["pc", "server", "pacs", "ct", "mr", "xa", "us"]);
    let party = day.nameless();
    let exit = nat_traversal(day, &device, &party);
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("ipsec", "udp", NAT_T), &exit, category);
}

struct Sa {
    spis: [u64; 2],
    message: u32,
}

impl Sa {
    /// An IKE message: header, then payloads whose first has the type `first`.
    fn message(&self, version: u8, exchange: u8, flags: u8, first: u8, payloads: &[u8]) -> Vec<u8> {
        let mut bytes = self.spis.map(u64::to_be_bytes).concat();
        bytes.extend([first, version, exchange, flags]);
        bytes.extend(self.message.to_be_bytes());
        bytes.extend((28 + payloads.len() as u32).to_be_bytes());
        bytes.extend(payloads);
        bytes
    }
}

/// Payloads that announce each other (RFC 7296 §3.2); the last announces `end`.
fn chain(payloads: &[(u8, Vec<u8>)], end: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, (_, body)) in payloads.iter().enumerate() {
        let next = payloads.get(number + 1).map_or(end, |(kind, _)| *kind);
        bytes.extend([next, 0]);
        bytes.extend((body.len() as u16 + 4).to_be_bytes());
        bytes.extend(body);
    }
    bytes
}

/// AES-CBC-256, HMAC-SHA2-256, MODP-2048 (RFC 7296 §3.3).
const PROPOSAL: [u8; 44] = [
    0, 0, 0, 44, 1, 1, 0, 4, 3, 0, 0, 12, 1, 0, 0, 12, 0x80, 14, 1, 0, 3, 0, 0, 8, 2, 0, 0, 5, 3, 0, 0, 8, 3,
    0, 0, 12, 0, 0, 0, 8, 4, 0, 0, 14,
];

/// IKE_SA_INIT's payloads: SA, KE, Nonce and the two NAT detection notices.
fn init(day: &mut Day) -> Vec<u8> {
    let key = [&[0, 14, 0, 0][..], &day.rng.bytes(256)].concat();
    let notice = |kind: u16, hash: Vec<u8>| [&[0, 0][..], &kind.to_be_bytes(), &hash].concat();
    let source = notice(16_388, day.rng.bytes(20));
    let destination = notice(16_389, day.rng.bytes(20));
    chain(&[(33, PROPOSAL.to_vec()), (34, key), (40, day.rng.bytes(32)), (41, source), (41, destination)], 0)
}

/// One encrypted payload that holds `inner` first.
fn sealed(day: &mut Day, inner: u8, bytes: usize) -> Vec<u8> {
    chain(&[(46, day.rng.bytes(bytes))], inner)
}

fn marked(message: &[u8]) -> Vec<u8> {
    [&[0; 4][..], message].concat()
}

/// An ESP packet of both its kinds (RFC 4303 §2).
fn esp(day: &mut Day, spi: u32, number: u32, bytes: usize) -> Vec<u8> {
    let mut packet = spi.to_be_bytes().to_vec();
    packet.extend(number.to_be_bytes());
    packet.extend(day.rng.bytes(bytes.next_multiple_of(16)));
    packet
}

/// Keeps a tunnel up all day; returns by which gateway.
fn nat_traversal(day: &mut Day, device: &Device, party: &Party) -> super::super::site::Gateway {
    let (way, exit) = day.leave(device, party.ip);
    let mut sa = Sa { spis: [day.rng.u64(), 0], message: 0 };
    let responder = day.rng.u64();
    // Three in ten have been up since long before.
    let early = if day.rng.chance(0.3) { day.start - 3_600 * SECOND } else { day.early() };
    let mut first = Datagrams::new(&way, (IKE, IKE), early, &mut day.rng);
    let payloads = init(day);
    first.say(&mut day.wire, true, &sa.message(0x20, SA_INIT, INITIATOR, 33, &payloads));
    sa.spis[1] = responder;
    let payloads = init(day);
    first.say(&mut day.wire, false, &sa.message(0x20, SA_INIT, RESPONSE, 33, &payloads));
    let mut line = Datagrams::new(&way, (NAT_T, NAT_T), first.at() + 5_000, &mut day.rng);
    ask(day, &mut line, &mut sa, AUTH, 35, 240);
    let bursts = day.bursts();
    keep_alive(day, &mut line, &mut sa, bursts);
    exit
}

/// A request of the initiator and its answer.
fn ask(day: &mut Day, line: &mut Datagrams, sa: &mut Sa, exchange: u8, inner: u8, bytes: usize) {
    sa.message += 1;
    for response in [false, true] {
        let payloads = sealed(day, inner, bytes);
        let flags = if response { RESPONSE } else { INITIATOR };
        let message = sa.message(0x20, exchange, flags, 46, &payloads);
        line.say(&mut day.wire, !response, &marked(&message));
    }
}

fn keep_alive(day: &mut Day, line: &mut Datagrams, sa: &mut Sa, mut bursts: Vec<u64>) {
    bursts.sort_unstable();
    bursts.reverse();
    let spis = [day.rng.u32() | 0x0100_0000, day.rng.u32() | 0x0100_0000];
    let mut numbers = [1, 1];
    let (mut at, mut beats) = (line.at(), 0);
    while at < day.end {
        at = line.at().max(at + KEEP_ALIVE_S * SECOND);
        line.rest_until(at);
        line.say(&mut day.wire, true, &[0xff]);
        beats += 1;
        if beats % (DEAD_PEER_S / KEEP_ALIVE_S) == 0 {
            let exchange = if beats % 180 == 0 { CHILD } else { INFORMATIONAL };
            line.rest_until(at + SECOND);
            ask(day, line, sa, exchange, if exchange == CHILD { 33 } else { 0 }, 80);
        }
        while bursts.last().is_some_and(|burst| *burst <= at) {
            bursts.pop();
            for _ in 0..day.rng.range(60, 200) {
                let from_inside = day.rng.chance(0.5);
                let size = *day.rng.pick(&[80, 120, 600, 1_300]);
                let side = usize::from(!from_inside);
                let packet = esp(day, spis[side], numbers[side], size);
                numbers[side] += 1;
                line.rest_until(line.at() + day.rng.range(1_000, 900_000));
                line.say(&mut day.wire, from_inside, &packet);
            }
        }
    }
}

/// IKEv1's security association: one proposal, one transform (RFC 2408 §3.4 to §3.6).
const PROPOSAL_V1: [u8; 52] = [
    0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 44, 1, 1, 0, 1, 0, 0, 0, 36, 1, 1, 0, 0, 0x80, 1, 0, 7, 0x80, 14, 1, 0,
    0x80, 2, 0, 2, 0x80, 3, 0, 1, 0x80, 4, 0, 2, 0x80, 11, 0, 1, 0x80, 12, 0x70, 0x80,
];

/// Main mode, quick mode, then ESP both ways all day.
fn bare(day: &mut Day, device: &Device, party: &Party) {
    let way: Way = day.outward(device, party.ip);
    let mut sa = Sa { spis: [day.rng.u64(), 0], message: 0 };
    let early = day.early();
    let mut line = Datagrams::new(&way, (IKE, IKE), early, &mut day.rng);
    let dead_peer_detection = day.rng.bytes(16);
    let responder = day.rng.u64();
    for from_near in [true, false] {
        let offer = chain(&[(1, PROPOSAL_V1.to_vec()), (13, dead_peer_detection.clone())], 0);
        line.say(&mut day.wire, from_near, &sa.message(0x10, 2, 0, 1, &offer));
        sa.spis[1] = responder;
    }
    for from_near in [true, false] {
        let keys = chain(&[(4, day.rng.bytes(128)), (10, day.rng.bytes(20))], 0);
        line.say(&mut day.wire, from_near, &sa.message(0x10, 2, 0, 4, &keys));
    }
    for from_near in [true, false] {
        let identity = day.rng.bytes(64);
        line.say(&mut day.wire, from_near, &sa.message(0x10, 2, 1, 5, &identity));
    }
    sa.message = day.rng.u32();
    for (from_near, bytes) in [(true, 160), (false, 160), (true, 48)] {
        let quick = day.rng.bytes(bytes);
        line.say(&mut day.wire, from_near, &sa.message(0x10, 32, 1, 8, &quick));
    }
    let spis = [day.rng.u32() | 0x0100_0000, day.rng.u32() | 0x0100_0000];
    let mut tunnel = Datagrams::new(&way, (0, 0), line.at(), &mut day.rng);
    let (mut at, mut number) = (tunnel.at(), 0);
    let bursts = day.bursts();
    while at < day.end {
        let busy = bursts.iter().any(|burst| (*burst..*burst + 300 * SECOND).contains(&at));
        at += if busy { SECOND / 2 } else { 60 * SECOND };
        tunnel.rest_until(at);
        number += 1;
        for from_near in [true, false] {
            let size = if busy { *day.rng.pick(&[100, 700, 1_300]) } else { 100 };
            let packet = esp(day, spis[usize::from(!from_near)], number, size);
            tunnel.packet(&mut day.wire, from_near, ESP, &packet);
        }
    }
}
