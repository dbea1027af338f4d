//! How fast, and in how much memory, the agent asks many devices; Net-SNMP's `snmpbulkwalk` beside it.
//!
//! `snmp-bench --agent AGENT`: simulated devices on loopback, each with an address of its own; one round of
//! `AGENT poll` at its default pace, one as fast as they answer, one with devices among them whose tables have no
//! end; then `snmpbulkwalk` of mib-2, which is all
//! that the devices hold, over the same devices, one after the other and several at a time. A walk is one
//! device asked from the first to the last object.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]
#![allow(clippy::cast_precision_loss, reason = "a few thousand walks")]

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::{Args, Parser, Subcommand};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use sekisho_tests::bench::{End, Errand, Usage, measure};
use sekisho_tests::simulator::{Simulator, Temper, made};
use serde_json::Value;

/// A round at the default pace may take so long (seconds), in so much memory (MiB).
const BAR_S: f64 = 60.0;
const BAR_MIB: f64 = 150.0;
/// So many times `snmpbulkwalk`'s walks a second.
const BAR_TIMES: f64 = 5.0;
/// A round that takes longer hangs.
const MAX_SECONDS: u64 = 300;

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    errand: Option<Measuring>,
    #[command(flatten)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Measuring {
    /// Runs one program and tells what it used; for the benchmark's own use
    #[command(hide = true)]
    Measure(Errand),
}

#[derive(Args)]
struct Bench {
    /// The agent's program
    #[arg(long, default_value = "target/release/sekisho-agent")]
    agent: PathBuf,
    /// Devices
    #[arg(long, default_value_t = 1_000)]
    devices: u32,
    /// Interfaces of each
    #[arg(long, default_value_t = 50)]
    interfaces: u32,
    /// Devices whose tables have no end, in a round of their own
    #[arg(long, default_value_t = 100)]
    hostile: u32,
    /// Devices that snmpbulkwalk walks in each turn
    #[arg(long, default_value_t = 200)]
    walks: usize,
    /// Exits with 1 where a bar is missed
    #[arg(long)]
    gate: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    if let Some(Measuring::Measure(errand)) = &cli.errand {
        println!("{}", serde_json::to_string(&measure(errand)?)?);
        return Ok(());
    }
    let bench = &cli.bench;
    let device = Arc::new(made::switch(bench.interfaces));
    let objects = device.len();
    let address = |number: u32| Ipv4Addr::from(0x7f02_0000 | number);
    let devices: BTreeMap<_, _> =
        (1..=bench.devices).map(|number| (address(number), Arc::clone(&device))).collect();
    let simulator = Simulator::start(0, devices)?;
    let targets: Vec<String> =
        (1..=bench.devices).map(|number| format!("{}:{}", address(number), simulator.port())).collect();
    println!("{} devices with {objects} objects each\n", bench.devices);
    println!(
        "| program | walks/s | CPU ms a walk | round s | peak MiB | packets |\n|---|---|---|---|---|---|"
    );
    let paced = round(bench, &targets, &simulator, ("20", 0))?;
    let fast = round(bench, &targets, &simulator, ("1000", 0))?;
    let endless = Arc::new(made::switch(bench.interfaces).tempered(Temper::Endless));
    for number in (1..=bench.devices).step_by((bench.devices / bench.hostile.max(1)).max(1) as usize) {
        simulator.put(address(number), Arc::clone(&endless));
    }
    let hostile = bench.devices.div_ceil((bench.devices / bench.hostile.max(1)).max(1));
    let worst = round(bench, &targets, &simulator, ("1000", hostile))?;
    for number in 1..=bench.devices {
        simulator.put(address(number), Arc::clone(&device));
    }
    let mut peers = Vec::new();
    for (at_once, repetitions) in [(1, 10), (2, 10), (8, 10), (8, 40)] {
        peers.push(bulkwalks(bench, &targets, at_once, repetitions)?);
    }
    let best = peers.iter().copied().fold(f64::MIN, f64::max);
    let rate = targets.len() as f64 / fast.wall_s;
    let times = rate / peers.first().copied().unwrap_or(f64::NAN);
    println!("\n{times:.1} times snmpbulkwalk, {:.1} times the fastest turn of it", rate / best);
    let peak_mib = paced.peak_mib.max(worst.peak_mib);
    let missed = paced.wall_s > BAR_S || peak_mib > BAR_MIB || times < BAR_TIMES;
    if bench.gate && missed { Err("a bar is missed".into()) } else { Ok(()) }
}

/// One round of the agent; every device must be read whole, but for so many hostile ones.
fn round(
    bench: &Bench,
    targets: &[String],
    simulator: &Simulator,
    (rate, hostile): (&str, u32),
) -> Result<Usage, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    fs::write(file("community"), "public\n")?;
    let mut args: Vec<OsString> =
        ["poll", "--format", "json", "--rate", rate, "--community-file"].map(OsString::from).to_vec();
    args.push(file("community").into());
    for target in targets {
        args.extend(["--target".into(), target.into()]);
    }
    let (output, errors) = (file("output"), file("errors"));
    let before: u64 = simulator.counts().values().sum();
    let program = bench.agent.clone();
    let errand = Errand { max_seconds: MAX_SECONDS, output: output.clone(), errors, program, args };
    let usage = errand.run()?;
    let sent = simulator.counts().values().sum::<u64>() - before;
    if usage.end != End::Done {
        return Err(format!("the agent ended: {:?}", usage.end).into());
    }
    whole(&output, bench, hostile)?;
    let walks = targets.len() as f64;
    println!(
        "| sekisho-agent poll --rate {rate}, {hostile} of them endless | {:.0} | {:.2} | {:.1} | {:.0} | {sent} |",
        walks / usage.wall_s,
        usage.cpu_s * 1e3 / walks,
        usage.wall_s,
        usage.peak_mib
    );
    Ok(usage)
}

/// Holds that every device was read to its end.
fn whole(output: &Path, bench: &Bench, hostile: u32) -> Result<(), Box<dyn Error>> {
    let answer: Value = serde_json::from_slice(&fs::read(output)?)?;
    let devices = answer.pointer("/devices").and_then(Value::as_array).ok_or("no devices")?;
    let interfaces =
        |device: &&Value| device.pointer("/facts/interfaces").and_then(Value::as_array).map_or(0, Vec::len);
    let complete = Some(&Value::from("complete"));
    let whole = devices.iter().filter(|device| device.get("state") == complete);
    let whole = whole.filter(|device| interfaces(device) == bench.interfaces as usize).count();
    if whole == (bench.devices - hostile) as usize {
        Ok(())
    } else {
        Err(format!("{whole} devices were read whole").into())
    }
}

/// Walks devices with snmpbulkwalk, some at a time; gives walks a second.
fn bulkwalks(
    bench: &Bench,
    targets: &[String],
    at_once: usize,
    repetitions: u32,
) -> Result<f64, Box<dyn Error>> {
    let targets = targets.get(..bench.walks.min(targets.len())).unwrap_or_default();
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (begin, cpu_before) = (Instant::now(), children_cpu_ms()?);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let walked = Command::new("snmpbulkwalk")
                        // Neither MIB files nor names: nothing but the walk.
                        .args(["-v2c", "-c", "public", "-m", "", "-On", &format!("-Cr{repetitions}"), target])
                        .arg(".1.3.6.1.2.1")
                        .stdout(Stdio::null())
                        .status();
                    if !walked.is_ok_and(|status| status.success()) {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let seconds = begin.elapsed().as_secs_f64();
    if failed.into_inner() > 0 {
        return Err("snmpbulkwalk failed: is it installed?".into());
    }
    let rate = targets.len() as f64 / seconds;
    let cpu_ms = (children_cpu_ms()? - cpu_before) / targets.len() as f64;
    println!("| snmpbulkwalk -Cr{repetitions}, {at_once} at a time | {rate:.0} | {cpu_ms:.2} | | | |");
    Ok(rate)
}

/// What programs that were run and have ended used, in milliseconds.
fn children_cpu_ms() -> Result<f64, Box<dyn Error>> {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok((used.user_time() + used.system_time()).num_microseconds() as f64 / 1e3)
}
