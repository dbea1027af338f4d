//! GTP-U's header, in which mobile networks carry their subscribers' packets (3GPP TS 29.281 §5).
//!
//! ```text
//! version 3 bits: 1, protocol 1, 0, E, S, PN │ kind 1 │ length of the rest 2 │ tunnel 4
//! any of E, S, PN: number 2, N-PDU 1, next 1   │ extension: words 1, …, next 1
//! ```

use crate::{Cursor, DecodeError, Layer};

/// A subscriber's packet, by its kind (§6.1).
pub const PACKET: u8 = 255;

/// Version 1, and the bit that tells it from the charging protocol's; one that is spare.
const VERSION: u8 = 0x30;
const VERSION_MASK: u8 = 0xf8;
/// E, S and PN: any of them brings all of number, N-PDU and the next extension's type.
const OPTIONAL: u8 = 0x07;
const EXTENDED: u8 = 0x04;
/// Extensions of one header; a 5G network has one.
const MOST_EXTENSIONS: usize = 4;
const HEADER_BYTES: usize = 8;

/// What a datagram is, and what it carries.
#[derive(Clone, Copy, Debug)]
pub struct Gtp<'a> {
    /// The message's kind.
    pub kind: u8,
    /// The tunnel's number at its receiver.
    pub tunnel: u32,
    /// Whether the message has a number.
    pub numbered: bool,
    /// The captured bytes behind header and extensions.
    pub content: &'a [u8],
}

/// Parses a datagram of `wire_len` bytes; gives nothing where version or length are not GTP-U's.
///
/// # Errors
///
/// The header's optional part or an extension ends early, or there are too many.
pub fn parse(datagram: &[u8], wire_len: usize) -> Result<Option<Gtp<'_>>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Gtp, datagram);
    let (flags, kind, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
    let tunnel = cursor.u32()?;
    if flags & VERSION_MASK != VERSION || HEADER_BYTES + length != wire_len {
        return Ok(None);
    }
    let numbered = flags & OPTIONAL != 0;
    if numbered {
        let [_, _, _, next] = cursor.array()?;
        extensions(&mut cursor, if flags & EXTENDED == 0 { 0 } else { next })?;
    }
    Ok(Some(Gtp { kind, tunnel, numbered, content: cursor.rest() }))
}

/// Steps over a chain of extensions.
fn extensions(cursor: &mut Cursor<'_>, mut next: u8) -> Result<(), DecodeError> {
    for _ in 0..MOST_EXTENSIONS {
        if next == 0 {
            return Ok(());
        }
        // Words, its own and the next one's type's bytes among them.
        let Some(content) = (usize::from(cursor.u8()?) * 4).checked_sub(2) else {
            return Err(cursor.malformed("extension of no length"));
        };
        cursor.take(content)?;
        next = cursor.u8()?;
    }
    if next == 0 { Ok(()) } else { Err(cursor.malformed("more extensions than anybody sends")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_extensions_ends() {
        // (how many extensions, whether they are read)
        for (count, read) in [(0, true), (1, true), (4, true), (5, false), (200, false)] {
            let mut datagram = vec![0x34, PACKET, 0, 0, 0, 0, 0, 7, 0, 0, 0, u8::from(count > 0)];
            for left in (0..count).rev() {
                datagram.extend([1, 0, 0, u8::from(left > 0)]);
            }
            datagram.push(0x45);
            let length = (datagram.len() - HEADER_BYTES) as u16;
            datagram[2..4].copy_from_slice(&length.to_be_bytes());
            let parsed = parse(&datagram, datagram.len());
            assert_eq!(parsed.is_ok(), read, "{count} extensions");
            if read {
                assert_eq!(parsed.unwrap().unwrap().content, [0x45], "{count} extensions");
            }
            for len in 0..datagram.len() - 1 {
                let cut = parse(&datagram[..len], datagram.len());
                assert!(cut.is_err(), "{count} extensions, cut at {len}");
            }
        }
        let nothing = [0x34, PACKET, 0, 5, 0, 0, 0, 7, 0, 0, 0, 1, 0];
        assert!(parse(&nothing, nothing.len()).is_err(), "an extension of no length");
    }

    #[test]
    fn another_version_or_length_is_not_its() {
        let header = [0x30, PACKET, 0, 0, 0, 0, 0, 7];
        assert!(parse(&header, 8).unwrap().is_some());
        for (at, octet) in [(0, 0x20), (0, 0x38), (0, 0x50), (3, 1)] {
            let mut other = header;
            other[at] = octet;
            assert!(parse(&other, 8).unwrap().is_none(), "octet {at}");
        }
    }
}
