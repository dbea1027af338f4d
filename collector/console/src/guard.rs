//! Lock-out: who gets a password wrong too often waits, and so does everybody when too many do.
//!
//! Pure: the moment is an argument. An address is an IPv4 address or an IPv6 /64, of which a machine may
//! take as many addresses as it likes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// A person mistypes; nobody does so five times in a row.
const MAX_FAILURES: u32 = 5;
/// From all addresses together: an attack from many machines.
const MAX_FAILURES_OF_ALL: u32 = 60;
/// How long one waits, and how long failures count.
const WAIT: Duration = Duration::from_mins(15);
/// How long everybody waits: short, or an attacker could keep the hospital out.
const WAIT_OF_ALL: Duration = Duration::from_mins(1);
/// More addresses failing within the wait are an attack; the one that failed longest ago is forgotten,
/// and `MAX_FAILURES_OF_ALL` holds.
const MAX_ADDRESSES: usize = 1_024;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn wait(&self, most: u32, wait: Duration, now: Instant) -> Option<Duration> {
        let left = wait.saturating_sub(now.saturating_duration_since(self.last));
        (self.count >= most && !left.is_zero()).then_some(left)
    }

    fn add(&mut self, wait: Duration, now: Instant) {
        let over = now.saturating_duration_since(self.last) >= wait;
        self.count = if over { 1 } else { self.count.saturating_add(1) };
        self.last = now;
    }
}

/// Failures by address.
#[derive(Default)]
pub(crate) struct Guard {
    addresses: BTreeMap<IpAddr, Failures>,
    all: Option<Failures>,
}

impl Guard {
    /// How long an address has to wait before it may try; nothing where it may.
    pub(crate) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let own = self.addresses.get(&network(address)).and_then(|own| own.wait(MAX_FAILURES, WAIT, now));
        let all = self.all.and_then(|all| all.wait(MAX_FAILURES_OF_ALL, WAIT_OF_ALL, now));
        own.max(all)
    }

    /// Notes that an address failed.
    pub(crate) fn failed(&mut self, address: IpAddr, now: Instant) {
        let address = network(address);
        if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&address) {
            let oldest = self.addresses.iter().min_by_key(|(_, failures)| failures.last);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.addresses.remove(&oldest);
            }
        }
        let none = Failures { count: 0, last: now };
        self.addresses.entry(address).or_insert(none).add(WAIT, now);
        self.all.get_or_insert(none).add(WAIT_OF_ALL, now);
    }

    /// Forgets the failures of an address that signed in.
    pub(crate) fn succeeded(&mut self, address: IpAddr) {
        self.addresses.remove(&network(address));
    }
}

/// Gives what an address is counted as.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_waits_after_five_failures_and_others_do_not() {
        let (mut guard, start) = (Guard::default(), Instant::now());
        for _ in 0..MAX_FAILURES {
            assert_eq!(guard.wait(ip("2001:db8::1"), start), None);
            guard.failed(ip("2001:db8::1"), start);
        }
        assert_eq!(guard.wait(ip("2001:db8::2"), start), Some(WAIT), "of the same /64");
        assert_eq!(guard.wait(ip("2001:db8:0:1::1"), start), None);
        assert_eq!(guard.wait(ip("2001:db8::1"), start + WAIT), None);
    }

    #[test]
    fn who_signs_in_begins_anew() {
        let (mut guard, start) = (Guard::default(), Instant::now());
        for _ in 0..3 {
            for _ in 1..MAX_FAILURES {
                guard.failed(ip("192.0.2.1"), start);
            }
            assert_eq!(guard.wait(ip("::ffff:192.0.2.1"), start), None);
            guard.succeeded(ip("192.0.2.1"));
        }
    }

    #[test]
    fn an_attack_from_many_addresses_makes_everybody_wait_and_takes_no_more_room() {
        let (mut guard, start) = (Guard::default(), Instant::now());
        for low in 0..3_000_u32 {
            guard.failed(IpAddr::from(std::net::Ipv4Addr::from_bits(0xc000_0200 + low)), start);
        }
        assert_eq!(guard.addresses.len(), MAX_ADDRESSES);
        assert_eq!(guard.wait(ip("198.51.100.1"), start), Some(WAIT_OF_ALL));
        assert_eq!(guard.wait(ip("198.51.100.1"), start + WAIT_OF_ALL), None);
    }
}
