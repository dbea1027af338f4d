//! What the map is drawn from stays, site by site.

use jiff::Timestamp;
use sekisho_api::{Mark, MarkEnd, MarkKind, OwnAddress, Snapshot};
use sekisho_ledger::Ledger;

use crate::place::fresh;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn said(name: &str, second: i64) -> Snapshot {
    Snapshot { at: at(second), by: "snmp".to_owned(), name: Some(name.to_owned()), ..Snapshot::default() }
}

fn mark(kind: MarkKind, a: &str, b: &str) -> Mark {
    let end = |node: &str| MarkEnd { node: node.to_owned(), ..MarkEnd::default() };
    Mark { kind, a: end(a), b: end(b), at: at(9) }
}

#[test]
fn the_latest_that_a_box_said_is_kept_for_its_site_alone() {
    let mut ledger = fresh();
    let keep = |ledger: &mut Ledger, site: &str, snapshot: &Snapshot| {
        ledger.keep_snapshot(site, "snmp:192.0.2.1", snapshot, at(9)).unwrap()
    };
    assert!(keep(&mut ledger, "minato", &said("first", 1)));
    assert!(keep(&mut ledger, "minato", &said("second", 2)));
    assert!(!keep(&mut ledger, "minato", &said("from the drawer", 0)), "older");
    assert!(keep(&mut ledger, "sakura", &said("elsewhere", 0)));
    assert_eq!(ledger.snapshots("minato").unwrap(), [said("second", 2)]);
    assert_eq!(ledger.snapshots("sakura").unwrap(), [said("elsewhere", 0)]);
    assert!(ledger.keep_snapshot(" ", "x", &said("", 0), at(0)).is_err());
}

#[test]
fn a_box_whose_clock_ran_ahead_is_heard_again() {
    let mut ledger = fresh();
    let keep = |ledger: &mut Ledger, snapshot: &Snapshot| {
        ledger.keep_snapshot("minato", "snmp:192.0.2.1", snapshot, at(9)).unwrap()
    };
    assert!(keep(&mut ledger, &said("of next year", 31_536_000)));
    assert!(keep(&mut ledger, &said("set right", 8)));
    assert!(!keep(&mut ledger, &said("from the drawer", 7)), "older");
    assert_eq!(ledger.snapshots("minato").unwrap(), [said("set right", 8)]);
}

#[test]
fn whatever_a_box_calls_itself_is_kept_in_full() {
    let mut ledger = fresh();
    let own = OwnAddress { port: 1, ip: [192, 0, 2, 1].into(), prefix: None };
    let addresses = vec![own; 300];
    let box_ = Snapshot { addresses, ..said("nul \0, escaped \\u0000", 1) };
    assert!(ledger.keep_snapshot("minato", "text:a", &box_, at(9)).unwrap());
    let kept = Snapshot { name: Some("nul \u{fffd}, escaped \\u0000".to_owned()), ..box_ };
    assert_eq!(ledger.snapshots("minato").unwrap(), [kept]);
}

#[test]
fn a_decision_stays_until_another_or_none_takes_its_place() {
    let mut ledger = fresh();
    assert!(ledger.mark("minato", &mark(MarkKind::Hide, "mac:b", "mac:a")).unwrap());
    assert!(ledger.mark("minato", &mark(MarkKind::Pin, "mac:a", "mac:b")).unwrap());
    let marks = ledger.marks("minato").unwrap();
    assert_eq!(
        marks.iter().map(|mark| mark.kind).collect::<Vec<_>>(),
        [MarkKind::Pin],
        "a link has no direction"
    );
    assert_eq!(ledger.unmark("sakura", "mac:a", "mac:b", at(10)).unwrap(), 0);
    assert_eq!(ledger.unmark("minato", "mac:b", "mac:a", at(10)).unwrap(), 1);
    assert_eq!(ledger.marks("minato").unwrap(), []);
}
