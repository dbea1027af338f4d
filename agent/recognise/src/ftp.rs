//! FTP's control connection on any port (RFC 959): the service only, never the user.
//!
//! A file travels on a conn of its own, to a port that the control connection names: the server's, where the
//! client asks for one (`PASV`, `EPSV`), or the client's (`PORT`, `EPRT`, RFC 2428). Each is announced.

use crate::smtp::{command, greeting};
use crate::{Fact, Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ftp",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[21],
    start: Start::between(b' ', b'~').or_between(b'\t', b'\r'),
    look,
};

/// Payloads read of one conn: some nine a file, so that a night of several thousand files is followed.
const MAX_PAYLOADS: u32 = 1 << 16;
/// Lines read of one payload: replies of several lines end with the one that counts.
const MAX_LINES: usize = 16;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if *memo > 0 {
        return follow(sight, memo, sink);
    }
    let announced = announce(sight, sink);
    let look = match announced {
        // The conn's beginning was not seen: a reply that tells where to fetch is nobody else's.
        Some(Line::Reply) if !sight.from_start => Look::Is(Found::served_by(85, sight.sender())),
        _ => recognise(sight),
    };
    let Look::Is(found) = look else { return look };
    *memo = 1;
    Look::Following(found)
}

fn recognise(sight: &Sight<'_>) -> Look {
    // POP3 has `USER` too, and no 220.
    let greeted = sight.other.starts_with(b"220");
    let commands: [&[u8]; 5] = [b"USER ", b"AUTH TLS", b"FEAT", b"SYST", b"OPTS "];
    let command = if greeted { command(sight, &commands) } else { None };
    command.unwrap_or_else(|| greeting(sight, b"ftp"))
}

/// Reads on for what is announced, until it is encrypted or there is too much of it.
fn follow(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    *memo += 1;
    let is_text = sight.data.first().is_some_and(|octet| PROTOCOL.start.has(*octet));
    if !is_text || *memo > MAX_PAYLOADS {
        return Look::No;
    }
    announce(sight, sink);
    Look::More
}

/// Who says where a file will travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    /// The server, where the client shall fetch or bring it.
    Reply,
    /// The client, where the server shall.
    Command,
}

/// Announces the conns that the lines of a payload name; tells who named the last.
fn announce(sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<Line> {
    let mut named = None;
    for line in sight.data.split(|byte| *byte == b'\n').take(MAX_LINES) {
        let Some((who, port)) = line.split_at_checked(4).and_then(|(code, rest)| read(code, rest)) else {
            continue;
        };
        let by_client = who == Line::Reply;
        let conn = sight.announced(PROTOCOL.service, who == Line::Command, by_client, port);
        sink.fact(Fact::Announced(conn));
        named = Some(who);
    }
    named
}

/// Reads the port of a reply, by its code, or of a command.
fn read(code: &[u8], rest: &[u8]) -> Option<(Line, u16)> {
    let (who, port) = match code {
        b"227 " => (Line::Reply, six(rest)),
        b"229 " => (Line::Reply, extended(rest)),
        _ if code.eq_ignore_ascii_case(b"PORT") => (Line::Command, six(rest)),
        _ if code.eq_ignore_ascii_case(b"EPRT") => (Line::Command, extended(rest)),
        _ => return None,
    };
    port.filter(|port| *port > 0).map(|port| (who, port))
}

/// `h1,h2,h3,h4,p1,p2`, wherever the digits begin: the brackets of a 227 are a habit (RFC 1123 §4.1.2.6).
fn six(text: &[u8]) -> Option<u16> {
    let is_listed = |byte: &u8| byte.is_ascii_digit() || *byte == b',';
    let start = text.iter().position(u8::is_ascii_digit)?;
    let text = text.get(start..)?;
    let end = text.iter().position(|byte| !is_listed(byte)).unwrap_or(text.len());
    let mut numbers = text.get(..end)?.split(|byte| *byte == b',').map(number::<u8>);
    for _ in 0..4 {
        numbers.next()??;
    }
    let port = [numbers.next()??, numbers.next()??];
    numbers.next().is_none().then(|| u16::from_be_bytes(port))
}

/// `|protocol|address|port|` with any mark for the bars (RFC 2428 §2, §3).
fn extended(text: &[u8]) -> Option<u16> {
    let start = text.iter().position(|byte| *byte == b'(').map_or_else(
        || text.iter().position(|byte| !byte.is_ascii_whitespace()),
        |bracket| Some(bracket + 1),
    )?;
    let (bar, rest) = text.get(start..)?.split_first()?;
    number(rest.split(|byte| byte == bar).nth(2)?)
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse, look, sight};

    #[test]
    fn a_greeting_or_a_login_is_enough() {
        let found = |confidence| Some(Look::Following(Found::served_by(confidence, Side::Resp)));
        // (what was said, answer)
        let cases: [(&[Turn], Option<Look>); 4] = [
            (&[(false, b"220 ProFTPD Server ready.\r\n")], found(95)),
            (&[(false, b"220 ready\r\n"), (true, b"USER anonymous\r\n")], found(90)),
            (&[(true, b"USER someone\r\n")], Some(Look::No)), // POP3, or nobody answered
            (&[(false, b"220 mail.example.org ESMTP\r\n")], Some(Look::More)), // SMTP's to claim
        ];
        for (turns, expected) in cases {
            assert_eq!(converse(&PROTOCOL, 2121, turns, 1000).0, expected, "{turns:?}");
        }
    }

    #[test]
    fn where_files_travel_is_announced() {
        let by = |opener: &str| vec![format!("ftp by {opener} at 50001")];
        // (who says it, what, announced)
        let cases: [(bool, &[u8], Vec<String>); 15] = [
            (false, b"227 Entering Passive Mode (198,51,100,20,195,81).\r\n", by("client")),
            (false, b"227 =198,51,100,20,195,81\r\n", by("client")),
            (false, b"229 Entering Extended Passive Mode (|||50001|)\r\n", by("client")),
            (true, b"PORT 192,0,2,10,195,81\r\n", by("server")),
            (true, b"eprt |2|2001:db8::10|50001|\r\n", by("server")),
            (false, b"200 ok\r\n227 Entering Passive Mode (198,51,100,20,195,81).\r\n", by("client")),
            // Another address is not believed, and the ends are all that is announced for.
            (true, b"PORT 192,0,2,99,195,81\r\n", by("server")),
            (false, b"227 Entering Passive Mode (198,51,100,20,195).\r\n", vec![]),
            (false, b"227 Entering Passive Mode (198,51,100,20,195,256).\r\n", vec![]),
            (false, b"227 Entering Passive Mode (198,51,100,20,195,81,7).\r\n", vec![]),
            (false, b"227 Entering Passive Mode (198,51,100,20,0,0).\r\n", vec![]),
            (false, b"227\r\n", vec![]),
            (false, b"229 Entering Extended Passive Mode (|||65536|)\r\n", vec![]),
            (false, b"229 (\r\n", vec![]),
            (true, b"PORTS 192,0,2,10\r\n", vec![]),
        ];
        for (from_client, line, announced) in cases {
            let turns: [Turn; 2] = [(false, b"220 FTP\r\n"), (from_client, line)];
            let (found, recorder) = converse(&PROTOCOL, 2121, &turns, 1000);
            assert_eq!(found, Some(Look::More), "{line:?}");
            assert_eq!(recorder.facts, announced, "{:?}", String::from_utf8_lossy(line));
            for len in 1..line.len() {
                converse(&PROTOCOL, 2121, &[(false, b"220 FTP\r\n"), (from_client, &line[..len])], 1000);
            }
        }
    }

    #[test]
    fn a_conn_picked_up_in_the_middle_is_told_by_what_it_announces() {
        let wire = b"227 Entering Passive Mode (198,51,100,20,195,81).\r\n";
        let middle = Sight { from_start: false, ..sight(Over::Tcp, false, 2121, wire) };
        let (found, recorder) = look(&PROTOCOL, &middle);
        assert_eq!(found, Look::Following(Found::served_by(85, Side::Resp)));
        assert_eq!(recorder.facts, ["ftp by client at 50001"]);
    }

    #[test]
    fn what_is_encrypted_is_not_read() {
        let turns: [Turn; 4] = [
            (false, b"220 FTP\r\n"),
            (true, b"AUTH TLS\r\n"),
            (true, b"\x16\x03\x01\x02\x00"),
            (false, b"227 (198,51,100,20,195,81)\r\n"),
        ];
        let (found, recorder) = converse(&PROTOCOL, 2121, &turns, 1000);
        assert!(found.is_some() && recorder.facts.is_empty(), "{found:?} {recorder:?}");
    }
}
