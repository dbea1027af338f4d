use proptest::prelude::*;

use super::*;
use crate::{Side, recorder};

fn control_bytes(version: u8, kind: u16) -> Vec<u8> {
    let avps = [&MESSAGE_TYPE_AVP[..], &kind.to_be_bytes(), &[0x80, 8, 0, 0, 0, 2, 1, 0]].concat();
    let length = u16::try_from(HEADER_BYTES + avps.len()).unwrap().to_be_bytes();
    [&[0xc8, version][..], &length, &[0, 9, 0, 0, 0, 1, 0, 0], &avps].concat()
}

/// A data message of version 2: flags, then tunnel and session, then the PPP frame.
fn data_bytes(flags: u16, extra: &[u8], ppp: &[u8]) -> Vec<u8> {
    let mut bytes = flags.to_be_bytes().to_vec();
    if flags & LENGTH_BIT != 0 {
        bytes.extend(u16::try_from(8 + extra.len() + ppp.len()).unwrap().to_be_bytes());
    }
    bytes.extend([0, 9, 0, 7]);
    bytes.extend(extra);
    bytes.extend(ppp);
    bytes
}

const LCP: &[u8] = &[0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4];

#[test]
fn control_messages_are_believed_on_any_port() {
    let zlb = [0xc8, 2, 0, 12, 0, 9, 0, 0, 0, 1, 0, 1];
    let found = |confidence, server| Look::Is(Found { confidence, server });
    let mut long = control_bytes(2, 1);
    long[3] = 99;
    let mut wrong_avp = control_bytes(2, 1);
    wrong_avp[17] = 1;
    // (message, sent by orig, finding, variant, reason)
    let cases = [
        (control_bytes(2, SCCRQ), true, found(97, Some(Side::Resp)), Some("l2tpv2"), "start request"),
        (control_bytes(2, SCCRP), false, found(97, Some(Side::Resp)), Some("l2tpv2"), "start reply"),
        (control_bytes(3, SCCRQ), false, found(97, Some(Side::Orig)), Some("l2tpv3"), "version 3"),
        (control_bytes(2, 6), true, found(96, None), Some("l2tpv2"), "hello"),
        (zlb.to_vec(), true, found(80, None), Some("l2tpv2"), "acknowledgment without a message"),
        (control_bytes(2, 30), true, Look::No, None, "no such message"),
        (long, true, Look::No, None, "longer than the datagram"),
        (wrong_avp, true, Look::No, None, "the first AVP is another"),
    ];
    for (message, from_orig, expected, variant, reason) in cases {
        for port in [PORT, 1720] {
            let (look, sink) =
                recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, from_orig, port, &message));
            assert_eq!(look, expected, "{reason}");
            assert_eq!(sink.values(Key::TunnelVariant).first().copied(), variant, "{reason}");
        }
    }
}

#[test]
fn data_of_version_2_is_believed_if_ppp_follows() {
    // (message, believed, reason)
    let cases = [
        (data_bytes(0x0002, &[], LCP), true, "the shortest header"),
        (data_bytes(0x4002, &[], LCP), true, "with a length"),
        (data_bytes(0x0802, &[0, 1, 0, 1], LCP), true, "with sequence numbers"),
        (data_bytes(0x0202, &[0, 2, 0xaa, 0xaa], LCP), true, "with an offset"),
        (data_bytes(0x0002, &[], &[0xff, 0x03, 0x12, 0x34]), false, "no protocol of PPP's"),
        (data_bytes(0x0002, &[], &[0x45, 0, 0, 20]), false, "no PPP frame"),
        (data_bytes(0x1002, &[], LCP), false, "a reserved bit"),
    ];
    for (message, believed, reason) in cases {
        for (port, confidence) in [(PORT, 92), (9999, 80)] {
            let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, port, &message));
            let expected = if believed { Look::Is(Found::new(confidence)) } else { Look::No };
            assert_eq!(look, expected, "{reason}");
        }
    }
}

#[test]
fn data_of_version_3_needs_its_port_and_several_datagrams() {
    let data = [0, 3, 0, 0, 0x12, 0x34, 0x56, 0x78, 0xff];
    // (port, count, finding)
    let cases = [
        (PORT, 3, Look::More),
        (PORT, 4, Look::Is(Found::new(75))),
        (9999, 4, Look::No), // another port
    ];
    for (port, count, expected) in cases {
        let sight = Sight { count, ..recorder::sight(Over::Udp, true, port, &data) };
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{port} {count}");
    }
}

#[test]
fn ip_protocol_115_is_version_3() {
    let control = [&[0; 4][..], &control_bytes(3, SCCRQ)].concat();
    // (packet, finding)
    let cases: [(&[u8], Look); 4] = [
        (&[0, 0, 0x10, 1, 0xff], Look::Is(Found::new(92))), // a session's data
        (&control, Look::Is(Found::served_by(97, Side::Resp))),
        (&[0, 0, 0, 0, 1, 2, 3, 4], Look::No), // announces a control message that is none
        (&[0, 0, 0x10], Look::No),             // cut
    ];
    for (packet, expected) in cases {
        let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Ip(L2TP), true, 0, packet));
        assert_eq!(look, expected, "{packet:02x?}");
    }
}

#[test]
fn cut_messages_are_not_believed() {
    for whole in [control_bytes(2, 1), data_bytes(0x4a02, &[0, 1, 0, 1, 0, 2, 9, 9], LCP)] {
        let needed = whole.len() - if whole[0] == 0xc8 { 8 } else { 4 };
        for len in 0..whole.len() {
            let sight =
                Sight { wire_len: whole.len(), ..recorder::sight(Over::Udp, true, PORT, &whole[..len]) };
            let (look, _) = recorder::look(&PROTOCOL, &sight);
            assert_eq!(matches!(look, Look::Is(_)), len >= needed, "{len} bytes: {look:?}");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_match(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, PORT, &bytes));
        prop_assert!(matches!(look, Look::No | Look::More), "{look:?}");
    }
}
