//! Which hardware address carried which address, and for how many conns: the ends of all relationships,
//! each pair once.

use foldhash::HashMap;
use sekisho_decode::{Addr, MacAddr};

use crate::relation::RelationKey;

/// The pairs in order, with the conns of each.
#[derive(Debug, Default)]
pub(crate) struct Ends(Vec<End>);

/// One pair, with its conns.
pub(crate) type End = ((MacAddr, Addr), u64);

impl Ends {
    pub(crate) fn of<'a>(relations: impl Iterator<Item = (&'a RelationKey, u64)>) -> Self {
        // Hundreds of relationships share an end: they are added up before anything is put in order.
        let mut conns: HashMap<(MacAddr, Addr), u64> = HashMap::default();
        for (key, sessions) in relations {
            for (address, mac) in [key.orig, key.resp].into_iter().zip(key.macs) {
                if !mac.is_zero() && !address.is_group() {
                    *conns.entry((mac, address)).or_default() += sessions;
                }
            }
        }
        let mut ends: Vec<_> = conns.into_iter().collect();
        ends.sort_unstable();
        Self(ends)
    }

    /// Each hardware address with what it carried, in order.
    pub(crate) fn by_mac(&self) -> impl Iterator<Item = (MacAddr, &[End])> {
        let groups = self.0.chunk_by(|((one, _), _), ((other, _), _)| one == other);
        groups.filter_map(|group| Some((group.first()?.0.0, group)))
    }
}
