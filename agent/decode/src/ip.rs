//! IPv4 (RFC 791) with options and fragments, IPv6 (RFC 8200) with extension headers.

use crate::packet::{Fragment, Ip, Upper};
use crate::transport;
use crate::{Addr, Cursor, DecodeError, Layer};

/// More extension headers than any sender has a reason for; RFC 8200 §4.1 names seven.
const MAX_EXTENSIONS: usize = 8;

/// Parses an IP packet by its version nibble. `wire_len` is what the link carried, padding included.
pub(crate) fn parse(bytes: &[u8], wire_len: u32) -> Result<Ip<'_>, DecodeError> {
    match bytes.first().map(|byte| byte >> 4) {
        Some(4) => v4(bytes, wire_len),
        Some(6) => v6(bytes, wire_len),
        Some(_) => Err(DecodeError::Malformed { layer: Layer::Ipv4, what: "version neither 4 nor 6" }),
        None => Err(DecodeError::Truncated { layer: Layer::Ipv4, offset: 0, need: 1, have: 0 }),
    }
}

fn v4(bytes: &[u8], wire_len: u32) -> Result<Ip<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ipv4, bytes);
    let h: [u8; 20] = cursor.array()?;
    let Some(options_len) = (usize::from(h[0] & 0x0f) * 4).checked_sub(20) else {
        return Err(cursor.malformed("header length under five words"));
    };
    cursor.take(options_len)?;
    // Zero where the sender's hardware was to fill it in (segmentation offload): the link tells.
    let total_len = match u16::from_be_bytes([h[2], h[3]]) {
        0 => wire_len,
        len => u32::from(len),
    };
    let header_len = 20 + options_len;
    let Some(body_wire_len) = total_len.checked_sub(header_len as u32) else {
        return Err(cursor.malformed("total length under header length"));
    };
    let flags_offset = u16::from_be_bytes([h[6], h[7]]);
    let more = flags_offset & 0x2000 != 0;
    let first = flags_offset & 0x1fff == 0;
    let fragment = match (first, more) {
        (true, false) => Fragment::Whole,
        (true, true) => Fragment::First,
        (false, _) => Fragment::Later,
    };
    Ip {
        src: Addr::v4([h[12], h[13], h[14], h[15]]),
        dst: Addr::v4([h[16], h[17], h[18], h[19]]),
        ttl: h[8],
        protocol: h[9],
        ident: u32::from(u16::from_be_bytes([h[4], h[5]])),
        fragment,
        wire_len: total_len,
        upper: Upper::Other,
        body: &[],
        payload: &[],
        payload_wire_len: 0,
    }
    .with_body(cursor.rest(), body_wire_len)
}

fn v6(bytes: &[u8], wire_len: u32) -> Result<Ip<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ipv6, bytes);
    let [_, _, _, _, len_high, len_low, mut next, ttl] = cursor.array()?;
    let src = Addr::v6(cursor.array()?);
    let dst = Addr::v6(cursor.array()?);
    // Zero: a jumbogram (RFC 2675) or an offloaded segment; the link tells.
    let mut body_wire_len = match u16::from_be_bytes([len_high, len_low]) {
        0 => wire_len.saturating_sub(40),
        len => u32::from(len),
    };
    let total_len = body_wire_len.saturating_add(40);
    let mut ident = 0;
    let mut fragment = Fragment::Whole;
    for _ in 0..MAX_EXTENSIONS {
        let before = cursor.rest().len();
        match next {
            // Hop-by-hop, routing, destination options, mobility, HIP, shim6: one layout (RFC 6564).
            0 | 43 | 60 | 135 | 139 | 140 => {
                let [after, octets_of_8] = cursor.array()?;
                cursor.take(6 + usize::from(octets_of_8) * 8)?;
                next = after;
            }
            // Fragment (RFC 8200 §4.5).
            44 => {
                let [after, _, offset_high, offset_low] = cursor.array()?;
                ident = cursor.u32()?;
                let field = u16::from_be_bytes([offset_high, offset_low]);
                fragment = match (field & 0xfff8, field & 1) {
                    (0, 0) => Fragment::Whole, // atomic (RFC 6946)
                    (0, _) => Fragment::First,
                    _ => Fragment::Later,
                };
                next = after;
            }
            _ => break,
        }
        let used = before - cursor.rest().len();
        let Some(rest) = body_wire_len.checked_sub(used as u32) else {
            return Err(cursor.malformed("extension headers beyond payload length"));
        };
        body_wire_len = rest;
        if fragment == Fragment::Later {
            break;
        }
    }
    let ip = Ip {
        src,
        dst,
        ttl,
        protocol: next,
        ident,
        fragment,
        wire_len: total_len,
        upper: Upper::Other,
        body: &[],
        payload: &[],
        payload_wire_len: 0,
    };
    ip.with_body(cursor.rest(), body_wire_len)
}

/// Octets of UDP's header.
const UDP_HEADER: u32 = 8;

impl<'a> Ip<'a> {
    /// Takes what follows the IP header: cuts link padding, parses the upper layer.
    fn with_body(mut self, rest: &'a [u8], body_wire_len: u32) -> Result<Self, DecodeError> {
        let body = rest.get(..body_wire_len as usize).unwrap_or(rest);
        self.body = body;
        if self.fragment == Fragment::Later {
            self.payload = body;
            self.payload_wire_len = body_wire_len;
            return Ok(self);
        }
        let (upper, payload) = transport::parse(self.protocol, body)?;
        self.upper = upper;
        self.payload = payload;
        self.payload_wire_len = body_wire_len.saturating_sub((body.len() - payload.len()) as u32);
        if let (Fragment::First, Upper::Udp(_), Some([_, _, _, _, high, low, _, _])) =
            (self.fragment, &self.upper, body.first_chunk())
        {
            // A datagram in fragments: its own header tells how long it is as a whole.
            let whole = u32::from(u16::from_be_bytes([*high, *low])).saturating_sub(UDP_HEADER);
            self.payload_wire_len = self.payload_wire_len.max(whole);
        }
        Ok(self)
    }
}
