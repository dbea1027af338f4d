//! Guacamole's own protocol between its web server and `guacd` (Guacamole manual, "The Guacamole protocol"):
//! an instruction of length-prefixed elements, the first of which selects what to connect to.

use crate::opening::believe;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "guacamole",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[4822],
    start: Start::with(b"6"),
    look,
};

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    believe(sight, &[b"6.select,"], Found::served_by(96, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn a_selection_is_believed_whole() {
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 48_220, b"6.select,3.rdp;")), Some(9));
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 4822, b"6.seal,")).0, Look::No);
    }
}
