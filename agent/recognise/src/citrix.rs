//! Citrix: ICA by its greeting, and the common gateway protocol (session reliability) that wraps it.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "citrix",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[1494, 2598],
    start: Start::with(b"\x7f\x1a"),
    look,
};

/// Both sides of ICA open with it.
const ICA: &[u8] = b"\x7f\x7fICA\0";

/// The client of the common gateway protocol opens with it.
const CGP: &[u8] = b"\x1aCGP/01";

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    if sight.data.starts_with(ICA) || sight.data.starts_with(CGP) {
        return Look::Is(Found::new(95));
    }
    if ICA.starts_with(sight.data) || CGP.starts_with(sight.data) { Look::More } else { Look::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    #[test]
    fn the_greeting_is_believed_whole() {
        for greeting in [ICA, CGP] {
            for len in 0..greeting.len() {
                let sight = recorder::sight(Over::Tcp, false, 1494, &greeting[..len]);
                assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::More, "{len} bytes of {greeting:02x?}");
            }
            let sight = recorder::sight(Over::Tcp, false, 8080, greeting);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::Is(Found::new(95)), "{greeting:02x?}");
        }
        assert_eq!(
            recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, true, 1494, b"\x7fELF")).0,
            Look::No
        );
    }
}
