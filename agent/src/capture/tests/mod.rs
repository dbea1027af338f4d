//! Captures built in code, read back, cut and damaged.

mod damage;
mod foreign;
mod listen;
mod packed;
mod pcap;
mod pcapng;
mod samples;
mod softflowd;

use std::io::{self, Read};
use std::time::Duration;

use sekisho_decode::LinkType;

use super::file::FileSource;
use super::{Arrival, OpenError, Source, Warning};

/// A frame that outlives its source.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Owned {
    time_ns: i64,
    link: LinkType,
    wire_len: u32,
    data: Vec<u8>,
}

/// All that a source gives.
struct Outcome {
    frames: Vec<Owned>,
    warnings: Vec<Warning>,
    drops: u64,
    packets: u64,
    bytes_read: u64,
}

impl Outcome {
    fn data(&self) -> Vec<&[u8]> {
        self.frames.iter().map(|frame| frame.data.as_slice()).collect()
    }

    fn slugs(&self) -> Vec<&'static str> {
        self.warnings.iter().map(|warning| warning.fault.slug()).collect()
    }
}

fn open(input: impl Read + Send + 'static) -> Result<FileSource, OpenError> {
    FileSource::from_reader("sample".to_owned(), input)
}

fn try_read(input: impl Read + Send + 'static) -> Result<Outcome, OpenError> {
    let mut source = open(input)?;
    let mut frames = Vec::new();
    while let Arrival::Frames(batch) = source.batch(Duration::ZERO).unwrap() {
        for frame in batch {
            let data = frame.data.to_vec();
            frames.push(Owned { time_ns: frame.time_ns, link: frame.link, wire_len: frame.wire_len, data });
        }
    }
    assert!(matches!(source.batch(Duration::ZERO), Ok(Arrival::End)), "the end stays the end");
    let (warnings, drops) = (source.warnings(), source.drops());
    Ok(Outcome { frames, warnings, drops, packets: source.packets(), bytes_read: source.bytes_read() })
}

fn read(bytes: &[u8]) -> Outcome {
    try_read(io::Cursor::new(bytes.to_vec())).unwrap()
}

/// Gives one byte a read, as a slow pipe does, with an interruption before each.
struct Trickle {
    /// The last byte first.
    bytes: Vec<u8>,
    interrupted: bool,
}

impl Trickle {
    fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.iter().rev().copied().collect(), interrupted: false }
    }
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some((slot, byte)) = buffer.first_mut().zip(self.bytes.pop()) else { return Ok(0) };
        *slot = byte;
        Ok(1)
    }
}

#[test]
fn every_format_reads_the_same_from_a_slow_pipe() {
    for (name, bytes) in samples::every_format() {
        let (whole, trickled) = (read(&bytes), try_read(Trickle::new(&bytes)).unwrap());
        assert_eq!(whole.frames, trickled.frames, "{name}");
        assert_eq!(whole.warnings, [], "{name}");
        assert_eq!(trickled.warnings, [], "{name}");
        assert_eq!(whole.bytes_read, bytes.len() as u64, "{name}");
        assert_eq!(whole.packets, 3, "{name}");
    }
}

#[test]
fn a_file_is_told_by_content_and_not_by_name() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in samples::every_format() {
        let path = dir.path().join("report.pdf");
        std::fs::write(&path, &bytes).unwrap();
        let mut source = super::open(&path).unwrap();
        assert!(matches!(source.batch(Duration::ZERO), Ok(Arrival::Frames(_))), "{name}");
    }
}

#[test]
fn the_progress_bar_does_not_disturb_the_count() {
    let (_, bytes) = samples::every_format().remove(0);
    let mut source = open(io::Cursor::new(bytes)).unwrap();
    let mut progress = super::Progress::new(&["-".into()]);
    while let Arrival::Frames(_) = source.batch(Duration::ZERO).unwrap() {
        progress.batch(&source);
    }
    progress.file_done(&source);
    progress.finish();
    assert_eq!(source.packets(), 3);
}
