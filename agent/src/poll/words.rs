//! What stops `poll`, in words: what is wrong with who was named, or with the credentials.

use sekisho_report::{Lang, fill, label};

use super::secrets::BadSecret;
use super::targets::{BadTarget, MAX_FREE_BITS, MAX_TARGETS};

/// Words an error of polling; `None` for any other.
pub(crate) fn words(error: &anyhow::Error, lang: Lang) -> Option<String> {
    if let Some(BadTarget { name, value }) = error.downcast_ref() {
        let (longest, longest_v6) = (32 - MAX_FREE_BITS, 128 - MAX_FREE_BITS);
        return Some(fill(
            lang,
            &format!("poll.{name}"),
            &[("value", value), ("longest", &longest), ("longest-v6", &longest_v6), ("max", &MAX_TARGETS)],
        ));
    }
    Some(match error.downcast_ref::<BadSecret>()? {
        BadSecret::None => fill(lang, "poll.no-secret", &[]),
        BadSecret::File { path, fault, detail } => {
            let fault = label(lang, "secret-fault", fault);
            let detail =
                detail.as_ref().map_or_else(|| fault.to_string(), |detail| format!("{fault}: {detail}"));
            fill(lang, "poll.bad-secret", &[("path", path), ("detail", &detail)])
        }
    })
}
