//! Holds what the agent makes of SNMP recordings against what is known of the devices.
//!
//! `snmp-corpus AGENT FOLDER`: each `NAME.snmprec` in the folder is served on loopback as a device, and all
//! of them are asked by one `AGENT poll`; the same is read by `AGENT poll --recording`, and must come out
//! the same. What `NAME.snmprec.facts.json` expects of model (`hardware`), firmware (`version`) and serial
//! is compared; hits, misses and wrong values are told by maker. The exit code is 1 below 95 %, and where a value
//! is given that was neither expected nor reviewed (`reviewed.tsv`): no value is better than a wrong one.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]

mod reviewed;

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::{env, fs};

use sekisho_tests::simulator::{Device, Simulator};
use serde_json::Value;

use crate::reviewed::Reviewed;

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
    let recordings = recordings(Path::new(&folder))?;
    let devices = served(&agent, &recordings)?;
    let in_memory = poll(&agent, &files(&recordings))?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut fields: BTreeMap<&str, Score> = BTreeMap::new();
    let mut reviewed = Reviewed::read()?;
    let (mut unknown, mut unlike, mut unproved) = (0, 0, 0);
    for ((path, device), read) in recordings.iter().zip(&devices).zip(&in_memory) {
        let text = |key: &str| device.get(key).and_then(Value::as_str);
        let expected = expected(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let maker = text("vendor").unwrap_or("-").to_owned();
        if text("vendor").is_none() || text("state") != Some("complete") {
            println!("{name}: vendor {:?}, state {:?}", text("vendor"), text("state"));
            unknown += 1;
        }
        if device.get("facts") != read.get("facts") {
            println!("{name}: over the network other facts than in memory");
            unlike += 1;
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
            if text(ours) == wanted {
                continue;
            }
            let recording = String::from_utf8_lossy(&fs::read(path)?).into_owned();
            let is_proved = text(ours).is_none_or(|given| reviewed.is_proved(&name, &recording, ours, given));
            if !is_proved {
                unproved += 1;
            }
            let review = if is_proved { "" } else { " - not reviewed" };
            println!("{name}: {ours} {:?}, expected {wanted:?}{review}", text(ours));
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
    println!(
        "{} devices, {unknown} without maker or not read whole, {unlike} unlike their recording",
        devices.len()
    );
    for unmet in reviewed.unmet() {
        println!("reviewed, and not given: {unmet}");
        unproved += 1;
    }
    let reached =
        fields.values().all(|score| score.hits * 100 >= (score.hits + score.misses + score.wrong) * BAR_PCT);
    Ok(if reached && unlike == 0 && unproved == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn recordings(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut recordings: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "snmprec") {
            recordings.push(path);
        }
    }
    recordings.sort();
    Ok(recordings)
}

/// Asks for the recordings as devices on loopback.
fn served(agent: &OsStr, recordings: &[PathBuf]) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut devices = BTreeMap::new();
    for (number, path) in (1..).zip(recordings) {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        devices.insert(address(number), Arc::new(Device::recorded(&text)));
    }
    let simulator = Simulator::start(0, devices)?;
    let folder = tempfile::tempdir()?;
    let community = folder.path().join("community");
    fs::write(&community, "public\n")?;
    let mut args: Vec<OsString> =
        vec!["--rate".into(), "1000".into(), "--community-file".into(), community.into()];
    for (number, _) in (1..).zip(recordings) {
        args.extend(["--target".into(), format!("{}:{}", address(number), simulator.port()).into()]);
    }
    poll(agent, &args)
}

fn files(recordings: &[PathBuf]) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["--recording".into()];
    args.extend(recordings.iter().map(OsString::from));
    args
}

fn poll(agent: &OsStr, args: &[OsString]) -> Result<Vec<Value>, Box<dyn Error>> {
    let run = Command::new(agent).args(["poll", "--format", "json"]).args(args).output()?;
    if !run.status.success() {
        return Err(String::from_utf8_lossy(&run.stderr).into_owned().into());
    }
    let read: Value = serde_json::from_slice(&run.stdout)?;
    let devices = read.get("devices").and_then(Value::as_array).ok_or("no devices in the answer")?;
    Ok(devices.clone())
}

fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x7f01_0000 | number)
}

/// What is known of a recording's device; nothing where it has no facts.
fn expected(recording: &Path) -> Result<Value, Box<dyn Error>> {
    let mut path = recording.as_os_str().to_owned();
    path.push(".facts.json");
    let facts: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    Ok(facts.get("expected").cloned().unwrap_or(Value::Null))
}
