//! What a relationship did, in terms of inside and outside: for the rules, and for the analysis.
//!
//! Nothing here is a verdict. A beacon, a quiet tunnel and a call from outside are what the rules weigh
//! together with who speaks to whom.

use jiff::Timestamp;
use sekisho_api::{Beacon, Behaviour, Bulk, Capture, Maintenance};
use sekisho_rules::Field;

use super::past::{Hour, Past};
use super::score::beacon;
use super::work::Work;
use crate::relation::{HOUR_NS, Relation};
use crate::{hour, timestamp};

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// The score from which a beacon is told: the lowest of RITA's levels.
const MIN_SCORE: f64 = 0.5;
/// The deviation up to which there is an interval to tell: RITA's formula scores well what only goes on for
/// long and spreads evenly, such as a person's working day.
const MAX_JITTER: f64 = 0.5;
/// Keep-alives from which their interval is told, and the deviation up to which: pauses of somebody who
/// types look like them.
const MIN_BEATS: u64 = 10;
/// See [`MIN_BEATS`].
const MAX_BEAT_JITTER: f64 = 0.2;
/// How long a conn that the inside opened was quiet before a call from outside: several keep-alives, and
/// longer than a slow answer to something that the inside asked.
const QUIET_NS: i64 = 60 * SECOND;
/// Octets that leave in an hour from which it is worth comparing: less is one image.
const MIN_BULK: u64 = 16 << 20;
/// How long after its last packet a conn that was not closed is taken to go on: keep-alives come within
/// five minutes, and one may be lost.
const OPEN_NS: i64 = 660 * SECOND;
/// Times of work told of one row.
const MAX_TOLD: usize = 128;

/// What is told at the most: as much as is kept of a past. Times in a capture can be anything.
const LONGEST_NS: i64 = 31 * 24 * HOUR_NS;

/// The watched time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watched {
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
}

impl Watched {
    /// From the first conn known to the last frame. A roll-up spans minutes; what is known, days.
    pub(crate) fn of<'r>(capture: &Capture, relations: impl Iterator<Item = &'r Relation>) -> Self {
        let nanoseconds = |time: Timestamp| i64::try_from(time.as_nanosecond()).unwrap_or_default();
        let conns = relations.map(|relation| (relation.first_ns, relation.last_ns));
        let known = conns.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))).unwrap_or_default();
        let last_ns = capture.last_seen.map_or(known.1, nanoseconds);
        let first_ns = capture.first_seen.map_or(known.0, nanoseconds).min(known.0);
        Self { first_ns: first_ns.max(last_ns.saturating_sub(LONGEST_NS)), last_ns }
    }
}

/// What a relationship did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) beacon: Option<Beacon>,
    pub(crate) behaviour: Option<Behaviour>,
    pub(crate) maintenance: Vec<Maintenance>,
}

impl Told {
    pub(crate) fn of(past: &Past, orig_inside: bool, watched: Watched) -> Self {
        let hours = (watched.first_ns.div_euclid(HOUR_NS), watched.last_ns.div_euclid(HOUR_NS));
        let [calls, beats] = [&past.calls, &past.beats].map(|of| beacon(of, past.hours(), hours));
        let best = calls
            .into_iter()
            .chain(beats.clone())
            .reduce(|best, next| if next.score > best.score { next } else { best });
        let works = past.works.iter().filter_map(|work| reverse(work, orig_inside));
        Self {
            beacon: best.filter(|best| best.score >= MIN_SCORE && best.jitter <= MAX_JITTER),
            behaviour: Some(Behaviour {
                found: Vec::new(),
                keep_alive_s: beats
                    .filter(|beats| past.beats.count() >= MIN_BEATS && beats.jitter <= MAX_BEAT_JITTER)
                    .map(|beats| beats.period_s),
                quiet_s: past.quiet_ns.map(seconds),
                longest_s: seconds(past.longest_ns),
                lasted_s: seconds(past.lasted_ns),
                open: past.open_ns.is_some_and(|last_ns| watched.last_ns.saturating_sub(last_ns) <= OPEN_NS),
                bulk: bulk(past.hours(), usize::from(!orig_inside)),
            }),
            maintenance: works.collect(),
        }
    }

    /// What the rules may weigh.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (Field, u64)> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is 0 to 1")]
        let percent = |beacon: &Beacon| (beacon.score * 100.0) as u64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 49 days")]
        let period = |beacon: &Beacon| beacon.period_s.round() as u64;
        let behaviour = self.behaviour.as_ref();
        let bulk = behaviour.and_then(|behaviour| behaviour.bulk.as_ref());
        [
            (Field::Beacon, self.beacon.as_ref().map(percent)),
            (Field::PeriodS, self.beacon.as_ref().map(period)),
            (Field::QuietS, behaviour.and_then(|behaviour| behaviour.quiet_s)),
            (Field::LongestS, behaviour.map(|behaviour| behaviour.longest_s)),
            (Field::ReverseBursts, Some(self.maintenance.len() as u64)),
            (Field::BulkMib, bulk.map(|bulk| bulk.bytes_out >> 20)),
            (Field::BulkTimes, bulk.and_then(|bulk| bulk.bytes_out.checked_div(bulk.usual))),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value.filter(|value| *value > 0)?)))
    }

    /// Takes in what another relationship of the same row did.
    pub(crate) fn absorb(&mut self, other: Self) {
        let score = |beacon: &Option<Beacon>| beacon.as_ref().map_or(0.0, |beacon| beacon.score);
        if score(&other.beacon) > score(&self.beacon) {
            self.beacon = other.beacon;
        }
        self.behaviour = match (self.behaviour.take(), other.behaviour) {
            (Some(one), Some(other)) => Some(together(one, other)),
            (one, other) => one.or(other),
        };
        self.maintenance.extend(other.maintenance);
    }
}

fn together(one: Behaviour, other: Behaviour) -> Behaviour {
    let mut found = one.found;
    found.extend(other.found);
    found.sort_unstable();
    found.dedup();
    let larger = |one: Option<Bulk>, other: Option<Bulk>| match (one, other) {
        (Some(one), Some(other)) => Some(if other.bytes_out > one.bytes_out { other } else { one }),
        (one, other) => one.or(other),
    };
    Behaviour {
        found,
        keep_alive_s: one.keep_alive_s.or(other.keep_alive_s),
        // A key exchange that only keeps alive says nothing of the tunnel beside it.
        quiet_s: match (one.quiet_s, other.quiet_s) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        },
        longest_s: one.longest_s.max(other.longest_s),
        lasted_s: one.lasted_s.saturating_add(other.lasted_s),
        open: one.open || other.open,
        bulk: larger(one.bulk, other.bulk),
    }
}

/// Puts times that overlap together: several conns are one person at work.
pub(crate) fn merged(mut works: Vec<Maintenance>) -> Vec<Maintenance> {
    works.sort_by_key(|work| (work.start, work.end));
    let mut merged: Vec<Maintenance> = Vec::new();
    for work in works {
        if let Some(before) = merged.last_mut()
            && work.start <= before.end
        {
            before.end = before.end.max(work.end);
            before.bytes_out = before.bytes_out.saturating_add(work.bytes_out);
            before.bytes_in = before.bytes_in.saturating_add(work.bytes_in);
            before.open |= work.open;
        } else if merged.len() < MAX_TOLD {
            merged.push(work);
        }
    }
    merged
}

/// A time of work that came from outside: the outside spoke first, in a conn that it opened or one that
/// had long been quiet, and then the inside answered with more.
fn reverse(work: &Work, orig_inside: bool) -> Option<Maintenance> {
    let [orig, resp] = work.bytes;
    let (out, into) = if orig_inside { (orig, resp) } else { (resp, orig) };
    let from_outside = work.by_orig != orig_inside;
    let called = work.quiet_ns >= QUIET_NS && out > into;
    (from_outside && (called || !orig_inside)).then(|| Maintenance {
        start: timestamp(work.start_ns),
        end: timestamp(work.end_ns),
        bytes_out: out,
        bytes_in: into,
        quiet_s: seconds(work.quiet_ns),
        open: work.open,
    })
}

/// The hour in which most left, where more left than came, with what leaves in a usual one.
fn bulk(hours: &[Hour], inside: usize) -> Option<Bulk> {
    let [out, into] =
        [inside, 1 - inside].map(|side| move |hour: &Hour| hour.bytes.get(side).copied().unwrap_or(0));
    let most = hours.iter().max_by_key(|hour| out(hour))?;
    if out(most) < MIN_BULK || into(most) > out(most) {
        return None;
    }
    let others = hours.iter().filter(|hour| hour.number != most.number && hour.bytes != [0; 2]);
    let mut usual: Vec<u64> = others.map(out).collect();
    usual.sort_unstable();
    let usual = usual.get(usual.len() / 2).copied().unwrap_or(0);
    Some(Bulk { hour: hour(most.number), bytes_out: out(most), usual })
}

fn seconds(ns: i64) -> u64 {
    u64::try_from(ns / SECOND).unwrap_or(0)
}
