//! What a pcapng Interface Description Block says about the packets that name it, and what the capturing
//! machine says it lost there (draft-ietf-opsawg-pcapng §4.2, §4.6).

use pcap_parser::pcapng::PcapNGOption;
use pcap_parser::{InterfaceDescriptionBlock, InterfaceStatisticsBlock, OptionCode};

/// The option of an Enhanced Packet Block that counts losses since the packet before it.
const EPB_DROPCOUNT: OptionCode = OptionCode(4);

/// The resolution of timestamps where none is given: 10^-6 s.
const DEFAULT_TSRESOL: u8 = 6;

/// One interface of a section.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) link_number: u16,
    /// The longest captured length, 0 for no limit; Simple Packet Blocks need it.
    pub(super) snaplen: u32,
    pub(super) clock: Clock,
    /// Losses as the interface's last statistics give them, from the capture's start on.
    reported_drops: u64,
    /// Losses as the packets give them, each since the one before.
    noted_drops: u64,
}

impl Interface {
    pub(super) fn new(block: &InterfaceDescriptionBlock, big_endian: bool) -> Self {
        let resolution = option(&block.options, OptionCode::IfTsresol).and_then(<[u8]>::first);
        let offset_s =
            option(&block.options, OptionCode::IfTsoffset).and_then(|value| number(value, big_endian));
        Self {
            // The block's field is 16 bits wide; pcap-parser widens it.
            link_number: u16::try_from(block.linktype.0).unwrap_or(u16::MAX),
            snaplen: block.snaplen,
            clock: Clock::new(*resolution.unwrap_or(&DEFAULT_TSRESOL), offset_s.unwrap_or(0).cast_signed()),
            reported_drops: 0,
            noted_drops: 0,
        }
    }

    /// Takes the counts of an Interface Statistics Block. They are totals, so the last block wins.
    pub(super) fn take_statistics(&mut self, block: &InterfaceStatisticsBlock, big_endian: bool) {
        let counts = [OptionCode::IsbIfDrop, OptionCode::IsbOsDrop].map(|code| {
            let count = option(&block.options, code).and_then(|value| number(value, big_endian));
            // All ones is how programs write "not known".
            count.filter(|count| *count != u64::MAX).unwrap_or(0)
        });
        self.reported_drops = counts.into_iter().fold(0, u64::saturating_add);
    }

    /// Takes a count of packets lost since the one before.
    pub(super) fn note_drops(&mut self, count: u64) {
        self.noted_drops = self.noted_drops.saturating_add(count);
    }

    /// Counts what was lost; a file that says it both ways means the same losses.
    pub(super) fn drops(&self) -> u64 {
        self.reported_drops.max(self.noted_drops)
    }
}

/// Reads the `epb_dropcount` option of an Enhanced Packet Block: packets lost since the one before.
pub(super) fn dropcount(options: &[PcapNGOption], big_endian: bool) -> Option<u64> {
    option(options, EPB_DROPCOUNT).and_then(|value| number(value, big_endian))
}

/// How an interface's timestamps become nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    tick: Tick,
    offset_ns: i64,
}

#[derive(Clone, Copy, Debug)]
enum Tick {
    /// This many nanoseconds.
    Nanoseconds(u64),
    /// This many make a nanosecond.
    PerNanosecond(u64),
    /// 2 to this power make a second.
    BinaryFraction(u32),
}

impl Clock {
    /// Reads `if_tsresol`: a negative power of 10, or of 2 if the highest bit is set, and `if_tsoffset` in seconds.
    pub(super) fn new(resolution: u8, offset_s: i64) -> Self {
        let exponent = u32::from(resolution & 0x7F);
        let tick = match (resolution & 0x80 != 0, exponent) {
            (true, _) => Tick::BinaryFraction(exponent),
            (false, 0..=9) => Tick::Nanoseconds(10_u64.pow(9 - exponent)),
            // Where all ticks that can be written make less than one, they count as none.
            (false, _) => 10_u64.checked_pow(exponent - 9).map_or(Tick::Nanoseconds(0), Tick::PerNanosecond),
        };
        Self { tick, offset_ns: offset_s.saturating_mul(1_000_000_000) }
    }

    /// Converts a timestamp; one outside of what nanoseconds can hold (1677 to 2262) becomes the nearest
    /// that they can.
    #[inline]
    pub(super) fn time_ns(self, ticks: u64) -> i64 {
        let since_offset = match self.tick {
            Tick::Nanoseconds(ns) => ticks.saturating_mul(ns),
            Tick::PerNanosecond(ticks_per_ns) => ticks / ticks_per_ns,
            Tick::BinaryFraction(bits) => {
                u64::try_from((u128::from(ticks) * 1_000_000_000) >> bits).unwrap_or(u64::MAX)
            }
        };
        i64::try_from(since_offset).unwrap_or(i64::MAX).saturating_add(self.offset_ns)
    }
}

/// Gives an option's value without its padding.
///
/// pcap-parser's own accessors read numbers as little-endian in every section and refuse binary
/// resolutions, so the values are read here.
fn option<'a>(options: &'a [PcapNGOption], code: OptionCode) -> Option<&'a [u8]> {
    options.iter().find(|option| option.code == code)?.as_bytes().ok()
}

fn number(value: &[u8], big_endian: bool) -> Option<u64> {
    let bytes = value.try_into().ok()?;
    Some(if big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
}
