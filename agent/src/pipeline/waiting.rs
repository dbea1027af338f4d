//! A frame that is decoded and waits for its turn, while others are read ahead of it.

use sekisho_decode::{Body, DecodeError, Packet, decode_into};
use sekisho_track::Mark;

use crate::capture::Frame;

/// A frame that is decoded and waits for its turn.
#[derive(Clone, Copy)]
pub(super) struct Waiting<'a> {
    pub(super) time_ns: i64,
    pub(super) wire_len: u32,
    pub(super) captured: u32,
    pub(super) merged: bool,
    /// What the table's index gave at a glance.
    pub(super) glance: u32,
    pub(super) mark: Mark,
    pub(super) packet: Packet<'a>,
    /// Why it could not be decoded.
    pub(super) error: Option<DecodeError>,
}

impl<'a> Waiting<'a> {
    pub(super) const NONE: Self = Self {
        time_ns: 0,
        wire_len: 0,
        captured: 0,
        merged: false,
        glance: 0,
        mark: Mark::NONE,
        packet: Packet::EMPTY,
        error: None,
    };

    /// Decodes a frame into this place.
    #[inline]
    pub(super) fn take(&mut self, frame: &Frame<'a>) {
        let Frame { time_ns, link, wire_len, data, tci, merged } = *frame;
        self.time_ns = time_ns;
        self.wire_len = wire_len;
        self.captured = data.len() as u32;
        self.merged = merged;
        self.error = None;
        if let Err(error) = decode_into(link, tci, data, wire_len, &mut self.packet) {
            self.fail(error);
        }
        if let Packet { link, body: Body::Ip(ip) } = &self.packet {
            self.mark = Mark::of(link, ip);
        }
    }

    /// Apart, for a good frame is not to pay for it.
    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: DecodeError) {
        self.error = Some(error);
    }
}
