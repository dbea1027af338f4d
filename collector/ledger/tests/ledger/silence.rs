//! When a sensor's silence about a connection is told: by what it watched, not by the calendar.

use crate::common::*;
use crate::live::{Daemon, five, told};
use sekisho_api::Beacon;
use serde_json::json;

#[test]
fn silence_is_told_after_a_day_of_watching_and_not_after_a_day_off() {
    let mut daemon = Daemon::new();
    daemon.tell(&five(at(0), |_| {}));
    daemon.watches(1, 10);
    // Two days off.
    daemon.watches(60, 13);
    assert_eq!(told(&daemon.ledger), [""; 0], "23 hours watched in three days");
    daemon.watches(73, 2);
    let silent = only(&daemon.ledger, "gone-silent");
    assert_eq!((silent.at, silent.cause.slug()), (minutes(73, 30), "live"));
    assert_eq!(silent.before, Some(json!({ "last_seen": minutes(0, 5) })));
    daemon.watches(75, 48);
    assert_eq!(told(&daemon.ledger).len(), 1, "told once");

    daemon.tell(&five(at(200), |_| {}));
    let returned = only(&daemon.ledger, "returned");
    assert_eq!((returned.at, returned.before), (at(200), Some(json!({ "silent_from": minutes(73, 30) }))));
    daemon.watches(201, 23);
    assert_eq!(told(&daemon.ledger).len(), 2);
    daemon.watches(224, 1);
    assert_eq!(told(&daemon.ledger).len(), 3, "silent once more");
}

#[test]
fn what_lives_long_beside_it_does_not_bring_silence_on() {
    let mut daemon = Daemon::new();
    daemon.tell(&five(at(0), |_| {}));
    // Each roll-up has a relationship that began with the first: hours, and then days ago.
    let watches = |daemon: &mut Daemon, halves: std::ops::Range<i64>| {
        for half in halves {
            let (from, to) = (minutes(0, 30 * half), minutes(0, 30 * half + 30));
            let mut other = connection(at(0), to);
            other.outside.ip = "198.51.100.99".to_owned();
            other.service = "wireguard".to_owned();
            other.hours = [(from, 10)].into();
            daemon.tell(&analysis(from, to, vec![other]));
        }
    };
    watches(&mut daemon, 1..47);
    assert_eq!(told(&daemon.ledger), [""; 0], "23 hours were watched");
    watches(&mut daemon, 47..50);
    assert_eq!(only(&daemon.ledger, "gone-silent").at, minutes(0, 30 * 48), "when it was overdue");
}

#[test]
fn a_nightly_connection_is_waited_for_three_nights() {
    let mut daemon = Daemon::new();
    let nightly = Some(Beacon { score: 0.9, period_s: 24.0 * 3600.0, jitter: 0.1 });
    daemon.tell(&five(at(0), |seen| seen.beacon = nightly));
    daemon.watches(1, 71);
    assert_eq!(told(&daemon.ledger), [""; 0]);
    daemon.watches(72, 2);
    only(&daemon.ledger, "gone-silent");
}

#[test]
fn what_only_files_show_is_waited_for_from_the_first_roll_up_on() {
    let mut daemon = Daemon::new();
    daemon.ledger.record(SITE, &one(0, 1, |_| {}), &source("file"), now()).unwrap();
    daemon.watches(100, 24);
    assert_eq!(told(&daemon.ledger), [""; 0]);
    daemon.ledger.record(SITE, &one(124, 125, |_| {}), &source("later"), now()).unwrap();
    daemon.watches(125, 24);
    assert_eq!(told(&daemon.ledger), [""; 0], "a file showed it meanwhile");
    daemon.watches(149, 2);
    only(&daemon.ledger, "gone-silent");
}

#[test]
fn a_file_tells_nothing_silent_that_a_sensor_waits_for() {
    let mut daemon = Daemon::new();
    daemon.tell(&five(at(0), |_| {}));
    // Off for two days; a glance of minutes when it is back.
    daemon.watches(50, 1);
    let glance = analysis(at(52), at(53), vec![]);
    daemon.ledger.record(SITE, &glance, &source("glance"), now()).unwrap();
    assert_eq!(told(&daemon.ledger), [""; 0]);
    // The sensor is gone for good: files tell again.
    let later = analysis(at(400), at(401), vec![]);
    daemon.ledger.record(SITE, &later, &source("later"), now()).unwrap();
    only(&daemon.ledger, "gone-silent");
}
