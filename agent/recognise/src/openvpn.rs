//! OpenVPN over UDP and TCP, any port: plain, tls-auth, tls-crypt and tls-crypt-v2.
//!
//! The wire format is that of OpenVPN's `doc/doxygen/doc_protocol_overview.h` and `src/openvpn/ssl_pkt.h`.
//! A control packet comes in three dresses:
//!
//! ```text
//! plain      opcode and key id 1 │ session id 8 │ acks │ packet id 4 │ TLS
//! tls-auth   opcode and key id 1 │ session id 8 │ HMAC 16…64 │ replay id 4 │ time 4 │ acks │ packet id 4 │ TLS
//! tls-crypt  opcode and key id 1 │ session id 8 │ replay id 4 │ time 4 │ HMAC 32 │ sealed
//!            acks: count 1, packet ids 4 each, and where there are any the peer's session id 8
//! data       opcode and key id 1 │ (version 2: peer id 3) │ packet id 4 │ sealed     (with an AEAD cipher)
//! ```
//!
//! Over TCP each packet follows its length in two bytes. The surest sign is a packet that repeats the
//! other side's session id; where only one side is seen or everything is sealed, more must fit.

mod packet;

#[cfg(test)]
mod tests;

use packet::{Control, DATA_V1, DATA_V2, Dress, Role};
use sekisho_decode::{Cursor, Layer};

use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Side, Sight, Sink, Start};

const PORT: u16 = 1194;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "openvpn",
    tunnel: true,
    over: &[Over::Udp, Over::Tcp],
    ports: &[PORT],
    start: Start::ANYHOW,
    look,
};

/// Two sides' clocks may differ by a day.
const CLOCK_SKEW_S: u32 = 86_400;

/// How many of a sender's datagrams, all of them data packets, are believed; fewer if the other
/// side's first was one too, with the same opcode and key.
const DATA_PACKETS: u32 = 6;
const DATA_PACKETS_BOTH_WAYS: u32 = 4;

/// How many packets that chain by their lengths in one side's stream are believed, where the first
/// opens a session; and in a segment from the middle that holds nothing else.
const CHAINED_PACKETS: u32 = 3;
const CHAINED_PACKETS_MIDDLE: u32 = 2;

/// The longest packet: OpenVPN's buffers are for Ethernet frames with some overhead.
const MOST_PACKET_BYTES: usize = 4096;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Udp => datagram(sight),
        Over::Tcp if sight.from_start => stream(sight),
        Over::Tcp => middle_of_stream(sight),
        Over::Ip(_) => Look::No,
    }
}

/// "No" is final, so a sender's count says how many datagrams have fitted.
fn datagram(sight: &Sight<'_>) -> Look {
    match packet::opcode(sight.data) {
        Some(DATA_V1 | DATA_V2) => data(sight),
        Some(_) => match Control::read(sight.data, sight.wire_len) {
            Some(control) => session(&control, Control::read_head(sight.other).as_ref(), sight),
            None => Look::No,
        },
        None => Look::No,
    }
}

/// Judges a control packet by the other side's first, or by itself.
fn session(control: &Control<'_>, other: Option<&Control<'_>>, sight: &Sight<'_>) -> Look {
    let server = match (control.role(), other.and_then(Control::role)) {
        (Some(Role::Server), _) | (None, Some(Role::Client)) => Some(sight.sender()),
        (Some(Role::Client), _) | (None, Some(Role::Server)) => Some(sight.sender().peer()),
        (None, None) => None,
    };
    match other {
        Some(other) if control.echoes(other.session) => is(97, server),
        Some(other) if both_sealed(control, other) => is(88, server),
        _ => match (control.is_opening(), control.dress, sight.count) {
            // All is fixed but the random fields: nothing else looks so.
            (true, Dress::Signed, _) => is(85, server),
            (true, Dress::Plain, _) if control.role() == Some(Role::Server) => is(80, server),
            (true, Dress::Plain | Dress::Sealed, 2..) => is(75, server),
            (false, Dress::Plain | Dress::Signed, 2..) if control.acknowledges_only() => is(75, server),
            (false, Dress::Signed | Dress::Sealed, 3..) => is(70, server),
            _ => Look::More,
        },
    }
}

fn is(confidence: u8, server: Option<Side>) -> Look {
    Look::Is(Found { confidence, server })
}

fn both_sealed(one: &Control<'_>, other: &Control<'_>) -> bool {
    match (one.sealed_at(), other.sealed_at()) {
        (Some(one), Some(other)) => one.abs_diff(other) <= CLOCK_SKEW_S,
        _ => false,
    }
}

/// Judges a data packet: a session that was up before the capture began.
fn data(sight: &Sight<'_>) -> Look {
    // Data after the other side's control packets: that side's next decide.
    let both_ways = sight.data.first() == sight.other.first();
    if !sight.other.is_empty() && !both_ways {
        return Look::No;
    }
    let Some(sealed) = packet::data(sight.data, sight.on_port(&[PORT])) else { return Look::No };
    if !is_noise(sealed) {
        return Look::No;
    }
    let needed = if both_ways { DATA_PACKETS_BOTH_WAYS } else { DATA_PACKETS };
    if sight.count < needed {
        return Look::More;
    }
    is(if sight.on_port(&[PORT]) { 75 } else { 60 }, None)
}

fn stream(sight: &Sight<'_>) -> Look {
    let first = match first_packet(sight.data) {
        First::Packet(packet) => packet,
        First::Cut => return Look::More,
        First::Other => return Look::No,
    };
    let Some(control) = Control::read(first, first.len()).filter(Control::is_opening) else {
        return Look::No;
    };
    let server = match control.role() {
        Some(Role::Client) => Some(sight.sender().peer()),
        Some(Role::Server) => Some(sight.sender()),
        None => None,
    };
    if let First::Packet(other) = first_packet(sight.other)
        && let Some(other) = Control::read(other, other.len())
    {
        if control.echoes(other.session) || other.echoes(control.session) {
            return is(97, server);
        }
        if both_sealed(&control, &other) {
            return is(88, server);
        }
    }
    match chain(sight.data) {
        Some(Chain { packets: CHAINED_PACKETS.., .. }) => is(85, server),
        Some(_) => Look::More,
        None => Look::No,
    }
}

/// A segment in the middle often holds whole packets: an acknowledgment, one for each written at once.
fn middle_of_stream(sight: &Sight<'_>) -> Look {
    match chain(sight.data) {
        Some(Chain { exact: true, acknowledges: true, .. }) => is(80, None),
        Some(Chain { exact: true, packets: CHAINED_PACKETS_MIDDLE.., .. }) => is(70, None),
        Some(_) | None => Look::No,
    }
}

enum First<'a> {
    Packet(&'a [u8]),
    Cut,
    Other,
}

fn first_packet(stream: &[u8]) -> First<'_> {
    let mut cursor = Cursor::new(Layer::Application, stream);
    let Ok(length) = cursor.u16() else { return First::Cut };
    let length = usize::from(length);
    let is_opcode = cursor.rest().is_empty() || packet::opcode(cursor.rest()).is_some();
    if length > MOST_PACKET_BYTES || !is_opcode {
        return First::Other;
    }
    cursor.take(length).map_or(First::Cut, First::Packet)
}

/// The whole packets that a stream holds from its start on.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    packets: u32,
    /// Whether the last ends with the bytes.
    exact: bool,
    /// Whether one is a plain acknowledgment, in which little is free.
    acknowledges: bool,
}

/// Follows the packets' lengths; `None` if one is none of OpenVPN's or not of the same session as
/// those before.
fn chain(stream: &[u8]) -> Option<Chain> {
    let mut rest = stream;
    let mut chain = Chain::default();
    let (mut session, mut peer) = (None, None);
    while !rest.is_empty() {
        let packet = match first_packet(rest) {
            First::Packet(packet) => packet,
            First::Cut => return Some(chain),
            First::Other => return None,
        };
        rest = rest.get(2 + packet.len()..)?;
        match packet::opcode(packet)? {
            // Version 1 has no mark but its opcode: it neither counts nor contradicts.
            DATA_V1 => {}
            DATA_V2 => {
                let head = packet.first_chunk::<4>()?;
                if *peer.get_or_insert(head) != head || !packet::data(packet, false).is_some_and(is_noise) {
                    return None;
                }
                chain.packets += 1;
            }
            _ => {
                let control = Control::read(packet, packet.len())?;
                if *session.get_or_insert(control.session) != control.session {
                    return None;
                }
                chain.acknowledges |= control.acknowledges_only() && control.dress == Dress::Plain;
                chain.packets += 1;
            }
        }
    }
    Some(Chain { exact: true, ..chain })
}
