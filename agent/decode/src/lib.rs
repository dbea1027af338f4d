//! Bytes to packet: a frame as it was captured goes in, its headers and payload come out.
//!
//! Nothing here allocates, keeps state, does I/O or reads a clock. Every field is read through
//! [`Cursor`], so a frame that ends early gives [`DecodeError::Truncated`], one that contradicts
//! its standard gives [`DecodeError::Malformed`], and neither can panic.

#![forbid(unsafe_code)]

mod addr;
mod arp;
mod brief;
mod cursor;
mod error;
mod frame;
pub mod gtp;
mod ip;
pub mod ndp;
mod packet;
mod route;
mod transport;
mod tunnel;
mod wireless;
mod written;

#[cfg(test)]
mod tests;

pub use addr::{Addr, MacAddr, NotAMac};
pub use arp::Arp;
pub use brief::Brief;
pub use cursor::Cursor;
pub use error::{DecodeError, Layer};
pub use frame::{decode, decode_tagged};
pub use packet::{Ah, Body, Esp, Fragment, Gre, Icmp, Ip, Link, Packet, Tcp, Udp, Upper, flag};
pub use route::RouteMessage;
pub use transport::protocol;
pub use tunnel::{Inner, may_carry_packets};
pub use written::Written;

/// What the first byte of a captured frame belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LinkType {
    /// Ethernet II and IEEE 802.3: `LINKTYPE_ETHERNET`, 1.
    Ethernet,
    /// Linux "cooked" capture: `LINKTYPE_LINUX_SLL`, 113.
    LinuxSll,
    /// Linux "cooked" capture, version 2: `LINKTYPE_LINUX_SLL2`, 276.
    LinuxSll2,
    /// IPv4 or IPv6 without a link header: `LINKTYPE_RAW` 101, `LINKTYPE_IPV4` 228, `LINKTYPE_IPV6` 229.
    RawIp,
    /// BSD loopback, address family in the capturing machine's byte order: `LINKTYPE_NULL`, 0.
    Null,
    /// BSD loopback, address family in network byte order: `LINKTYPE_LOOP`, 108.
    Loop,
    /// IEEE 802.11 without a radio header: `LINKTYPE_IEEE802_11`, 105.
    Wireless,
}

impl LinkType {
    /// Reads a `LINKTYPE_` number of pcap and pcapng; `None` for one this crate cannot decode.
    ///
    /// 12 and 14 are what BSD kernels write for raw IP.
    #[inline]
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            0 => Some(Self::Null),
            1 => Some(Self::Ethernet),
            12 | 14 | 101 | 228 | 229 => Some(Self::RawIp),
            105 => Some(Self::Wireless),
            108 => Some(Self::Loop),
            113 => Some(Self::LinuxSll),
            276 => Some(Self::LinuxSll2),
            _ => None,
        }
    }
}
