//! A capture file, or standard input, as a [`Source`] of frames.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sekisho_decode::LinkType;

use super::Frame;
use super::error::OpenError;
use super::foreign::{self, Foreign};
use super::pcap::{self, PcapReader};
use super::pcapng::{self, PcapngReader};
use super::source::{Arrival, CaptureError, Source};
use super::unpack::{Metered, Packing};
use super::warning::{Fault, Oddity, Warning};
use super::window::Window;

/// The name by which standard input is given.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Frames in a batch: enough that what a batch costs by itself is nothing to a frame, few enough that their
/// records stay in the nearest cache.
const BATCH_FRAMES: usize = 256;

/// How many first bytes an error about a file that is no capture shows.
const SHOWN_HEAD_BYTES: usize = 8;

/// Opens a capture file; `-` is standard input.
pub(crate) fn open(path: &Path) -> Result<FileSource, OpenError> {
    let file = path.display().to_string();
    if path.as_os_str() == STANDARD_INPUT {
        return FileSource::from_reader(file, io::stdin());
    }
    match File::open(path) {
        Ok(opened) => FileSource::from_reader(file, opened),
        Err(source) => Err(OpenError::Open { file, source }),
    }
}

/// The frames of one capture file, and what was wrong with it.
pub(crate) struct FileSource {
    file: String,
    window: Window,
    reader: Reader,
    bytes_read: Arc<AtomicU64>,
    packets: u64,
    /// The batch given last.
    batch: Vec<Record>,
    ended: bool,
    /// What ended the file early.
    fault: Option<Warning>,
    skipped: BTreeMap<Oddity, Tally>,
    /// Bounded by the 65,536 numbers there are.
    undecodable: BTreeMap<u16, Tally>,
}

enum Reader {
    Pcap(PcapReader),
    Pcapng(PcapngReader),
}

/// One packet, by where its bytes stand in the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) time_ns: i64,
    pub(super) link_number: u16,
    pub(super) wire_len: u32,
    pub(super) index: usize,
    pub(super) len: usize,
}

impl Record {
    /// What its first byte belongs to, where that can be decoded.
    #[inline]
    fn link(&self) -> Option<LinkType> {
        LinkType::from_number(self.link_number.into())
    }
}

/// What a reader comes to next.
pub(super) enum Step {
    Packet(Record),
    /// A block that was skipped.
    Odd(Oddity),
    End,
}

/// How often something happened, and where it did first.
#[derive(Clone, Copy, Debug)]
struct Tally {
    offset: u64,
    after_packet: u64,
    count: u64,
}

impl FileSource {
    /// Reads a capture from any stream of bytes; `file` is how errors and warnings call it.
    pub(crate) fn from_reader(file: String, input: impl Read + Send + 'static) -> Result<Self, OpenError> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let mut window = Window::new(Box::new(Metered::new(input, Arc::clone(&bytes_read))));
        // No more than a format needs: a pipe may have written no more yet.
        window.ensure(size_of::<u32>());
        let packing = Packing::of(window.available());
        if let Some(packing) = packing {
            window = Window::new(packing.unpack(window.into_input()));
        }
        let reader = recognise(&file, packing, &mut window)?;
        Ok(Self {
            file,
            window,
            reader,
            bytes_read,
            packets: 0,
            batch: Vec::with_capacity(BATCH_FRAMES),
            ended: false,
            fault: None,
            skipped: BTreeMap::new(),
            undecodable: BTreeMap::new(),
        })
    }

    /// Counts the bytes read of the file so far, packed as it is.
    #[must_use]
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Counts the packets met so far, with those of link types that cannot be decoded.
    #[must_use]
    pub(crate) const fn packets(&self) -> u64 {
        self.packets
    }

    /// Moves on until there is a packet of a link type that can be decoded.
    #[inline]
    fn advance(&mut self) -> Option<Record> {
        while !self.ended {
            let packet = self.step();
            if packet.is_some() {
                return packet;
            }
        }
        None
    }

    /// Moves over what comes next; gives it if it is a packet that can be decoded.
    #[inline]
    fn step(&mut self) -> Option<Record> {
        let step = match &mut self.reader {
            Reader::Pcap(reader) => reader.step(&mut self.window),
            Reader::Pcapng(reader) => reader.step(&mut self.window),
        };
        match step {
            Ok(Step::Packet(record)) => {
                self.packets += 1;
                if record.link().is_some() {
                    return Some(record);
                }
                self.count_undecodable(&record);
            }
            Ok(Step::Odd(why)) => self.count_skipped(why),
            Ok(Step::End) => self.ended = true,
            Err(fault) => self.end_early(fault),
        }
        None
    }

    /// Adds packets to the batch that are in the window already, so that stepping over them moves nothing.
    fn fill(&mut self) {
        match &self.reader {
            Reader::Pcap(reader) => {
                let before = self.batch.len();
                reader.fill(&mut self.window, &mut self.batch);
                self.packets += (self.batch.len() - before) as u64;
            }
            Reader::Pcapng(_) => {
                while self.batch.len() < BATCH_FRAMES && self.is_ready() {
                    let packet = self.step();
                    self.batch.extend(packet);
                }
            }
        }
    }

    /// Tells whether the next block is a packet that is in the window already.
    fn is_ready(&self) -> bool {
        match &self.reader {
            Reader::Pcapng(reader) if !self.ended => reader.is_ready(&self.window),
            Reader::Pcapng(_) | Reader::Pcap(_) => false,
        }
    }

    fn count_undecodable(&mut self, record: &Record) {
        let after_packet = self.packets - 1;
        let offset = self.window.offset_at(record.index);
        let first = Tally { offset, after_packet, count: 0 };
        self.undecodable.entry(record.link_number).or_insert(first).count += 1;
    }

    fn count_skipped(&mut self, why: Oddity) {
        let offset = self.record_offset();
        let first = Tally { offset, after_packet: self.packets, count: 0 };
        self.skipped.entry(why).or_insert(first).count += 1;
    }

    /// Gives the offset of the record or block at which the reader stands.
    const fn record_offset(&self) -> u64 {
        match &self.reader {
            Reader::Pcap(_) => self.window.offset(),
            Reader::Pcapng(reader) => reader.block_offset(),
        }
    }

    #[cold]
    fn end_early(&mut self, fault: Fault) {
        self.ended = true;
        let offset = self.record_offset();
        self.fault = Some(Warning { file: self.file.clone(), offset, after_packet: self.packets, fault });
    }

    fn warning(&self, tally: Tally, fault: Fault) -> Warning {
        let Tally { offset, after_packet, .. } = tally;
        Warning { file: self.file.clone(), offset, after_packet, fault }
    }
}

/// Packets that lie in the window.
pub(crate) struct Batch<'a> {
    window: &'a Window,
    records: slice::Iter<'a, Record>,
    /// The last record's link type: of one file nearly all are of one.
    link: (u16, LinkType),
}

impl<'a> Iterator for Batch<'a> {
    type Item = Frame<'a>;

    #[inline]
    fn next(&mut self) -> Option<Frame<'a>> {
        let record = self.records.next()?;
        let Record { time_ns, link_number, wire_len, index, len } = *record;
        if link_number != self.link.0 {
            // Only what has a link type that can be decoded is put into a batch.
            self.link = (link_number, record.link()?);
        }
        let data = self.window.bytes(index, len);
        Some(Frame { time_ns, link: self.link.1, tci: 0, merged: false, wire_len, data })
    }
}

impl Source for FileSource {
    type Batch<'a> = Batch<'a>;

    fn batch(&mut self, _patience: Duration) -> Result<Arrival<Batch<'_>>, CaptureError> {
        self.batch.clear();
        let Some(first) = self.advance() else { return Ok(Arrival::End) };
        let Some(link) = first.link() else { return Ok(Arrival::Nothing) };
        self.batch.push(first);
        self.fill();
        let link = (first.link_number, link);
        Ok(Arrival::Frames(Batch { window: &self.window, records: self.batch.iter(), link }))
    }

    fn drops(&self) -> u64 {
        match &self.reader {
            Reader::Pcap(_) => 0,
            Reader::Pcapng(reader) => reader.drops(),
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let undecodable = self.undecodable.iter().map(|(number, tally)| {
            self.warning(*tally, Fault::LinkType { number: *number, frames: tally.count })
        });
        let skipped = self
            .skipped
            .iter()
            .map(|(why, tally)| self.warning(*tally, Fault::Skipped { why: *why, blocks: tally.count }));
        undecodable.chain(skipped).chain(self.fault.clone()).collect()
    }
}

/// Tells the format by content and reads its header.
fn recognise(file: &str, packing: Option<Packing>, window: &mut Window) -> Result<Reader, OpenError> {
    window.ensure(size_of::<u32>());
    if PcapReader::is_magic(window.available()) {
        window.ensure(pcap::FILE_HEADER_BYTES);
        let Some(reader) = window.peek().and_then(PcapReader::new) else {
            return Err(header_error(file, packing, window, pcap::FILE_HEADER_BYTES));
        };
        window.consume(pcap::FILE_HEADER_BYTES);
        return Ok(Reader::Pcap(reader));
    }
    if window.available().starts_with(&foreign::PCAPNG_BLOCK_TYPE) {
        if !window.ensure(pcapng::HEAD_BYTES) {
            return Err(header_error(file, packing, window, pcapng::HEAD_BYTES));
        }
        if PcapngReader::is_head(window.available()) {
            return Ok(Reader::Pcapng(PcapngReader::default()));
        }
    }
    window.ensure(foreign::HEAD_BYTES);
    Err(foreign_error(file, packing, window))
}

fn header_error(file: &str, packing: Option<Packing>, window: &mut Window, need: usize) -> OpenError {
    let have = window.available().len() as u64;
    read_error(file, packing, window).unwrap_or(OpenError::HeaderCutOff {
        file: file.to_owned(),
        need: need as u64,
        have,
    })
}

fn foreign_error(file: &str, packing: Option<Packing>, window: &mut Window) -> OpenError {
    // What can be told from the bytes before a failure says more than the failure.
    let found = Foreign::of(window.available());
    if matches!(found, Foreign::Empty | Foreign::Unknown)
        && let Some(error) = read_error(file, packing, window)
    {
        return error;
    }
    let head = window.available().iter().take(SHOWN_HEAD_BYTES).copied().collect();
    OpenError::NotACapture { file: file.to_owned(), packing, found, head }
}

fn read_error(file: &str, packing: Option<Packing>, window: &mut Window) -> Option<OpenError> {
    let source = window.take_failure()?;
    let file = file.to_owned();
    Some(match packing {
        Some(packing) => OpenError::Unpack { file, packing, source },
        None => OpenError::Read { file, source },
    })
}
