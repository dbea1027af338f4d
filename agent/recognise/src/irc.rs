//! IRC, a chat by which software that does harm is led as well (RFC 1459 §4.1, RFC 2812 §3.1): a client that
//! says who it is, a server that greets; of a conn picked up in the middle, what is said and answered.

use crate::text;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "irc",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[6667],
    start: Start::with(b"CNPU:"),
    look,
};

/// RFC 2812 §2.3: a message with its end.
const LINE_BYTES: usize = 512;
/// Lines in which a client has said who it is, whatever capabilities it asks for.
const MOST_LINES: usize = 16;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [b':', line @ ..] => prefixed(sight, line),
        [b'N' | b'P', ..] if !sight.from_start && is_said(sight.data) => {
            Look::Is(Found::served_by(88, sight.sender().peer()))
        }
        [b'C' | b'N' | b'P' | b'U', ..] => introduction(sight),
        _ => Look::No,
    }
}

/// `:server NOTICE * :…`, `:server NOTICE AUTH :…`, `:server 001 nick :…`, another answer of the server's
/// (RFC 2812 §5), and what it hands on of others: `:nick!user@host PRIVMSG #channel :…`
fn prefixed(sight: &Sight<'_>, line: &[u8]) -> Look {
    let line = line.get(..LINE_BYTES).unwrap_or(line);
    let end = line.iter().position(|byte| *byte == b'\n');
    let whole = end.and_then(|end| line.get(..end)).map(<[u8]>::trim_ascii_end);
    let Some(head) = text::find(whole.unwrap_or(line), b" :").and_then(|at| line.get(..at)).or(whole) else {
        return if line.len() < LINE_BYTES { Look::More } else { Look::No };
    };
    let mut words = head.split(|byte| *byte == b' ');
    let (Some(from), Some(command), Some(to)) = (words.next(), words.next(), words.next()) else {
        return Look::No;
    };
    let is_known = match command {
        b"NOTICE" | b"001" => words.next().is_none(),
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] => !sight.from_start,
        b"PRIVMSG" | b"JOIN" | b"PART" | b"MODE" => is_mask(from) && !sight.from_start,
        _ => false,
    };
    if is_known && is_word(from) && is_word(to) {
        Look::Is(Found::served_by(93, sight.sender()))
    } else {
        Look::No
    }
}

/// Tells whether somebody is named by nick, name and host (RFC 2812 §2.3.1).
fn is_mask(word: &[u8]) -> bool {
    let (nick, host) = (text::find(word, b"!"), text::find(word, b"@"));
    nick.is_some_and(|nick| nick > 0 && host.is_some_and(|host| host > nick + 1))
}

/// `PRIVMSG #channel :…`
fn is_said(data: &[u8]) -> bool {
    let line = data.get(..LINE_BYTES).unwrap_or(data);
    let mut words = line.splitn(3, |byte| *byte == b' ');
    matches!(words.next(), Some(b"PRIVMSG" | b"NOTICE"))
        && words.next().is_some_and(is_word)
        && words.next().is_some_and(|text| text.starts_with(b":") && text.contains(&b'\n'))
}

/// `NICK` and `USER` with its four words, in any order, after `PASS` and `CAP` where there are such.
fn introduction(sight: &Sight<'_>) -> Look {
    let (mut nick, mut user) = (false, false);
    let mut lines = sight.data.split(|byte| *byte == b'\n').peekable();
    for _ in 0..MOST_LINES {
        let Some(line) = lines.next() else { break };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut words = line.splitn(5, |byte| *byte == b' ');
        let (command, name) = (words.next().unwrap_or_default(), words.next());
        if lines.peek().is_none() {
            let may_go_on = line.len() < LINE_BYTES && may_be_command(command);
            return if may_go_on { Look::More } else { Look::No };
        }
        match (command, name) {
            (b"NICK", Some(name)) if is_word(name) => nick = true,
            // Who, from where, to where, and the real name.
            (b"USER", Some(name)) if is_word(name) && words.nth(2).is_some() => user = true,
            (b"PASS" | b"CAP", Some(_)) => {}
            _ => return Look::No,
        }
        if nick && user {
            return Look::Is(Found::served_by(95, sight.sender().peer()));
        }
    }
    Look::No
}

fn may_be_command(word: &[u8]) -> bool {
    [&b"NICK"[..], b"USER", b"PASS", b"CAP"].iter().any(|command| command.starts_with(word))
}

fn is_word(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn who_introduces_itself_and_who_greets_are_told() {
        let introduced = b"CAP LS 302\r\nPASS x\r\nNICK someone\r\nUSER some +iw someone :Some One\r\n";
        let reversed = b"USER some +iw someone :Some One\r\nNICK someone\r\n";
        for wire in [&introduced[..], reversed] {
            let sent = sight(Over::Tcp, true, 8000, wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)));
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(wire.len()));
        }
        for (wire, bytes) in [
            (&b":irc.example.net NOTICE * :*** Looking up your hostname...\r\n"[..], 27),
            (b":irc.example.net NOTICE AUTH :*** Checking Ident\r\n", 30),
            (b":irc.example.net 001 someone :Welcome\r\n", 30),
        ] {
            let sent = sight(Over::Tcp, false, 8000, wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(93, Side::Resp)));
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(bytes));
        }
    }

    #[test]
    fn what_is_said_tells_it_in_the_middle() {
        // (from the client, line, how sure)
        let cases = [
            (true, "PRIVMSG #site :invented\r\n", Some(88)),
            (true, "PRIVMSG #site invented\r\n", None),
            (true, "PONG :irc.example.net\r\n", None),
            (false, ":irc.example.net 372 someone :- A message of the day\r\n:irc", Some(93)),
            (false, ":irc.example.net 353 someone = #site :@someone\r\n", Some(93)),
            (false, ":irc.example.net 004 someone irc.example.net example-1 abc\r\n", Some(93)),
            (false, ":other!~some@192.0.2.9 PRIVMSG #site :invented\r\n", Some(93)),
            (false, ":other!~some@192.0.2.9 JOIN #site\r\n", Some(93)),
            (false, ":other PRIVMSG #site :invented\r\n", None),
            (false, ":irc.example.net 3722 someone :text\r\n", None),
            (false, ":irc.example.net 372\r\n", None),
        ];
        for (from_orig, line, sure) in cases {
            let start = sight(Over::Tcp, from_orig, 8000, line.as_bytes());
            assert_eq!(look(&PROTOCOL, &start).0, Look::No, "{line}, at a conn's beginning");
            let middle = Sight { from_start: false, ..start };
            let expected = sure.map_or(Look::No, |sure| Look::Is(Found::served_by(sure, Side::Resp)));
            assert_eq!(look(&PROTOCOL, &middle).0, expected, "{line}");
        }
    }

    #[test]
    fn who_logs_in_elsewhere_is_not_its() {
        for wire in [
            &b"USER anonymous\r\nPASS x\r\n"[..],
            b"USER anonymous\r\n",
            b"PASS x\r\nSTAT\r\n",
            b"NICK \r\nUSER a b c :d\r\n",
            b"CAPA\r\n",
            b"POST / HTTP/1.1\r\n",
            b": nothing\r\n",
            b":irc.example.net 250 someone :x\r\n",
            &b"CAP LS\r\n".repeat(MOST_LINES + 1),
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 6667, wire)).0, Look::No, "{wire:?}");
        }
    }
}
