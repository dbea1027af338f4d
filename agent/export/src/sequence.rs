//! Whether a datagram is the next one, late, the same again, or the first after a restart.
//!
//! NetFlow v5 counts flows and IPFIX data records, both before the datagram; v9 and sFlow count
//! datagrams. All start anew when the exporter does. Some exporters of IPFIX, softflowd among them,
//! count the datagram's own flows too and leave out options: which it is shows at the second datagram.

/// How far behind a late datagram can be, in datagrams: UDP is re-ordered by some, not by hundreds.
const LATE_DATAGRAMS: u32 = 64;

/// How many records one datagram can hold at the least size of a record that tells addresses.
const RECORDS_A_DATAGRAM: u32 = 64;

/// A jump beyond this many datagrams or records is a new start: a link is not down so long unnoticed.
const MAX_GAP: u32 = 1 << 20;

/// How far back an uptime goes only when the exporter has restarted.
const RESTART_MS: u32 = 60_000;

/// How many of the last datagrams are known again, byte by byte.
const KNOWN_AGAIN: usize = 32;

/// Numbers of one stream of datagrams.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    /// What the next datagram's number should be, where that is known.
    next: Option<u32>,
    /// The greatest number so far, and the clock with it.
    newest: Option<(u32, Clock)>,
    /// IPFIX: the last message's number as it was sent, and its records where all could be read.
    last: Option<(u32, Option<u32>)>,
    /// IPFIX: whether numbers count the message's own flows.
    counts_itself: bool,
    recent: [u64; KNOWN_AGAIN],
    at: usize,
}

/// What an exporter's header says of time: either may be missing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// Seconds since the Unix epoch.
    pub(crate) export_s: Option<u32>,
    /// Milliseconds since the exporter's start.
    pub(crate) uptime_ms: Option<u32>,
}

/// What a message of IPFIX held.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Content {
    /// Data records, options included.
    pub(crate) records: u32,
    /// Those of flows.
    pub(crate) flows: u32,
}

/// How a datagram stands to those before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// The first, or the one that was due.
    InOrder,
    /// So many units before it have not come.
    Gap(u32),
    /// One that had not come.
    Late,
    /// The exporter has started anew. Its templates are void if its uptime says so too.
    Restart {
        /// Whether the uptime went back.
        rebooted: bool,
    },
}

impl Clock {
    /// Tells whether this clock is strictly ahead of another.
    fn is_after(self, other: Self) -> bool {
        match (self.export_s, other.export_s, self.uptime_ms, other.uptime_ms) {
            (Some(a), Some(b), _, _) | (_, _, Some(a), Some(b)) => a > b,
            _ => false,
        }
    }

    /// Tells whether the uptime went back by more than re-ordering explains.
    fn is_rebooted(self, before: Self) -> bool {
        let back = self.uptime_ms.zip(before.uptime_ms).and_then(|(now, before)| before.checked_sub(now));
        back.is_some_and(|back| back > RESTART_MS)
    }
}

impl Sequence {
    pub(crate) const fn new() -> Self {
        Self { next: None, newest: None, last: None, counts_itself: false, recent: [0; KNOWN_AGAIN], at: 0 }
    }

    /// Tells whether these very bytes came among the last datagrams, and remembers them.
    pub(crate) fn is_known(&mut self, payload: &[u8]) -> bool {
        let print = fingerprint(payload);
        if self.recent.contains(&print) {
            return true;
        }
        if let Some(slot) = self.recent.get_mut(self.at) {
            *slot = print;
        }
        self.at = (self.at + 1) % KNOWN_AGAIN;
        false
    }

    /// Places a datagram of `units` flows or datagrams. `counts_records` tells which.
    pub(crate) fn arrive(&mut self, number: u32, clock: Clock, units: u32, counts_records: bool) -> Arrival {
        let arrival = self.place(number, clock, counts_records);
        self.advance(arrival, number, clock, Some(number.wrapping_add(units)));
        arrival
    }

    /// Places a message of IPFIX that has been read. Records without their template are not counted:
    /// then neither is known how many there are, nor what the next number should be.
    pub(crate) fn arrive_read(&mut self, number: u32, clock: Clock, content: Option<Content>) -> Arrival {
        let follows = |units: Option<u32>| {
            units.zip(self.last).is_some_and(|(units, (last, _))| number == last.wrapping_add(units))
        };
        let by_rule = follows(self.last.and_then(|(_, records)| records));
        let by_itself = follows(content.map(|content| content.flows));
        if by_rule != by_itself {
            self.counts_itself = by_itself;
        }
        let (start, next) = match content {
            _ if self.counts_itself => {
                (number.wrapping_sub(content.map_or(0, |content| content.flows)), Some(number))
            }
            Some(content) => (number, Some(number.wrapping_add(content.records))),
            None => (number, None),
        };
        let is_next = by_rule || by_itself;
        let arrival = if is_next { Arrival::InOrder } else { self.place(start, clock, true) };
        self.advance(arrival, start, clock, next);
        if arrival != Arrival::Late {
            self.last = Some((number, content.map(|content| content.records)));
        }
        arrival
    }

    const fn advance(&mut self, arrival: Arrival, number: u32, clock: Clock, next: Option<u32>) {
        if !matches!(arrival, Arrival::Late) {
            self.newest = Some((number, clock));
            self.next = next;
        }
    }

    fn place(&self, number: u32, clock: Clock, counts_records: bool) -> Arrival {
        let Some((newest, newest_clock)) = self.newest else {
            return Arrival::InOrder;
        };
        let ahead = number.wrapping_sub(self.next.unwrap_or(newest));
        if ahead == 0 {
            return Arrival::InOrder;
        }
        let restart = Arrival::Restart { rebooted: clock.is_rebooted(newest_clock) };
        if ahead.cast_signed() > 0 {
            return match (self.next, ahead) {
                (_, MAX_GAP..) => restart,
                (Some(_), _) => Arrival::Gap(ahead),
                // How many the last one held is not known, so nor is how many are missing.
                (None, _) => Arrival::InOrder,
            };
        }
        let window = if counts_records { LATE_DATAGRAMS * RECORDS_A_DATAGRAM } else { LATE_DATAGRAMS };
        let is_late = ahead.wrapping_neg() <= window
            && !clock.is_after(newest_clock)
            && !clock.is_rebooted(newest_clock);
        if is_late { Arrival::Late } else { restart }
    }
}

/// Mixes a datagram into 64 bits, eight bytes at a time: to know it again, not to withstand forgery,
/// since who can forge can also send what he likes.
fn fingerprint(payload: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |print: u64, word: u64| (print.rotate_left(29) ^ word).wrapping_mul(MULTIPLIER);
    let (words, rest) = payload.as_chunks::<8>();
    let print = words.iter().fold(payload.len() as u64, |print, word| mix(print, u64::from_le_bytes(*word)));
    let tail = rest.iter().fold(0, |tail, byte| tail << 8 | u64::from(*byte));
    // Zero marks an empty place.
    mix(print, tail).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(export_s: u32, uptime_ms: u32) -> Clock {
        Clock { export_s: Some(export_s), uptime_ms: Some(uptime_ms) }
    }

    #[test]
    fn numbers_tell_gaps_latecomers_and_restarts_apart() {
        // (why, number, clock, arrival) after datagrams up to 100 at 1,000 s, 500,000 ms; 101 is due
        let cases = [
            ("due", 101, clock(1_001, 501_000), Arrival::InOrder),
            ("three missing", 104, clock(1_001, 501_000), Arrival::Gap(3)),
            ("late", 98, clock(999, 499_000), Arrival::Late),
            ("late within the same second", 98, clock(1_000, 500_000), Arrival::Late),
            ("back to the start", 0, clock(1_060, 900), Arrival::Restart { rebooted: true }),
            ("the process alone", 99, clock(1_060, 560_000), Arrival::Restart { rebooted: false }),
            ("far back", u32::MAX - 9, clock(999, 499_000), Arrival::Restart { rebooted: false }),
            ("far ahead", MAX_GAP + 101, clock(1_001, 501_000), Arrival::Restart { rebooted: false }),
            ("due, the uptime's counter wrapped", 101, clock(1_001, 5), Arrival::InOrder),
        ];
        for (why, number, at, arrival) in cases {
            let mut sequence = Sequence::new();
            assert_eq!(sequence.arrive(100, clock(1_000, 500_000), 1, false), Arrival::InOrder);
            assert_eq!(sequence.arrive(number, at, 1, false), arrival, "{why}");
        }
    }

    #[test]
    fn numbers_wrap() {
        let mut sequence = Sequence::new();
        sequence.arrive(u32::MAX, Clock::default(), 30, true);
        assert_eq!(sequence.arrive(29, Clock::default(), 1, true), Arrival::InOrder);
    }

    /// Places messages of IPFIX, each by its number, records and flows.
    fn messages(messages: &[(u32, u32, u32)]) -> Vec<Arrival> {
        let mut sequence = Sequence::new();
        let place = |(number, records, flows): &(u32, u32, u32)| {
            sequence.arrive_read(
                *number,
                Clock::default(),
                Some(Content { records: *records, flows: *flows }),
            )
        };
        messages.iter().map(place).collect()
    }

    #[test]
    fn numbers_of_the_first_record_are_followed() {
        let arrivals = messages(&[(0, 3, 2), (3, 30, 30), (33, 0, 0), (33, 7, 7), (60, 1, 1), (40, 20, 20)]);
        assert_eq!(arrivals[..4], [Arrival::InOrder; 4]);
        assert_eq!(arrivals[4..], [Arrival::Gap(20), Arrival::Late]);
    }

    #[test]
    fn numbers_that_count_their_own_flows_are_followed() {
        let arrivals = messages(&[(22, 23, 22), (53, 31, 31), (83, 30, 30), (115, 33, 32), (177, 32, 32)]);
        assert_eq!(arrivals[..4], [Arrival::InOrder; 4]);
        assert_eq!(arrivals[4], Arrival::Gap(30));
    }

    #[test]
    fn after_a_message_of_unknown_size_nothing_is_said_to_be_missing() {
        let mut sequence = Sequence::new();
        sequence.arrive_read(100, Clock::default(), None);
        let content = Some(Content { records: 1, flows: 1 });
        assert_eq!(sequence.arrive_read(130, Clock::default(), content), Arrival::InOrder);
        assert_eq!(sequence.arrive_read(141, Clock::default(), content), Arrival::Gap(10));
    }

    #[test]
    fn the_same_bytes_are_known_again_and_any_other_are_not() {
        let mut sequence = Sequence::new();
        let datagram: Vec<u8> = (0..29).collect();
        assert!(!sequence.is_known(&datagram));
        assert!(sequence.is_known(&datagram));
        for index in 0..datagram.len() {
            let mut other = datagram.clone();
            other[index] ^= 0x40;
            assert!(!Sequence::new().is_known(&other));
            assert!(!sequence.is_known(&other), "byte {index}");
        }
        for len in 0..datagram.len() {
            assert!(!sequence.is_known(&datagram[..len]), "{len} bytes");
        }
    }
}
