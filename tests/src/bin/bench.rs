//! How fast the agent reads: `bench [--agent PATH] [--packets N] [FILE]`.
//!
//! Runs `sekisho-agent analyze --format json FILE` and prints packets per second of processor time and
//! the most memory resident, on one line. A FILE that is missing is made first.

//!
//! On Linux a child's peak starts at what its parent has had resident (`exec` hands it down), so this
//! program stays small: it reads captures piece by piece, and after making one it starts itself anew.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]
#![allow(clippy::cast_precision_loss, reason = "figures are printed with three digits")]

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Parser;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use sekisho_tests::workload::{Options, Profile, write};

/// Measures the agent on a benchmark capture.
#[derive(Parser)]
struct Args {
    /// The agent; the release build's if not given.
    #[arg(long)]
    agent: Option<PathBuf>,
    /// Which traffic a missing file is filled with.
    #[arg(long, value_enum, default_value = "hospital")]
    profile: Profile,
    /// How many packets a missing file is filled with.
    #[arg(long, default_value_t = 2_000_000)]
    packets: u64,
    /// The capture; in the system's temporary directory if not given.
    file: Option<PathBuf>,
}

/// The capture's head and each packet's, in bytes; the latter ends in the captured and wire lengths.
const FILE_HEAD: usize = 24;
const PACKET_HEAD: usize = 16;

/// Finds the agent of the release build beside this program's target directory.
fn built() -> io::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let target = here.ancestors().nth(2).unwrap_or(Path::new("target"));
    let agent = target.join("release").join("sekisho-agent");
    if agent.is_file() {
        return Ok(agent);
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!("no agent at {}: build it or pass --agent", agent.display()),
    ))
}

/// Counts the packets of a classic little-endian capture, as the workload writes it.
fn packets(file: &Path) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
    let mut head = [0; FILE_HEAD];
    reader.read_exact(&mut head)?;
    let mut count = 0;
    let mut head = [0; PACKET_HEAD];
    while reader.read_exact(&mut head).is_ok() {
        let [.., a, b, c, d, _, _, _, _] = head;
        reader.seek_relative(i64::from(u32::from_le_bytes([a, b, c, d])))?;
        count += 1;
    }
    Ok(count)
}

fn generate(args: &Args, file: &Path) -> io::Result<()> {
    let options = Options {
        packets: args.packets,
        // The mix of the default workload: one flow in some sixty packets.
        flows: (args.packets / 66).max(1),
        seed: 1,
        duration: 3_600_000_000,
        start: 1_767_225_600_000_000,
    };
    write(args.profile, &options, file).map(|_| ())
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let agent = args.agent.clone().map_or_else(built, Ok)?;
    let file = args.file.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("sekisho-bench-{:?}-{}.pcap", args.profile, args.packets))
    });
    if !file.is_file() {
        generate(&args, &file)?;
        let again = Command::new(std::env::current_exe()?).args(std::env::args_os().skip(1)).exec();
        return Err(again);
    }
    let packets = packets(&file)? as f64;
    let began = Instant::now();
    let status = Command::new(&agent)
        .args(["analyze", "--format", "json"])
        .arg(&file)
        .stdout(Stdio::null())
        .status()?;
    let wall = began.elapsed().as_secs_f64();
    if !status.success() {
        return Err(io::Error::other(format!("{} ended with {status}", agent.display())));
    }
    // The one child that has been waited for.
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = (used.user_time() + used.system_time()).num_microseconds() as f64 / 1e6;
    // Linux counts in KiB, macOS in bytes.
    let per_mib = if cfg!(target_os = "macos") { 1_048_576.0 } else { 1024.0 };
    println!(
        "{}: {packets:.0} packets, {:.2} M packets per CPU second ({cpu:.2} s, {wall:.2} s wall), peak {:.0} MiB",
        file.display(),
        packets / cpu / 1e6,
        used.max_rss() as f64 / per_mib
    );
    Ok(())
}
