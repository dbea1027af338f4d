//! WireGuard over UDP, any port.
//!
//! Messages as in the WireGuard paper §5.4 (Donenfeld, NDSS 2017): a type, three zero bytes, then
//!
//! ```text
//! 1  initiation  148 bytes   sender index, ephemeral key, sealed key and time, two MACs
//! 2  response     92 bytes   sender index, receiver index, ephemeral key, sealed nothing, two MACs
//! 3  cookie       64 bytes   receiver index, nonce, sealed cookie
//! 4  data        ≥ 32 bytes  receiver index, counter (little-endian), sealed packet padded to 16
//! ```
//!
//! A handshake is believed by itself, data alone only if nothing else came in several datagrams. Keys
//! and sealed parts must look like noise. Cloudflare WARP and others carry the same messages; rules
//! tell those by their names and addresses.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "wireguard",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[51820],
    start: Start::between(1, 4),
    look,
};

const INITIATION_BYTES: usize = 148;
const RESPONSE_BYTES: usize = 92;
const COOKIE_BYTES: usize = 64;
const LEAST_DATA_BYTES: usize = 32;

/// A session is rekeyed after 2^60 messages at the latest, and after two minutes in practice: a
/// counter of more than 40 bits is none.
const COUNTER_BITS: u32 = 40;

/// How many of a sender's datagrams, all of them data messages, are believed; fewer if the other
/// side's first was one too.
const DATA_MESSAGES: u32 = 3;
const DATA_MESSAGES_BOTH_WAYS: u32 = 2;

/// Tailscale wraps WireGuard and shows its own mark every few seconds: on its port it goes first.
const TAILSCALE_PORT: u16 = 41641;
const DATA_MESSAGES_TAILSCALE: u32 = 6;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let [kind, 0, 0, 0, ..] = *sight.data else { return Look::No };
    let message = match (kind, sight.wire_len) {
        (1, INITIATION_BYTES) => initiation(sight),
        (2, RESPONSE_BYTES) => response(sight),
        (3, COOKIE_BYTES) => Ok(Look::More),
        (4, LEAST_DATA_BYTES..) if sight.wire_len.is_multiple_of(16) => data(sight),
        _ => Ok(Look::No),
    };
    // A snapshot too short for the indexes proves nothing.
    message.unwrap_or(Look::No)
}

fn initiation(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _kind = cursor.u32()?;
    let _sender_index = cursor.u32()?;
    if !is_noise(cursor.rest()) {
        return Ok(Look::No);
    }
    Ok(Look::Is(Found::served_by(92, sight.sender().peer())))
}

fn response(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _kind = cursor.u32()?;
    let _sender_index = cursor.u32()?;
    let receiver_index: [u8; 4] = cursor.array()?;
    if !is_noise(cursor.rest()) {
        return Ok(Look::No);
    }
    let answers = matches!(*sight.other, [1, 0, 0, 0, a, b, c, d, ..] if [a, b, c, d] == receiver_index);
    Ok(Look::Is(Found::served_by(if answers { 98 } else { 88 }, sight.sender())))
}

fn data(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _kind = cursor.u32()?;
    let _receiver_index = cursor.u32()?;
    let counter = u64::from_le_bytes(cursor.array()?);
    if counter >> COUNTER_BITS != 0 || !is_noise(cursor.rest()) {
        return Ok(Look::No);
    }
    // "No" is final: at a sender's third datagram, each before has fitted.
    let both_ways = matches!(*sight.other, [1 | 2 | 4, 0, 0, 0, ..]);
    let needed = match (sight.on_port(&[TAILSCALE_PORT]), both_ways) {
        (true, _) => DATA_MESSAGES_TAILSCALE,
        (false, true) => DATA_MESSAGES_BOTH_WAYS,
        (false, false) => DATA_MESSAGES,
    };
    if sight.count < needed {
        return Ok(Look::More);
    }
    Ok(Look::Is(Found::new(if both_ways { 85 } else { 75 })))
}

#[cfg(test)]
mod tests;
