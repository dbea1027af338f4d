use proptest::prelude::*;

use super::samples::{
    certificate, client_hello, client_hello_body, hello_retry_request, message, record, server_hello,
};
use super::*;
use crate::recorder::{Recorder, converse, hex, look, sight};

const SERVED: Look = Look::Is(Found::served_by(97, Side::Resp));
const READING: Look = Look::Reading(Found::served_by(97, Side::Resp));

/// SHA-256 of `1301,1302,c02f` and of `000a,000d,0017,002b_0403,0804`, as `sha256sum` gives them.
const JA4: &str = "t13d0306h2_40b44b994229_2b39faa7b4ef";

fn client_notes() -> Vec<(Side, Key, String)> {
    [(Key::Sni, "vpn.example.org"), (Key::Alpn, "h2,http/1.1"), (Key::Ja4, JA4)]
        .map(|(key, value)| (Side::Orig, key, value.to_owned()))
        .to_vec()
}

fn server_flight_12() -> Vec<u8> {
    [record(22, &server_hello(0x0303)), record(22, &certificate()), record(22, &message(14, &[]))].concat()
}

#[test]
fn a_tls_1_2_handshake_is_read_however_it_is_split() {
    let hello = client_hello("vpn.example.org");
    let flight = server_flight_12();
    for step in [1, 50, 700, 9000] {
        let (found, recorder) = converse(&PROTOCOL, 4433, &[(true, &hello), (false, &flight)], step);
        assert_eq!(found, Some(SERVED), "{step} bytes a segment");
        let (client, server) = recorder.notes.split_at(3);
        assert_eq!(client, client_notes(), "{step} bytes a segment");
        let server: Vec<_> =
            server.iter().map(|(side, key, value)| (*side, key.slug(), value.as_str())).collect();
        let mut expected = vec![
            (Side::Resp, "tls_version", "1.2"),
            (Side::Resp, "cert_subject", "CN=vpn.example.org,O=Médical,C=JP"),
            (Side::Resp, "cert_issuer", "O=検査 CA\\, Inc.,C=JP"),
            (Side::Resp, "cert_name", "vpn.example.org"),
            (Side::Resp, "cert_name", "*.maint.example.org"),
        ];
        let hosts = ["h0", "h1", "h2", "h3", "h4"].map(|host| format!("{host}.example.org"));
        expected.extend(hosts.iter().map(|host| (Side::Resp, "cert_name", host.as_str())));
        assert_eq!(server, expected, "{step} bytes a segment");
    }
}

#[test]
fn a_handshake_over_many_records_is_put_together() {
    let split = |bytes: &[u8]| bytes.chunks(60).flat_map(|part| record(22, part)).collect::<Vec<_>>();
    let hello = split(&message(1, &client_hello_body("vpn.example.org", None)));
    let flight = split(&[server_hello(0x0302), certificate()].concat());
    let (found, recorder) = converse(&PROTOCOL, 443, &[(true, &hello), (false, &flight)], 33);
    assert_eq!(found, Some(SERVED));
    assert_eq!(recorder.notes[..3], client_notes());
    assert_eq!(recorder.values(Key::TlsVersion), ["1.1"]);
    assert_eq!(recorder.values(Key::CertSubject).len(), 1);
}

#[test]
fn a_tls_1_3_handshake_ends_with_its_server_hello() {
    let hello = client_hello("vpn.example.org");
    let flight = [record(22, &server_hello(0x0304)), record(20, &[1]), record(23, &[0x99; 90])].concat();
    let (found, recorder) = converse(&PROTOCOL, 443, &[(true, &hello), (false, &flight)], 4000);
    assert_eq!(found, Some(SERVED));
    assert_eq!(recorder.values(Key::TlsVersion), ["1.3"]);
}

#[test]
fn a_hello_that_the_server_asks_for_again_is_noted_too() {
    let [first, second] = ["vpn.example.org", "again.example.org"].map(client_hello);
    let change = record(20, &[1]);
    let request = [record(22, &hello_retry_request()), change.clone()].concat();
    let then = [change, second].concat();
    let answer = record(22, &server_hello(0x0304));
    for step in [1, 50, 9000] {
        let talk = [(true, &first[..]), (false, &request), (true, &then), (false, &answer)];
        let (found, recorder) = converse(&PROTOCOL, 443, &talk, step);
        assert_eq!(found, Some(SERVED), "{step} bytes a segment");
        assert_eq!(recorder.values(Key::Sni), ["vpn.example.org", "again.example.org"], "{step}");
        assert_eq!(recorder.values(Key::Ja4), [JA4, JA4], "{step}");
        assert_eq!(recorder.values(Key::TlsVersion), ["1.3"], "{step}");
        // A mirror that shows one direction shows no request.
        let (found, recorder) = converse(&PROTOCOL, 443, &[(true, &first[..]), (true, &then)], step);
        assert_eq!(found, Some(READING), "{step} bytes a segment");
        assert_eq!(recorder.values(Key::Ja4), [JA4, JA4], "{step}");
    }
    // Picked up without its beginning, each segment is shown by itself.
    let (mut memo, mut recorder) = (0, Recorder::default());
    for segment in [&first, &then] {
        let sight = Sight { from_start: false, ..sight(Over::Tcp, true, 443, segment) };
        assert_eq!((PROTOCOL.look)(&sight, &mut memo, &mut recorder), READING);
    }
    assert_eq!(recorder.values(Key::Ja4), [JA4, JA4]);
}

#[test]
fn a_warning_before_the_server_hello_is_passed_over() {
    let hello = client_hello("vpn.example.org");
    for (alert, versions) in [([1, 112], 1), ([2, 40], 0)] {
        let flight = [record(21, &alert), server_flight_12()].concat();
        let (found, recorder) = converse(&PROTOCOL, 443, &[(true, &hello), (false, &flight)], 20);
        assert_eq!(found, Some(SERVED));
        assert_eq!(recorder.values(Key::TlsVersion).len(), versions, "alert {alert:?}");
    }
}

#[test]
fn a_server_seen_without_its_client_tells_who_serves() {
    let flight = server_flight_12();
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 443, &flight));
    assert_eq!(found, Look::Reading(Found::served_by(97, Side::Orig)));
    assert_eq!(recorder.values(Key::TlsVersion), ["1.2"]);
}

#[test]
fn a_client_certificate_is_not_read() {
    let second = [record(22, &certificate()), record(20, &[1])].concat();
    let turns = [(true, &client_hello("vpn.example.org")[..]), (true, &second)];
    let (_, recorder) = converse(&PROTOCOL, 443, &turns, 4000);
    assert!(recorder.values(Key::CertSubject).is_empty());
}

#[test]
fn a_truncated_hello_is_recognised_by_its_fixed_part_and_noted_when_whole() {
    let hello = client_hello("vpn.example.org");
    for len in 0..hello.len() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 443, &hello[..len]));
        // Record header 5, message header 4, version 2, random 32, session ID 33.
        let expected = match len {
            0 => Look::No,
            1..76 => Look::More,
            _ => READING,
        };
        assert_eq!((found, recorder.notes.len()), (expected, 0), "{len} bytes");
    }
}

#[test]
fn a_truncated_flight_never_invents() {
    let flight = server_flight_12();
    let whole = look(&PROTOCOL, &sight(Over::Tcp, false, 443, &flight)).1.notes;
    for len in 0..flight.len() {
        let notes = look(&PROTOCOL, &sight(Over::Tcp, false, 443, &flight[..len])).1.notes;
        assert!(whole.starts_with(&notes), "{len} bytes: {notes:?}");
    }
}

#[test]
fn an_old_clients_hello_is_recognised() {
    let hello = hex("802e 01 0301 0015 0000 0010 00002f 000035 00000a 000005 000004 010080 0000ff")
        .into_iter()
        .chain([0x11; 16])
        .collect::<Vec<_>>();
    let (found, _) = look(&PROTOCOL, &sight(Over::Tcp, true, 443, &hello));
    assert_eq!(found, Look::Reading(Found::served_by(90, Side::Resp)));
}

#[test]
fn a_stream_picked_up_in_the_middle_is_told_by_its_records() {
    let records = [record(23, &[0x5a; 300]), record(23, &[0xa5; 40])].concat();
    let behind = [&[0x17, 3, 3, 9][..], &records].concat();
    let cases = [
        (&records[..], Look::Is(Found::new(60)), "two records"),
        (&behind, Look::Is(Found::new(60)), "two records behind the end of another"),
        (&records[..305], Look::Is(Found::new(60)), "a segment that one record fills"),
        (&[0x15, 3, 3, 0, 2, 1, 0], Look::Is(Found::new(60)), "a closing alert"),
        (&records[..304], Look::More, "one that is not all there"),
        (&[0x17; 2000], Look::More, "none so far"),
    ];
    for (data, expected, why) in cases {
        let sight = Sight { from_start: false, ..sight(Over::Tcp, true, 443, data) };
        assert_eq!(look(&PROTOCOL, &sight).0, expected, "{why}");
    }
    assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 443, &records)).0, Look::No, "no stream begins so");
}

#[test]
fn other_streams_are_not_tls() {
    let no_hello = record(22, &message(16, &[0; 40]));
    let wrong_version = record(22, &message(1, &[9; 60]));
    let cases: [(&[u8], &str); 5] = [
        (b"\x16\x05\x01\x00\x10", "no record version"),
        (b"\x16\x03\x01\x00\x00", "an empty record"),
        (&no_hello, "a handshake that does not begin with a hello"),
        (&wrong_version, "a hello of no version"),
        (b"SSH-2.0-x\r\n", "SSH"),
    ];
    for (bytes, why) in cases {
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 443, bytes)).0, Look::No, "{why}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic_and_note_nothing(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), memo in 0_u32..32) {
        if let Some(first) = bytes.first_mut() {
            *first = 22;
        }
        let mut recorder = Recorder::default();
        let mut kept = memo;
        look_with(&bytes, &mut kept, &mut recorder);
        prop_assert!(recorder.notes.is_empty());
    }

    #[test]
    fn damaged_handshakes_never_panic(at in 0_usize..900, value: u8) {
        let mut bytes = server_flight_12();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        look_with(&bytes, &mut 0, &mut Recorder::default());
    }
}

fn look_with(bytes: &[u8], memo: &mut u32, recorder: &mut Recorder) {
    super::look(&sight(Over::Tcp, false, 443, bytes), memo, recorder);
}
