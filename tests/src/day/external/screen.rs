//! Screens: RDP and VNC from outside, through the firewall or out of a vendor's VPN router.

use super::super::Day;
use super::super::talk::Stream;
use super::super::tls;
use super::super::wire::{SECOND, Way};
use super::{Category, Kind, Party};
use crate::workload::frame::Ip;
use crate::workload::proto::{TlsClient, rdp_negotiate};

/// The connection request with a cookie in front of what it asks for ([MS-RDPBCGR] §2.2.1.1).
fn request() -> Vec<u8> {
    let cookie = b"Cookie: mstshash=maint\r\n";
    let negotiation = [1, 0, 8, 0, 3, 0, 0, 0];
    let length = 11 + cookie.len() + negotiation.len();
    let mut bytes = vec![3, 0];
    bytes.extend((length as u16).to_be_bytes());
    bytes.extend([length as u8 - 5, 0xe0, 0, 0, 0, 0, 0]);
    bytes.extend(cookie);
    bytes.extend(negotiation);
    bytes
}

pub(super) fn rdp(day: &mut Day, way: &Way, port: u16, host: &str) {
    for _ in 0..day.rng.range(1, 3) {
        let (at, from) = (day.moment((day.end - day.start) / 5), day.port());
        let mut stream = Stream::open(&mut day.wire, way, (from, port), at, &mut day.rng);
        stream.say(&mut day.wire, true, &request());
        stream.say(&mut day.wire, false, &rdp_negotiate(true));
        tls::shake(day, &mut stream, host, TlsClient::Schannel);
        for _ in 0..day.rng.range(60, 250) {
            stream.rest_until(stream.at() + day.rng.range(SECOND / 20, 3 * SECOND));
            let (input, screen) = (day.rng.range(40, 120), day.rng.range(300, 6_000));
            tls::exchange(day, &mut stream, input as usize, screen as usize);
        }
        tls::close(day, stream);
    }
}

pub(super) fn rdp_from_outside(day: &mut Day) {
    let device = day.any(&["server", "his", "ris", "lis", "pc"]);
    let party = day.nameless();
    let port = *day.rng.pick(&[3_389, 3_389, 13_389, 33_890]);
    let way = day.inward(party.ip, &device);
    rdp(day, &way, port, &device.name);
    let category = Category::of_maintenance(&device, true);
    let exit = day.site.firewall.clone();
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("rdp", "tcp", port), &exit, category);
}

/// What comes out of a vendor's tunnel: from its private network, by the router of the VLAN.
pub(super) fn rdp_by_router(day: &mut Day) {
    let router = day.rng.pick(&day.site.vpn_routers).clone();
    let near: Vec<&str> = match router.lan {
        super::super::site::Lan::Servers => vec!["his", "lis", "ris", "server"],
        super::super::site::Lan::Radiology => vec!["ct", "mr", "xa"],
        _ => vec!["analyzer"],
    };
    let device = day.any(&near);
    let ip = Ip::V4([10, day.rng.range(200, 250) as u8, day.rng.u32() as u8, day.rng.range(1, 254) as u8]);
    let party = Party { ip, name: None };
    let way = day.by(&device, &router, ip, (8_000, 30_000)).reversed();
    rdp(day, &way, 3_389, &device.name);
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("rdp", "tcp", 3_389), &router, category);
}

/// RFC 6143 §7.1: version, VNC authentication, initialisation; then screens.
pub(super) fn vnc_from_outside(day: &mut Day) {
    let device = day.any(&["us", "xa", "analyzer", "pc", "server"]);
    let party = day.nameless();
    let port = *day.rng.pick(&[5_900, 5_901, 15_900]);
    let way = day.inward(party.ip, &device);
    for _ in 0..day.rng.range(1, 3) {
        let (at, from) = (day.moment((day.end - day.start) / 5), day.port());
        let mut stream = Stream::open(&mut day.wire, &way, (from, port), at, &mut day.rng);
        let challenge = day.rng.bytes(16);
        let mut screen = vec![5, 0, 4, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
        screen.extend((device.name.len() as u32).to_be_bytes());
        screen.extend(device.name.as_bytes());
        let talk: [(bool, &[u8]); 9] = [
            (false, b"RFB 003.008\n"),
            (true, b"RFB 003.008\n"),
            (false, &[1, 2]),
            (true, &[2]),
            (false, &challenge),
            (true, &challenge),
            (false, &[0; 4]),
            (true, &[1]),
            (false, &screen),
        ];
        for (from_near, message) in talk {
            stream.say(&mut day.wire, from_near, message);
        }
        for _ in 0..day.rng.range(40, 200) {
            stream.rest_until(stream.at() + day.rng.range(SECOND / 20, 3 * SECOND));
            stream.say(&mut day.wire, true, &[3, 1, 0, 0, 0, 0, 5, 0, 4, 0]);
            let pixels = day.rng.range(10, 1_500) as u16;
            let mut update = vec![0, 0, 0, 1, 0, 0, 0, 0];
            update.extend(pixels.to_be_bytes());
            update.extend([0, 1, 0, 0, 0, 0]);
            update.extend(day.rng.bytes(usize::from(pixels) * 4));
            stream.say(&mut day.wire, false, &update);
        }
        stream.close(&mut day.wire);
    }
    let category = Category::of_maintenance(&device, true);
    let exit = day.site.firewall.clone();
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("vnc", "tcp", port), &exit, category);
}
