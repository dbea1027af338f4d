//! Writes a benchmark capture.
//!
//! `workload --profile hospital --packets 10000000 --flows 150000 --seed 1 --out F --truth T`

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command's output")]
#![allow(clippy::cast_precision_loss, reason = "figures are printed with one digit")]

use clap::Parser;
use sekisho_tests::workload::{Options, Profile, write};
use std::path::PathBuf;

/// Writes a deterministic benchmark capture: the same arguments give the same bytes.
#[derive(Parser)]
struct Args {
    /// Which traffic.
    #[arg(long, value_enum, default_value = "hospital")]
    profile: Profile,
    /// Exact number of packets.
    #[arg(long, default_value_t = 1_000_000)]
    packets: u64,
    /// Number of flows.
    #[arg(long, default_value_t = 15_000)]
    flows: u64,
    /// Other seed, other capture.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds the capture spans.
    #[arg(long, default_value_t = 3600)]
    duration: u64,
    /// First timestamp, seconds since the Unix epoch.
    #[arg(long, default_value_t = 1_767_225_600)]
    start: u64,
    /// The capture to write.
    #[arg(long)]
    out: PathBuf,
    /// Where to write the ground truth instead of standard output.
    #[arg(long)]
    truth: Option<PathBuf>,
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let options = Options {
        packets: args.packets,
        flows: args.flows.max(1),
        seed: args.seed,
        duration: args.duration * 1_000_000,
        start: args.start * 1_000_000,
    };
    let written = write(args.profile, &options, &args.out)?;
    let mean = written.bytes as f64 / written.packets.max(1) as f64;
    eprintln!(
        "{}: {} packets, {} bytes, {mean:.1} bytes a packet",
        args.out.display(),
        written.packets,
        written.bytes
    );
    let truth = serde_json::to_string(&written.truth)?;
    let Some(file) = args.truth else {
        println!("{truth}");
        return Ok(());
    };
    std::fs::write(file, truth + "\n")
}
