//! TLS over TCP, on any port (RFC 8446, RFC 5246): names, fingerprint and version of a handshake.
//!
//! From the client: SNI, ALPN and JA4. From the server: the negotiated version and, up to TLS 1.2
//! where it still travels in the clear, the subject, issuer and names of its first certificate. A
//! client's certificate may name a person and is not read. Messages may be split over records and
//! segments; each look walks the stream's records again, which ends at the first encrypted one.

mod certificate;
pub(crate) mod hello;
mod ja4;
mod records;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use hello::{ClientHello, Transport};
use records::{Handshake, Message};
use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Key, Look, Over, Protocol, STREAM_BUDGET, Side, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol =
    Protocol { service: "tls", tunnel: false, over: &[Over::Tcp], ports: &[443], start: Start::ANYHOW, look };

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;

/// The memo's bits: recognised, the orig serves, and which side has nothing more to tell.
const KNOWN: u32 = 1;
const ORIG_SERVES: u32 = 2;
const CLIENT_DONE: u32 = 4;
const VERSION_NOTED: u32 = 8;
const SERVER_DONE: u32 = 16;
/// The client's first hello is noted. There may be another: the server asks for it (RFC 8446 §4.1.4).
const HELLO_NOTED: u32 = 32;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if *memo & KNOWN == 0 {
        match sight.data.first() {
            Some(&records::HANDSHAKE) => {}
            Some(0x80..=0x8f) => return ssl2_client_hello(sight, memo),
            _ if sight.from_start => return Look::No,
            _ => return records::picked_up(sight.data),
        }
    }
    let role = Role::of(sight, *memo);
    if role.is_none_or(|role| *memo & role.done() == 0) {
        match (read(sight, memo, sink), *memo & KNOWN != 0) {
            (Ok(()), _) | (Err(DecodeError::Truncated { .. }), true) => {}
            (Err(DecodeError::Truncated { .. }), false) if sight.data.len() < STREAM_BUDGET => {
                return Look::More;
            }
            (Err(_), false) => return Look::No,
            // It has been TLS so far: whatever this side says now, it says no more to us.
            (Err(_), true) => *memo |= role.map_or(0, Role::done),
        }
    }
    if sight.data.len() >= STREAM_BUDGET {
        *memo |= Role::of(sight, *memo).map_or(0, Role::done);
    }
    // A server that ends without a hello asks for no other.
    if *memo & (SERVER_DONE | VERSION_NOTED) == SERVER_DONE {
        *memo |= CLIENT_DONE;
    }
    let server = if *memo & ORIG_SERVES == 0 { Side::Resp } else { Side::Orig };
    let found = Found::served_by(97, server);
    let done = CLIENT_DONE | SERVER_DONE;
    if *memo & done == done { Look::Is(found) } else { Look::Reading(found) }
}

/// Judges a segment of a stream whose beginning was not seen: whole records tell by themselves.
pub(crate) fn picked_up(segment: &[u8]) -> Look {
    records::picked_up(segment)
}

/// Which part the sender plays, once that is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Client,
    Server,
}

impl Role {
    const fn of(sight: &Sight<'_>, memo: u32) -> Option<Self> {
        if memo & KNOWN == 0 {
            return None;
        }
        let orig_serves = memo & ORIG_SERVES != 0;
        Some(if sight.from_orig == orig_serves { Self::Server } else { Self::Client })
    }
    const fn done(self) -> u32 {
        match self {
            Self::Client => CLIENT_DONE,
            Self::Server => SERVER_DONE,
        }
    }
    /// The memo's bits once the sender is known to play this part.
    const fn known(self, from_orig: bool) -> u32 {
        match (self, from_orig) {
            (Self::Client, true) | (Self::Server, false) => KNOWN,
            (Self::Client, false) | (Self::Server, true) => KNOWN | ORIG_SERVES,
        }
    }
}

/// Reads what the sender's stream holds of its handshake.
fn read(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Result<(), DecodeError> {
    let role = Role::of(sight, *memo);
    let noted = role == Some(Role::Client) && *memo & HELLO_NOTED != 0;
    let handshake =
        if noted { Handshake::read_past_change(sight.data) } else { Handshake::read(sight.data) }?;
    // A stream picked up in the middle is shown segment by segment, without what came before.
    let mut again = noted && sight.from_start;
    let mut bytes = Cursor::new(Layer::Application, handshake.bytes());
    while let Some(message) = Message::next(&mut bytes) {
        let (kind, body) = (message.kind, message.body);
        match kind {
            // The first of two was noted when it came.
            CLIENT_HELLO if again && message.whole => again = false,
            CLIENT_HELLO => {
                let hello =
                    if message.whole { Some(ClientHello::parse(body, Transport::Tcp)?) } else { None };
                // A partial hello is recognised by its fixed part, so that a lost segment hides no service.
                if hello.is_none() {
                    hello::check_head(body)?;
                }
                *memo |= Role::Client.known(sight.from_orig);
                if let Some(hello) = hello {
                    hello.note(Transport::Tcp, sight.sender(), sink);
                    let answered = *memo & (HELLO_NOTED | VERSION_NOTED) != 0;
                    *memo |= if answered { CLIENT_DONE } else { HELLO_NOTED };
                    return Ok(());
                }
            }
            SERVER_HELLO if message.whole => {
                let version = hello::server_version(body)?;
                *memo |= Role::Server.known(sight.from_orig);
                if *memo & VERSION_NOTED == 0 {
                    sink.note(sight.sender(), Key::TlsVersion, version.name());
                    *memo |= VERSION_NOTED;
                }
                if *memo & HELLO_NOTED != 0 && !hello::asks_again(body) {
                    *memo |= CLIENT_DONE;
                }
                if version.hides_certificates() {
                    *memo |= SERVER_DONE;
                    return Ok(());
                }
            }
            SERVER_HELLO => hello::check_head(body)?,
            CERTIFICATE if Role::of(sight, *memo) == Some(Role::Server) => {
                let complete = certificate::note_first(body, sight.sender(), sink);
                if complete || message.whole {
                    *memo |= SERVER_DONE;
                    return Ok(());
                }
            }
            SERVER_HELLO_DONE if Role::of(sight, *memo) == Some(Role::Server) => *memo |= SERVER_DONE,
            // A client that goes on has nothing more to tell.
            _ if role == Some(Role::Client) => {
                *memo |= CLIENT_DONE;
                return Ok(());
            }
            _ if *memo & KNOWN == 0 => return Err(bytes.malformed("handshake does not begin with a hello")),
            _ => {}
        }
    }
    if let (true, Some(role)) = (handshake.is_over(), Role::of(sight, *memo)) {
        *memo |= role.done();
    }
    // Too short to tell: the record's header was there, the message's was not.
    if *memo & KNOWN == 0 { Err(handshake.truncated()) } else { Ok(()) }
}

/// Reads the hello of a client that still speaks SSL 2.0's format (RFC 5246 §E.2).
fn ssl2_client_hello(sight: &Sight<'_>, memo: &mut u32) -> Look {
    match is_ssl2_client_hello(sight.data) {
        Ok(true) => {
            *memo |= Role::Client.known(sight.from_orig) | CLIENT_DONE;
            Look::Reading(Found::served_by(90, sight.sender().peer()))
        }
        Ok(false) => Look::No,
        Err(_) => Look::More,
    }
}

fn is_ssl2_client_hello(stream: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, stream);
    let length = cursor.u16()? & 0x7fff;
    let (kind, version) = (cursor.u8()?, cursor.u16()?);
    if kind != CLIENT_HELLO || !matches!(version, 0x0002 | 0x0300..=0x0303) {
        return Ok(false);
    }
    let (ciphers, session, challenge) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
    let parts = [9, ciphers, session, challenge].map(u32::from).iter().sum::<u32>();
    Ok(parts == u32::from(length)
        && ciphers > 0
        && ciphers % 3 == 0
        && matches!(session, 0 | 16 | 32)
        && matches!(challenge, 16..=32))
}

/// Notes a whole ClientHello at the start of `stream`: what a proxy's client sends after `CONNECT`.
///
/// True once there is nothing more to wait for.
pub(crate) fn note_client_hello(stream: &[u8], side: Side, sink: &mut dyn Sink) -> bool {
    let handshake = match Handshake::read(stream) {
        Ok(handshake) => handshake,
        Err(DecodeError::Truncated { .. }) => return false,
        Err(_) => return true,
    };
    let mut bytes = Cursor::new(Layer::Application, handshake.bytes());
    let Some(message) = Message::next(&mut bytes) else { return false };
    if message.kind == CLIENT_HELLO && !message.whole {
        return false;
    }
    if let (CLIENT_HELLO, Ok(hello)) = (message.kind, ClientHello::parse(message.body, Transport::Tcp)) {
        hello.note(Transport::Tcp, side, sink);
    }
    true
}
