//! Vendors behind one router, and two vendors whose own networks have the same addresses.

use super::super::{Category, Kind, Party, ipsec, screen, shell};
use crate::day::Day;
use crate::day::site::{Device, Gateway, Lan};
use crate::workload::frame::Ip;

/// What a vendor's own network most often is.
const USUAL: [u8; 3] = [192, 168, 1];

/// One router keeps tunnels to two vendors up; each comes in from a network of its own.
pub(super) fn two_vendors_of_one_router(day: &mut Day) {
    let router = day.rng.pick(&day.site.vpn_routers).clone();
    for net in [60, 61] {
        ipsec::of(day, &router.as_device());
        let device = neighbour(day, &router);
        let ip = Ip::V4([10, day.rng.range(200, 250) as u8, net, day.rng.range(1, 250) as u8]);
        if net == 60 { by_screen(day, &device, &router, ip) } else { by_shell(day, &device, &router, ip) }
    }
}

/// The same address behind two gateways is two parties.
pub(super) fn same_network_behind_two_routers(day: &mut Day) {
    let [a, b, c] = USUAL;
    let ip = Ip::V4([a, b, c, day.rng.range(2, 250) as u8]);
    let first = day.site.vpn_routers[0].clone();
    let device = neighbour(day, &first);
    by_shell(day, &device, &first, ip);
    let second = day.site.lte.clone();
    let device = day.lte_modality();
    by_screen(day, &device, &second, ip);
}

/// A device on that router's link.
fn neighbour(day: &mut Day, router: &Gateway) -> Device {
    let roles: &[&str] = match router.lan {
        Lan::Servers => &["his", "lis", "ris", "server"],
        Lan::Radiology => &["ct", "mr", "us"],
        _ => &["analyzer"],
    };
    day.any(roles)
}

fn by_screen(day: &mut Day, device: &Device, router: &Gateway, ip: Ip) {
    let way = day.by(device, router, ip, (20_000, 60_000)).reversed();
    screen::rdp(day, &way, 3_389, &device.name);
    enter(day, device, router, ip, Kind::tunnel("rdp", "tcp", 3_389));
}

fn by_shell(day: &mut Day, device: &Device, router: &Gateway, ip: Ip) {
    let way = day.by(device, router, ip, (20_000, 60_000)).reversed();
    shell::sessions(day, &way, 22, 2);
    enter(day, device, router, ip, Kind::tunnel("ssh", "tcp", 22));
}

fn enter(day: &mut Day, device: &Device, router: &Gateway, ip: Ip, kind: Kind) {
    let category = Category::of_maintenance(device, true);
    day.enter(Ip::V4(device.ip), &Party { ip, name: None }, kind, router, category);
}
