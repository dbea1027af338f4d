//! The identity of a capture: the same frames give the same digest, however the file is packed or cut.

use ring::digest::{Context, SHA256};

use crate::capture::Frame;

/// Bytes of each frame that go into the digest: the headers tell frames apart.
const HEAD_BYTES: usize = 96;

/// Takes frames in; gives a SHA-256 in hexadecimal.
pub(crate) struct CaptureDigest(Context);

impl CaptureDigest {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(crate) fn frame(&mut self, frame: &Frame<'_>) {
        let head = frame.data.get(..HEAD_BYTES).unwrap_or(frame.data);
        self.0.update(&frame.time_ns.to_be_bytes());
        self.0.update(&frame.wire_len.to_be_bytes());
        self.0.update(&(head.len() as u64).to_be_bytes());
        self.0.update(head);
    }

    pub(crate) fn finish(self) -> String {
        let mut hex = String::new();
        for byte in self.0.finish().as_ref() {
            for nibble in [byte >> 4, byte & 0x0f] {
                hex.extend(char::from_digit(nibble.into(), 16));
            }
        }
        hex
    }
}
