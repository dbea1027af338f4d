//! What the ledger keeps safe: other sites, other files, the history, and itself.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::*;
use crate::place::{Place, fresh, is_postgres, raw};
use sekisho_api::{Analysis, Connection, Device};
use sekisho_ledger::{Ledger, LedgerError, MAX_LIST, MAX_TEXT_BYTES, Query, RollUp, Source};

fn many(first: i64, count: u32) -> Analysis {
    let connections = (0..count).map(|place| {
        let mut seen = connection(at(first), at(first + 1));
        seen.inside.mac = Some(format!("00:00:5e:00:53:{:02x}", place % 200));
        seen.outside.name = Some(format!("host{place}.example.net"));
        seen
    });
    analysis(at(first), at(first + 1), connections.collect())
}

#[test]
fn two_sites_with_the_same_private_addresses_stay_apart() {
    let seen = |bytes_out| {
        let mut analysis = one(0, 1, |seen| {
            seen.inside.mac = None;
            seen.inside.vlan = None;
            seen.bytes_out = bytes_out;
        });
        analysis.devices = vec![Device { ips: vec!["192.0.2.10".to_owned()], ..Device::default() }];
        analysis
    };
    let mut ledger = fresh();
    for (site, octets) in [("kita", 1), ("minami", 2)] {
        ledger.record(site, &seen(octets), &source("a"), now()).unwrap();
    }
    let found = ledger.connections(&Query::default()).unwrap();
    let rows: Vec<_> =
        found.iter().map(|row| (row.site.as_str(), row.row.number, row.row.bytes_out)).collect();
    assert_eq!(rows, [("kita", Some(1), 1), ("minami", Some(1), 2)]);
    let one_site = Query { site: Some("minami".to_owned()), ..Query::default() };
    assert_eq!(ledger.devices(&one_site).unwrap().len(), 1);
    assert_eq!(ledger.sites().unwrap().len(), 2);
}

#[test]
fn a_newer_schema_is_refused() {
    let place = Place::new();
    let path = place.ledger("ledger");
    drop(Ledger::open(&path).unwrap());
    raw(&path, "INSERT INTO schema_version (version, name) VALUES (99, 'later')").unwrap();
    assert!(matches!(Ledger::open(&path), Err(LedgerError::Newer { found: 99, .. })));
    let error = Ledger::read_only(&path).unwrap_err();
    assert!(error.to_string().contains("schema 99"), "{error}");
}

#[test]
fn what_is_not_a_ledger_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "nothing to do with it".repeat(100)).unwrap();
    let foreign = folder.path().join("other.db");
    let database = rusqlite::Connection::open(&foreign).unwrap();
    database.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(database);
    for path in [text, foreign] {
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(Ledger::open(&path), Err(LedgerError::NotALedger { .. })), "{}", path.display());
        assert!(matches!(Ledger::read_only(&path), Err(LedgerError::NotALedger { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn tables_of_another_program_are_left_as_they_are() {
    for table in ["theirs", "schema_version"] {
        let place = Place::new();
        let path = place.ledger("ledger");
        raw(&path, &format!("CREATE TABLE {table} (a TEXT)")).unwrap();
        assert!(matches!(Ledger::open(&path), Err(LedgerError::NotALedger { .. })), "{table}");
        assert!(matches!(Ledger::read_only(&path), Err(LedgerError::NotALedger { .. })), "{table}");
        assert!(raw(&path, &format!("SELECT a FROM {table}")).unwrap().is_empty());
        assert!(raw(&path, "SELECT * FROM sites").is_err(), "nothing was made");
    }
}

#[test]
fn a_ledger_that_is_not_there_is_told_missing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Ledger::read_only(folder.path().join("ledger.db"));
    assert!(matches!(missing, Err(LedgerError::Missing { .. })));
    let error = Ledger::open(folder.path().join("no/such/folder.db")).unwrap_err();
    assert!(matches!(error, LedgerError::Open { .. }));
}

#[test]
fn a_server_that_is_not_there_or_has_no_address_is_told_without_the_password() {
    // (address, unreachable, why)
    let cases = [
        ("postgres://sekisho:secret@127.0.0.1:1/ledger", true, "nobody listens"),
        ("postgresql://sekisho:secret@/ledger?host=/no/such/folder", true, "no socket"),
        ("postgres://sekisho:secret@127.0.0.1:port/ledger", false, "no number"),
        ("postgres://sekisho:secret@127.0.0.1/ledger?no_such_setting=secret", false, "no setting"),
    ];
    for (address, unreachable, why) in cases {
        for error in [Ledger::open(address).unwrap_err(), Ledger::read_only(address).unwrap_err()] {
            assert_eq!(matches!(error, LedgerError::Unreachable { .. }), unreachable, "{why}: {error:?}");
            assert!(unreachable || matches!(error, LedgerError::Address { .. }), "{why}: {error:?}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{why}: {error:?}");
        }
    }
}

#[test]
fn there_is_one_writer_and_readers_beside_it() {
    let place = Place::new();
    let path = place.ledger("ledger");
    let mut writer = Ledger::open(&path).unwrap();
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }), "{error}");
    let shown = if is_postgres(&path) { "postgres://" } else { "ledger.db" };
    assert!(error.to_string().contains(shown), "{error}");
    let reader = Ledger::read_only(&path).unwrap();
    assert_eq!(connections(&reader).len(), 0);
    writer.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    assert_eq!(connections(&reader), connections(&writer));
    drop(writer);
    drop(Ledger::open(&path).unwrap());
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let _ledger = Ledger::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_history_can_only_be_added_to() {
    let place = Place::new();
    let path = place.ledger("ledger");
    Ledger::open(&path).unwrap().record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let own = if is_postgres(&path) {
        "TRUNCATE changes"
    } else {
        "INSERT OR REPLACE INTO changes SELECT * FROM changes"
    };
    for sql in ["UPDATE changes SET kind = 'never'", "DELETE FROM changes", own] {
        let error = raw(&path, sql).unwrap_err();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
}

#[test]
fn strange_text_is_kept_and_endless_text_is_cut() {
    // (name, kept, why)
    let cases = [
        ("it's \"a\"; DROP TABLE sites;--", "it's \"a\"; DROP TABLE sites;--", "quotes"),
        ("$1 ?1 %_\\", "$1 ?1 %_\\", "marks of SQL"),
        ("\u{202e}ten.elpmaxe", "\u{202e}ten.elpmaxe", "right to left"),
        ("ＣＴ室・東病棟", "ＣＴ室・東病棟", "Japanese"),
        ("a\0b", "a\u{fffd}b", "NUL"),
    ];
    for (name, kept, why) in cases {
        let mut ledger = fresh();
        let analysis = one(0, 1, |seen| seen.outside.name = Some(name.to_owned()));
        ledger.record(name, &analysis, &Source::of(name, name), now()).unwrap();
        let query = Query { site: Some(kept.to_owned()), text: Some(kept.to_owned()), ..Query::default() };
        let found = ledger.connections(&query).unwrap();
        assert_eq!(found.len(), 1, "{why}");
        assert_eq!(found[0].row.outside.name.as_deref(), Some(kept), "{why}");
    }

    // A megabyte of text, and more of it than one row may have.
    let endless = "病".repeat(350_000);
    let mut seen = one(0, 1, |seen| {
        seen.outside.name = Some(endless.clone());
        seen.service = endless.clone();
        seen.outside.ips = vec!["198.51.100.1".to_owned(); 10_000];
        seen.evidence = vec![evidence(&endless, 1), evidence("b", 1)];
        seen.evidence.extend((0..1000).map(|place| evidence(&place.to_string(), 1)));
    });
    seen.devices[0].names = (0..500).map(|place| place.to_string()).chain([endless.clone()]).collect();
    seen.capture.warnings = vec![endless.clone(); 2];
    let mut ledger = fresh();
    ledger.record(&endless, &seen, &source(&endless), now()).unwrap();
    ledger.record(&endless, &seen, &source("b"), now()).unwrap();
    let found = ledger.analysis(&Query::default()).unwrap();
    assert_eq!(found.connections.len(), 1);
    assert!(found.connections[0].service.len() <= MAX_TEXT_BYTES);
    assert!(found.connections[0].evidence.len() <= MAX_LIST && found.devices[0].names.len() <= MAX_LIST);
    assert_eq!(ledger.connections(&Query { text: Some(endless), ..Query::default() }).unwrap().len(), 1);
}

#[test]
fn a_capture_without_identity_or_site_is_refused() {
    let mut ledger = fresh();
    let analysis = one(0, 1, |_| {});
    for source in [Source::default(), Source::of("a.pcap", "")] {
        assert!(matches!(ledger.record(SITE, &analysis, &source, now()), Err(LedgerError::NoInputs)));
    }
    assert!(matches!(ledger.record(" ", &analysis, &source("a"), now()), Err(LedgerError::NoSite)));
    assert!(ledger.sites().unwrap().is_empty());
}

#[test]
fn an_empty_capture_is_recorded_and_changes_nothing() {
    let mut ledger = fresh();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let recorded = ledger.record(SITE, &Analysis::default(), &source("empty"), now()).unwrap();
    assert_eq!((recorded.already, recorded.new, recorded.updated, recorded.changes), (false, 0, 0, 0));
    assert!(ledger.record(SITE, &Analysis::default(), &source("empty"), now()).unwrap().already);
    assert_eq!(ledger.sites().unwrap()[0].captures, 2);
}

#[test]
fn recording_ten_thousand_connections_takes_seconds() {
    let place = Place::new();
    let path = place.ledger("ledger");
    let mut ledger = Ledger::open(&path).unwrap();
    let begun = Instant::now();
    let recorded = ledger.record(SITE, &many(0, 10_000), &source("a"), now()).unwrap();
    assert_eq!(recorded.new, 10_000);
    let recorded = ledger.record(SITE, &many(48, 10_000), &source("b"), now()).unwrap();
    assert_eq!((recorded.new, recorded.updated), (0, 10_000));
    assert_eq!(connections(&ledger).len(), 10_000);
    let spent = begun.elapsed();
    // 2.5 s on two idle cores. Wide, for a busy machine: it is there to catch what grows with the square.
    // A server is asked some 50,000 times, each of which is a turn of the processor given away and back.
    let bound = Duration::from_secs(if is_postgres(&path) { 180 } else { 30 });
    assert!(spent < bound, "{spent:?}");
}

const CHILD_LEDGER: &str = "SEKISHO_TEST_LEDGER";

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_that_records_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD_LEDGER) else { return };
    let mut ledger = Ledger::open(&path).unwrap();
    for place in 0.. {
        ledger.record(SITE, &many(place * 2, 400), &source(&place.to_string()), now()).unwrap();
        std::io::stdout().write_all(b"\nrecorded\n").unwrap();
    }
}

#[test]
fn a_process_killed_while_recording_leaves_whole_captures() {
    let place = Place::new();
    for (round, wait) in [2, 3, 5].into_iter().enumerate() {
        let path = place.ledger(&round.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "keeping::child_that_records_until_it_is_killed", "--nocapture"])
            .env(CHILD_LEDGER, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told = lines.filter(|line| line.starts_with("recorded")).take(wait).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(told, wait);
        check_whole(&path, wait);
    }
}

fn check_whole(path: &Path, at_least: usize) {
    let ledger = Ledger::open(path).unwrap();
    let captures = usize::try_from(ledger.sites().unwrap()[0].captures).unwrap();
    assert!(captures >= at_least, "{captures} of {at_least}");
    let rows = connections(&ledger);
    assert_eq!(rows.len(), 400);
    assert!(rows.iter().all(|row| row.sessions == captures as u64));
    check_file(path);
}

/// Checks what only a file can have: pages that do not fit together. A server looks after its own.
fn check_file(path: &Path) {
    if is_postgres(path) {
        return;
    }
    let database = rusqlite::Connection::open(path).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let orphans =
        database.prepare("PRAGMA foreign_key_check").unwrap().query([]).unwrap().next().unwrap().is_some();
    assert!(!orphans);
}

const CHILD_DAEMON: &str = "SEKISHO_TEST_DAEMON";

/// The roll-up of a number: 400 connections, five minutes after those of the number before.
fn numbered(sequence: u64) -> Analysis {
    let mut roll_up = many(0, 400);
    let first = minutes(0, 5 * i64::try_from(sequence).unwrap());
    let last = minutes(0, 5 * i64::try_from(sequence).unwrap() + 5);
    (roll_up.capture.first_seen, roll_up.capture.last_seen) = (Some(first), Some(last));
    for seen in &mut roll_up.connections {
        (seen.first_seen, seen.last_seen) = (first, last);
        seen.hours = [(first, 1000)].into();
    }
    roll_up
}

fn of_box(sequence: u64) -> RollUp {
    RollUp { sensor: "box".to_owned(), run: "a".to_owned(), sequence, clock_held: false }
}

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_that_records_roll_ups_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD_DAEMON) else { return };
    let mut ledger = Ledger::open(&path).unwrap();
    let next = ledger.last_roll_up(SITE, "box").unwrap().map_or(0, |last| last.sequence + 1);
    for sequence in next.. {
        ledger.record_live(SITE, &of_box(sequence), &numbered(sequence), now()).unwrap();
        std::io::stdout().write_all(format!("\nrecorded {sequence}\n").as_bytes()).unwrap();
    }
}

#[test]
fn a_daemon_killed_at_any_moment_leaves_whole_roll_ups_and_loses_none_that_it_told_of() {
    let place = Place::new();
    let path = place.ledger("ledger");
    let mut told = 0;
    // How far into a later roll-up, in microseconds: not a wait for something, but a moment of its own
    // for each round, odd against the time that a roll-up takes.
    for wait in [0, 1_700, 7_300, 19_100, 31_700, 60_300] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "keeping::child_that_records_roll_ups_until_it_is_killed", "--nocapture"])
            .env(CHILD_DAEMON, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let numbers = lines.filter_map(|line| line.strip_prefix("recorded ")?.parse::<u64>().ok());
        told = numbers.take(2).last().unwrap().max(told);
        std::thread::sleep(Duration::from_micros(wait));
        child.kill().unwrap();
        child.wait().unwrap();

        let mut ledger = Ledger::open(&path).unwrap();
        let last = ledger.last_roll_up(SITE, "box").unwrap().unwrap().sequence;
        assert!(last >= told, "{last} of {told}");
        let again = ledger.record_live(SITE, &of_box(last), &numbered(last), now()).unwrap();
        assert!(again.already, "acknowledged or not, it is there");
        let rows = connections(&ledger);
        assert_eq!(rows.len(), 400);
        let whole = |row: &Connection| {
            row.sessions == last + 1
                && row.hours.iter().map(|(_, octets)| octets).sum::<u64>() == 1000 * (last + 1)
        };
        assert!(rows.iter().all(whole), "{last}");
        check_file(&path);
    }
}
