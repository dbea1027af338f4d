//! What a worker tells of itself while it works: numbers in atomics, written once a batch.
//!
//! The worker writes, whoever shows the numbers reads; nobody waits for anybody. Two numbers read
//! together may be of two batches, which a status page does not mind.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sekisho_report::Lang;

use super::mirror::Counted;
use super::status::{Doubt, Exporter};
use crate::output;

/// What a worker has counted since the daemon started, and how it stands now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Vitals {
    /// Packets or datagrams taken.
    pub(crate) packets: u64,
    /// Their octets on the wire.
    pub(crate) bytes: u64,
    /// What the kernel dropped because the ring or the socket's buffer was full.
    pub(crate) kernel_drops: u64,
    /// How often the ring was full so that the kernel had to wait.
    pub(crate) ring_freezes: u64,
    /// Packets that the mirror port showed twice.
    pub(crate) duplicates: u64,
    /// Conns in the table now.
    pub(crate) conns: u64,
    /// Conns that fit into the table.
    pub(crate) conns_max: u64,
    /// Conns that made room for others.
    pub(crate) evicted: u64,
    /// Octets that the worker's tables take now.
    pub(crate) table_bytes: u64,
    /// How often the interface was away and came back.
    pub(crate) gaps: u64,
    /// 1 while the interface has a link.
    pub(crate) link_up: u64,
}

/// How many numbers there are.
const FIELDS: usize = 11;

impl Vitals {
    fn numbers(&self) -> [u64; FIELDS] {
        let Self { packets, bytes, kernel_drops, ring_freezes, duplicates, conns, .. } = *self;
        let Self { conns_max, evicted, table_bytes, gaps, link_up, .. } = *self;
        [
            packets,
            bytes,
            kernel_drops,
            ring_freezes,
            duplicates,
            conns,
            conns_max,
            evicted,
            table_bytes,
            gaps,
            link_up,
        ]
    }

    fn of(numbers: [u64; FIELDS]) -> Self {
        let [packets, bytes, kernel_drops, ring_freezes, duplicates, conns, rest @ ..] = numbers;
        let [conns_max, evicted, table_bytes, gaps, link_up] = rest;
        Self {
            packets,
            bytes,
            kernel_drops,
            ring_freezes,
            duplicates,
            conns,
            conns_max,
            evicted,
            table_bytes,
            gaps,
            link_up,
        }
    }

    /// Adds another worker's numbers; a link is up when any thread of the interface says so.
    pub(crate) fn add(&mut self, other: &Self) {
        let mut sum = self.numbers();
        for (own, others) in sum.iter_mut().zip(other.numbers()) {
            *own = own.saturating_add(others);
        }
        *self = Self {
            link_up: self.link_up.max(other.link_up),
            gaps: self.gaps.max(other.gaps),
            ..Self::of(sum)
        };
    }
}

/// Where a worker takes its packets from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// An interface at a mirror port.
    Interface(String),
    /// The ports for flow exports.
    Exports,
    /// Nothing: the thread that judges and records.
    Site,
}

/// What is known beside numbers; told at most once a second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    /// The exporters heard, in the order in which they were first heard.
    pub(crate) exporters: Vec<Exporter>,
    /// What the mirror check counted of the interface.
    pub(crate) mirror: Option<Arc<Counted>>,
}

/// The board on which one worker writes its numbers. Aligned so that no two workers share a line of
/// the cache (pairs of lines are fetched together).
#[derive(Debug)]
#[repr(align(128))]
struct Board {
    numbers: [AtomicU64; FIELDS],
    beat: AtomicU64,
}

/// Why a source is not open.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// The chain of causes.
    pub(crate) error: String,
    /// The same for people, and what to do.
    pub(crate) says: Doubt,
}

/// One worker as the rest of the daemon sees it.
#[derive(Debug)]
pub(crate) struct Post {
    board: Board,
    /// The thread's name.
    pub(crate) name: String,
    /// What it watches.
    pub(crate) place: Place,
    restarts: AtomicU32,
    working: AtomicBool,
    at_length: AtomicBool,
    trouble: Mutex<Option<Trouble>>,
    detail: Mutex<Detail>,
}

impl Post {
    /// The post of a worker that has not started yet.
    pub(crate) fn new(name: String, place: Place) -> Self {
        Self {
            board: Board { numbers: Default::default(), beat: AtomicU64::new(0) },
            name,
            place,
            restarts: AtomicU32::new(0),
            working: AtomicBool::new(false),
            at_length: AtomicBool::new(false),
            trouble: Mutex::default(),
            detail: Mutex::default(),
        }
    }

    /// Says that the worker still comes round.
    pub(crate) fn beat(&self) {
        self.board.beat.fetch_add(1, Ordering::Relaxed);
    }

    /// Changes whenever the worker has come round.
    pub(crate) fn beats(&self) -> u64 {
        self.board.beat.load(Ordering::Relaxed)
    }

    /// Notes that something begins, or has ended, that takes as long as it takes.
    pub(crate) fn at_length(&self, begins: bool) {
        self.at_length.store(begins, Ordering::Relaxed);
    }

    /// Tells whether such a thing is being done.
    pub(crate) fn is_at_length(&self) -> bool {
        self.at_length.load(Ordering::Relaxed)
    }

    /// Writes the worker's numbers.
    pub(crate) fn publish(&self, vitals: &Vitals) {
        for (cell, number) in self.board.numbers.iter().zip(vitals.numbers()) {
            cell.store(number, Ordering::Relaxed);
        }
    }

    /// Reads the worker's numbers.
    pub(crate) fn vitals(&self) -> Vitals {
        Vitals::of(self.board.numbers.each_ref().map(|cell| cell.load(Ordering::Relaxed)))
    }

    /// Notes that the source is open.
    pub(crate) fn works(&self) {
        self.working.store(true, Ordering::Relaxed);
        *lock(&self.trouble) = None;
    }

    /// Notes why the source had to be given up, for now.
    pub(crate) fn fails(&self, error: &anyhow::Error) {
        self.working.store(false, Ordering::Relaxed);
        self.restarts.fetch_add(1, Ordering::Relaxed);
        let [ja, en] = [Lang::Ja, Lang::En].map(|lang| output::error(error, lang));
        *lock(&self.trouble) = Some(Trouble { error: format!("{error:#}"), says: Doubt { ja, en } });
    }

    /// Notes that the source has nothing more to give.
    pub(crate) fn ends(&self) {
        self.working.store(false, Ordering::Relaxed);
    }

    /// Tells whether the source is open.
    pub(crate) fn is_working(&self) -> bool {
        self.working.load(Ordering::Relaxed)
    }

    /// Counts how often the source was given up.
    pub(crate) fn restarts(&self) -> u32 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// Why the source is not open.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        lock(&self.trouble).clone()
    }

    /// Tells what is known beside numbers.
    pub(crate) fn tell(&self, detail: Detail) {
        *lock(&self.detail) = detail;
    }

    /// What is known beside numbers.
    pub(crate) fn detail(&self) -> Detail {
        lock(&self.detail).clone()
    }
}

/// Locks what is only ever replaced as a whole, so that a panic elsewhere cannot have left it in half.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_read_where_it_was_written_and_summed_over_threads() {
        let numbers = std::array::from_fn(|place| place as u64 + 1);
        let vitals = Vitals::of(numbers);
        let post = Post::new("capture-eth1".to_owned(), Place::Interface("eth1".to_owned()));
        post.publish(&vitals);
        assert_eq!(post.vitals(), vitals);
        let mut sum = vitals;
        sum.add(&post.vitals());
        assert_eq!((sum.packets, sum.table_bytes, sum.gaps, sum.link_up), (2, 18, 10, 11));
    }

    #[test]
    fn no_two_posts_share_a_line_of_the_cache() {
        assert_eq!(align_of::<Board>() % 128, 0);
    }
}
