//! The frames that nearly all are, in brief: Ethernet II with one tag or none, IPv4 without options or IPv6
//! without extensions, whole, TCP or UDP.
//!
//! It says the same as the way through every layer, and no more than counting a packet takes. Whatever is
//! out of the ordinary, damage included, has no brief.

use crate::packet::{Link, Tcp, Udp};
use crate::transport::protocol;
use crate::{Addr, LinkType, MacAddr};

/// A customer VLAN tag (IEEE 802.1Q §9.6).
const TAG: [u8; 2] = [0x81, 0x00];
/// The identifier's bits in a tag's control information (IEEE 802.1Q §9.6).
const VLAN_ID: u16 = 0x0fff;
/// Octets of an IPv4 header without options.
const V4_HEADER: usize = 20;
/// Octets of an IPv6 header without extensions.
const V6_HEADER: usize = 40;
/// Octets of a TCP header without options.
const TCP_HEADER: usize = 20;
/// Octets of a UDP header.
const UDP_HEADER: usize = 8;

/// What a TCP or UDP packet's headers say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Brief {
    /// Source address.
    pub src: Addr,
    /// Destination address.
    pub dst: Addr,
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// [`protocol::TCP`] or [`protocol::UDP`]; 0 where there is no brief.
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// TCP's flags as on the wire; 0 of UDP.
    pub flags: u8,
    /// IPv4's identification; 0 of IPv6.
    pub ident: u32,
    /// Octets of IP header and payload on the wire.
    pub wire_len: u32,
    /// Octets of payload on the wire.
    pub payload_wire_len: u32,
    /// Octets of payload captured.
    pub payload_len: u32,
    /// What tells the packet from the conn's next: see [`Tcp::own`] and [`Udp::own`].
    pub own: u64,
    /// Receiver and sender, as the frame has them.
    pub macs: [u8; 12],
    /// The VLAN identifier, 0 where untagged.
    pub vlan: u16,
}

impl Brief {
    /// That of a frame without one.
    pub const NONE: Self = Self {
        src: Addr::UNSPECIFIED,
        dst: Addr::UNSPECIFIED,
        src_port: 0,
        dst_port: 0,
        protocol: 0,
        ttl: 0,
        flags: 0,
        ident: 0,
        wire_len: 0,
        payload_wire_len: 0,
        payload_len: 0,
        own: 0,
        macs: [0; 12],
        vlan: 0,
    };

    /// Reads a frame into this place; tells whether it has a brief. `tci` is the control information of an
    /// outermost VLAN tag that the capturing machine took off, 0 where there was none; `wire_len` is the
    /// frame's length on the wire.
    #[inline]
    pub fn read(&mut self, link: LinkType, tci: u16, bytes: &[u8], wire_len: u32) -> bool {
        let read = link == LinkType::Ethernet && self.ethernet(tci, bytes, wire_len);
        if !read {
            self.protocol = 0;
        }
        read
    }

    /// Tells whether the frame had one.
    #[inline]
    #[must_use]
    pub const fn is_some(&self) -> bool {
        self.protocol != 0
    }

    /// Gives the link header.
    #[must_use]
    pub const fn link(&self) -> Link {
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = self.macs;
        Link {
            src: MacAddr([s0, s1, s2, s3, s4, s5]),
            dst: MacAddr([d0, d1, d2, d3, d4, d5]),
            vlan: self.vlan,
            outer_vlan: 0,
            pppoe: false,
        }
    }

    #[inline]
    fn ethernet(&mut self, tci: u16, bytes: &[u8], wire_len: u32) -> bool {
        let Some((head, rest)) = bytes.split_first_chunk::<14>() else { return false };
        let [macs @ .., high, low] = head;
        self.macs = *macs;
        self.vlan = tci & VLAN_ID;
        let ethertype = [*high, *low];
        if ethertype != TAG {
            return self.internet(ethertype, rest);
        }
        let Some((tag, rest)) = rest.split_first_chunk::<4>() else { return false };
        self.vlan = u16::from_be_bytes([tag[0], tag[1]]) & VLAN_ID;
        tci == 0 && wire_len >= 18 && self.internet([tag[2], tag[3]], rest)
    }

    #[inline]
    fn internet(&mut self, ethertype: [u8; 2], bytes: &[u8]) -> bool {
        match ethertype {
            [0x08, 0x00] => self.v4(bytes),
            [0x86, 0xdd] => self.v6(bytes),
            _ => false,
        }
    }

    #[inline]
    fn v4(&mut self, bytes: &[u8]) -> bool {
        let Some(h) = bytes.first_chunk::<V4_HEADER>() else { return false };
        // Version 4 and five words; neither more fragments nor an offset.
        if h[0] != 0x45 || u16::from_be_bytes([h[6], h[7]]) & 0x3fff != 0 {
            return false;
        }
        let wire_len = u16::from_be_bytes([h[2], h[3]]);
        self.src = Addr::v4([h[12], h[13], h[14], h[15]]);
        self.dst = Addr::v4([h[16], h[17], h[18], h[19]]);
        self.ttl = h[8];
        self.ident = u32::from(u16::from_be_bytes([h[4], h[5]]));
        self.upper(h[9], V4_HEADER, wire_len.into(), bytes)
    }

    #[inline(never)]
    fn v6(&mut self, bytes: &[u8]) -> bool {
        let Some((h, rest)) = bytes.split_first_chunk::<8>() else { return false };
        let Some((src, rest)) = rest.split_first_chunk::<16>() else { return false };
        let Some(dst) = rest.first_chunk::<16>() else { return false };
        let body_wire_len = usize::from(u16::from_be_bytes([h[4], h[5]]));
        if h[0] >> 4 != 6 || body_wire_len == 0 {
            return false;
        }
        self.src = Addr::v6(*src);
        self.dst = Addr::v6(*dst);
        self.ttl = h[7];
        self.ident = 0;
        self.upper(h[6], V6_HEADER, V6_HEADER + body_wire_len, bytes)
    }

    #[inline]
    fn upper(&mut self, number: u8, header_len: usize, wire_len: usize, bytes: &[u8]) -> bool {
        // Without link padding.
        let captured = bytes.len().min(wire_len);
        let Some(upper) = bytes.get(header_len..captured) else { return false };
        self.protocol = number;
        self.wire_len = wire_len as u32;
        let upper_len = match number {
            protocol::TCP => {
                let Some(h) = upper.first_chunk::<TCP_HEADER>() else { return false };
                let tcp = Tcp::of(h);
                self.src_port = tcp.src_port;
                self.dst_port = tcp.dst_port;
                self.flags = tcp.flags;
                self.own = tcp.own();
                usize::from(h[12] >> 4) * 4
            }
            protocol::UDP => {
                let Some((h, payload)) = upper.split_first_chunk::<UDP_HEADER>() else { return false };
                let udp = Udp::of(*h);
                self.src_port = udp.src_port;
                self.dst_port = udp.dst_port;
                self.flags = 0;
                self.own = udp.own(payload);
                UDP_HEADER
            }
            _ => return false,
        };
        let least = if number == protocol::TCP { TCP_HEADER } else { UDP_HEADER };
        self.payload_len = upper.len().wrapping_sub(upper_len) as u32;
        self.payload_wire_len = (wire_len - header_len).wrapping_sub(upper_len) as u32;
        upper_len >= least && upper_len <= upper.len()
    }
}
