//! The same packet seen again: on another mirrored VLAN after the core switch routed it, or twice
//! from one port that is mirrored both ways.

use sekisho_decode::{Ip, Link, Upper};

use crate::table::ConnId;
use crate::tuple::{Ends, fold};

/// Recent packets that are remembered. At 100,000 packets/s they reach 80 ms back; a core switch
/// sends its second copy within one.
const RECENT: usize = 1 << 13;
/// A copy comes within this time. The shortest retransmission timer of any common TCP is 200 ms.
const WINDOW_NS: i64 = 100_000_000;
/// The memory's tick: 2^20 ns, about a millisecond.
const TICK_BITS: u32 = 20;
/// The window in ticks.
const WINDOW: u32 = (WINDOW_NS >> TICK_BITS).cast_unsigned() as u32;

/// A direct-mapped memory of recent packets, small enough for the second cache.
#[derive(Debug)]
pub(crate) struct Duplicates {
    recent: Vec<Recent>,
}

/// A packet, in sixteen bytes. A tag that matches by chance still has to match its conn's tuple.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    tag: u32,
    tick: u32,
    link: u32,
    conn: ConnId,
}

/// What the memory says of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Memory {
    /// Not seen before.
    New,
    /// Seen before, as a packet of this conn.
    Copy(ConnId),
}

impl Duplicates {
    pub(crate) fn new() -> Self {
        Self { recent: vec![Recent::default(); RECENT] }
    }

    /// Reads a packet's place, so that it is in the cache when it is looked up.
    #[inline]
    pub(crate) fn glance(&self, mark: u64) -> u32 {
        self.recent.get(slot(mark)).map_or(0, |recent| recent.tick)
    }

    /// Looks a packet up.
    #[inline]
    pub(crate) fn look(&self, mark: u64, time_ns: i64, link: u32, ident: u32) -> Memory {
        let Some(recent) = self.recent.get(slot(mark)) else { return Memory::New };
        let age = tick(time_ns).wrapping_sub(recent.tick).cast_signed().unsigned_abs();
        if recent.tag != tag(mark) || age > WINDOW {
            return Memory::New;
        }
        // On the same hop only a packet with an identification of its own can be told from the same
        // thing said twice: a second acknowledgement, a repeated datagram (RFC 6864 §4.1).
        if recent.link == link && ident == 0 { Memory::New } else { Memory::Copy(recent.conn) }
    }

    /// Remembers a packet that was counted.
    #[inline]
    pub(crate) fn remember(&mut self, mark: u64, time_ns: i64, link: u32, conn: ConnId) {
        if let Some(recent) = self.recent.get_mut(slot(mark)) {
            *recent = Recent { tag: tag(mark), tick: tick(time_ns), link, conn };
        }
    }
}

#[inline]
const fn slot(mark: u64) -> usize {
    mark as usize & (RECENT - 1)
}

/// The half of the mark that the slot does not use; never 0, which is an empty place.
#[inline]
const fn tag(mark: u64) -> u32 {
    (mark >> 32) as u32 | 1
}

#[inline]
const fn tick(time_ns: i64) -> u32 {
    (time_ns >> TICK_BITS).cast_unsigned() as u32
}

/// Names the hop: VLAN, sender and receiver; never 0.
#[inline]
pub(crate) fn hop_mark(link: &Link) -> u32 {
    let number = |[a, b, c, d, e, f]: [u8; 6]| {
        u64::from(u32::from_le_bytes([a, b, c, d])) | u64::from(u16::from_le_bytes([e, f])) << 32
    };
    let from = number(link.src.0) | u64::from(link.vlan) << 48;
    let towards = number(link.dst.0);
    (fold(from ^ 0x9e37_79b9_7f4a_7c15, towards ^ 0x5aa5_0000_0000_0000) >> 32) as u32 | 1
}

/// Marks what routing leaves as it is: addresses, identification, upper header and payload, of which
/// the checksum speaks; not VLAN, hardware addresses, time to live.
#[inline]
pub(crate) fn packet_mark(ends: Ends, ip: &Ip<'_>) -> u64 {
    let upper = match &ip.upper {
        Upper::Tcp(tcp) => {
            u64::from(tcp.seq) << 32
                ^ u64::from(tcp.ack)
                ^ u64::from(tcp.checksum) << 24
                ^ u64::from(tcp.flags) << 16
        }
        Upper::Udp(udp) => u64::from(udp.checksum) << 48 ^ head(ip.payload),
        Upper::Icmp(icmp) => u64::from(icmp.checksum) << 48 ^ u64::from(icmp.kind) << 40 ^ head(ip.payload),
        Upper::Esp(esp) => u64::from(esp.spi) << 32 | u64::from(esp.seq),
        Upper::Ah(ah) => u64::from(ah.spi) << 32 | u64::from(ah.seq),
        Upper::Gre(_) | Upper::Other => head(ip.payload) ^ tail(ip.payload).rotate_left(7),
    };
    // The sender, lest a reply that says the same be taken for a copy.
    let sender = ip.src.bits() as u64;
    let own = u64::from(ip.ident) << 32 | u64::from(ip.wire_len) << 8 | u64::from(ip.protocol);
    ends.with(upper, own ^ sender.rotate_left(23))
}

#[inline]
fn head(payload: &[u8]) -> u64 {
    payload.first_chunk::<8>().map_or_else(
        || payload.iter().fold(payload.len() as u64, |sum, byte| sum << 8 | u64::from(*byte)),
        |chunk| u64::from_be_bytes(*chunk),
    )
}

#[inline]
fn tail(payload: &[u8]) -> u64 {
    payload.last_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk))
}
