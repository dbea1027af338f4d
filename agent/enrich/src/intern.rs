//! Each text once: names and fingerprints repeat by the thousand.

use std::num::NonZeroU32;
use std::sync::Arc;

use foldhash::HashMap;

/// Distinct texts kept; a day of a large hospital brings some 20,000.
const MAX_TEXTS: usize = 1 << 18;
/// The longest text kept, in bytes: a DNS name has at most 253, a certificate's subject rarely more.
const MAX_TEXT_BYTES: usize = 512;

/// A text's number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct TextId(NonZeroU32);

impl TextId {
    const fn place(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The texts, each once.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    ids: HashMap<Arc<str>, TextId>,
    by_id: Vec<Arc<str>>,
    /// Texts that found no room.
    pub(crate) refused: u64,
}

impl Texts {
    /// Gives a text's number; `None` for an empty or overlong text, or when full.
    pub(crate) fn id(&mut self, text: &str) -> Option<TextId> {
        if text.is_empty() || text.len() > MAX_TEXT_BYTES {
            return None;
        }
        if let Some(id) = self.ids.get(text) {
            return Some(*id);
        }
        if self.by_id.len() >= MAX_TEXTS {
            self.refused += 1;
            return None;
        }
        let id = TextId(NonZeroU32::MIN.saturating_add(self.by_id.len() as u32));
        let text: Arc<str> = text.into();
        self.by_id.push(Arc::clone(&text));
        self.ids.insert(text, id);
        Some(id)
    }

    /// Gives a number's text.
    pub(crate) fn text(&self, id: TextId) -> &str {
        self.by_id.get(id.place()).map_or("", |text| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_strangers_texts_have_bounds() {
        let mut texts = Texts::default();
        let id = texts.id("vpn.example").unwrap();
        assert_eq!(texts.id("vpn.example"), Some(id));
        assert_eq!(texts.text(id), "vpn.example");
        assert_eq!(texts.id(""), None);
        assert_eq!(texts.id(&"x".repeat(MAX_TEXT_BYTES + 1)), None);
    }
}
