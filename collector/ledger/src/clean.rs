//! What strangers wrote, made fit to be stored: texts and lists are bounded, NUL is replaced.
//!
//! Names come from DNS, DHCP, certificates and worse. Text of any script and direction is kept as it
//! is; making it safe to show is the screen's work. NUL goes, because PostgreSQL refuses it in TEXT
//! and SQLite's `lower` and `LIKE` end at it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Fault;

/// The longest text that is stored, in octets: a DNS name has 253, and a sentence of evidence some
/// hundreds, so that only what was made to be long is cut.
pub const MAX_TEXT_BYTES: usize = 4096;

/// The most entries of one list in one row (addresses, names, evidence): what has more, such as the
/// addresses of a content network, is told well enough by these.
pub const MAX_LIST: usize = 256;

/// The most octets of a row's text that searches look through.
pub(crate) const MAX_SEARCH_BYTES: usize = 16 * 1024;

const ELLIPSIS: char = '…';

/// Gives one row with every text and list in bounds.
pub(crate) fn row<T: Serialize + DeserializeOwned>(row: &T) -> Result<T, Fault> {
    tidied(row, MAX_LIST)
}

/// Gives something with every text in bounds and its lists as long as they are: the caller bounds the whole.
pub(crate) fn texts<T: Serialize + DeserializeOwned>(of: &T) -> Result<T, Fault> {
    tidied(of, usize::MAX)
}

fn tidied<T: Serialize + DeserializeOwned>(of: &T, most: usize) -> Result<T, Fault> {
    let mut value = serde_json::to_value(of)?;
    tidy(&mut value, most);
    Ok(serde_json::from_value(value)?)
}

/// Gives one text in bounds.
pub(crate) fn text(text: &str) -> String {
    let replaced = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() };
    cut(replaced, MAX_TEXT_BYTES)
}

/// Cuts a text at a character's edge, with an ellipsis to show it.
pub(crate) fn cut(mut text: String, bytes: usize) -> String {
    if text.len() <= bytes {
        return text;
    }
    text.truncate(text.floor_char_boundary(bytes.saturating_sub(ELLIPSIS.len_utf8())));
    text.push(ELLIPSIS);
    text
}

/// Gives the texts that searches look through, in small letters, one a line.
pub(crate) fn search<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut out = String::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if out.len() > MAX_SEARCH_BYTES {
            break;
        }
        out.push_str(&part.to_lowercase());
        out.push('\n');
    }
    cut(out, MAX_SEARCH_BYTES)
}

fn tidy(value: &mut Value, most: usize) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(held) => *held = text(held),
        Value::Array(items) => {
            items.truncate(most);
            for item in items {
                tidy(item, most);
            }
        }
        Value::Object(fields) => {
            for field in fields.values_mut() {
                tidy(field, most);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_characters_edge() {
        for pad in 0..4 {
            let long = format!("{}{}", "a".repeat(pad), "病".repeat(MAX_TEXT_BYTES));
            let short = text(&long);
            assert!(
                short.len() <= MAX_TEXT_BYTES && short.len() > MAX_TEXT_BYTES - 8,
                "{pad}: {}",
                short.len()
            );
            assert!(short.ends_with(ELLIPSIS));
        }
    }

    #[test]
    fn text_in_bounds_is_kept_as_it_is() {
        // (text, why)
        let cases = [
            ("it's \"quoted\"; DROP TABLE sites; --", "quotes"),
            ("\u{202e}gpj.exe\u{202c}", "right to left"),
            ("$1 ?1 :name @name %_\\", "parameter marks and wildcards"),
            ("", "nothing"),
        ];
        for (kept, why) in cases {
            assert_eq!(text(kept), kept, "{why}");
        }
        assert_eq!(text("a\0b"), "a\u{fffd}b");
    }
}
