//! Cases as folders of data under `tests/cases`: frames in, a part of the analysis that must be there,
//! a part that must not.
//!
//! `expected.json` is compared by what it names: an object's other fields are free, and each element
//! of a list must be matched by some element. No object of `absent.json`'s lists may be matched.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::agent;

/// When the captures of the cases begin: 2026-04-01 00:00 UTC.
const START_S: u32 = 1_774_999_200;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// Reads frames as text: a line of microseconds, then indented lines of hexadecimal bytes.
fn frames(text: &str) -> Vec<(u64, Vec<u8>)> {
    let mut frames: Vec<(u64, Vec<u8>)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let Some(hex) = line.strip_prefix("  ") else {
            frames.push((line.parse().unwrap(), Vec::new()));
            continue;
        };
        let bytes = hex.as_bytes().chunks(2);
        let bytes = bytes.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        frames.last_mut().unwrap().1.extend(bytes);
    }
    frames
}

/// A case's frames as a pcap file's bytes.
pub(crate) fn capture(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(folder().join(name).join("frames.hex")).unwrap();
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (time_us, frame) in frames(&text) {
        let seconds = START_S + u32::try_from(time_us / 1_000_000).unwrap();
        let micros = u32::try_from(time_us % 1_000_000).unwrap();
        let len = u32::try_from(frame.len()).unwrap();
        for field in [seconds, micros, len, len] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(frame);
    }
    bytes
}

/// Tells whether `actual` holds everything that `wanted` names.
fn holds(wanted: &Value, actual: &Value) -> bool {
    match (wanted, actual) {
        (Value::Object(wanted), Value::Object(actual)) => {
            wanted.iter().all(|(key, value)| actual.get(key).is_some_and(|found| holds(value, found)))
        }
        (Value::Array(wanted), Value::Array(actual)) => {
            wanted.iter().all(|value| actual.iter().any(|found| holds(value, found)))
        }
        _ => wanted == actual,
    }
}

#[test]
fn every_case_is_analysed_as_it_says() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 6, "only {names:?}");
    let scratch = tempfile::tempdir().unwrap();
    for name in names {
        let case: toml::Table =
            fs::read_to_string(folder().join(&name).join("case.toml")).unwrap().parse().unwrap();
        let args: Vec<String> = case["args"].clone().try_into().unwrap();
        let file = scratch.path().join(format!("{name}.pcap"));
        fs::write(&file, capture(&name)).unwrap();
        let common = ["analyze", "--format", "json"].map(str::to_owned);
        let args = common.into_iter().chain(args).chain([file.to_str().unwrap().to_owned()]);
        let actual: Value = serde_json::from_str(&agent::text(args)).unwrap();
        let read = |file: &str| fs::read_to_string(folder().join(&name).join(file)).ok();
        let expected: Value = serde_json::from_str(&read("expected.json").unwrap()).unwrap();
        for (key, wanted) in expected.as_object().unwrap() {
            let wanted_rows = wanted.as_array().cloned().unwrap_or_default();
            for row in &wanted_rows {
                let found = actual[key].as_array().unwrap().iter().any(|found| holds(row, found));
                assert!(found, "{name}: {key} has no {row:#}\nbut {:#}", actual[key]);
            }
            assert!(holds(wanted, &actual[key]), "{name}: {key} is {:#}", actual[key]);
        }
        let absent: Value =
            read("absent.json").map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        for (key, rows) in absent.as_object().into_iter().flatten() {
            for row in rows.as_array().unwrap() {
                let found = actual[key].as_array().unwrap().iter().find(|found| holds(row, found));
                assert!(found.is_none(), "{name}: {key} has {:#}", found.unwrap());
            }
        }
    }
}
