//! SSTP, Microsoft's PPP in HTTPS (MS-SSTP): its request_line, where the TLS is taken off (§3.2.4.1).
//!
//! Over TLS nothing of its own is left in clear: it stays `tls`.

use crate::request_line::opens_with;
use crate::{Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "sstp",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[],
    start: Start::with(b"S"),
    look,
};

const OPENING: &[&[u8]] = &[b"SSTP_DUPLEX_POST "];

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    opens_with(sight, OPENING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_method_is_believed_and_waited_for() {
        crate::request_line::check(&PROTOCOL, OPENING);
    }
}
