//! Pasted text into a ledger.

use std::fs;
use std::path::PathBuf;

use sekisho_ledger::HistoryQuery;

use super::*;

const TEXT: &str = "\
fw01 # get system status
Version: FortiGate-60F v7.0.12,build0523,230606 (GA.M)
Serial-Number: FGT60F0000000001
Hostname: fw01
fw01 # show system admin
    set password ENC himitsu-no-kotoba
sw01#show version
Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3, RELEASE SOFTWARE (fc2)
Base ethernet MAC Address       : 00:00:5E:00:53:20
sw01#show mac address-table
  10    0000.5e00.5310    DYNAMIC     Gi1/0/5
sw01#show running-config
snmp-server community himitsu-no-kotoba RO
";

fn import(folder: &Path, dry_run: bool) -> PathBuf {
    let (text, db) = (folder.join("log.txt"), folder.join("ledger.db"));
    fs::write(&text, TEXT).unwrap();
    let args =
        ImportText { db: Some(db.clone()), site: Some("minato".to_owned()), dry_run, files: vec![text] };
    run(&args, Lang::Ja).unwrap();
    db
}

#[test]
fn what_was_pasted_is_in_the_ledger_with_where_it_stood_and_no_secret_is() {
    let folder = tempfile::tempdir().unwrap();
    let db = import(folder.path(), false);
    let ledger = Ledger::read_only(&db).unwrap();
    let devices: Vec<Device> =
        ledger.devices(&Query::default()).unwrap().into_iter().map(|row| row.row).collect();
    let sw = devices.iter().find(|device| device.names == ["sw01"]).unwrap();
    assert_eq!(sw.mac.as_deref(), Some("00:00:5e:00:53:20"));
    assert_eq!((sw.vendor.as_deref(), sw.firmware.as_deref()), (Some("Cisco"), Some("15.2(7)E3")));
    let fw = devices.iter().find(|device| device.names == ["fw01"]).unwrap();
    assert_eq!(fw.serial.as_deref(), Some("FGT60F0000000001"));
    let serial = fw.evidence.iter().find(|reason| reason.rule == "text/fortinet/serial").unwrap();
    assert!(serial.ja.contains("get system status") && serial.ja.contains("3 行目"), "{}", serial.ja);
    let said = ledger.snapshots("minato").unwrap();
    assert_eq!(said.len(), 2);
    assert!(said.iter().any(|said| said.learnt.iter().any(|learnt| learnt.vlan == Some(10))));
    drop(ledger);
    for entry in fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = fs::read(&entry).unwrap();
        let is_source = entry.ends_with("log.txt");
        let found = bytes.windows(7).any(|window| window == b"himitsu");
        assert_eq!(found, is_source, "{}", entry.display());
    }
}

#[test]
fn the_same_text_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = import(folder.path(), false);
    let changes = |db: &Path| Ledger::read_only(db).unwrap().history(&HistoryQuery::default()).unwrap().len();
    let before = changes(&db);
    import(folder.path(), false);
    assert_eq!(changes(&db), before);
}

#[test]
fn a_dry_run_records_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!import(folder.path(), true).exists());
}

#[test]
fn a_device_that_the_wire_showed_keeps_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("ledger.db");
    let seen = Device {
        mac: Some("00:00:5e:00:53:20".to_owned()),
        ips: vec!["192.0.2.2".to_owned()],
        first_seen: Some(Timestamp::UNIX_EPOCH),
        last_seen: Some(Timestamp::UNIX_EPOCH),
        ..Device::default()
    };
    let analysis = Analysis { devices: vec![seen], ..Analysis::default() };
    let source = Source::of("day1.pcap", "0123");
    Ledger::open(&db).unwrap().record("minato", &analysis, &source, Timestamp::UNIX_EPOCH).unwrap();
    import(folder.path(), false);
    let ledger = Ledger::read_only(&db).unwrap();
    let devices = ledger.devices(&Query::default()).unwrap();
    let own: Vec<_> =
        devices.iter().filter(|row| row.row.mac.as_deref() == Some("00:00:5e:00:53:20")).collect();
    assert_eq!(own.len(), 1);
    assert_eq!(
        (own[0].row.ips.as_slice(), own[0].row.names.as_slice()),
        (&["192.0.2.2".to_owned()][..], &["sw01".to_owned()][..])
    );
}

#[test]
fn text_in_shift_jis_is_read_as_such() {
    let yamaha = "SWX2310-28GT Rev.2.04.11 (2023)\nシリアル番号: Z0000001\n";
    let (bytes, _, _) = SHIFT_JIS.encode(yamaha);
    assert!(str::from_utf8(&bytes).is_err());
    let read = read(&decoded(&bytes));
    assert_eq!(read[0].value(States::Serial), Some("Z0000001"));
    let cut = yamaha.as_bytes().split_at(yamaha.find('号').unwrap() + 1).0;
    assert!(decoded(cut).contains("シリアル番"), "UTF-8 that was cut off is still UTF-8");
}
