//! The classic pcap file: a header of 24 bytes, then records of 16 and the captured bytes
//! (draft-ietf-opsawg-pcap §4, §5).
//!
//! Written by hand, as it is the hot path of the import and 16 bytes a packet.

use super::file::{Record, Step};
use super::warning::Fault;
use super::window::{MAX_RECORD_BYTES, Window};

/// The length of the header at the file's start.
pub(super) const FILE_HEADER_BYTES: usize = 24;

/// A record's header: seconds, fraction, captured length, length on the wire.
const RECORD_HEADER_BYTES: usize = 16;

/// The record's header in files of A. Kuznetsov's patch to libpcap, which adds interface, protocol and packet type.
const KUZNETSOV_RECORD_HEADER_BYTES: usize = 24;

/// The largest snapshot length of libpcap (`MAXIMUM_SNAPLEN`) and of Wireshark; a larger record is damage.
const MAX_CAPTURED_BYTES: u32 = 262_144;

const _: () = assert!(MAX_CAPTURED_BYTES as usize + KUZNETSOV_RECORD_HEADER_BYTES <= MAX_RECORD_BYTES);

/// How the records of one file are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct PcapReader {
    big_endian: bool,
    ns_per_fraction: i64,
    record_header_bytes: usize,
    link_number: u16,
}

impl PcapReader {
    /// Tells a pcap by its first bytes: the magic number of either resolution in either byte order.
    pub(super) fn is_magic(head: &[u8]) -> bool {
        head.first_chunk().is_some_and(|magic| Self::layout(*magic).is_some())
    }

    /// Reads the file's header; `None` if its magic is not a pcap's.
    ///
    /// The link-type field carries the frame check sequence's length in its upper bits, which are masked
    /// off: the sequence itself is a trailer that IP lengths exclude (draft-ietf-opsawg-pcap §4).
    pub(super) fn new(header: &[u8; FILE_HEADER_BYTES]) -> Option<Self> {
        let (big_endian, ns_per_fraction, record_header_bytes) = Self::layout(*header.first_chunk()?)?;
        let [.., high, low_high, low_mid, low] = *header;
        let link_number = if big_endian {
            u16::from_be_bytes([low_mid, low])
        } else {
            u16::from_le_bytes([high, low_high])
        };
        Some(Self { big_endian, ns_per_fraction, record_header_bytes, link_number })
    }

    fn layout(magic: [u8; 4]) -> Option<(bool, i64, usize)> {
        let layout = |number| match number {
            0xA1B2_C3D4 => Some((1000, RECORD_HEADER_BYTES)),
            0xA1B2_3C4D => Some((1, RECORD_HEADER_BYTES)),
            0xA1B2_CD34 => Some((1000, KUZNETSOV_RECORD_HEADER_BYTES)),
            _ => None,
        };
        if let Some((ns_per_fraction, header_bytes)) = layout(u32::from_be_bytes(magic)) {
            return Some((true, ns_per_fraction, header_bytes));
        }
        let (ns_per_fraction, header_bytes) = layout(u32::from_le_bytes(magic))?;
        Some((false, ns_per_fraction, header_bytes))
    }

    /// Steps over the records that lie in the window, as many as `records` has room for.
    pub(super) fn fill(self, window: &mut Window, records: &mut Vec<Record>) {
        let start = window.position();
        let mut rest = window.available();
        let mut used = 0;
        while records.len() < records.capacity() {
            let Some(header) = rest.first_chunk::<RECORD_HEADER_BYTES>() else { break };
            let record = self.record(header, start + used);
            let need = self.record_header_bytes + record.len;
            // What is too long is judged where the error can be told.
            if record.len > MAX_CAPTURED_BYTES as usize {
                break;
            }
            let Some(after) = rest.get(need..) else { break };
            records.push(record);
            rest = after;
            used += need;
        }
        window.consume(used);
    }

    /// Reads a record's header at an index of the window.
    #[inline]
    fn record(self, header: &[u8; RECORD_HEADER_BYTES], index: usize) -> Record {
        let [seconds, fraction, captured, wire_len] = words(header, self.big_endian);
        Record {
            // Both are 32 bits wide, so even nonsense stays within 2^63.
            time_ns: i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.ns_per_fraction,
            link_number: self.link_number,
            wire_len: wire_len.max(captured),
            index: index + self.record_header_bytes,
            len: captured as usize,
        }
    }

    /// Steps over one record.
    #[inline]
    pub(super) fn step(self, window: &mut Window) -> Result<Step, Fault> {
        if !window.ensure(self.record_header_bytes) {
            return end(window, self.record_header_bytes);
        }
        let Some(header) = window.peek::<RECORD_HEADER_BYTES>() else {
            return end(window, self.record_header_bytes);
        };
        let record = self.record(header, window.position());
        if record.len > MAX_CAPTURED_BYTES as usize {
            return Err(Fault::TooLong { claimed: record.len as u64, limit: MAX_CAPTURED_BYTES.into() });
        }
        let need = self.record_header_bytes + record.len;
        if !window.ensure(need) {
            return end(window, need);
        }
        // Making room may have moved the record.
        let index = window.consume(need) + self.record_header_bytes;
        Ok(Step::Packet(Record { index, ..record }))
    }
}

/// Splits a record's header into its four fields.
#[inline]
fn words(header: &[u8; RECORD_HEADER_BYTES], big_endian: bool) -> [u32; 4] {
    let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = *header;
    let word = |bytes| if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    [word([a0, a1, a2, a3]), word([b0, b1, b2, b3]), word([c0, c1, c2, c3]), word([d0, d1, d2, d3])]
}

#[cold]
fn end(window: &Window, need: usize) -> Result<Step, Fault> {
    window.shortfall(need as u64).map_or(Ok(Step::End), Err)
}
