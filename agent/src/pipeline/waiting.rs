//! A frame that waits for its turn, while others are read ahead of it.

use sekisho_decode::{Brief, LinkType};
use sekisho_track::Mark;

use crate::capture::Frame;

/// A frame that waits for its turn.
#[derive(Clone, Copy)]
pub(super) struct Waiting<'a> {
    pub(super) frame: Frame<'a>,
    /// Its headers, where it is one of those that nearly all are.
    pub(super) brief: Brief,
    pub(super) mark: Mark,
    /// What the table's index gave at a glance.
    pub(super) glance: u32,
}

impl<'a> Waiting<'a> {
    pub(super) const NONE: Self = Self {
        frame: Frame { time_ns: 0, link: LinkType::Ethernet, wire_len: 0, data: &[], tci: 0, merged: false },
        brief: Brief::NONE,
        mark: Mark::NONE,
        glance: 0,
    };

    /// Reads a frame into this place.
    #[expect(
        clippy::inline_always,
        reason = "a frame comes in registers; put together in memory first, it takes as long as its headers"
    )]
    #[inline(always)]
    pub(super) fn take(&mut self, frame: Frame<'a>) {
        let Frame { link, tci, data, wire_len, .. } = frame;
        self.frame = frame;
        self.read(link, tci, data, wire_len);
    }

    #[inline(never)]
    fn read(&mut self, link: LinkType, tci: u16, data: &[u8], wire_len: u32) {
        let read = self.brief.read(link, tci, data, wire_len);
        self.mark = if read { Mark::of_brief(&self.brief) } else { Mark::NONE };
    }
}
