//! VRRP, by which routers agree who bears a gateway's address: IP protocol 112 (RFC 9568 §5.2).

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "vrrp",
    tunnel: false,
    over: &[Over::Ip(112)],
    ports: &[],
    start: Start::ANYHOW,
    look,
};

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    // Version 2 or 3, type 1: advertisement; a router's number; priority; how many addresses.
    match sight.data {
        [0x21 | 0x31, 1..=255, _, _, ..] => Look::Is(Found::new(95)),
        _ => Look::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn advertisements_of_both_versions_are_recognised() {
        let advertisement = [0x31, 36, 100, 1, 0, 100, 0x5b, 0x0c];
        let sent = sight(Over::Ip(112), true, 0, &advertisement);
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(4));
        for wire in [[0x41, 36, 100, 1], [0x32, 36, 100, 1], [0x21, 0, 100, 1]] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Ip(112), true, 0, &wire)).0, Look::No, "{wire:02x?}");
        }
    }
}
