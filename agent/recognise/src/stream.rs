//! The start of one side's TCP stream, put in order (RFC 9293 §3.4), at most [`STREAM_BUDGET`] bytes.

use crate::STREAM_BUDGET;

/// Segments kept that came ahead of their turn. Mirrors re-order within a few packets.
const MAX_AHEAD: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct Stream {
    started: bool,
    /// Sequence number of the first byte.
    base: u32,
    data: Vec<u8>,
    ahead: Vec<(u32, Vec<u8>)>,
}

impl Stream {
    pub(crate) fn data(&self) -> &[u8] {
        &self.data
    }

    pub(crate) fn is_full(&self) -> bool {
        self.data.len() >= STREAM_BUDGET
    }

    /// Bytes held, those ahead of their turn included.
    pub(crate) fn held(&self) -> usize {
        self.data.len() + self.ahead.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }

    /// Takes a segment; tells whether the contiguous start grew by it.
    pub(crate) fn offer(&mut self, seq: u32, payload: &[u8]) -> bool {
        if !self.started {
            self.started = true;
            self.base = seq;
        }
        let offset = seq.wrapping_sub(self.base).cast_signed();
        let distance = offset.unsigned_abs() as usize;
        let before = self.data.len();
        if offset < 0 {
            self.overlap(seq, payload, distance);
        } else if distance <= before {
            self.append(payload.get(before - distance..).unwrap_or_default());
        } else if distance < STREAM_BUDGET && self.ahead.len() < MAX_AHEAD {
            let room = STREAM_BUDGET - distance;
            self.ahead.push((seq, payload.get(..room).unwrap_or(payload).to_vec()));
        }
        if self.data.len() > before {
            self.catch_up();
        }
        self.data.len() > before
    }

    /// A segment that starts before the first one seen: the first two came in the wrong order, or it
    /// is an old one again.
    fn overlap(&mut self, seq: u32, payload: &[u8], early: usize) {
        if early == payload.len() {
            self.base = seq;
            self.data.splice(..0, payload.iter().copied());
            self.data.truncate(STREAM_BUDGET);
        } else if let Some(rest) = payload.get(early + self.data.len()..) {
            self.append(rest);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = STREAM_BUDGET - self.data.len();
        self.data.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn catch_up(&mut self) {
        let fits = |(seq, _): &(u32, Vec<u8>), base: u32, len: usize| seq.wrapping_sub(base) as usize <= len;
        while let Some(at) = self.ahead.iter().position(|segment| fits(segment, self.base, self.data.len())) {
            let (seq, bytes) = self.ahead.swap_remove(at);
            let overlap = self.data.len() - seq.wrapping_sub(self.base) as usize;
            self.append(bytes.get(overlap..).unwrap_or_default());
        }
    }

    /// Forgets everything but the buffer.
    pub(crate) fn clear(&mut self) {
        self.started = false;
        self.data.clear();
        self.ahead.clear();
    }

    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.data.shrink_to(bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Segments as (sequence number, bytes).
    type Segments = &'static [(u32, &'static [u8])];

    #[test]
    fn segments_come_together_in_any_usual_order() {
        // (why, segments, contiguous start)
        let cases: [(&str, Segments, &[u8]); 7] = [
            ("in order", &[(10, b"abc"), (13, b"def")], b"abcdef"),
            ("sent twice", &[(10, b"abc"), (10, b"abc"), (13, b"def")], b"abcdef"),
            ("sent again with more", &[(10, b"abc"), (10, b"abcdef")], b"abcdef"),
            ("one lost", &[(10, b"abc"), (16, b"ghi")], b"abc"),
            ("one late", &[(10, b"abc"), (16, b"ghi"), (13, b"def")], b"abcdefghi"),
            ("the first two swapped", &[(13, b"def"), (10, b"abc")], b"abcdef"),
            ("across the end of the numbers", &[(u32::MAX - 1, b"abc"), (1, b"def")], b"abcdef"),
        ];
        for (why, segments, expected) in cases {
            let mut stream = Stream::default();
            for (seq, bytes) in segments {
                stream.offer(*seq, bytes);
            }
            assert_eq!(stream.data(), expected, "{why}");
        }
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_its_budget_and_never_invents(
            segments in prop::collection::vec((0u32..40_000, 1usize..3_000), 1..60),
        ) {
            let byte = |at: u32| (at % 251) as u8;
            let mut stream = Stream::default();
            let first = segments.first().map(|(seq, _)| *seq).unwrap();
            for (seq, len) in segments {
                let bytes: Vec<u8> = (seq..seq + len as u32).map(byte).collect();
                stream.offer(seq, &bytes);
                prop_assert!(stream.data().len() <= STREAM_BUDGET);
                prop_assert!(stream.base <= first);
                let start = stream.base;
                prop_assert!((start..).map(byte).zip(stream.data()).all(|(want, got)| want == *got));
            }
        }
    }
}
