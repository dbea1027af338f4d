//! Vendors' own services: portals that devices report to, and what a modality has behind LTE.

use super::super::Day;
use super::super::site::Device;
use super::super::tls;
use super::super::wire::SECOND;
use super::{Category, Kind, openvpn, wireguard};
use crate::workload::frame::Ip;
use crate::workload::proto::TlsClient;

/// Names of vendors' services that are published.
const PORTALS: &[&str] = &["insite.gehealthcare.com", "insite-eu.gehealthcare.com"];

/// A modality that reports to its vendor: every quarter of an hour or so, or on one long connection.
pub(super) fn vendor_portal(day: &mut Day) {
    let device = day.any(&["ct", "mr", "xa", "us"]);
    let name = *day.rng.pick(PORTALS);
    portal(day, &device, name);
}

/// The same to a vendor whose name tells nothing.
pub(super) fn vendor_tunnel(day: &mut Day) {
    let device = day.any(&["ct", "mr", "xa", "us", "cr", "analyzer"]);
    let name = format!("remote{}.service-vendor{}.example", day.rng.range(1, 9), day.rng.range(1, 99));
    portal(day, &device, &name);
}

fn portal(day: &mut Day, device: &Device, name: &str) {
    let party = day.named(name);
    let (way, exit) = day.leave(device, party.ip);
    let at = day.early();
    let mut at = day.look_up(device, &party, at);
    if day.rng.chance(0.4) {
        let mut stream = tls::open(day, &way, 443, name, TlsClient::Java, at);
        let bursts = day.bursts();
        tls::persist(day, &mut stream, 60, &bursts);
    } else {
        let period = day.rng.range(10, 40) * 60 * SECOND;
        while at < day.end {
            let mut stream = tls::open(day, &way, 443, name, TlsClient::Java, at);
            tls::exchange(day, &mut stream, 700, 300);
            tls::close(day, stream);
            at += period + day.rng.below(20 * SECOND);
        }
    }
    let category = Category::of_maintenance(device, false);
    day.enter(Ip::V4(device.ip), &party, Kind::plain("tls", "tcp", 443), &exit, category);
}

/// What hangs off the LTE router that nobody told the network's people of.
pub(super) fn modality_by_lte(day: &mut Day) {
    let device = day.lte_modality();
    match day.rng.below(3) {
        0 => openvpn::of(day, &device, 1194, false),
        1 => wireguard::of(day, &device),
        _ => portal(day, &device, "insite.gehealthcare.com"),
    }
}
