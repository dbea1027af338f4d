//! The pcapng file: blocks that carry their length at both ends, in sections with interfaces of their own
//! (draft-ietf-opsawg-pcapng §3, §4).
//!
//! Blocks are framed here, so that their lengths are checked before anything is held or parsed, and those
//! that say nothing about frames are stepped over unread. Packets are read by hand, the other blocks by
//! pcap-parser. A block whose framing holds but whose body does not is skipped and counted; one whose framing
//! is broken ends the file.

use pcap_parser::pcapng::{EPB_MAGIC, IDB_MAGIC, ISB_MAGIC, SHB_MAGIC, SPB_MAGIC};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, InterfaceStatisticsBlock, SectionHeaderBlock, SimplePacketBlock};
use pcap_parser::{parse_block_be, parse_block_le};

use super::file::{Record, Step};
use super::interface::{self, Interface};
use super::warning::{Fault, Oddity};
use super::window::{MAX_RECORD_BYTES, Window};

/// The bytes that tell a pcapng: block type, length and byte-order magic of the first section header.
pub(super) const HEAD_BYTES: usize = 12;

/// The obsolete Packet Block (draft-ietf-opsawg-pcapng, appendix A), which pcap-parser hands over unread.
const PB_MAGIC: u32 = 0x0000_0002;

/// Where the captured bytes start in Enhanced and obsolete Packet Blocks.
const PACKET_OFFSET: usize = 28;

/// Where the captured bytes start in a Simple Packet Block.
const SIMPLE_PACKET_OFFSET: usize = 12;

/// A block's type and its length at both ends, around an empty body.
const MIN_BLOCK_BYTES: u32 = 12;

/// The second copy of a block's length.
const TRAILER_BYTES: usize = 4;

const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;

/// How many interfaces a section may describe. Merged files have dozens, a hostile one as many as it has
/// bytes; packets of those beyond are skipped and counted.
const MAX_INTERFACES: usize = 65_536;

/// The state of the section being read.
#[derive(Debug, Default)]
pub(super) struct PcapngReader {
    big_endian: bool,
    /// `None` holds the number of a block that could not be read.
    interfaces: Vec<Option<Interface>>,
    /// Losses in the sections before this one.
    earlier_drops: u64,
    /// Where in the stream the block being read starts.
    block_offset: u64,
    /// Simple Packet Blocks carry no time: they get that of the packet before.
    last_time_ns: i64,
}

impl PcapngReader {
    /// Tells a pcapng by its first bytes: a section header's type, which a text could begin with, and its
    /// byte-order magic.
    pub(super) fn is_head(head: &[u8]) -> bool {
        let Some([0x0A, 0x0D, 0x0D, 0x0A, _, _, _, _, magic @ ..]) = head.first_chunk::<HEAD_BYTES>() else {
            return false;
        };
        is_big_endian(*magic).is_some()
    }

    /// Counts what the capturing machine says it lost, over all interfaces and sections.
    pub(super) fn drops(&self) -> u64 {
        let here = self.interfaces.iter().flatten().map(Interface::drops);
        here.fold(self.earlier_drops, u64::saturating_add)
    }

    /// Gives the offset in the stream of the block that was read last.
    pub(super) const fn block_offset(&self) -> u64 {
        self.block_offset
    }

    /// Tells whether the next block is a packet that lies in the window.
    pub(super) fn is_ready(&self, window: &Window) -> bool {
        let Some([k0, k1, k2, k3, l0, l1, l2, l3, ..]) = window.peek::<HEAD_BYTES>() else { return false };
        let [kind, len] = [[*k0, *k1, *k2, *k3], [*l0, *l1, *l2, *l3]].map(|bytes| self.u32(bytes));
        kind == EPB_MAGIC && window.available().len() >= len as usize
    }

    /// Reads blocks up to the next packet.
    pub(super) fn step(&mut self, window: &mut Window) -> Result<Step, Fault> {
        loop {
            self.block_offset = window.offset();
            if !window.ensure(HEAD_BYTES) {
                return window.shortfall(HEAD_BYTES as u64).map_or(Ok(Step::End), Err);
            }
            let Some([kind @ .., l0, l1, l2, l3, m0, m1, m2, m3]) = window.peek::<HEAD_BYTES>() else {
                return Ok(Step::End);
            };
            let (kind, len, magic) = (*kind, [*l0, *l1, *l2, *l3], [*m0, *m1, *m2, *m3]);
            // The type of a section header reads the same in both byte orders, so that its own can follow.
            if u32::from_le_bytes(kind) == SHB_MAGIC {
                let Some(big_endian) = is_big_endian(magic) else {
                    return Err(Fault::ByteOrder { magic: u32::from_be_bytes(magic) });
                };
                self.big_endian = big_endian;
            }
            if let Some(step) = self.block(window, self.u32(kind), self.u32(len))? {
                return Ok(step);
            }
        }
    }

    /// Consumes one block; `None` if it was one that only changes the state.
    fn block(&mut self, window: &mut Window, kind: u32, len: u32) -> Result<Option<Step>, Fault> {
        if len < MIN_BLOCK_BYTES {
            return Err(Fault::BlockLength { leading: len, trailing: None });
        }
        if !matches!(kind, SHB_MAGIC | IDB_MAGIC | PB_MAGIC | SPB_MAGIC | ISB_MAGIC | EPB_MAGIC) {
            return self.step_over(window, len);
        }
        let need = len as usize;
        if need > MAX_RECORD_BYTES {
            return Err(Fault::TooLong { claimed: len.into(), limit: MAX_RECORD_BYTES as u64 });
        }
        if !window.ensure(need) {
            return window.shortfall(len.into()).map_or(Ok(Some(Step::End)), Err);
        }
        let index = window.consume(need);
        let bytes = window.bytes(index, need);
        let trailing = bytes.last_chunk().map(|bytes| self.u32(*bytes));
        if trailing != Some(len) {
            return Err(Fault::BlockLength { leading: len, trailing });
        }
        match self.content(kind, bytes, index)? {
            Ok(step) => Ok(step),
            Err(why) => Ok(Some(Step::Odd(why))),
        }
    }

    /// Steps over a block that says nothing about frames: names, secrets, journals, other programs' own.
    fn step_over(&self, window: &mut Window, len: u32) -> Result<Option<Step>, Fault> {
        let body = u64::from(len) - TRAILER_BYTES as u64;
        if !window.skip(body) || !window.ensure(TRAILER_BYTES) {
            let have = window.offset() + window.available().len() as u64 - self.block_offset;
            let cut_off = Fault::CutOff { need: len.into(), have };
            return Err(match window.shortfall(len.into()) {
                Some(Fault::CutOff { .. }) | None => cut_off,
                Some(failure) => failure,
            });
        }
        let trailing = window.peek().map(|bytes| self.u32(*bytes));
        if trailing != Some(len) {
            return Err(Fault::BlockLength { leading: len, trailing });
        }
        window.consume(TRAILER_BYTES);
        Ok(None)
    }

    /// Takes a whole block apart. The outer error ends the file, the inner one costs this block.
    fn content(
        &mut self,
        kind: u32,
        bytes: &[u8],
        index: usize,
    ) -> Result<Result<Option<Step>, Oddity>, Fault> {
        if matches!(kind, EPB_MAGIC | PB_MAGIC) {
            return Ok(self.packet(kind, bytes, index).map(Some));
        }
        Ok(match self.parse(bytes) {
            Some(Block::SimplePacket(block)) => self.simple_packet(&block, index).map(Some),
            Some(Block::InterfaceDescription(block)) => {
                let interface = Interface::new(&block, self.big_endian);
                self.describe(Some(interface));
                Ok(None)
            }
            Some(Block::InterfaceStatistics(block)) => self.statistics(&block).map(|()| None),
            Some(Block::SectionHeader(block)) => {
                self.begin_section(&block)?;
                Ok(None)
            }
            _ => {
                if kind == IDB_MAGIC {
                    // Its number is taken even so, and the ones after it count on.
                    self.describe(None);
                }
                Err(Oddity::Malformed)
            }
        })
    }

    fn parse<'a>(&self, bytes: &'a [u8]) -> Option<Block<'a>> {
        let parse = if self.big_endian { parse_block_be } else { parse_block_le };
        parse(bytes).ok().map(|(_, block)| block)
    }

    fn begin_section(&mut self, block: &SectionHeaderBlock) -> Result<(), Fault> {
        let (major, minor) = (block.major_version, block.minor_version);
        if major != 1 {
            return Err(Fault::SectionVersion { major, minor });
        }
        self.earlier_drops = self.drops();
        self.interfaces.clear();
        Ok(())
    }

    fn describe(&mut self, interface: Option<Interface>) {
        if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.push(interface);
        }
    }

    fn interface(&mut self, number: u32) -> Result<&mut Interface, Oddity> {
        let found = self.interfaces.get_mut(number as usize).and_then(Option::as_mut);
        found.ok_or(Oddity::UndescribedInterface)
    }

    fn statistics(&mut self, block: &InterfaceStatisticsBlock) -> Result<(), Oddity> {
        let big_endian = self.big_endian;
        self.interface(block.if_id)?.take_statistics(block, big_endian);
        Ok(())
    }

    /// Reads an Enhanced Packet Block (§4.3) or the obsolete Packet Block, which differ in the first field.
    ///
    /// Read by hand, as this is the hot path; options, which are rare, go through pcap-parser.
    fn packet(&mut self, kind: u32, bytes: &[u8], index: usize) -> Result<Step, Oddity> {
        let Some((head, rest)) = bytes.split_first_chunk::<PACKET_OFFSET>() else {
            return Err(Oddity::Malformed);
        };
        let [_, _, numbers, high, low, captured, wire_len] = *head.as_chunks().0 else {
            return Err(Oddity::Malformed);
        };
        let [high, low, captured, wire_len] = [high, low, captured, wire_len].map(|bytes| self.u32(bytes));
        let len = captured as usize;
        if len > rest.len() {
            return Err(Oddity::Malformed);
        }
        // What follows the captured bytes is padding to 32 bits, options and the length's second copy.
        let Some(after) = rest.len().checked_sub(len.next_multiple_of(4) + TRAILER_BYTES) else {
            return Err(Oddity::Malformed);
        };
        let (number, drops) = if kind == EPB_MAGIC {
            (self.u32(numbers), if after > 0 { self.dropcount(bytes) } else { 0 })
        } else {
            let [n0, n1, d0, d1] = numbers;
            // 0xFFFF says that the count is not known.
            let drops = Some(self.u16([d0, d1])).filter(|drops| *drops != u16::MAX);
            (self.u16([n0, n1]).into(), drops.unwrap_or(0).into())
        };
        let interface = self.interface(number)?;
        interface.note_drops(drops);
        let time_ns = interface.clock.time_ns(u64::from(high) << 32 | u64::from(low));
        let link_number = interface.link_number;
        self.last_time_ns = time_ns;
        let wire_len = wire_len.max(captured);
        Ok(Step::Packet(Record { time_ns, link_number, wire_len, index: index + PACKET_OFFSET, len }))
    }

    /// Gives the count of packets lost before this one, if the packet has an option that tells.
    fn dropcount(&self, bytes: &[u8]) -> u64 {
        let Some(Block::EnhancedPacket(block)) = self.parse(bytes) else { return 0 };
        interface::dropcount(&block.options, self.big_endian).unwrap_or(0)
    }

    fn simple_packet(&mut self, block: &SimplePacketBlock, index: usize) -> Result<Step, Oddity> {
        let time_ns = self.last_time_ns;
        let interface = self.interface(0)?;
        let link_number = interface.link_number;
        let snaplen = if interface.snaplen == 0 { usize::MAX } else { interface.snaplen as usize };
        // The captured length is not written: it is the shorter of packet and snaplen.
        let len = block.packet_data().len().min(snaplen);
        let index = index + SIMPLE_PACKET_OFFSET;
        Ok(Step::Packet(Record { time_ns, link_number, wire_len: block.origlen, index, len }))
    }

    fn u32(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn u16(&self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }
}

fn is_big_endian(magic: [u8; 4]) -> Option<bool> {
    if magic == BYTE_ORDER_MAGIC.to_be_bytes() {
        return Some(true);
    }
    (magic == BYTE_ORDER_MAGIC.to_le_bytes()).then_some(false)
}
