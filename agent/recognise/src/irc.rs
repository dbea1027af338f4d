//! IRC, a chat by which software that does harm is led as well (RFC 1459 §4.1, RFC 2812 §3.1): a client that
//! says who it is, a server that greets.

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
        [b':', line @ ..] => greeting(sight, line),
        [b'C' | b'N' | b'P' | b'U', ..] => introduction(sight),
        _ => Look::No,
    }
}

/// `:server NOTICE * :…`, `:server NOTICE AUTH :…`, `:server 001 nick :…`
fn greeting(sight: &Sight<'_>, line: &[u8]) -> Look {
    let line = line.get(..LINE_BYTES).unwrap_or(line);
    let Some((head, _text)) = text::find(line, b" :").and_then(|at| line.split_at_checked(at)) else {
        let may_go_on = line.len() < LINE_BYTES && !line.contains(&b'\n');
        return if may_go_on { Look::More } else { Look::No };
    };
    let mut words = head.split(|byte| *byte == b' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(server), Some(b"NOTICE" | b"001"), Some(to), None) if is_word(server) && is_word(to) => {
            Look::Is(Found::served_by(93, sight.sender()))
        }
        _ => Look::No,
    }
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
