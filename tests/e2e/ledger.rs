//! The ledger as a person uses it: twice the same capture, then another.

use std::fs;

use serde_json::Value;

use crate::{agent, cases};

struct Bench {
    scratch: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { scratch: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().unwrap().to_owned()
    }

    /// Records a case's capture, shifted in time by whole seconds.
    fn record(&self, case: &str, later_s: u32) {
        let mut bytes = cases::capture(case);
        let mut at = 24;
        while at < bytes.len() {
            let field = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            let (seconds, len) = (field(at) + later_s, field(at + 8));
            bytes[at..at + 4].copy_from_slice(&seconds.to_le_bytes());
            at += 16 + len as usize;
        }
        let file = self.path("mirror.pcap");
        fs::write(&file, bytes).unwrap();
        agent::text(["analyze", "--db", &self.path("ledger.db"), "--site", "minato", &file]);
    }

    fn list(&self, what: &str) -> Vec<Value> {
        let json = agent::text([what, "--db", &self.path("ledger.db"), "--format", "json"]);
        serde_json::from_str(&json).unwrap()
    }
}

const OPENVPN: &str = "openvpn-on-port-443-behind-a-core-switch";
const SSH: &str = "ssh-from-outside-and-a-scan";

#[test]
fn the_same_capture_read_again_changes_nothing() {
    let bench = Bench::new();
    bench.record(OPENVPN, 0);
    let before = ["connections", "devices", "exits", "history"].map(|what| bench.list(what));
    bench.record(OPENVPN, 0);
    assert_eq!(["connections", "devices", "exits", "history"].map(|what| bench.list(what)), before);
}

#[test]
fn a_later_capture_adds_history() {
    let bench = Bench::new();
    bench.record(OPENVPN, 0);
    bench.record(SSH, 3 * 86_400);
    let connections = bench.list("connections");
    let services: Vec<&str> = connections.iter().map(|row| row["service"].as_str().unwrap()).collect();
    assert!(services.contains(&"openvpn") && services.contains(&"ssh"), "{services:?}");
    let numbers: Vec<i64> = connections.iter().filter_map(|row| row["number"].as_i64()).collect();
    assert_eq!(numbers.len(), connections.len(), "every connection has a number");
    let history = bench.list("history");
    let kinds: Vec<&str> = history.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"appeared") && kinds.contains(&"gone-silent"), "{kinds:?}");
}

#[test]
fn every_list_comes_as_table_json_and_csv_in_both_languages() {
    let bench = Bench::new();
    bench.record(OPENVPN, 0);
    let ledger = bench.path("ledger.db");
    for what in ["connections", "devices", "exits", "history"] {
        for lang in ["ja", "en"] {
            for format in ["table", "json", "csv"] {
                let text = agent::text([what, "--db", &ledger, "--format", format, "--lang", lang]);
                let japanese = text.chars().any(|letter| ('\u{3040}'..='\u{9fff}').contains(&letter));
                assert!(text.lines().count() >= 2, "{what} {format} {lang}: {text}");
                assert!(format == "json" || japanese == (lang == "ja"), "{what} {format} {lang}: {text}");
                assert_eq!(text.starts_with('\u{feff}'), format == "csv", "{what} {format}");
            }
        }
    }
}

#[test]
fn a_site_that_is_not_there_is_an_error_that_names_those_that_are() {
    let bench = Bench::new();
    bench.record(OPENVPN, 0);
    let output = agent::run(["connections", "--db", &bench.path("ledger.db"), "--site", "minto"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("minto") && error.contains("minato"), "{error}");
}

#[test]
fn a_workbook_needs_a_file_and_appears_whole() {
    let bench = Bench::new();
    bench.record(OPENVPN, 0);
    let (ledger, book) = (bench.path("ledger.db"), bench.path("book.xlsx"));
    let refused = agent::run(["connections", "--db", &ledger, "--format", "xlsx"]);
    assert_eq!(refused.status.code(), Some(2));
    agent::text(["connections", "--db", &ledger, "--format", "xlsx", "-o", &book]);
    assert!(fs::read(&book).unwrap().starts_with(b"PK"));
    assert!(!fs::exists(format!("{book}.part")).unwrap());
}
