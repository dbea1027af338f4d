//! Remote-access services: TeamViewer by its own protocol, the others by the names they go to.

use super::super::Day;
use super::super::talk::Stream;
use super::super::tls;
use super::super::wire::SECOND;
use super::{Category, HOSTS, Kind};
use crate::workload::frame::Ip;
use crate::workload::proto::TlsClient;

const TEAMVIEWER: u16 = 5938;
/// (service, a name it goes to): `#` stands for a number.
const NAMES: &[(&str, &str)] = &[
    ("teamviewer", "router#.teamviewer.com"),
    ("anydesk", "relay-0#af.net.anydesk.com"),
    ("splashtop", "st-v3-univ-srs-#.api.splashtop.com"),
    ("isl-online", "hbf#.islonline.net"),
    ("screenconnect", "instance-a#-relay.screenconnect.com"),
    ("logmein", "control-app#.logmein.com"),
];

/// Seconds between keep-alives: the connection lasts all day.
const PERIOD_S: u64 = 60;

/// One of the services, and a name that it goes to.
pub(super) fn tool(day: &mut Day) -> (&'static str, String) {
    let (service, pattern) = *day.rng.pick(NAMES);
    (service, pattern.replace('#', &day.rng.range(10, 999).to_string()))
}

pub(super) fn by_name(day: &mut Day) {
    let (service, name) = tool(day);
    let device = day.any(HOSTS);
    let party = day.named(&name);
    let (way, exit) = day.leave(&device, party.ip);
    let at = day.early();
    let at = day.look_up(&device, &party, at);
    let mut stream = tls::open(day, &way, 443, &name, TlsClient::Openssl, at);
    let bursts = day.bursts();
    tls::persist(day, &mut stream, PERIOD_S, &bursts);
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel(service, "tcp", 443), &exit, category);
}

/// A first packet: mark, command, length little-endian.
fn first(command: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x17, 0x24, command];
    bytes.extend((body.len() as u16).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// A later one: mark, command, flags, length, the rest of its header.
fn later(day: &mut Day, command: u8, bytes: usize) -> Vec<u8> {
    let mut packet = vec![0x11, 0x30, command, 0];
    packet.extend((bytes as u32).to_le_bytes());
    packet.extend(day.rng.bytes(16 + bytes));
    packet
}

pub(super) fn teamviewer(day: &mut Day) {
    let device = day.any(HOSTS);
    let name = format!("router{}.teamviewer.com", day.rng.range(1, 15));
    let party = if day.rng.chance(0.6) { day.named(&name) } else { day.nameless() };
    let (way, exit) = day.leave(&device, party.ip);
    let at = day.early();
    let (at, from) = (day.look_up(&device, &party, at), day.port());
    let mut stream = Stream::open(&mut day.wire, &way, (from, TEAMVIEWER), at, &mut day.rng);
    for (from_near, command) in [(true, 10), (false, 11), (true, 16), (false, 17)] {
        let body = day.rng.bytes(32);
        stream.say(&mut day.wire, from_near, &first(command, &body));
    }
    let bursts = day.bursts();
    let mut at = stream.at();
    while at < day.end {
        let busy = bursts.iter().any(|burst| (*burst..*burst + 200 * SECOND).contains(&at));
        at = stream.at().max(at + if busy { SECOND } else { PERIOD_S * SECOND });
        stream.rest_until(at);
        for from_near in [false, true] {
            let size = if busy { *day.rng.pick(&[60, 700, 3_000]) } else { 24 };
            let packet = later(day, 0x36, size);
            stream.say(&mut day.wire, from_near, &packet);
        }
    }
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("teamviewer", "tcp", TEAMVIEWER), &exit, category);
}
