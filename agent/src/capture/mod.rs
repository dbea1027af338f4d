//! Where frames come from: capture files in, one [`Frame`] after the other out.
//!
//! Live rings and flow exports stand beside files behind [`Source`]. A file is told by its content,
//! never by its name: pcap and pcapng, plain or packed with gzip or zstd. Memory is constant. What is
//! damaged ends in a [`Warning`] after the frames before it; what is no capture at all is an
//! [`OpenError`].

mod error;
mod file;
mod foreign;
mod interface;
pub(crate) mod listen;
pub(crate) mod live;
mod pcap;
mod pcapng;
mod progress;
mod source;
mod unpack;
mod warning;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use error::OpenError;
pub(crate) use file::{STANDARD_INPUT, open};
pub(crate) use progress::Progress;
pub(crate) use source::{Arrival, CaptureError, Source};
pub(crate) use warning::Warning;

use sekisho_decode::LinkType;

/// One captured frame. The bytes live as long as the batch it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Capture time, nanoseconds since the Unix epoch, UTC.
    pub(crate) time_ns: i64,
    /// What the first byte belongs to.
    pub(crate) link: LinkType,
    /// The frame's length on the wire; `data` may be shorter (snaplen).
    pub(crate) wire_len: u32,
    /// The captured bytes.
    pub(crate) data: &'a [u8],
    /// The control information of the outermost VLAN tag where the kernel took that off the captured
    /// bytes (IEEE 802.1Q §9.6: priority, then the identifier in the low 12 bits); 0 where it did not.
    /// `wire_len` counts the tag's four bytes.
    pub(crate) tci: u16,
    /// Whether offloads merged several frames of the wire into this one before it was captured.
    pub(crate) merged: bool,
}
