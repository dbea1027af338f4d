use super::*;
use crate::recorder::{Recorder, converse, look, sight};
use crate::tls::samples;

const REQUEST: &[u8] = b"POST /insite/report?patient=1 HTTP/1.1\r\nHost: Insite.Example.com:8443\r\n\
    User-Agent: Agent/6.9 (CT)\r\nCookie: secret\r\n\r\nHost: body.example\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nDate: now\r\nServer: nginx/1.24.0\r\n\r\nServer: body\r\n";

const SERVED: Look = Look::Is(Found::served_by(95, Side::Resp));

fn expected() -> Vec<(Side, Key, String)> {
    [
        (Side::Orig, Key::HttpHost, "insite.example.com"),
        (Side::Orig, Key::HttpAgent, "Agent/6.9 (CT)"),
        (Side::Resp, Key::HttpServer, "nginx/1.24.0"),
    ]
    .map(|(side, key, value)| (side, key, value.to_owned()))
    .to_vec()
}

#[test]
fn an_exchange_is_read_however_it_is_split_and_no_further_than_its_header() {
    for step in [1, 5, 40, 1000] {
        let (found, recorder) = converse(&PROTOCOL, 9000, &[(true, REQUEST), (false, ANSWER)], step);
        assert_eq!(found, Some(SERVED), "{step} bytes a segment");
        assert_eq!(recorder.notes, expected(), "{step} bytes a segment");
    }
}

#[test]
fn an_interim_answer_is_not_the_answer() {
    let answer = [b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n", ANSWER].concat();
    for step in [1, 30, 1000] {
        let (_, recorder) = converse(&PROTOCOL, 631, &[(true, REQUEST), (false, &answer)], step);
        assert_eq!(recorder.notes, expected(), "{step} bytes a segment");
    }
}

#[test]
fn an_exchange_picked_up_in_the_middle_is_read_by_its_segments() {
    let mut recorder = Recorder::default();
    let mut memo = 0;
    let body = b"Server: in a body\r\n";
    for (from_orig, segment) in [(true, REQUEST), (true, body), (false, body), (false, ANSWER)] {
        let sight = Sight { from_start: false, ..sight(Over::Tcp, from_orig, 80, segment) };
        super::look(&sight, &mut memo, &mut recorder);
    }
    assert_eq!(recorder.notes, expected());
}

#[test]
fn an_upgrade_to_a_tunnel_is_noted_and_no_other() {
    for (upgrade, expected) in
        [("IF-T/TLS 1.0", Some("if-t")), ("DERP", Some("derp")), ("derp", Some("derp")), ("websocket", None)]
    {
        let request = format!("GET /x HTTP/1.1\r\nHost: vpn.example.org\r\nupgrade: {upgrade}\r\n\r\n");
        let (_, recorder) = converse(&PROTOCOL, 443, &[(true, request.as_bytes())], 7);
        assert_eq!(recorder.values(Key::TunnelVariant).first().copied(), expected, "{upgrade}");
    }
}

#[test]
fn a_proxied_tls_hello_is_noted() {
    let connect = b"CONNECT rsvp.example.com:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n";
    let established = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let hello = samples::client_hello("rsvp.example.com");
    for step in [3, 64, 4000] {
        let turns = [(true, &connect[..]), (false, established), (true, &hello)];
        let (found, recorder) = converse(&PROTOCOL, 8080, &turns, step);
        assert_eq!(found, Some(SERVED), "{step} bytes a segment");
        assert_eq!(recorder.values(Key::TunnelVariant), ["http-connect"]);
        assert_eq!(recorder.values(Key::HttpHost), ["rsvp.example.com"]);
        assert_eq!(recorder.values(Key::Sni), ["rsvp.example.com"]);
        assert_eq!(recorder.values(Key::Ja4).len(), 1);
    }
}

#[test]
fn a_proxied_ssh_banner_is_noted() {
    let connect = b"CONNECT 192.0.2.22:22 HTTP/1.0\r\n\r\n";
    let established = b"HTTP/1.0 200 Connection established\r\n\r\n";
    for step in [1, 64, 4000] {
        let banner = [(true, &b"SSH-2.0-invented_1\r\n\x00\x00\x04\x1c"[..])];
        let turns = [&[(true, &connect[..]), (false, &established[..])][..], &banner].concat();
        let (found, recorder) = converse(&PROTOCOL, 3128, &turns, step);
        assert_eq!(found, Some(SERVED), "{step} bytes a segment");
        assert_eq!(recorder.values(Key::SshBanner), ["SSH-2.0-invented_1"]);
    }
}

#[test]
fn first_lines_decide() {
    // (first bytes, answer, why)
    let request = Look::Reading(Found::served_by(95, Side::Resp));
    let cases: [(&[u8], Look, &str); 11] = [
        (b"GET / HTTP/1.1\r\n", request, "a request"),
        (b"PROPFIND /x HTTP/1.0\n", request, "WebDAV, bare line feed"),
        (b"HTTP/1.1 404\r\n", Look::Reading(Found::served_by(95, Side::Orig)), "a status without reason"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", SERVED, "HTTP/2 with prior knowledge"),
        (b"GET /long", Look::More, "the line's end is to come"),
        (b"H", Look::More, "method or status line"),
        (b"OPTIONS rtsp://cam.example/1 RTSP/1.0\r\n", Look::No, "RTSP"),
        (b"INVITE sip:a@example SIP/2.0\r\n", Look::No, "SIP"),
        (b"HTTP/1.1 nonsense\r\n", Look::No, "no status"),
        (b"\x16\x03\x01\x02\x00", Look::No, "TLS"),
        (b"AAAAAAAAAAAAAAAAAAAAAAAAAAAA", Look::No, "no method is so long"),
    ];
    for (bytes, expected, why) in cases {
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 80, bytes)).0, expected, "{why}");
    }
}

#[test]
fn every_truncation_of_a_header_is_waited_for() {
    for len in 0..REQUEST.len() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 80, &REQUEST[..len]));
        let first_line = REQUEST.iter().position(|byte| *byte == b'\n').unwrap();
        let is_read = matches!(found, Look::Reading(_));
        assert_eq!(is_read, len > first_line, "{len} bytes");
        assert!(is_read || found == Look::More, "{len} bytes");
        assert!(recorder.notes.iter().all(|note| expected().contains(note)), "{len} bytes: {recorder:?}");
    }
}

#[test]
fn a_memo_reads_back_as_it_was_written() {
    let part = |read, header_over, done| Part { read, header_over, done };
    for (orig, resp) in
        [(part(8000, true, false), part(1, false, true)), (part(0, false, false), part(77, true, true))]
    {
        for (connect, server) in [(true, Side::Orig), (false, Side::Resp)] {
            let progress = Progress { orig, resp, connect, server: Some(server) };
            let back = Progress::from_memo(progress.to_memo());
            assert_eq!(format!("{back:?}"), format!("{progress:?}"));
        }
    }
}

#[test]
fn an_upgrade_and_a_path_that_names_a_program_are_told_by_our_own_words() {
    let request = b"GET /agent.ashx?auth=secret HTTP/1.1\r\nHost: mesh.example\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Protocol: chisel-v3, token.secret\r\n\r\n";
    for step in [1, 9, 1000] {
        let (_, recorder) = converse(&PROTOCOL, 8080, &[(true, request)], step);
        assert_eq!(recorder.values(Key::HttpPath), ["/agent.ashx"], "{step} bytes a segment");
        assert_eq!(recorder.values(Key::HttpUpgrade), ["websocket", "chisel-v3"]);
        assert!(!format!("{recorder:?}").contains("secret"));
    }
}
