use proptest::prelude::*;

use super::*;
use crate::noise::noise;
use crate::recorder;

const CLIENT: [u8; 8] = *b"\x33\x48\x57\x70\x3d\x96\xdb\x39";
const SERVER: [u8; 8] = *b"\xd3\x1c\x3a\x69\x64\x60\x2f\xa0";
const TIME: u32 = 0x625a_9e97;

#[derive(Clone, Copy, Debug)]
enum Wrap {
    Plain,
    Signed(usize),
    Sealed,
}

/// The reliability layer: acks of the peer's packet 0 if `acks`, a packet id but for ACK, TLS.
fn reliable(opcode: u8, acks: Option<[u8; 8]>, packet_id: u32, tls: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match acks {
        Some(peer) => bytes.extend([&[1, 0, 0, 0, 0][..], &peer].concat()),
        None => bytes.push(0),
    }
    if opcode != 5 {
        bytes.extend(packet_id.to_be_bytes());
    }
    bytes.extend(tls);
    bytes
}

fn control(opcode: u8, session: [u8; 8], wrap: Wrap, body: &[u8]) -> Vec<u8> {
    let head = [&[opcode << 3][..], &session].concat();
    let replay = [&1_u32.to_be_bytes()[..], &TIME.to_be_bytes()].concat();
    match wrap {
        Wrap::Plain => [&head[..], body].concat(),
        Wrap::Signed(hmac) => [&head[..], &noise(1, hmac), &replay, body].concat(),
        Wrap::Sealed => [&head[..], &replay, &noise(2, 32), &noise(3, body.len())].concat(),
    }
}

fn client_reset(wrap: Wrap) -> Vec<u8> {
    control(7, CLIENT, wrap, &reliable(7, None, 0, &[]))
}

fn server_reset(wrap: Wrap) -> Vec<u8> {
    control(8, SERVER, wrap, &reliable(8, Some(CLIENT), 0, &[]))
}

/// A tls-crypt-v2 client's reset: sealed, then its wrapped key, which ends with its own length.
fn client_reset_v3() -> Vec<u8> {
    let mut bytes = control(10, CLIENT, Wrap::Sealed, &[0; 5]);
    bytes.extend(noise(4, 297));
    bytes.extend(299_u16.to_be_bytes());
    bytes
}

fn tcp(packets: &[&[u8]]) -> Vec<u8> {
    let framed = packets
        .iter()
        .map(|packet| [&u16::try_from(packet.len()).unwrap().to_be_bytes()[..], packet].concat());
    framed.flatten().collect()
}

fn data_packet(head: &[u8], packet_id: u32) -> Vec<u8> {
    [head, &packet_id.to_be_bytes(), &noise(packet_id, 80)].concat()
}

fn look_at(over: Over, from_orig: bool, data: &[u8], other: &[u8], count: u32) -> Look {
    let head = if over == Over::Udp { other.get(..crate::HEAD_BYTES).unwrap_or(other) } else { other };
    let sight = Sight { other: head, count, ..recorder::sight(over, from_orig, 443, data) };
    recorder::look(&PROTOCOL, &sight).0
}

fn served(confidence: u8) -> Look {
    Look::Is(Found::served_by(confidence, Side::Resp))
}

#[test]
fn a_reset_that_repeats_the_clients_session_is_sure() {
    for wrap in [
        Wrap::Plain,
        Wrap::Signed(16),
        Wrap::Signed(20),
        Wrap::Signed(28),
        Wrap::Signed(32),
        Wrap::Signed(64),
    ] {
        let (client, server) = (client_reset(wrap), server_reset(wrap));
        assert_eq!(look_at(Over::Udp, false, &server, &client, 1), served(97), "{wrap:?}");
        let (client, server) = (tcp(&[&client]), tcp(&[&server]));
        assert_eq!(look_at(Over::Tcp, true, &client, &[], 1), Look::More, "{wrap:?} over TCP");
        assert_eq!(look_at(Over::Tcp, false, &server, &client, 1), served(97), "{wrap:?} over TCP");
    }
}

#[test]
fn sealed_resets_need_clocks_that_agree() {
    let server = server_reset(Wrap::Sealed);
    for client in [client_reset(Wrap::Sealed), client_reset_v3()] {
        assert_eq!(look_at(Over::Udp, true, &client, &[], 1), Look::More);
        assert_eq!(look_at(Over::Udp, false, &server, &client, 1), served(88));
        assert_eq!(look_at(Over::Tcp, false, &tcp(&[&server]), &tcp(&[&client]), 1), served(88));
        let mut late = server.clone();
        late[13] = 0x63; // half a year
        assert_eq!(look_at(Over::Udp, false, &late, &client, 1), Look::More);
    }
    let mut short = client_reset_v3();
    short.pop(); // the wrapped key's length no longer fits
    assert_eq!(look_at(Over::Udp, true, &short, &[], 1), Look::No);
}

#[test]
fn a_question_of_dns_and_its_answer_are_not_sealed() {
    let name = [&b"\x07station\x05ward3\x08hospital\x07example"[..], &[0, 0, 1, 0, 1]].concat();
    let asks = [&[0x24, 0x7f, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &name].concat();
    let answers = [
        &[0x24, 0x7f, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0][..],
        &name,
        &[0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 1],
    ]
    .concat();
    assert_eq!(look_at(Over::Udp, true, &asks, &[], 1), Look::More);
    assert_eq!(look_at(Over::Udp, false, &answers, &asks, 1), Look::More);
}

#[test]
fn one_side_alone_needs_more_or_a_packet_with_nothing_free_in_it() {
    let acknowledgment = control(5, CLIENT, Wrap::Plain, &reliable(5, Some(SERVER), 0, &[]));
    let sealed = control(4, CLIENT, Wrap::Sealed, &[0; 200]);
    // (packet, sent by orig, count, finding, reason)
    let cases = [
        (client_reset(Wrap::Plain), true, 1, Look::More, "14 bytes once"),
        (client_reset(Wrap::Plain), true, 2, served(75), "14 bytes, repeated"),
        (acknowledgment.clone(), true, 1, Look::More, "an acknowledgment first"),
        (acknowledgment, true, 2, Look::Is(Found::new(75)), "reset, then acknowledgment"),
        (server_reset(Wrap::Plain), false, 1, served(80), "a server's reset"),
        (client_reset(Wrap::Signed(20)), true, 1, served(85), "a signed reset"),
        (client_reset(Wrap::Sealed), true, 2, served(75), "a sealed reset, repeated"),
        (sealed.clone(), true, 2, Look::More, "two sealed"),
        (sealed, true, 3, Look::Is(Found::new(70)), "three sealed"),
    ];
    for (packet, from_orig, count, expected, reason) in cases {
        assert_eq!(look_at(Over::Udp, from_orig, &packet, &[], count), expected, "{reason}");
    }
}

#[test]
fn packets_that_cannot_be_are_refused() {
    let mut key_1 = client_reset(Wrap::Plain);
    key_1[0] |= 1;
    // (packet, reason)
    let cases = [
        (key_1, "a session opens with key 0"),
        (control(7, [0; 8], Wrap::Plain, &reliable(7, None, 0, &[])), "a session id is random"),
        (control(7, CLIENT, Wrap::Plain, &reliable(7, None, 3, &[])), "the first packet has id 0"),
        (control(7, CLIENT, Wrap::Plain, &reliable(7, None, 0, b"x")), "a reset carries nothing"),
        (control(5, CLIENT, Wrap::Plain, &reliable(5, None, 0, &[])), "an acknowledgment of nothing"),
        (control(4, CLIENT, Wrap::Plain, &[9; 60]), "nine acks"),
        (control(10, CLIENT, Wrap::Plain, &reliable(10, None, 0, &[])), "version 3 is sealed"),
        (control(0, CLIENT, Wrap::Plain, &[0; 5]), "no opcode"),
        (control(12, CLIENT, Wrap::Plain, &[0; 5]), "no opcode either"),
        (b"\x39GET / HTTP/1.1 host: www.example.com".to_vec(), "text"),
    ];
    for (packet, reason) in cases {
        assert_eq!(look_at(Over::Udp, true, &packet, &[], 2), Look::No, "{reason}");
        assert_eq!(look_at(Over::Tcp, true, &tcp(&[&packet]), &[], 1), Look::No, "{reason}, TCP");
    }
}

#[test]
fn data_alone_needs_several_datagrams_and_both_sides_alike() {
    let v2 = data_packet(&[0x48, 0, 0, 1], 76);
    let v1 = data_packet(&[0x30], 76);
    let other_key = data_packet(&[0x49, 0, 0, 0], 99);
    let old_cipher = data_packet(&[0x48, 0, 0, 1], 0x8000_0000);
    let text = [&[0x48, 0, 0, 1, 0, 0, 0, 9][..], &[b'a'; 80]].concat();
    let is = |confidence| Look::Is(Found::new(confidence));
    // (datagram, other side's first, count, finding, reason)
    let cases = [
        (&v2[..], &[][..], 5, Look::More, "five one way"),
        (&v2, &[], 6, is(60), "six one way"),
        (&v2, &v2, 3, Look::More, "three and their answers"),
        (&v2, &v2, 4, is(60), "four and their answers"),
        (&v1, &v1, 4, is(60), "version 1"),
        (&v2, &other_key, 4, Look::No, "other key"),
        (&v2, &v1, 4, Look::No, "other version"),
        (&old_cipher, &old_cipher, 6, Look::No, "no packet id in clear, another port"),
        (&text, &text, 6, Look::No, "no ciphertext"),
    ];
    for (data, other, count, expected, reason) in cases {
        assert_eq!(look_at(Over::Udp, true, data, other, count), expected, "{reason}");
    }
    let sight = Sight { other: &old_cipher, count: 4, ..recorder::sight(Over::Udp, true, PORT, &old_cipher) };
    assert_eq!(recorder::look(&PROTOCOL, &sight).0, is(75), "no packet id in clear, on the port");
}

#[test]
fn packets_of_one_session_chain_in_a_stream() {
    let reset = client_reset(Wrap::Plain);
    let acknowledgment = control(5, CLIENT, Wrap::Plain, &reliable(5, Some(SERVER), 0, &[]));
    let hello = control(4, CLIENT, Wrap::Plain, &reliable(4, None, 1, b"\x16\x03\x01"));
    let stranger = control(4, SERVER, Wrap::Plain, &reliable(4, None, 1, b"\x16\x03\x01"));
    assert_eq!(look_at(Over::Tcp, true, &tcp(&[&reset, &acknowledgment, &hello]), &[], 1), served(85));
    assert_eq!(look_at(Over::Tcp, true, &tcp(&[&reset, &acknowledgment]), &[], 1), Look::More);
    assert_eq!(look_at(Over::Tcp, true, &tcp(&[&reset, &stranger, &hello]), &[], 1), Look::No);

    let data = data_packet(&[0x48, 0, 0, 0], 11);
    // (segment from the middle, finding, reason)
    let cases = [
        (tcp(&[&data, &data]), Look::Is(Found::new(70)), "two data packets"),
        (tcp(&[&data]), Look::No, "one could be chance"),
        (tcp(&[&data, &data])[..150].to_vec(), Look::No, "the second is cut"),
        (tcp(&[&acknowledgment]), Look::Is(Found::new(80)), "an acknowledgment"),
        (tcp(&[&data, &data_packet(&[0x48, 0, 0, 7], 12)]), Look::No, "of two peers"),
    ];
    for (segment, expected, reason) in cases {
        let sight = Sight { from_start: false, ..recorder::sight(Over::Tcp, true, 443, &segment) };
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{reason}");
    }
}

#[test]
fn cut_packets_are_not_believed() {
    for whole in [client_reset(Wrap::Plain), client_reset(Wrap::Signed(20)), server_reset(Wrap::Sealed)] {
        for len in 0..whole.len() {
            let look = look_at(Over::Udp, true, &whole[..len], &[], 1);
            assert!(matches!(look, Look::No | Look::More), "{len} bytes: {look:?}");
            let sight =
                Sight { wire_len: whole.len(), ..recorder::sight(Over::Udp, true, PORT, &whole[..len]) };
            recorder::look(&PROTOCOL, &sight); // a small snaplen: whatever it says, it does not panic
        }
        let stream = tcp(&[&whole]);
        for len in 0..stream.len() {
            assert_eq!(
                look_at(Over::Tcp, true, &stream[..len], &[], 1),
                Look::More,
                "{len} bytes of a stream"
            );
        }
    }
}

#[test]
fn rtp_dns_and_tls_are_not_openvpn() {
    let rtp = [&[0x80, 0, 0x12, 0x34, 0, 0, 1, 0x40, 0xde, 0xad, 0xbe, 0xef][..], &noise(5, 160)].concat();
    let dns =
        b"\x38\x12\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01";
    let snmp =
        b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x04\x12\x34\x56\x78\x02\x01\x00\x02\x01\x00\x30\x0b";
    for datagram in [&rtp[..], dns, snmp] {
        assert_eq!(look_at(Over::Udp, true, datagram, datagram, 8), Look::No, "{datagram:02x?}");
    }
    assert_eq!(look_at(Over::Tcp, true, b"\x16\x03\x01\x02\x00\x01", &[], 1), Look::No);
    assert_eq!(look_at(Over::Tcp, true, &tcp(&[dns]), &[], 1), Look::No);
}

proptest! {
    #[test]
    fn random_bytes_never_match(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        other in proptest::collection::vec(any::<u8>(), 0..64),
        udp: bool,
    ) {
        let over = if udp { Over::Udp } else { Over::Tcp };
        let sight = Sight { other: &other, count: 9, ..recorder::sight(over, true, 40_000, &bytes) };
        let (look, _) = recorder::look(&PROTOCOL, &sight);
        prop_assert!(matches!(look, Look::No | Look::More), "{look:?}");
    }
}
