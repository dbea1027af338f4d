//! What is counted of every frame: by whom it is for, how long it is, and on which VLAN.

use sekisho_decode::{Body, Link, MacAddr};

use crate::vlans::Vlans;

/// Hardware addresses of our own that frames are compared with: a box listens on one port or two, and
/// each comparison costs every frame.
const MAX_OWN: usize = 4;
/// Longer than the longest frame of IEEE 802.3 with its envelope (§3.2.7): a jumbo frame, or several
/// frames that the interface merged.
const LONG_BYTES: u32 = 2_000;
/// Longer than any switch forwards (9,216 octets is the usual limit): surely merged.
const MERGED_BYTES: u32 = 12_288;

/// What a frame carries, as far as the check cares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carries {
    /// IP.
    Ip,
    /// What keeps a network together: ARP, LLDP, CDP.
    Control,
    /// Something that is not understood, or cannot be decoded.
    Unknown,
}

impl Carries {
    /// Tells it of a decoded packet.
    #[inline]
    #[must_use]
    pub const fn of(body: &Body<'_>) -> Self {
        match body {
            Body::Ip(_) => Self::Ip,
            Body::Arp(_) | Body::Lldp(_) | Body::Cdp(_) => Self::Control,
            Body::Other(_) => Self::Unknown,
        }
    }
}

/// What is known of a frame beside its link header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Glance {
    /// Octets captured.
    pub captured: u32,
    /// Octets on the wire.
    pub wire: u32,
    /// What it carries.
    pub carries: Carries,
    /// Whether the capturing ring said that the interface merged it of several frames.
    pub merged: bool,
}

/// The counters of frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    /// Ours, 0 where none.
    own: [u64; MAX_OWN],
    /// All frames.
    pub(crate) total: u64,
    /// Their octets on the wire.
    pub(crate) bytes: u64,
    /// To a group: broadcast and multicast.
    pub(crate) group: u64,
    /// Unicast to us or from us.
    pub(crate) own_unicast: u64,
    /// Unicast between others: what only a mirror shows.
    pub(crate) foreign: u64,
    /// Of a link that gives no receiver: raw IP, cooked captures, what cannot be decoded.
    pub(crate) bare: u64,
    /// Of `foreign` and `bare`, those that carry something not understood.
    pub(crate) unknown: u64,
    /// On a VLAN.
    pub(crate) tagged: u64,
    /// Longer than [`LONG_BYTES`].
    pub(crate) long: u64,
    /// Surely merged.
    pub(crate) merged: u64,
    /// Captured only in part.
    pub(crate) cut: u64,
    /// The most octets kept of a frame that was cut.
    pub(crate) cut_at: u32,
    pub(crate) vlans: Vlans,
}

impl Frames {
    pub(crate) fn new(own: &[MacAddr]) -> Self {
        let mut frames = Self::default();
        let ours = own.iter().filter(|mac| !mac.is_zero());
        for (place, mac) in frames.own.iter_mut().zip(ours) {
            *place = number(*mac);
        }
        frames
    }

    #[inline]
    pub(crate) fn add(&mut self, link: &Link, glance: Glance) {
        self.total += 1;
        self.bytes += u64::from(glance.wire);
        self.receiver(link, glance.carries);
        if link.vlan != 0 {
            self.tagged += 1;
            self.vlans.insert(link.vlan);
        }
        // Most frames are neither long nor cut.
        if glance.wire > LONG_BYTES || glance.captured < glance.wire || glance.merged {
            self.unusual(glance);
        }
    }

    #[inline]
    fn receiver(&mut self, link: &Link, carries: Carries) {
        if link.dst.is_group() {
            self.group += 1;
            return;
        }
        if self.is_own(link.dst) || self.is_own(link.src) {
            self.own_unicast += 1;
            return;
        }
        self.unknown += u64::from(carries == Carries::Unknown);
        if link.dst.is_zero() {
            self.bare += 1;
        } else {
            self.foreign += 1;
        }
    }

    #[cold]
    fn unusual(&mut self, glance: Glance) {
        self.long += u64::from(glance.wire > LONG_BYTES);
        self.merged += u64::from(glance.merged || glance.wire > MERGED_BYTES);
        if glance.captured < glance.wire {
            self.cut += 1;
            self.cut_at = self.cut_at.max(glance.captured);
        }
    }

    /// Tells whether a hardware address is ours.
    #[inline]
    pub(crate) fn is_own(&self, mac: MacAddr) -> bool {
        let mac = number(mac);
        // All four without a branch: cheaper than leaving early.
        let hits: u8 = self.own.iter().map(|own| u8::from(*own == mac)).sum();
        hits > 0 && mac != 0
    }

    /// Frames that are not to a group and not ours: what only a mirror shows. A link without
    /// receivers shows others' traffic all the same.
    pub(crate) const fn of_others(&self) -> u64 {
        self.foreign + self.bare
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.bytes += other.bytes;
        self.group += other.group;
        self.own_unicast += other.own_unicast;
        self.foreign += other.foreign;
        self.bare += other.bare;
        self.unknown += other.unknown;
        self.tagged += other.tagged;
        self.long += other.long;
        self.merged += other.merged;
        self.cut += other.cut;
        self.cut_at = self.cut_at.max(other.cut_at);
        self.vlans.merge(&other.vlans);
    }
}

/// A hardware address as a number that only equality is asked of.
#[inline]
const fn number(mac: MacAddr) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u32::from_ne_bytes([a, b, c, d]) as u64 | (u16::from_ne_bytes([e, f]) as u64) << 32
}
