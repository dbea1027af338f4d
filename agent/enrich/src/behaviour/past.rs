//! What one relationship did so far: when its conns began, how it was kept alive, what it carried in
//! which hour, when somebody worked.

use smallvec::SmallVec;

use super::pulse::Report;
use super::thinned::{Sample, Thinned};
use super::work::Works;
use crate::relation::HOUR_NS;

/// Hours kept: a month, in which what comes weekly shows four times. The oldest go first.
const MAX_HOURS: usize = 24 * 31;

/// What was seen in one hour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Hour {
    /// Numbered since the epoch.
    pub(crate) number: i64,
    /// Conns begun and keep-alives.
    pub(crate) marks: u32,
    /// Octets from orig and from resp.
    pub(crate) bytes: [u64; 2],
}

/// What one relationship did so far. Index 0 is orig's, 1 is resp's.
///
/// What every conn adds to stands together; what only those add to that are watched comes last.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(crate) struct Past {
    /// When the first and the last of its conns began, as far as each is known.
    began_ns: Option<(i64, i64)>,
    /// The longest conn.
    pub(crate) longest_ns: i64,
    /// When a conn was last heard that had not ended.
    pub(crate) open_ns: Option<i64>,
    /// In order; most relationships live for one.
    hours: SmallVec<[Hour; 1]>,
    /// Between the beginnings of its conns.
    pub(crate) calls: Thinned,
    /// Between keep-alives.
    pub(crate) beats: Thinned,
    pub(crate) works: Works,
    /// The longest time without work, of conns that were watched packet by packet; `None` for none.
    pub(crate) quiet_ns: Option<i64>,
    /// How long conns lasted that were watched packet by packet, all together.
    pub(crate) lasted_ns: i64,
}

/// What a conn tells of itself, or what is new of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Piece {
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
    /// Under which it is booked, numbered since the epoch.
    pub(crate) hour: i64,
    pub(crate) bytes: [u64; 2],
    /// Whether it was not told of before.
    pub(crate) begins: bool,
    /// How much of it was not told of before.
    pub(crate) lasted_ns: i64,
    /// Whether it may go on.
    pub(crate) open: bool,
}

impl Past {
    /// Starts with what is known of a relationship that had one conn.
    pub(crate) fn since(first_ns: i64, bytes: [u64; 2]) -> Self {
        let mut past = Self::default();
        past.begin(first_ns, bytes);
        past.book(first_ns.div_euclid(HOUR_NS), 1, bytes);
        past
    }

    /// Takes what is new of a conn, and what its pulse tells.
    pub(crate) fn conn(&mut self, piece: &Piece, report: Option<Report>) {
        if piece.begins {
            self.begin(piece.first_ns, piece.bytes);
        }
        let beats = report.as_ref().map_or(0, |report| report.marks);
        self.book(piece.hour, beats.saturating_add(u32::from(piece.begins)), piece.bytes);
        self.longest_ns = self.longest_ns.max(piece.last_ns.saturating_sub(piece.first_ns));
        if piece.open {
            self.open_ns = self.open_ns.max(Some(piece.last_ns));
        }
        let Some(report) = report else { return };
        self.lasted_ns = self.lasted_ns.saturating_add(piece.lasted_ns);
        self.beats.absorb(&report.beats);
        self.works.absorb(report.works);
        self.quiet_ns = self.quiet_ns.max(Some(report.quiet_ns));
    }

    /// Takes in what is newer.
    pub(crate) fn absorb(&mut self, newer: Self) {
        if let Some((first, last)) = newer.began_ns {
            // The sizes of that first conn are its hour's, which nobody compares: any sample's serve.
            let bytes = newer.calls.kept().first().map_or([0; 2], |sample| sample.bytes.map(u64::from));
            self.begin(first, bytes);
            self.began_ns = self.began_ns.map(|(first, before)| (first, before.max(last)));
        }
        self.calls.absorb(&newer.calls);
        self.beats.absorb(&newer.beats);
        for hour in newer.hours {
            self.book(hour.number, hour.marks, hour.bytes);
        }
        self.works.absorb(newer.works);
        self.quiet_ns = self.quiet_ns.max(newer.quiet_ns);
        self.longest_ns = self.longest_ns.max(newer.longest_ns);
        self.lasted_ns = self.lasted_ns.saturating_add(newer.lasted_ns);
        self.open_ns = self.open_ns.max(newer.open_ns);
    }

    /// Swaps the sides.
    pub(crate) fn flip(&mut self) {
        self.hours.iter_mut().for_each(|hour| hour.bytes.swap(0, 1));
        self.calls.flip();
        self.beats.flip();
        self.works.flip();
    }

    /// Notes that everything was reported: times of work are not reported twice.
    pub(crate) fn told(&mut self) {
        self.works.take();
        self.open_ns = None;
    }

    /// The hours in order.
    pub(crate) fn hours(&self) -> &[Hour] {
        &self.hours
    }

    /// Notes when a conn began. Conns are told of as they end, so that one may come after a younger one:
    /// then there is no interval to learn.
    fn begin(&mut self, first_ns: i64, bytes: [u64; 2]) {
        let (first, last) = self.began_ns.unwrap_or((first_ns, first_ns));
        if first_ns > last {
            self.calls.add(Sample::new(first_ns.saturating_sub(last), bytes));
        }
        self.began_ns = Some((first.min(first_ns), last.max(first_ns)));
    }

    fn book(&mut self, hour: i64, marks: u32, bytes: [u64; 2]) {
        let at = match self.hours.binary_search_by_key(&hour, |known| known.number) {
            Ok(at) => at,
            Err(at) => {
                let full = self.hours.len() >= MAX_HOURS;
                if full && at == 0 {
                    return;
                }
                if full {
                    self.hours.remove(0);
                }
                let at = at - usize::from(full);
                self.hours.insert(at, Hour { number: hour, ..Hour::default() });
                at
            }
        };
        let Some(known) = self.hours.get_mut(at) else { return };
        known.marks = known.marks.saturating_add(marks);
        for (sum, bytes) in known.bytes.iter_mut().zip(bytes) {
            *sum = sum.saturating_add(bytes);
        }
    }
}
