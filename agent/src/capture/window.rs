//! A sliding view of a byte stream: large reads in, records of a known length out, without a copy a record.
//!
//! Invariant: the buffer never grows beyond [`MAX_RECORD_BYTES`] rounded up to a chunk; a caller that
//! reads a larger length off the wire refuses it before asking for it.

use std::io::{self, Read};

use super::warning::Fault;

/// How much one `read` asks for: large enough to hide the system call, small enough to stay in a core's
/// cache beside what the packets need.
pub(super) const READ_CHUNK_BYTES: usize = 64 * 1024;

/// The largest record held in memory at once. libpcap and Wireshark write at most 262,144 captured
/// bytes a packet; the rest is room for pcapng options.
pub(super) const MAX_RECORD_BYTES: usize = 1024 * 1024;

/// Bytes of a stream, read in chunks and consumed from the front.
pub(super) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where in the stream the buffer starts.
    base: u64,
    ended: bool,
    failure: Option<io::Error>,
}

impl Window {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        let buffer = vec![0; READ_CHUNK_BYTES];
        Self { input, buffer, start: 0, end: 0, base: 0, ended: false, failure: None }
    }

    /// Makes `need` bytes available; `false` if the stream ends or fails before that.
    #[inline]
    pub(super) fn ensure(&mut self, need: usize) -> bool {
        self.end - self.start >= need || self.refill(need)
    }

    /// Gives what is read and not yet consumed.
    #[inline]
    pub(super) fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Gives the first `N` bytes that are available.
    #[inline]
    pub(super) fn peek<const N: usize>(&self) -> Option<&[u8; N]> {
        self.available().first_chunk()
    }

    /// Steps over `len` available bytes and gives the index at which they stay readable until the next call.
    #[inline]
    pub(super) fn consume(&mut self, len: usize) -> usize {
        let index = self.start;
        self.start = self.end.min(index + len);
        index
    }

    /// Gives bytes that were consumed since the last call to [`Self::ensure`].
    #[inline]
    pub(super) fn bytes(&self, index: usize, len: usize) -> &[u8] {
        self.buffer.get(index..index + len).unwrap_or_default()
    }

    /// Steps over `len` bytes without holding them; `false` if the stream ends before that.
    pub(super) fn skip(&mut self, mut len: u64) -> bool {
        loop {
            let have = self.end - self.start;
            let step = usize::try_from(len).map_or(have, |len| len.min(have));
            self.start += step;
            len -= step as u64;
            if len == 0 {
                return true;
            }
            if !self.refill(1) {
                return false;
            }
        }
    }

    /// Gives the index of the next byte to consume.
    #[inline]
    pub(super) const fn position(&self) -> usize {
        self.start
    }

    /// Gives the offset in the stream of the next byte to consume.
    #[inline]
    pub(super) const fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Gives the offset in the stream of a byte that [`Self::consume`] stepped over.
    pub(super) fn offset_at(&self, index: usize) -> u64 {
        self.base + index as u64
    }

    /// Says why `need` bytes cannot be had; `None` if the stream ended cleanly before the first of them.
    #[cold]
    pub(super) fn shortfall(&self, need: u64) -> Option<Fault> {
        let have = (self.end - self.start) as u64;
        match &self.failure {
            Some(failure) if failure.kind() != io::ErrorKind::UnexpectedEof => {
                Some(Fault::Unreadable { reason: failure.to_string() })
            }
            None if have == 0 => None,
            Some(_) | None => Some(Fault::CutOff { need, have }),
        }
    }

    /// Takes the error that ended the stream, if one did.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Gives the stream back, from the first byte that was not consumed.
    pub(super) fn into_input(mut self) -> impl Read + Send {
        self.buffer.truncate(self.end);
        let mut head = io::Cursor::new(self.buffer);
        head.set_position(self.start as u64);
        head.chain(self.input)
    }

    #[inline(never)]
    fn refill(&mut self, need: usize) -> bool {
        self.buffer.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        if need > self.buffer.len() {
            self.buffer.resize(need.next_multiple_of(READ_CHUNK_BYTES), 0);
        }
        while self.end < need && !self.ended {
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.input.read(free) {
                Ok(0) => self.ended = true,
                Ok(len) => self.end += len.min(free.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error);
                }
            }
        }
        self.end >= need
    }
}
