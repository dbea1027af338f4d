//! Intervals of which there can be any number, of which an even part is kept.
//!
//! When the room is full every second one is given up, and from then on only every second is taken: what
//! is kept is spread over the whole time, and depends on nothing but what came.

/// Samples kept: quartiles of 32 lie within some percent of those of all.
const MAX_KEPT: usize = 32;

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
    kept: Vec<Sample>,
    /// How many samples stand for one kept, as a power of two.
    thinning: u32,
    passed: u32,
    count: u64,
}

impl Thinned {
    pub(crate) fn add(&mut self, sample: Sample) {
        self.count += 1;
        self.passed += 1;
        if self.passed >> self.thinning == 0 {
            return;
        }
        self.passed = 0;
        self.push(sample);
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
            let mut keep = false;
            self.kept.retain(|_| {
                keep = !keep;
                keep
            });
            self.thinning = (self.thinning + 1).min(u32::BITS - 1);
        }
        if self.kept.capacity() == 0 {
            self.kept.reserve_exact(4);
        }
        self.kept.push(sample);
    }
}
