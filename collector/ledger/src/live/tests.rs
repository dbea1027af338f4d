//! How the statements of a roll-up are run: nothing that grows with the days is read through.

use sekisho_api::{Device, Exit, ExitRow, Initiator, Inside, Outside};

use super::*;
use crate::store::SEEN;
use crate::{Ledger, Query, Source};

const MINUTE_US: i64 = 60_000_000;

fn connection(first: i64, last: i64, exit: &str) -> Connection {
    let [first_seen, last_seen] = [first, last].map(|at| time(at * MINUTE_US).unwrap());
    Connection {
        number: None,
        service: "ipsec".to_owned(),
        transport: "udp".to_owned(),
        port: 4500,
        endpoints: Vec::new(),
        initiator: Initiator::Inside,
        inside: Inside { ip: "192.0.2.10".to_owned(), ..Inside::default() }.into(),
        outside: Outside { ip: "198.51.100.1".to_owned(), ..Outside::default() },
        exit: Some(Exit { mac: exit.to_owned(), ..Exit::default() }.into()),
        tunnel: true,
        category: None,
        status: "unregistered".to_owned(),
        registration: None,
        first_seen,
        last_seen,
        sessions: 1,
        bytes_out: 1,
        bytes_in: 1,
        hours: [(first_seen, 2)].into(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: Vec::new(),
    }
}

fn analysis(first: i64, last: i64, connections: Vec<Connection>) -> Analysis {
    let [first_seen, last_seen] = [first, last].map(|at| Some(time(at * MINUTE_US).unwrap()));
    Analysis {
        capture: Capture { first_seen, last_seen, packets: 1, ..Capture::default() },
        connections,
        devices: vec![Device { ips: vec!["192.0.2.10".to_owned()], ..Device::default() }],
        exits: vec![ExitRow { mac: "00:53:00:00:00:01".to_owned(), ..ExitRow::default() }],
    }
}

/// Records what makes a roll-up run every statement it has, and gives these.
fn statements(ledger: &mut Ledger) -> BTreeSet<String> {
    let hour = 60;
    let one = |first: i64, exit: &str| {
        analysis(first, first + 5, vec![connection(first, first + 5, &format!("00:53:00:00:00:0{exit}"))])
    };
    // A file that two hours overlap later, one that nobody waits for yet, and a second sensor.
    let file = analysis(50, 3 * hour, vec![connection(50, 3 * hour, "00:53:00:00:00:01")]);
    ledger.record("kita", &file, &Source::of("a", "a"), Timestamp::UNIX_EPOCH).unwrap();
    SEEN.take();
    let mut sequence = 0;
    let mut tell = |sensor: &str, analysis: &Analysis| {
        sequence += 1;
        let roll_up = RollUp { sensor: sensor.to_owned(), run: "r".to_owned(), sequence, clock_held: false };
        ledger.record_live("kita", &roll_up, analysis, Timestamp::UNIX_EPOCH).unwrap();
    };
    tell("a", &one(0, "1"));
    tell("b", &one(2, "1"));
    tell("a", &analysis(5, 60, vec![]));
    for (place, exit) in (0_i64..).zip(["2", "1", "2", "1", "2"]) {
        tell("a", &one(60 + place, exit));
    }
    for hours in 4..40 {
        tell("a", &analysis(hours * hour, (hours + 1) * hour, vec![]));
        tell("b", &analysis(hours * hour, (hours + 1) * hour, vec![]));
    }
    tell("a", &one(50 * hour, "1"));
    SEEN.take()
}

#[test]
fn a_roll_up_reads_nothing_through_that_grows_with_the_days() {
    let mut ledger = Ledger::in_memory().unwrap();
    let statements = statements(&mut ledger);
    let changes = ledger.history(&crate::HistoryQuery::default()).unwrap();
    for kind in ["gone-silent", "returned", "changed-exit"] {
        assert!(changes.iter().any(|change| change.kind.slug() == kind), "{kind} is not put to the test");
    }
    assert!(statements.len() > 30, "{statements:#?}");
    assert_eq!(ledger.connections(&Query::default()).unwrap().len(), 2);
    // Chosen by more than the site: a key, or a time that only the latest captures reach.
    for sql in &statements {
        let mut plan = ledger.database.sqlite().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let values = vec![rusqlite::types::Null; plan.parameter_count()];
        let steps = plan.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3));
        for step in steps.unwrap().map(Result::unwrap) {
            assert!(!step.starts_with("SCAN "), "{sql}: {step}");
            // What people declared does not grow with the days.
            let is_small = [" sites ", " registrations "].iter().any(|table| step.contains(table));
            assert!(!step.ends_with("(site=?)") || is_small, "{sql}: {step}");
            if !step.contains("connections_by_watch") {
                let by_time = step.contains("last_seen") && !step.contains("captures_by_time");
                assert!(!by_time, "{sql}: {step}");
            }
        }
    }
}
