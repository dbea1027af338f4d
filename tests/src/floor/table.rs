//! The flow table: open addressing, one cache line a flow, pre-sized in huge pages.
//!
//! It is made large at once because a table that grows is measured growing, and huge pages save the
//! address translation that a table of this size otherwise misses at every packet.

use std::io;

use memmap2::MmapMut;

use super::header::Header;

/// Room for one and a half million flows before it grows.
const BITS: u32 = 21;

/// Words 0 to 4: the key, the last of which is 0 where nothing is. 5: packets, 32 bits a direction.
/// 6 and 7: octets of each direction.
type Entry = [u64; 8];
const LAST_OF_KEY: usize = 4;
const PACKETS: usize = 5;
const OCTETS: usize = 6;

/// The memory, and how many flows are in it.
pub(super) struct Table {
    memory: MmapMut,
    flows: usize,
}

/// The table opened for a chunk's packets.
pub(super) struct Flows<'a> {
    entries: &'a mut [Entry],
    mask: usize,
    count: &'a mut usize,
}

impl Table {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { memory: memory(1 << BITS)?, flows: 0 })
    }

    /// The number of flows.
    pub(super) fn len(&self) -> usize {
        self.flows
    }

    /// Grows until so many more flows leave a quarter free.
    pub(super) fn make_room(&mut self, more: usize) -> io::Result<()> {
        while (self.flows + more) * 4 > self.memory.len() / size_of::<Entry>() * 3 {
            self.grow()?;
        }
        Ok(())
    }

    /// Opens the table.
    pub(super) fn flows(&mut self) -> Flows<'_> {
        let entries: &mut [Entry] = bytemuck::cast_slice_mut(&mut self.memory);
        Flows { mask: entries.len() - 1, entries, count: &mut self.flows }
    }

    #[cold]
    fn grow(&mut self) -> io::Result<()> {
        let larger = Self { memory: memory(self.memory.len() / size_of::<Entry>() * 2)?, flows: self.flows };
        let mut old = std::mem::replace(self, larger);
        let new = self.flows();
        for entry in old.flows().entries.iter().filter(|entry| entry[LAST_OF_KEY] != 0) {
            let [a, b, c, d, e, ..] = *entry;
            let mut at = hash(&[a, b, c, d, e]) as usize & new.mask;
            while new.entries[at][LAST_OF_KEY] != 0 {
                at = (at + 1) & new.mask;
            }
            new.entries[at] = *entry;
        }
        Ok(())
    }
}

impl Flows<'_> {
    /// Counts a packet; gives how many its flow has had.
    #[inline]
    pub(super) fn add(&mut self, header: &Header) -> u32 {
        let mut at = hash(&header.key) as usize & self.mask;
        let packet = 1 << (header.direction * 32);
        loop {
            let entry = &mut self.entries[at & self.mask];
            if entry[..=LAST_OF_KEY] == header.key {
                entry[PACKETS] += packet;
                entry[OCTETS + header.direction] += u64::from(header.wire);
                return (entry[PACKETS] >> 32) as u32 + entry[PACKETS] as u32;
            }
            if entry[LAST_OF_KEY] == 0 {
                entry[..=LAST_OF_KEY].copy_from_slice(&header.key);
                entry[PACKETS] = packet;
                entry[OCTETS + header.direction] = u64::from(header.wire);
                *self.count += 1;
                return 1;
            }
            at += 1;
        }
    }
}

fn memory(entries: usize) -> io::Result<MmapMut> {
    let memory = MmapMut::map_anon(entries * size_of::<Entry>())?;
    #[cfg(target_os = "linux")]
    // A kernel without huge pages is only slower.
    let _ = memory.advise(memmap2::Advice::HugePage);
    Ok(memory)
}

/// Folds wide products, as wyhash does.
#[inline]
fn hash(key: &[u64; 5]) -> u64 {
    let x = fold(key[0] ^ 0xa076_1d64_78bd_642f, key[2] ^ 0xe703_7ed1_a0b4_28db);
    let y = fold(key[1] ^ 0x8ebc_6af0_9c88_c6e3, key[3] ^ 0x5899_65cc_7537_4cc3);
    fold(x ^ key[4], y ^ 0x1d8e_4e27_c47d_124f)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
