//! A decoded packet: what every later stage reads.

use crate::arp::Arp;
use crate::{Addr, MacAddr};

/// One frame's headers, outermost IP included, tunnels not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet<'a> {
    /// The link header.
    pub link: Link,
    /// What it carries.
    pub body: Body<'a>,
}

/// The link header of the innermost Ethernet frame before IP.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Link {
    /// Sender; zero where the link has none or does not say.
    pub src: MacAddr,
    /// Receiver; zero where the link has none or does not say.
    pub dst: MacAddr,
    /// The innermost VLAN identifier, 0 where untagged (IEEE 802.1Q §9.6: 0 is no VLAN).
    pub vlan: u16,
    /// The outermost VLAN identifier of a frame with two tags or more, else 0.
    pub outer_vlan: u16,
    /// Whether the frame came through a PPPoE session, as on an access line.
    pub pppoe: bool,
}

/// What follows the link header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Body<'a> {
    /// IPv4 or IPv6.
    Ip(Ip<'a>),
    /// ARP for IPv4 on Ethernet.
    Arp(Arp),
    /// Link Layer Discovery Protocol: the bytes of its TLVs (IEEE 802.1AB).
    Lldp(&'a [u8]),
    /// Cisco Discovery Protocol: the bytes after LLC and SNAP.
    Cdp(&'a [u8]),
    /// Something else, by EtherType; 0 for IEEE 802.3 frames with LLC.
    Other(u16),
}

/// An IP header and what follows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ip<'a> {
    /// Source address.
    pub src: Addr,
    /// Destination address.
    pub dst: Addr,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// The upper-layer protocol's number, after IPv6 extension headers.
    pub protocol: u8,
    /// The datagram's identification: IPv4's field, or that of IPv6's fragment header, else 0.
    pub ident: u32,
    /// Where this packet stands in a fragmented datagram.
    pub fragment: Fragment,
    /// Octets of IP header and payload on the wire.
    pub wire_len: u32,
    /// The upper-layer header.
    pub upper: Upper,
    /// The captured bytes after the IP header and its extensions, without link padding.
    pub body: &'a [u8],
    /// The captured bytes after the upper-layer header, without link padding.
    pub payload: &'a [u8],
    /// How many bytes followed the upper-layer header on the wire; of a first fragment of UDP, those of the whole
    /// datagram.
    pub payload_wire_len: u32,
}

/// Where a packet stands in a fragmented datagram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fragment {
    /// Not fragmented.
    Whole,
    /// The first fragment: it has the upper-layer header.
    First,
    /// A later one: it has no upper-layer header.
    Later,
}

/// The upper-layer header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Upper {
    /// TCP (RFC 9293).
    Tcp(Tcp),
    /// UDP (RFC 768).
    Udp(Udp),
    /// ICMP (RFC 792) and ICMPv6 (RFC 4443).
    Icmp(Icmp),
    /// ESP (RFC 4303).
    Esp(Esp),
    /// AH (RFC 4302): the payload is what follows it.
    Ah(Ah),
    /// GRE (RFC 2784, RFC 2890, RFC 2637).
    Gre(Gre),
    /// Any other protocol, IP in IP included; also a later fragment.
    Other,
}

/// A TCP header, without its options.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tcp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// The flags as on the wire, see [`flag`].
    pub flags: u8,
    /// Window, not scaled.
    pub window: u16,
    /// Checksum as on the wire; not verified, since capturing hosts offload it.
    pub checksum: u16,
}

impl Tcp {
    /// Reads the header's fixed part (RFC 9293 §3.1).
    #[inline]
    pub(crate) const fn of(h: &[u8; 20]) -> Self {
        Self {
            src_port: u16::from_be_bytes([h[0], h[1]]),
            dst_port: u16::from_be_bytes([h[2], h[3]]),
            seq: u32::from_be_bytes([h[4], h[5], h[6], h[7]]),
            ack: u32::from_be_bytes([h[8], h[9], h[10], h[11]]),
            flags: h[13],
            window: u16::from_be_bytes([h[14], h[15]]),
            checksum: u16::from_be_bytes([h[16], h[17]]),
        }
    }

    /// What tells the segment from the conn's next, and stays when it is routed.
    #[inline]
    #[must_use]
    pub const fn own(&self) -> u64 {
        (self.seq as u64) << 32 ^ self.ack as u64 ^ (self.checksum as u64) << 24 ^ (self.flags as u64) << 16
    }
}

/// TCP flag bits (RFC 9293 §3.1).
#[expect(missing_docs, reason = "each constant is the flag's own name")]
pub mod flag {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
}

/// A UDP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Udp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Checksum as on the wire; 0 means none.
    pub checksum: u16,
}

impl Udp {
    /// Reads the header (RFC 768).
    #[inline]
    pub(crate) const fn of(h: [u8; 8]) -> Self {
        Self {
            src_port: u16::from_be_bytes([h[0], h[1]]),
            dst_port: u16::from_be_bytes([h[2], h[3]]),
            checksum: u16::from_be_bytes([h[6], h[7]]),
        }
    }

    /// What tells the datagram with this payload from the conn's next, and stays when it is routed.
    #[inline]
    #[must_use]
    pub fn own(&self, payload: &[u8]) -> u64 {
        u64::from(self.checksum) << 48 ^ head(payload)
    }
}

/// An ICMP or ICMPv6 header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Icmp {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Checksum as on the wire.
    pub checksum: u16,
    /// Whether this is ICMPv6.
    pub v6: bool,
}

impl Icmp {
    /// Tells whether it reports on another packet: unreachable, redirect, time exceeded …
    #[must_use]
    pub const fn is_error(self) -> bool {
        if self.v6 { self.kind < 128 } else { matches!(self.kind, 3 | 4 | 5 | 11 | 12) }
    }

    /// Tells whether it is neighbour discovery or another message that stays on its link.
    #[must_use]
    pub const fn is_link_scope(self) -> bool {
        self.v6 && matches!(self.kind, 130..=137 | 143)
    }
}

/// An ESP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Esp {
    /// Security parameters index.
    pub spi: u32,
    /// Sequence number.
    pub seq: u32,
}

/// An AH header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ah {
    /// Security parameters index.
    pub spi: u32,
    /// Sequence number.
    pub seq: u32,
    /// The protocol it authenticates.
    pub next: u8,
}

/// A GRE header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gre {
    /// 0 (RFC 2784) or 1 (PPTP's, RFC 2637).
    pub version: u8,
    /// The payload's EtherType.
    pub protocol: u16,
    /// The key, where present.
    pub key: Option<u32>,
    /// Whether a sequence number is present: tells ERSPAN II from I.
    pub sequenced: bool,
}

impl Upper {
    /// Gives source and destination port, 0 where the protocol has none.
    #[inline]
    #[must_use]
    pub const fn ports(&self) -> (u16, u16) {
        match self {
            Self::Tcp(tcp) => (tcp.src_port, tcp.dst_port),
            Self::Udp(udp) => (udp.src_port, udp.dst_port),
            Self::Icmp(_) | Self::Esp(_) | Self::Ah(_) | Self::Gre(_) | Self::Other => (0, 0),
        }
    }
}

impl Ip<'_> {
    /// What tells the packet from the conn's next, and stays when it is routed: of the upper header, and of
    /// the payload where no checksum speaks of it.
    #[must_use]
    pub fn own(&self) -> u64 {
        match &self.upper {
            Upper::Tcp(tcp) => tcp.own(),
            Upper::Udp(udp) => udp.own(self.payload),
            Upper::Icmp(icmp) => {
                u64::from(icmp.checksum) << 48 ^ u64::from(icmp.kind) << 40 ^ head(self.payload)
            }
            Upper::Esp(esp) => u64::from(esp.spi) << 32 | u64::from(esp.seq),
            Upper::Ah(ah) => u64::from(ah.spi) << 32 | u64::from(ah.seq),
            Upper::Gre(_) | Upper::Other => head(self.payload) ^ tail(self.payload).rotate_left(7),
        }
    }
}

/// A payload's first eight octets; of a shorter one all, and how many.
#[inline]
fn head(payload: &[u8]) -> u64 {
    payload.first_chunk::<8>().map_or_else(
        || payload.iter().fold(payload.len() as u64, |sum, byte| sum << 8 | u64::from(*byte)),
        |chunk| u64::from_be_bytes(*chunk),
    )
}

/// A payload's last eight octets, if it has as many.
fn tail(payload: &[u8]) -> u64 {
    payload.last_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk))
}
