//! Holds what the agent makes of SNMP recordings against what is known of the devices.
//!
//! `snmp-corpus AGENT FOLDER`: each `NAME.snmprec` in the folder is read by `AGENT poll --recording`; what
//! `NAME.snmprec.facts.json` expects of model (`hardware`), firmware (`version`) and serial is compared, and
//! hits, misses and wrong values are told by maker. The exit code is 1 below 95 %.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use serde_json::Value;

/// What must be reached, in percent of the values that are expected.
const BAR_PCT: usize = 95;
/// A value of ours, and the key of what is expected.
const FIELDS: [(&str, &str); 3] = [("model", "hardware"), ("firmware", "version"), ("serial", "serial")];

/// How the values of one maker came out.
#[derive(Default)]
struct Score {
    hits: usize,
    misses: usize,
    wrong: usize,
    /// Values that we give where none is expected.
    further: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let (Some(agent), Some(folder)) = (args.next(), args.next()) else {
        return Err("usage: snmp-corpus AGENT FOLDER".into());
    };
    let mut recordings: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "snmprec") {
            recordings.push(path);
        }
    }
    recordings.sort();
    let run =
        Command::new(agent).args(["poll", "--format", "json", "--recording"]).args(&recordings).output()?;
    if !run.status.success() {
        return Err(String::from_utf8_lossy(&run.stderr).into_owned().into());
    }
    let read: Value = serde_json::from_slice(&run.stdout)?;
    let devices = read.get("devices").and_then(Value::as_array).ok_or("no devices in the answer")?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut fields: BTreeMap<&str, Score> = BTreeMap::new();
    for (path, device) in recordings.iter().zip(devices) {
        let text = |key: &str| device.get(key).and_then(Value::as_str);
        let expected = expected(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let maker = text("vendor").unwrap_or("-").to_owned();
        if text("vendor").is_none() {
            println!("{name}: no rule");
        }
        for (ours, theirs) in FIELDS {
            let wanted = expected.get(theirs).and_then(Value::as_str).filter(|value| !value.is_empty());
            for score in [scores.entry(maker.clone()).or_default(), fields.entry(ours).or_default()] {
                match (wanted, text(ours)) {
                    (Some(wanted), Some(given)) if wanted == given => score.hits += 1,
                    (Some(_), Some(_)) => score.wrong += 1,
                    (Some(_), None) => score.misses += 1,
                    (None, Some(_)) => score.further += 1,
                    (None, None) => {}
                }
            }
            match (wanted, text(ours)) {
                (Some(wanted), given) if given != Some(wanted) => {
                    println!("{name}: {ours} {given:?}, expected {wanted:?}");
                }
                (None, Some(given)) => println!("{name}: {ours} {given:?}, none expected"),
                _ => {}
            }
        }
    }
    println!("\n{:28} {:>5} {:>6} {:>5} {:>7}", "", "hits", "misses", "wrong", "further");
    for (name, score) in scores
        .iter()
        .map(|(name, score)| (name.as_str(), score))
        .chain(fields.iter().map(|(name, score)| (*name, score)))
    {
        println!("{name:28} {:5} {:6} {:5} {:7}", score.hits, score.misses, score.wrong, score.further);
    }
    let reached =
        fields.values().all(|score| score.hits * 100 >= (score.hits + score.misses + score.wrong) * BAR_PCT);
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is known of a recording's device; nothing where it has no facts.
fn expected(recording: &Path) -> Result<Value, Box<dyn Error>> {
    let mut path = recording.as_os_str().to_owned();
    path.push(".facts.json");
    let facts: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    Ok(facts.get("expected").cloned().unwrap_or(Value::Null))
}
