//! The benchmark's yardstick: `floor FILE` counts packets, flows and names, and nothing else.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]

use std::path::PathBuf;

use clap::Parser;

/// Keeps a flow table and looks for names, as fast as that can be done.
#[derive(Parser)]
struct Args {
    /// A classic capture.
    file: PathBuf,
}

fn main() -> std::io::Result<()> {
    let counts = sekisho_tests::floor::run(&Args::parse().file)?;
    println!("{}", serde_json::to_string(&counts)?);
    Ok(())
}
