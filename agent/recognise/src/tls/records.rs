//! TLS records (RFC 8446 §5.1): the handshake bytes of a stream's start, out of their records.

use std::borrow::Cow;

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, STREAM_BUDGET};

/// Content types (RFC 8446 §B.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The alert level that a handshake survives (RFC 5246 §7.2).
const WARNING: u8 = 1;

/// The longest record: 2^14 bytes and what TLS 1.2 lets encryption add (RFC 5246 §6.2.3).
const RECORD_BYTES: u16 = (1 << 14) + 2048;

/// A record's header.
struct Header {
    kind: u8,
    length: u16,
}

impl Header {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, DecodeError> {
        let (kind, version, length) = (cursor.u8()?, cursor.u16()?, cursor.u16()?);
        let is_record = matches!(kind, 20..=24) && matches!(version, 0x0300..=0x0304);
        if !is_record || length == 0 || length > RECORD_BYTES {
            return Err(cursor.malformed("not a record header"));
        }
        Ok(Self { kind, length })
    }

    /// Level and description: an encrypted alert is longer.
    const fn is_plain_alert(&self) -> bool {
        self.kind == ALERT && self.length == 2
    }
}

/// The handshake bytes before the first record that is none, or that is encrypted.
pub(super) struct Handshake<'a> {
    bytes: Cow<'a, [u8]>,
    over: bool,
    /// What the stream lacks of the record it ends in.
    end: Cursor<'a>,
}

impl<'a> Handshake<'a> {
    /// Reads a stream from its first record, which has to be a handshake's or a warning.
    ///
    /// Bytes in one record are borrowed; only a handshake over several is copied together. A server
    /// that does not know the name asked for may warn of it before its hello (RFC 6066 §3).
    pub(super) fn read(stream: &'a [u8]) -> Result<Self, DecodeError> {
        Self::read_over(stream, |_| false)
    }

    /// Reads a stream on over a change of ciphers that changes none: a client whose hello was not enough
    /// sends it before the next one, for old middleboxes (RFC 8446 §D.4).
    pub(super) fn read_past_change(stream: &'a [u8]) -> Result<Self, DecodeError> {
        Self::read_over(stream, |header| header.kind == CHANGE_CIPHER_SPEC && header.length == 1)
    }

    /// Reads a stream, passing over such records.
    fn read_over(stream: &'a [u8], passes: impl Fn(&Header) -> bool) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, stream);
        let first = Header::read(&mut cursor)?;
        if first.kind != HANDSHAKE && !first.is_plain_alert() && !passes(&first) {
            return Err(cursor.malformed("not a handshake record"));
        }
        cursor = Cursor::new(Layer::Application, stream);
        let mut bytes = Cow::Borrowed(&[][..]);
        loop {
            let header = match Header::read(&mut cursor) {
                Ok(header) if header.kind == HANDSHAKE || header.is_plain_alert() || passes(&header) => {
                    header
                }
                Err(DecodeError::Truncated { .. }) => return Ok(Self { bytes, over: false, end: cursor }),
                // Encrypted from here on, or no TLS any more.
                Ok(_) | Err(_) => return Ok(Self { bytes, over: true, end: cursor }),
            };
            let length = usize::from(header.length).min(cursor.rest().len());
            let whole = length == usize::from(header.length);
            let fragment = cursor.take(length)?;
            match (header.kind, fragment) {
                (HANDSHAKE, _) if bytes.is_empty() => bytes = Cow::Borrowed(fragment),
                (HANDSHAKE, _) => bytes.to_mut().extend_from_slice(fragment),
                (CHANGE_CIPHER_SPEC, _) | (_, [] | [WARNING, ..]) => {}
                _ => return Ok(Self { bytes, over: true, end: cursor }),
            }
            if !whole {
                return Ok(Self { bytes, over: false, end: cursor });
            }
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether no handshake byte can follow.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// The error for a stream that has not shown enough.
    pub(super) fn truncated(&self) -> DecodeError {
        let mut end = self.end;
        end.take(end.rest().len() + 1).map_or_else(|error| error, |_| end.malformed("handshake is over"))
    }
}

/// A handshake message (RFC 8446 §4), or the head of one.
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
    pub(super) whole: bool,
}

impl<'a> Message<'a> {
    pub(super) fn next(bytes: &mut Cursor<'a>) -> Option<Self> {
        let [kind, high, middle, low] = bytes.array().ok()?;
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?;
        let there = length.min(bytes.rest().len());
        Some(Self { kind, body: bytes.take(there).ok()?, whole: there == length })
    }
}

/// Recognises a stream whose beginning was missed, from whatever segment it is shown.
///
/// Senders flush whole records, so a segment is often filled by records to its last byte: 40 bits
/// agree. Otherwise application data is looked for at every offset: three fixed bytes, and a second
/// header exactly where the first one's length says, are 48 bits.
pub(super) fn picked_up(stream: &[u8]) -> Look {
    if is_filled(stream) {
        return Look::Is(Found::new(60));
    }
    let mut rest = stream;
    while let Some(at) = rest.windows(3).position(|bytes| matches!(bytes, [APPLICATION_DATA, 3, 1..=3])) {
        let Some(here) = rest.get(at..) else { break };
        if is_chain(here) {
            return Look::Is(Found::new(60));
        }
        rest = here.get(1..).unwrap_or_default();
    }
    if stream.len() < STREAM_BUDGET { Look::More } else { Look::No }
}

/// Whether records fill a segment exactly.
fn is_filled(segment: &[u8]) -> bool {
    let mut cursor = Cursor::new(Layer::Application, segment);
    while !cursor.rest().is_empty() {
        let Ok(header) = Header::read(&mut cursor) else { return false };
        if cursor.take(header.length.into()).is_err() {
            return false;
        }
    }
    !segment.is_empty()
}

/// Whether a whole record of application data is followed by the header of another.
fn is_chain(stream: &[u8]) -> bool {
    let mut cursor = Cursor::new(Layer::Application, stream);
    let data_header =
        |cursor: &mut Cursor<'_>| Header::read(cursor).ok().filter(|header| header.kind == APPLICATION_DATA);
    let Some(first) = data_header(&mut cursor) else { return false };
    cursor.take(first.length.into()).is_ok() && data_header(&mut cursor).is_some()
}
