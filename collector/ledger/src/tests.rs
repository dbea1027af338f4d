//! A ledger that cannot be written: told what is wrong, left as it was, and able to go on.

use std::fs;

use sekisho_api::Evidence;

use super::*;

/// A device with much to say.
fn analysis(name: &str) -> Analysis {
    let evidence = |place: u32| {
        let en = format!("{place} ").repeat(500);
        Evidence {
            rule: format!("rule/{place}").into(),
            confidence: 50,
            ja: en.as_str().into(),
            en: en.into(),
        }
    };
    let names = vec![name.to_owned()];
    let evidence = (0..200).map(evidence).collect();
    Analysis { devices: vec![Device { names, evidence, ..Device::default() }], ..Analysis::default() }
}

#[test]
fn a_full_disk_is_told_with_the_path_and_leaves_the_ledger_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.record("kita", &analysis("one"), &Source::of("a", "a"), Timestamp::UNIX_EPOCH).unwrap();
    let before = (ledger.sites().unwrap(), ledger.devices(&Query::default()).unwrap());

    let pages: i64 = ledger.database.sqlite().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    ledger.database.sqlite().pragma_update(None, "max_page_count", pages + 3).unwrap();
    let second = (analysis("two"), Source::of("b", "b"));
    let error = ledger.record("kita", &second.0, &second.1, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(matches!(error, LedgerError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("ledger.db"), "{error}");
    assert_eq!((ledger.sites().unwrap(), ledger.devices(&Query::default()).unwrap()), before);

    ledger.database.sqlite().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert!(!ledger.record("kita", &second.0, &second.1, Timestamp::UNIX_EPOCH).unwrap().already);
    assert_eq!(ledger.devices(&Query::default()).unwrap().len(), 2);
}

/// A second sighting, as a roll-up.
fn told(ledger: &mut Ledger, sequence: u64, name: &str) -> Result<Recorded, LedgerError> {
    let roll_up = RollUp { sensor: "box".to_owned(), run: "a".to_owned(), sequence, clock_held: false };
    ledger.record_live("kita", &roll_up, &analysis(name), Timestamp::UNIX_EPOCH)
}

fn state(ledger: &Ledger) -> (Vec<Site>, Vec<Sited<Device>>, Vec<Change>, Option<LastRollUp>) {
    let history = ledger.history(&HistoryQuery::default()).unwrap();
    let devices = ledger.devices(&Query::default()).unwrap();
    (ledger.sites().unwrap(), devices, history, ledger.last_roll_up("kita", "box").unwrap())
}

#[test]
fn a_roll_up_onto_a_full_disk_leaves_nothing_and_can_be_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path().join("ledger.db")).unwrap();
    told(&mut ledger, 1, "one").unwrap();
    let before = state(&ledger);
    let pages: i64 = ledger.database.sqlite().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    // Full after ever more pages: in the watch's rows, in the capture's, in the evidence.
    let mut full = 0;
    for room in (0..2000).step_by(9) {
        ledger.database.sqlite().pragma_update(None, "max_page_count", pages + room).unwrap();
        match told(&mut ledger, 2, "two") {
            Ok(_) => break,
            Err(LedgerError::DiskFull { .. }) => full += 1,
            Err(error) => panic!("{room}: {error:?}"),
        }
        assert_eq!(state(&ledger), before, "{room}");
    }
    assert!(full > 3, "{full}");
    assert_eq!(ledger.devices(&Query::default()).unwrap().len(), 2, "the same roll-up, once there is room");
    assert!(told(&mut ledger, 2, "two").unwrap().already);
    // One that failed may come merged into the next instead.
    ledger.database.sqlite().pragma_update(None, "max_page_count", pages).unwrap();
    assert!(told(&mut ledger, 3, "three").is_err());
    ledger.database.sqlite().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert!(!told(&mut ledger, 4, "three and four").unwrap().already);
}

#[test]
fn a_roll_up_into_a_locked_ledger_is_told_busy_and_can_be_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = Ledger::open(&path).unwrap();
    told(&mut ledger, 1, "one").unwrap();
    let before = state(&ledger);
    ledger.database.sqlite().busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(told(&mut ledger, 2, "two"), Err(LedgerError::Busy { .. })));
    assert_eq!(state(&ledger), before);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(!told(&mut ledger, 2, "two").unwrap().already);
}

#[test]
fn a_writer_that_is_just_ending_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let first = Ledger::open(&path).unwrap();
    let ends = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(30));
        drop(first);
    });
    assert!(Ledger::open(&path).is_ok());
    ends.join().unwrap();
}

#[test]
fn a_roll_up_into_a_ledger_that_may_only_be_read_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path().join("ledger.db")).unwrap();
    told(&mut ledger, 1, "one").unwrap();
    let before = state(&ledger);
    ledger.database.sqlite().pragma_update(None, "query_only", true).unwrap();
    let error = told(&mut ledger, 2, "two").unwrap_err();
    assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error:?}");
    assert_eq!(state(&ledger), before);
    ledger.database.sqlite().pragma_update(None, "query_only", false).unwrap();
    assert!(!told(&mut ledger, 2, "two").unwrap().already);
}

#[test]
fn what_is_committed_survives_a_loss_of_power() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("ledger.db")).unwrap();
    let mode: String =
        ledger.database.sqlite().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    // 2 is FULL: in WAL mode each commit waits until the log is on the disk, which NORMAL does not.
    let synchronous: i64 =
        ledger.database.sqlite().query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
    assert_eq!((mode.as_str(), synchronous), ("wal", 2));
}

/// A ledger's file as an earlier version of the program made it.
fn of_version_two(path: &Path) {
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL); \
        INSERT INTO schema_version VALUES (1, 'ledger'), (2, 'append-only history')",
        )
        .unwrap();
    database.execute_batch(include_str!("../migrations/0001_ledger.sql")).unwrap();
    database.execute_batch(include_str!("../migrations/0002_append_only_history.sql")).unwrap();
}

#[test]
fn the_file_before_an_upgrade_is_kept_as_the_version_before_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    of_version_two(&path);
    drop(Ledger::open(&path).unwrap());
    let kept = folder.path().join("ledger.db.v2");
    let database = Database::open_to_read(&kept).unwrap();
    assert_eq!(schema::older(&database).map_err(|fault| fault.at(&kept)).unwrap(), Some(2));
    drop(database);
    // The daily copy is of the file as it is now, and leaves that one alone.
    keep_good(&path).unwrap();
    assert!(Ledger::read_only(folder.path().join("ledger.db.good")).is_ok());
    assert!(matches!(Ledger::read_only(&kept), Err(LedgerError::Older { .. })), "still the older one");
    // A file that is up to date is not copied, and no more than two are kept.
    fs::remove_file(&kept).unwrap();
    drop(Ledger::open(&path).unwrap());
    assert!(!kept.exists());
    for version in [3, 4, 5] {
        fs::write(folder.path().join(format!("ledger.db.v{version}")), "").unwrap();
    }
    fs::remove_file(&path).unwrap();
    of_version_two(&path);
    drop(Ledger::open(&path).unwrap());
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.contains(".v"));
    names.sort();
    assert_eq!(names, ["ledger.db.v2", "ledger.db.v5"]);
}

#[test]
fn whoever_brings_a_ledger_up_to_date_keeps_the_file_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let kept = folder.path().join("ledger.db.v2");
    let opens: [fn(&Path); 4] = [
        |path| drop(Ledger::open(path).unwrap()),
        |path| drop(Ledger::beside(path).unwrap()),
        |path| drop(crate::Intake::open(path).unwrap()),
        |path| drop(crate::Outbox::open(path, "kita").unwrap()),
    ];
    for open in opens {
        of_version_two(&path);
        open(&path);
        assert!(matches!(Ledger::read_only(&kept), Err(LedgerError::Older { .. })));
        for entry in fs::read_dir(folder.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

#[test]
fn what_was_removed_is_in_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    of_version_two(&path);
    drop(Ledger::open(&path).unwrap());
    keep_good(&path).unwrap();
    let mut intake = crate::Intake::open(&path).unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    intake.add("kita", now).unwrap();
    renew_copies(&path).unwrap();
    assert!(!folder.path().join("ledger.db.v2").exists());
    let good = crate::Intake::open(folder.path().join("ledger.db.good")).unwrap().members().unwrap();
    assert_eq!(good.len(), 1, "the copy is of now");
}

#[test]
fn a_ledger_from_before_roll_ups_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    of_version_two(&path);
    let database = rusqlite::Connection::open(&path).unwrap();
    let connection = r#"{"service":"ipsec","transport":"udp","port":4500,"initiator":"inside",
        "inside":{"ip":"192.0.2.10","mac":null,"vlan":null,"name":null,"role":null,"vendor":null},
        "outside":{"ip":"198.51.100.1","ips":["198.51.100.1"],"name":null,"org":null,"country":null,"asn":null},
        "exit":null,"tunnel":true,"category":null,"status":"unregistered",
        "first_seen":"1970-01-01T00:00:00Z","last_seen":"1970-01-01T00:00:01Z",
        "sessions":1,"bytes_out":6,"bytes_in":4,"beacon":null,"evidence":[]}"#;
    let device = r#"{"ips":["192.0.2.10"],"mac":null,"vlan":null,"names":[],"vendor":null,"model":null,
        "role":null,"os":null,"firmware":null,"serial":null,"services":[],"first_seen":null,
        "last_seen":null,"evidence":[]}"#;
    database
        .execute_batch(&format!(
            "INSERT INTO sites VALUES ('kita', 2, 2, 2, 0); \
             INSERT INTO captures VALUES ('kita', 1, 'i', 'a', 0, 1000000, 0, '{{}}'); \
             INSERT INTO devices VALUES ('kita', 'ip:192.0.2.10', NULL, 0, 1000000, 0, '', '{device}'); \
             INSERT INTO connections VALUES ('kita', 1, 'ip:192.0.2.10', 'ipsec', NULL, NULL, \
                'unregistered', 1, 0, 1000000, 1, 6, 4, NULL, 0, '', '{connection}'); \
             INSERT INTO sightings VALUES ('kita', 'connection', '1', 1, '{connection}'); \
             INSERT INTO activity VALUES ('kita', 1, 0, 1, 10)"
        ))
        .unwrap();
    drop(database);

    assert!(matches!(Ledger::read_only(&path), Err(LedgerError::Older { found: 2, .. })));
    let mut ledger = Ledger::open(&path).unwrap();
    let mut seen: Connection = serde_json::from_str(connection).unwrap();
    seen.exporters = vec!["192.0.2.1".to_owned()];
    (seen.first_seen, seen.last_seen) =
        ("1970-01-02T00:00:00Z".parse().unwrap(), "1970-01-02T00:05:00Z".parse().unwrap());
    let roll_up = RollUp { sensor: "box".to_owned(), run: "a".to_owned(), sequence: 1, clock_held: false };
    let more = Analysis { connections: vec![seen], ..Analysis::default() };
    let recorded = ledger.record_live("kita", &roll_up, &more, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((recorded.new, recorded.updated), (0, 1));
    let row = ledger.connections(&Query::default()).unwrap().remove(0).row;
    assert_eq!((row.sessions, row.bytes_out, row.bytes_in, row.hours.len()), (2, 12, 8, 2));
    assert_eq!(row.exporters, ["192.0.2.1"]);
}
