use proptest::prelude::*;

use super::*;
use crate::recorder::{Recorder, converse, look, sight};

const ADMIT: &[u8] = b"\x0bMSH|^~\\&|HIS|WEST|RIS|EAST|20260401101500||ADT^A08^ADT_A01|M1|P|2.5\r\
    PID|||0001||INVENTED^PATIENT||19600101\r\x1c\r";
const ORDER: &[u8] =
    b"\x0bMSH|^~\\&|HIS|WEST|RIS|EAST|20260401101500||OMI^O23|M2|P|2.5\rPID|||0002||INVENTED\r\x1c\r";
const ACK: &[u8] = b"\x0bMSH|^~\\&|RIS|EAST|HIS|WEST|20260401101501||ACK|A1|P|2.3\rMSA|AA|M1\r\x1c\r";

fn notes_of(recorder: &Recorder, side: Side, key: Key) -> Vec<&str> {
    recorder.notes.iter().filter(|note| (note.0, note.1) == (side, key)).map(|note| note.2.as_str()).collect()
}

#[test]
fn every_message_of_a_conn_is_told_whatever_the_segments() {
    for step in [1, 5, 64, 4000] {
        let turns = [(true, ADMIT), (false, ACK), (true, ORDER), (false, ACK)];
        let (found, recorder) = converse(&PROTOCOL, 2575, &turns, step);
        assert_eq!(found, Some(Look::Reading(Found::new(98))), "{step} bytes a segment");
        // (side, key, values)
        let cases: [(Side, Key, &[&str]); 4] = [
            (Side::Orig, Key::Hl7Type, &["ADT^A08", "OMI^O23"]),
            (Side::Resp, Key::Hl7Type, &["ACK", "ACK"]),
            (Side::Orig, Key::SendingApplication, &["HIS", "HIS"]),
            (Side::Resp, Key::ReceivingFacility, &["EAST", "EAST"]),
        ];
        for (side, key, values) in cases {
            assert_eq!(notes_of(&recorder, side, key), values, "{step} bytes a segment: {key:?}");
        }
    }
}

#[test]
fn a_patients_name_never_reaches_the_sink() {
    let stream = [ADMIT, ORDER, ADMIT].concat();
    for step in [1, 3, 80, 4000] {
        let (_, recorder) = converse(&PROTOCOL, 2575, &[(true, &stream)], step);
        assert!(!format!("{recorder:?}").contains("INVENTED"), "{step} bytes a segment");
    }
    // Cut anywhere and picked up in the middle.
    for from in 0..stream.len() {
        let middle = Sight { from_start: false, ..sight(Over::Tcp, true, 2575, &stream[from..]) };
        let (_, recorder) = look(&PROTOCOL, &middle);
        assert!(!format!("{recorder:?}").contains("INVENTED"), "from {from}");
    }
}

#[test]
fn a_header_ends_at_its_first_control_character() {
    // Senders that end segments with a line feed, against the standard.
    let stream = b"\x0bMSH|^~\\&|HIS\nPID|INVENTED|PATIENT|INVENTED|PATIENT|A|ADT^A08\n\x1c\r";
    let (_, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 2575, stream));
    assert_eq!(recorder.notes, [(Side::Orig, Key::SendingApplication, "HIS".to_owned())]);
}

#[test]
fn names_in_japanese_do_not_shift_the_fields() {
    // (why, sending application and facility, receiving application noted)
    let cases: [(&str, &[u8], &[&str]); 4] = [
        ("UTF-8", "検査|西".as_bytes(), &["RIS"]),
        ("Shift_JIS, whose second byte may be a separator", b"\x83\x7c\x83\x58|A", &[]),
        ("ISO-2022-JP", b"\x1b$B8!|:\x1b(B|A", &[]),
        ("ASCII", b"LAB|A", &["RIS"]),
    ];
    for (why, names, noted) in cases {
        let stream = [b"\x0bMSH|^~\\&|", names, b"|RIS|EAST|20260401||ORU^R01|1|P|2.5\r"].concat();
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 2575, &stream));
        assert!(matches!(found, Look::Reading(_)), "{why}");
        assert_eq!(recorder.values(Key::ReceivingApplication), noted, "{why}");
    }
}

#[test]
fn other_delimiters_than_the_usual_are_read() {
    let stream = b"\x0bMSH$%~\\&$LAB$WEST$LIS$EAST$20260401$$ORU%R01%ORU_R01$1$P$2.5\r";
    let (_, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 2575, stream));
    assert_eq!(recorder.values(Key::Hl7Type), ["ORU^R01"]);
}

#[test]
fn a_type_that_is_none_and_a_name_too_long_are_left_out() {
    let long = "A".repeat(NAME_BYTES + 1);
    let stream = format!("\x0bMSH|^~\\&|{long}|WEST|LIS|EAST|1||Yamada^Taro|1|P|2.5\r");
    let (_, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 2575, stream.as_bytes()));
    assert!(recorder.values(Key::Hl7Type).is_empty());
    assert!(recorder.values(Key::SendingApplication).is_empty());
}

#[test]
fn a_truncated_header_waits() {
    let header = ADMIT.iter().position(|byte| *byte == b'\r').unwrap();
    for len in 1..=header {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 2575, &ADMIT[..len]));
        assert_eq!((found, recorder.notes.len()), (Look::More, 0), "{len} bytes");
    }
}

#[test]
fn a_stream_picked_up_in_the_middle_is_told_from_the_next_message() {
    let stream = [&ADMIT[90..], ORDER].concat();
    // (why, segment, recognised)
    let cases: [(&str, &[u8], bool); 4] = [
        ("the end of one message and the next", &stream, true),
        ("a message", ORDER, true),
        ("the middle of a message", &ADMIT[40..], false),
        ("text that speaks of one", b"GET /?q=\x0bMSH|^~\\&| HTTP/1.1\r\n", false),
    ];
    for (why, segment, is_hl7) in cases {
        let middle = Sight { from_start: false, ..sight(Over::Tcp, true, 2575, segment) };
        assert_eq!(look(&PROTOCOL, &middle).0 != Look::No, is_hl7, "{why}");
    }
}

#[test]
fn others_that_begin_alike_are_not_hl7() {
    // (why, bytes)
    let cases: [(&str, &[u8]); 4] = [
        ("another segment", b"\x0bPID|1|2|3|4\r"),
        ("letters for delimiters", b"\x0bMSHabcdefgh\r"),
        ("no encoding characters", b"\x0bMSH|HIS|WEST|RIS\r"),
        ("without the frame", b"MSH|^~\\&|HIS|WEST\r"),
    ];
    for (why, bytes) in cases {
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 2575, bytes)).0, Look::No, "{why}");
    }
}

proptest! {
    #[test]
    fn no_header_breaks_it(tail in prop::collection::vec(any::<u8>(), 0..300), from_start: bool) {
        let bytes = [&b"\x0bMSH|^~\\&|"[..], &tail].concat();
        let sight = Sight { from_start, ..sight(Over::Tcp, true, 2575, &bytes) };
        let (_, recorder) = look(&PROTOCOL, &sight);
        for (_, _, value) in &recorder.notes {
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{value:?}");
        }
    }
}
