use proptest::prelude::*;

use super::*;
use crate::noise::noise;
use crate::{Side, recorder};

fn message(kind: u8, indexes: &[u32], len: usize) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    bytes.extend(indexes.iter().flat_map(|index| index.to_le_bytes()));
    bytes.extend(noise(u32::from(kind), len - bytes.len()));
    bytes
}

fn transport(counter: u64, len: usize) -> Vec<u8> {
    [&message(4, &[0xab7d_f406], 8)[..], &counter.to_le_bytes(), &noise(5, len - 16)].concat()
}

#[test]
fn a_handshake_is_believed_by_itself() {
    let initiation = message(1, &[0x30d0_37d8], 148);
    let response = message(2, &[0xab7d_f406, 0x30d0_37d8], 92);
    let stranger = message(2, &[0xab7d_f406, 0x1111_1111], 92);
    let long = message(1, &[1], 149);
    let padded = [&initiation[..8], &[0; 140]].concat();
    let served = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
    // (message, other side's first, sent by orig, finding, reason)
    let cookie = message(3, &[1], 64);
    let cases = [
        (&initiation[..], &[][..], true, served(92), "initiation"),
        (&response, &initiation, false, served(98), "response to it"),
        (&stranger, &initiation, false, served(88), "response to another"),
        (&cookie, &initiation, false, Look::More, "cookie"),
        (&long, &[], true, Look::No, "a byte too long"),
        (&padded, &[], true, Look::No, "zeros are no keys"),
    ];
    for (data, other, from_orig, expected, reason) in cases {
        let sight = Sight { other, ..recorder::sight(Over::Udp, from_orig, 443, data) };
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{reason}");
    }
}

#[test]
fn data_alone_needs_several_datagrams() {
    let data = transport(7, 96);
    let keepalive = transport(8, 32);
    let far = transport(1 << 50, 96);
    let odd = transport(7, 90);
    let text = [&data[..16], &[b'a'; 80]].concat();
    // (message, other side's first, port, count, finding, reason)
    let cases = [
        (&data[..], &[][..], 5555, 2, Look::More, "two one way"),
        (&data, &[], 5555, 3, Look::Is(Found::new(75)), "three one way"),
        (&data, &data, 5555, 1, Look::More, "one each way"),
        (&keepalive, &data, 5555, 2, Look::Is(Found::new(85)), "both ways"),
        (&data, &data, 41_641, 2, Look::More, "Tailscale's port"),
        (&data, &data, 41_641, 6, Look::Is(Found::new(85)), "Tailscale's port, and no mark of it"),
        (&far, &data, 5555, 3, Look::No, "a counter of 51 bits"),
        (&odd, &data, 5555, 3, Look::No, "not padded to 16"),
        (&text, &data, 5555, 3, Look::No, "no ciphertext"),
    ];
    for (data, other, port, count, expected, reason) in cases {
        let sight = Sight { other, count, ..recorder::sight(Over::Udp, true, port, data) };
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{reason}");
    }
}

#[test]
fn cut_messages_are_not_believed() {
    for whole in [message(1, &[1], 148), message(2, &[1, 2], 92), transport(1, 96)] {
        for len in 0..whole.len() {
            let sight = recorder::sight(Over::Udp, true, 51_820, &whole[..len]);
            let (look, _) = recorder::look(&PROTOCOL, &sight);
            assert!(matches!(look, Look::No | Look::More), "{len} bytes: {look:?}");
            let sight = Sight { wire_len: whole.len(), ..sight };
            recorder::look(&PROTOCOL, &sight); // a small snaplen: whatever it says, it does not panic
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_match(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let sight = Sight { count: 9, ..recorder::sight(Over::Udp, true, 51_820, &bytes) };
        prop_assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No);
    }
}
