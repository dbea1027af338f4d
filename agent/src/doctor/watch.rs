//! Frames in, an assessment out: decodes and tracks as much as the mirror check needs.

use std::time::Duration;

use sekisho_decode::{Body, Inner, Ip, Link, LinkType, MacAddr, Upper, decode_tagged};
use sekisho_mirror::{Around, Assessment, Carries, Glance, MirrorCheck, wrap};
use sekisho_track::{Limits, Mark, Table};

use crate::capture::Frame;

/// Mirrors wrapped in each other's; more is hostile.
const MAX_WRAPS: usize = 2;

/// Everything between the frames and the verdict.
#[derive(Debug)]
pub(super) struct Watch {
    check: MirrorCheck,
    table: Table<()>,
    packets: u64,
    span: Option<(i64, i64)>,
}

impl Watch {
    /// Starts with the hardware addresses of the listening interfaces.
    pub(super) fn new(own: &[MacAddr]) -> Self {
        Self { check: MirrorCheck::new(own), table: Table::new(Limits::default()), packets: 0, span: None }
    }

    /// Takes a frame.
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        self.packets += 1;
        let (first, last) = self.span.unwrap_or((frame.time_ns, frame.time_ns));
        self.span = Some((first.min(frame.time_ns), last.max(frame.time_ns)));
        self.layer(frame, 0);
    }

    /// Judges what passed. `known` is what only the source can tell: drops, freezes, speed and link,
    /// and how long it was watched; left at zero, this is the time between first and last frame.
    pub(super) fn judge(mut self, known: Around) -> Assessment {
        let check = &mut self.check;
        self.table.finish(&mut |conn| check.conn(&conn));
        let span_ns = self.span.map_or(0, |(first, last)| last.saturating_sub(first));
        let span = Duration::from_nanos(span_ns.unsigned_abs());
        let duration = if known.duration.is_zero() { span } else { known.duration };
        let duplicates = self.table.counts().duplicates;
        self.check.judge(&Around { packets: self.packets, duplicates, duration, ..known })
    }

    fn layer(&mut self, frame: &Frame<'_>, wraps: usize) {
        let Frame { link, tci, data, wire_len, merged, .. } = *frame;
        let glance = |carries| Glance { captured: data.len() as u32, wire: wire_len, carries, merged };
        let Ok(packet) = decode_tagged(link, tci, data, wire_len) else {
            return self.check.frame(&ends(link, data), glance(Carries::Unknown));
        };
        if let Body::Ip(ip) = &packet.body
            && wraps < MAX_WRAPS
            && let Some((carrier, inner)) = wrap(&self.check, &packet.link, ip)
        {
            self.check.carrier(carrier);
            if let Some(Inner { link, data, wire_len, .. }) = inner {
                self.layer(&Frame { link, tci: 0, wire_len, data, ..*frame }, wraps + 1);
            }
            return;
        }
        self.check.frame(&packet.link, glance(Carries::of(&packet.body)));
        match &packet.body {
            Body::Ip(ip) => self.ip(frame.time_ns, &packet.link, ip),
            Body::Arp(arp) => self.check.arp(&packet.link, arp),
            Body::Lldp(_) | Body::Cdp(_) | Body::Other(_) => {}
        }
    }

    fn ip(&mut self, time_ns: i64, link: &Link, ip: &Ip<'_>) {
        // Messages about the network belong to no conn.
        if let Upper::Icmp(icmp) = ip.upper
            && (icmp.is_error() || icmp.is_link_scope())
        {
            return;
        }
        let Self { check, table, .. } = self;
        table.packet(time_ns, &Mark::of(link, ip), link, ip, &mut |conn| check.conn(&conn));
    }
}

/// The ends of a frame of which nothing else can be decoded.
fn ends(link: LinkType, data: &[u8]) -> Link {
    match (link, data.first_chunk::<12>()) {
        (LinkType::Ethernet, Some([a, b, c, d, e, f, g, h, i, j, k, l])) => Link {
            dst: MacAddr([*a, *b, *c, *d, *e, *f]),
            src: MacAddr([*g, *h, *i, *j, *k, *l]),
            ..Link::default()
        },
        _ => Link::default(),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_mirror::{Key, Verdict};

    use super::*;
    use crate::doctor::samples::{OTHER, OWN, datagram};

    /// Talks of two directions between many hosts, each frame shown as `show` has it.
    fn talks(show: impl Fn(Vec<u8>) -> Vec<u8>) -> Assessment {
        let mut watch = Watch::new(&[MacAddr(OWN)]);
        for number in 0..80_u8 {
            let hosts = [[192, 0, 2, number], [198, 51, 100, number]];
            let asked = datagram(OTHER, [50_000, 53], hosts, b"question");
            let answered = datagram(OTHER, [53, 50_000], [hosts[1], hosts[0]], b"answer");
            for data in [asked, answered].map(&show) {
                let wire_len = u32::try_from(data.len()).unwrap();
                let frame = Frame {
                    merged: false,
                    time_ns: i64::from(number),
                    link: LinkType::Ethernet,
                    tci: 0,
                    wire_len,
                    data: &data,
                };
                watch.frame(&frame);
            }
        }
        watch.judge(Around::default())
    }

    fn wrapped(to: [u8; 6], port: u16, header: &[u8], inner: &[u8]) -> Vec<u8> {
        let hosts = [[203, 0, 113, 1], [203, 0, 113, 2]];
        datagram(to, [40_000, port], hosts, &[header, inner].concat())
    }

    /// VXLAN's port (RFC 7348 §5), and TZSP's.
    const VXLAN_PORT: u16 = 4789;
    const TZSP_PORT: u16 = 37_008;
    const VXLAN: [u8; 8] = [0x08, 0, 0, 0, 0, 0, 7, 0];

    #[test]
    fn frames_in_a_wrap_addressed_to_us_are_opened_and_judged() {
        let plain = talks(|frame| frame);
        let opened = talks(|frame| wrapped(OWN, VXLAN_PORT, &VXLAN, &frame));
        assert_eq!(plain.verdict, Verdict::Good);
        assert_eq!((opened.verdict, opened.overview), (Verdict::Good, plain.overview));
        assert_eq!(opened.findings.first().map(|finding| finding.key), Some(Key::Encapsulated));
    }

    #[test]
    fn a_tunnel_between_others_is_no_wrap_of_the_mirror() {
        let tunnel = talks(|frame| wrapped(OTHER, VXLAN_PORT, &VXLAN, &frame));
        assert_eq!(tunnel.overview.frames, 160);
        assert_eq!(tunnel.overview.conns, 1, "the tunnel is the conn");
        assert!(tunnel.findings.iter().all(|finding| finding.key != Key::Encapsulated));
    }

    #[test]
    fn a_wrap_that_cannot_be_opened_is_said_to_be_one() {
        let tzsp = talks(|frame| wrapped(OWN, TZSP_PORT, &[1, 0, 0, 1, 1], &frame));
        assert_eq!(tzsp.verdict, Verdict::Bad);
        assert_eq!(tzsp.findings.first().map(|finding| finding.key), Some(Key::UnopenedWrap));
    }

    #[test]
    fn what_cannot_be_decoded_is_counted_by_its_ends() {
        let torn = talks(|frame| frame.into_iter().take(16).collect());
        assert_eq!((torn.overview.frames, torn.overview.foreign), (160, 160));
        assert_eq!(torn.findings.first().map(|finding| finding.key), Some(Key::Unreadable));
        let nothing = talks(|_| Vec::new());
        assert_eq!(nothing.overview.frames, 160);
    }
}
