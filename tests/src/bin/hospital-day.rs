//! Writes a hospital's day and its truth: `hospital-day --seed N --out DIR [--hours 24 | --days 7]`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]

use std::path::PathBuf;

use clap::Parser;

/// Writes hospital.pcap and truth.json: the same seed gives the same bytes.
#[derive(Parser)]
struct Args {
    /// Another seed, another hospital.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The directory to write to.
    #[arg(long)]
    out: PathBuf,
    /// Length of the capture.
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// The same in days: a week shows what is used once in it.
    #[arg(long, conflicts_with = "hours")]
    days: Option<u32>,
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let hours = args.days.map_or(args.hours, |days| days.saturating_mul(24));
    let truth = sekisho_tests::day::generate(args.seed, hours, &args.out)?;
    println!(
        "{}: {} packets, {} external connections, {} devices",
        args.out.display(),
        truth.packets,
        truth.external.len(),
        truth.devices.len()
    );
    Ok(())
}
