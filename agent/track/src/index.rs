//! Hash to conn: open addressing with linear probing, eight bytes an entry, backward-shift deletion.
//!
//! One cache line holds eight entries, and the tag spares a look at conns that differ, so a packet of
//! a known conn costs one miss here and one at the conn itself.

use std::hint::select_unpredictable;

/// How many entries there are at first; a power of two.
const INITIAL: usize = 1 << 12;

/// Finds conns by the hash of their tuple. Holds no tuples: the caller compares.
#[derive(Debug)]
pub(crate) struct Index {
    /// The hash's upper 32 bits as a tag, then the conn's number plus one; 0 is empty.
    entries: Vec<u64>,
    len: usize,
}

/// Where a tag's entry belongs in a table of this many entries.
#[inline]
const fn home(entry: u64, entries: usize) -> usize {
    (entry >> 32) as usize & (entries - 1)
}

impl Index {
    pub(crate) fn new() -> Self {
        Self { entries: vec![0; INITIAL], len: 0 }
    }

    /// What it takes, in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<u64>()
    }

    /// Finds the conn with this hash for which `same` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, same: impl FnMut(u32) -> bool) -> Option<u32> {
        self.slot(hash, same).map(|(_, conn)| conn)
    }

    /// Reads where a hash belongs, and nothing that depends on what stands there.
    #[inline]
    pub(crate) fn touch(&self, hash: u64) -> u64 {
        self.entry(home(hash, self.entries.len()))
    }

    /// Gives the first conn with a hash's tag, without asking whether it is the one: mostly it is.
    #[inline]
    pub(crate) fn glance(&self, hash: u64) -> u32 {
        let mask = self.entries.len() - 1;
        let mut slot = home(hash, self.entries.len());
        let first = self.entry(slot);
        slot = (slot + 1) & mask;
        let second = self.entry(slot);
        // Mostly it is one of two; which, no processor can foresee.
        let mut entry = select_unpredictable(first >> 32 == hash >> 32, first, second);
        while entry >> 32 != hash >> 32 {
            if first == 0 || entry == 0 {
                return u32::MAX;
            }
            slot = (slot + 1) & mask;
            entry = self.entry(slot);
        }
        (entry as u32).wrapping_sub(1)
    }

    #[inline]
    fn entry(&self, slot: usize) -> u64 {
        self.entries.get(slot).copied().unwrap_or_default()
    }

    #[inline]
    fn slot(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Option<(usize, u32)> {
        let mask = self.entries.len() - 1;
        let mut slot = home(hash, self.entries.len());
        loop {
            let entry = *self.entries.get(slot)?;
            if entry == 0 {
                return None;
            }
            let conn = (entry as u32).wrapping_sub(1);
            if entry >> 32 == hash >> 32 && same(conn) {
                return Some((slot, conn));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Adds a conn under a hash. The caller has looked that it is not there.
    pub(crate) fn insert(&mut self, hash: u64, conn: u32) {
        // Half full at the most: then nearly every conn stands in its home or next to it.
        if (self.len + 1) * 2 > self.entries.len() {
            let old = std::mem::take(&mut self.entries);
            self.entries = vec![0; old.len() * 2];
            for entry in old.into_iter().filter(|entry| *entry != 0) {
                self.place(entry);
            }
        }
        self.place(hash & !0xffff_ffff | u64::from(conn.wrapping_add(1)));
        self.len += 1;
    }

    fn place(&mut self, entry: u64) {
        let len = self.entries.len();
        let mut slot = home(entry, len);
        while let Some(place) = self.entries.get_mut(slot) {
            if *place == 0 {
                *place = entry;
                return;
            }
            slot = (slot + 1) & (len - 1);
        }
    }

    /// Takes a conn away, and moves up what probed past it.
    pub(crate) fn remove(&mut self, hash: u64, conn: u32) {
        let Some((mut hole, _)) = self.slot(hash, |candidate| candidate == conn) else { return };
        self.len -= 1;
        let len = self.entries.len();
        let mut slot = hole;
        loop {
            slot = (slot + 1) & (len - 1);
            let entry = self.entry(slot);
            if entry == 0 {
                break;
            }
            // It may move to the hole if its home does not lie behind the hole.
            let distance = slot.wrapping_sub(home(entry, len)) & (len - 1);
            let gap = slot.wrapping_sub(hole) & (len - 1);
            if distance >= gap {
                self.entries.swap(hole, slot);
                hole = slot;
            }
        }
        if let Some(place) = self.entries.get_mut(hole) {
            *place = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few distinct hashes: long probe sequences, many deletions inside them.
        #[test]
        fn it_agrees_with_a_map(steps in prop::collection::vec((0u64..64, any::<bool>()), 0..2000)) {
            let mut index = Index::new();
            let mut model: HashMap<u64, u32> = HashMap::new();
            for (number, (key, add)) in steps.into_iter().enumerate() {
                let hash = (key / 8) << 32 | 0x1234;
                let same = |conn: u32| model.get(&key) == Some(&conn);
                prop_assert_eq!(index.find(hash, same), model.get(&key).copied());
                match model.get(&key).copied() {
                    None if add => {
                        index.insert(hash, number as u32);
                        model.insert(key, number as u32);
                    }
                    Some(conn) if !add => {
                        index.remove(hash, conn);
                        model.remove(&key);
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn it_grows_and_keeps_what_it_holds() {
        let mut index = Index::new();
        let hash = |n: u32| crate::tuple::fold(u64::from(n) + 1, 0x9e37_79b9_7f4a_7c15);
        for n in 0..20_000 {
            index.insert(hash(n), n);
        }
        for n in 0..20_000 {
            assert_eq!(index.find(hash(n), |conn| conn == n), Some(n));
            assert_eq!(index.glance(hash(n)), n);
            assert_eq!(index.glance(hash(n + 20_000)), u32::MAX);
        }
    }
}
