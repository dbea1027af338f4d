//! How much passes a second: over the last second, and over the last minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A minute of samples, one a second, and the one before.
const SAMPLES: usize = 61;

/// Counts as they stood at some time.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    packets: u64,
    bytes: u64,
}

/// The samples of the last minute.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    samples: VecDeque<Sample>,
}

/// Packets and octets a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rate {
    /// Packets a second.
    pub(crate) packets: f64,
    /// Octets a second.
    pub(crate) bytes: f64,
}

impl Rates {
    /// Takes the counts as they stand; to be called once a second.
    pub(crate) fn sample(&mut self, at: Instant, packets: u64, bytes: u64) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample { at, packets, bytes });
    }

    /// The rate between the last two samples.
    pub(crate) fn second(&self) -> Rate {
        self.since(self.samples.len().saturating_sub(2))
    }

    /// The rate over all samples: a minute, or as long as the daemon has run.
    pub(crate) fn minute(&self) -> Rate {
        self.since(0)
    }

    fn since(&self, place: usize) -> Rate {
        let (Some(first), Some(last)) = (self.samples.get(place), self.samples.back()) else {
            return Rate::default();
        };
        let span = last.at.saturating_duration_since(first.at);
        if span < Duration::from_millis(1) {
            return Rate::default();
        }
        let per_second = |from: u64, to: u64| rough(to.saturating_sub(from)) / span.as_secs_f64();
        Rate { packets: per_second(first.packets, last.packets), bytes: per_second(first.bytes, last.bytes) }
    }
}

/// A count as a figure to be shown: beyond 2⁵³ its last digits are lost.
#[expect(clippy::cast_precision_loss, reason = "shown in three or four digits, never counted on with")]
pub(crate) fn rough(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_over_the_last_second_and_the_last_minute_only() {
        let mut rates = Rates::default();
        assert_eq!((rates.second(), rates.minute()), (Rate::default(), Rate::default()));
        let start = Instant::now();
        // A thousand packets in the first second, then ten a second for two minutes.
        for second in 0..120_u64 {
            let packets = if second == 0 { 0 } else { 1_000 + 10 * second };
            rates.sample(start + Duration::from_secs(second), packets, 100 * packets);
        }
        assert_eq!(rates.second(), Rate { packets: 10.0, bytes: 1_000.0 });
        assert_eq!(rates.minute(), Rate { packets: 10.0, bytes: 1_000.0 });
        assert_eq!(rates.samples.len(), SAMPLES);
    }
}
