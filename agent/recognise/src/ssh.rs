//! SSH on any port (RFC 4253 §4.2): the software that each side says it is, and which side serves: both greet
//! alike, but what only a client, or only a server, may offer stands in the list of key exchanges (RFC 8308 §2.1).

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

/// The banners alone tell the software, not who serves.
const FOUND: Found = Found::new(95);

/// The memo's bits: whose banner was noted.
const ORIG: u32 = 1;
const RESP: u32 = 2;
/// Who asks, where it is known before both banners are.
const ASKS: u32 = 2;
const ORIG_ASKS: u32 = ORIG << ASKS;
const RESP_ASKS: u32 = RESP << ASKS;

/// How much of a side is searched for its list of key exchanges, which is the first of its first message.
const LIST_BYTES: usize = 2048;
/// What clients alone offer, and servers alone (RFC 8308 §2.1; OpenSSH's PROTOCOL §1.9).
const BY_CLIENT: [&[u8]; 2] = [b"ext-info-c", b"kex-strict-c-v00@openssh.com"];
const BY_SERVER: [&[u8]; 2] = [b"ext-info-s", b"kex-strict-s-v00@openssh.com"];

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
    if let Some(client) = client(sight) {
        *memo |= if client == Side::Orig { ORIG_ASKS } else { RESP_ASKS };
    }
    let server = match *memo & (ORIG_ASKS | RESP_ASKS) {
        ORIG_ASKS => Some(Side::Resp),
        RESP_ASKS => Some(Side::Orig),
        _ => None,
    };
    let greeted = *memo & (ORIG | RESP) == ORIG | RESP;
    match server {
        Some(server) if greeted => {
            *memo = 0;
            Look::Becomes(PROTOCOL.service, Found { server: Some(server), ..FOUND })
        }
        None if greeted && sight.data.len() >= LIST_BYTES => Look::Is(FOUND),
        Some(_) | None => Look::Reading(FOUND),
    }
}

/// Who of both is the client, as far as this side tells.
fn client(sight: &Sight<'_>) -> Option<Side> {
    let head = sight.data.get(..LIST_BYTES).unwrap_or(sight.data);
    let offers = |names: [&[u8]; 2]| names.iter().any(|name| text::find(head, name).is_some());
    if offers(BY_CLIENT) {
        Some(sight.sender())
    } else if offers(BY_SERVER) {
        Some(sight.sender().peer())
    } else {
        None
    }
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
    use crate::recorder::{Turn, converse, look, sight};

    const SERVER: &[u8] = b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5\r\n\x00\x00\x04\x1c";
    const CLIENT: &[u8] = b"SSH-2.0-PuTTY_Release_0.81\r\n";

    #[test]
    fn both_banners_are_noted_however_they_are_split() {
        for step in [1, 7, 1000] {
            let (found, recorder) = converse(&PROTOCOL, 8022, &[(false, SERVER), (true, CLIENT)], step);
            assert_eq!(found, Some(Look::Reading(Found::new(95))), "{step} bytes a segment");
            let expected = [
                (Side::Resp, Key::SshBanner, "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5".to_owned()),
                (Side::Orig, Key::SshBanner, "SSH-2.0-PuTTY_Release_0.81".to_owned()),
            ];
            assert_eq!(recorder.notes, expected, "{step} bytes a segment");
        }
    }

    #[test]
    fn the_list_of_key_exchanges_tells_who_serves() {
        const LIST: &[u8] =
            b"\0\0\x04\x1c\x06\x14................\0\0\0\x2bcurve25519-sha256,ecdh-sha2-nistp256,";
        let client = [CLIENT, LIST, b"ext-info-c"].concat();
        let server = [SERVER, LIST, b"kex-strict-s-v00@openssh.com"].concat();
        let long = [CLIENT, &[b'x'; LIST_BYTES]].concat();
        let by = |server| Some(Look::Becomes("ssh", Found::served_by(95, server)));
        // (what, what is said by whom, answer)
        let cases: [(&str, [Turn<'_>; 2], Option<Look>); 5] = [
            ("a client that called", [(true, &client), (false, SERVER)], by(Side::Resp)),
            ("a server that was called", [(true, CLIENT), (false, &server)], by(Side::Resp)),
            ("a client that was called", [(false, &client), (true, SERVER)], by(Side::Orig)),
            ("a server that called", [(true, &server), (false, CLIENT)], by(Side::Orig)),
            ("neither says", [(false, SERVER), (true, &long)], Some(Look::Is(Found::new(95)))),
        ];
        for (what, turns, expected) in cases {
            for step in [7, 5000] {
                assert_eq!(converse(&PROTOCOL, 8022, &turns, step).0, expected, "{what}, {step} a segment");
            }
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
