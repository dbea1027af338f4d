//! An eligibility terminal that has no IPv4 address at all: the closed network is IPv6 (NGN), and so is it.

use super::super::networks;
use crate::day::site::{Device, Lan};
use crate::day::{Day, lan};
use crate::workload::frame::Ip;

/// Its interface identifier on the link.
const HOST: u16 = 0x0201;

pub(super) fn terminal_without_ipv4(day: &mut Day) {
    let maker = day.site.named("pc01").mac;
    let [_, a, b, c] = day.rng.u32().to_be_bytes();
    let mac = [maker[0], maker[1], maker[2], a, b, c];
    let name = "onshi01".to_owned();
    let terminal = Device { name, role: "pc", mac, ip: [0; 4], lan: Lan::Clients, ttl: 128 };
    let own = day.site.ngn_address(HOST);
    let Ip::V6(address) = own else { return };
    lan::finds_router(day, &terminal, address);
    networks::reports(day, &terminal, own, &[("reset.oqs.onshikaku.org", 0x23), ("www.lineauth.mnw", 0x31)]);
}
