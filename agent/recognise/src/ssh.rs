//! SSH on any port (RFC 4253 §4.2): the software that each side says it is.

use crate::text;
use crate::{Found, Key, Look, Over, Protocol, Side, Sight, Sink, Start};

/// The longest identification line, CR and LF included (RFC 4253 §4.2).
const BANNER_BYTES: usize = 255;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ssh",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[22],
    start: Start::with(b"S"),
    look,
};

/// Both sides begin alike: the banners tell the software, not who serves.
const FOUND: Found = Found::new(95);

/// The memo's bits: whose banner was noted.
const ORIG: u32 = 1;
const RESP: u32 = 2;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let side = if sight.from_orig { ORIG } else { RESP };
    if *memo & side == 0 {
        match banner(sight.data) {
            Banner::Open => return if *memo == 0 { Look::More } else { Look::Reading(FOUND) },
            Banner::Other if *memo == 0 => return Look::No,
            // The other side did say it was SSH, and this one will not say what it is.
            Banner::Other => {}
            Banner::Whole(line) => note_line(line, sight.sender(), sink),
        }
        *memo |= side;
    }
    if *memo == ORIG | RESP { Look::Is(FOUND) } else { Look::Reading(FOUND) }
}

/// Notes the banner at the start of `stream`: what a client sends through a proxy.
///
/// True once there is nothing more to wait for; `None` if it is not SSH.
pub(crate) fn note_banner(stream: &[u8], side: Side, sink: &mut dyn Sink) -> Option<bool> {
    match banner(stream) {
        Banner::Other => None,
        Banner::Open => Some(false),
        Banner::Whole(line) => {
            note_line(line, side, sink);
            Some(true)
        }
    }
}

fn note_line(line: &[u8], side: Side, sink: &mut dyn Sink) {
    if let Some(line) = text::note(line) {
        sink.note(side, Key::SshBanner, line);
    }
}

enum Banner<'a> {
    Other,
    /// The line's end has not come.
    Open,
    Whole(&'a [u8]),
}

fn banner(stream: &[u8]) -> Banner<'_> {
    let prefixes: [&[u8]; 2] = [b"SSH-2.0-", b"SSH-1."];
    let agrees = |prefix: &&[u8]| prefix.iter().zip(stream).all(|(expected, byte)| expected == byte);
    if !prefixes.iter().any(agrees) {
        return Banner::Other;
    }
    let head = stream.get(..BANNER_BYTES).unwrap_or(stream);
    match head.iter().position(|byte| *byte == b'\n') {
        Some(end) => Banner::Whole(head.get(..end).unwrap_or_default()),
        None if stream.len() < BANNER_BYTES => Banner::Open,
        None => Banner::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{converse, look, sight};

    const SERVER: &[u8] = b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5\r\n\x00\x00\x04\x1c";
    const CLIENT: &[u8] = b"SSH-2.0-PuTTY_Release_0.81\r\n";

    #[test]
    fn both_banners_are_noted_however_they_are_split() {
        for step in [1, 7, 1000] {
            let (found, recorder) = converse(&PROTOCOL, 8022, &[(false, SERVER), (true, CLIENT)], step);
            assert_eq!(found, Some(Look::Is(Found::new(95))), "{step} bytes a segment");
            let expected = [
                (Side::Resp, Key::SshBanner, "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5".to_owned()),
                (Side::Orig, Key::SshBanner, "SSH-2.0-PuTTY_Release_0.81".to_owned()),
            ];
            assert_eq!(recorder.notes, expected, "{step} bytes a segment");
        }
    }

    #[test]
    fn a_truncated_banner_asks_for_more() {
        for len in 0..CLIENT.len() {
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 22, &CLIENT[..len]));
            assert_eq!((found, recorder.notes.len()), (Look::More, 0), "{len} bytes");
        }
    }

    #[test]
    fn other_lines_are_not_ssh() {
        let endless = [b"SSH-2.0-".as_slice(), &[b'x'; 300]].concat();
        let cases: [&[u8]; 4] = [b"SSX-2.0-x\r\n", b"220 ready\r\n", b"RFB 003.008\n", &endless];
        for bytes in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 22, bytes)).0, Look::No, "{bytes:?}");
        }
    }
}
