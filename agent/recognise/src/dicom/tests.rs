use proptest::prelude::*;

use super::*;
use crate::recorder::{Recorder, converse, look, sight};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const ECHO: &str = "1.2.840.10008.1.1";
const PATIENT: &str = "INVENTED^PATIENT";

fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[kind, 0], &len[..], value].concat()
}

fn pdu(kind: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(b"ARCHIVE         CT-ROOM1        ");
    body.extend([0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    body.extend(items.concat());
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0], &len[..], &body].concat()
}

fn proposal(id: u8, class: &str) -> Vec<u8> {
    let syntaxes = [item(0x30, class.as_bytes()), item(0x40, b"1.2.840.10008.1.2")].concat();
    item(0x20, &[&[id, 0, 0, 0], &syntaxes[..]].concat())
}

fn reply(id: u8, result: u8) -> Vec<u8> {
    item(0x21, &[&[id, 0, result, 0], &item(0x40, b"1.2.840.10008.1.2")[..]].concat())
}

/// User information: implementation, a role for `provided`, and a user's identity, which nobody may see.
fn user(version: &str, provided: Option<&str>) -> Vec<u8> {
    let mut items = vec![item(0x51, &[0, 0, 0x40, 0]), item(0x52, b"1.2.826.0.1.3680043.9.9999.1")];
    if let Some(class) = provided {
        let len = u16::try_from(class.len()).unwrap().to_be_bytes();
        items.push(item(0x54, &[&len[..], class.as_bytes(), &[0, 1]].concat()));
    }
    items.push(item(0x55, version.as_bytes()));
    items.push(item(0x58, b"\x02\x01\x00\x09nurse.one\x00\x06secret"));
    item(0x50, &items.concat())
}

/// A P-DATA PDU of a command for context `id`, with a patient's name in it.
fn data(id: u8) -> Vec<u8> {
    let value = [&[id, 3], PATIENT.as_bytes()].concat();
    let value_len = u32::try_from(value.len()).unwrap();
    [&[4, 0], &(value_len + 4).to_be_bytes()[..], &value_len.to_be_bytes(), &value].concat()
}

fn request() -> Vec<u8> {
    pdu(
        1,
        &[proposal(1, CT), proposal(3, MR), proposal(5, CT), proposal(7, ECHO), user("CT_STATION_1", None)],
    )
}

fn answer() -> Vec<u8> {
    pdu(2, &[reply(1, 3), reply(3, 3), reply(5, 0), reply(7, 0), user("ARCHIVE_9", None)])
}

fn notes_of(recorder: &Recorder, side: Side, key: Key) -> Vec<&str> {
    recorder.notes.iter().filter(|note| (note.0, note.1) == (side, key)).map(|note| note.2.as_str()).collect()
}

#[test]
fn an_association_tells_both_ends_whatever_the_segments() {
    let (request, answer, data) = (request(), answer(), data(5));
    for step in [1, 7, 100, 4000] {
        let turns = [(true, &request[..]), (false, &answer), (true, &data)];
        let (found, recorder) = converse(&PROTOCOL, 104, &turns, step);
        assert_eq!(found, Some(Look::Is(Found::served_by(98, Side::Resp))), "{step} bytes a segment");
        // (side, key, values)
        let cases: [(Side, Key, &[&str]); 9] = [
            (Side::Orig, Key::CallingAe, &["CT-ROOM1"]),
            (Side::Resp, Key::CalledAe, &["ARCHIVE"]),
            (Side::Orig, Key::SopClass, &[CT, MR, ECHO]),
            (Side::Orig, Key::SopClassUsed, &[CT]),
            (Side::Resp, Key::SopClass, &[CT, ECHO]), // MR is refused, CT accepted in one of two contexts
            (Side::Orig, Key::ImplementationVersion, &["CT_STATION_1"]),
            (Side::Resp, Key::ImplementationVersion, &["ARCHIVE_9"]),
            (Side::Orig, Key::ImplementationUid, &["1.2.826.0.1.3680043.9.9999.1"]),
            (Side::Resp, Key::ImplementationUid, &["1.2.826.0.1.3680043.9.9999.1"]),
        ];
        for (side, key, values) in cases {
            assert_eq!(notes_of(&recorder, side, key), values, "{step} bytes a segment: {side:?} {key:?}");
        }
    }
}

#[test]
fn a_patients_name_and_a_users_identity_never_reach_the_sink() {
    let request = [request(), data(1)].concat();
    let answer = [answer(), data(1)].concat();
    for step in [3, 50, 4000] {
        let (_, recorder) = converse(&PROTOCOL, 104, &[(true, &request), (false, &answer)], step);
        let said = format!("{recorder:?}");
        for secret in ["INVENTED", "PATIENT", "nurse", "secret"] {
            assert!(!said.contains(secret), "{step} bytes a segment: {said}");
        }
    }
}

#[test]
fn a_class_that_the_requestor_only_provides_is_not_what_it_offers() {
    let request = pdu(1, &[proposal(1, CT), proposal(3, MR), user("VIEWER", Some(MR))]);
    let (_, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 104, &request));
    assert_eq!(recorder.values(Key::SopClass), [CT]);
}

#[test]
fn an_answer_alone_names_both_ends_and_the_server() {
    let answer = answer();
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 104, &answer));
    // The answer comes from orig, so the conn's first packet was missed.
    assert_eq!(found, Look::Reading(Found::served_by(98, Side::Orig)));
    assert_eq!(notes_of(&recorder, Side::Resp, Key::CallingAe), ["CT-ROOM1"]);
    assert_eq!(notes_of(&recorder, Side::Orig, Key::CalledAe), ["ARCHIVE"]);
    assert!(recorder.values(Key::SopClass).is_empty());
}

#[test]
fn a_request_longer_than_what_is_kept_is_read_as_far_as_it_goes() {
    let many: Vec<Vec<u8>> = (0..128_u8)
        .map(|number| {
            let class = format!("1.2.840.10008.5.1.4.1.1.{number}");
            let mut syntaxes = item(0x30, class.as_bytes());
            for _ in 0..10 {
                syntaxes.extend(item(0x40, b"1.2.840.10008.1.2"));
            }
            item(0x20, &[&[number * 2 + 1, 0, 0, 0], &syntaxes[..]].concat())
        })
        .collect();
    let request = pdu(1, &many);
    assert!(request.len() > STREAM_BUDGET);
    let (found, recorder) = converse(&PROTOCOL, 104, &[(true, &request)], 1400);
    assert_eq!(found, Some(Look::Reading(Found::served_by(98, Side::Resp))));
    assert_eq!(recorder.values(Key::SopClass).len(), MOST_CLASSES);
}

#[test]
fn a_refusal_ends_the_reading() {
    let (request, refusal) = (request(), [3, 0, 0, 0, 0, 4, 0, 1, 1, 7]);
    let (found, _) = converse(&PROTOCOL, 104, &[(true, &request), (false, &refusal)], 4000);
    assert_eq!(found, Some(Look::Is(Found::served_by(98, Side::Resp))));
}

#[test]
fn a_stream_picked_up_in_the_middle_is_told_from_headers() {
    let (data, request) = (data(1), request());
    // (why, bytes, answer)
    let cases: [(&str, &[u8], Look); 10] = [
        (
            "a command, and its data set behind it",
            &[4, 0, 0, 0, 2, 0, 0, 0, 0, 0x54, 1, 3],
            Look::Is(Found::new(60)),
        ),
        ("a part of more", &[4, 0, 0, 0, 2, 0, 0, 0, 0, 0x54, 1, 0], Look::No),
        ("Cassandra's version 4", &[4, 0, 0, 1, 1, 0, 0, 0, 0x16, 0, 1, 0], Look::No),
        ("a PDU longer than any", &[4, 0, 1, 0, 0, 4, 1, 0, 0, 0, 1, 3], Look::No),
        ("a data PDU", &data, Look::Is(Found::new(60))),
        ("a data PDU's header", &data[..12], Look::Is(Found::new(60))),
        ("a release", &[5, 0, 0, 0, 0, 4, 0, 0, 0, 0], Look::Is(Found::new(60))),
        ("an abort", &[7, 0, 0, 0, 0, 4, 0, 0, 2, 0], Look::Is(Found::new(60))),
        ("a value longer than its PDU", &[4, 0, 0, 0, 0, 8, 0, 0, 0, 6, 1, 3], Look::No),
        ("the request after all", &request, Look::Reading(Found::served_by(98, Side::Resp))),
    ];
    for (why, bytes, expected) in cases {
        let middle = Sight { from_start: false, ..sight(Over::Tcp, true, 104, bytes) };
        assert_eq!(look(&PROTOCOL, &middle).0, expected, "{why}");
    }
    assert_eq!(
        look(&PROTOCOL, &sight(Over::Tcp, true, 104, &data)).0,
        Look::No,
        "no stream begins with data"
    );
}

#[test]
fn a_truncated_request_waits_and_says_nothing_wrong() {
    let request = request();
    for len in 0..request.len() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 104, &request[..len]));
        assert!(matches!(found, Look::More | Look::Reading(_)), "{len} bytes");
        assert!(recorder.values(Key::SopClass).is_empty(), "{len} bytes");
    }
}

#[test]
fn others_that_begin_alike_are_not_dicom() {
    let mut odd_title = request();
    odd_title[12] = 0x07;
    // (why, bytes)
    let cases: [(&str, &[u8]); 6] = [
        ("a length that no association has", &[1, 0, 0, 0, 0, 5, 0, 1, 0, 0]),
        ("a huge length", &[1, 0, 0x7f, 0, 0, 0, 0, 1]),
        ("another version", &[1, 0, 0, 0, 0, 200, 0, 2, 0, 0]),
        ("a title with a control character", &odd_title),
        ("TPKT", &[3, 0, 0, 19, 14, 224, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]),
        ("TLS", &[0x16, 3, 1, 0, 200]),
    ];
    for (why, bytes) in cases {
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 104, bytes)).0, Look::No, "{why}");
    }
}

proptest! {
    #[test]
    fn no_items_break_it(items in prop::collection::vec(any::<u8>(), 0..400), kind in 1..3_u8) {
        let bytes = pdu(kind, &[items]);
        let whole = Sight { other: &bytes, ..sight(Over::Tcp, true, 104, &bytes) };
        look(&PROTOCOL, &whole);
    }

    #[test]
    fn no_stream_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..100), from_start: bool) {
        let sight = Sight { from_start, ..sight(Over::Tcp, true, 104, &bytes) };
        look(&PROTOCOL, &sight);
    }
}
