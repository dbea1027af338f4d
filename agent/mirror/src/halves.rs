//! Conns of which one direction was seen, remembered for a while: where the mirror shows each VLAN's
//! incoming frames only, a conn's two directions come as two halves on two VLANs.

use sekisho_track::{Conn, Tuple};

/// Halves that are remembered. Both end within seconds of each other, so this reaches back far enough
/// at 1,000 ending conns a second.
const REMEMBERED: usize = 1 << 12;

/// One direction of a conn, without the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half {
    /// From the sender that was seen.
    tuple: Tuple,
    first_ns: i64,
    last_ns: i64,
    /// The VLAN that it was seen on.
    pub(crate) vlan: u16,
    /// Whether the opener's direction is the one that was seen.
    pub(crate) by_orig: bool,
}

impl Half {
    /// Takes a conn of which only orig's, or only resp's, direction was seen.
    pub(crate) fn of<X>(conn: &Conn<X>, by_orig: bool) -> Self {
        let tuple = if by_orig { conn.tuple } else { conn.tuple.reversed() };
        Self { tuple, first_ns: conn.first_ns, last_ns: conn.last_ns, vlan: conn.vlan, by_orig }
    }

    /// Tells whether the other is the missing direction of this.
    fn completes(&self, other: &Self) -> bool {
        self.tuple == other.tuple.reversed()
            && self.first_ns <= other.last_ns
            && other.first_ns <= self.last_ns
    }
}

/// A direct-mapped memory of halves; a newer one takes the place of an older.
#[derive(Clone, Debug, Default)]
pub(crate) struct Halves {
    /// Empty until the first half comes: a good mirror shows few.
    places: Vec<Option<Half>>,
}

impl Halves {
    /// Gives the other half of this, if it came before; else remembers this one.
    pub(crate) fn meet(&mut self, half: &Half) -> Option<Half> {
        if self.places.is_empty() {
            self.places = vec![None; REMEMBERED];
        }
        let place = self.places.get_mut(slot(&half.tuple))?;
        if place.is_some_and(|other| other.completes(half)) {
            return place.take();
        }
        *place = Some(*half);
        None
    }
}

/// Both directions of a conn have one place: a sum does not care which end is which.
fn slot(tuple: &Tuple) -> usize {
    let end = |bits: u128, port: u16| {
        let folded = (bits as u64 ^ (bits >> 64) as u64) << 16 ^ u64::from(port);
        folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
    };
    let sum = end(tuple.src.bits(), tuple.src_port).wrapping_add(end(tuple.dst.bits(), tuple.dst_port));
    sum as usize & (REMEMBERED - 1)
}
