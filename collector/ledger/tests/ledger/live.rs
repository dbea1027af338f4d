//! What a daemon records: roll-ups of minutes, for months.

use crate::common::*;
use crate::place::{Place, dump, fresh};
use jiff::{SignedDuration, Timestamp};
use sekisho_api::{Analysis, Connection};
use sekisho_ledger::{HistoryQuery, Ledger, LedgerError, Query, Recorded, RollUp};

pub(crate) const BOX: &str = "box-1";
const ALREADY: Recorded = Recorded { already: true, new: 0, updated: 0, changes: 0 };

pub(crate) fn roll_up(run: &str, sequence: u64) -> RollUp {
    RollUp { sensor: BOX.to_owned(), run: run.to_owned(), sequence, clock_held: false }
}

/// A ledger that is given roll-ups of one sensor.
pub(crate) struct Daemon {
    pub(crate) ledger: Ledger,
    sequence: u64,
}

impl Daemon {
    pub(crate) fn new() -> Self {
        Self { ledger: fresh(), sequence: 0 }
    }

    pub(crate) fn tell(&mut self, analysis: &Analysis) -> Recorded {
        self.sequence += 1;
        self.ledger.record_live(SITE, &roll_up("a", self.sequence), analysis, now()).unwrap()
    }

    /// Watches for some hours without seeing anything, in roll-ups of half an hour.
    pub(crate) fn watches(&mut self, from: i64, hours: i64) {
        for half in 0..2 * hours {
            self.tell(&analysis(minutes(from, 30 * half), minutes(from, 30 * half + 30), vec![]));
        }
    }
}

/// Five minutes that have the tunnel with 1000 octets.
pub(crate) fn five(from: Timestamp, edit: impl FnOnce(&mut Connection)) -> Analysis {
    let to = from + SignedDuration::from_mins(5);
    let mut seen = connection(from, to);
    seen.hours = [(from, 1000)].into();
    edit(&mut seen);
    analysis(from, to, vec![seen])
}

fn through(mac: &str) -> impl FnOnce(&mut Connection) + '_ {
    move |seen| seen.exit.as_mut().unwrap().mac = mac.to_owned()
}

pub(crate) fn told(ledger: &Ledger) -> Vec<String> {
    events(ledger).into_iter().map(|(kind, of, at)| format!("{kind} {of} {at}")).collect()
}

#[test]
fn a_roll_up_given_again_changes_no_table() {
    let place = Place::new();
    let path = place.ledger("ledger");
    let mut ledger = Ledger::open(&path).unwrap();
    for sequence in 0..3 {
        let from = minutes(0, 5 * i64::try_from(sequence).unwrap());
        let recorded = ledger.record_live(SITE, &roll_up("a", sequence), &five(from, |_| {}), now()).unwrap();
        assert!(!recorded.already);
    }
    let before = dump(&path);
    drop(ledger);
    let mut ledger = Ledger::open(&path).unwrap();
    for sequence in [2, 0, 1] {
        let again = ledger.record_live(SITE, &roll_up("a", sequence), &five(at(9), |_| {}), at(999)).unwrap();
        assert_eq!(again, ALREADY);
    }
    assert_eq!(dump(&path), before);
    let recorded = ledger.record_live(SITE, &roll_up("b", 0), &five(at(1), |_| {}), now()).unwrap();
    assert_eq!((recorded.already, recorded.updated), (false, 1), "another start of the daemon");
    assert_eq!(connections(&ledger)[0].sessions, 4);
}

#[test]
fn the_last_roll_up_is_told_by_sensor() {
    let mut ledger = fresh();
    assert_eq!(ledger.last_roll_up(SITE, BOX).unwrap(), None);
    // The clock goes back between the two runs.
    for (run, sequence, recorded) in [("a", 7, at(5)), ("b", 1, at(2)), ("b", 4, at(3))] {
        ledger.record_live(SITE, &roll_up(run, sequence), &five(at(0), |_| {}), recorded).unwrap();
        let last = ledger.last_roll_up(SITE, BOX).unwrap().unwrap();
        assert_eq!((last.run.as_str(), last.sequence, last.at), (run, sequence, recorded));
    }
    assert_eq!(ledger.last_roll_up(SITE, "box-2").unwrap(), None);
    assert_eq!(ledger.last_roll_up("minami", BOX).unwrap(), None);
}

#[test]
fn a_roll_up_without_sensor_run_or_site_is_refused() {
    let mut ledger = fresh();
    let nobody = RollUp { sensor: " ".to_owned(), ..roll_up("a", 1) };
    for roll_up in [&nobody, &roll_up("", 1)] {
        let refused = ledger.record_live(SITE, roll_up, &five(at(0), |_| {}), now());
        assert!(matches!(refused, Err(LedgerError::NoSensor)));
    }
    let refused = ledger.record_live(" ", &roll_up("a", 1), &five(at(0), |_| {}), now());
    assert!(matches!(refused, Err(LedgerError::NoSite)));
    assert!(ledger.sites().unwrap().is_empty());
}

#[test]
fn a_day_is_one_capture_however_many_roll_ups_it_has() {
    let mut daemon = Daemon::new();
    // From 09:00 on for 30 hours: the days of 2 and 3 March.
    for place in 0..360 {
        daemon.tell(&five(minutes(0, 5 * place), |_| {}));
    }
    let site = daemon.ledger.sites().unwrap().remove(0);
    assert_eq!((site.captures, site.connections, site.devices, site.exits), (2, 1, 1, 1));
    assert_eq!((site.first_seen, site.last_seen), (Some(at(0)), Some(at(30))));
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.sessions, row.bytes_out, row.bytes_in), (360, 360 * 600, 360 * 400));
    assert_eq!(row.hours.len(), 30);
    assert!(row.hours.iter().all(|(_, octets)| *octets == 12 * 1000), "{:?}", row.hours);
    assert_eq!((row.first_seen, row.last_seen), (at(0), at(30)));
    let whole = daemon.ledger.analysis(&Query::default()).unwrap();
    assert_eq!((whole.capture.packets, whole.capture.bytes), (3600, 720_000));
    assert_eq!(told(&daemon.ledger), [""; 0]);
    let history = daemon.ledger.history(&HistoryQuery::default()).unwrap();
    assert!(history.iter().all(|change| change.cause.slug() == "live"));
    assert_eq!(history.len(), 3, "connection, device and exit appeared once");
}

#[test]
fn a_roll_up_over_midnight_is_parted_there() {
    let mut daemon = Daemon::new();
    let (from, to) = (minutes(14, 58), minutes(15, 3));
    let mut seen = connection(from, to);
    (seen.bytes_out, seen.bytes_in, seen.sessions) = (601, 400, 3);
    seen.hours = [(at(14), 401), (at(15), 600)].into();
    daemon.tell(&analysis(from, to, vec![seen]));
    assert_eq!(daemon.ledger.sites().unwrap()[0].captures, 2);
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.sessions, row.bytes_out, row.bytes_in), (3, 601, 400));
    assert_eq!(row.hours, [(at(14), 401), (at(15), 600)].into());
    // A file of the second day alone is compared with the second day alone.
    let mut copy = connection(at(15), minutes(15, 3));
    (copy.bytes_out, copy.bytes_in) = (350, 249);
    copy.hours = [(at(15), 599)].into();
    daemon.ledger.record(SITE, &analysis(at(15), minutes(15, 3), vec![copy]), &source("f"), now()).unwrap();
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.bytes_out, row.bytes_in, row.sessions), (601, 400, 3));
}

#[test]
fn a_file_beside_the_daemon_counts_nothing_twice_in_whatever_order() {
    // Two hours in roll-ups of five minutes, and the second hour from the survey's own notebook.
    let file = || {
        let mut seen = connection(at(1), at(2));
        (seen.bytes_out, seen.bytes_in, seen.sessions) = (7200, 4800, 12);
        seen.hours = [(at(1), 12_000)].into();
        analysis(at(1), at(2), vec![seen])
    };
    let other = |from: Timestamp| {
        let mut other = five(from, |_| {});
        let mut second = connection(from, from);
        second.service = "ssh".to_owned();
        other.connections.push(second);
        other
    };
    for file_after in [0, 12, 13, 18, 23, 24] {
        let mut daemon = Daemon::new();
        for place in 0..24 {
            if place == file_after {
                daemon.ledger.record(SITE, &file(), &source("file"), now()).unwrap();
            }
            daemon.tell(&other(minutes(0, 5 * place)));
        }
        if file_after == 24 {
            daemon.ledger.record(SITE, &file(), &source("file"), now()).unwrap();
        }
        let rows = connections(&daemon.ledger);
        let row = rows.iter().find(|row| row.service == "ipsec").unwrap();
        assert_eq!(row.hours, [(at(0), 12_000), (at(1), 12_000)].into(), "{file_after}");
        assert_eq!((row.bytes_out, row.bytes_in), (24 * 600, 24 * 400), "{file_after}");
        assert_eq!(row.sessions, 24, "{file_after}");
        let ssh = rows.iter().find(|row| row.service == "ssh").unwrap();
        assert_eq!((ssh.sessions, ssh.bytes_out), (24, 24 * 600), "{file_after}");
        assert_eq!(rows.len(), 2);
    }
}

#[test]
fn a_file_of_what_the_daemon_missed_adds_up() {
    let mut daemon = Daemon::new();
    daemon.tell(&five(at(0), |_| {}));
    daemon.tell(&five(at(5), |_| {}));
    // The box was off at noon; the notebook was not.
    daemon.ledger.record(SITE, &one(3, 4, |_| {}), &source("file"), now()).unwrap();
    daemon.tell(&five(minutes(5, 5), |_| {}));
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.sessions, row.bytes_out), (4, 4 * 600));
    assert_eq!(row.hours, [(at(0), 1000), (at(3), 1000), (at(5), 2000)].into());
    let read_again = daemon.ledger.record(SITE, &one(3, 4, |_| {}), &source("file"), now()).unwrap();
    assert_eq!(read_again, ALREADY);
    // Read again by rules that find nothing: what the sensor says stays.
    let nothing = analysis(at(3), at(4), vec![]);
    daemon.ledger.record(SITE, &nothing, &source("file"), now()).unwrap();
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.sessions, row.bytes_out, row.number), (3, 3 * 600, Some(1)));
}

#[test]
fn two_sensors_of_one_site_count_the_larger_of_an_hour() {
    let mut ledger = fresh();
    for place in 0..12 {
        for (name, octets) in [("box-1", 600), ("box-2", 500)] {
            let roll_up = RollUp { sensor: name.to_owned(), ..roll_up("a", place) };
            let from = minutes(0, 5 * i64::try_from(place).unwrap());
            let seen = five(from, |seen| {
                seen.bytes_out = octets;
                seen.hours = [(from, octets + 400)].into();
            });
            ledger.record_live(SITE, &roll_up, &seen, now()).unwrap();
        }
    }
    let row = connections(&ledger).remove(0);
    assert_eq!((row.sessions, row.bytes_out, row.hours), (12, 12 * 600, [(at(0), 12_000)].into()));
    assert_eq!(ledger.last_roll_up(SITE, "box-2").unwrap().unwrap().sequence, 11);
}

#[test]
fn a_clock_that_is_set_back_or_far_off_does_no_harm() {
    let mut daemon = Daemon::new();
    daemon.tell(&five(at(30), |_| {}));
    daemon.tell(&five(at(20), |_| {}));
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.first_seen, row.last_seen), (at(30), minutes(30, 5)), "the sensor saw it first at 30");
    assert_eq!((row.sessions, row.bytes_out), (2, 1200));
    assert_eq!(row.hours, [(at(20), 1000), (at(30), 1000)].into());
    assert_eq!(told(&daemon.ledger), [""; 0]);

    // Boots in 1970 and is set while it watches; then a span that runs backwards.
    let epoch = Timestamp::UNIX_EPOCH;
    let mut seen = connection(epoch, at(40));
    seen.hours = [(epoch, 1), (at(40), 999)].into();
    daemon.tell(&analysis(epoch, at(40), vec![seen]));
    daemon.tell(&analysis(at(41), at(40), vec![connection(at(41), at(40))]));
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.first_seen, row.sessions), (at(30), 4));
    assert_eq!(told(&daemon.ledger), [""; 0], "half a century was not watched");
    assert_eq!(daemon.ledger.sites().unwrap()[0].captures, 3, "1970, and the third and fourth of March");
    daemon.watches(42, 25);
    only(&daemon.ledger, "gone-silent");
    // The clock was a year ahead when it fell silent: it returns for all that.
    daemon.tell(&five(at(10), |_| {}));
    only(&daemon.ledger, "returned");
}

#[test]
fn what_a_clock_years_ahead_left_is_put_right_when_it_is_set_back() {
    let mut daemon = Daemon::new();
    let tell = |daemon: &mut Daemon, hours: i64, last: u8| {
        let from = now() + SignedDuration::from_hours(hours);
        let analysis = five(from, |seen| seen.outside.ip = format!("198.51.100.{last}"));
        daemon.sequence += 1;
        let told = roll_up("a", daemon.sequence);
        daemon.ledger.record_live(SITE, &told, &analysis, from + SignedDuration::from_mins(5)).unwrap();
    };
    let years = 10 * 365 * 24;
    for (hours, last) in [(0, 1), (years, 1), (years, 2), (1, 3)] {
        tell(&mut daemon, hours, last);
    }
    let back = now() + SignedDuration::from_hours(1) + SignedDuration::from_mins(5);
    for row in connections(&daemon.ledger) {
        assert!(row.first_seen <= back && row.last_seen <= back, "{row:?}");
    }
    let ahead = Query { since: Some(back + SignedDuration::from_hours(24)), ..Query::default() };
    assert!(daemon.ledger.devices(&ahead).unwrap().is_empty());
    assert!(daemon.ledger.exits(&ahead).unwrap().is_empty());
    // What was ahead and is seen again goes on from now, and what was never seen again is waited for.
    tell(&mut daemon, 3, 2);
    let rows = connections(&daemon.ledger);
    let row = rows.iter().find(|row| row.outside.ip == "198.51.100.2").unwrap();
    assert_eq!(row.last_seen, now() + SignedDuration::from_hours(3) + SignedDuration::from_mins(5));
}

#[test]
fn a_clock_that_fell_back_moves_nothing_into_the_past() {
    let begin = now();
    let day = SignedDuration::from_hours(24);
    // (why, the clock after a week, whether a time server holds it, whether it is believed)
    let cases = [
        ("never set", Timestamp::UNIX_EPOCH, false, false),
        ("set back into days that were watched", begin + day * 3, false, false),
        ("a time server says so", begin + day * 3, true, true),
        ("before the first day of all", begin - day * 3, false, true),
        ("an hour, and a time server says so", begin + day * 7 - SignedDuration::from_hours(1), true, true),
        ("an hour", begin + day * 7 - SignedDuration::from_hours(1), false, false),
    ];
    for (why, clock, clock_held, is_believed) in cases {
        let mut ledger = fresh();
        let mut tell = |sequence: u64, from: Timestamp, analysis: &Analysis, clock_held: bool| {
            let roll_up = RollUp { clock_held, ..roll_up("a", sequence) };
            ledger.record_live(SITE, &roll_up, analysis, from + SignedDuration::from_mins(5)).unwrap();
        };
        for day_number in 0..8_u8 {
            let from = begin + day * i32::from(day_number);
            tell(u64::from(day_number), from, &five(from, |_| {}), false);
        }
        let seen = clock + SignedDuration::from_mins(5);
        tell(9, clock, &analysis(clock, seen, vec![]), clock_held);
        let last = begin + day * 7 + SignedDuration::from_mins(5);
        let newest = if is_believed { seen } else { last };
        assert_eq!(connections(&ledger)[0].last_seen, newest, "{why}");
    }
}

#[test]
fn a_file_moves_the_first_sight_back_and_a_roll_up_too_where_it_is_the_first_of_its_sensor() {
    let mut daemon = Daemon::new();
    daemon.ledger.record(SITE, &one(10, 11, |_| {}), &source("file"), now()).unwrap();
    daemon.tell(&five(at(8), |_| {}));
    assert_eq!(connections(&daemon.ledger)[0].first_seen, at(8));
    daemon.ledger.record(SITE, &one(2, 3, |_| {}), &source("older"), now()).unwrap();
    let row = connections(&daemon.ledger).remove(0);
    assert_eq!((row.first_seen, row.last_seen, row.sessions), (at(2), at(11), 3));
}

#[test]
fn a_roll_up_that_knows_less_takes_nothing_back() {
    let full = |from: Timestamp| {
        let mut full = five(from, |seen| {
            seen.category = Some("modality-maintenance".to_owned());
            seen.inside.role = Some("ct".to_owned());
            seen.outside.name = Some("vpn.example.net".to_owned());
            let exit = seen.exit.as_mut().unwrap();
            (exit.name, exit.line) = (Some("fw-1".to_owned()), Some("lte".to_owned()));
            seen.evidence = vec![evidence("wire/ike", 95), evidence("category/modality-tunnel", 90)];
        });
        let device = &mut full.devices[0];
        (device.role, device.names) = (Some("ct".to_owned()), vec!["ct-main".to_owned()]);
        device.evidence = vec![evidence("role/ct", 90), evidence("oui", 60)];
        let exit = &mut full.exits[0];
        (exit.name, exit.line) = (Some("fw-1".to_owned()), Some("lte".to_owned()));
        exit.evidence = vec![evidence("line/lte-maker", 70), evidence("exit/carries", 90)];
        full
    };
    let bare = |from: Timestamp| {
        let mut bare = five(from, |seen| {
            (seen.category, seen.evidence) = (None, vec![evidence("wire/ike", 95)]);
            seen.exit = None;
        });
        (bare.devices[0].role, bare.devices[0].evidence) = (None, vec![evidence("oui", 60)]);
        bare
    };
    let weak = |from: Timestamp| {
        let mut weak = five(from, |seen| {
            seen.category = Some("remote-service".to_owned());
            seen.inside.role = Some("pc".to_owned());
            seen.evidence = vec![evidence("wire/ike", 95), evidence("category/remote-tool", 50)];
        });
        weak.devices[0].role = Some("pc".to_owned());
        weak.devices[0].evidence = vec![evidence("role/pc", 40), evidence("oui", 60)];
        weak.exits[0].line = Some("isdn".to_owned());
        weak.exits[0].evidence = vec![evidence("line/isdn-hint", 30), evidence("exit/carries", 90)];
        weak
    };
    let mut daemon = Daemon::new();
    daemon.tell(&full(at(0)));
    let before = daemon.ledger.analysis(&Query::default()).unwrap();
    for (place, analysis) in [bare(at(1)), weak(at(2)), bare(at(30)), weak(at(31))].iter().enumerate() {
        let roll_up = roll_up("after a restart", u64::try_from(place).unwrap());
        let recorded = daemon.ledger.record_live(SITE, &roll_up, analysis, now()).unwrap();
        assert_eq!((recorded.new, recorded.changes), (0, 0), "{place}");
        let after = daemon.ledger.analysis(&Query::default()).unwrap();
        let [was, is] = [&before, &after].map(|analysis| analysis.connections[0].clone());
        assert_eq!((is.category, is.exit, is.inside), (was.category, was.exit, was.inside), "{place}");
        assert_eq!(is.outside, was.outside);
        let [was, is] = [&before, &after].map(|analysis| analysis.devices[0].clone());
        assert_eq!((is.role, is.names), (was.role, was.names), "{place}");
        let [was, is] = [&before, &after].map(|analysis| analysis.exits[0].clone());
        assert_eq!((is.line, is.name), (was.line, was.name), "{place}");
    }
    // As sure and newer: it holds, and is told.
    let equal = five(at(40), |seen| {
        seen.category = Some("system-maintenance".to_owned());
        seen.evidence = vec![evidence("category/system-server", 90)];
    });
    daemon.tell(&equal);
    assert_eq!(connections(&daemon.ledger)[0].category.as_deref(), Some("system-maintenance"));
    let change = only(&daemon.ledger, "changed-category");
    assert_eq!((change.at, change.cause.slug()), (at(40), "live"));
}

#[test]
fn the_exit_changes_are_told_and_an_exit_in_turns_becomes_a_connection_of_its_own() {
    let mut daemon = Daemon::new();
    daemon.tell(&five(at(0), |_| {}));
    daemon.tell(&five(at(1), through(LTE)));
    daemon.tell(&five(at(2), through(FIREWALL)));
    let fails_over = ["changed-exit", "changed-exit"].map(str::to_owned);
    let kinds = |ledger: &Ledger| events(ledger).into_iter().map(|event| event.0).collect::<Vec<_>>();
    assert_eq!(kinds(&daemon.ledger), fails_over);
    assert_eq!(connections(&daemon.ledger).len(), 1);
    for place in 0..100 {
        let exit = if place % 2 == 0 { LTE } else { FIREWALL };
        daemon.tell(&five(minutes(3, 5 * place), through(exit)));
    }
    assert_eq!(kinds(&daemon.ledger).len(), 4, "{:?}", told(&daemon.ledger));
    let rows = connections(&daemon.ledger);
    let mut exits: Vec<_> = rows.iter().map(|row| row.exit.as_ref().unwrap().mac.as_str()).collect();
    exits.sort_unstable();
    assert_eq!(exits, [FIREWALL, LTE]);
    assert_eq!(rows.iter().map(|row| row.sessions).sum::<u64>(), 103);
}

#[test]
fn what_changes_with_every_look_is_told_some_times_a_day_and_counted_beyond() {
    let mut daemon = Daemon::new();
    for place in 0..60 {
        daemon.tell(&five(minutes(0, 5 * place), |seen| {
            seen.category = Some(["research", "remote-service"][usize::from(place % 2 == 0)].to_owned());
        }));
    }
    assert_eq!(told(&daemon.ledger).len(), 8);
    let weird = daemon.ledger.analysis(&Query::default()).unwrap().capture.weird;
    assert_eq!(weird.get("ledger-changes-untold"), Some(&51));
    assert_eq!(connections(&daemon.ledger)[0].category.as_deref(), Some("research"), "the latest");
}

#[test]
fn exporters_add_up_in_order() {
    let mut daemon = Daemon::new();
    let by = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    daemon.tell(&five(at(0), |seen| seen.exporters = by(&["192.0.2.9", "192.0.2.1", "192.0.2.9"])));
    daemon.tell(&five(at(1), |_| {}));
    daemon.tell(&five(at(2), |seen| seen.exporters = by(&["192.0.2.5"])));
    assert_eq!(connections(&daemon.ledger)[0].exporters, by(&["192.0.2.1", "192.0.2.5", "192.0.2.9"]));
    let packets = serde_json::to_value(connection(at(0), at(1))).unwrap();
    assert!(packets.get("exporters").is_none(), "a ledger without flow exports reads as before");
}

#[test]
fn an_empty_roll_up_moves_the_sequence_and_nothing_else() {
    let mut daemon = Daemon::new();
    daemon.tell(&five(at(0), |_| {}));
    let before = daemon.ledger.analysis(&Query::default()).unwrap();
    assert_eq!(daemon.tell(&Analysis::default()), Recorded::default());
    assert_eq!(daemon.ledger.analysis(&Query::default()).unwrap(), before);
    assert_eq!(daemon.ledger.last_roll_up(SITE, BOX).unwrap().unwrap().sequence, 2);
    let known = Analysis { devices: five(at(0), |_| {}).devices, ..Analysis::default() };
    let mut other = Daemon::new();
    assert_eq!(other.tell(&known).changes, 1, "a device that only its configuration shows");
}

#[test]
fn counters_at_their_end_stay_there() {
    let mut daemon = Daemon::new();
    for place in 0..3 {
        daemon.tell(&five(minutes(0, 5 * place), |seen| {
            (seen.sessions, seen.bytes_out, seen.bytes_in) = (u64::MAX, u64::MAX, u64::MAX);
            seen.hours = seen.hours.iter().map(|(hour, _)| (*hour, u64::MAX)).collect();
        }));
    }
    daemon.ledger.record(SITE, &one(0, 1, |_| {}), &source("file"), now()).unwrap();
    let row = connections(&daemon.ledger).remove(0);
    assert!(row.bytes_out >= u64::MAX / 2 && row.hours[0].1 >= u64::MAX / 2, "{row:?}");
}
