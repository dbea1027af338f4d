//! The frames in one block of a TPACKET_V3 ring.
//!
//! ```text
//! block:  version(4) private(4) status(4) packets(4) first(4) length(4) …     <linux/if_packet.h>
//! frame:  next(4) sec(4) nsec(4) captured(4) on_wire(4) status(4) mac(2) net(2)
//!         rxhash(4) tci(4) tpid(2) …                                          tpacket3_hdr
//! ```
//!
//! Numbers are in the machine's byte order; `next` and `mac` count from the frame's header, `first` from
//! the block's. The kernel wrote them, and still none is followed outside of the block.

use std::cell::Cell;

use sekisho_decode::LinkType;

use crate::capture::Frame;

/// Where a block's header holds the count of frames, and the offset of the first.
const PACKETS_AT: usize = 12;
const FIRST_AT: usize = 16;
/// What is read of a frame's header.
const HEADER_BYTES: usize = 36;

/// The header says which VLAN tag the kernel took off the frame.
const STATUS_VLAN_VALID: u32 = 1 << 4;
/// The frame is several TCP segments that an offload merged (Linux 6.3 and later say so).
const STATUS_GSO_TCP: u32 = 1 << 8;

/// An 802.1Q tag is this long.
pub(super) const TAG_BYTES: u32 = 4;

/// What holds for every frame of an interface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) link: LinkType,
    /// The longest frame that can have come over the wire as one, its outer tag included.
    pub(super) longest: u32,
}

/// The frames of one block, in order.
#[derive(Debug)]
pub(crate) struct Frames<'a> {
    block: &'a [u8],
    at: usize,
    left: u32,
    kind: Kind,
    /// Counts blocks that lead outside of themselves.
    damaged: &'a Cell<u64>,
}

impl<'a> Frames<'a> {
    /// Takes a block that the kernel has handed over.
    pub(super) fn new(block: &'a [u8], kind: Kind, damaged: &'a Cell<u64>) -> Self {
        let left = number(block, PACKETS_AT).unwrap_or(0);
        let at = number(block, FIRST_AT).map_or(usize::MAX, |first| first as usize);
        Self { block, at, left, kind, damaged }
    }

    #[cold]
    fn give_up(&mut self) {
        self.left = 0;
        self.damaged.set(self.damaged.get().saturating_add(1));
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    #[inline]
    fn next(&mut self) -> Option<Frame<'a>> {
        if self.left == 0 {
            return None;
        }
        let Some((frame, next)) = frame(self.block, self.at, self.kind) else {
            self.give_up();
            return None;
        };
        self.left -= 1;
        // No step, no progress: frames that named each other as the next would be read for ever.
        match self.at.checked_add(next as usize) {
            Some(at) if next as usize >= HEADER_BYTES => self.at = at,
            Some(_) | None if self.left > 0 => self.give_up(),
            Some(_) | None => {}
        }
        Some(frame)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left as usize))
    }
}

/// Reads the frame whose header is at an offset, and the distance to the next.
#[inline]
fn frame(block: &[u8], at: usize, kind: Kind) -> Option<(Frame<'_>, u32)> {
    let rest = block.get(at..)?;
    let header: &[u8; HEADER_BYTES] = rest.first_chunk()?;
    let [n0, n1, n2, n3, s0, s1, s2, s3, ns0, ns1, ns2, ns3, rest_of_header @ ..] = header;
    let [c0, c1, c2, c3, w0, w1, w2, w3, st0, st1, st2, st3, m0, m1, _, _, variant @ ..] = rest_of_header;
    let [_, _, _, _, t0, t1, t2, t3] = variant;
    let next = u32::from_ne_bytes([*n0, *n1, *n2, *n3]);
    let seconds = u32::from_ne_bytes([*s0, *s1, *s2, *s3]);
    let nanoseconds = u32::from_ne_bytes([*ns0, *ns1, *ns2, *ns3]);
    let captured = u32::from_ne_bytes([*c0, *c1, *c2, *c3]);
    let on_wire = u32::from_ne_bytes([*w0, *w1, *w2, *w3]);
    let status = u32::from_ne_bytes([*st0, *st1, *st2, *st3]);
    let mac = u16::from_ne_bytes([*m0, *m1]);
    let tci = u32::from_ne_bytes([*t0, *t1, *t2, *t3]) as u16;

    let data = rest.get(usize::from(mac)..)?.get(..captured as usize)?;
    let tagged = status & STATUS_VLAN_VALID != 0;
    let wire_len = if tagged { on_wire.saturating_add(TAG_BYTES) } else { on_wire };
    let frame = Frame {
        time_ns: i64::from(seconds) * 1_000_000_000 + i64::from(nanoseconds),
        link: kind.link,
        wire_len,
        data,
        tci: if tagged { tci } else { 0 },
        merged: status & STATUS_GSO_TCP != 0 || wire_len > kind.longest,
    };
    Some((frame, next))
}

fn number(block: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*block.get(at..)?.first_chunk()?))
}
