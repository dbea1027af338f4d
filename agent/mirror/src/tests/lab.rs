//! A wire on which talks are played; each frame is decoded, tracked and counted as the agent does it.

use sekisho_decode::{Body, Link, LinkType, MacAddr, decode};
use sekisho_track::{Limits, Mark, Table};

use crate::{Around, Assessment, Carries, Glance, MirrorCheck};

/// The listening box.
pub(super) const OWN: MacAddr = MacAddr([0x00, 0x53, 0x00, 0xff, 0xff, 0x01]);
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const SYN_ACK: u8 = SYN | ACK;
const PSH_ACK: u8 = 0x18;

/// One end of a talk.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) ip: [u8; 4],
    pub(super) mac: MacAddr,
}

/// A host inside.
pub(super) fn host(number: u16) -> End {
    let [high, low] = number.to_be_bytes();
    End { ip: [10, 1, high, low], mac: MacAddr([0x00, 0x53, 0x00, 0x01, high, low]) }
}

/// A host outside, behind the gateway.
pub(super) fn outside(number: u16) -> End {
    let [high, low] = number.to_be_bytes();
    End { ip: [198, 18, high, low], mac: MacAddr([0x00, 0x53, 0x00, 0x00, 0x00, 0xfe]) }
}

/// The listening box as an end.
pub(super) fn own() -> End {
    End { ip: [10, 1, 255, 254], mac: OWN }
}

/// Which directions the mirror shows.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sight {
    Both,
    OrigOnly,
    RespOnly,
}

pub(super) struct Lab {
    pub(super) check: MirrorCheck,
    table: Table<()>,
    time_ns: i64,
    port: u16,
    ident: u16,
    vlans: [u16; 2],
}

impl Lab {
    pub(super) fn new() -> Self {
        Self {
            check: MirrorCheck::new(&[OWN]),
            table: Table::new(Limits::default()),
            time_ns: 1_000_000_000,
            port: 49_152,
            ident: 0,
            vlans: [0; 2],
        }
    }

    /// From now on: the VLAN of orig's frames and that of resp's.
    pub(super) fn vlans(&mut self, vlans: [u16; 2]) {
        self.vlans = vlans;
    }

    /// A TCP talk: handshake, a request and an answer.
    pub(super) fn tcp(&mut self, orig: &End, resp: &End, sight: Sight) {
        self.port = self.port.checked_add(1).unwrap_or(49_152);
        let steps =
            [(true, SYN), (false, SYN_ACK), (true, ACK), (true, PSH_ACK), (false, PSH_ACK), (true, ACK)];
        let hidden = |by_orig| if by_orig { Sight::RespOnly } else { Sight::OrigOnly };
        for (by_orig, flags) in steps.into_iter().filter(|(by_orig, _)| sight != hidden(*by_orig)) {
            let bytes = self.segment(orig, resp, by_orig, flags);
            self.ip_frame(orig, resp, by_orig, 6, &bytes, 64);
        }
    }

    /// A SYN without answer.
    pub(super) fn syn(&mut self, orig: &End, resp: &End) {
        self.port = self.port.checked_add(1).unwrap_or(49_152);
        let bytes = self.segment(orig, resp, true, SYN);
        self.ip_frame(orig, resp, true, 6, &bytes, 64);
    }

    /// A TCP talk that a router carries from one untagged link to another; both are mirrored.
    pub(super) fn routed(&mut self, orig: &End, resp: &End) {
        self.port = self.port.checked_add(1).unwrap_or(49_152);
        let router = MacAddr([0x00, 0x53, 0x00, 0x00, 0x00, 0xee]);
        for (by_orig, flags) in [(true, SYN), (false, SYN_ACK), (true, PSH_ACK), (false, PSH_ACK)] {
            let bytes = self.segment(orig, resp, by_orig, flags);
            let [near, far] = [End { mac: router, ..*resp }, End { mac: router, ..*orig }];
            self.ip_frame(orig, &near, by_orig, 6, &bytes, 64);
            self.ident -= 1;
            self.ip_frame(&far, resp, by_orig, 6, &bytes, 63);
        }
    }

    /// A UDP question and its answer.
    pub(super) fn udp(&mut self, orig: &End, resp: &End, sight: Sight) {
        self.port = self.port.checked_add(1).unwrap_or(49_152);
        for by_orig in [true, false] {
            if sight == Sight::Both || by_orig {
                let [src, dst] = if by_orig { [self.port, 514] } else { [514, self.port] };
                let mut bytes = [src.to_be_bytes(), dst.to_be_bytes(), [0, 12], [0, 0]].concat();
                bytes.extend([1, 2, 3, 4]);
                self.ip_frame(orig, resp, by_orig, 17, &bytes, 64);
            }
        }
    }

    /// Broadcasts of many hosts, to every host and to those of their network.
    pub(super) fn broadcasts(&mut self, frames: u16) {
        for number in 0..frames {
            let ip = if number % 2 == 0 { [255; 4] } else { [10, 1, 255, 255] };
            let all = End { ip, mac: MacAddr([0xff; 6]) };
            let bytes = [[0, 138], [0, 138], [0, 12], [0, 0], [1, 2], [3, 4]].concat();
            self.ip_frame(&host(number % 50), &all, true, 17, &bytes, 64);
        }
    }

    /// An ARP request of a host.
    pub(super) fn arp(&mut self, sender: [u8; 4]) {
        let mac = host(u16::from(sender[2])).mac.0;
        let mut frame = [&[0xff; 6][..], &mac].concat();
        frame.extend(self.tag(0));
        frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        frame.extend([&mac[..], &sender, &[0; 6], &[sender[0], sender[1], sender[2], 1]].concat());
        self.frame(&frame);
    }

    /// A frame of others of which only these things matter.
    pub(super) fn plain(&mut self, captured: u32, wire: u32, carries: Carries, merged: bool) {
        let link = Link { src: host(1).mac, dst: host(2).mac, ..Link::default() };
        self.check.frame(&link, Glance { captured, wire, carries, merged });
    }

    pub(super) fn finish(mut self) -> MirrorCheck {
        let check = &mut self.check;
        self.table.finish(&mut |conn| check.conn(&conn));
        self.check
    }

    pub(super) fn judge(self, around: Around) -> Assessment {
        self.finish().judge(&around)
    }

    fn segment(&self, _: &End, _: &End, by_orig: bool, flags: u8) -> Vec<u8> {
        let [src, dst] = if by_orig { [self.port, 443] } else { [443, self.port] };
        let payload: &[u8] = if flags == PSH_ACK { b"data" } else { b"" };
        let mut bytes = [src.to_be_bytes(), dst.to_be_bytes()].concat();
        bytes.extend([0, 0, 0, flags, 0, 0, 0, 9, 0x50, flags, 16, 0]);
        bytes.extend(self.ident.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(payload);
        bytes
    }

    fn ip_frame(&mut self, orig: &End, resp: &End, by_orig: bool, protocol: u8, bytes: &[u8], ttl: u8) {
        let [src, dst] = if by_orig { [orig, resp] } else { [resp, orig] };
        self.ident = self.ident.wrapping_add(1);
        let total = u16::try_from(20 + bytes.len()).unwrap().to_be_bytes();
        let [id_high, id_low] = self.ident.to_be_bytes();
        let mut frame = [&dst.mac.0[..], &src.mac.0].concat();
        frame.extend(self.tag(usize::from(!by_orig)));
        frame.extend([8, 0, 0x45, 0, total[0], total[1], id_high, id_low, 0, 0, ttl, protocol, 0, 0]);
        frame.extend([src.ip, dst.ip].concat());
        frame.extend(bytes);
        self.frame(&frame);
    }

    fn tag(&self, side: usize) -> Vec<u8> {
        match self.vlans[side] {
            0 => Vec::new(),
            vlan => [[0x81, 0x00], vlan.to_be_bytes()].concat(),
        }
    }

    fn frame(&mut self, bytes: &[u8]) {
        self.time_ns += 1_000_000;
        let len = u32::try_from(bytes.len()).unwrap();
        let packet = decode(LinkType::Ethernet, bytes, len).unwrap();
        let glance = Glance { captured: len, wire: len, carries: Carries::of(&packet.body), merged: false };
        self.check.frame(&packet.link, glance);
        match &packet.body {
            Body::Ip(ip) => {
                let check = &mut self.check;
                let mark = Mark::of(&packet.link, ip);
                self.table.packet(self.time_ns, &mark, &packet.link, ip, &mut |conn| check.conn(&conn));
            }
            Body::Arp(arp) => self.check.arp(&packet.link, arp),
            Body::Lldp(_) | Body::Cdp(_) | Body::Other(_) => {}
        }
    }
}
