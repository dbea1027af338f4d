//! What is used once in the whole capture: at six sevenths of it, the seventh day of a week.

use super::super::{Category, HOSTS, Kind, openvpn, rmm, wireguard};
use crate::day::talk::Datagrams;
use crate::day::wire::SECOND;
use crate::day::{Day, tls};
use crate::workload::frame::Ip;
use crate::workload::proto::TlsClient;

/// When the one use begins.
fn once(day: &Day) -> u64 {
    day.start + (day.end - day.start) / 7 * 6
}

/// WireGuard says nothing at all while nobody uses it.
pub(super) fn silent_tunnel(day: &mut Day) {
    let device = day.any(HOSTS);
    let party = day.nameless();
    let (way, exit) = day.leave(&device, party.ip);
    let (from, at) = (day.port(), once(day));
    let mut line = Datagrams::new(&way, (from, 51_820), at, &mut day.rng);
    for said in wireguard::talk(day, at, 240 * SECOND) {
        line.rest_until(said.at);
        line.say(&mut day.wire, said.from_near, &said.packet);
    }
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("wireguard", "udp", 51_820), &exit, category);
}

/// OpenVPN keeps alive for days, and carries something once.
pub(super) fn kept_tunnel(day: &mut Day) {
    let device = day.any(HOSTS);
    let at = once(day);
    openvpn::used_at(day, &device, 1194, false, &[at]);
}

/// A remote tool that somebody starts for three minutes and never again.
pub(super) fn tool_used_once(day: &mut Day) {
    let (service, name) = rmm::tool(day);
    let device = day.any(&["pc", "server", "us"]);
    let party = day.named(&name);
    let (way, exit) = day.leave(&device, party.ip);
    let start = once(day);
    let at = day.look_up(&device, &party, start);
    let mut stream = tls::open(day, &way, 443, &name, TlsClient::Openssl, at);
    for _ in 0..60 {
        let until = stream.at() + day.rng.range(SECOND, 5 * SECOND);
        stream.rest_until(until);
        let (input, screen) = (day.rng.range(60, 140) as usize, day.rng.range(900, 9_000) as usize);
        let input = tls::data(day, input);
        stream.say(&mut day.wire, false, &input);
        let screen = tls::data(day, screen);
        stream.say(&mut day.wire, true, &screen);
    }
    tls::close(day, stream);
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel(service, "tcp", 443), &exit, category);
}
