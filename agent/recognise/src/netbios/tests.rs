use super::*;
use crate::recorder::{hex, look, sight};

/// `CTROOM1` as a workstation, encoded: its length, 32 letters, the root.
const CTROOM1: &str = "20 45444645464345504550454e4442434143414341434143414341434143414141 00";

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn name(text: &str, suffix: u8) -> String {
    let mut bytes = format!("{text:<15}").into_bytes();
    bytes.push(suffix);
    let letters: Vec<_> = bytes.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 0xf)]).collect();
    digits(&letters)
}

fn registration(suffix: u8, flags: &str) -> Vec<u8> {
    let name = name("CTROOM1", suffix);
    hex(&format!(
        "8001 2910 0001 0000 0000 0001 20 {name} 00 0020 0001 c00c 0020 0001 000493e0 0006 {flags} c0000215"
    ))
}

#[test]
fn a_registration_names_its_host() {
    // (suffix, flags, names, why)
    let cases: [(u8, &str, &[&str], &str); 5] = [
        (0x00, "0000", &["192.0.2.21 CTROOM1 Netbios"], "a workstation"),
        (0x20, "6000", &["192.0.2.21 CTROOM1 Netbios"], "a file server, H node"),
        (0x00, "e000", &[], "a workgroup"),
        (0x03, "0000", &[], "a messenger: may be a person"),
        (0x1d, "0000", &[], "a master browser"),
    ];
    for (suffix, flags, expected, why) in cases {
        let bytes = registration(suffix, flags);
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, NAME_PORT, &bytes));
        assert_eq!(found, Look::Reading(Found::served_by(95, Side::Resp)), "{why}");
        assert_eq!(recorder.facts, expected, "{why}");
    }
}

#[test]
fn a_query_names_nobody() {
    let query = hex(&format!("8002 0110 0001 0000 0000 0000 {CTROOM1} 0020 0001"));
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, NAME_PORT, &query));
    assert_eq!(found, Look::Reading(Found::served_by(95, Side::Resp)));
    assert!(recorder.facts.is_empty());
}

#[test]
fn a_positive_answer_names_every_address() {
    let answer = hex(&format!(
        "8002 8500 0000 0001 0000 0000 {CTROOM1} 0020 0001 000493e0 000c 0000 c0000215 0000 c0000216"
    ));
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, NAME_PORT, &answer));
    assert_eq!(found, Look::Reading(Found::served_by(95, Side::Resp)));
    assert_eq!(recorder.facts, ["192.0.2.21 CTROOM1 Netbios", "192.0.2.22 CTROOM1 Netbios"]);
}

#[test]
fn a_node_status_names_its_sender() {
    let held = |name: &str, suffix: u8, flags: u16| {
        let padded = digits(format!("{name:<15}").as_bytes());
        format!("{padded}{suffix:02x}{flags:04x}")
    };
    let names =
        [held("PACS1", 0, 0x0400), held("RADIOLOGY", 0, 0x8400), held("OPERATOR", 3, 0x0400)].concat();
    let wildcard = format!("20 434b{} 00", "41".repeat(30));
    let rdata = 1 + 3 * 18 + 6;
    let answer = hex(&format!(
        "8003 8400 0000 0001 0000 0000 {wildcard} 0021 0001 00000000 {rdata:04x} 03 {names} 00005e005301"
    ));
    let (_, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, NAME_PORT, &answer));
    assert_eq!(recorder.facts, ["198.51.100.20 PACS1 Netbios"]);
}

#[test]
fn a_datagram_names_its_source() {
    let (source, group) = (name("XAROOM", 0x20), name("RADIOLOGY", 0x1d));
    let bytes = hex(&format!("1102 8004 c000020a 008a 0048 0000 20{source}00 20{group}00 ff534d42"));
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, DATAGRAM_PORT, &bytes));
    assert_eq!(found, Look::Reading(Found::new(95)));
    assert_eq!(recorder.facts, ["192.0.2.10 XAROOM Netbios"]);
}

#[test]
fn a_truncated_registration_is_nothing() {
    let bytes = registration(0x00, "0000");
    for len in 0..bytes.len() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, NAME_PORT, &bytes[..len]));
        assert_eq!((found, recorder.facts.len()), (Look::No, 0), "{len} bytes");
    }
}

#[test]
fn a_dns_query_for_a_service_is_not_netbios() {
    // SRV has NBSTAT's number.
    let query = hex("8002 0100 0001 0000 0000 0000 05 5f6c646170 07 6578616d706c65 00 0021 0001");
    assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 53, &query)).0, Look::No);
}
