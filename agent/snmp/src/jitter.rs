//! Small differences between devices, so that a thousand of them are not asked in step. No secret rests on
//! these numbers.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

/// A source of small differences.
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(address: SocketAddr) -> Self {
        // Never 0, from which xorshift does not move. `RandomState` differs from one to the next.
        Self(RandomState::new().hash_one(address) | 1)
    }

    /// Xorshift (Marsaglia, 2003).
    fn step(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Gives a first number for requests.
    pub(crate) fn number(&mut self) -> i32 {
        (self.step() >> 34) as i32
    }

    /// Gives a time within a quarter of the given one.
    pub(crate) fn about(&mut self, time: Duration) -> Duration {
        let permille = 750 + (self.step() % 501) as u32;
        time * permille / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stay_within_a_quarter() {
        let mut jitter = Jitter::new("192.0.2.1:161".parse().unwrap());
        for _ in 0..1_000 {
            let time = jitter.about(Duration::from_secs(1)).as_millis();
            assert!((750..=1_250).contains(&time), "{time}");
            assert!(jitter.number() >= 0);
        }
    }
}
