//! QUIC on any port (RFC 9000, RFC 9369) and its forerunner of Google: version, SNI, ALPN and JA4.
//!
//! A client's Initial is encrypted with keys that anyone who sees it can derive (RFC 9001 §5.2), so
//! its ClientHello can be read, and one that decrypts is QUIC beyond doubt. A hello with
//! post-quantum shares spans two datagrams, and Chromium shuffles its pieces over both: they are put
//! together. Of one that stays in pieces SNI and ALPN are noted where they are found whole.
//!
//! Of a version that is not known here nothing can be read, but what no version changes (RFC 8999): the answer
//! bears it, and goes to the connection ID that the client gave.

mod crypto;
mod google;
mod initial;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crypto::Crypto;
use initial::{Invariant, LongHeader, PacketKind};
use sekisho_decode::{Cursor, Layer};

use crate::tls::hello::Transport;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "quic",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[443],
    start: Start::ANYHOW,
    look,
};

/// How many datagrams of one side are looked at for a hello: it spans two, and one may come again.
const DATAGRAMS: u32 = 4;

/// The memo's bits: recognised, and what was noted.
const KNOWN: u32 = 1;
pub(super) const SNI_NOTED: u32 = 2;
pub(super) const ALPN_NOTED: u32 = 4;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let Some(first) = sight.data.first() else { return Look::No };
    let known = *memo & KNOWN != 0;
    if first & 0x80 == 0 {
        // A short header says nothing in the clear; an old gQUIC one may carry its version.
        return if known { after(sight, known) } else { google::look(sight, sink) };
    }
    let Some(header) = LongHeader::parse(sight.data, sight.wire_len) else {
        return if known { after(sight, known) } else { look_beyond(sight, sink) };
    };
    if !known {
        note_version(&header, sight, sink);
    }
    *memo |= KNOWN;
    if header.kind != PacketKind::Initial {
        return after(sight, known);
    }
    let mut crypto = Crypto::default();
    if !initial::open_all(sight.data, &mut crypto) {
        return after(sight, known);
    }
    for datagram in sight.before.each() {
        initial::open_all(datagram, &mut crypto);
    }
    // Only a client's keys were tried: who sent this is the client.
    let found = Found::served_by(99, sight.sender().peer());
    if crypto.note(sight.sender(), memo, sink) || sight.count >= DATAGRAMS {
        return Look::Is(found);
    }
    Look::Gathering(found)
}

/// Looks at a long header of none of the versions whose packets are known here.
fn look_beyond(sight: &Sight<'_>, sink: &mut dyn Sink) -> Look {
    let of_google = google::look(sight, sink);
    if of_google != Look::No {
        return of_google;
    }
    if Invariant::answers(sight.data, sight.other) {
        return Look::Is(Found::served_by(88, sight.sender()));
    }
    let waits = sight.other.is_empty() && sight.count < DATAGRAMS;
    if waits && Invariant::opens(sight.data, sight.wire_len) { Look::More } else { Look::No }
}

/// The answer for a datagram that has nothing to read.
fn after(sight: &Sight<'_>, known: bool) -> Look {
    let found = Found::new(90);
    match (sight.count >= DATAGRAMS, known) {
        (true, _) => Look::Is(found),
        (false, true) => Look::More,
        (false, false) => Look::Reading(found),
    }
}

fn note_version(header: &LongHeader<'_>, sight: &Sight<'_>, sink: &mut dyn Sink) {
    let mut text = VersionText::default();
    let written = match header.version {
        0 => return,
        1 => text.write_str("1"),
        initial::V2 => text.write_str("2"),
        draft @ 0xff00_0000..=0xff00_00ff => write!(text, "draft-{}", draft & 0xff),
        other => write!(text, "{other:#010x}"),
    };
    if written.is_ok() {
        sink.note(sight.sender(), Key::QuicVersion, text.as_str());
    }
}

/// A version's name, written without allocation.
#[derive(Default)]
struct VersionText {
    bytes: [u8; 12],
    len: usize,
}

impl VersionText {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl std::fmt::Write for VersionText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let place = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(std::fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// Reads a variable-length integer (RFC 9000 §16).
fn varint(cursor: &mut Cursor<'_>) -> Option<usize> {
    let first = cursor.u8().ok()?;
    let mut value = u64::from(first & 0x3f);
    for _ in 1..1_u8 << (first >> 6) {
        value = value << 8 | u64::from(cursor.u8().ok()?);
    }
    usize::try_from(value).ok()
}

/// Starts a cursor of this protocol.
const fn cursor(bytes: &[u8]) -> Cursor<'_> {
    Cursor::new(Layer::Application, bytes)
}

const TRANSPORT: Transport = Transport::Quic;
