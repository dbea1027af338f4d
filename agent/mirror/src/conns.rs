//! What is counted of every conn: which directions were seen, between whom, on which hops.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sekisho_decode::{Addr, MacAddr, protocol};
use sekisho_track::{Conn, Hops};

use crate::halves::{Half, Halves};
use crate::tally::Tally;

/// Addresses that are counted: one that is in nearly every conn is among the first so many.
const MAX_ADDRESSES: usize = 4_096;
/// Stations counted that were sent something and were never heard: enough to tell many from few.
const MAX_STATIONS: usize = 256;
/// Packets of one direction that prove the other direction to be missing, not just slow.
const TELLING_PACKETS: u64 = 2;

/// The counters of conns between single hosts; those with our own box are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conns {
    /// All of them.
    pub(crate) total: u64,
    /// With our own box, not in `total`.
    pub(crate) own: u64,
    /// Both directions seen, whatever the protocol.
    pub(crate) two_sided: u64,
    /// TCP with both directions seen, handshake included or not.
    pub(crate) tcp_two_sided: u64,
    /// TCP with the handshake of both sides seen.
    pub(crate) tcp_handshakes: u64,
    /// TCP of which one side acknowledges or goes on, and the other was never seen.
    pub(crate) tcp_one_sided: u64,
    /// Of these, only the opener's direction seen.
    pub(crate) only_orig: u64,
    /// TCP whose directions came on two VLANs, as two halves.
    pub(crate) tcp_split: u64,
    /// One-sided TCP from a private address to a public one, and the other way.
    pub(crate) only_outward: u64,
    pub(crate) only_inward: u64,
    /// Between a private address and a public one, or between two networks' public ones.
    pub(crate) outside: u64,
    /// Seen on two hops one after the other, both without a tag.
    pub(crate) untagged_twice: u64,
    /// Conns by each of their two addresses.
    pub(crate) addresses: Tally<Addr, MAX_ADDRESSES>,
    /// Receivers of one-sided TCP.
    pub(crate) unheard: Tally<MacAddr, MAX_STATIONS>,
    /// TCP by VLAN; there are no more than 4,095.
    pub(crate) by_vlan: BTreeMap<u16, Sides>,
    halves: Halves,
}

/// TCP conns of a VLAN.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sides {
    /// With both directions seen, in one or in halves.
    pub(crate) two: u64,
    /// With one.
    pub(crate) one: u64,
}

impl Conns {
    pub(crate) fn add<X>(&mut self, conn: &Conn<X>, is_own: impl Fn(MacAddr) -> bool) {
        let [src, dst] = [conn.tuple.src, conn.tuple.dst];
        if src.is_group() || dst.is_group() {
            return;
        }
        let hops = || conn.hops.iter().flat_map(Hops::iter);
        // A network's broadcast address looks like a host's; the frame tells.
        if hops().any(|hop| hop.dst.is_group()) {
            return;
        }
        if hops().any(|hop| is_own(hop.src) || is_own(hop.dst)) {
            self.own += 1;
            return;
        }
        self.total += 1;
        self.outside += u64::from(leaves(src, dst));
        self.addresses.add(src, 1);
        self.addresses.add(dst, 1);
        let twice = |hops: &Hops| hops.iter().count() > 1 && hops.iter().all(|hop| hop.vlan == 0);
        self.untagged_twice += u64::from(conn.hops.iter().any(twice));
        self.two_sided += u64::from(conn.is_answered());
        if conn.tuple.protocol == protocol::TCP {
            self.tcp(conn);
        }
    }

    fn tcp<X>(&mut self, conn: &Conn<X>) {
        if conn.is_answered() {
            self.tcp_two_sided += 1;
            let shook = ['S', 'h'].iter().all(|letter| conn.history().contains(*letter));
            self.tcp_handshakes += u64::from(shook);
            self.by_vlan.entry(conn.vlan).or_default().two += 1;
            return;
        }
        let [orig_pkts, resp_pkts] = conn.pkts;
        let by_orig = orig_pkts > 0;
        // An acknowledgement or data proves a handshake, and so the other side; a SYN alone may be a
        // scan, a SYN-ACK alone its echo.
        let talks = |letter: char| if by_orig { "AD" } else { "ad" }.contains(letter);
        if orig_pkts.max(resp_pkts) < TELLING_PACKETS || !conn.history().contains(talks) {
            return;
        }
        let half = Half::of(conn, by_orig);
        if let Some(other) = self.halves.meet(&half) {
            self.whole(&half, &other, conn);
        } else {
            self.one_sided(&half, conn);
        }
    }

    /// Two halves, the first of which was counted as one-sided.
    fn whole<X>(&mut self, half: &Half, other: &Half, conn: &Conn<X>) {
        self.tcp_split += 1;
        self.two_sided += 1;
        self.tcp_one_sided = self.tcp_one_sided.saturating_sub(1);
        self.only_orig = self.only_orig.saturating_sub(u64::from(other.by_orig));
        let [outward, inward] = ways(conn, other.by_orig);
        self.only_outward = self.only_outward.saturating_sub(u64::from(outward));
        self.only_inward = self.only_inward.saturating_sub(u64::from(inward));
        let before = self.by_vlan.entry(other.vlan).or_default();
        before.one = before.one.saturating_sub(1);
        before.two += 1;
        if half.vlan != other.vlan {
            self.by_vlan.entry(half.vlan).or_default().two += 1;
        }
    }

    fn one_sided<X>(&mut self, half: &Half, conn: &Conn<X>) {
        self.tcp_one_sided += 1;
        self.only_orig += u64::from(half.by_orig);
        let [outward, inward] = ways(conn, half.by_orig);
        self.only_outward += u64::from(outward);
        self.only_inward += u64::from(inward);
        self.by_vlan.entry(half.vlan).or_default().one += 1;
        let hops = if half.by_orig { conn.hops.first() } else { conn.hops.last() };
        if let Some(hop) = hops.and_then(Hops::last) {
            self.unheard.add(hop.dst, 1);
        }
    }

    /// TCP conns that tell whether both directions are mirrored.
    pub(crate) const fn telling(&self) -> u64 {
        self.tcp_two_sided + self.tcp_one_sided + self.tcp_split
    }

    /// What the bounds refused.
    pub(crate) const fn refused(&self) -> u64 {
        self.addresses.refused() + self.unheard.refused()
    }

    /// Adds another's counts. Halves that two workers hold stay halves: a conn's directions go to one.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.own += other.own;
        self.two_sided += other.two_sided;
        self.tcp_two_sided += other.tcp_two_sided;
        self.tcp_handshakes += other.tcp_handshakes;
        self.tcp_one_sided += other.tcp_one_sided;
        self.only_orig += other.only_orig;
        self.tcp_split += other.tcp_split;
        self.only_outward += other.only_outward;
        self.only_inward += other.only_inward;
        self.outside += other.outside;
        self.untagged_twice += other.untagged_twice;
        self.addresses.merge(&other.addresses);
        self.unheard.merge(&other.unheard);
        for (vlan, sides) in &other.by_vlan {
            let sum = self.by_vlan.entry(*vlan).or_default();
            sum.two += sides.two;
            sum.one += sides.one;
        }
    }
}

/// Whether the direction that was seen leads from private to public space, and whether it comes back.
fn ways<X>(conn: &Conn<X>, by_orig: bool) -> [bool; 2] {
    let [orig, resp] = [conn.tuple.src, conn.tuple.dst];
    let (from, to) = if by_orig { (orig, resp) } else { (resp, orig) };
    [is_private(from) && !is_private(to), !is_private(from) && is_private(to)]
}

/// Tells whether a conn surely leaves the site: from private space, or to another public network.
fn leaves(src: Addr, dst: Addr) -> bool {
    match (is_private(src), is_private(dst)) {
        (true, true) => false,
        (true, false) | (false, true) => true,
        // A hospital may have a public /48 (RFC 6177 §2) or /24 of its own.
        (false, false) => site_prefix(src) != site_prefix(dst),
    }
}

fn site_prefix(address: Addr) -> u128 {
    if address.is_v4() { address.bits() >> 8 } else { address.bits() >> 80 }
}

/// Tells addresses that a site gives out itself: RFC 1918, RFC 4193, and link-local. RFC 6598 space is
/// a carrier's, so outside.
fn is_private(address: Addr) -> bool {
    address.is_link_local()
        || match address.ip() {
            IpAddr::V4(ip) => ip.is_private(),
            IpAddr::V6(ip) => ip.is_unique_local(),
        }
}
