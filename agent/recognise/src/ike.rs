//! IKE and what travels with it over UDP, all of it `ipsec`: IKEv1 (RFC 2408, RFC 2409), IKEv2
//! (RFC 7296), ESP in UDP and the NAT keepalive (RFC 3948), and IKE in TCP (RFC 9329).
//!
//! An IKE header is believed on any port, with or without the non-ESP marker, if its length field
//! is the datagram's and its version, exchange, flags and next payload go together. The first
//! messages in clear give the version and the vendor IDs: the make of an unknown VPN box. ESP in UDP
//! has no mark of its own: on the NAT-T ports every datagram must fit, and several must have come.

mod vendor;

#[cfg(test)]
mod tests;

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

/// 4501 is where Palo Alto's GlobalProtect sends the same ESP in UDP.
const NAT_T_PORTS: [u16; 2] = [4500, 4501];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ipsec",
    tunnel: true,
    over: &[Over::Udp, Over::Tcp],
    ports: &[500, 4500],
    start: Start::ANYHOW,
    look,
};

/// RFC 3948 §2.2: four zero bytes where ESP has its SPI, which is never zero.
const NON_ESP_MARKER: [u8; 4] = [0; 4];

/// RFC 3948 §2.3.
const KEEPALIVE: &[u8] = &[0xff];

/// RFC 9329 §4.1.
const TCP_PREFIX: &[u8] = b"IKETCP";

/// RFC 4303 §2.1: SPIs below are reserved.
const LEAST_SPI: u32 = 256;

/// Sequence numbers start at 1 with each key, and keys last hours: more bits are not reached.
const SEQUENCE_BITS: u32 = 24;

/// How many of a sender's datagrams, all of which look like ESP, are believed; fewer if the other
/// side's first does too.
const ESP_PACKETS: u32 = 4;
const ESP_PACKETS_BOTH_WAYS: u32 = 2;

/// An idle tunnel may show keepalives alone.
const KEEPALIVES: u32 = 3;

/// Vendor IDs stand in the first two messages each way; a retransmission or two may lie between.
const MESSAGES_READ: u32 = 8;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Version {
    V1,
    V2,
}

#[derive(Clone, Copy, Debug)]
struct Message<'a> {
    version: Version,
    /// Whether the payloads can be read.
    clear: bool,
    /// Whether the sender opened the security association, where the header tells.
    from_initiator: Option<bool>,
    first_payload: u8,
    payloads: &'a [u8],
}

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if sight.over == Over::Tcp {
        return stream(sight);
    }
    match message(sight) {
        Some(message) => handshake(&message, sight, memo, sink),
        // The memo counts messages, so it is 0 until one was read.
        None if *memo > 0 => Look::No,
        None => nat_traversal(sight),
    }
}

/// Notes what a message tells; wants more while they come in clear.
fn handshake(message: &Message<'_>, sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    *memo += 1;
    let server = message
        .from_initiator
        .map(|from_initiator| if from_initiator { sight.sender().peer() } else { sight.sender() });
    let found = Found { confidence: 96, server };
    let version = match message.version {
        Version::V1 => "1",
        Version::V2 => "2",
    };
    sink.note(sight.sender(), Key::IkeVersion, version);
    if !message.clear {
        return Look::Is(found);
    }
    vendor::note_all(message.first_payload, message.payloads, sight.sender(), sink);
    if *memo >= MESSAGES_READ { Look::Is(found) } else { Look::Reading(found) }
}

fn message<'a>(sight: &Sight<'a>) -> Option<Message<'a>> {
    let (data, wire_len) = match sight.data.strip_prefix(&NON_ESP_MARKER) {
        Some(data) => (data, sight.wire_len.saturating_sub(NON_ESP_MARKER.len())),
        None => (sight.data, sight.wire_len),
    };
    header(data, wire_len).ok().flatten()
}

/// Reads the header (RFC 2408 §3.1, RFC 7296 §3.1); `Ok(None)` for another protocol's bytes.
fn header(data: &[u8], wire_len: usize) -> Result<Option<Message<'_>>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let initiator_spi: [u8; 8] = cursor.array()?;
    let responder_spi: [u8; 8] = cursor.array()?;
    let first_payload = cursor.u8()?;
    let version = match cursor.u8()? {
        0x10 => Version::V1,
        0x20 => Version::V2,
        _ => return Ok(None),
    };
    let exchange = cursor.u8()?;
    let flags = cursor.u8()?;
    let _message_id = cursor.u32()?;
    if cursor.u32()? as usize != wire_len || initiator_spi == [0; 8] {
        return Ok(None);
    }
    let answered = responder_spi != [0; 8];
    let plausible = match version {
        Version::V1 => is_v1(exchange, flags, first_payload),
        Version::V2 => is_v2(exchange, flags, first_payload),
    };
    if !plausible {
        return Ok(None);
    }
    let (clear, from_initiator) = match version {
        // Bit 0 is "encryption". Cookies keep their places, so only the very first message tells.
        Version::V1 => (flags & 0x01 == 0, (!answered).then_some(true)),
        // Bit 3 is "initiator": set by whoever opened the association, in requests and responses.
        Version::V2 => (exchange == IKE_SA_INIT, Some(flags & 0x08 != 0)),
    };
    Ok(Some(Message { version, clear, from_initiator, first_payload, payloads: cursor.rest() }))
}

/// RFC 7296 §3.1.
const IKE_SA_INIT: u8 = 34;

/// Exchanges 1 to 5 (RFC 2408 §3.1), 6 transaction (mode config), 32 quick mode and 33 new group
/// (RFC 2409 appendix A); flags encryption, commit and authentication; payloads 1 to 21, and the
/// private ones from 128 that drafts used for NAT-T and fragments.
const fn is_v1(exchange: u8, flags: u8, first_payload: u8) -> bool {
    matches!(exchange, 1..=6 | 32 | 33) && flags & !0x07 == 0 && matches!(first_payload, 1..=21 | 128..=255)
}

/// Exchanges 34 to 44 and payloads 33 to 54 of the IANA registry "IKEv2 Parameters"; flags initiator,
/// version and response. Other flags "MUST be ignored on receipt", and a payload may be of a future
/// version's: one of the two may be strange.
const fn is_v2(exchange: u8, flags: u8, first_payload: u8) -> bool {
    matches!(exchange, IKE_SA_INIT..=44) && (flags & !0x38 == 0 || matches!(first_payload, 0 | 33..=54))
}

/// ESP in UDP and keepalives, for a tunnel that was up before the capture began.
///
/// "No" is final: at a sender's fourth datagram, each before has fitted.
fn nat_traversal(sight: &Sight<'_>) -> Look {
    let on_port = sight.on_port(&NAT_T_PORTS);
    if sight.data == KEEPALIVE {
        return match (on_port, sight.count) {
            (_, ..KEEPALIVES) => Look::More,
            (true, _) => Look::Is(Found::new(60)),
            (false, _) => Look::No,
        };
    }
    if !on_port || !is_esp(sight.data) || !is_noise(sight.data.get(8..).unwrap_or_default()) {
        return Look::No;
    }
    let needed = if is_esp(sight.other) { ESP_PACKETS_BOTH_WAYS } else { ESP_PACKETS };
    if sight.count < needed { Look::More } else { Look::Is(Found::new(75)) }
}

/// RFC 4303 §2: SPI, sequence number.
fn is_esp(data: &[u8]) -> bool {
    let mut cursor = Cursor::new(Layer::Esp, data);
    let (Ok(spi), Ok(sequence)) = (cursor.u32(), cursor.u32()) else { return false };
    spi >= LEAST_SPI && sequence != 0 && sequence >> SEQUENCE_BITS == 0
}

fn stream(sight: &Sight<'_>) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    if sight.data.starts_with(TCP_PREFIX) {
        // Only the side that opened the connection sends the prefix.
        return Look::Is(Found::served_by(92, sight.sender().peer()));
    }
    if TCP_PREFIX.starts_with(sight.data) { Look::More } else { Look::No }
}
