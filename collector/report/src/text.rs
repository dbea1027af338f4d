//! The one catalogue of text for people: `text.toml` in, words of the reader's language out.
//!
//! A key is `section.name`; each has a Japanese and an English text, in which `{name}` stands for a
//! value. The catalogue is embedded and parsed once.
//!
//! Why not rust-i18n: it keeps the language in process-wide state, where one page may be Japanese
//! and the next English, and it brings a YAML parser that is no longer maintained. A table of two
//! languages needs neither.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::LazyLock;

use serde::Deserialize;

/// A language that people are shown.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Lang {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

/// One text in every language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    ja: String,
    en: String,
}

impl Entry {
    fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }
}

/// Section → name → texts.
type Catalogue = BTreeMap<String, BTreeMap<String, Entry>>;

/// Embedded, so it is the same bytes everywhere; a test holds that they parse.
static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| toml::from_str(include_str!("text.toml")).unwrap_or_default());

fn find(lang: Lang, section: &str, name: &str) -> Option<&'static str> {
    Some(CATALOGUE.get(section)?.get(name)?.of(lang))
}

/// Gives the text of a key, or the key itself where there is none.
#[must_use]
pub fn text(lang: Lang, key: &str) -> &str {
    key.split_once('.').and_then(|(section, name)| find(lang, section, name)).unwrap_or(key)
}

/// Gives the text of a key with each `{name}` replaced by its value; a name without a value stays.
///
/// Values are not searched for names, so what strangers wrote cannot pull in another value.
#[must_use]
pub fn fill(lang: Lang, key: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut rest = text(lang, key);
    let mut out = String::with_capacity(rest.len());
    while let Some((before, from_brace)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = from_brace.split_once('}') else {
            out.push('{');
            rest = from_brace;
            continue;
        };
        // Writing to a `String` cannot fail.
        let _ = match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => write!(out, "{value}"),
            None => write!(out, "{{{name}}}"),
        };
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Gives the label of a slug, such as `category`, `eligibility`; the slug itself where there is none.
///
/// The kinds are the sections `category`, `role`, `line`, `initiator`, `status`, `change`, `subject`
/// and `service` (with its method: VPN, remote control …).
#[must_use]
pub fn label<'s>(lang: Lang, kind: &str, slug: &'s str) -> Cow<'s, str> {
    Cow::Borrowed(find(lang, kind, slug).unwrap_or(slug))
}

/// Gives the slugs that have a label of a kind, in order.
pub(crate) fn slugs(kind: &str) -> impl Iterator<Item = &'static str> {
    CATALOGUE.get(kind).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
}

#[cfg(test)]
mod tests;
