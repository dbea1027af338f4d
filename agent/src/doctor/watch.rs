//! Frames in, an assessment out: decodes and tracks as much as the mirror check needs.

use std::time::Duration;

use sekisho_decode::{Body, Inner, Ip, Link, LinkType, MacAddr, Upper, decode};
use sekisho_mirror::{Around, Assessment, Carrier, Carries, Glance, MirrorCheck};
use sekisho_track::{Limits, Table};

use crate::capture::Frame;

/// Mirrors wrapped in each other's; more is hostile.
const MAX_WRAPS: usize = 2;
/// VXLAN's port (RFC 7348 §5).
const VXLAN_PORT: u16 = 4789;
/// TZSP's port, and the only version of its header.
const TZSP_PORT: u16 = 37_008;
const TZSP_VERSION: u8 = 1;

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

    /// Takes a frame, and whether the capturing ring said that the interface merged it of several.
    pub(super) fn frame(&mut self, frame: &Frame<'_>, merged: bool) {
        self.packets += 1;
        let (first, last) = self.span.unwrap_or((frame.time_ns, frame.time_ns));
        self.span = Some((first.min(frame.time_ns), last.max(frame.time_ns)));
        self.layer(frame, merged, 0);
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

    fn layer(&mut self, frame: &Frame<'_>, merged: bool, wraps: usize) {
        let Frame { link, data, wire_len, .. } = *frame;
        let glance = |carries| Glance { captured: data.len() as u32, wire: wire_len, carries, merged };
        let Ok(packet) = decode(link, data, wire_len) else {
            return self.check.frame(&ends(link, data), glance(Carries::Unknown));
        };
        if let Body::Ip(ip) = &packet.body
            && wraps < MAX_WRAPS
            && let Some((carrier, inner)) = wrap(&self.check, &packet.link, ip)
        {
            self.check.carrier(carrier);
            if let Some(Inner { link, data, wire_len, .. }) = inner {
                self.layer(&Frame { link, wire_len, data, ..*frame }, merged, wraps + 1);
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
        table.packet(time_ns, link, ip, &mut |conn| check.conn(&conn));
    }
}

/// Tells whether a packet is only how a mirrored frame was sent here, and opens it where that can be
/// done.
fn wrap<'a>(check: &MirrorCheck, link: &Link, ip: &Ip<'a>) -> Option<(Carrier, Option<Inner<'a>>)> {
    let inner = ip.inner().ok().flatten();
    if inner.is_some_and(|inner| inner.mirror) {
        return Some((Carrier::Erspan, inner));
    }
    let Upper::Udp(udp) = ip.upper else { return None };
    match udp.dst_port {
        // Between others it is a tunnel of the network's.
        VXLAN_PORT if inner.is_some() && check.is_own(link.dst) => Some((Carrier::Vxlan, inner)),
        TZSP_PORT if ip.payload.first() == Some(&TZSP_VERSION) => Some((Carrier::Tzsp, None)),
        _ => None,
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
