//! DTLS over UDP, on any port (RFC 6347, RFC 9147): SNI, ALPN and JA4 of the client's hello.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::tls::hello::{ClientHello, Transport};
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dtls",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[],
    start: Start::with(&[HANDSHAKE, APPLICATION_DATA]),
    look,
};

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    match sight.data {
        [HANDSHAKE | APPLICATION_DATA, 0xfe, ..] => read(sight, sink).unwrap_or(Look::No),
        _ => Look::No,
    }
}

/// A record's header, then the handshake's (RFC 6347 §4.1, §4.2.2).
///
/// ```text
/// type 1 | version 2 | epoch 2 | sequence 6 | length 2
/// type 1 | length 3 | message 2 | fragment offset 3 | fragment length 3 | body
/// ```
fn read(sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (kind, version, epoch) = (cursor.u8()?, cursor.u16()?, cursor.u16()?);
    cursor.array::<6>()?;
    let length = usize::from(cursor.u16()?);
    let header_bytes = sight.data.len() - cursor.rest().len();
    let fits = header_bytes + length <= sight.wire_len;
    if !matches!(version, 0xfefc..=0xfeff) || !fits || length == 0 {
        return Ok(Look::No);
    }
    if kind == APPLICATION_DATA {
        // Picked up in the middle: one encrypted record that fills its datagram.
        let fills = epoch > 0 && epoch < 16 && header_bytes + length == sight.wire_len;
        return Ok(if fills { Look::Is(Found::new(60)) } else { Look::No });
    }
    if epoch != 0 {
        return Ok(Look::No);
    }
    let message = cursor.u8()?;
    let (whole, _sequence) = (cursor.array::<3>()?, cursor.u16()?);
    let (offset, fragment) = (cursor.array::<3>()?, cursor.array::<3>()?);
    let [_, high, low] = fragment;
    let fragment_bytes = usize::from(u16::from_be_bytes([high, low]));
    if fragment > whole || fragment_bytes + 12 > length {
        return Ok(Look::No);
    }
    match message {
        CLIENT_HELLO => {
            // A hello over several datagrams is recognised, and left unread.
            if fragment == whole && offset == [0; 3] {
                match cursor.take(fragment_bytes).map(|body| ClientHello::parse(body, Transport::Dtls)) {
                    Ok(Ok(hello)) => hello.note(Transport::Dtls, sight.sender(), sink),
                    Ok(Err(_)) => return Ok(Look::No),
                    // Cut by the capture.
                    Err(_) => {}
                }
            }
            Ok(Look::Is(Found::served_by(95, sight.sender().peer())))
        }
        SERVER_HELLO | HELLO_VERIFY_REQUEST => Ok(Look::Is(Found::served_by(90, sight.sender()))),
        _ => Ok(Look::No),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{hex, look, sight};
    use crate::tls::samples;
    use crate::{Key, Side};

    fn client_hello() -> Vec<u8> {
        let body = samples::client_hello_body("vpn.example.org", Some(&[5; 20]));
        let len = u16::try_from(body.len()).unwrap();
        let header = format!("01 00{len:04x} 0000 000000 00{len:04x}");
        let record = format!("16 feff 0000 000000000000 {:04x}", len + 12);
        [hex(&record), hex(&header), body].concat()
    }

    #[test]
    fn a_client_hello_is_noted() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 4443, &client_hello()));
        assert_eq!(found, Look::Is(Found::served_by(95, Side::Resp)));
        assert_eq!(recorder.values(Key::Sni), ["vpn.example.org"]);
        assert_eq!(recorder.values(Key::Ja4), ["dd3d0306h2_40b44b994229_2b39faa7b4ef"]);
    }

    #[test]
    fn answers_and_records_are_told_apart() {
        // (wire, answer, why)
        let cases = [
            (
                "16 fefd 0000 000000000000 001f 03 000013 0000 000000 000013 feff 10 00112233445566778899aabbccddeeff",
                Look::Is(Found::served_by(90, Side::Orig)),
                "a server that asks for the cookie",
            ),
            ("17 fefd 0001 000000000007 0004 deadbeef", Look::Is(Found::new(60)), "encrypted data"),
            ("17 fefd 0001 000000000007 0005 deadbeef", Look::No, "a length beyond the datagram"),
            ("16 0303 0000 000000000000 0004 deadbeef", Look::No, "TLS's version"),
            ("80 60 0001 00000000 12345678", Look::No, "RTP"),
        ];
        for (wire, expected, why) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 4443, &hex(wire))).0, expected, "{why}");
        }
    }

    #[test]
    fn a_truncated_hello_is_nothing_unless_the_capture_cut_it() {
        let bytes = client_hello();
        for len in 0..bytes.len() {
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 4443, &bytes[..len]));
            assert_eq!((found, recorder.notes.len()), (Look::No, 0), "{len} bytes");
            let cut = Sight { wire_len: bytes.len(), ..sight(Over::Udp, true, 4443, &bytes[..len]) };
            let (found, recorder) = look(&PROTOCOL, &cut);
            let recognised = found == Look::Is(Found::served_by(95, Side::Resp));
            assert_eq!((recognised, recorder.notes.len()), (len >= 25, 0), "{len} bytes");
        }
    }
}
