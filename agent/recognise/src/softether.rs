//! SoftEther VPN (PacketiX): its NAT traversal and its keepalive over UDP, its HTTP opening.
//!
//! Over UDP a host asks one of SoftEther's servers for its own address with the single letter `A` and
//! is told `IP=192.0.2.7,PORT=40000`; it registers with a "pack", SoftEther's own list of named
//! values, numbers big-endian:
//!
//! ```text
//! elements 4 │ name length 4 (one more than the name has) │ name │ type 4 │ values 4 │ …
//! ```
//!
//! Where only DNS gets through, the same packets travel as what looks like it: a question for the
//! DNSKEY of eight hexadecimal digits, with ciphertext as the data of its OPT record.
//!
//! A session itself is TLS, in which `POST /vpnsvc/connect.cgi` follows; in clear only where a proxy
//! or an appliance shows it. Types and texts: SoftEther's source, `Mayaqua/Pack.h`,
//! `Mayaqua/Network.h` and `Mayaqua/HTTP.h`.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::text::find;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const NAT_T_PORT: u16 = 5004;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "softether",
    tunnel: true,
    over: &[Over::Udp, Over::Tcp],
    ports: &[NAT_T_PORT, 5555],
    start: Start::ANYHOW,
    look,
};

const ASK_ADDRESS: &[u8] = b"A";
const KEEPALIVE: &[u8] = b"Internet Connection Keep Alive Packet";
const HTTP: [&[u8]; 2] = [b"POST /vpnsvc/connect.cgi", b"POST /vpnsvc/vpn.cgi"];

/// A registration's packs have a dozen elements; names are short identifiers.
const MOST_ELEMENTS: u32 = 64;
const MOST_NAME_BYTES: u32 = 64;
/// Integer, data, string, Unicode string, 64-bit integer.
const LAST_TYPE: u32 = 4;
/// Every pack of the NAT traversal names something so: `nat_traversal_version`, `nat_t_register` …
const PACK_MARK: &[u8] = b"nat_t";

/// The disguise as DNS after its number: one question and one additional record, a label of eight letters.
const DISGUISE_HEAD: &[u8] = &[0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1, 8];
const DISGUISE_LABEL_BYTES: usize = 8;
/// The root; DNSKEY, class IN; OPT of 4,096 bytes with DO set (RFC 6891 §6.1), then its data's length.
const DISGUISE_TAIL: &[u8] = &[0, 0, 0x30, 0, 1, 0, 0, 0x29, 0x10, 0, 0, 0, 0x80, 0];

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Tcp => stream(sight),
        Over::Udp => datagram(sight),
        Over::Ip(_) => Look::No,
    }
}

fn stream(sight: &Sight<'_>) -> Look {
    if HTTP.iter().any(|opening| sight.data.starts_with(opening)) {
        return Look::Is(Found::served_by(96, sight.sender().peer()));
    }
    if HTTP.iter().any(|opening| opening.starts_with(sight.data)) { Look::More } else { Look::No }
}

fn datagram(sight: &Sight<'_>) -> Look {
    if sight.data == ASK_ADDRESS {
        return if told_address(sight.other) {
            Look::Is(Found::served_by(92, sight.sender().peer()))
        } else {
            Look::More
        };
    }
    if told_address(sight.data) {
        return Look::Is(Found::served_by(if sight.other == ASK_ADDRESS { 96 } else { 88 }, sight.sender()));
    }
    if sight.data.starts_with(KEEPALIVE) {
        return Look::Is(Found::new(90));
    }
    if matches!(disguised(sight), Ok(true)) {
        return Look::Is(Found::served_by(92, sight.sender().peer()));
    }
    match pack(sight.data) {
        Ok(true) => Look::Is(Found::new(95)),
        Ok(false) | Err(_) => Look::No,
    }
}

/// Recognises a datagram in DNS's clothes. A true OPT record's data are options, not noise.
fn disguised(sight: &Sight<'_>) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _number = cursor.u16()?;
    if cursor.take(DISGUISE_HEAD.len())? != DISGUISE_HEAD {
        return Ok(false);
    }
    let label = cursor.take(DISGUISE_LABEL_BYTES)?;
    if !label.iter().all(u8::is_ascii_hexdigit) || cursor.take(DISGUISE_TAIL.len())? != DISGUISE_TAIL {
        return Ok(false);
    }
    let length = usize::from(cursor.u16()?);
    let rest = sight.wire_len.saturating_sub(sight.data.len() - cursor.rest().len());
    Ok(length == rest && is_noise(cursor.rest()))
}

/// `IP=` and an IPv4 address, `,PORT=` and a number, and nothing else.
fn told_address(data: &[u8]) -> bool {
    let Some(rest) = data.strip_prefix(b"IP=") else { return false };
    let Some(comma) = rest.iter().position(|byte| *byte == b',') else { return false };
    let Some((address, port)) = rest.split_at_checked(comma) else { return false };
    let Some(port) = port.strip_prefix(b",PORT=") else { return false };
    let is_address = std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok());
    is_address && (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit)
}

/// Recognises a pack by its first element, and the NAT traversal's by a name in it.
fn pack(data: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let elements = cursor.u32()?;
    let name_bytes = cursor.u32()?;
    if !(1..=MOST_ELEMENTS).contains(&elements) || !(2..=MOST_NAME_BYTES).contains(&name_bytes) {
        return Ok(false);
    }
    let name = cursor.take(name_bytes as usize - 1)?;
    let kind = cursor.u32()?;
    let values = cursor.u32()?;
    let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_pack = is_name && kind <= LAST_TYPE && (1..=MOST_ELEMENTS).contains(&values);
    Ok(is_pack && find(data, PACK_MARK).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Side, recorder};

    fn register() -> Vec<u8> {
        let element = |name: &str, kind: u32| {
            let length = u32::try_from(name.len() + 1).unwrap().to_be_bytes();
            [&length[..], name.as_bytes(), &kind.to_be_bytes(), &1_u32.to_be_bytes(), &[0, 0, 0, 1]].concat()
        };
        [&[0, 0, 0, 2][..], &element("host_name", 2), b"x", &element("nat_traversal_version", 0)].concat()
    }

    #[test]
    fn its_words_are_believed() {
        let served = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
        // (over, sent by orig, bytes, other side, finding)
        let cases = [
            (Over::Udp, true, &b"A"[..], &b""[..], Look::More),
            (Over::Udp, false, b"IP=192.0.2.7,PORT=40000", b"A", served(96)),
            (Over::Udp, true, b"A", b"IP=192.0.2.7,PORT=40000", served(92)),
            (Over::Udp, false, b"IP=192.0.2.7,PORT=40000", b"", served(88)),
            (Over::Udp, false, b"IP=192.0.2.700,PORT=40000", b"A", Look::No), // no address
            (Over::Udp, false, b"IP=192.0.2.7,PORT=", b"A", Look::No),
            (Over::Udp, true, b"B", b"", Look::No),
            (Over::Udp, true, KEEPALIVE, b"", Look::Is(Found::new(90))),
            (Over::Tcp, true, b"POST /vpnsvc/connect.cgi HTTP/1.1\r\n", b"", served(96)),
            (Over::Tcp, true, b"POST /vpn", b"", Look::More),
            (Over::Tcp, true, b"POST /index.cgi HTTP/1.1\r\n", b"", Look::No),
        ];
        for (over, from_orig, data, other, expected) in cases {
            let sight = Sight { other, ..recorder::sight(over, from_orig, 5004, data) };
            assert_eq!(
                recorder::look(&PROTOCOL, &sight).0,
                expected,
                "{:?}",
                data.escape_ascii().to_string()
            );
        }
    }

    #[test]
    fn what_travels_as_dns_is_believed_by_its_ciphertext() {
        let disguise = |label: &[u8], data: &[u8]| {
            let length = u16::try_from(data.len()).unwrap().to_be_bytes();
            [&[0x4b, 0x69][..], DISGUISE_HEAD, label, DISGUISE_TAIL, &length, data].concat()
        };
        let sealed = crate::noise::noise(3, 120);
        let whole = disguise(b"8ca291d9", &sealed);
        let found = Look::Is(Found::served_by(92, Side::Resp));
        assert_eq!(recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 53, &whole)).0, found);
        let mut longer = whole.clone();
        longer.push(0);
        for (data, why) in [
            (disguise(b"example0", &sealed), "a name"),
            (disguise(b"8ca291d9", &[0; 120]), "options"),
            (longer, "bytes behind it"),
        ] {
            assert_eq!(
                recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 53, &data)).0,
                Look::No,
                "{why}"
            );
        }
        for len in 0..whole.len() {
            let cut = recorder::sight(Over::Udp, true, 53, &whole[..len]);
            assert!(matches!(recorder::look(&PROTOCOL, &cut).0, Look::No | Look::More), "{len} bytes");
        }
    }

    #[test]
    fn a_registration_is_believed_whole_and_not_cut() {
        let pack = register();
        let sight = recorder::sight(Over::Udp, true, 5004, &pack);
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::Is(Found::new(95)));
        let mark = pack.windows(5).position(|window| window == PACK_MARK).unwrap();
        for len in 0..mark + 5 {
            let sight = recorder::sight(Over::Udp, true, 5004, &pack[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
