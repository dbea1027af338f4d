//! The same packet seen again: on another mirrored VLAN after the core switch routed it, or twice
//! from one port that is mirrored both ways.

use sekisho_decode::{Addr, Brief, Ip, Link, MacAddr};

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
    /// Of known size: no place in it is beyond its end, and none has to be asked whether it is.
    recent: Box<[Recent; RECENT]>,
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
    #[expect(clippy::large_stack_arrays, reason = "once, 128 KiB, and only where nothing is optimised")]
    pub(crate) fn new() -> Self {
        Self { recent: Box::new([Recent::default(); RECENT]) }
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

/// Names the hop: VLAN, receiver and sender; never 0.
#[inline]
pub(crate) const fn hop_mark(macs: [u8; 12], vlan: u16) -> u32 {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = macs;
    let one = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let other = u32::from_le_bytes([i, j, k, l]) as u64 | (vlan as u64) << 32;
    (fold(one ^ 0x9e37_79b9_7f4a_7c15, other ^ 0x5aa5_0000_0000_0000) >> 32) as u32 | 1
}

/// A link's hardware addresses as a frame has them: receiver, then sender.
pub(crate) const fn macs(link: &Link) -> [u8; 12] {
    let (MacAddr([a, b, c, d, e, f]), MacAddr([g, h, i, j, k, l])) = (link.dst, link.src);
    [a, b, c, d, e, f, g, h, i, j, k, l]
}

/// What routing leaves as it is of a packet, beside its ends.
pub(crate) struct Same {
    pub(crate) src: Addr,
    pub(crate) protocol: u8,
    pub(crate) ident: u32,
    pub(crate) wire_len: u32,
    /// Of the upper header, and of the payload where no checksum speaks of it.
    pub(crate) own: u64,
}

impl Same {
    pub(crate) fn of(ip: &Ip<'_>) -> Self {
        Self { src: ip.src, protocol: ip.protocol, ident: ip.ident, wire_len: ip.wire_len, own: ip.own() }
    }

    #[inline]
    pub(crate) const fn of_brief(brief: &Brief) -> Self {
        let Brief { src, protocol, ident, wire_len, own, .. } = *brief;
        Self { src, protocol, ident, wire_len, own }
    }

    /// Marks the packet: not VLAN, hardware addresses, time to live.
    #[inline]
    pub(crate) const fn mark(&self, ends: Ends) -> u64 {
        // The sender, lest a reply that says the same be taken for a copy.
        let sender = self.src.bits() as u64;
        let packet = (self.ident as u64) << 32 | (self.wire_len as u64) << 8 | self.protocol as u64;
        ends.with(self.own, packet ^ sender.rotate_left(23))
    }
}
