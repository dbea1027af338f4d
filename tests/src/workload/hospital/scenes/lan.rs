//! What a segment says about itself, and who looks around in it.

use super::super::kind::Kind::*;
use super::super::script::{Beats, Cast, Script, What};
use crate::workload::frame::{self, ACK, Ep, Ip, RST, SYN};
use crate::workload::proto::{self, *};
use crate::workload::rng::Rng;
use crate::workload::world::*;

/// Four echoes.
pub(super) fn icmp(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { lan, .. } = cast;
    let mut b = Beats::new(lan);
    let id = r.u32();
    for i in 0..4u8 {
        for c2s in [true, false] {
            let mut p = vec![if c2s { 8 } else { 0 }, 0, 0, 0, (id >> 8) as u8, id as u8, 0, i];
            p.extend_from_slice(b"abcdefghijklmnopqrstuvwabcdefghi");
            let ck = frame::checksum(&p);
            p[2..4].copy_from_slice(&ck.to_be_bytes());
            b.push(if c2s && i > 0 { 1_000_000 } else { lan }, c2s, What::Ip(1, p));
        }
    }
    Script::of(cast).towards(cast.inside(0), b.v)
}

/// One port tried, refused or unanswered.
pub(super) fn scan(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, f, lan, .. } = cast;
    let mut b = Beats::new(lan);
    b.push(0, true, What::Tcp(SYN, vec![]));
    if r.chance(0.5) {
        b.push(lan, false, What::Tcp(RST | ACK, vec![]));
    }
    let p = *r.pick(&[22u16, 23, 80, 135, 139, 443, 445, 3389, 8080, 9100, 2000]);
    Script::of(cast).towards(w.routed(f.b as usize, p), b.v)
}

/// A service announced to the segment, by mDNS or SSDP.
pub(super) fn announce(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { h, f, lan, .. } = cast;
    let mut script = Script::of(cast);
    let (ip, mac, p, m) = if f.kind == Mdns {
        ([224, 0, 0, 251], [1, 0, 0x5e, 0, 0, 0xfb], 5353, mdns_announce(&h.name, "_ipp._tcp.local", h.ip))
    } else {
        ([239, 255, 255, 250], [1, 0, 0x5e, 0x7f, 0xff, 0xfa], 1900, ssdp(&h.name))
    };
    let mut b = Beats::new(lan);
    b.udp(0, true, m.clone());
    b.udp(1_000_000, true, m);
    if f.kind == Mdns {
        script.c.port = 5353;
    }
    script.towards(Ep { mac, ip: Ip::V4(ip), port: p, ttl: 255 }, b.v)
}

/// A NetBIOS name claimed.
pub(super) fn nbns(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { h, f, lan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(lan);
    let m = proto::nbns(&h.name, f.port);
    for _ in 0..3 {
        b.udp(750_000, true, m.clone());
    }
    script.c.port = 137;
    script.towards(Ep { mac: [255; 6], ip: Ip::V4([h.ip[0], h.ip[1], 3, 255]), port: 137, ttl: 128 }, b.v)
}

/// A lease: discover, offer, request, acknowledgement.
pub(super) fn dhcp(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, h, lan, .. } = cast;
    let mut script = Script::of(cast);
    let srv = w.hosts[w.dns].ip;
    let vendor = match h.os {
        Os::Windows | Os::OldWindows => "MSFT 5.0",
        Os::Android => "android-dhcp-14",
        Os::Linux => "udhcp 1.36.1",
        _ => "",
    };
    let mut b = Beats::new(lan);
    let xid = r.u32();
    for (i, kind) in [1u8, 2, 3, 5].into_iter().enumerate() {
        let d = proto::Dhcp { kind, xid, mac: h.mac, yiaddr: h.ip, server: srv, host: &h.name, vendor };
        b.udp(if i == 0 { 0 } else { 30_000 }, i % 2 == 0, proto::dhcp(&d));
    }
    script.c.ip = Ip::V4([0; 4]);
    script.c.port = 68;
    script.towards(Ep { mac: w.router, ip: Ip::V4([255; 4]), port: 67, ttl: 64 }, b.v)
}

/// A station asked for; answered on the same VLAN.
pub(super) fn arp(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { w, h, f, lan, .. } = cast;
    let t = &w.hosts[f.b as usize];
    let mut b = Beats::new(lan);
    b.push(0, true, What::Raw(0x0806, [255; 6], proto::arp(1, &h.mac, &h.ip, &[0; 6], &t.ip)));
    if t.vlan == h.vlan {
        b.push(lan, false, What::Raw(0x0806, h.mac, proto::arp(2, &t.mac, &t.ip, &h.mac, &h.ip)));
    }
    Script::of(cast).towards(t.ep(0), b.v)
}

/// A switch's own announcement.
pub(super) fn lldp(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { f, lan, .. } = cast;
    let mut script = Script::of(cast);
    let mac = [0x00, 0x1b, 0x54, 0xee, 0, f.a as u8];
    let sw = f.a % 24;
    let mut b = Beats::new(lan);
    let m = proto::lldp(
        &mac,
        &format!("Gi1/0/{}", f.b % 48 + 1),
        &format!("sw{sw:02}"),
        [10, 0, 0, sw as u8 + 10],
    );
    b.push(0, true, What::Raw(0x88cc, [0x01, 0x80, 0xc2, 0, 0, 0x0e], m));
    script.c.mac = mac;
    script.vlan = 0;
    let own = script.c;
    script.towards(own, b.v)
}
