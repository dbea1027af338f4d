//! The CRYPTO stream of Initial packets (RFC 9000 §19.6) and the hello in it.

use super::{ALPN_NOTED, SNI_NOTED, TRANSPORT, cursor, varint};
use crate::tls::hello::{self, ClientHello};
use crate::{Side, Sink};

/// How much of the stream is put together: a hello with post-quantum shares has under 2 KiB.
const STREAM_BYTES: usize = 4096;

const CLIENT_HELLO: u8 = 1;

/// What one or more datagrams hold of the stream. Chromium sends its frames shuffled.
pub(super) struct Crypto {
    bytes: [u8; STREAM_BYTES],
    seen: [bool; STREAM_BYTES],
}

impl Default for Crypto {
    fn default() -> Self {
        Self { bytes: [0; STREAM_BYTES], seen: [false; STREAM_BYTES] }
    }
}

impl Crypto {
    /// Adds the CRYPTO frames of a packet's payload; ends at the first frame that an Initial may
    /// not carry (RFC 9000 §12.4).
    pub(super) fn add_frames(&mut self, payload: &[u8]) {
        let mut rest = payload;
        while let Some(after) = self.add_frame(rest) {
            rest = after;
        }
    }

    fn add_frame<'a>(&mut self, payload: &'a [u8]) -> Option<&'a [u8]> {
        const PADDING: u8 = 0x00;
        const PING: u8 = 0x01;
        const ACK: u8 = 0x02;
        const ACK_ECN: u8 = 0x03;
        const CRYPTO: u8 = 0x06;
        let mut frames = cursor(payload);
        match frames.u8().ok()? {
            PADDING => {
                // It comes by the hundred.
                let padding = frames.rest().iter().take_while(|byte| **byte == PADDING).count();
                frames.take(padding).ok()?;
            }
            PING => {}
            kind @ (ACK | ACK_ECN) => {
                let (_largest, _delay) = (varint(&mut frames)?, varint(&mut frames)?);
                let ranges = varint(&mut frames)?;
                let counts = if kind == ACK_ECN { 3 } else { 0 };
                // The first range, then gap and range in turn; each has at least a byte.
                let fields = ranges.checked_mul(2)?.checked_add(1 + counts)?;
                if fields > frames.rest().len() {
                    return None;
                }
                for _ in 0..fields {
                    varint(&mut frames)?;
                }
            }
            CRYPTO => {
                let (offset, length) = (varint(&mut frames)?, varint(&mut frames)?);
                let data = frames.take(length).ok()?;
                self.place(offset, data);
            }
            _ => return None,
        }
        Some(frames.rest())
    }

    fn place(&mut self, offset: usize, data: &[u8]) {
        let Some(end) = offset.checked_add(data.len()) else { return };
        let (Some(bytes), Some(seen)) = (self.bytes.get_mut(offset..end), self.seen.get_mut(offset..end))
        else {
            return;
        };
        bytes.copy_from_slice(data);
        seen.fill(true);
    }

    /// Notes the hello, or what parts of it can be read; true once it is whole. What was noted of it in
    /// parts is not noted again.
    pub(super) fn note(&self, side: Side, memo: &mut u32, sink: &mut dyn Sink) -> bool {
        if let Some(hello) = self.whole() {
            if *memo & SNI_NOTED == 0 {
                hello.note_name(side, sink);
            }
            if *memo & ALPN_NOTED == 0 {
                hello.note_protocols(side, sink);
            }
            hello.note_fingerprint(TRANSPORT, side, sink);
            return true;
        }
        for run in self.runs() {
            if *memo & SNI_NOTED == 0
                && let Some(name) = find_name(run)
            {
                hello::note_name(name, side, sink);
                *memo |= SNI_NOTED;
            }
            if *memo & ALPN_NOTED == 0
                && let Some(list) = find_protocols(run)
            {
                hello::note_protocols(hello::protocols(list), side, sink);
                *memo |= ALPN_NOTED;
            }
        }
        false
    }

    fn whole(&self) -> Option<ClientHello<'_>> {
        let mut message = cursor(self.runs().next().filter(|_| self.seen.first() == Some(&true))?);
        let [kind, high, middle, low] = message.array().ok()?;
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?;
        let body = message.take(length).ok().filter(|_| kind == CLIENT_HELLO)?;
        ClientHello::parse(body, TRANSPORT).ok()
    }

    /// The stretches of the stream that were seen, in order.
    fn runs(&self) -> impl Iterator<Item = &[u8]> {
        let mut at = 0;
        self.seen.chunk_by(|a, b| a == b).filter_map(move |run| {
            let bytes = self.bytes.get(at..at + run.len());
            at += run.len();
            bytes.filter(|_| run.first() == Some(&true))
        })
    }
}

/// Finds an SNI extension with one host name: four lengths that agree (RFC 6066 §3).
fn find_name(run: &[u8]) -> Option<&[u8]> {
    find(run, |extension| {
        let mut cursor = cursor(extension);
        let (kind, length, list) = (cursor.u16().ok()?, cursor.u16().ok()?, cursor.u16().ok()?);
        let (name_kind, name) = (cursor.u8().ok()?, cursor.u16().ok()?);
        let agree = length == list.checked_add(2)? && list == name.checked_add(3)?;
        let name = cursor.take(name.into()).ok()?;
        (kind == 0 && name_kind == 0 && agree && name.contains(&b'.')).then_some(name)
    })
}

/// Finds an ALPN extension whose names fill it (RFC 7301 §3.1).
fn find_protocols(run: &[u8]) -> Option<&[u8]> {
    find(run, |extension| {
        let mut cursor = cursor(extension);
        let (kind, length) = (cursor.u16().ok()?, cursor.u16().ok()?);
        let data = cursor.take(length.into()).ok()?;
        let list: u16 = data.first_chunk().map(|list| u16::from_be_bytes(*list))?;
        let named: usize = hello::protocols(data).map(|name| 1 + name.len()).sum();
        let agree = length == list.checked_add(2)? && named == usize::from(list);
        let plain =
            hello::protocols(data).all(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic));
        (kind == 0x0010 && agree && plain && named > 0).then_some(data)
    })
}

fn find<'a>(run: &'a [u8], at: impl Fn(&'a [u8]) -> Option<&'a [u8]>) -> Option<&'a [u8]> {
    (0..run.len()).find_map(|start| run.get(start..).and_then(&at))
}
