use proptest::prelude::*;

use super::*;
use crate::Side;
use crate::noise::noise;
use crate::recorder::{self, Recorder};

/// An IKE message: version byte, exchange, flags, whether the responder's SPI is known, payloads.
fn ike(version: u8, exchange: u8, flags: u8, answered: bool, payloads: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = noise(7, 8);
    bytes.extend([u8::from(answered) * 0x5a; 8]);
    bytes.extend([payloads.first().map_or(0, |payload| payload.0), version, exchange, flags, 0, 0, 0, 0]);
    let length: usize = 28 + payloads.iter().map(|(_, body)| 4 + body.len()).sum::<usize>();
    bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
    for (index, (_, body)) in payloads.iter().enumerate() {
        let next = payloads.get(index + 1).map_or(0, |payload| payload.0);
        bytes.extend([next, 0]);
        bytes.extend(u16::try_from(4 + body.len()).unwrap().to_be_bytes());
        bytes.extend(*body);
    }
    bytes
}

fn marked(bytes: &[u8]) -> Vec<u8> {
    [&NON_ESP_MARKER, bytes].concat()
}

fn esp(sequence: u32) -> Vec<u8> {
    [&[0xf4, 0xdc, 0x0a, 0xe5][..], &sequence.to_be_bytes(), &noise(sequence, 64)].concat()
}

const STRONGSWAN: &[u8] =
    &[0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc, 0x22, 0x51, 0x61, 0x3b, 0x2e, 0xbe, 0x5b, 0xeb];

#[test]
fn a_header_that_agrees_with_itself_is_believed_on_any_port() {
    let reading = |server| Look::Reading(Found { confidence: 96, server });
    let settled = |server| Look::Is(Found { confidence: 96, server });
    // (message, sent by orig, finding, reason)
    let cases = [
        (ike(0x20, 34, 0x08, false, &[(33, &[0; 40])]), true, reading(Some(Side::Resp)), "IKE_SA_INIT"),
        (ike(0x20, 34, 0x20, true, &[(33, &[0; 40])]), false, reading(Some(Side::Resp)), "its response"),
        (
            ike(0x20, 35, 0x08, true, &[(46, &[0; 64])]),
            false,
            settled(Some(Side::Orig)),
            "IKE_AUTH from resp",
        ),
        (ike(0x20, 37, 0x00, true, &[]), true, settled(Some(Side::Orig)), "an empty INFORMATIONAL"),
        (ike(0x10, 2, 0, false, &[(1, &[0; 52])]), true, reading(Some(Side::Resp)), "main mode"),
        (ike(0x10, 2, 0, true, &[(1, &[0; 52])]), false, reading(None), "main mode, answered"),
        (ike(0x10, 32, 1, true, &[(8, &[0; 36])]), true, settled(None), "quick mode"),
        (ike(0x30, 34, 0x08, false, &[(33, &[0; 40])]), true, Look::No, "no such version"),
        (ike(0x20, 33, 0x08, false, &[(33, &[0; 40])]), true, Look::No, "version 1's exchange in version 2"),
        (ike(0x20, 34, 0xff, false, &[(33, &[0; 40])]), true, reading(Some(Side::Resp)), "reserved flags"),
        (
            ike(0x20, 35, 0x08, true, &[(127, &[0; 40])]),
            true,
            settled(Some(Side::Resp)),
            "an unknown payload",
        ),
        (ike(0x20, 34, 0xff, false, &[(13, &[0; 40])]), true, Look::No, "reserved flags and payload"),
        (ike(0x10, 2, 0x08, false, &[(1, &[0; 52])]), true, Look::No, "version 2's flag in version 1"),
        (ike(0x10, 34, 0, false, &[(1, &[0; 52])]), true, Look::No, "version 2's exchange in version 1"),
        ([ike(0x20, 34, 0x08, false, &[]), vec![0]].concat(), true, Look::No, "longer than it says"),
        ([&[0; 8], &ike(0x20, 34, 0x08, false, &[])[8..]].concat(), true, Look::No, "no initiator SPI"),
    ];
    for (message, from_orig, expected, reason) in cases {
        for port in [500, 17_000] {
            let sight = recorder::sight(Over::Udp, from_orig, port, &message);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{reason}, port {port}");
            let message = marked(&message);
            let sight = recorder::sight(Over::Udp, from_orig, port, &message);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{reason}, marked, port {port}");
        }
    }
}

#[test]
fn vendor_ids_are_noted_while_they_come_in_clear() {
    let unknown = noise(9, 20);
    let request = ike(0x10, 2, 0, false, &[(1, &[0; 52]), (13, STRONGSWAN), (13, &unknown)]);
    let reply = ike(
        0x10,
        2,
        0,
        true,
        &[(1, &[0; 52]), (13, b"\x82\x99\x03\x17\x57\xa3\x60\x82\xc6\xa6\x21\xde\0\0\0\0")],
    );
    let sealed = ike(0x10, 2, 1, true, &[(5, &[0; 40])]);
    let (mut memo, mut sink) = (0, Recorder::default());
    let mut show = |from_orig, bytes: &[u8]| {
        (PROTOCOL.look)(&recorder::sight(Over::Udp, from_orig, 500, bytes), &mut memo, &mut sink)
    };
    assert!(matches!(show(true, &request), Look::Reading(_)));
    assert!(matches!(show(false, &reply), Look::Reading(_)));
    assert!(matches!(show(true, &sealed), Look::Is(_)));
    let hex = format!("{:032x}", u128::from_be_bytes(*unknown.first_chunk().unwrap()));
    assert_eq!(sink.values(Key::IkeVendor), ["strongSwan", &hex, "FortiGate"]);
    assert_eq!(sink.values(Key::IkeVersion), ["1", "1", "1"]);
    let sides: Vec<Side> =
        sink.notes.iter().filter(|note| note.1 == Key::IkeVendor).map(|note| note.0).collect();
    assert_eq!(sides, [Side::Orig, Side::Orig, Side::Resp]);
}

#[test]
fn reading_ends_with_what_is_no_ike_and_after_enough_messages() {
    let request = ike(0x20, 34, 0x08, false, &[(33, &[0; 40])]);
    let (mut memo, mut sink) = (0, Recorder::default());
    for message in 1..MESSAGES_READ {
        let look = (PROTOCOL.look)(&recorder::sight(Over::Udp, true, 500, &request), &mut memo, &mut sink);
        assert!(matches!(look, Look::Reading(_)), "message {message}");
    }
    let mut after = memo;
    let look = (PROTOCOL.look)(&recorder::sight(Over::Udp, true, 500, &request), &mut memo, &mut sink);
    assert!(matches!(look, Look::Is(_)));
    let look = (PROTOCOL.look)(&recorder::sight(Over::Udp, true, 4500, KEEPALIVE), &mut after, &mut sink);
    assert_eq!(look, Look::No);
}

#[test]
fn esp_in_udp_needs_its_port_and_several_datagrams() {
    let reply = [&[0, 0, 0x12, 0x34, 0, 0, 0, 9][..], &noise(3, 64)].concat();
    let (first, zero, text) = (esp(1), esp(0), [&esp(5)[..8], &[b'a'; 64]].concat());
    let is = |confidence| Look::Is(Found::new(confidence));
    // (port, datagram, other side's first, count, finding, reason)
    let cases = [
        (4500, &first[..], &[][..], 1, Look::More, "one proves nothing"),
        (4500, &first, &[], 4, is(75), "each of four fitted"),
        (4500, &first, &reply, 2, is(75), "both sides fit"),
        (4501, &first, &[], 4, is(75), "GlobalProtect's port"),
        (4500, &zero, &[], 4, Look::No, "sequence numbers start at 1"),
        (4500, &text, &[], 4, Look::No, "no ciphertext"),
        (5004, &first, &reply, 4, Look::No, "another port"),
        (4500, &[0xff], &[], 1, Look::More, "a keepalive"),
        (4500, &[0xff], &[], 3, is(60), "keepalives alone"),
        (9, &[0xff], &[], 3, Look::No, "keepalives of something else"),
    ];
    for (port, data, other, count, expected, reason) in cases {
        let sight = Sight { other, count, ..recorder::sight(Over::Udp, true, port, data) };
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{reason}");
    }
}

#[test]
fn ike_in_tcp_opens_with_its_prefix() {
    let bytes = [TCP_PREFIX, &[0, 32, 0, 0, 0, 0]].concat();
    for len in 0..bytes.len() {
        let expected = if len < 6 { Look::More } else { Look::Is(Found::served_by(92, Side::Resp)) };
        let sight = recorder::sight(Over::Tcp, true, 4500, &bytes[..len]);
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{len} bytes");
    }
    assert_eq!(recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, true, 443, b"IMAP")).0, Look::No);
}

#[test]
fn a_cut_message_gives_what_it_holds() {
    let whole = ike(0x20, 34, 0x08, false, &[(33, &[0; 40]), (43, STRONGSWAN)]);
    for len in 0..whole.len() {
        let sight = Sight { wire_len: whole.len(), ..recorder::sight(Over::Udp, true, 500, &whole[..len]) };
        let (look, sink) = recorder::look(&PROTOCOL, &sight);
        assert_eq!(matches!(look, Look::Reading(_)), len >= 28, "{len} bytes");
        assert!(sink.values(Key::IkeVendor).is_empty(), "{len} bytes");
    }
    assert_eq!(
        recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 500, &whole)).1.values(Key::IkeVendor),
        ["strongSwan"]
    );
}

#[test]
fn known_vendor_ids_are_all_reachable() {
    for (index, (prefix, name)) in vendor::KNOWN.iter().enumerate() {
        let earlier = vendor::KNOWN[..index].iter().any(|(other, _)| prefix.starts_with(other));
        assert!(!earlier, "{name} stands behind its own prefix");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_random_ones_never_match(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        port in prop_oneof![Just(500_u16), Just(4500), any::<u16>()],
    ) {
        let sight = recorder::sight(Over::Udp, true, port, &bytes);
        let (look, _) = recorder::look(&PROTOCOL, &sight);
        prop_assert!(matches!(look, Look::No | Look::More), "{look:?}");
    }
}
