//! What is kept of a conn whose protocol is not known yet.

use super::Glimpse;
use super::candidates::Candidates;
use crate::datagrams::Gathered;
use crate::handshakes::Shape;
use crate::stream::Stream;
use crate::{HEAD_BYTES, Over, Sight};

/// What a spare watch keeps of each buffer: a ClientHello fits.
const SPARE_BUFFER_BYTES: usize = 2048;

/// What an unsettled conn sent so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) candidates: Candidates,
    streams: [Stream; 2],
    heads: [Head; 2],
    gathered: [Gathered; 2],
    pub(super) shape: Option<Box<Shape>>,
}

impl Watch {
    /// Takes a payload; tells whether there is something new to look at.
    pub(super) fn offer(&mut self, glimpse: &Glimpse<'_>) -> bool {
        let (side, _) = glimpse.sides();
        if glimpse.over == Over::Tcp {
            return self
                .streams
                .get_mut(side)
                .is_some_and(|stream| stream.offer(glimpse.seq, glimpse.payload));
        }
        if let Some(head) = self.heads.get_mut(side) {
            head.keep(glimpse.payload);
        }
        true
    }

    /// Keeps a datagram that belongs together with the next, where there is room.
    pub(super) fn gather(&mut self, glimpse: &Glimpse<'_>) {
        let (side, _) = glimpse.sides();
        if let Some(gathered) = self.gathered.get_mut(side) {
            gathered.keep(glimpse.payload);
        }
    }

    /// Tells whether datagrams are kept that belong together with what comes.
    pub(super) fn has_gathered(&self) -> bool {
        self.gathered.iter().any(|gathered| gathered.held() > 0)
    }

    /// Follows a conn whose direction turned out to be the other.
    pub(super) fn flip(&mut self) {
        self.streams.swap(0, 1);
        self.heads.swap(0, 1);
        self.gathered.swap(0, 1);
    }

    /// Shows what came before beside a payload.
    pub(super) fn sight<'a>(&'a self, glimpse: &Glimpse<'a>) -> Sight<'a> {
        let (side, peer) = glimpse.sides();
        let stream = |side: usize| self.streams.get(side).map_or(&[][..], Stream::data);
        if glimpse.over == Over::Tcp {
            glimpse.sight(stream(side), stream(peer))
        } else {
            let before = self.gathered.get(side).map(Gathered::datagrams).unwrap_or_default();
            let head = |side: usize| self.heads.get(side).map_or(&[][..], Head::bytes);
            let (first, head) = (head(side), head(peer));
            Sight { first, before, ..glimpse.sight(glimpse.payload, head) }
        }
    }

    /// Tells whether a side's stream has all that is read of it.
    pub(super) fn is_full(&self, glimpse: &Glimpse<'_>) -> bool {
        let (side, _) = glimpse.sides();
        glimpse.over == Over::Tcp && self.streams.get(side).is_some_and(Stream::is_full)
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        let streams: usize = self.streams.iter().map(Stream::held).sum();
        streams + self.gathered.iter().map(Gathered::held).sum::<usize>()
    }

    /// Forgets the conn, and keeps buffers for the next.
    pub(super) fn clear(&mut self) {
        for stream in &mut self.streams {
            stream.clear();
            stream.shrink_to(SPARE_BUFFER_BYTES);
        }
        self.heads = [Head::default(); 2];
        for gathered in &mut self.gathered {
            gathered.clear(SPARE_BUFFER_BYTES);
        }
    }
}

/// The start of a side's first datagram.
#[derive(Clone, Copy, Debug)]
struct Head {
    bytes: [u8; HEAD_BYTES],
    len: u8,
}

impl Default for Head {
    fn default() -> Self {
        Self { bytes: [0; HEAD_BYTES], len: 0 }
    }
}

impl Head {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn keep(&mut self, payload: &[u8]) {
        if self.len > 0 {
            return;
        }
        for (place, byte) in self.bytes.iter_mut().zip(payload) {
            *place = *byte;
            self.len += 1;
        }
    }
}
