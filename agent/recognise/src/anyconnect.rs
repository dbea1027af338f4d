//! Cisco AnyConnect's data channel over DTLS, and its request_line where the TLS is taken off.
//!
//! AnyConnect, and OpenConnect with it, opened its UDP channel with DTLS records that carry version
//! `0x0100`, which OpenSSL keeps for it alone (`DTLS1_BAD_VER`). Newer clients speak DTLS 1.2, but go on
//! naming the session that the TLS channel gave them (draft-mavrogiannopoulos-openconnect-04 §2.3): a
//! client's very first hello already has a session ID, and no server name. Over TLS the client asks for
//! `CONNECT /CSCOSSLC/tunnel`. What shows only the gateway's certificate is told by rules.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::request_line::opens_with;
use crate::tls::hello::{ClientHello, Transport};
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "anyconnect",
    tunnel: true,
    over: &[Over::Tcp, Over::Udp],
    ports: &[443],
    start: Start::between(20, 23).or_with(b"C"),
    look,
};

const OPENINGS: &[&[u8]] = &[b"CONNECT /CSCOSSLC/tunnel "];

const VERSION: u16 = 0x0100;
/// DTLS 1.0 and 1.2.
const LATER_VERSIONS: [u16; 2] = [0xfeff, 0xfefd];

/// The session ID of the TLS channel, or the application ID of newer servers.
const SESSION_BYTES: u8 = 32;

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;

/// How many of a sender's datagrams, all of them such records, are believed without a hello.
const RECORDS: u32 = 3;

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Tcp => opens_with(sight, OPENINGS),
        Over::Udp => match sight.data {
            [HANDSHAKE, 0xfe, ..] => resumption(sight, sink).unwrap_or(Look::No),
            _ => record(sight).unwrap_or(Look::No),
        },
        Over::Ip(_) => Look::No,
    }
}

/// Reads a later DTLS client's hello in one record (RFC 6347 §4.1, §4.2.2), and what it names.
fn resumption(sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _kind = cursor.u8()?;
    let (version, epoch) = (cursor.u16()?, cursor.u16()?);
    let _sequence: [u8; 6] = cursor.array()?;
    let length = usize::from(cursor.u16()?);
    let mut cursor = Cursor::new(Layer::Application, cursor.take(length)?);
    let message = cursor.u8()?;
    let (whole, _number, offset): ([u8; 3], u16, [u8; 3]) = (cursor.array()?, cursor.u16()?, cursor.array()?);
    let fragment: [u8; 3] = cursor.array()?;
    let body = cursor.rest();
    let fits = LATER_VERSIONS.contains(&version)
        && (epoch, message, offset) == (0, CLIENT_HELLO, [0; 3])
        && fragment == whole;
    // Version and random go before the session ID.
    if !fits || body.get(34) != Some(&SESSION_BYTES) {
        return Ok(Look::No);
    }
    let hello = ClientHello::parse(body, Transport::Dtls)?;
    if hello.names_server() {
        return Ok(Look::No);
    }
    hello.note(Transport::Dtls, sight.sender(), sink);
    Ok(Look::Is(Found::served_by(75, sight.sender().peer())))
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

    /// A hello of DTLS 1.2 with one cipher suite: version, random, session ID, cookie, suites, compression.
    fn later_hello(session: u8, extensions: &[u8]) -> Vec<u8> {
        let mut body = [&[0xfe, 0xfd][..], &[7; 32], &[session]].concat();
        body.extend(vec![9; usize::from(session)]);
        body.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
        body.extend(extensions);
        let [_, _, high, low] = u32::try_from(body.len()).unwrap().to_be_bytes();
        let header = [1, 0, high, low, 0, 0, 0, 0, 0, 0, high, low];
        bytes(22, 0xfefd, 0, &[&header[..], &body].concat())
    }

    #[test]
    fn a_later_hello_that_names_a_session_and_no_server_is_believed() {
        let named = [0, 13, 0, 0, 0, 9, 0, 7, 0, 0, 4, b'v', b'.', b'e', b'x'];
        let cases = [
            (
                later_hello(32, &[]),
                Look::Is(Found::served_by(75, Side::Resp)),
                "the session of the TLS channel",
            ),
            (later_hello(0, &[]), Look::No, "a new session"),
            (later_hello(32, &named), Look::No, "a session with a named server"),
        ];
        for (datagram, expected, why) in cases {
            let (found, recorder) =
                recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 443, &datagram));
            assert_eq!(found, expected, "{why}");
            assert_eq!(recorder.values(crate::Key::Ja4).len(), usize::from(expected != Look::No), "{why}");
            for len in 0..datagram.len() {
                let cut = recorder::sight(Over::Udp, true, 443, &datagram[..len]);
                assert_eq!(recorder::look(&PROTOCOL, &cut).0, Look::No, "{why}: {len} bytes");
            }
        }
    }

    #[test]
    fn its_request_for_the_tunnel_is_believed_and_waited_for() {
        crate::request_line::check(&PROTOCOL, OPENINGS);
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
