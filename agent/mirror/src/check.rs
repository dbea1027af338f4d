//! The check itself: what passes goes in, counts come out.

use sekisho_decode::{Addr, Arp, Link, MacAddr};
use sekisho_track::Conn;

use crate::conns::Conns;
use crate::frames::{Frames, Glance};
use crate::tally::Tally;
use crate::wrap::Carrier;

/// Networks counted by the ARP of their hosts: enough to tell several from one.
const MAX_NETWORKS: usize = 256;
/// ARP names hosts, not networks; hospitals lay out their networks by /24.
const NETWORK_BITS: u32 = 8;

/// Counts what passes, to tell whether it comes from a mirror port.
///
/// One worker has one; shares are merged before they are judged. To judge while conns live, clone the
/// check, show the living conns to the clone and judge that.
#[derive(Clone, Debug, Default)]
pub struct MirrorCheck {
    pub(crate) frames: Frames,
    pub(crate) conns: Conns,
    /// Networks whose ARP came without a tag, and with one.
    pub(crate) untagged_networks: Tally<Addr, MAX_NETWORKS>,
    pub(crate) wrapped: u64,
    pub(crate) unopened: u64,
}

impl MirrorCheck {
    /// Starts with the hardware addresses of the listening interfaces; of a file there are none. Of
    /// more than four the first four are used.
    #[must_use]
    pub fn new(own: &[MacAddr]) -> Self {
        Self { frames: Frames::new(own), ..Self::default() }
    }

    /// Takes a frame: every frame, also one that cannot be decoded ([`Link::default`]), but not the
    /// wrap of a mirror (see [`Self::carrier`]).
    #[inline]
    pub fn frame(&mut self, link: &Link, glance: Glance) {
        self.frames.add(link, glance);
    }

    /// Takes the wrap of a mirrored frame, which is addressed to us and no traffic of the network's.
    #[inline]
    pub fn carrier(&mut self, carrier: Carrier) {
        match carrier {
            Carrier::Erspan | Carrier::Vxlan => self.wrapped += 1,
            Carrier::Tzsp => self.unopened += 1,
        }
    }

    /// Tells whether a hardware address is one of the listening interfaces'.
    #[inline]
    #[must_use]
    pub fn is_own(&self, mac: MacAddr) -> bool {
        self.frames.is_own(mac)
    }

    /// Takes an ARP packet: it never leaves its network, so it tells which networks are here.
    pub fn arp(&mut self, link: &Link, arp: &Arp) {
        let routable = !arp.sender_ip.is_group() && !arp.sender_ip.is_link_local();
        if link.vlan == 0 && routable && !self.is_own(link.src) {
            let network = arp.sender_ip.bits() >> NETWORK_BITS << NETWORK_BITS;
            self.untagged_networks.add(Addr::from(std::net::IpAddr::from(network.to_be_bytes())), 1);
        }
    }

    /// Takes a conn, once: when it ends.
    pub fn conn<X>(&mut self, conn: &Conn<X>) {
        let frames = &self.frames;
        self.conns.add(conn, |mac| frames.is_own(mac));
    }

    /// Adds what another worker counted.
    pub fn merge(&mut self, other: &Self) {
        self.frames.merge(&other.frames);
        self.conns.merge(&other.conns);
        self.untagged_networks.merge(&other.untagged_networks);
        self.wrapped += other.wrapped;
        self.unopened += other.unopened;
    }
}
