use proptest::prelude::*;

use super::*;
use crate::recorder::{Recorder, hex, look, sight};

const MAC: &str = "00 00 5e 00 53 01";

/// `file` and `sname`.
type Fields<'a> = (&'a [u8], &'a [u8]);

/// A message of `operation` with the given fields and options behind the cookie.
fn message(operation: u8, client: &str, yours: &str, fields: Fields<'_>, options: &str) -> Vec<u8> {
    let mut bytes = vec![operation, 1, 6, 0];
    bytes.extend([0xbe, 0xef, 0, 1, 0, 0, 0x80, 0]);
    bytes.extend(hex(client));
    bytes.extend(hex(yours));
    bytes.extend([0; 8]);
    bytes.extend(hex(MAC));
    bytes.extend([0; 10]);
    let (file, server_name) = fields;
    bytes.extend(server_name.iter().copied().chain([0; 64]).take(64));
    bytes.extend(file.iter().copied().chain([0; 128]).take(128));
    bytes.extend(MAGIC_COOKIE.to_be_bytes());
    bytes.extend(hex(options));
    bytes
}

const REQUEST_OPTIONS: &str = "35 01 03  0c 05 6374303100  3c 08 4d53465420352e30  37 04 01030f06  ff 00 00";
const ACK_OPTIONS: &str =
    "35 01 05  01 04 ffffff00  03 08 c0000201 c0000202  36 04 c0000203  3c 03 505845  33 04 00000e10  ff";

fn lease_of(bytes: &[u8]) -> Option<String> {
    look(&PROTOCOL, &sight(Over::Udp, true, 67, bytes)).1.facts.pop()
}

#[test]
fn a_request_tells_what_asks() {
    let bytes = message(1, "00000000", "00000000", (&[], &[]), REQUEST_OPTIONS);
    let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 67, &bytes));
    assert_eq!(found, Look::Reading(Found::served_by(98, Side::Resp)));
    let expected = Lease {
        mac: "00:00:5e:00:53:01".parse().unwrap(),
        hostname: Some("ct01"),
        vendor_class: Some("MSFT 5.0"),
        parameters: &[1, 3, 15, 6],
        ..Lease::default()
    };
    assert_eq!(recorder.facts, [format!("{expected:?}")]);
}

#[test]
fn the_same_header_on_another_port_is_not_dhcp() {
    let bytes = message(1, "00000000", "00000000", (&[], &[]), REQUEST_OPTIONS);
    assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 4989, &bytes)).0, Look::No);
}

#[test]
fn an_ack_tells_what_was_given() {
    let given = message(2, "00000000", "c0000207", (&[], &[]), ACK_OPTIONS);
    let informed = message(2, "c0000207", "00000000", (&[], &[]), ACK_OPTIONS);
    let expected = Lease {
        mac: "00:00:5e:00:53:01".parse().unwrap(),
        address: Addr::v4([192, 0, 2, 7]),
        prefix_len: Some(24),
        router: Some(Addr::v4([192, 0, 2, 1])),
        server: Some(Addr::v4([192, 0, 2, 3])),
        ..Lease::default()
    };
    for bytes in [given, informed] {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, 68, &bytes));
        assert_eq!(found, Look::Reading(Found::served_by(98, Side::Resp)));
        assert_eq!(recorder.facts, [format!("{expected:?}")]);
    }
}

#[test]
fn options_go_on_in_the_fields_they_overload() {
    // (overload, fields, whether the name is found)
    let option = b"\x0c\x04ct01\xff";
    let cases: [(u8, Fields<'_>, bool); 4] = [
        (0, (option, option), false),
        (1, (option, b""), true),
        (2, (b"", option), true),
        (3, (b"\xff", option), true),
    ];
    for (overload, fields, is_found) in cases {
        let bytes =
            message(1, "00000000", "00000000", fields, &format!("35 01 01  34 01 {overload:02x}  ff"));
        let lease = lease_of(&bytes).unwrap();
        assert_eq!(lease.contains("ct01"), is_found, "overload {overload}: {lease}");
    }
}

#[test]
fn only_what_holds_becomes_a_lease() {
    // (why, options, whether a lease)
    let cases = [
        ("an offer is not a lease", "35 01 02 ff", false),
        ("no message type: plain BOOTP", "0c 04 63743031 ff", false),
        ("an option that leaves the message", "35 01 03 0c 40 6374 ff", false),
        ("a release", "35 01 07 ff", false),
        ("an inform", "35 01 08 ff", true),
        ("without end mark", "35 01 03", true),
    ];
    for (why, options, is_lease) in cases {
        let bytes = message(1, "c0000207", "00000000", (&[], &[]), options);
        assert_eq!(lease_of(&bytes).is_some(), is_lease, "{why}");
    }
}

#[test]
fn a_mask_with_holes_and_a_name_with_control_characters_are_left_out() {
    let bytes = message(2, "00000000", "c0000207", (&[], &[]), "35 01 05 01 04 ff00ff00 0c 03 411b42 ff");
    let lease = lease_of(&bytes).unwrap();
    assert!(lease.contains("prefix_len: None") && lease.contains("hostname: None"), "{lease}");
}

#[test]
fn a_truncated_request_gives_no_broken_lease() {
    let bytes = message(1, "00000000", "00000000", (&[], &[]), REQUEST_OPTIONS);
    for len in 0..bytes.len() {
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 67, &bytes[..len]));
        assert_eq!(found == Look::No, len < 240, "{len} bytes");
        let lease = recorder.facts.first().map_or("", String::as_str);
        let is_whole =
            lease.is_empty() || lease.contains("hostname: None") || lease.contains("Some(\"ct01\")");
        assert!(is_whole, "{len} bytes: {lease}");
    }
}

#[test]
fn an_odd_datagram_does_not_end_the_reading() {
    let (mut memo, mut recorder) = (0, Recorder::default());
    let request = message(1, "00000000", "00000000", (&[], &[]), REQUEST_OPTIONS);
    for (bytes, leases) in [(&request[..], 1), (&[0xff; 20], 1), (&request, 2)] {
        let found = (PROTOCOL.look)(&sight(Over::Udp, true, 67, bytes), &mut memo, &mut recorder);
        assert!(matches!(found, Look::Reading(_)));
        assert_eq!(recorder.facts.len(), leases);
    }
}

proptest! {
    #[test]
    fn no_options_break_it(options in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = message(2, "00000000", "c0000207", (&options, &options), "");
        bytes.extend(&options);
        look(&PROTOCOL, &sight(Over::Udp, true, 67, &bytes));
    }
}
