use proptest::prelude::*;
use ring::aead::{Aad, Nonce};
use sekisho_decode::Addr;

use super::initial::{Keys, V2};
use super::*;
use crate::recorder::{CLIENT, Recorder, SERVER, hex, look, sight};
use crate::tls::samples;
use crate::{Budget, Engine, Glimpse, Inspection, Side};

/// The CRYPTO frame of the client Initial of RFC 9001 §A.2 and RFC 9369 §A.2.
const FRAME: &str = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c
    00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00170018
    0010000700050461 6c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171
    fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d0002010100
    1c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8
    f03e51570806048000ffff";

const CONNECTION_ID: &str = "8394c8f03e515708";

const FOUND: Look = Look::Is(Found::served_by(99, Side::Resp));

/// Protects a client's Initial with packet number 2, padded to 1200 bytes, as RFC 9001 §A.2 does.
fn protect(version: u32, first: u8, frames: &[u8]) -> Vec<u8> {
    let id = hex(CONNECTION_ID);
    let keys = Keys::of_client(version, &id).unwrap();
    let mut packet = [&[first], &version.to_be_bytes()[..], &[8], &id, &hex("00 00 449e 00000002")].concat();
    let number_at = packet.len() - 4;
    let mut nonce = keys.iv;
    nonce[11] ^= 2;
    let mut payload = frames.to_vec();
    payload.resize(1162, 0);
    let nonce = Nonce::assume_unique_for_key(nonce);
    keys.packet.seal_in_place_append_tag(nonce, Aad::from(&packet), &mut payload).unwrap();
    let mask = keys.header.new_mask(&payload[..16]).unwrap();
    packet[0] ^= mask[0] & 0x0f;
    for (byte, mask) in packet[number_at..].iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
    packet.extend(payload);
    packet
}

fn crypto_frame(offset: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&[6][..], &(0x4000 | offset).to_be_bytes(), &(0x4000 | length).to_be_bytes(), data].concat()
}

#[test]
fn the_published_initials_decrypt() {
    // (version, name, first byte, the RFC's first bytes of the protected packet)
    let cases = [
        (1, "1", 0xc3, "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b"),
        (V2, "2", 0xd3, "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071"),
    ];
    for (version, name, first, published) in cases {
        let datagram = protect(version, first, &hex(FRAME));
        assert!(datagram.starts_with(&hex(published)), "version {name}");
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 8443, &datagram));
        assert_eq!(found, FOUND, "version {name}");
        let notes: Vec<_> = recorder.notes.iter().map(|note| (note.1.slug(), note.2.as_str())).collect();
        assert_eq!(notes[..3], [("quic_version", name), ("sni", "example.com"), ("alpn", "alpn")]);
        // SHA-256 of `1301,1302` and of the RFC's extensions, as `sha256sum` gives them.
        assert_eq!(notes[3..], [("ja4", "q13d0211an_62ed6f6ca7ad_4d634acda6c0")]);
    }
}

#[test]
fn a_published_packet_ends_in_its_tag() {
    assert!(protect(1, 0xc3, &hex(FRAME)).ends_with(&hex("e221af44860018ab0856972e194cd934")));
}

#[test]
fn shuffled_frames_with_pings_are_put_together() {
    let hello = samples::message(1, &samples::client_hello_body("pacs.example.org", None));
    let (head, tail) = hello.split_at(70);
    let frames = [crypto_frame(70, tail), vec![1, 0, 0, 1], crypto_frame(0, head)].concat();
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 443, &protect(1, 0xc3, &frames)));
    assert_eq!(found, FOUND);
    assert_eq!(recorder.values(Key::Sni), ["pacs.example.org"]);
    assert_eq!(recorder.values(Key::Ja4).len(), 1);
}

/// Shows a client's datagrams to an engine that keeps so many conns; gives what was noted of them.
fn engine_notes(watches: usize, datagrams: &[&[u8]]) -> Recorder {
    let mut engine = Engine::new(Budget { watches, ..Budget::default() });
    let (mut inspection, mut recorder) = (Inspection::default(), Recorder::default());
    for (count, payload) in (1..).zip(datagrams) {
        let glimpse = Glimpse {
            time_ns: 0,
            over: Over::Udp,
            from_orig: true,
            payload,
            wire_len: payload.len() as u32,
            seq: 0,
            count,
            from_start: true,
            orig: (Addr::v4(CLIENT), 50_000),
            resp: (Addr::v4(SERVER), 443),
        };
        engine.inspect(&mut inspection, &glimpse, &mut recorder);
    }
    assert_eq!(inspection.protocol().map(|(protocol, _)| protocol.service), Some("quic"));
    recorder
}

#[test]
fn a_hello_over_datagrams_in_any_order_is_put_together() {
    let hello = samples::message(1, &samples::client_hello_body("pacs.example.org", None));
    let part = |start: usize, end: usize| crypto_frame(u16::try_from(start).unwrap(), &hello[start..end]);
    // The cuts fall into the SNI, as Chromium's do.
    let at = hello.windows(4).position(|bytes| bytes == b"pacs").unwrap() + 2;
    let end = hello.len();
    let shuffled = [
        [part(at + 9, end), part(0, 5)].concat(),
        [part(at, at + 4), vec![1], part(5, at)].concat(),
        part(at + 4, at + 9),
    ];
    let [one, two, three] = shuffled.map(|frames| protect(1, 0xc3, &frames));
    let whole = look(&PROTOCOL, &sight(Over::Udp, true, 443, &protect(1, 0xc3, &part(0, end)))).1;
    let orders: [&[&[u8]]; 4] = [
        &[&one, &two, &three],
        &[&three, &two, &one],
        &[&two, &two, &one, &three],
        &[&two, &three, &[0x40; 30], &one],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let recorder = engine_notes(10, order);
        for key in [Key::Sni, Key::Alpn, Key::Ja4, Key::QuicVersion] {
            assert_eq!(recorder.values(key), whole.values(key), "order {number}: {key:?}");
        }
    }
}

#[test]
fn of_a_hello_that_stays_in_pieces_the_names_are_noted_once() {
    let hello = samples::message(1, &samples::client_hello_body("pacs.example.org", None));
    // The cut falls between the SNI and the ALPN extension.
    let at = hello.windows(2).position(|bytes| bytes == b"rg").unwrap() + 2;
    let first = protect(1, 0xc3, &crypto_frame(0, &hello[..at]));
    let second = protect(1, 0xc3, &crypto_frame(u16::try_from(at).unwrap(), &hello[at..]));
    // (why, watches, datagrams, how many JA4)
    let cases: [(&str, usize, &[&[u8]], usize); 4] = [
        ("both", 10, &[&first, &second], 1),
        ("both, the other way round", 10, &[&second, &first], 1),
        ("no room to keep one", 0, &[&first, &second], 0),
        ("one that came twice", 10, &[&first, &first, &second], 1),
    ];
    for (why, watches, datagrams, fingerprints) in cases {
        let recorder = engine_notes(watches, datagrams);
        assert_eq!(recorder.values(Key::Sni), ["pacs.example.org"], "{why}");
        assert_eq!(recorder.values(Key::Alpn), ["h2,http/1.1"], "{why}");
        assert_eq!(recorder.values(Key::QuicVersion), ["1"], "{why}");
        assert_eq!(recorder.values(Key::Ja4).len(), fingerprints, "{why}");
    }
    let alone = engine_notes(10, &[&second]);
    assert_eq!((alone.values(Key::Sni).len(), alone.values(Key::Alpn).len()), (0, 1));
}

#[test]
fn googles_quic_is_recognised_and_its_plain_hello_read() {
    let tags = "434c4f20";
    let hello =
        "43484c4f 0200 0000 534e4900 0f000000 56455200 13000000 76706e2e6578616d706c652e6f7267 51303433";
    let early = format!("09 0011223344556677 51303433 01 {} a001 {hello} {tags}", "00".repeat(12));
    let middle = format!("c3 51303436 50 0011223344556677 00000001 {} a001 {hello} {tags}", "00".repeat(12));
    let late = format!("c3 51303530 50 0011223344556677 {}", "5a".repeat(60));
    for (wire, version, names) in [(early, "Q043", 1), (middle, "Q046", 1), (late, "Q050", 0)] {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 443, &hex(&wire)));
        assert_eq!(found, Look::Is(Found::served_by(90, Side::Resp)), "{version}");
        assert_eq!(recorder.values(Key::QuicVersion), [version]);
        assert_eq!(recorder.values(Key::Sni), ["vpn.example.org"; 1][..names], "{version}");
    }
}

#[test]
fn other_long_headers_are_recognised_without_decryption() {
    let reading = Look::Reading(Found::new(90));
    // (wire, answer, why)
    let cases = [
        ("80 00000000 00 08 8394c8f03e515708 6b3343cf 00000001", reading, "version negotiation"),
        ("80 00000000 00 08 8394c8f03e515708 12345678", Look::No, "a list without a known version"),
        ("f3 00000001 00 00 00112233445566778899aabbccddeeff", Look::No, "a Retry from nobody to nobody"),
        ("80 00000000 00 00 6b3343cf 00000001", Look::No, "a list from nobody"),
        (
            "e3 00000001 08 8394c8f03e515708 00 14 00112233445566778899aabbccddeeff00112233",
            reading,
            "Handshake",
        ),
        (
            "e3 00000001 08 8394c8f03e515708 00 15 00112233445566778899aabbccddeeff00112233",
            Look::No,
            "beyond",
        ),
        (
            "83 00000001 08 8394c8f03e515708 00 14 00112233445566778899aabbccddeeff00112233",
            Look::No,
            "fixed bit",
        ),
        (
            "e3 00000003 08 8394c8f03e515708 00 14 00112233445566778899aabbccddeeff00112233",
            Look::No,
            "version 3",
        ),
        (
            "e3 00000001 15 8394c8f03e515708 00 14 00112233445566778899aabbccddeeff00112233",
            Look::No,
            "long ID",
        ),
        ("40 8394c8f03e515708 00112233445566778899aabbccddeeff00112233", Look::No, "a short header"),
    ];
    for (wire, expected, why) in cases {
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 443, &hex(wire))).0, expected, "{why}");
    }
}

#[test]
fn a_version_that_is_not_known_is_told_by_its_answer() {
    let opening = hex("c2 ff020000 08 ae3f3dd669a153b3 08 4e8d17b73e5ea0d4 00 44ca");
    let mut padded = opening.clone();
    padded.resize(1200, 0x31);
    // (what the server sends, what is found, why)
    let is = Look::Is(Found::served_by(88, Side::Resp));
    let cases = [
        ("c5 ff020000 08 4e8d17b73e5ea0d4 08 0102030405060708 00", is, "to the ID that was given"),
        ("c5 ff020000 00 08 0102030405060708 00", Look::No, "to none"),
        ("c5 ff020000 08 4e8d17b73e5ea0d5 08 0102030405060708 00", Look::No, "to another"),
        ("c5 ff030000 08 4e8d17b73e5ea0d4 08 0102030405060708 00", Look::No, "in another version"),
        ("45 ff020000 08 4e8d17b73e5ea0d4 08 0102030405060708 00", Look::No, "a short header"),
    ];
    assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 8443, &padded)).0, Look::More);
    assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 8443, &opening)).0, Look::No, "too short to open");
    for (wire, expected, why) in cases {
        let answer = hex(wire);
        let seen = Sight { other: &opening, ..sight(Over::Udp, false, 8443, &answer) };
        assert_eq!(look(&PROTOCOL, &seen).0, expected, "{why}");
    }
}

#[test]
fn a_truncated_initial_names_nobody() {
    let datagram = protect(1, 0xc3, &hex(FRAME));
    for len in 0..datagram.len() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 443, &datagram[..len]));
        assert_eq!((found, recorder.notes.len()), (Look::No, 0), "{len} bytes");
        let cut = Sight { wire_len: datagram.len(), ..sight(Over::Udp, true, 443, &datagram[..len]) };
        let (found, recorder) = look(&PROTOCOL, &cut);
        assert!(matches!(found, Look::No | Look::More | Look::Reading(_)), "{len} bytes");
        assert!(recorder.values(Key::Sni).is_empty(), "{len} bytes");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic_and_are_not_quic(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
        let found = super::look(&sight(Over::Udp, true, 443, &bytes), &mut 0, &mut Recorder::default());
        prop_assert!(matches!(found, Look::No | Look::More), "{found:?}");
    }

    #[test]
    fn random_frames_never_panic(frames in proptest::collection::vec(any::<u8>(), 0..1162)) {
        let mut recorder = Recorder::default();
        super::look(&sight(Over::Udp, true, 443, &protect(1, 0xc3, &frames)), &mut 0, &mut recorder);
        prop_assert!(recorder.values(Key::Ja4).is_empty());
    }
}
