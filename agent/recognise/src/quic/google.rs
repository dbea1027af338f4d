//! Google's QUIC before the standard: version tag and, up to Q046, the client's hello in the clear.
//!
//! ```text
//! up to Q043   flags 1 | connection ID 8 | "Q0nn" | packet number 1-6 | hash 12 | frames
//! from Q046    1L...... | "Q0nn" or "T0nn" | ID lengths 1 | connection ID 8 | packet number 4 …
//! ```

use super::cursor;
use crate::tls::hello;
use crate::{Found, Key, Look, Sight, Sink};

/// Where the hello of every version begins at the latest.
const HELLO_WITHIN: usize = 64;

/// The most tags that a hello is read for; clients send about 30.
const TAGS: u16 = 64;

pub(super) fn look(sight: &Sight<'_>, sink: &mut dyn Sink) -> Look {
    let Some(version) = version(sight.data) else { return Look::No };
    let Ok(text) = std::str::from_utf8(version) else { return Look::No };
    let client = sight.sender();
    sink.note(client, Key::QuicVersion, text);
    if let Some(name) = server_name(sight.data) {
        hello::note_name(name, client, sink);
    }
    Look::Is(Found::served_by(90, client.peer()))
}

/// Finds the version where it stands in a client's first packets.
fn version(datagram: &[u8]) -> Option<&[u8; 4]> {
    const VERSION_FLAG: u8 = 0x01;
    const CONNECTION_ID_FLAG: u8 = 0x08;
    let mut cursor = cursor(datagram);
    let flags = cursor.u8().ok()?;
    let is_long = flags & 0x80 != 0;
    if !is_long {
        if flags & VERSION_FLAG == 0 || flags & CONNECTION_ID_FLAG == 0 {
            return None;
        }
        cursor.array::<8>().ok()?;
    }
    let version: &[u8; 4] = cursor.rest().first_chunk()?;
    // The number tells which of the two headers it belongs to.
    match version {
        [b'Q', b'0', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            let number = 10 * (tens - b'0') + (ones - b'0');
            (is_long == (number > 43)).then_some(version)
        }
        [b'T', b'0', b'4' | b'5', b'0'..=b'9'] => is_long.then_some(version),
        _ => None,
    }
}

/// Finds the `SNI` tag of a CHLO message: tags with the ends of their values, then the values.
fn server_name(datagram: &[u8]) -> Option<&[u8]> {
    let head = datagram.get(..HELLO_WITHIN)?;
    let at = head.windows(4).position(|tag| tag == b"CHLO")?;
    let mut tags = cursor(datagram.get(at + 4..)?);
    let count = u16::from_le_bytes(tags.array().ok()?);
    tags.array::<2>().ok()?;
    let values = tags.rest().get(8 * usize::from(count)..)?;
    let mut start = 0;
    for _ in 0..count.min(TAGS) {
        let tag = tags.array::<4>().ok()?;
        let end = usize::try_from(u32::from_le_bytes(tags.array().ok()?)).ok()?;
        if tag == *b"SNI\0" {
            return values.get(start..end);
        }
        start = end;
    }
    None
}
