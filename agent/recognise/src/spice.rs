//! SPICE, the screen of a virtual machine (SPICE protocol, "RedLinkMess"): both sides open with `REDQ`.

use crate::opening::believe;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "spice",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[5900, 5930],
    start: Start::with(b"R"),
    look,
};

/// The magic and version 2 of the protocol; 1 was never released.
const LINK: &[u8] = b"REDQ\x02\0\0\0";

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    believe(sight, &[LINK], Found::new(96))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn the_magic_is_believed_with_its_version() {
        let link = [LINK, b"\x02\0\0\0\x2a\0\0\0"].concat();
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 59_000, &link)), Some(LINK.len()));
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 5930, b"REDQ\x07\0\0\0")).0, Look::No);
    }
}
