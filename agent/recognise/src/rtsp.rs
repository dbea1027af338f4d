//! RTSP, which cameras and recorders are watched by (RFC 2326, RFC 7826): the service, and what client and
//! server say they run. The address of the stream is not noted: it may hold a password.

use crate::text;
use crate::{Found, Key, Look, Over, Protocol, STREAM_BUDGET, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "rtsp",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[554, 8554],
    start: Start::between(b'A', b'Z'),
    look,
};

const METHODS: [&[u8]; 11] = [
    b"OPTIONS rtsp",
    b"DESCRIBE rtsp",
    b"SETUP rtsp",
    b"PLAY rtsp",
    b"ANNOUNCE rtsp",
    b"RECORD rtsp",
    b"PAUSE rtsp",
    b"TEARDOWN rtsp",
    b"GET_PARAMETER rtsp",
    b"SET_PARAMETER rtsp",
    b"OPTIONS * RTSP/",
];
const STATUS: &[u8] = b"RTSP/1.0 ";
const STATUS_2: &[u8] = b"RTSP/2.0 ";
/// Sides whose header was read, in the memo.
const SIDE: [u32; 2] = [1, 2];
/// The memo's mark that it is RTSP.
const KNOWN: u32 = 4;
/// A header longer than this is none.
const HEADER_BYTES: usize = 4096;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let data = sight.data;
    let is_status = data.starts_with(STATUS) || data.starts_with(STATUS_2);
    let is_request = METHODS.iter().any(|method| data.starts_with(method));
    if !is_status && !is_request {
        let begins = |text: &[u8]| text.starts_with(data);
        let cut = METHODS.iter().any(|method| begins(method)) || begins(STATUS) || begins(STATUS_2);
        return match (cut && sight.from_start, *memo) {
            (true, 0) => Look::More,
            (true, _) => Look::Reading(Found::new(96)),
            // One side alone is enough.
            (false, _) => Look::No,
        };
    }
    let server = if is_status { sight.sender() } else { sight.sender().peer() };
    let found = Found::served_by(96, server);
    let [orig, resp] = SIDE;
    let side = if sight.from_orig { orig } else { resp };
    *memo |= KNOWN;
    if *memo & side == 0 && (header_ends(data) || !sight.from_start) {
        *memo |= side;
        note_header(sight, is_status, sink);
    }
    let done =
        *memo == KNOWN | orig | resp || data.len() >= STREAM_BUDGET.min(HEADER_BYTES) || !sight.from_start;
    if done { Look::Is(found) } else { Look::Reading(found) }
}

fn header_ends(data: &[u8]) -> bool {
    data.windows(4).any(|bytes| bytes == b"\r\n\r\n")
}

fn note_header(sight: &Sight<'_>, is_status: bool, sink: &mut dyn Sink) {
    let (name, key): (&[u8], Key) =
        if is_status { (b"server:", Key::HttpServer) } else { (b"user-agent:", Key::HttpAgent) };
    let head = sight.data.get(..HEADER_BYTES).unwrap_or(sight.data);
    for line in head.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        let Some((start, value)) = line.split_at_checked(name.len()) else { continue };
        if !start.eq_ignore_ascii_case(name) {
            continue;
        }
        if let Some(product) = text::note(value.trim_ascii()) {
            sink.note(sight.sender(), key, product);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, converse, look, sight};

    const REQUEST: &[u8] =
        b"OPTIONS rtsp://user:secret@192.0.2.9/live RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: NVR/2\r\n\r\n";
    const ANSWER: &[u8] = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Cam/1.4\r\n\r\n";

    #[test]
    fn both_sides_say_what_they_run_and_the_address_is_not_kept() {
        for step in [1, 7, 1000] {
            let (found, notes) = converse(&PROTOCOL, 8554, &[(true, REQUEST), (false, ANSWER)], step);
            assert_eq!(found, Some(Look::Is(Found::served_by(96, Side::Resp))), "{step} bytes a segment");
            assert_eq!(notes.values(Key::HttpAgent), ["NVR/2"]);
            assert_eq!(notes.values(Key::HttpServer), ["Cam/1.4"]);
            assert!(notes.notes.iter().all(|note| !note.2.contains("secret")));
        }
    }

    #[test]
    fn the_method_is_believed_with_the_scheme() {
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 554, REQUEST)), Some(12));
        for other in [&b"OPTIONS /index HTTP/1.1\r\n"[..], b"RTSP/9.9 200 OK\r\n", b"SETUP x\r\n"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 554, other)).0, Look::No, "{other:?}");
        }
    }
}
