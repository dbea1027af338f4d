//! The frames that nearly all are, decoded straight into their place: Ethernet II with one tag or none,
//! IPv4 without options or IPv6 without extensions, whole, TCP or UDP.
//!
//! It says the same as the way through every layer, in a third of the time: there each layer's result is
//! copied into the next one's. Whatever is out of the ordinary, damage included, is left to that way.

use crate::Addr;
use crate::packet::{Body, Fragment, Ip, Link, Packet, Tcp, Udp, Upper};
use crate::transport::protocol;

/// A customer VLAN tag (IEEE 802.1Q §9.6).
const TAG: [u8; 2] = [0x81, 0x00];

/// Decodes a frame into `packet`; tells whether it could. `vlan` is that of a tag taken off before.
#[inline]
pub(crate) fn ethernet<'a>(bytes: &'a [u8], vlan: u16, wire_len: u32, packet: &mut Packet<'a>) -> bool {
    let Some((head, mut rest)) = bytes.split_first_chunk::<14>() else { return false };
    let (mut vlan, mut ethertype) = (vlan, [head[12], head[13]]);
    if ethertype == TAG && vlan == 0 && wire_len >= 18 {
        let Some((tag, after)) = rest.split_first_chunk::<4>() else { return false };
        vlan = u16::from_be_bytes([tag[0], tag[1]]) & 0x0fff;
        (ethertype, rest) = ([tag[2], tag[3]], after);
    }
    let decoded = match ethertype {
        [0x08, 0x00] => v4(rest, &mut packet.body),
        [0x86, 0xdd] => v6(rest, &mut packet.body),
        _ => false,
    };
    if decoded {
        link(head, vlan, &mut packet.link);
    }
    decoded
}

/// Field by field in their place: put together before, they take longer than all else here.
#[inline]
fn link(head: &[u8; 14], vlan: u16, link: &mut Link) {
    let Some((dst, after)) = head.split_first_chunk::<6>() else { return };
    let Some(src) = after.first_chunk::<6>() else { return };
    link.src.0 = *src;
    link.dst.0 = *dst;
    link.vlan = vlan;
    link.outer_vlan = 0;
    link.pppoe = false;
}

#[inline]
fn v4<'a>(bytes: &'a [u8], body: &mut Body<'a>) -> bool {
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
    upper(&head, rest, body)
}

#[inline(never)]
fn v6<'a>(bytes: &'a [u8], body: &mut Body<'a>) -> bool {
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
    upper(&head, rest, body)
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

#[expect(clippy::inline_always, reason = "through memory its arguments take as long as its work")]
#[inline(always)]
fn upper<'a>(head: &Head, rest: &'a [u8], into: &mut Body<'a>) -> bool {
    let body = rest.get(..head.body_wire_len as usize).unwrap_or(rest);
    match head.protocol {
        protocol::TCP => {
            let Some((h, after)) = body.split_first_chunk::<20>() else { return false };
            let Some(options_len) = (usize::from(h[12] >> 4) * 4).checked_sub(20) else { return false };
            let payload = after.get(options_len..).unwrap_or_default();
            *into = Body::Ip(head.ip(Upper::Tcp(Tcp::of(h)), body, payload));
            true
        }
        protocol::UDP => {
            let Some((h, payload)) = body.split_first_chunk::<8>() else { return false };
            *into = Body::Ip(head.ip(Upper::Udp(Udp::of(*h)), body, payload));
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
