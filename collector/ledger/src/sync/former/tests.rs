use std::net::Ipv4Addr;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sekisho_api::{Analysis, Capture, Connection, Device};

use crate::store::STEPS;
use crate::{BatchBounds, Intake, Ledger, Outbox, RollUp, random_id};

const SITE: &str = "kita";
const PROXY: &str = "192.0.2.10";

/// What a proxy's box sees in one hour: connections of one device and service, each to another party.
fn record(site: &Path, (life, net): (&str, Ipv4Addr), many: u32, hour: u32) {
    let first = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour.into());
    let connections = (0..many).map(|number| {
        let mut one = Connection::bare("tls", "unregistered", first);
        one.inside.ip = PROXY.to_owned();
        one.outside.ip = Ipv4Addr::from(u32::from(net) + number).to_string();
        one.outside.name = Some(format!("host-{number}.{life}.example"));
        one
    });
    let analysis = Analysis {
        capture: Capture { first_seen: Some(first), last_seen: Some(first), ..Capture::default() },
        devices: vec![Device { ips: vec![PROXY.to_owned()], ..Device::default() }],
        connections: connections.collect(),
        ..Analysis::default()
    };
    let roll_up =
        RollUp { sensor: "box".to_owned(), run: life.to_owned(), sequence: hour.into(), clock_held: false };
    Ledger::open(site).unwrap().record_live(SITE, &roll_up, &analysis, first).unwrap();
}

/// Has the collector take in all that the box has, and counts the steps that it takes there.
fn taken(site: &Path, collector: &Path) -> u64 {
    let (mut outbox, mut intake) = (Outbox::open(site, SITE).unwrap(), Intake::open(collector).unwrap());
    let sending = random_id().unwrap();
    let mut steps = 0;
    for _ in 0..100 {
        let from = outbox.acknowledged().unwrap();
        let batch = outbox.batch(&sending, from, BatchBounds::default()).unwrap();
        let last = batch.last;
        STEPS.set(0);
        let answer = intake.apply(SITE, batch, Timestamp::UNIX_EPOCH).unwrap();
        steps += STEPS.take();
        let progress = outbox.answered(&answer).unwrap();
        if last && !progress.renewed && outbox.waiting().unwrap() == 0 {
            return steps;
        }
    }
    panic!("never settled");
}

/// The steps for a first life, for another box that sees none of the same, and for one more roll-up of that.
fn lives(many: u32) -> [u64; 3] {
    let folder = tempfile::tempdir().unwrap();
    let (site, collector) = (folder.path().join("site.db"), folder.path().join("collector.db"));
    Intake::open(&collector).unwrap().add(SITE, Timestamp::UNIX_EPOCH).unwrap();
    let (old, new) = (("old", Ipv4Addr::new(198, 51, 100, 0)), ("new", Ipv4Addr::new(203, 0, 113, 0)));
    record(&site, old, many, 1);
    let first = taken(&site, &collector);
    std::fs::remove_file(&site).unwrap();
    record(&site, new, many, 10);
    let second = taken(&site, &collector);
    record(&site, new, many, 20);
    let later = taken(&site, &collector);
    let former = "SELECT COUNT(*) FROM connections WHERE number > 1000000000";
    let aside: u32 =
        rusqlite::Connection::open(&collector).unwrap().query_row(former, [], |row| row.get(0)).unwrap();
    assert_eq!(aside, many, "all of the old box stay");
    [first, second, later]
}

#[test]
fn what_was_set_aside_costs_a_new_life_and_its_roll_ups_no_more_than_there_is_of_it() {
    let (some, twice) = (lives(100), lives(200));
    for (some, twice) in some.into_iter().zip(twice) {
        assert!(twice < some * 3, "{twice} steps for twice as many as in {some}: it grows with their square");
    }
    let [first, second, later] = twice;
    assert!(second < first * 8, "{second} steps for a new life, {first} for the first");
    assert!(later < first * 2, "{later} steps for a later roll-up, {first} for the first life");
}
