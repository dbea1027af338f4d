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
pub(crate) use source::{Arrival, Source};
pub(crate) use warning::Warning;

use sekisho_decode::LinkType;

/// One captured frame. The bytes live as long as the batch it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Capture time, nanoseconds since the Unix epoch, UTC.
    pub(crate) time_ns: i64,
    /// What the first byte belongs to.
    pub(crate) link: LinkType,
    /// The control information of a VLAN tag that the capturing machine took off the frame, else 0.
    pub(crate) tci: u16,
    /// The frame's length on the wire; `data` may be shorter (snaplen).
    pub(crate) wire_len: u32,
    /// The captured bytes.
    pub(crate) data: &'a [u8],
}
