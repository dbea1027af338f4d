//! Cisco AnyConnect's data channel: DTLS of before its standard.
//!
//! AnyConnect, and OpenConnect with it, opens its UDP channel with DTLS records that carry version
//! `0x0100`, which OpenSSL keeps for it alone (`DTLS1_BAD_VER`). Its TLS half, and newer clients that
//! speak DTLS 1.2, are told by rules.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink};

pub(crate) const PROTOCOL: Protocol =
    Protocol { service: "anyconnect", tunnel: true, over: &[Over::Udp], ports: &[443], look };

const VERSION: u16 = 0x0100;

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;

/// How many of a sender's datagrams, all of them such records, are believed without a hello.
const RECORDS: u32 = 3;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    record(sight).unwrap_or(Look::No)
}

/// Reads a record's header (as in RFC 6347 §4.1) and the type of a handshake message.
fn record(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let kind = cursor.u8()?;
    if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind) || cursor.u16()? != VERSION {
        return Ok(Look::No);
    }
    let epoch = cursor.u16()?;
    let _sequence: [u8; 6] = cursor.array()?;
    let length = usize::from(cursor.u16()?);
    let header = sight.data.len() - cursor.rest().len();
    // A datagram may hold several records.
    if length == 0 || header + length > sight.wire_len {
        return Ok(Look::No);
    }
    if kind == HANDSHAKE && epoch == 0 {
        return Ok(match cursor.u8()? {
            CLIENT_HELLO => Look::Is(Found::served_by(94, sight.sender().peer())),
            SERVER_HELLO | HELLO_VERIFY_REQUEST => Look::Is(Found::served_by(94, sight.sender())),
            _ => Look::More,
        });
    }
    // "No" is final: each datagram before has fitted.
    Ok(if sight.count < RECORDS { Look::More } else { Look::Is(Found::new(80)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Side, recorder};

    fn bytes(kind: u8, version: u16, epoch: u8, body: &[u8]) -> Vec<u8> {
        let [high, low] = version.to_be_bytes();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, high, low, 0, epoch, 0, 0, 0, 0, 0, 1][..], &length, body].concat()
    }

    #[test]
    fn hellos_of_the_old_version_are_believed() {
        let served = Look::Is(Found::served_by(94, Side::Resp));
        let mut long = bytes(22, 0x0100, 0, &[1; 40]);
        long.pop();
        // (datagram, sent by orig, count, finding, reason)
        let cases = [
            (bytes(22, 0x0100, 0, &[1; 40]), true, 1, served, "client hello"),
            (bytes(22, 0x0100, 0, &[3; 40]), false, 1, served, "hello verify request"),
            (bytes(22, 0x0100, 0, &[2; 40]), false, 1, served, "server hello"),
            (bytes(23, 0x0100, 1, &[9; 40]), true, 2, Look::More, "data"),
            (bytes(23, 0x0100, 1, &[9; 40]), true, 3, Look::Is(Found::new(80)), "more data"),
            (bytes(22, 0xfefd, 0, &[1; 40]), true, 3, Look::No, "DTLS 1.2"),
            (bytes(19, 0x0100, 0, &[1; 40]), true, 3, Look::No, "no record type"),
            (long, true, 3, Look::No, "longer than the datagram"),
        ];
        for (datagram, from_orig, count, expected, reason) in cases {
            let sight = Sight { count, ..recorder::sight(Over::Udp, from_orig, 8443, &datagram) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{reason}");
        }
    }

    #[test]
    fn cut_records_are_not_believed() {
        let whole = bytes(22, 0x0100, 0, &[1; 40]);
        for len in 0..whole.len() {
            let sight = recorder::sight(Over::Udp, true, 443, &whole[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
