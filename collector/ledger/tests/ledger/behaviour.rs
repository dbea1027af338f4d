//! What a connection does over time: times of work in the row and in the history.

use crate::common::*;
use crate::live::roll_up;
use crate::place::fresh;
use sekisho_api::{Behaviour, Connection, Maintenance};
use sekisho_ledger::{HistoryQuery, Ledger};
use serde_json::json;

/// A time of work that began in the capture's second minute and lasted until a minute.
fn work(until: i64, open: bool) -> Maintenance {
    Maintenance {
        start: minutes(0, 1),
        end: minutes(0, until),
        bytes_out: 1_000 * until.unsigned_abs(),
        bytes_in: 100,
        quiet_s: 518_400,
        open,
    }
}

fn worked(ledger: &Ledger) -> Vec<(jiff::Timestamp, serde_json::Value)> {
    let changes = ledger.history(&HistoryQuery::default()).unwrap();
    let told = changes.into_iter().filter(|change| change.kind.slug() == "worked");
    told.map(|change| (change.at, change.after.unwrap())).collect()
}

#[test]
fn work_that_goes_on_over_roll_ups_is_told_once_when_it_has_ended() {
    let mut ledger = fresh();
    let roll_ups = [vec![work(5, true)], vec![work(10, true)], vec![work(12, false)], vec![]];
    for (place, works) in (0_i64..).zip(roll_ups) {
        let mut seen = connection(minutes(0, 5 * place), minutes(0, 5 * place + 5));
        seen.maintenance = works;
        let span = (seen.first_seen, seen.last_seen);
        let roll_up = roll_up("a", place.unsigned_abs() + 1);
        ledger.record_live(SITE, &roll_up, &analysis(span.0, span.1, vec![seen]), now()).unwrap();
        assert_eq!(worked(&ledger).len(), usize::from(place >= 2), "after roll-up {place}");
    }
    let [(at, after)] = <[_; 1]>::try_from(worked(&ledger)).unwrap();
    assert_eq!(at, minutes(0, 1));
    assert_eq!((&after["bytes_out"], &after["quiet_s"]), (&json!(12_000), &json!(518_400)));
    let [row] = <[Connection; 1]>::try_from(connections(&ledger)).unwrap();
    assert_eq!(row.maintenance, [work(12, false)]);
}

#[test]
fn work_in_the_capture_that_first_shows_a_connection_is_told_too() {
    let mut ledger = fresh();
    let seen = one(0, 1, |seen| seen.maintenance = vec![work(30, false)]);
    ledger.record(SITE, &seen, &source("a"), now()).unwrap();
    assert_eq!(worked(&ledger).len(), 1);
    ledger.record(SITE, &one(2, 3, |_| {}), &source("b"), now()).unwrap();
    assert_eq!(worked(&ledger).len(), 1, "a later capture without it says nothing new");
    assert_eq!(connections(&ledger)[0].maintenance.len(), 1);
}

#[test]
fn behaviour_is_what_was_ever_found_and_the_longest_times() {
    let mut ledger = fresh();
    let of = |found: &str, quiet_s, longest_s, open| {
        let found = vec![found.to_owned()];
        Some(Box::new(Behaviour { found, quiet_s: Some(quiet_s), longest_s, open, ..Behaviour::default() }))
    };
    for (from, behaviour) in [(0, of("dormant", 90_000, 90_000, true)), (2, of("regular", 30, 86, false))] {
        let seen = one(from, from + 1, |seen| seen.behaviour = behaviour);
        ledger.record(SITE, &seen, &source(&from.to_string()), now()).unwrap();
    }
    let behaviour = connections(&ledger)[0].behaviour.clone().unwrap();
    assert_eq!(behaviour.found, ["dormant", "regular"]);
    assert_eq!((behaviour.quiet_s, behaviour.longest_s, behaviour.open), (Some(90_000), 90_000, false));
}
