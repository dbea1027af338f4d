//! What the way behind a gateway feels like: segment sizes and times of the handshakes that came through it.
//!
//! A router writes its own line's size into the segments that hosts announce, so the largest segment any
//! outside host answers with through a gateway tells of its line; the nearest hosts' times tell how far the
//! line itself reaches. Both are hints: a tunnel narrows as a line does, and a far server is slow on any.

use foldhash::HashMap;
use sekisho_decode::{Addr, Link, MacAddr};

/// Ways kept: a gateway and a host behind it. A sample does; the rest tells no more.
const MAX_WAYS: usize = 1 << 13;
/// Hosts behind a gateway from which on their sizes and times speak for its line.
const MIN_HOSTS: usize = 8;
/// Handshakes with one host from which on their spread is jitter.
const MIN_HANDSHAKES: u32 = 3;
/// A handshake that took longer was lost and sent again.
const MAX_TIME_US: u32 = 3_000_000;

/// The handshakes that hosts answered through gateways.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    by_host: HashMap<(MacAddr, Addr), Way>,
}

/// One host behind one gateway.
#[derive(Clone, Copy, Debug)]
struct Way {
    max_segment: u16,
    fastest_us: u32,
    slowest_us: u32,
    handshakes: u32,
}

impl Way {
    fn absorb(&mut self, other: Self) {
        self.max_segment = self.max_segment.max(other.max_segment);
        self.fastest_us = self.fastest_us.min(other.fastest_us);
        self.slowest_us = self.slowest_us.max(other.slowest_us);
        self.handshakes = self.handshakes.saturating_add(other.handshakes);
    }
}

/// What a gateway's line feels like; absent where too little was seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Feel {
    /// The largest segment that any host behind it answered with, in octets.
    pub(crate) max_segment: Option<u16>,
    /// The time that a tenth of the hosts behind it are faster than, in milliseconds.
    pub(crate) near_ms: Option<u32>,
    /// How far the times of one host lie apart, in milliseconds: the median over hosts.
    pub(crate) jitter_ms: Option<u32>,
}

impl Ways {
    /// Takes an answer to a SYN: who sent it, what it announces, and how long after the SYN it came.
    pub(crate) fn answered(&mut self, link: &Link, host: Addr, max_segment: Option<u16>, time_ns: i64) {
        let Ok(time_us) = u32::try_from(time_ns / 1_000) else { return };
        if time_us > MAX_TIME_US || link.src.is_zero() {
            return;
        }
        let max_segment = max_segment.unwrap_or(0);
        let way = Way { max_segment, fastest_us: time_us, slowest_us: time_us, handshakes: 1 };
        self.put((link.src, host), way);
    }

    fn put(&mut self, key: (MacAddr, Addr), way: Way) {
        if let Some(known) = self.by_host.get_mut(&key) {
            known.absorb(way);
        } else if self.by_host.len() < MAX_WAYS {
            self.by_host.insert(key, way);
        }
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        for (key, way) in other.by_host {
            self.put(key, way);
        }
    }

    /// Forgets what is on record, where there is no more room for what is new.
    pub(crate) fn told(&mut self) {
        if self.by_host.len() >= MAX_WAYS {
            self.by_host.clear();
        }
    }

    /// Sums up the hosts behind each gateway that are outside.
    pub(crate) fn feels(&self, is_outside: impl Fn(Addr) -> bool) -> HashMap<MacAddr, Feel> {
        let mut behind: HashMap<MacAddr, Vec<Way>> = HashMap::default();
        for ((gateway, host), way) in &self.by_host {
            if is_outside(*host) {
                behind.entry(*gateway).or_default().push(*way);
            }
        }
        behind.into_iter().map(|(gateway, ways)| (gateway, feel(&ways))).collect()
    }
}

fn feel(ways: &[Way]) -> Feel {
    if ways.len() < MIN_HOSTS {
        return Feel::default();
    }
    let repeated = ways.iter().filter(|way| way.handshakes >= MIN_HANDSHAKES);
    let jitters: Vec<u32> = repeated.map(|way| way.slowest_us - way.fastest_us).collect();
    Feel {
        max_segment: ways.iter().map(|way| way.max_segment).max().filter(|size| *size > 0),
        near_ms: quantile(ways.iter().map(|way| way.fastest_us).collect(), 10).map(milliseconds),
        jitter_ms: quantile(jitters, 50).map(milliseconds),
    }
}

/// The value that so many percent of all lie below.
fn quantile(mut values: Vec<u32>, percent: usize) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len() * percent / 100).copied()
}

const fn milliseconds(us: u32) -> u32 {
    us / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: MacAddr = MacAddr([0, 0x53, 0, 0, 0, 1]);

    fn host(last: u8) -> Addr {
        Addr::v4([198, 51, 100, last])
    }

    fn through_gateway() -> Link {
        Link { src: GATEWAY, ..Link::default() }
    }

    #[test]
    fn a_line_is_felt_through_several_hosts() {
        let mut ways = Ways::default();
        for last in 1..=20 {
            for repeat in 0..3 {
                let time_ms = i64::from(last) + 40 + repeat * 15;
                let size = if last == 7 { 1414 } else { 1360 };
                ways.answered(&through_gateway(), host(last), Some(size), time_ms * 1_000_000);
            }
        }
        let feel = ways.feels(|_| true)[&GATEWAY];
        assert_eq!(feel, Feel { max_segment: Some(1414), near_ms: Some(43), jitter_ms: Some(30) });
        assert!(ways.feels(|_| false).is_empty());
    }

    #[test]
    fn a_few_hosts_and_a_lost_handshake_say_nothing() {
        let mut ways = Ways::default();
        for last in 1..8 {
            ways.answered(&through_gateway(), host(last), Some(1414), 20_000_000);
        }
        ways.answered(&through_gateway(), host(9), Some(1460), 3_100_000_000);
        assert_eq!(ways.feels(|_| true)[&GATEWAY], Feel::default());
    }

    #[test]
    fn a_flood_of_hosts_ends_at_the_bound() {
        let mut ways = Ways::default();
        for number in 0..MAX_WAYS as u32 * 2 {
            ways.answered(&through_gateway(), Addr::v4(number.to_be_bytes()), None, 1_000_000);
        }
        assert_eq!(ways.by_host.len(), MAX_WAYS);
        ways.told();
        assert!(ways.by_host.is_empty());
    }
}
