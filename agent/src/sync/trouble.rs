//! What went wrong on the way to the collector, in the words of who has to mend it: what the collector said, or
//! what to look after where it was not reached.

use sekisho_api::enrol::Refusal;
use sekisho_report::{Lang, fill, text};
use sekisho_sync::{PostError, Reply, unpack};

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
        Ok(Refusal { code, message }) => Refused { code, message },
        Err(_) => Refused { code: String::new(), message: format!("status {}", reply.status) },
    }
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
    use super::*;

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
