//! Counts by key, up to a bound.

use std::collections::BTreeMap;

/// How often each of at most `MAX` keys came; keys beyond are refused and counted together.
///
/// What comes most comes early, so the first keys are the ones to keep.
#[derive(Clone, Debug)]
pub(crate) struct Tally<K, const MAX: usize> {
    counts: BTreeMap<K, u64>,
    refused: u64,
}

impl<K, const MAX: usize> Default for Tally<K, MAX> {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), refused: 0 }
    }
}

impl<K: Copy + Ord, const MAX: usize> Tally<K, MAX> {
    pub(crate) fn add(&mut self, key: K, times: u64) {
        if let Some(count) = self.counts.get_mut(&key) {
            *count += times;
        } else if self.counts.len() < MAX {
            self.counts.insert(key, times);
        } else {
            self.refused += times;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, times) in &other.counts {
            self.add(*key, *times);
        }
        self.refused += other.refused;
    }

    /// How many keys are kept.
    pub(crate) fn len(&self) -> u64 {
        self.counts.len() as u64
    }

    /// How often the commonest key came.
    pub(crate) fn most(&self) -> u64 {
        self.counts.values().copied().max().unwrap_or(0)
    }

    /// How often a key came for which there was no room.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut tally = Tally::<u8, 2>::default();
        for key in [1, 2, 3, 2, 3] {
            tally.add(key, 1);
        }
        let mut other = Tally::default();
        other.add(1, 5);
        tally.merge(&other);
        assert_eq!((tally.len(), tally.most(), tally.refused()), (2, 6, 2));
    }
}
