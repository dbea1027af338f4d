//! Sequences made by hand: what a connection did, and what is told of it.

use sekisho_decode::Addr;
use sekisho_rules::Field;

use super::past::{Past, Piece};
use super::pulse::Pulse;
use super::scope::Scope;
use super::tell::{Told, Watched, merged};
use super::thinned::{Sample, Thinned};
use super::work::{Work, Works};
use crate::relation::HOUR_NS;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 24 * HOUR_NS;
/// A Monday at midnight, UTC.
const START: i64 = 1_700_438_400 * SECOND;

/// Numbers that look like chance and are the same every time.
struct Dice(u64);

impl Dice {
    /// From `-most` to `most`.
    fn around(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).cast_signed() % (2 * most + 1) - most
    }
}

fn watched(days: i64) -> Watched {
    Watched { first_ns: START, last_ns: START + days * DAY }
}

/// A relationship of conns that each last five seconds.
fn called(starts: impl IntoIterator<Item = i64>, bytes: [u64; 2]) -> Past {
    let mut past = Past::default();
    for start in starts {
        let piece = Piece {
            first_ns: start,
            last_ns: start.saturating_add(5 * SECOND),
            hour: start.div_euclid(HOUR_NS),
            bytes,
            begins: true,
            ..Piece::default()
        };
        past.conn(&piece, None);
    }
    past
}

/// A tunnel that orig opened and keeps alive, with work at some times: begun by orig or not, and the
/// octets of both.
fn tunnel(days: i64, every_s: i64, works: &[(i64, bool, [u32; 2])]) -> Past {
    let mut pulse = Pulse::new(START, START, [60, 0]);
    let mut past = Past::default();
    let (mut hour, mut begins) = (START.div_euclid(HOUR_NS), true);
    let mut tell = |pulse: &mut Pulse, time_ns: i64, ended: bool| {
        let piece = Piece {
            first_ns: START,
            last_ns: time_ns,
            hour,
            bytes: [0; 2],
            begins: std::mem::take(&mut begins),
            lasted_ns: 0,
            open: !ended,
        };
        past.conn(&piece, Some(pulse.report(ended)));
        hour += 1;
    };
    for beat in 1..days * 86_400 / every_s {
        let time_ns = START + beat * every_s * SECOND;
        if beat * every_s % 3_600 == 0 {
            tell(&mut pulse, time_ns, false);
        }
        pulse.packet(time_ns, true, 60);
        pulse.packet(time_ns + 30_000_000, false, 60);
        for (at, by_orig, [orig, resp]) in works {
            if (time_ns..time_ns + every_s * SECOND).contains(at) {
                pulse.packet(*at, *by_orig, 400);
                pulse.packet(at + 20_000_000, true, *orig);
                pulse.packet(at + 40_000_000, false, *resp);
            }
        }
    }
    tell(&mut pulse, START + days * DAY, true);
    past
}

#[test]
fn a_tunnel_that_slept_for_six_days_and_was_used_once_tells_when() {
    let at = START + 6 * DAY + 7 * SECOND;
    let past = tunnel(8, 25, &[(at, false, [3_000_000, 90_000])]);
    let told = Told::of(&past, true, watched(8));
    let [work] = told.maintenance.as_slice() else { panic!("{:?}", told.maintenance) };
    assert_eq!(i128::from(at), work.start.as_nanosecond());
    assert_eq!((work.bytes_out, work.bytes_in), (3_000_000, 90_400));
    assert_eq!((work.quiet_s, work.open), (6 * 86_400 + 7, false));
    let behaviour = told.behaviour.unwrap();
    assert_eq!((behaviour.keep_alive_s, behaviour.quiet_s), (Some(25.0), Some(6 * 86_400 + 7)));
    let beacon = told.beacon.unwrap();
    assert!(beacon.score > 0.95 && beacon.period_s.to_bits() == 25.0_f64.to_bits(), "{beacon:?}");
}

#[test]
fn only_what_the_outside_began_and_the_inside_answered_is_work_from_outside() {
    let at = START + DAY / 2 + 7 * SECOND;
    // (why, orig is inside, orig begins, octets of orig and resp, told)
    let cases = [
        ("the inside asks", true, true, [90_000, 3_000_000], 0),
        ("the inside sends", true, true, [3_000_000, 90_000], 0),
        ("the outside sends an update", true, false, [90_000, 3_000_000], 0),
        ("the outside asks", true, false, [3_000_000, 90_000], 1),
        ("the outside asks for next to nothing", true, false, [3_000, 900], 0),
        ("a conn that the outside opened, and asks in", false, true, [90_000, 3_000_000], 1),
        ("a conn that the outside opened, and sends in", false, true, [3_000_000, 90_000], 1),
        ("a conn that the outside opened, and the inside calls by", false, false, [90_000, 3_000_000], 0),
    ];
    for (why, orig_inside, by_orig, bytes, told) in cases {
        let past = tunnel(1, 20, &[(at, by_orig, bytes)]);
        assert_eq!(Told::of(&past, orig_inside, watched(1)).maintenance.len(), told, "{why}");
    }
}

#[test]
fn work_with_short_pauses_is_one_and_is_told_under_the_same_start_until_it_ends() {
    let mut pulse = Pulse::new(START, START, [60, 60]);
    let begin = START + 3_600 * SECOND;
    for minute in 0..30 {
        pulse.packet(begin + minute * 60 * SECOND, false, 400);
        pulse.packet(begin + minute * 60 * SECOND + SECOND, true, 5_000);
        if minute == 20 {
            let report = pulse.report(false);
            let works: Vec<_> = report.works.iter().map(|work| (work.start_ns, work.open)).collect();
            assert_eq!(works, [(begin, true)]);
        }
    }
    pulse.packet(begin + 3_600 * SECOND, true, 60);
    pulse.packet(begin + 3_620 * SECOND, true, 60);
    let report = pulse.report(false);
    let works: Vec<_> = report.works.iter().map(|work| (work.start_ns, work.open)).collect();
    assert_eq!(works, [(begin, false)]);
    assert_eq!(report.works.iter().next().unwrap().bytes, [150_000, 12_000]);
    assert_eq!(pulse.report(true).works.iter().count(), 0, "what ended is told once");
}

#[test]
fn what_calls_regularly_is_told_from_what_does_not() {
    let mut dice = Dice(7);
    let mut jittered =
        || (0..288).map(|call| START + call * 300 * SECOND + dice.around(30) * SECOND).collect();
    let five_minutes: Vec<i64> = jittered();
    let nightly = (0..14).map(|night| START + night * DAY + 17 * HOUR_NS);
    let weekly = (0..4).map(|week| START + week * 7 * DAY + 13 * HOUR_NS);
    // Bursts of conns with pauses of any length: people.
    let mut dice = Dice(11);
    let mut at = START + 9 * HOUR_NS;
    let people: Vec<i64> = (0..120)
        .map(|_| {
            let pause = if dice.around(10) > 6 { 900 + dice.around(800) } else { 2 + dice.around(1) };
            at += pause * SECOND;
            at
        })
        .collect();
    // Evenly over the day, at no one interval: now a minute, now an hour.
    let pairs = (0..48).map(|call| START + (call / 2 * 3_600 + call % 2 * 60) * SECOND);
    // (why, past, days watched, orig is inside, least and greatest score, period)
    let cases = [
        ("300 s with a tenth of jitter", called(five_minutes.clone(), [600, 300]), 1, true, 0.9..=1.0, 300.0),
        ("the same, from outside", called(five_minutes, [600, 300]), 1, false, 0.9..=1.0, 300.0),
        (
            "a nightly job over two weeks",
            called(nightly, [9_000_000, 90_000]),
            14,
            true,
            0.75..=1.0,
            86_400.0,
        ),
        ("a weekly job over four weeks", called(weekly, [9_000, 900]), 28, true, 0.5..=1.0, 604_800.0),
        ("people", called(people, [2_000, 90_000]), 1, true, 0.0..=0.6, 2.0),
        ("pairs of calls", called(pairs, [2_000, 90_000]), 1, true, 0.0..=0.0, 0.0),
    ];
    for (why, past, days, orig_inside, scores, period) in cases {
        let told = Told::of(&past, orig_inside, watched(days));
        let Some(beacon) = told.beacon else {
            assert!(*scores.start() < 0.5, "{why}");
            continue;
        };
        assert!(scores.contains(&beacon.score), "{why}: {beacon:?}");
        assert!((beacon.period_s - period).abs() <= period * 0.05 || period < 10.0, "{why}: {beacon:?}");
    }
}

#[test]
fn three_calls_are_not_yet_regular() {
    let past = called((0..3).map(|call| START + call * 300 * SECOND), [600, 300]);
    assert_eq!(Told::of(&past, true, watched(1)).beacon, None);
}

#[test]
fn what_is_reported_in_parts_is_told_as_in_one() {
    let starts: Vec<i64> = (0..288).map(|call| START + call * 300 * SECOND).collect();
    let whole = called(starts.clone(), [600, 300]);
    let mut parts = Past::default();
    for part in starts.chunks(5) {
        parts.absorb(called(part.iter().copied(), [600, 300]));
        parts.told();
    }
    let of = |past: &Past| Told::of(past, true, watched(1)).beacon.unwrap();
    assert_eq!(of(&whole), of(&parts));
}

#[test]
fn bulk_is_told_against_what_is_usual_and_only_outwards() {
    let by_hour = |bytes: &[[u64; 2]]| {
        let mut past = Past::default();
        for (hour, bytes) in (START.div_euclid(HOUR_NS)..).zip(bytes) {
            past.conn(&Piece { hour, bytes: *bytes, ..Piece::default() }, None);
        }
        past
    };
    let times = |past: &Past, orig_inside| {
        let told = Told::of(past, orig_inside, watched(1));
        told.facts().find(|(field, _)| *field == Field::BulkTimes).map(|(_, times)| times)
    };
    let mib = 1 << 20;
    let usual = [10 * mib, mib];
    let night = by_hour(&[usual, usual, [900 * mib, mib], usual, usual]);
    assert_eq!(times(&night, true), Some(90));
    assert_eq!(times(&night, false), None, "what comes in is no loss");
    assert_eq!(times(&by_hour(&[[900 * mib, mib]]), true), None, "one hour tells nothing of what is usual");
}

#[test]
fn times_that_overlap_are_one_person_at_work() {
    let at = |minutes: i64| START + minutes * 60 * SECOND;
    let work = |from, to| Work {
        start_ns: at(from),
        end_ns: at(to),
        bytes: [20_000, 40_000],
        by_orig: true,
        quiet_ns: 0,
        open: false,
    };
    let mut past = Past::default();
    for (from, to) in [(0, 30), (10, 20), (60, 70)] {
        past.works.add(work(from, to));
    }
    let works = merged(Told::of(&past, false, watched(1)).maintenance);
    let lengths: Vec<i64> = works.iter().map(|work| work.end.as_second() - work.start.as_second()).collect();
    assert_eq!((lengths, works[0].bytes_out), (vec![1_800, 600], 80_000));
}

#[test]
fn whatever_is_kept_has_a_bound() {
    let mut samples = Thinned::default();
    for gap in 0..100_000_i64 {
        samples.add(Sample::new(gap * 1_000_000, [1, 1]));
    }
    assert!(samples.kept().len() <= 32 && samples.kept().len() >= 16, "{}", samples.kept().len());
    assert_eq!(samples.count(), 100_000);
    assert!(samples.kept().last().unwrap().gap_ms > 90_000, "the whole time is in it");

    let mut works = Works::default();
    for start_ns in 0..1_000 {
        let bytes = [1 << 20; 2];
        works.add(Work { start_ns, end_ns: start_ns, bytes, by_orig: true, quiet_ns: 0, open: false });
    }
    assert_eq!((works.iter().count(), works.cut), (32, 968));

    let hours = called((0..2_000).map(|hour| START + hour * HOUR_NS), [1, 1]);
    assert_eq!(hours.hours().len(), 24 * 31);
    assert_eq!(hours.hours().last().unwrap().number, START / HOUR_NS + 1_999, "the oldest go first");
}

#[test]
fn times_that_run_back_or_to_the_end_of_time_do_no_harm() {
    let mut pulse = Pulse::new(i64::MAX - 5, i64::MAX, [u64::MAX, 0]);
    for time_ns in [0, i64::MAX, i64::MIN, -1, SECOND, i64::MAX] {
        pulse.packet(time_ns, true, u32::MAX);
        let report = pulse.report(false);
        let mut past = Past::default();
        past.conn(
            &Piece { first_ns: time_ns, last_ns: time_ns, begins: true, ..Piece::default() },
            Some(report),
        );
        let watched = Watched { first_ns: i64::MIN, last_ns: i64::MAX };
        let _ = Told::of(&past, true, watched);
        let _ = Told::of(&called([time_ns, 0, i64::MAX, i64::MIN], [u64::MAX; 2]), false, watched);
    }
}

#[test]
fn what_stays_in_the_site_is_not_watched() {
    let addr = |text: &str| Addr::from(text.parse::<std::net::IpAddr>().unwrap());
    // (a, b, without prefixes, with 10.78.0.0/16 declared)
    let cases = [
        ("10.78.1.2", "10.78.80.5", false, false),
        ("10.78.1.2", "198.51.100.5", true, true),
        ("198.51.100.5", "10.78.1.2", true, true),
        ("10.78.1.2", "192.168.250.4", true, true),
        ("192.0.2.1", "198.51.100.5", true, false),
        ("10.78.1.2", "239.255.1.1", false, false),
        ("fe80::1", "2001:db8::1", false, false),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false, false),
        ("2001:db8:1:2::1", "2001:db8:9::1", true, false),
    ];
    let declared = Scope::new(vec!["10.78.0.0/16".parse().unwrap()]);
    for (a, b, guessed, told) in cases {
        assert_eq!(Scope::default().may_leave(addr(a), addr(b)), guessed, "{a} {b}");
        assert_eq!(declared.may_leave(addr(a), addr(b)), told, "{a} {b}, declared");
    }
}
