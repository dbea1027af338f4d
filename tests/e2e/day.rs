//! A synthetic hospital's day, against its truth.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use calamine::{Reader, open_workbook_auto};
use sekisho_tests::day;
use serde_json::Value;

use crate::agent;

/// A seed of its own: not the demo's.
const SEED: u64 = 7;

/// The day, generated once.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        day::generate(SEED, 24, folder.path()).unwrap();
        folder
    });
    made.path()
}

fn truth() -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join("truth.json")).unwrap()).unwrap()
}

/// The analysis as JSON text, with the truth's prefixes inside.
fn analysis() -> &'static str {
    static ANALYSIS: OnceLock<String> = OnceLock::new();
    ANALYSIS.get_or_init(|| {
        let truth = truth();
        let prefixes = truth["internal"].as_array().unwrap();
        let internal = prefixes.iter().flat_map(|prefix| ["--internal", prefix.as_str().unwrap()]);
        let capture = folder().join("hospital.pcap");
        let mut args = vec!["analyze", "--format", "json"];
        args.extend(internal);
        args.push(capture.to_str().unwrap());
        agent::text(args)
    })
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Every address of a connection's two ends.
fn ends(connection: &Value) -> BTreeSet<&str> {
    let all = connection["outside"]["ips"].as_array().unwrap().iter().filter_map(Value::as_str);
    all.chain([text(connection, "/inside/ip"), text(connection, "/outside/ip")]).collect()
}

#[test]
fn every_external_connection_is_found_with_its_exit() {
    let truth = truth();
    let analysis: Value = serde_json::from_str(analysis()).unwrap();
    let connections = analysis["connections"].as_array().unwrap();
    let external = truth["external"].as_array().unwrap();
    assert!((7..=47).contains(&external.len()), "{} connections", external.len());
    for wanted in external {
        let (device, remote) = (text(wanted, "/device"), text(wanted, "/remote_ip"));
        let found = connections.iter().find(|connection| {
            let ends = ends(connection);
            ends.contains(device) && ends.contains(remote) && connection["service"] == wanted["service"]
        });
        let found = found.unwrap_or_else(|| panic!("missed: {wanted:#}"));
        assert_eq!(text(found, "/exit/mac"), text(wanted, "/exit"), "exit of {wanted:#}");
        assert_eq!(found["tunnel"], wanted["tunnel"], "{wanted:#}");
    }
}

#[test]
fn nothing_benign_is_called_a_tunnel_and_nothing_is_invented() {
    let truth = truth();
    let analysis: Value = serde_json::from_str(analysis()).unwrap();
    let remotes = |list: &str| -> BTreeSet<String> {
        let all = truth[list].as_array().unwrap().iter();
        all.map(|remote| text(remote, "/remote_ip").to_owned()).collect()
    };
    let (external, benign) = (remotes("external"), remotes("benign"));
    for connection in analysis["connections"].as_array().unwrap() {
        let ends = ends(connection);
        let is = |list: &BTreeSet<String>| ends.iter().any(|end| list.contains(*end));
        assert!(is(&external) || is(&benign), "invented: {connection:#}");
        assert!(!is(&benign) || connection["tunnel"] == false, "benign: {connection:#}");
    }
}

#[test]
fn a_tunnel_s_keep_alives_and_the_work_from_outside_are_told() {
    let analysis: Value = serde_json::from_str(analysis()).unwrap();
    let rows = analysis["connections"].as_array().unwrap();
    let kept_alive = |row: &&Value| row.pointer("/behaviour/keep_alive_s").is_some_and(Value::is_number);
    let regular = rows.iter().filter(kept_alive).filter(|row| row["tunnel"] == true);
    assert!(regular.clone().count() >= 2);
    for row in regular {
        assert!(row["beacon"]["score"].as_f64().unwrap() > 0.7, "{row:#}");
    }
    let mut works = 0;
    for row in rows {
        for work in row["maintenance"].as_array().into_iter().flatten() {
            let maintains = text(row, "/category").ends_with("-maintenance");
            assert!(row["tunnel"] == true || maintains || row["initiator"] == "outside", "{row:#}");
            assert!(text(work, "/start") < text(work, "/end"), "{work:#}");
            assert!(work["bytes_out"].as_u64() > Some(0), "{work:#}");
            works += 1;
        }
    }
    assert!(works >= 2, "{works} times of work");
}

#[test]
fn of_one_day_nothing_is_called_missing() {
    let analysis: Value = serde_json::from_str(analysis()).unwrap();
    let rows = analysis["connections"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["status"] != "missing"));
    let warnings = analysis["capture"]["warnings"].as_array().unwrap();
    assert!(warnings.iter().filter_map(Value::as_str).any(|warning| warning.contains("14")), "{warnings:#?}");
}

#[test]
fn modalities_are_known_by_what_they_send() {
    let truth = truth();
    let analysis: Value = serde_json::from_str(analysis()).unwrap();
    let modalities = truth["devices"].as_array().unwrap().iter();
    let modalities: Vec<&Value> =
        modalities.filter(|device| ["ct", "mr", "xa"].contains(&text(device, "/role"))).collect();
    assert!(!modalities.is_empty());
    for wanted in modalities {
        let has_address = |device: &&Value| device["ips"].as_array().unwrap().contains(&wanted["ip"]);
        let found = analysis["devices"].as_array().unwrap().iter().find(has_address).unwrap();
        assert_eq!(found["role"], wanted["role"], "{found:#}");
    }
}

#[test]
fn the_patient_is_nowhere() {
    let capture = folder().join("hospital.pcap");
    let bytes = fs::read(&capture).unwrap();
    for name in [day::PATIENT, day::PATIENT_KANJI] {
        let carried = bytes.windows(name.len()).filter(|window| *window == name.as_bytes()).count();
        assert!(carried > 10, "the day must carry {name}, it does {carried} times");
    }

    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let (ledger, book, list) = (path("ledger.db"), path("book.xlsx"), path("list.csv"));
    let capture = capture.to_str().unwrap();
    let output =
        agent::run(["-vvv", "analyze", "--db", &ledger, "--site", "demo", "--format", "json", capture]);
    assert!(output.status.success());
    agent::text(["connections", "--db", &ledger, "--format", "xlsx", "-o", &book]);
    agent::text(["connections", "--db", &ledger, "--format", "csv", "-o", &list]);
    let mut cells = String::new();
    let mut workbook = open_workbook_auto(&book).unwrap();
    for (_, sheet) in workbook.worksheets() {
        for row in sheet.rows() {
            cells.extend(row.iter().map(|cell| format!("{cell}\n")));
        }
    }
    assert!(cells.lines().count() > 100);
    let [family_name, family_kanji] =
        [day::PATIENT, day::PATIENT_KANJI].map(|name| name.split('^').next().unwrap());
    for (place, kept) in [
        ("standard output", output.stdout),
        ("the log", output.stderr),
        ("the ledger", fs::read(&ledger).unwrap()),
        ("the list", fs::read(&list).unwrap()),
        ("the workbook", cells.into_bytes()),
    ] {
        assert!(!kept.is_empty() || place == "the log", "{place} is empty");
        for name in [family_name, family_kanji] {
            let found = kept.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes()));
            assert!(!found, "{name} is in {place}");
        }
    }
}
