//! What went wrong on the way to the collector, in the words of who has to mend it: what the collector said, or
//! what to look after where it was not reached.

use sekisho_api::enrol::Refusal;
use sekisho_report::{Lang, clean, fill, text};
use sekisho_sync::{PostError, Reply, unpack};

/// What of a collector's own words is shown.
const MAX_SHOWN_CHARS: usize = 200;
/// The codes of refusals that there are words for.
const KNOWN: [(&str, &str); 6] = [
    ("not-invited", "sync.why-not-invited"),
    ("known-key", "sync.why-known-key"),
    ("revoked", "sync.why-revoked"),
    ("not-enrolled", "sync.why-not-enrolled"),
    ("another-box", "sync.why-another-box"),
    ("busy", "sync.why-busy"),
];

/// The collector refuses.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the collector refuses: {message}")]
pub(super) struct Refused {
    code: String,
    message: String,
}

/// Reads why the collector refused.
pub(super) fn refusal(reply: &Reply) -> Refused {
    match unpack::<Refusal>(&reply.body) {
        Ok(Refusal { code, message }) => {
            Refused { code, message: clean(&message, MAX_SHOWN_CHARS).into_owned() }
        }
        Err(_) => Refused { code: String::new(), message: status(reply) },
    }
}

/// Reads the same of whoever answers a box that knows no collector yet, which may be anybody: of its own words
/// nothing is shown.
pub(super) fn refusal_of_a_stranger(reply: &Reply) -> Refused {
    Refused { message: status(reply), ..refusal(reply) }
}

fn status(reply: &Reply) -> String {
    format!("status {}", reply.status)
}

/// Words an error for who typed the command; the cause stays in it.
pub(super) fn worded(error: anyhow::Error, lang: Lang) -> anyhow::Error {
    if let Some(Refused { code, message }) = error.downcast_ref() {
        let known = KNOWN.iter().find(|(known, _)| known == code);
        let why = known.map_or(message.as_str(), |(_, key)| text(lang, key));
        return anyhow::Error::msg(fill(lang, "sync.refused", &[("why", &why)]));
    }
    let key = match error.downcast_ref() {
        Some(
            PostError::Connect { .. } | PostError::Proxy { .. } | PostError::Slow | PostError::Broken { .. },
        ) => "sync.unreachable",
        Some(PostError::Tls { .. }) => "sync.no-tls",
        _ => return error,
    };
    anyhow::Error::msg(fill(lang, key, &[("detail", &format!("{error:#}"))]))
}

#[cfg(test)]
mod tests {
    use sekisho_sync::pack;

    use super::*;

    fn reply(code: &str, message: &str) -> Reply {
        let refusal = Refusal { code: code.to_owned(), message: message.to_owned() };
        Reply { status: 403, body: pack(&refusal).unwrap().into() }
    }

    #[test]
    fn what_a_collector_writes_drives_no_terminal_and_has_an_end() {
        let written = format!("\u{1b}[2Jno\r\nroot# {}", "x".repeat(10_000));
        let refused = refusal(&reply("of-a-later-version", &written));
        for told in [refused.to_string(), worded(refused.into(), Lang::Ja).to_string()] {
            assert!(told.contains("[2Jno  root# xxx"), "{told}");
            assert!(!told.chars().any(char::is_control) && told.chars().count() < 300, "{told}");
        }
    }

    #[test]
    fn of_a_stranger_s_words_nothing_is_shown() {
        let told = |code, lang| {
            let refused = refusal_of_a_stranger(&reply(code, "call 192.0.2.66"));
            assert!(!refused.to_string().contains("192.0.2.66"));
            worded(refused.into(), lang).to_string()
        };
        assert_eq!(told("call 192.0.2.66", Lang::En), "the collector refuses: status 403");
        assert!(told("not-invited", Lang::Ja).contains("登録コードが違う"));
        assert!(told("not-invited", Lang::En).contains("the code is wrong, used or has ended"));
    }

    #[test]
    fn a_refusal_and_a_firewall_are_told_in_the_reader_s_language() {
        let refused = Refused { code: "revoked".to_owned(), message: "this box was revoked".to_owned() };
        let said = |error: anyhow::Error, lang| worded(error, lang).to_string();
        assert!(said(refused.clone().into(), Lang::Ja).contains("取り消されています"));
        assert!(said(refused.into(), Lang::En).contains("revoked"));
        let later = Refused { code: "of-a-later-version".to_owned(), message: "no".to_owned() };
        assert_eq!(said(later.into(), Lang::En), "the collector refuses: no");
        let address = "collector.example:8444".to_owned();
        let unreachable = PostError::Connect { address, source: std::io::ErrorKind::TimedOut.into() };
        let told = said(unreachable.into(), Lang::Ja);
        assert!(told.contains("ファイアウォール") && told.contains("collector.example:8444"), "{told}");
        assert_eq!(said(anyhow::Error::msg("other"), Lang::Ja), "other");
    }
}
