//! A page for a printer, sent as it is (port 9100, "JetDirect", AppSocket): HP's PJL and PostScript say what
//! they are in the first bytes. Nothing of the page is read.

use crate::opening::believe;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "jetdirect",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[9100],
    start: Start::with(b"\x1b@%"),
    look,
};

/// The Universal Exit Language command (PJL Technical Reference Manual), PJL and PostScript's header.
const OPENINGS: [&[u8]; 3] = [b"\x1b%-12345X", b"@PJL ", b"%!PS-Adobe-"];

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    believe(sight, &OPENINGS, Found::served_by(92, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn a_job_is_recognised_by_its_first_bytes() {
        for opening in OPENINGS {
            assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 9101, opening)), Some(opening.len()));
        }
        let other = look(&PROTOCOL, &sight(Over::Tcp, true, 9100, b"\x1bE")).0;
        assert_eq!(other, Look::No);
    }
}
