//! The frames that nearly all are, decoded straight into their place: Ethernet II with one tag or none,
//! IPv4 without options or IPv6 without extensions, whole, TCP or UDP.
//!
//! It says the same as the way through every layer, in a third of the time: there each layer's result is
//! copied into the next one's. Whatever is out of the ordinary, damage included, is left to that way.

use crate::packet::{Body, Fragment, Ip, Link, Packet, Tcp, Udp, Upper};
use crate::transport::protocol;
use crate::{Addr, MacAddr};

/// Decodes a frame into `packet`; tells whether it could. `vlan` is that of a tag taken off before.
#[inline]
pub(crate) fn ethernet<'a>(bytes: &'a [u8], vlan: u16, wire_len: u32, packet: &mut Packet<'a>) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<14>() else { return false };
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, type_high, type_low] = *head;
    let link = Link {
        src: MacAddr([s0, s1, s2, s3, s4, s5]),
        dst: MacAddr([d0, d1, d2, d3, d4, d5]),
        vlan,
        ..Link::default()
    };
    match [type_high, type_low] {
        [0x08, 0x00] => v4(link, rest, packet),
        [0x86, 0xdd] => v6(link, rest, packet),
        [0x81, 0x00] if vlan == 0 && wire_len >= 18 => {
            let Some(([tci_high, tci_low, type_high, type_low], rest)) = rest.split_first_chunk() else {
                return false;
            };
            let link = Link { vlan: u16::from_be_bytes([*tci_high, *tci_low]) & 0x0fff, ..link };
            match [*type_high, *type_low] {
                [0x08, 0x00] => v4(link, rest, packet),
                [0x86, 0xdd] => v6(link, rest, packet),
                _ => false,
            }
        }
        _ => false,
    }
}

#[inline]
fn v4<'a>(link: Link, bytes: &'a [u8], packet: &mut Packet<'a>) -> bool {
    let Some((h, rest)) = bytes.split_first_chunk::<20>() else { return false };
    let total_len = u16::from_be_bytes([h[2], h[3]]);
    // Version 4 and five words; neither more fragments nor an offset.
    if h[0] != 0x45 || total_len < 20 || u16::from_be_bytes([h[6], h[7]]) & 0x3fff != 0 {
        return false;
    }
    let head = Head {
        src: Addr::v4([h[12], h[13], h[14], h[15]]),
        dst: Addr::v4([h[16], h[17], h[18], h[19]]),
        ttl: h[8],
        protocol: h[9],
        ident: u32::from(u16::from_be_bytes([h[4], h[5]])),
        wire_len: u32::from(total_len),
        body_wire_len: u32::from(total_len) - 20,
    };
    upper(link, &head, rest, packet)
}

#[inline]
fn v6<'a>(link: Link, bytes: &'a [u8], packet: &mut Packet<'a>) -> bool {
    let Some((h, rest)) = bytes.split_first_chunk::<8>() else { return false };
    let Some((src, rest)) = rest.split_first_chunk::<16>() else { return false };
    let Some((dst, rest)) = rest.split_first_chunk::<16>() else { return false };
    let body_wire_len = u32::from(u16::from_be_bytes([h[4], h[5]]));
    if h[0] >> 4 != 6 || body_wire_len == 0 {
        return false;
    }
    let head = Head {
        src: Addr::v6(*src),
        dst: Addr::v6(*dst),
        ttl: h[7],
        protocol: h[6],
        ident: 0,
        wire_len: body_wire_len + 40,
        body_wire_len,
    };
    upper(link, &head, rest, packet)
}

/// What both versions' headers say.
struct Head {
    src: Addr,
    dst: Addr,
    ttl: u8,
    protocol: u8,
    ident: u32,
    wire_len: u32,
    body_wire_len: u32,
}

#[inline]
fn upper<'a>(link: Link, head: &Head, rest: &'a [u8], packet: &mut Packet<'a>) -> bool {
    let body = rest.get(..head.body_wire_len as usize).unwrap_or(rest);
    match head.protocol {
        protocol::TCP => {
            let Some((h, after)) = body.split_first_chunk::<20>() else { return false };
            let Some(options_len) = (usize::from(h[12] >> 4) * 4).checked_sub(20) else { return false };
            let payload = after.get(options_len..).unwrap_or_default();
            *packet = Packet { link, body: Body::Ip(head.ip(Upper::Tcp(Tcp::of(h)), body, payload)) };
            true
        }
        protocol::UDP => {
            let Some((h, payload)) = body.split_first_chunk::<8>() else { return false };
            *packet = Packet { link, body: Body::Ip(head.ip(Upper::Udp(Udp::of(*h)), body, payload)) };
            true
        }
        _ => false,
    }
}

impl Head {
    #[inline]
    const fn ip<'a>(&self, upper: Upper, body: &'a [u8], payload: &'a [u8]) -> Ip<'a> {
        Ip {
            src: self.src,
            dst: self.dst,
            ttl: self.ttl,
            protocol: self.protocol,
            ident: self.ident,
            fragment: Fragment::Whole,
            wire_len: self.wire_len,
            upper,
            body,
            payload,
            payload_wire_len: self.body_wire_len.saturating_sub((body.len() - payload.len()) as u32),
        }
    }
}
