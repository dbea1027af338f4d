use proptest::prelude::*;
use simple_dns::rdata::{A as InternetAddress, AAAA as Aaaa, CNAME, RData, SVCB as Svcb};
use simple_dns::{
    CLASS, Name as OracleName, Packet, PacketFlag, QCLASS, QTYPE, Question as Asked, ResourceRecord, TYPE,
};

use super::*;
use crate::Key;
use crate::recorder::{Recorder, converse, hex, look, sight};

const QUERY: &str = "2a2a 0100 0001 0000 0000 0001 04 70616373 07 6578616d706c65 03 6f7267 00 0001 0001
    00 0029 1000 00000000 0000";

/// `PACS.example.org` → CNAME `edge.example.org` → A, with EDNS.
const ANSWER: &str = "2a2a 8180 0001 0002 0000 0001 04 50414353 07 6578616d706c65 03 6f7267 00 0001 0001
    c00c 0005 0001 0000012c 0007 04 65646765 c011
    c02e 0001 0001 0000003c 0004 cb007105
    00 0029 1000 00000000 0000";

const FOUND: Look = Look::Reading(Found::served_by(97, Side::Resp));

#[test]
fn an_answer_resolves_the_questions_name() {
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, 53, &hex(ANSWER)));
    assert_eq!(found, FOUND);
    assert_eq!(recorder.facts, ["192.0.2.10 pacs.example.org 203.0.113.5 60"]);
}

#[test]
fn a_query_tells_who_serves_and_resolves_nothing() {
    for port in [53, 5300] {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, port, &hex(QUERY)));
        assert!(matches!(found, Look::Reading(Found { server: Some(Side::Resp), .. })), "port {port}");
        assert!(recorder.facts.is_empty());
    }
}

#[test]
fn a_library_agrees_on_addresses_and_hints() {
    let name = OracleName::new_unchecked("ris.example.org");
    let mut packet = Packet::new_reply(7);
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE);
    packet.questions.push(Asked::new(
        name.clone(),
        QTYPE::TYPE(TYPE::HTTPS),
        QCLASS::CLASS(CLASS::IN),
        false,
    ));
    let mut hints = Svcb::new(1, OracleName::new_unchecked("."));
    hints.set_alpn(&["h3".try_into().unwrap()]);
    hints.set_ipv4hint(&[0xcb00_7107, 0xcb00_7108]);
    hints.set_ipv6hint(&["2001:db8::8".parse::<std::net::Ipv6Addr>().unwrap().into()]);
    let target = OracleName::new_unchecked("cdn.example.net");
    let records = [
        (name.clone(), RData::CNAME(CNAME(target.clone())), 9),
        (target.clone(), RData::A(InternetAddress { address: 0xcb00_7106 }), 30),
        (target.clone(), RData::AAAA(Aaaa { address: 0x2001_0db8 << 96 | 6 }), u32::MAX),
        (target, RData::HTTPS(hints.into()), 40),
    ];
    for (owner, data, ttl) in records {
        packet.answers.push(ResourceRecord::new(owner, CLASS::IN, ttl, data));
    }
    for bytes in [packet.build_bytes_vec().unwrap(), packet.build_bytes_vec_compressed().unwrap()] {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, 53, &bytes));
        assert_eq!(found, FOUND);
        let expected =
            ["203.0.113.6 30", "2001:db8::6 0", "203.0.113.7 40", "203.0.113.8 40", "2001:db8::8 40"];
        assert_eq!(recorder.facts, expected.map(|fact| format!("192.0.2.10 ris.example.org {fact}")));
    }
}

#[test]
fn messages_of_a_tcp_stream_are_read_one_after_another() {
    let framed = |text: &str| {
        let message = hex(text);
        [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
    };
    let (query, answer) = (framed(QUERY), framed(ANSWER));
    let answers = answer.repeat(3);
    for step in [1, 11, 500] {
        let turns = [(true, &query[..]), (false, &answers)];
        let (found, recorder) = converse(&PROTOCOL, 53, &turns, step);
        assert_eq!(found, Some(FOUND), "{step} bytes a segment");
        assert_eq!(recorder.facts.len(), 3, "{step} bytes a segment");
    }
}

#[test]
fn a_failed_or_unsafe_answer_resolves_nothing() {
    let refused = hex(&ANSWER.replacen("8180", "8183", 1));
    let markup = hex(&ANSWER.replacen("50414353", "503c3e53", 1));
    let dotted = hex(&ANSWER.replacen("50414353", "502e4353", 1));
    for (bytes, why) in [(refused, "name error"), (markup, "markup"), (dotted, "a dot inside a label")] {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, 53, &bytes));
        assert_eq!((found, recorder.facts.len()), (FOUND, 0), "{why}");
    }
}

#[test]
fn compression_cannot_loop() {
    // (question's name, why)
    let cases =
        [("c00c", "itself"), ("c012", "forwards"), ("0161 c00c", "its own label"), ("c000 ", "the header")];
    for (name, why) in cases {
        let bytes = hex(&format!("2a2a 0100 0001 0000 0000 0000 {name} 0001 0001"));
        let found = look(&PROTOCOL, &sight(Over::Udp, true, 53, &bytes)).0;
        assert_eq!(found, Look::No, "{why}");
    }
}

#[test]
fn a_truncated_message_is_nothing_unless_the_capture_cut_it() {
    let bytes = hex(ANSWER);
    for len in 0..bytes.len() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, 53, &bytes[..len]));
        assert_eq!((found, recorder.facts.len()), (Look::No, 0), "{len} bytes");
        let cut = Sight { wire_len: bytes.len(), ..sight(Over::Udp, false, 53, &bytes[..len]) };
        let (found, recorder) = look(&PROTOCOL, &cut);
        // Header 12, question 22; the address ends at byte 69.
        assert_eq!(found == FOUND, len >= 34, "{len} bytes");
        assert_eq!(recorder.facts.len(), usize::from(len >= 69), "{len} bytes");
        let framed = [&[0, u8::try_from(bytes.len()).unwrap()], &bytes[..len]].concat();
        assert_eq!(
            look(&PROTOCOL, &sight(Over::Tcp, false, 53, &framed)).0,
            Look::More,
            "{len} bytes of a stream"
        );
    }
}

#[test]
fn other_datagrams_are_not_dns() {
    let trailing = [&hex(QUERY)[..], &[0; 3]].concat();
    let cases = [
        (trailing, 5300, "bytes behind the message"),
        (hex("8000 0001 00000002 00000003"), 5004, "RTP"),
        (hex("0001 0000 2112a442 000102030405060708090a0b"), 3478, "STUN"),
        (hex("2a2a 0100 0001 0000 0000 0000 00 0000 0001"), 5300, "type 0"),
        (hex("2a2a 0140 0001 0000 0000 0000 00 0001 0001"), 5300, "the reserved bit"),
        (hex("2a2a 2800 0001 0000 0000 0000 00 0006 0001"), 5300, "an update off its port"),
        (hex(QUERY), 5353, "mDNS has its own file"),
    ];
    for (bytes, port, why) in cases {
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, port, &bytes)).0, Look::No, "{why}");
    }
}

#[test]
fn a_memo_reads_back_as_it_was_written() {
    for server in [None, Some(Side::Orig), Some(Side::Resp)] {
        for raw in [false, true] {
            let progress = Progress { orig: 3, resp: 16_000, server, raw };
            assert_eq!(format!("{:?}", Progress::from_memo(progress.to_memo())), format!("{progress:?}"));
        }
    }
}

#[test]
fn a_conn_that_goes_over_to_iodines_raw_mode_is_noted_once() {
    let (mut memo, mut recorder) = (0, Recorder::default());
    for wire in ["10d19e20 0011", QUERY, "10d19e10", "10d19e30", "10d19e20 a1b2c3", QUERY] {
        super::look(&sight(Over::Udp, true, 53, &hex(wire)), &mut memo, &mut recorder);
        if memo == 0 {
            assert!(recorder.notes.is_empty(), "what was never DNS is told by another");
        }
    }
    assert_eq!(recorder.values(Key::TunnelVariant), ["iodine-raw"]);
}

proptest! {
    #[test]
    fn random_bytes_never_panic_and_are_not_dns(bytes in proptest::collection::vec(any::<u8>(), 0..300), tcp: bool) {
        let over = if tcp { Over::Tcp } else { Over::Udp };
        let mut recorder = Recorder::default();
        let found = super::look(&sight(over, false, 5004, &bytes), &mut 0, &mut recorder);
        prop_assert!(matches!(found, Look::No | Look::More));
        prop_assert!(recorder.facts.is_empty());
    }

    #[test]
    fn a_damaged_answer_never_panics(at in 0_usize..90, value: u8) {
        let mut bytes = hex(ANSWER);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        let _ = super::look(&sight(Over::Udp, false, 53, &bytes), &mut 0, &mut Recorder::default());
    }
}

/// A question of this type for a name, its labels given, and the answers' data under the same type.
fn message(labels: &[&[u8]], kind: u16, answers: Option<&[&[u8]]>) -> Vec<u8> {
    let flags = if answers.is_some() { [0x81, 0x80] } else { [0x01, 0x00] };
    let count = u8::try_from(answers.unwrap_or_default().len()).unwrap();
    let mut bytes = [&[0x2a, 0x2a][..], &flags, &[0, 1, 0, count, 0, 0, 0, 0]].concat();
    for label in labels {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(*label);
    }
    bytes.push(0);
    bytes.extend([kind.to_be_bytes(), [0, 1]].concat());
    for data in answers.unwrap_or_default() {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        bytes.extend([&[0xc0, 12][..], &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 9], &length, data].concat());
    }
    bytes
}

#[test]
fn names_and_types_that_may_carry_data_are_told() {
    const CODE: &[u8] = b"0ibbz82hbaymnkf3kqk2ln5jbvg0y2lhpf4x1z";
    let told = |bytes: &[u8], from_orig: bool| {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, from_orig, 53, bytes));
        assert_eq!(found, FOUND);
        recorder.facts
    };
    // (labels, type, told)
    let cases: [(&[&[u8]], u16, bool); 7] = [
        (&[b"www", b"example", b"org"], 1, false),
        (&[b"paaaa", b"t", b"example", b"org"], 10, true), // NULL, however short
        (&[CODE, b"t", b"example", b"org"], 1, true),
        (&[b"_dmarc", b"example", b"org"], 16, false),
        (&[b"4ff0010203040506070809", b"t", b"example", b"org"], 16, true),
        (&[&[b'1'; 40], b"ip6", b"arpa"], 12, false), // a reverse look-up
        (&[b"_ldap", b"_tcp", b"dc", b"example", b"org"], 33, false),
    ];
    for (labels, kind, expected) in cases {
        let facts = told(&message(labels, kind, None), true);
        assert_eq!(!facts.is_empty(), expected, "{labels:?} {kind}: {facts:?}");
    }
    let answer = message(&[CODE, b"t", b"example", b"org"], 16, Some(&[&[7; 120], &[8; 30]]));
    let facts = told(&answer, false);
    assert!(facts[0].starts_with("192.0.2.10 198.51.100.20 t.example.org "), "{facts:?}");
    assert!(facts[0].contains("record: Text") && facts[0].contains("answer_bytes: Some(150)"), "{facts:?}");
    for len in 0..answer.len() {
        let cut = Sight { wire_len: answer.len(), ..sight(Over::Udp, false, 53, &answer[..len]) };
        look(&PROTOCOL, &cut);
    }
}

#[test]
fn a_conn_that_fetched_a_dnscrypt_certificate_off_the_usual_port_turns_into_it() {
    const LABELS: &[&[u8]] = &[b"2", b"dnscrypt-cert", b"example"];
    let certificate = [&b"\x7cDNSC\0\x02\0\0"[..], &[0x5a; 116]].concat();
    let (question, text) = (message(LABELS, 16, None), message(LABELS, 16, Some(&[b"\x06v=spf1"])));
    let answer = message(LABELS, 16, Some(&[&certificate]));
    let becomes = Look::Becomes("dnscrypt", Found::served_by(95, Side::Resp));
    let dns = |sure| Look::Reading(Found::served_by(sure, Side::Resp));
    // (what, port, whether the question was seen, answer, becomes)
    let cases = [
        ("a certificate", 443, true, &answer, becomes),
        ("a certificate whose question was missed", 443, false, &answer, dns(92)),
        ("a certificate that a usual resolver fetched", 53, true, &answer, dns(97)),
        ("another text", 443, true, &text, dns(92)),
    ];
    for (what, port, asked, answer, expected) in cases {
        let (mut memo, mut recorder) = (0, Recorder::default());
        if asked {
            super::look(&sight(Over::Udp, true, port, &question), &mut memo, &mut recorder);
        }
        let look = super::look(&sight(Over::Udp, false, port, answer), &mut memo, &mut recorder);
        assert_eq!(look, expected, "{what}");
        assert_eq!(memo == 0, look == becomes, "{what}");
    }
}
