//! The medical networks: eligibility, regional liaison, remote reading, research, remote services.

use super::super::site::{Device, Lan};
use super::super::talk::{Datagrams, Stream};
use super::super::wire::{End, Hop, SECOND, Way};
use super::super::{Day, clinical, tls, ways};
use super::{Category, Kind, Party};
use crate::workload::frame::Ip;
use crate::workload::proto::{TlsClient, dns_query};

const AAAA: u16 = 28;
/// (name, its host number on the other side).
const ELIGIBILITY: &[(&str, u16)] =
    &[("hweb.oqs.onshikaku.org", 0x21), ("hweb-mnc.oqs.onshikaku.org", 0x22), ("www.lineauth.mnw", 0x31)];

/// The eligibility terminals: PCs with an IPv6 address of the closed network's prefix.
pub(in super::super) fn terminals(day: &Day) -> Vec<(Device, Ip)> {
    vec![(day.site.named("pc01"), day.site.ngn_address(0x0101))]
}

/// An address on the closed network's far side, another prefix of RFC 3849 space.
fn closed(host: u16) -> Ip {
    let mut address = [0; 16];
    address[..6].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8, 0x0c, 0x10]);
    address[14..].copy_from_slice(&host.to_be_bytes());
    Ip::V6(address)
}

/// The terminal that is a PC as well.
pub(super) fn eligibility(day: &mut Day) {
    let Some((terminal, own)) = terminals(day).pop() else { return };
    // The hospital with the fewest connections keeps room for the other kinds.
    let most = if day.wanted < 12 { 1 } else { ELIGIBILITY.len() };
    let count = day.rng.range(1, most as u64 + 1) as usize;
    reports(day, &terminal, own, &ELIGIBILITY[..count]);
}

/// A terminal asks the closed network's resolver, then reports to these names over TLS, all in IPv6.
pub(super) fn reports(day: &mut Day, terminal: &Device, own: Ip, names: &[(&str, u16)]) {
    let exit = day.site.ngn.clone();
    let resolver = closed(0x0053);
    day.truth.benign(resolver, "closed network's resolver");
    let way = |day: &mut Day, remote: Ip| Way {
        hops: vec![Hop { vlan: day.site.vlan(Lan::Clients), near: terminal.mac, far: exit.mac }],
        near: End { ip: own, ttl: 128, lag: 400 },
        far: End { ip: remote, ttl: 58, lag: day.rng.range(4_000, 12_000) },
    };
    for (name, host) in names {
        let party = Party { ip: closed(*host), name: Some((*name).to_owned()) };
        for _ in 0..((day.end - day.start) / (3_600 * SECOND)).max(2) {
            let (at, port, id) = (day.moment(600 * SECOND), day.port(), day.rng.u32() as u16);
            let line = way(day, resolver);
            let mut question = Datagrams::new(&line, (port, 53), at, &mut day.rng);
            question.say(&mut day.wire, true, &dns_query(id, name, AAAA, false));
            question.say(&mut day.wire, false, &ways::answer(id, name, &[party.ip]));
            let line = way(day, party.ip);
            let mut stream = tls::open(day, &line, 443, name, TlsClient::Chromium, question.at() + 2_000);
            tls::exchange(day, &mut stream, 1_200, 2_400);
            tls::close(day, stream);
        }
        day.enter(own, &party, Kind::plain("tls", "tcp", 443), &exit, Category::Shown("eligibility"));
    }
}

/// Images for a reading centre, to its private address behind a vendor's VPN router.
pub(super) fn reading(day: &mut Day) {
    let pacs = day.site.named("pacs01");
    // The first router stands in the servers' VLAN.
    let router = day.site.vpn_routers[0].clone();
    let ip = Ip::V4([10, day.rng.range(200, 250) as u8, 9, day.rng.range(1, 250) as u8]);
    let party = Party { ip, name: None };
    let port = *day.rng.pick(&[104, 11_112, 4_006]);
    let way = day.by(&pacs, &router, ip, (8_000, 25_000));
    for _ in 0..day.rng.range(2, 8) {
        let (at, images) = (day.moment(900 * SECOND), day.rng.range(3, 9));
        clinical::store(day, &way, port, (&pacs.name, "ct", "READING"), images, at);
    }
    let category = Category::Shown("remote-reading");
    day.enter(Ip::V4(pacs.ip), &party, Kind::plain("dicom", "tcp", port), &router, category);
}

/// Registrations with a research network from a PC.
pub(super) fn research(day: &mut Day) {
    let device = day.any(&["pc"]);
    let name = *day.rng.pick(&["center.umin.ac.jp", "endai.umin.ac.jp", "indice.umin.ac.jp"]);
    visits(day, &device, name, TlsClient::Firefox, Category::Shown("research"));
}

fn visits(day: &mut Day, device: &Device, name: &str, client: TlsClient, category: Category) {
    let party = day.named(name);
    let (way, exit) = day.leave(device, party.ip);
    for _ in 0..day.rng.range(2, 7) {
        let at = day.moment(900 * SECOND);
        let at = day.look_up(device, &party, at);
        let mut stream = tls::open(day, &way, 443, name, client, at);
        for _ in 0..day.rng.range(2, 9) {
            stream.rest_until(stream.at() + day.rng.range(SECOND, 20 * SECOND));
            let (request, response) = (day.rng.range(300, 4_000), day.rng.range(500, 9_000));
            tls::exchange(day, &mut stream, request as usize, response as usize);
        }
        tls::close(day, stream);
    }
    day.enter(Ip::V4(device.ip), &party, Kind::plain("tls", "tcp", 443), &exit, category);
}

/// Summaries for the region's network: an upload every hour.
pub(super) fn regional_tls(day: &mut Day) {
    let device = day.site.named("renkei01");
    let name = format!("gw{}.renkei{}.example", day.rng.range(1, 9), day.rng.range(1, 99));
    let category = Category::Hidden("regional-liaison");
    visits(day, &device, &name, TlsClient::Openssl, category);
}

/// The same as HL7 messages, in the clear.
pub(super) fn regional_hl7(day: &mut Day) {
    let device = day.site.named("renkei01");
    let party = day.nameless();
    let (way, exit) = day.leave(&device, party.ip);
    let port = *day.rng.pick(&[2_575, 6_661, 9_974]);
    for _ in 0..day.rng.range(3, 12) {
        let (at, from) = (day.moment(900 * SECOND), day.port());
        let mut stream = Stream::open(&mut day.wire, &way, (from, port), at, &mut day.rng);
        for _ in 0..day.rng.range(1, 5) {
            let number = day.rng.below(90_000);
            let [message, answer] = clinical::message("RENKEI", "REGION", "ADT^A04", number);
            stream.say(&mut day.wire, true, &message);
            stream.say(&mut day.wire, false, &answer);
        }
        stream.close(&mut day.wire);
    }
    let category = Category::Hidden("regional-liaison");
    day.enter(Ip::V4(device.ip), &party, Kind::plain("hl7", "tcp", port), &exit, category);
}

/// A service that a department bought: backup, transcription, telemonitoring.
pub(super) fn remote_service(day: &mut Day) {
    let device = day.any(&["server", "pc", "lis"]);
    let what = *day.rng.pick(&["backup", "monitor", "dictation", "booking"]);
    let name = format!("{what}.cloud-service{}.example", day.rng.range(1, 99));
    visits(day, &device, &name, TlsClient::Java, Category::Hidden("remote-service"));
}
