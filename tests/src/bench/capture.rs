//! The capture to measure with: made once, in a process of its own, and kept for the next time.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::workload::{self, Profile, Truth};

/// The capture's head and each packet's, in octets; the latter ends in captured and wire length.
const FILE_HEAD: usize = 24;
const PACKET_HEAD: usize = 16;
/// What one `read` asks for.
const CHUNK: usize = 1 << 20;

/// A capture, and what is known of it.
#[derive(Debug)]
pub struct Capture {
    /// What it is called in the table.
    pub name: String,
    /// Where it is.
    pub file: PathBuf,
    /// How many packets it has.
    pub packets: u64,
    /// What it holds, where that is known.
    pub truth: Option<Truth>,
}

impl Capture {
    /// Opens the capture of a workload; makes it first where it is missing.
    pub fn of(profile: Profile, packets: u64, seed: u64, folder: &Path) -> io::Result<Self> {
        let value = profile.to_possible_value();
        let name = value.map_or_else(|| format!("{profile:?}"), |value| value.get_name().to_owned());
        let file = folder.join(format!("sekisho-bench-{name}-{packets}-{seed}.pcap"));
        if !file.is_file() || !beside(&file).is_file() {
            // A process of its own: what it needs of memory must not count as a measured program's.
            let status = Command::new(std::env::current_exe()?)
                .args(["make", &name, &packets.to_string(), &seed.to_string()])
                .arg(&file)
                .status()?;
            if !status.success() {
                return Err(io::Error::other(format!("cannot make {}", file.display())));
            }
        }
        Ok(Self { name, ..Self::open(&file)? })
    }

    /// Opens any classic capture, with the truth beside it if there is one.
    pub fn open(file: &Path) -> io::Result<Self> {
        let truth = beside(file);
        let truth: Option<Truth> =
            if truth.is_file() { Some(serde_json::from_slice(&fs::read(truth)?)?) } else { None };
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, file: file.to_owned(), packets: packets(file)?, truth })
    }

    /// Makes the capture of a workload, and its truth beside it.
    pub fn make(profile: Profile, packets: u64, seed: u64, file: &Path) -> io::Result<()> {
        let part = file.with_extension("part");
        let written = workload::write(profile, &profile.options(packets, seed), &part)?;
        fs::write(beside(file), serde_json::to_vec(&written.truth)?)?;
        fs::rename(part, file)
    }
}

/// Where the truth of a capture is.
fn beside(file: &Path) -> PathBuf {
    file.with_extension("json")
}

/// Counts the packets of a classic little-endian capture, by which all of it comes into the cache.
fn packets(file: &Path) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(CHUNK, File::open(file)?);
    reader.read_exact(&mut [0; FILE_HEAD])?;
    let mut count = 0;
    let mut head = [0; PACKET_HEAD];
    while reader.read_exact(&mut head).is_ok() {
        let [.., a, b, c, d, _, _, _, _] = head;
        reader.seek_relative(i64::from(u32::from_le_bytes([a, b, c, d])))?;
        count += 1;
    }
    Ok(count)
}
