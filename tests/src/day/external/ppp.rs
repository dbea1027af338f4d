//! The older tunnels: L2TP without IPsec, PPTP with its GRE, bare GRE.

use super::super::Day;
use super::super::talk::{Datagrams, Stream};
use super::super::wire::SECOND;
use super::{Category, Kind};
use crate::workload::frame::{Ip, checksum};

const GRE: u8 = 47;
const L2TP: u16 = 1701;
const PPTP: u16 = 1723;

/// An IPv4 ping between two private addresses, as a tunnel carries it.
fn inner(day: &mut Day, bytes: usize) -> Vec<u8> {
    let mut icmp = vec![8, 0, 0, 0, 0, 1, 0, 1];
    icmp.extend(day.rng.bytes(bytes));
    let sum = checksum(&icmp);
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    let mut packet = vec![0x45, 0];
    packet.extend((20 + icmp.len() as u16).to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, 1, 0, 0, 10, 254, 1, 1, 10, 254, 1, 2]);
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(icmp);
    packet
}

/// An attribute-value pair, mandatory (RFC 2661 §4.1).
fn avp(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = (0x8000 | (6 + value.len() as u16)).to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(value);
    bytes
}

/// A control message of version 2.
fn control(tunnel: u16, (ns, nr): (u16, u16), avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let mut bytes = vec![0xc8, 0x02];
    for field in [12 + body.len() as u16, tunnel, 0, ns, nr] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.extend(body);
    bytes
}

/// A vendor's router that dials L2TP all day: hello every minute, PPP frames in between.
pub(super) fn l2tp(day: &mut Day) {
    let router = day.rng.pick(&day.site.vpn_routers).as_device();
    let party = day.nameless();
    let (way, exit) = day.leave(&router, party.ip);
    let at = day.early();
    let mut line = Datagrams::new(&way, (L2TP, L2TP), at, &mut day.rng);
    let [ours, theirs] = [day.rng.range(1, 65_000) as u16, day.rng.range(1, 65_000) as u16];
    let start = |kind: u16, id: u16| {
        let message = avp(0, &kind.to_be_bytes());
        let name = avp(7, b"rt-vendor");
        [message, avp(2, &[1, 0]), avp(3, &[0, 0, 0, 3]), name, avp(9, &id.to_be_bytes()), avp(10, &[0, 4])]
    };
    line.say(&mut day.wire, true, &control(0, (0, 0), &start(1, ours)));
    line.say(&mut day.wire, false, &control(ours, (0, 1), &start(2, theirs)));
    line.say(&mut day.wire, true, &control(theirs, (1, 1), &[avp(0, &[0, 3])]));
    line.say(&mut day.wire, false, &control(ours, (1, 2), &[]));
    let bursts = day.bursts();
    let (mut at, mut number) = (line.at(), 2);
    while at < day.end {
        let busy = bursts.iter().any(|burst| (*burst..*burst + 120 * SECOND).contains(&at));
        at = line.at().max(at + if busy { SECOND } else { 60 * SECOND });
        line.rest_until(at);
        if !busy {
            line.say(&mut day.wire, true, &control(theirs, (number, 1), &[avp(0, &[0, 6])]));
            number = number.wrapping_add(1);
            line.say(&mut day.wire, false, &control(ours, (1, number), &[]));
            continue;
        }
        for from_near in [true, false] {
            let size = *day.rng.pick(&[32, 400, 1_200]);
            let mut data = vec![0x00, 0x02];
            data.extend(if from_near { theirs } else { ours }.to_be_bytes());
            data.extend([0, 1, 0xff, 0x03, 0x00, 0x21]);
            data.extend(inner(day, size));
            line.say(&mut day.wire, from_near, &data);
        }
    }
    let kind = Kind::tunnel("l2tp", "udp", L2TP);
    day.enter(Ip::V4(router.ip), &party, kind, &exit, Category::Hidden("system-maintenance"));
}

/// A PPTP control message (RFC 2637 §2).
fn pptp_message(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = (12 + body.len() as u16).to_be_bytes().to_vec();
    bytes.extend([0, 1]);
    bytes.extend(0x1a2b_3c4d_u32.to_be_bytes());
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(body);
    bytes
}

/// A PC or a server that dials PPTP for an afternoon: echoes every minute, enhanced GRE beside it.
pub(super) fn pptp(day: &mut Day) {
    let device = day.any(&["server", "pc"]);
    let party = day.nameless();
    let (way, exit) = day.leave(&device, party.ip);
    let (at, from) = (day.early(), day.port());
    let mut stream = Stream::open(&mut day.wire, &way, (from, PPTP), at, &mut day.rng);
    let named = |head: &[u8]| {
        let mut body = head.to_vec();
        body.resize(16, 0);
        body.extend(b"vpn-client");
        body.resize(144, 0);
        body
    };
    let calls = [day.rng.range(1, 60_000) as u16, day.rng.range(1, 60_000) as u16];
    stream.say(&mut day.wire, true, &pptp_message(1, &named(&[1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3])));
    stream.say(&mut day.wire, false, &pptp_message(2, &named(&[1, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 3])));
    let mut call = calls[0].to_be_bytes().to_vec();
    call.extend([0, 1, 0, 0, 1, 0x2c, 0x05, 0xf5, 0xe1, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 64, 0, 0]);
    call.resize(156, 0);
    stream.say(&mut day.wire, true, &pptp_message(7, &call));
    let mut reply = calls[1].to_be_bytes().to_vec();
    reply.extend(calls[0].to_be_bytes());
    reply.extend([1, 0, 0, 0, 0x05, 0xf5, 0xe1, 0, 0, 64, 0, 0, 0, 0, 0, 0]);
    stream.say(&mut day.wire, false, &pptp_message(8, &reply));
    let mut tunnel = Datagrams::new(&way, (0, 0), stream.at(), &mut day.rng);
    let until = (stream.at() + 4 * 3_600 * SECOND).min(day.end);
    let (mut at, mut number) = (stream.at(), 0_u32);
    while at < until {
        at = stream.at().max(tunnel.at()).max(at + 60 * SECOND);
        stream.rest_until(at);
        stream.say(&mut day.wire, true, &pptp_message(5, &number.to_be_bytes()));
        let mut reply = number.to_be_bytes().to_vec();
        reply.extend([1, 0, 0, 0]);
        stream.say(&mut day.wire, false, &pptp_message(6, &reply));
        stream.acknowledge(&mut day.wire, true);
        tunnel.rest_until(at + SECOND);
        for from_near in [true, false] {
            let size = *day.rng.pick(&[40, 200, 900]);
            let payload = [&[0xff, 0x03, 0x00, 0x21][..], &inner(day, size)].concat();
            // Key and sequence number present, version 1 (RFC 2637 §4.1).
            let mut packet = vec![0x30, 0x01, 0x88, 0x0b];
            packet.extend((payload.len() as u16).to_be_bytes());
            packet.extend(calls[usize::from(from_near)].to_be_bytes());
            packet.extend(number.to_be_bytes());
            packet.extend(payload);
            tunnel.packet(&mut day.wire, from_near, GRE, &packet);
        }
        number += 1;
    }
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("pptp", "tcp", PPTP), &exit, category);
}

/// A router that wraps packets in bare GRE (RFC 2784): one a minute, more while somebody works.
pub(super) fn gre(day: &mut Day) {
    let router = day.rng.pick(&day.site.vpn_routers).as_device();
    let party = day.nameless();
    let (way, exit) = day.leave(&router, party.ip);
    let at = day.early();
    let mut tunnel = Datagrams::new(&way, (0, 0), at, &mut day.rng);
    let bursts = day.bursts();
    let mut at = tunnel.at();
    while at < day.end {
        let busy = bursts.iter().any(|burst| (*burst..*burst + 120 * SECOND).contains(&at));
        at = tunnel.at().max(at + if busy { SECOND } else { 60 * SECOND });
        tunnel.rest_until(at);
        for from_near in [true, false] {
            let size = if busy { *day.rng.pick(&[64, 500, 1_200]) } else { 56 };
            let packet = [&[0, 0, 0x08, 0x00][..], &inner(day, size)].concat();
            tunnel.packet(&mut day.wire, from_near, GRE, &packet);
        }
    }
    let kind = Kind::tunnel("gre", "gre", 0);
    day.enter(Ip::V4(router.ip), &party, kind, &exit, Category::Hidden("system-maintenance"));
}
