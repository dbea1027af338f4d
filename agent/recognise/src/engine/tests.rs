//! Conns as the pipeline shows them: split, swapped, picked up in the middle, flooded.

use super::*;
use crate::Key;
use crate::recorder::{CLIENT, Recorder, SERVER};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: his.example\r\nUser-Agent: ward/1\r\n\r\n";

struct Bench {
    engine: Engine,
    inspection: Inspection,
    recorder: Recorder,
}

impl Bench {
    fn new() -> Self {
        Self { engine: Engine::default(), inspection: Inspection::default(), recorder: Recorder::default() }
    }

    fn show(&mut self, over: Over, from_orig: bool, seq: u32, payload: &[u8]) -> Option<&'static str> {
        self.show_from(over, from_orig, seq, payload, true)
    }

    fn show_from(
        &mut self,
        over: Over,
        from_orig: bool,
        seq: u32,
        payload: &[u8],
        from_start: bool,
    ) -> Option<&'static str> {
        let glimpse = Glimpse {
            time_ns: 0,
            over,
            from_orig,
            payload,
            wire_len: payload.len() as u32,
            seq,
            count: 1,
            from_start,
            orig: (Addr::v4(CLIENT), 50_000),
            resp: (Addr::v4(SERVER), 8080),
        };
        let recognised = self.engine.inspect(&mut self.inspection, &glimpse, &mut self.recorder);
        recognised.map(|recognised| recognised.protocol.service)
    }
}

#[test]
fn a_request_is_recognised_whatever_its_segments() {
    // (why, segments as (start, end) of the request)
    let cases: [(&str, &[(usize, usize)]); 5] = [
        ("in one", &[(0, REQUEST.len())]),
        ("byte by byte at first", &[(0, 1), (1, 2), (2, 3), (3, 4), (4, REQUEST.len())]),
        ("in the middle of a name", &[(0, 25), (25, REQUEST.len())]),
        ("swapped", &[(0, 10), (30, REQUEST.len()), (10, 30)]),
        ("one sent again", &[(0, 20), (0, 20), (20, REQUEST.len())]),
    ];
    for (why, segments) in cases {
        let mut bench = Bench::new();
        let mut found = None;
        for (start, end) in segments {
            // The sequence numbers pass their end on the way.
            let seq = (u32::MAX - 5).wrapping_add(*start as u32);
            found = found.or(bench.show(Over::Tcp, true, seq, &REQUEST[*start..*end]));
        }
        assert_eq!(found, Some("http"), "{why}");
        assert_eq!(bench.recorder.values(Key::HttpHost), ["his.example"], "{why}");
    }
}

#[test]
fn what_no_protocol_knows_is_given_up_and_gives_its_memory_back() {
    let mut bench = Bench::new();
    for n in 0..u32::from(MAX_LOOKS) + 2 {
        assert_eq!(bench.show(Over::Tcp, n % 2 == 0, 100 * n, &[0xf7; 100]), None);
    }
    assert!(!bench.inspection.wants_more());
    assert!(bench.inspection.protocol().is_none());
    assert_eq!((bench.engine.watches, bench.engine.buffered), (0, 0));
}

#[test]
fn a_stream_picked_up_in_the_middle_is_judged_by_each_segment() {
    let mut bench = Bench::new();
    assert_eq!(bench.show_from(Over::Tcp, true, 10, b"rest of a body", false), None);
    assert_eq!(bench.show_from(Over::Tcp, true, 24, REQUEST, false), Some("http"));
    assert_eq!(bench.engine.watches, 0, "nothing is kept for it");
}

#[test]
fn an_ended_conn_gives_its_watch_back_for_reuse() {
    let mut bench = Bench::new();
    for round in 0..3 {
        bench.inspection = Inspection::default();
        assert_eq!(bench.show(Over::Tcp, true, 1, &REQUEST[..3]), None);
        assert_eq!(bench.engine.watches, 1, "round {round}");
        bench.engine.release(&mut bench.inspection);
        assert_eq!((bench.engine.watches, bench.engine.buffered, bench.engine.spare.len()), (0, 0, 1));
    }
}

#[test]
fn a_flood_of_unsettled_conns_stops_at_the_bound_and_is_counted() {
    const WATCHES: usize = 100;
    let mut bench = Bench::new();
    bench.engine = Engine::new(Budget { watches: WATCHES, ..Budget::default() });
    let mut held = Vec::new();
    for _ in 0..WATCHES + 10 {
        bench.inspection = Inspection::default();
        bench.show(Over::Tcp, true, 1, b"GET");
        held.push(std::mem::take(&mut bench.inspection));
    }
    assert_eq!((bench.engine.watches, bench.engine.given_up()), (WATCHES, 10));
    for inspection in &mut held {
        bench.engine.release(inspection);
    }
    assert_eq!((bench.engine.watches, bench.engine.buffered), (0, 0));
}

#[test]
fn look_ups_that_go_on_hold_no_watch() {
    let query = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03his\x07example\x00\x00\x01\x00\x01";
    let mut bench = Bench::new();
    assert_eq!(bench.show(Over::Udp, true, 0, query), Some("dns"));
    assert!(bench.inspection.wants_more(), "the answer is wanted");
    assert_eq!(bench.engine.watches, 0);
}

#[test]
fn what_came_ahead_and_was_dropped_is_not_counted_for_good() {
    let mut bench = Bench::new();
    bench.show(Over::Tcp, true, 1, b"GET");
    for _ in 0..4 {
        bench.show(Over::Tcp, true, 16_001, &vec![0; 60_000]);
    }
    bench.show(Over::Tcp, true, 4, &vec![b'x'; 16_384]);
    assert_eq!((bench.engine.watches, bench.engine.buffered), (0, 0));
}

#[test]
fn every_protocol_has_a_slug_of_its_own_or_shares_it_on_another_transport() {
    for (n, protocol) in PROTOCOLS.iter().enumerate() {
        let slug = protocol.service;
        assert!(
            slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{slug}"
        );
        assert!(!protocol.over.is_empty(), "{slug} travels on nothing");
        for other in PROTOCOLS.iter().skip(n + 1).filter(|other| other.service == slug) {
            assert!(
                !other.over.iter().any(|over| protocol.over.contains(over)),
                "{slug} twice on one transport"
            );
            assert_eq!(other.tunnel, protocol.tunnel, "{slug}");
        }
    }
}

#[test]
fn what_looks_encrypted_is_told_in_figures_and_its_handshakes_are_counted() {
    let mut bench = Bench::new();
    let mut say = |time_ms: i64, from_orig: bool, len: usize| {
        let payload = crate::noise::noise(time_ms.unsigned_abs() as u32 + 7, len);
        let glimpse = Glimpse {
            time_ns: time_ms * 1_000_000,
            over: Over::Udp,
            from_orig,
            payload: &payload,
            wire_len: len as u32,
            seq: 0,
            count: 1,
            from_start: true,
            orig: (Addr::v4(CLIENT), 50_000),
            resp: (Addr::v4(SERVER), 40_000),
        };
        let recognised = bench.engine.inspect(&mut bench.inspection, &glimpse, &mut bench.recorder);
        assert!(recognised.is_none());
    };
    for n in 0..10 {
        say(n * 20, n % 2 == 0, 300);
    }
    for connection in 1..20 {
        let start = connection * 5_000;
        let sizes = [
            (true, 97),
            (false, 97),
            (true, 89),
            (true, 437),
            (false, 1_389),
            (false, 1_389),
            (true, 89),
            (false, 900),
            (true, 89),
            (false, 89),
        ];
        for (step, (from_orig, len)) in (0..).zip(sizes) {
            say(start + step * 10, from_orig, len);
        }
    }
    let cipher = bench.inspection.cipher().unwrap();
    assert!(cipher.entropy >= 75 && cipher.bytes == 960, "{cipher:?}");
    assert_eq!(bench.inspection.handshakes(), 19);
    assert_eq!((bench.engine.watches, bench.engine.shapes), (1, 1));
    bench.engine.release(&mut bench.inspection);
    assert_eq!((bench.engine.watches, bench.engine.shapes, bench.engine.buffered), (0, 0, 0));
    assert_eq!(bench.inspection.handshakes(), 19, "the count outlives the shape");
    assert!(bench.inspection.protocol().is_none() && !bench.inspection.wants_more());
}

#[test]
fn small_payloads_are_not_looked_at_for_long() {
    let mut bench = Bench::new();
    for n in 0..4_u8 {
        assert!(bench.inspection.wants_more(), "payload {n}");
        bench.show(Over::Udp, n % 2 == 0, 0, &[0xf7, 0x31, n, 0x9c, 0x88, 0xe1]);
    }
    assert!(!bench.inspection.wants_more());
    assert_eq!(bench.inspection.cipher(), None);
}

#[test]
fn tls_whose_hello_was_lost_is_told_by_its_next_records() {
    let mut bench = Bench::new();
    assert_eq!(bench.show(Over::Tcp, false, 1_000, &crate::noise::noise(3, 1_460)), None);
    let mut records = vec![0x14, 3, 3, 0, 1, 1, 0x16, 3, 3, 0, 40];
    records.extend(crate::noise::noise(4, 40));
    records.extend([0x17, 3, 3, 0, 100]);
    records.extend(crate::noise::noise(5, 100));
    assert_eq!(bench.show(Over::Tcp, true, 600, &records), Some("tls"));
    assert_eq!(bench.inspection.cipher(), None);
    assert!(!bench.inspection.wants_more());
}

#[test]
fn a_conn_that_is_followed_keeps_nothing_and_turns_into_what_its_way_was_found_for() {
    let hex = crate::recorder::hex;
    let binding = hex("0001 0000 2112a442 0102030405060708090a0b0c");
    let hello = hex("16 fefd 0000 000000000000 001f 03 000013 0000 000000 000013 feff 10 \
                     00112233445566778899aabbccddeeff");
    let record = hex("17 fefd 0001 000000000007 0004 deadbeef");
    let mut bench = Bench::new();
    assert_eq!(bench.show(Over::Udp, true, 0, &binding), Some("stun"));
    assert_eq!(bench.show(Over::Udp, false, 0, &binding), None);
    assert_eq!((bench.engine.watches, bench.inspection.wants_more()), (0, true));
    assert_eq!(bench.show(Over::Udp, true, 0, &hello), Some("webrtc"));
    assert_eq!(bench.show(Over::Udp, true, 0, &record), None);
    assert_eq!(bench.recorder.values(Key::TunnelVariant), ["webrtc-data"]);
    for _ in 0..1000 {
        bench.show(Over::Udp, true, 0, &record);
    }
    assert!(!bench.inspection.wants_more(), "nobody is followed for ever");
    assert_eq!(bench.inspection.protocol().map(|(protocol, _)| protocol.service), Some("webrtc"));
}

#[test]
fn a_control_connection_is_followed_beyond_what_is_kept_of_a_stream() {
    let mut bench = Bench::new();
    assert_eq!(bench.show(Over::Tcp, false, 1, b"220 FTP ready\r\n"), Some("ftp"));
    let line =
        b"226 Transfer complete, and this line is as long as others of its kind are on most servers\r\n";
    let mut seq = 16;
    for _ in 0..2 * crate::STREAM_BUDGET / line.len() {
        bench.show(Over::Tcp, false, seq, line);
        seq += line.len() as u32;
    }
    bench.show(Over::Tcp, false, seq, b"227 Entering Passive Mode (198,51,100,20,195,81)\r\n");
    assert_eq!(bench.recorder.facts, ["ftp by client at 50001"]);
    assert_eq!((bench.engine.watches, bench.engine.buffered), (0, 0));
}

#[test]
fn who_serves_may_be_told_after_the_service() {
    let mut bench = Bench::new();
    assert_eq!(bench.show(Over::Tcp, true, 1, b"SSH-2.0-OpenSSH_9.2\r\n"), Some("ssh"));
    let asks =
        b"SSH-2.0-PuTTY\r\n\0\0\x04\x1c\x06\x14................\0\0\0\x2bcurve25519-sha256,ext-info-c,";
    assert_eq!(bench.show(Over::Tcp, false, 1, asks), Some("ssh"), "the client was called");
    assert!(!bench.inspection.wants_more());
    assert_eq!((bench.engine.watches, bench.engine.buffered), (0, 0));
}
