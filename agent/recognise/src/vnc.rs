//! VNC, the remote framebuffer protocol (RFC 6143 §7.1.1): both sides open with `RFB 003.008` and a
//! line feed, the server first. Where the side that opened the connection is the first to speak, a
//! desktop has called a waiting viewer: the variant "reverse". A desktop that waits at UltraVNC's repeater
//! opens with `ID:` and a number in 250 bytes instead: the variant "repeater".

use crate::{Found, Key, Look, Over, Protocol, Side, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "vnc",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[5900, 5901, 5500],
    start: Start::with(b"RI"),
    look,
};

const BANNER_BYTES: usize = 12;
/// What UltraVNC sends to its repeater before anything else (its source, `vncConnectHost` and the repeater's
/// `MAX_HOST_NAME_LEN`).
const REPEATER_BYTES: usize = 250;

/// The memo while it is open whether the side that opened the connection also spoke first.
const ORIG_SPOKE: u32 = 1;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    if *memo == 0
        && let Some(look) = repeater(sight, sink)
    {
        return look;
    }
    let version = match version(sight.data) {
        Banner::Version(version) => version,
        Banner::Cut if *memo == 0 => return Look::More,
        Banner::Cut | Banner::Other => return Look::No,
    };
    let found = Found::new(96);
    if *memo == ORIG_SPOKE {
        // A client whose server is not seen goes on; a server waits for the client's banner.
        if !sight.from_orig {
            sink.note(Side::Orig, Key::TunnelVariant, "reverse");
        }
        return Look::Is(found);
    }
    sink.note(sight.sender(), Key::VncVersion, version);
    if sight.from_orig && sight.other.is_empty() {
        *memo = ORIG_SPOKE;
        return Look::Reading(found);
    }
    Look::Is(found)
}

/// What a desktop says to a repeater: a number, and zeros up to [`REPEATER_BYTES`].
fn repeater(sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<Look> {
    let number = sight.data.get(..REPEATER_BYTES).unwrap_or(sight.data);
    let head = number.get(..3).unwrap_or(number);
    if head.is_empty() || !b"ID:".starts_with(head) {
        return None;
    }
    let digits = number.iter().skip(3).take_while(|byte| byte.is_ascii_digit()).count();
    let rest = number.get(3 + digits..).unwrap_or_default();
    if !rest.iter().all(|byte| *byte == 0) || !rest.is_empty() && digits == 0 {
        return Some(Look::No);
    }
    if number.len() < REPEATER_BYTES {
        return Some(Look::More);
    }
    sink.note(sight.sender(), Key::TunnelVariant, "repeater");
    Some(Look::Is(Found::new(92)))
}

enum Banner<'a> {
    Version(&'a str),
    Cut,
    Other,
}

fn version(stream: &[u8]) -> Banner<'_> {
    let Some(banner) = stream.first_chunk::<BANNER_BYTES>() else {
        let may_become = stream.iter().zip(b"RFB ").all(|(byte, expected)| byte == expected);
        return if may_become { Banner::Cut } else { Banner::Other };
    };
    let [b'R', b'F', b'B', b' ', version @ .., b'\n'] = banner else { return Banner::Other };
    let [major @ .., b'.', hundreds, tens, ones] = version else { return Banner::Other };
    let is_number = major.iter().chain([hundreds, tens, ones]).all(u8::is_ascii_digit);
    match std::str::from_utf8(version) {
        Ok(version) if is_number => Banner::Version(version),
        Ok(_) | Err(_) => Banner::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    #[test]
    fn the_banner_is_believed_and_its_version_noted() {
        // (bytes, version)
        let cases: [(&[u8], Option<&str>); 6] = [
            (b"RFB 003.008\n", Some("003.008")),
            (b"RFB 004.001\n\x02", Some("004.001")), // the server goes on at once
            (b"RFB 003.889\n", Some("003.889")),     // Apple Remote Desktop
            (b"RFB 003.008\r", None),
            (b"RFB 003x008\n", None),
            (b"RFB a03.008\n", None),
        ];
        for (bytes, version) in cases {
            let (look, notes) = recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, false, 5900, bytes));
            assert_eq!(look == Look::Is(Found::new(96)), version.is_some(), "{bytes:?}");
            assert_eq!(notes.values(Key::VncVersion).first().copied(), version, "{bytes:?}");
            assert_eq!(notes.values(Key::TunnelVariant), [""; 0]);
        }
    }

    #[test]
    fn a_desktop_that_calls_its_viewer_is_noted_once_the_viewer_answers() {
        const BANNER: &[u8] = b"RFB 003.008\n";
        const GOES_ON: &[u8] = b"RFB 003.008\n\x01";
        // (who sent what, variant)
        let cases = [
            ([(true, BANNER), (false, BANNER)], &["reverse"][..]),
            ([(false, BANNER), (true, BANNER)], &[]),
            ([(true, BANNER), (true, GOES_ON)], &[]), // a client alone: its server is not mirrored
        ];
        for (turns, variant) in cases {
            let (mut memo, mut notes) = (0, recorder::Recorder::default());
            let mut other: &[u8] = &[];
            for (from_orig, data) in turns {
                let sight = Sight { other, ..recorder::sight(Over::Tcp, from_orig, 5500, data) };
                let look = (PROTOCOL.look)(&sight, &mut memo, &mut notes);
                assert!(matches!(look, Look::Is(_) | Look::Reading(_)), "{turns:?}: {look:?}");
                if matches!(look, Look::Is(_)) {
                    break;
                }
                other = if turns.iter().any(|turn| !turn.0) { data } else { &[] };
            }
            assert_eq!(notes.values(Key::TunnelVariant), variant, "{turns:?}");
        }
    }

    #[test]
    fn a_desktop_that_waits_at_a_repeater_is_noted() {
        let waiting = [&b"ID:1234"[..], &[0; 243]].concat();
        let sent = recorder::sight(Over::Tcp, true, 5500, &waiting);
        assert_eq!(recorder::believed_from(&PROTOCOL, &sent), Some(REPEATER_BYTES));
        let (_, notes) = recorder::look(&PROTOCOL, &sent);
        assert_eq!(notes.values(Key::TunnelVariant), ["repeater"]);
        for other in [&b"ID:12x"[..], b"ID:\0", b"IDs"] {
            assert_eq!(recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, true, 5500, other)).0, Look::No);
        }
    }

    #[test]
    fn a_cut_banner_asks_for_more() {
        for len in 0..BANNER_BYTES {
            let sight = recorder::sight(Over::Tcp, false, 5900, &b"RFB 003.008\n"[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::More, "{len} bytes");
        }
        assert_eq!(recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, false, 5900, b"HTTP")).0, Look::No);
    }
}
