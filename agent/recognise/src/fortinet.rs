//! Fortinet's SSL-VPN, where its TLS or DTLS is taken off; else a rule knows the FortiGate's certificate.
//!
//! FortiClient asks for pages under `/remote/` and then turns the connection into PPP with
//! `GET /remote/sslvpn-tunnel`; over DTLS it opens with a message of named strings:
//!
//! ```text
//! length 2 (all) │ "GFtype" 0 │ "clthello" 0 │ "SVPNCOOKIE" 0 │ cookie 0
//! ```
//!
//! OpenConnect's `fortinet.c`, and the server's answer `svrhello` in the same form.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::request_line::opens_with;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "fortinet-sslvpn",
    tunnel: true,
    over: &[Over::Tcp, Over::Udp],
    ports: &[10443],
    // Requests, and the length of a datagram that fits a frame of Ethernet.
    start: Start::between(0, 5).or_with(b"GP"),
    look,
};

const OPENINGS: &[&[u8]] = &[
    b"GET /remote/sslvpn-tunnel",
    b"GET /remote/fortisslvpn",
    b"GET /remote/login?",
    b"POST /remote/logincheck",
    b"GET /remote/saml/start",
];

const CLIENT_HELLO: &[u8] = b"GFtype\0clthello\0";
const SERVER_HELLO: &[u8] = b"GFtype\0svrhello\0";

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Tcp => opens_with(sight, OPENINGS),
        Over::Udp => datagram(sight).unwrap_or(Look::No),
        Over::Ip(_) => Look::No,
    }
}

fn datagram(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    if usize::from(cursor.u16()?) != sight.wire_len {
        return Ok(Look::No);
    }
    Ok(match cursor.rest() {
        hello if hello.starts_with(CLIENT_HELLO) => Look::Is(Found::served_by(96, sight.sender().peer())),
        hello if hello.starts_with(SERVER_HELLO) => Look::Is(Found::served_by(96, sight.sender())),
        _ => Look::No,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Side, recorder};

    #[test]
    fn its_pages_are_believed_and_waited_for() {
        crate::request_line::check(&PROTOCOL, OPENINGS);
    }

    #[test]
    fn its_hellos_over_udp_are_believed_whole() {
        let hello = |text: &[u8]| [&u16::try_from(text.len() + 2).unwrap().to_be_bytes(), text].concat();
        let client = hello(b"GFtype\0clthello\0SVPNCOOKIE\0c00c1e\0");
        let server = hello(b"GFtype\0svrhello\0handshake\0ok\0");
        for (data, from_orig) in [(&client, true), (&server, false)] {
            let sight = recorder::sight(Over::Udp, from_orig, 10_443, data);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::Is(Found::served_by(96, Side::Resp)));
            for len in 0..data.len() {
                let cut = recorder::sight(Over::Udp, from_orig, 10_443, &data[..len]);
                assert_eq!(recorder::look(&PROTOCOL, &cut).0, Look::No, "{len} bytes");
            }
        }
    }
}
