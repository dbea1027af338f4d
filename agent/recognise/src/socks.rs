//! SOCKS proxies: version 5 (RFC 1928) and 4 (SOCKS4, SOCKS4A), believed once both sides agree.
//!
//! Whoever speaks first is the client, whichever side opened the conn: a proxy that calls its users, so that they
//! get in, is one too.
//!
//! ```text
//! 5   05 │ number of methods 1 │ methods       →   05 │ method
//!     05 │ 01 connect │ 00 │ kind │ target │ port 2
//! 4   04 │ 01 connect │ port 2 │ IPv4 4 │ user … 00 (│ name … 00)   →   00 │ 5A to 5D │ …
//! ```
//!
//! The target is whom the proxied connection is with. Users and passwords are not read.

use sekisho_decode::{Addr, Cursor, DecodeError, Layer};

use crate::text::{self, HOST_BYTES};
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "socks",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[1080],
    start: Start::with(&[0, V4, V5]),
    look,
};

/// Whose proxy it is, once both sides agree.
const BY_ORIG: u32 = 1;
const BY_RESP: u32 = 2;

const V5: u8 = 5;
const V4: u8 = 4;
/// No authentication, GSSAPI, user and password (RFC 1928 §3), and those of IANA's list.
const LAST_METHOD: u8 = 9;
const NONE_ACCEPTABLE: u8 = 0xff;
/// A user's name and a host's.
const MOST_REQUEST_BYTES: usize = 600;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    if *memo > 0 {
        return target(sight, *memo == BY_ORIG, sink);
    }
    match (sight.data, sight.other) {
        ([V5 | V4], []) | ([V5], [V5, ..]) => Look::More,
        ([V5, methods @ ..], []) => greeting(methods),
        ([V4, 1 | 2, ..], []) => {
            if sight.data.len() > MOST_REQUEST_BYTES {
                Look::No
            } else {
                Look::More
            }
        }
        ([V5, method, ..], [V5, count, offered @ ..]) => {
            let offered = offered.get(..usize::from(*count)).unwrap_or_default();
            if *method != NONE_ACCEPTABLE && !offered.contains(method) {
                return Look::No;
            }
            *memo = if sight.from_orig { BY_RESP } else { BY_ORIG };
            Look::Reading(Found::served_by(92, sight.sender()))
        }
        ([0, 0x5a..=0x5d, _, _, _, _, _, _], [V4, ..]) => {
            let request =
                Sight { data: sight.other, other: sight.data, from_orig: !sight.from_orig, ..*sight };
            note_v4(&request, sink);
            Look::Is(Found::served_by(92, sight.sender()))
        }
        ([0] | [0, 0x5a..=0x5d, ..], [V4, ..]) if sight.data.len() < 8 => Look::More,
        _ => Look::No,
    }
}

/// The client's first message: nothing but methods.
fn greeting(rest: &[u8]) -> Look {
    let Some((count, methods)) = rest.split_first() else { return Look::More };
    let known = |method: &u8| *method <= LAST_METHOD || (0x80..NONE_ACCEPTABLE).contains(method);
    let fits = (1..=LAST_METHOD).contains(count) && methods.len() <= usize::from(*count);
    if fits && methods.iter().all(known) { Look::More } else { Look::No }
}

/// The client's request, behind the greeting and perhaps an authentication (RFC 1929).
fn target(sight: &Sight<'_>, by_orig: bool, sink: &mut dyn Sink) -> Look {
    let found = Found::new(92);
    if sight.from_orig != by_orig {
        return Look::Reading(found);
    }
    match request(sight.data, sight, sink) {
        Err(DecodeError::Truncated { .. }) if sight.data.len() < MOST_REQUEST_BYTES => Look::Reading(found),
        Ok(()) | Err(_) => Look::No,
    }
}

fn request(data: &[u8], sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<(), DecodeError> {
    const IPV4: u8 = 1;
    const NAME: u8 = 3;
    const IPV6: u8 = 4;
    let mut cursor = Cursor::new(Layer::Application, data);
    let _version = cursor.u8()?;
    let methods = cursor.u8()?;
    cursor.take(usize::from(methods))?;
    let mut version = cursor.u8()?;
    if version == 1 {
        // User, password.
        for _ in 0..2 {
            let len = cursor.u8()?;
            cursor.take(usize::from(len))?;
        }
        version = cursor.u8()?;
    }
    let [_command, _reserved, kind] = cursor.array()?;
    if version != V5 {
        return Err(cursor.malformed("no request of SOCKS"));
    }
    match kind {
        IPV4 => note_address(Addr::v4(cursor.array()?), sight, sink),
        IPV6 => note_address(Addr::v6(cursor.array()?), sight, sink),
        NAME => {
            let len = cursor.u8()?;
            note_name(cursor.take(usize::from(len))?, sight, sink);
        }
        _ => return Err(cursor.malformed("no address of SOCKS")),
    }
    Ok(())
}

fn note_v4(sight: &Sight<'_>, sink: &mut dyn Sink) {
    let [_, _, _, _, address @ .., _] = sight.data.first_chunk::<9>().unwrap_or(&[0; 9]);
    // SOCKS4A: an address of 0.0.0.x says that a name follows the user.
    if let [0, 0, 0, 1..=255] = address {
        let rest = sight.data.get(8..).unwrap_or_default();
        if let Some(name) = rest.split(|byte| *byte == 0).nth(1) {
            note_name(name, sight, sink);
        }
    } else {
        note_address(Addr::v4(*address), sight, sink);
    }
}

fn note_name(name: &[u8], sight: &Sight<'_>, sink: &mut dyn Sink) {
    if let Some(name) = text::host(name, &mut [0; HOST_BYTES]) {
        sink.note(sight.sender(), Key::ProxyTarget, name);
    }
}

fn note_address(address: Addr, sight: &Sight<'_>, sink: &mut dyn Sink) {
    sink.note(sight.sender(), Key::ProxyAddress, &address.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Recorder, Turn, converse, hex};

    fn targets(notes: &Recorder) -> Vec<&str> {
        [notes.values(Key::ProxyTarget), notes.values(Key::ProxyAddress)].concat()
    }

    #[test]
    fn a_method_that_was_offered_is_socks_and_the_target_is_noted() {
        let name = [&hex("05 01 00")[..], &hex("05 01 00 03 0c"), b"pacs.example", &hex("01bb")].concat();
        let greeting = &name[..3];
        let request = &name[3..];
        let secret = [b"\x01\x02me\x06secret", request].concat();
        let address = hex("05 01 00 01 c6336414 01bb");
        // (what, client's greeting, answer, request, target)
        let cases = [
            ("a name", greeting, &b"\x05\0"[..], request, &["pacs.example"][..]),
            ("behind a password", b"\x05\x02\0\x02", b"\x05\x02", &secret, &["pacs.example"]),
            ("an address", greeting, b"\x05\0", &address, &["198.51.100.20"]),
            ("nothing yet", greeting, b"\x05\0", b"\x05\x01", &[]),
        ];
        for (what, greeting, answer, request, target) in cases {
            for step in [1, 1000] {
                let turns: [Turn<'_>; 3] = [(true, greeting), (false, answer), (true, request)];
                let (found, notes) = converse(&PROTOCOL, 9050, &turns, step);
                assert!(matches!(found, Some(Look::Reading(_))), "{what}: {found:?}");
                assert_eq!(targets(&notes), target, "{what}, {step} bytes a segment");
                assert!(!format!("{notes:?}").contains("secret"));
            }
        }
    }

    #[test]
    fn version_4_is_believed_with_its_answer() {
        let is = Some(Look::Is(Found::served_by(92, Side::Resp)));
        let named = hex("04 01 01bb 00000001 6d6500 706163732e6578616d706c6500");
        let plain = hex("04 01 01bb c6336414 00");
        let granted = hex("00 5a 0000 00000000");
        for (request, target) in [(&named, "pacs.example"), (&plain, "198.51.100.20")] {
            let (found, notes) = converse(&PROTOCOL, 1080, &[(true, request), (false, &granted)], 1000);
            assert_eq!(found, is);
            assert_eq!(targets(&notes), [target]);
        }
    }

    #[test]
    fn a_proxy_may_call_its_user() {
        let request = hex("05 01 00 01 0a140114 01bb");
        let turns: [Turn<'_>; 3] = [(false, b"\x05\x01\0"), (true, b"\x05\0"), (false, &request)];
        let (_, notes) = converse(&PROTOCOL, 9050, &turns, 1000);
        assert_eq!(targets(&notes), ["10.20.1.20"]);
        let (found, _) = converse(&PROTOCOL, 9050, &turns[..2], 1000);
        assert_eq!(found, Some(Look::Reading(Found::served_by(92, Side::Orig))));
        let granted = hex("00 5a 0000 00000000");
        let turns: [Turn<'_>; 2] = [(false, &hex("04 01 01bb c6336414 00")), (true, &granted)];
        assert_eq!(
            converse(&PROTOCOL, 9050, &turns, 1000).0,
            Some(Look::Is(Found::served_by(92, Side::Orig)))
        );
    }

    #[test]
    fn other_exchanges_are_not_socks() {
        let cases: [&[Turn<'_>]; 4] = [
            &[(true, b"\x05\x01\0"), (false, b"\x05\x02")], // a method that was not offered
            &[(true, b"\x05\x01\x40")],                     // a method that there is not
            &[(true, b"\x05\0\x0b\x03\x10\0\0\0")],         // DCE/RPC
            &[(true, b"\x04\x01\x01\xbb\xc6\x33\x64\x14\0"), (false, b"\x05\x5a")],
        ];
        for turns in cases {
            assert_eq!(converse(&PROTOCOL, 1080, turns, 1000).0, Some(Look::No), "{turns:?}");
        }
    }
}
