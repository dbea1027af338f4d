//! The same packet seen again: on another mirrored VLAN after the core switch routed it, or twice
//! from one port that is mirrored both ways.

use sekisho_decode::{Ip, Link, Upper};

use crate::table::ConnId;
use crate::tuple::fold;

/// Recent packets that are remembered. At 100,000 packets/s they reach 80 ms back; a core switch
/// sends its second copy within one.
const RECENT: usize = 1 << 13;
/// A copy comes within this time. The shortest retransmission timer of any common TCP is 200 ms.
const WINDOW_NS: i64 = 100_000_000;

/// A direct-mapped memory of recent packets.
#[derive(Debug)]
pub(crate) struct Duplicates {
    recent: Vec<Recent>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    mark: u64,
    time_ns: i64,
    conn: ConnId,
    link: u64,
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

    /// Looks a packet up.
    #[inline]
    pub(crate) fn look(&self, mark: u64, time_ns: i64, link: u64, ident: u32) -> Memory {
        let Some(recent) = self.recent.get(mark as usize & (RECENT - 1)) else { return Memory::New };
        if recent.mark != mark || time_ns.wrapping_sub(recent.time_ns).unsigned_abs() > WINDOW_NS as u64 {
            return Memory::New;
        }
        // On the same hop only a packet with an identification of its own can be told from the same
        // thing said twice: a second acknowledgement, a repeated datagram (RFC 6864 §4.1).
        if recent.link == link && ident == 0 { Memory::New } else { Memory::Copy(recent.conn) }
    }

    /// Remembers a packet that was counted.
    #[inline]
    pub(crate) fn remember(&mut self, mark: u64, time_ns: i64, link: u64, conn: ConnId) {
        if let Some(recent) = self.recent.get_mut(mark as usize & (RECENT - 1)) {
            *recent = Recent { mark, time_ns, conn, link };
        }
    }
}

/// Names the hop: VLAN and sender.
#[inline]
pub(crate) fn link_mark(link: &Link) -> u64 {
    let [a, b, c, d, e, f] = link.src.0;
    let [high, low] = link.vlan.to_be_bytes();
    u64::from_be_bytes([high, low, a, b, c, d, e, f])
}

/// Marks what routing leaves as it is: addresses, identification, upper header and payload, of which
/// the checksum speaks; not VLAN, hardware addresses, time to live.
#[inline]
pub(crate) fn packet_mark(tuple_hash: u64, ip: &Ip<'_>) -> u64 {
    let upper = match ip.upper {
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
    fold(tuple_hash ^ upper, fold(u64::from(ip.ident) << 32 | u64::from(ip.wire_len), sender | 1) | 1)
}

fn head(payload: &[u8]) -> u64 {
    payload.first_chunk::<8>().map_or_else(
        || payload.iter().fold(payload.len() as u64, |sum, byte| sum << 8 | u64::from(*byte)),
        |chunk| u64::from_be_bytes(*chunk),
    )
}

fn tail(payload: &[u8]) -> u64 {
    payload.last_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk))
}
