//! rsync's own daemon: both sides open with `@RSYNCD: ` and a version.

use crate::opening::believe;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "rsync",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[873],
    start: Start::with(b"@"),
    look,
};

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    believe(sight, &[b"@RSYNCD: "], Found::new(96))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn the_greeting_is_believed_whole() {
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, false, 8730, b"@RSYNCD: 31.0\n")), Some(9));
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 873, b"@RSYNC ")).0, Look::No);
    }
}
