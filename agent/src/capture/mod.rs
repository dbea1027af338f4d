//! Where frames come from. Live rings and flow exports will stand beside files behind [`Source`].

use sekisho_decode::LinkType;

/// One captured frame. The bytes live until the next call to [`Source::next_frame`].
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Capture time, nanoseconds since the Unix epoch, UTC.
    pub time_ns: i64,
    /// What the first byte belongs to.
    pub link: LinkType,
    /// The frame's length on the wire; `data` may be shorter (snaplen).
    pub wire_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
}

/// A stream of frames.
pub trait Source {
    /// Gives the next frame, or `None` at the end.
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, anyhow::Error>;
}
