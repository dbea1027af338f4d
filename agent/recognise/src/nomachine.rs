//! NoMachine: client and server greet with `NXSH-` or `NXD-` and a version, before TLS.

use crate::opening::{Opening, opening};
use crate::text;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "nomachine",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[4000],
    start: Start::with(b"N"),
    look,
};

const CLIENT: &[u8] = b"NXSH-";
const SERVER: &[u8] = b"NXD-";
/// `NXSH-8.11.3` and its line's end.
const LINE_BYTES: usize = 24;

fn look(sight: &Sight<'_>, _: &mut u32, sink: &mut dyn Sink) -> Look {
    match opening(sight.data, &[CLIENT, SERVER]) {
        Opening::Other => return Look::No,
        Opening::Cut => return if sight.from_start { Look::More } else { Look::No },
        Opening::Is => {}
    }
    let head = sight.data.get(..LINE_BYTES).unwrap_or(sight.data);
    let is_client = head.starts_with(CLIENT);
    let version = head.get(if is_client { CLIENT.len() } else { SERVER.len() }..).unwrap_or_default();
    let end = version.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.'));
    let (number, over) = version.split_at_checked(end.unwrap_or(version.len())).unwrap_or((version, &[]));
    if number.is_empty() && !over.is_empty() || end.is_none() && head.len() == LINE_BYTES {
        return Look::No;
    }
    if end.is_none() {
        return Look::More;
    }
    if let Some(version) = text::note(number) {
        sink.note(sight.sender(), Key::Software, version);
    }
    let server = if is_client { sight.sender().peer() } else { sight.sender() };
    Look::Is(Found::served_by(95, server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn the_greeting_is_recognised_with_its_version() {
        for (from_orig, greeting) in [(true, &b"NXSH-8.11.3\n"[..]), (false, b"NXD-8.11.3\n")] {
            let sent = sight(Over::Tcp, from_orig, 40_000, greeting);
            let (found, notes) = look(&PROTOCOL, &sent);
            assert_eq!(found, Look::Is(Found::served_by(95, Side::Resp)));
            assert_eq!(notes.values(Key::Software), ["8.11.3"]);
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(greeting.len()));
        }
        for other in [&b"NXSH-x"[..], b"NXE-8\n", b"NXD-11111111111111111111111111111"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 4000, other)).0, Look::No, "{other:?}");
        }
    }
}
