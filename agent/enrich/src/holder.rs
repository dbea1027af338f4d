//! Who said last that an address is its own, and which two say so by turns.

use foldhash::HashMap;
use sekisho_decode::{Addr, MacAddr};

/// Addresses kept; a large hospital has some 10,000.
const MAX_ADDRESSES: usize = 1 << 16;
/// One of two that hold an address comes back within an hour; a lease that goes on to another does not.
const TURN_NS: u64 = 3_600 * 1_000_000_000;

/// Who holds one address.
#[derive(Clone, Copy, Debug)]
struct Holder {
    mac: MacAddr,
    last_ns: i64,
    /// Who held it before, and said so when for the last time.
    before: Option<(MacAddr, i64)>,
    /// Two that say by turns that they have the address, and when they did so for the last time.
    rivals: Option<([MacAddr; 2], i64)>,
}

/// The holders of all addresses that stations claim.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    by_address: HashMap<Addr, Holder>,
}

impl Holders {
    pub(crate) fn claimed(&mut self, address: Addr, mac: MacAddr, time_ns: i64) {
        let room = self.by_address.len() < MAX_ADDRESSES;
        let Some(holder) = self.by_address.get_mut(&address) else {
            if room {
                self.by_address.insert(address, Holder { mac, last_ns: time_ns, before: None, rivals: None });
            }
            return;
        };
        if holder.mac != mac {
            let back = |(before, then): (MacAddr, i64)| before == mac && then.abs_diff(time_ns) < TURN_NS;
            if holder.before.is_some_and(back) {
                holder.rivals = Some(([mac.min(holder.mac), mac.max(holder.mac)], time_ns));
            }
            holder.before = Some((holder.mac, holder.last_ns));
            holder.mac = mac;
        }
        holder.last_ns = time_ns;
    }

    /// Gives who said last that it has the address.
    pub(crate) fn last(&self, address: Addr) -> Option<MacAddr> {
        self.by_address.get(&address).map(|holder| holder.mac)
    }

    /// Gives every address that two stations claim by turns, with both, in order.
    pub(crate) fn contested(&self) -> Vec<(Addr, [MacAddr; 2])> {
        let both = |(address, holder): (&Addr, &Holder)| Some((*address, holder.rivals?.0));
        let mut contested: Vec<_> = self.by_address.iter().filter_map(both).collect();
        contested.sort_unstable();
        contested
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        for (address, theirs) in other.by_address {
            let room = self.by_address.len() < MAX_ADDRESSES;
            match self.by_address.get_mut(&address) {
                Some(ours) => {
                    let rivals =
                        [ours.rivals, theirs.rivals].into_iter().flatten().max_by_key(|(_, last)| *last);
                    if theirs.last_ns >= ours.last_ns {
                        *ours = theirs;
                    }
                    ours.rivals = rivals;
                }
                None if room => drop(self.by_address.insert(address, theirs)),
                None => {}
            }
        }
    }

    /// Forgets what was said before a time, and later rivalry that has ended since.
    pub(crate) fn forget(&mut self, before_ns: i64, ended_ns: i64) {
        self.by_address.retain(|_, holder| holder.last_ns >= before_ns);
        for holder in self.by_address.values_mut() {
            holder.rivals = holder.rivals.filter(|(_, last)| *last >= ended_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600 * 1_000_000_000;
    const A: MacAddr = MacAddr([0, 0x53, 0, 0, 0, 1]);
    const B: MacAddr = MacAddr([0, 0x53, 0, 0, 0, 2]);
    const C: MacAddr = MacAddr([0, 0x53, 0, 0, 0, 3]);

    #[test]
    fn two_that_claim_by_turns_are_rivals_and_a_lease_that_goes_on_is_none() {
        // (why, claims in order, last, contested)
        type Case = (&'static str, &'static [(MacAddr, i64)], MacAddr, Option<[MacAddr; 2]>);
        let cases: [Case; 7] = [
            ("one", &[(A, 0), (A, HOUR)], A, None),
            ("by turns", &[(A, 0), (B, 1), (A, 2)], A, Some([A, B])),
            ("and once more", &[(A, 0), (B, 1), (A, 2), (B, 3)], B, Some([A, B])),
            ("and then a third", &[(A, 0), (B, 1), (A, 2), (C, 3)], C, Some([A, B])),
            ("a lease that goes on", &[(A, 0), (B, HOUR)], B, None),
            ("and comes back another day", &[(A, 0), (B, HOUR), (A, 24 * HOUR)], A, None),
            ("from one to the next", &[(A, 0), (B, 1), (C, 2)], C, None),
        ];
        for (why, claims, last, contested) in cases {
            let address = Addr::v4([192, 0, 2, 1]);
            let mut holders = Holders::default();
            for (mac, time_ns) in claims {
                holders.claimed(address, *mac, *time_ns);
            }
            assert_eq!(holders.last(address), Some(last), "{why}");
            let found: Vec<_> = contested.into_iter().map(|both| (address, both)).collect();
            assert_eq!(holders.contested(), found, "{why}");
        }
    }

    #[test]
    fn what_two_workers_saw_is_one() {
        let address = Addr::v4([192, 0, 2, 1]);
        let of = |claims: &[(MacAddr, i64)]| {
            let mut holders = Holders::default();
            for (mac, time_ns) in claims {
                holders.claimed(address, *mac, *time_ns);
            }
            holders
        };
        let mut ours = of(&[(A, 0), (B, 1), (A, 2)]);
        ours.absorb(of(&[(B, 3)]));
        assert_eq!((ours.last(address), ours.contested()), (Some(B), vec![(address, [A, B])]));
        ours.forget(0, 3);
        assert_eq!((ours.last(address), ours.contested()), (Some(B), vec![]));
        ours.forget(4, 4);
        assert_eq!(ours.last(address), None);
    }
}
