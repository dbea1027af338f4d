//! Which conn a later fragment belongs to: it has no ports of its own.

use sekisho_decode::Ip;

use crate::table::ConnId;
use crate::tuple::fold;

/// Fragmented datagrams that are remembered. Reassembly ends within a minute (RFC 1122 §3.3.2), and
/// fragments of one datagram follow each other within milliseconds.
const RECENT: usize = 1 << 10;

/// A direct-mapped memory of first fragments.
#[derive(Debug)]
pub(crate) struct Fragments {
    recent: Vec<(u64, ConnId)>,
}

impl Fragments {
    pub(crate) fn new() -> Self {
        Self { recent: vec![(0, ConnId::default()); RECENT] }
    }

    pub(crate) fn remember(&mut self, ip: &Ip<'_>, conn: ConnId) {
        let mark = mark(ip);
        if let Some(recent) = self.recent.get_mut(mark as usize & (RECENT - 1)) {
            *recent = (mark, conn);
        }
    }

    pub(crate) fn conn_of(&self, ip: &Ip<'_>) -> Option<ConnId> {
        let mark = mark(ip);
        let (recent, conn) = *self.recent.get(mark as usize & (RECENT - 1))?;
        (recent == mark).then_some(conn)
    }
}

/// A datagram's identity (RFC 791 §3.2, RFC 8200 §4.5).
fn mark(ip: &Ip<'_>) -> u64 {
    let (src, dst) = (ip.src.bits(), ip.dst.bits());
    let ends = fold(
        src as u64 ^ (src >> 64) as u64 | 1 << 63,
        dst as u64 ^ (dst >> 64) as u64 ^ 0x9e37_79b9_7f4a_7c15,
    );
    fold(ends, u64::from(ip.ident) << 8 | u64::from(ip.protocol) | 1 << 62) | 1
}
