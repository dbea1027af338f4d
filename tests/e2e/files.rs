//! Files as people have them: packed, cut off, piped, wrong.

use std::fs;

use serde_json::Value;

use crate::{agent, cases};

const CASE: &str = "openvpn-on-port-443-behind-a-core-switch";

fn packets(json: &str) -> u64 {
    serde_json::from_str::<Value>(json).unwrap()["capture"]["packets"].as_u64().unwrap()
}

#[test]
fn the_same_capture_gives_the_same_bytes_from_a_file_twice_and_from_a_pipe() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("mirror.pcap");
    let bytes = cases::capture(CASE);
    fs::write(&file, &bytes).unwrap();
    let first = agent::text(["analyze", "--format", "json", file.to_str().unwrap()]);
    let second = agent::text(["analyze", "--format", "json", file.to_str().unwrap()]);
    assert_eq!(first, second);
    let piped = agent::piped(&["analyze", "--format", "json", "-"], &bytes);
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), first);
    assert!(piped.stderr.is_empty(), "no progress where nobody looks");
}

#[test]
fn rotated_files_are_one_capture_in_whatever_order_they_are_named() {
    let scratch = tempfile::tempdir().unwrap();
    let bytes = cases::capture(CASE);
    // The file header, and the first five records in a file of their own.
    let (mut at, header) = (24, &bytes[..24]);
    for _ in 0..5 {
        at += 16 + u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
    }
    let paths = ["b.pcap", "a.pcap"].map(|name| scratch.path().join(name).to_str().unwrap().to_owned());
    fs::write(&paths[0], &bytes[..at]).unwrap();
    fs::write(&paths[1], [header, &bytes[at..]].concat()).unwrap();
    let whole = agent::piped(&["analyze", "--format", "json", "-"], &bytes);
    let whole = String::from_utf8(whole.stdout).unwrap();
    for [first, second] in [[0, 1], [1, 0]] {
        let parts = agent::text(["analyze", "--format", "json", &paths[first], &paths[second]]);
        assert_eq!(parts, whole);
    }
}

#[test]
fn a_file_cut_off_in_the_middle_gives_what_was_read_and_says_where() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("cut.pcap");
    let bytes = cases::capture(CASE);
    fs::write(&file, &bytes[..bytes.len() - 20]).unwrap();
    let output = agent::run(["analyze", "--format", "json", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let json = String::from_utf8(output.stdout).unwrap();
    let whole = agent::piped(&["analyze", "--format", "json", "-"], &bytes);
    assert_eq!(packets(&json) + 1, packets(&String::from_utf8(whole.stdout).unwrap()));
    let warnings = serde_json::from_str::<Value>(&json).unwrap()["capture"]["warnings"].to_string();
    for text in [warnings, String::from_utf8(output.stderr).unwrap()] {
        assert!(text.contains("cut.pcap") && text.contains(&packets(&json).to_string()), "{text}");
    }
}

#[test]
fn a_file_that_is_no_capture_ends_with_2_and_says_what_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    // (content, what the error names)
    let cases: [(&[u8], &str); 4] = [
        (b"", "empty"),
        (b"%PDF-1.7 report", "PDF"),
        (b"PK\x03\x04 sheet", "zip"),
        (b"plain words\n", "text"),
    ];
    for (content, named) in cases {
        let file = scratch.path().join("wrong.pcap");
        fs::write(&file, content).unwrap();
        let output = agent::run(["--lang", "en", "analyze", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{named}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.to_lowercase().contains(&named.to_lowercase()), "{named}: {error}");
        assert!(output.stdout.is_empty());
    }
    let missing = agent::run(["analyze", "/nonexistent/mirror.pcap"]);
    assert_eq!(missing.status.code(), Some(2));
}
