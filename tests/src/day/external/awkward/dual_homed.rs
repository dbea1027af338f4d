//! A PC with a second network card on a mobile router, which lends its line to a neighbour by NAT.
//!
//! The mobile router hangs on the same switch, so the mirror shows both sides of the PC: the neighbour's
//! packets to the first card, and the same payloads from the second card to the router.

use super::super::{Category, Kind, wireguard};
use crate::day::site::{Device, Gateway, Lan};
use crate::day::talk::Datagrams;
use crate::day::wire::{Mac, SECOND};
use crate::day::{Day, lan, tls};
use crate::workload::frame::Ip;
use crate::workload::proto::TlsClient;

/// Third octets of mobile routers' own networks, 192.168.x.0/24.
const NETS: &[u8] = &[11, 43, 128, 179];
/// Makers of mobile routers.
const MAKERS: &[[u8; 3]] = &[[0x00, 0x1e, 0x42], [0x00, 0x60, 0xb9], [0x00, 0xa0, 0xde]];

fn hardware(day: &mut Day, maker: [u8; 3]) -> Mac {
    let [_, a, b, c] = day.rng.u32().to_be_bytes();
    [maker[0], maker[1], maker[2], a, b, c]
}

pub(super) fn nat_to_a_mobile_router(day: &mut Day) {
    // The first PC is the eligibility terminal; the last two are the neighbours.
    let mut pcs: Vec<Device> = day.site.of_role("pc").cloned().collect();
    let (Some(lender), Some(borrower)) = (pcs.pop(), pcs.pop()) else { return };
    let net = [192, 168, *day.rng.pick(NETS)];
    let at = |host: u8| [net[0], net[1], net[2], host];
    let maker = *day.rng.pick(MAKERS);
    let router = Gateway {
        name: "mobile-router".to_owned(),
        role: "lte-router",
        mac: hardware(day, maker),
        ip: at(1),
        lan: Lan::Clients,
    };
    let maker = [lender.mac[0], lender.mac[1], lender.mac[2]];
    let second = Device { mac: hardware(day, maker), ip: at(2), ..lender.clone() };
    let first = Gateway {
        name: lender.name.clone(),
        role: lender.role,
        mac: lender.mac,
        ip: lender.ip,
        lan: lender.lan,
    };
    day.truth.internal.push(format!("{}.{}.{}.0/24", net[0], net[1], net[2]));
    day.truth.gateway(&router);
    lan::acquainted(day, &second, &router);
    lan::acquainted(day, &borrower, &first);
    own_use(day, &second, &router);

    let party = day.nameless();
    let near = day.by(&borrower, &first, party.ip, (30_000, 60_000));
    let far = day.by(&second, &router, party.ip, (30_000, 60_000));
    let (from, translated, begin) = (day.port(), day.port(), day.moment(900 * SECOND));
    let mut near = Datagrams::new(&near, (from, 51_820), begin, &mut day.rng);
    let mut far = Datagrams::new(&far, (translated, 51_820), begin, &mut day.rng);
    for said in wireguard::talk(day, begin, 600 * SECOND) {
        let (earlier, later) = if said.from_near { (&mut near, &mut far) } else { (&mut far, &mut near) };
        earlier.rest_until(said.at);
        earlier.say(&mut day.wire, said.from_near, &said.packet);
        later.rest_until(earlier.at() + 150);
        later.say(&mut day.wire, said.from_near, &said.packet);
    }
    let kind = Kind::tunnel("wireguard", "udp", 51_820);
    let category = Category::Hidden("system-maintenance");
    day.enter(Ip::V4(borrower.ip), &party, kind, &first, category);
    day.enter(Ip::V4(second.ip), &party, kind, &router, category);
}

/// What the PC itself reads over the mobile line.
fn own_use(day: &mut Day, second: &Device, router: &Gateway) {
    for name in ["www.google.com", "www.mhlw.go.jp"] {
        let remote = day.remote();
        day.truth.benign(remote, name);
        let at = day.moment(900 * SECOND);
        let at = day.resolve_at(second, &router.as_device(), name, remote, at);
        let way = day.by(second, router, remote, (30_000, 60_000));
        let mut stream = tls::open(day, &way, 443, name, TlsClient::Chromium, at);
        tls::exchange(day, &mut stream, 700, 9_000);
        tls::close(day, stream);
    }
}
