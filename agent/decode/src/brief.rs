//! The frames that nearly all are, in brief: Ethernet II with one tag or none, IPv4 without options or IPv6
//! without extensions, whole, TCP or UDP.
//!
//! It says the same as the way through every layer, and no more than counting a packet takes. Whatever is
//! out of the ordinary, damage included, has no brief.

use std::hint::select_unpredictable;

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
    /// Where the upper header stands in the frame.
    pub upper_at: u32,
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
        upper_at: 0,
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

    /// Gives what the upper header carries, of the frame that was read: TCP's sequence number, 0 of UDP, and the
    /// captured payload.
    #[must_use]
    pub fn carried<'a>(&self, frame: &'a [u8]) -> (u32, &'a [u8]) {
        let upper = frame.get(self.upper_at as usize..).unwrap_or_default();
        let (seq, header_len) = match upper.first_chunk::<TCP_HEADER>() {
            Some(h) if self.protocol == protocol::TCP => (Tcp::of(h).seq, usize::from(h[12] >> 4) * 4),
            _ => (0, UDP_HEADER),
        };
        let payload = upper.get(header_len..).and_then(|payload| payload.get(..self.payload_len as usize));
        (seq, payload.unwrap_or_default())
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
        // With a tag's four octets, so that reading them takes no branch: which frames have one no processor
        // can foresee where a mirror port shows trunks, nor which of TCP and UDP comes next.
        let Some(head) = bytes.first_chunk::<18>() else { return false };
        let [macs @ .., _, _, _, _, _, _] = head;
        let tagged = [head[12], head[13]] == TAG;
        // What is rare is asked first.
        if (tci != 0 || wire_len < 18) && tagged {
            return false;
        }
        self.macs = *macs;
        let tag = u16::from_be_bytes([head[14], head[15]]);
        self.vlan = select_unpredictable(tagged, tag, tci) & VLAN_ID;
        let ethertype = select_unpredictable(tagged, [head[16], head[17]], [head[12], head[13]]);
        let ip_at = select_unpredictable(tagged, 18, 14);
        let Some(bytes) = bytes.get(ip_at..) else { return false };
        let header_len = match ethertype {
            [0x08, 0x00] if self.v4(bytes) => V4_HEADER,
            [0x86, 0xdd] if self.v6(bytes) => V6_HEADER,
            _ => return false,
        };
        self.upper_at = (ip_at + header_len) as u32;
        true
    }

    #[expect(clippy::inline_always, reason = "nearly every packet goes this way")]
    #[inline(always)]
    fn v4(&mut self, bytes: &[u8]) -> bool {
        let Some((h, upper)) = bytes.split_first_chunk::<V4_HEADER>() else { return false };
        // Version 4 and five words; neither more fragments nor an offset.
        if h[0] != 0x45 || u16::from_be_bytes([h[6], h[7]]) & 0x3fff != 0 {
            return false;
        }
        self.src = Addr::v4([h[12], h[13], h[14], h[15]]);
        self.dst = Addr::v4([h[16], h[17], h[18], h[19]]);
        self.ttl = h[8];
        self.ident = u32::from(u16::from_be_bytes([h[4], h[5]]));
        let wire_len = usize::from(u16::from_be_bytes([h[2], h[3]]));
        self.wire_len = wire_len as u32;
        wire_len >= V4_HEADER && self.upper(h[9], wire_len - V4_HEADER, upper)
    }

    #[inline(never)]
    fn v6(&mut self, bytes: &[u8]) -> bool {
        let Some((h, rest)) = bytes.split_first_chunk::<8>() else { return false };
        let Some((src, rest)) = rest.split_first_chunk::<16>() else { return false };
        let Some((dst, upper)) = rest.split_first_chunk::<16>() else { return false };
        let wire_len = usize::from(u16::from_be_bytes([h[4], h[5]]));
        if h[0] >> 4 != 6 || wire_len == 0 {
            return false;
        }
        self.src = Addr::v6(*src);
        self.dst = Addr::v6(*dst);
        self.ttl = h[7];
        self.ident = 0;
        self.wire_len = (V6_HEADER + wire_len) as u32;
        self.upper(h[6], wire_len, upper)
    }

    /// Reads what follows the IP header: `wire_len` octets on the wire; of what was captured what is beyond
    /// them is the link's padding.
    #[expect(clippy::inline_always, reason = "nearly every packet goes this way")]
    #[inline(always)]
    fn upper(&mut self, number: u8, wire_len: usize, bytes: &[u8]) -> bool {
        let tcp = number == protocol::TCP;
        let len = bytes.len().min(wire_len);
        self.protocol = number;
        let Some(h) = bytes.first_chunk::<TCP_HEADER>().filter(|_| len >= TCP_HEADER) else {
            return number == protocol::UDP && self.short(wire_len, bytes.get(..len).unwrap_or_default());
        };
        let (as_tcp, as_udp) = (Tcp::of(h), Udp::of([h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]]));
        self.src_port = as_udp.src_port;
        self.dst_port = as_udp.dst_port;
        self.flags = select_unpredictable(tcp, as_tcp.flags, 0);
        self.own =
            select_unpredictable(tcp, as_tcp.own(), as_udp.own(h.get(UDP_HEADER..).unwrap_or_default()));
        let header_len = select_unpredictable(tcp, usize::from(h[12] >> 4) * 4, UDP_HEADER);
        self.payload_len = len.wrapping_sub(header_len) as u32;
        self.payload_wire_len = wire_len.wrapping_sub(header_len) as u32;
        let least = select_unpredictable(tcp, TCP_HEADER, UDP_HEADER);
        header_len <= len && header_len >= least && (tcp || number == protocol::UDP)
    }

    /// Reads a datagram that is shorter than a TCP header.
    #[cold]
    fn short(&mut self, wire_len: usize, bytes: &[u8]) -> bool {
        let Some((h, payload)) = bytes.split_first_chunk() else { return false };
        let udp = Udp::of(*h);
        self.src_port = udp.src_port;
        self.dst_port = udp.dst_port;
        self.flags = 0;
        self.own = udp.own(payload);
        self.payload_len = payload.len() as u32;
        self.payload_wire_len = (wire_len - UDP_HEADER) as u32;
        true
    }
}
