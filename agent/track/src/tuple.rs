//! The five-tuple and its hash.

use sekisho_decode::{Addr, Brief, Ip, may_carry_packets};

/// Addresses, ports and protocol of one packet, as it was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Tuple {
    /// Who sent it.
    pub src: Addr,
    /// To whom.
    pub dst: Addr,
    /// The sender's port, 0 where the protocol has none.
    pub src_port: u16,
    /// The receiver's port, 0 where the protocol has none.
    pub dst_port: u16,
    /// The IP protocol number.
    pub protocol: u8,
}

impl Tuple {
    /// Takes the five-tuple of a decoded packet.
    #[inline]
    #[must_use]
    pub const fn of(ip: &Ip<'_>) -> Self {
        let (src_port, dst_port) = ip.upper.ports();
        Self { src: ip.src, dst: ip.dst, src_port, dst_port, protocol: ip.protocol }
    }

    /// Takes the five-tuple of a packet's brief.
    #[inline]
    #[must_use]
    pub const fn of_brief(brief: &Brief) -> Self {
        let Brief { src, dst, src_port, dst_port, protocol, .. } = *brief;
        Self { src, dst, src_port, dst_port, protocol }
    }

    /// The same conn's packets the other way.
    #[inline]
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            src: self.dst,
            dst: self.src,
            src_port: self.dst_port,
            dst_port: self.src_port,
            protocol: self.protocol,
        }
    }

    /// The bits in which another's sender differs from its own sender, thrown together; without a branch.
    #[inline]
    pub(crate) const fn differs_from_src(&self, other: &Self) -> u64 {
        halves(self.src.bits() ^ other.src.bits()) | (self.src_port ^ other.src_port) as u64
    }

    /// The bits in which another's sender differs from its own receiver.
    #[inline]
    pub(crate) const fn differs_from_dst(&self, other: &Self) -> u64 {
        halves(self.dst.bits() ^ other.src.bits()) | (self.dst_port ^ other.src_port) as u64
    }

    /// The bits in which the two ends differ from another's taken together, and the protocol. Where none does
    /// and one end is the other's sender, the other end is its receiver.
    #[inline]
    pub(crate) const fn differs_as_pair(&self, other: &Self) -> u64 {
        let addresses = self.src.bits() ^ self.dst.bits() ^ other.src.bits() ^ other.dst.bits();
        let ports = self.src_port ^ self.dst_port ^ other.src_port ^ other.dst_port;
        halves(addresses) | ports as u64 | (self.protocol ^ other.protocol) as u64
    }

    /// Tells whether nothing but the conn's counts can come of a later packet, by its ends; either way alike.
    pub(crate) fn is_plain(&self) -> bool {
        let to_all = self.src == Addr::LIMITED_BROADCAST || self.dst == Addr::LIMITED_BROADCAST;
        !to_all && !may_carry_packets(self.protocol, [self.src_port, self.dst_port])
    }

    /// What both directions have in common of their ends.
    #[inline]
    pub(crate) const fn ends(&self) -> Ends {
        let (src, dst) = (end(self.src, self.src_port), end(self.dst, self.dst_port));
        Ends { sum: src.wrapping_add(dst), difference: src ^ dst }
    }

    /// Hashes both directions to the same value, and the VLAN with them.
    #[inline]
    pub(crate) const fn hash(&self, vlan: u16) -> u64 {
        self.ends().on_vlan(vlan, self.protocol)
    }
}

/// A conn's ends, folded; which is which makes no difference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    sum: u64,
    difference: u64,
}

impl Ends {
    /// Hashes the ends together with protocol and VLAN.
    #[inline]
    pub(crate) const fn on_vlan(self, vlan: u16, protocol: u8) -> u64 {
        self.with(0, (vlan as u64) << 8 ^ protocol as u64)
    }

    /// Hashes the ends together with what else is to count.
    #[inline]
    pub(crate) const fn with(self, one: u64, other: u64) -> u64 {
        fold(self.sum ^ one ^ 0xa076_1d64_78bd_642f, self.difference ^ other ^ 0xe703_7ed1_a0b4_28db)
    }
}

/// Folds an address and a port, so that of two ends each keeps its own port. Nothing of IPv4 addresses is
/// lost: they take the lower bits, the port those above them.
#[inline]
const fn end(address: Addr, port: u16) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    // Not the uppermost: their load would be widened over the port's neighbour, and wait until both are written.
    const PORT_BITS: u32 = 40;
    let bits = address.bits();
    let both =
        (bits as u64).wrapping_add(((bits >> 64) as u64).wrapping_mul(ODD)) ^ (port as u64) << PORT_BITS;
    (both ^ both >> 32).wrapping_mul(ODD)
}

/// Throws the halves together.
#[inline]
const fn halves(bits: u128) -> u64 {
    bits as u64 | (bits >> 64) as u64
}

/// Multiplies to 128 bits and folds the halves: every input bit reaches every output bit.
#[inline]
pub(crate) const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_hash_alike_and_vlans_do_not() {
        let tuple = Tuple {
            src: Addr::v4([192, 0, 2, 1]),
            dst: Addr::v4([198, 51, 100, 1]),
            src_port: 50_000,
            dst_port: 443,
            protocol: 6,
        };
        assert_eq!(tuple.hash(10), tuple.reversed().hash(10));
        assert_ne!(tuple.hash(10), tuple.hash(20));
        let swapped_ports = Tuple { src_port: 443, dst_port: 50_000, ..tuple };
        assert_ne!(tuple.hash(10), swapped_ports.hash(10), "other ends, other conn");
    }
}
