//! A set of VLAN identifiers, a bit each.

/// Identifiers have twelve bits (IEEE 802.1Q §9.6).
const WORDS: usize = 4096 / 64;

/// The VLANs that were seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vlans {
    bits: [u64; WORDS],
}

impl Default for Vlans {
    fn default() -> Self {
        Self { bits: [0; WORDS] }
    }
}

impl Vlans {
    /// Notes a VLAN; 0 is none.
    #[inline]
    pub(crate) fn insert(&mut self, vlan: u16) {
        if let Some(word) = self.bits.get_mut(usize::from(vlan >> 6)) {
            *word |= 1 << (vlan & 63);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (word, more) in self.bits.iter_mut().zip(other.bits) {
            *word |= more;
        }
    }

    /// Lists them in order, without 0.
    pub(crate) fn list(&self) -> Vec<u16> {
        let has = |vlan: u16| {
            self.bits.get(usize::from(vlan >> 6)).is_some_and(|word| word >> (vlan & 63) & 1 == 1)
        };
        (1..4096).filter(|vlan| has(*vlan)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vlans_are_listed_in_order_and_none_is_no_vlan() {
        let (mut some, mut more) = (Vlans::default(), Vlans::default());
        for vlan in [4095, 0, 64, 1] {
            some.insert(vlan);
        }
        more.insert(63);
        some.merge(&more);
        assert_eq!(some.list(), [1, 63, 64, 4095]);
    }
}
