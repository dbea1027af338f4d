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
#[allow(dead_code, reason = "stands ready for the stages that listen")]
mod listen;
mod pcap;
mod pcapng;
mod progress;
#[allow(dead_code, reason = "stands ready for the stages that listen")]
mod source;
mod unpack;
mod warning;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use error::OpenError;
pub(crate) use file::{STANDARD_INPUT, open};
pub(crate) use progress::Progress;
pub(crate) use warning::Warning;

use sekisho_decode::LinkType;

/// One captured frame. The bytes live until the next call to [`Source::next_frame`].
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
}

/// A stream of frames.
pub(crate) trait Source {
    /// Gives the next frame, or `None` at the end.
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, anyhow::Error>;

    /// Counts the packets that the capturing machine says it lost, as far as it has said so yet.
    fn drops(&self) -> u64;

    /// Lists what could not be read so far, and why.
    fn warnings(&self) -> Vec<Warning>;
}
