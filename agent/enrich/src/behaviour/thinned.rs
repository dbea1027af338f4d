//! Intervals of which there can be any number, of which an even part is kept.
//!
//! When the room is full one of each two is given up, and from then on only one of each two is taken: what
//! is kept is spread over the whole time, and depends on nothing but what came. Which of the two goes by no
//! pattern, lest intervals that take turns leave only one kind.

use smallvec::SmallVec;

/// Samples kept: quartiles of 32 lie within some percent of those of all.
const MAX_KEPT: usize = 32;
/// Samples that stand in place: most relationships have no more.
const FEW: usize = 4;

/// The time since the one before, with what was sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sample {
    /// Milliseconds; the longest that fits is 49 days.
    pub(crate) gap_ms: u32,
    /// Octets from orig and from resp.
    pub(crate) bytes: [u32; 2],
}

impl Sample {
    pub(crate) fn new(gap_ns: i64, bytes: [u64; 2]) -> Self {
        let fit = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let gap_ms = u64::try_from(gap_ns / 1_000_000).map_or(0, fit);
        Self { gap_ms, bytes: bytes.map(fit) }
    }
}

/// Samples, evenly thinned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thinned {
    kept: SmallVec<[Sample; FEW]>,
    /// How many samples stand for one kept, as a power of two.
    thinning: u32,
    count: u64,
}

impl Thinned {
    pub(crate) fn add(&mut self, sample: Sample) {
        let (group, mask) = (self.count >> self.thinning, (1 << self.thinning) - 1);
        let taken = self.count & mask == pick(group) & mask;
        self.count += 1;
        if taken {
            self.push(sample);
        }
    }

    /// How many there were.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn kept(&self) -> &[Sample] {
        &self.kept
    }

    /// Takes in what another has.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.thinning = self.thinning.max(other.thinning);
        for sample in &other.kept {
            self.push(*sample);
        }
    }

    /// Swaps the sides.
    pub(crate) fn flip(&mut self) {
        self.kept.iter_mut().for_each(|sample| sample.bytes.swap(0, 1));
    }

    fn push(&mut self, sample: Sample) {
        if self.kept.len() >= MAX_KEPT {
            let mut at = 0;
            self.kept.retain(|_| {
                let keep = pick(at / 2 + u64::from(self.thinning)) & 1 == at & 1;
                at += 1;
                keep
            });
            self.thinning = (self.thinning + 1).min(u32::BITS - 1);
        }
        self.kept.push(sample);
    }
}
/// A number without a pattern (the finaliser of SplitMix64).
const fn pick(number: u64) -> u64 {
    let mixed =
        (number ^ number >> 30).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
