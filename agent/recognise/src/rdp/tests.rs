use proptest::prelude::*;

use super::*;
use crate::{Side, recorder};

/// An X.224 packet of RDP or of another protocol.
fn x224_bytes(kind: u8, variable: &[u8]) -> Vec<u8> {
    let indicator = u8::try_from(6 + variable.len()).unwrap();
    [&[3, 0, 0, indicator + 5, indicator, kind, 0, 0, 0x12, 0x34, 0][..], variable].concat()
}

fn syn(acknowledged: u32, flags: u16, mtu: u16) -> Vec<u8> {
    let mut bytes = acknowledged.to_be_bytes().to_vec();
    bytes.extend([0, 64]);
    bytes.extend(flags.to_be_bytes());
    bytes.extend([0xbb, 0xff, 0x56, 0x87]);
    bytes.extend(mtu.to_be_bytes());
    bytes.extend(mtu.to_be_bytes());
    bytes.resize(1232, 0);
    bytes
}

const NEGOTIATION: &[u8] = &[1, 0, 8, 0, 11, 0, 0, 0];
const ANSWER: &[u8] = &[2, 0x1f, 8, 0, 2, 0, 0, 0];

#[test]
fn negotiation_or_cookie_tells_rdp_from_other_x224() {
    let served = Look::Is(Found::served_by(95, Side::Resp));
    let cookie = b"Cookie: mstshash=someone\r\n";
    let connect_initial = [&x224_bytes(0xe0, &[])[..], &[3, 0, 1, 0x9c], MCS_CONNECT_INITIAL].concat();
    let s7 = x224_bytes(0xe0, &[0xc1, 2, 1, 0, 0xc2, 2, 1, 2, 0xc0, 1, 10]);
    let s7_bare = [&x224_bytes(0xe0, &[])[..], &[3, 0, 0, 25, 2, 0xf0, 0x80, 0x32, 1]].concat();
    // (bytes, sent by orig, finding, reason)
    let cases = [
        (x224_bytes(0xe0, NEGOTIATION), true, served, "negotiation"),
        (x224_bytes(0xe0, &[&cookie[..], NEGOTIATION].concat()), true, served, "cookie and negotiation"),
        (x224_bytes(0xe0, cookie), true, served, "cookie alone"),
        (connect_initial, true, served, "a client of old"),
        (x224_bytes(0xe0, &[]), true, Look::More, "a client of old, so far"),
        (x224_bytes(0xd0, ANSWER), false, served, "the answer"),
        (x224_bytes(0xd0, &[3, 0, 8, 0, 5, 0, 0, 0]), false, served, "the refusal"),
        (x224_bytes(0xd0, &[]), false, Look::More, "a server of old"),
        (s7, true, Look::No, "S7"),
        (s7_bare, true, Look::No, "S7 without parameters"),
        (x224_bytes(0xe0, &[1, 0, 8, 0, 0xff, 0, 0, 0]), true, Look::No, "protocols that do not exist"),
        (b"\x03\x00\x00\x10\x02\xf0\x80".to_vec(), true, Look::No, "data, not a request"),
    ];
    for (bytes, from_orig, expected, reason) in cases {
        let (look, sink) = recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, from_orig, 3390, &bytes));
        assert_eq!(look, expected, "{reason}");
        assert!(sink.notes.is_empty(), "{reason}: the cookie is a user's name");
    }
}

#[test]
fn cut_requests_ask_for_more() {
    let whole = x224_bytes(0xe0, NEGOTIATION);
    for len in 0..whole.len() {
        let sight = recorder::sight(Over::Tcp, true, 3389, &whole[..len]);
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::More, "{len} bytes");
    }
}

/// A monitor's wave, of samples that lie between the MTUs.
fn wave() -> Vec<u8> {
    let samples = [0x0463_u16, 0x0465, 0x0469, 0x0475].iter().flat_map(|sample| sample.to_be_bytes());
    samples.chain((0..600).flat_map(|n: u16| (1200 + n % 7).to_be_bytes())).collect()
}

#[test]
fn the_udp_handshake_and_its_tls_are_believed() {
    let record = |flags: u16, kind: u8| {
        let mut bytes = vec![0x10, 0x97, 0x60, 0x33, 4, 0];
        bytes.extend(flags.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0xe6, 0x5f, 0x84, 0x6d, 0xe6, 0x5f, 0x84, 0x6d, kind, 3, 3, 0, 99]);
        bytes
    };
    // (bytes, sent by orig, finding, reason)
    let cases = [
        (syn(NOTHING_SEEN, 0x1801, 1232), true, Look::Is(Found::served_by(94, Side::Resp)), "SYN"),
        (syn(0xbbff_5687, 0x1005, 1232), false, Look::Is(Found::served_by(90, Side::Resp)), "SYN-ACK"),
        (syn(NOTHING_SEEN, 0x1801, 1500), true, Look::No, "an MTU that is not offered"),
        (syn(1, 0x0001, 1232), true, Look::No, "a SYN that acknowledges"),
        (syn(NOTHING_SEEN, 0xe001, 1232), true, Look::No, "flags that do not exist"),
        (syn(NOTHING_SEEN, 0x1881, 1232), true, Look::No, "flags of what comes later"),
        (wave(), true, Look::No, "samples that hardly change"),
        (record(0x000c, 0x16), true, Look::Is(Found::new(85)), "a handshake record"),
        (record(0x000c, 0x30), true, Look::No, "no record"),
        (record(0x0004, 0x16), true, Look::No, "an acknowledgment carries none"),
    ];
    for (bytes, from_orig, expected, reason) in cases {
        let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, from_orig, 3999, &bytes));
        assert_eq!(look, expected, "{reason}");
    }
    let whole = record(0x000c, 0x16);
    for len in 0..23 {
        let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 3999, &whole[..len]));
        assert_eq!(look, Look::No, "{len} bytes");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_match(bytes in proptest::collection::vec(any::<u8>(), 0..200), udp: bool) {
        let over = if udp { Over::Udp } else { Over::Tcp };
        let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(over, true, 3389, &bytes));
        prop_assert!(matches!(look, Look::No | Look::More), "{look:?}");
    }
}
