//! Each text once: names and fingerprints repeat by the thousand.

use std::num::NonZeroU32;
use std::sync::Arc;

use foldhash::HashMap;

/// Distinct texts kept; a day of a large hospital brings some 20,000.
const MAX_TEXTS: usize = 1 << 18;
/// The longest text kept, in bytes: a DNS name has at most 253, a certificate's subject rarely more.
const MAX_TEXT_BYTES: usize = 512;

/// Texts from which it is worth looking for those that nothing refers to any more.
const CROWDED: usize = 1 << 16;

/// A text's number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct TextId(NonZeroU32);

impl TextId {
    pub(crate) const fn place(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The texts, each once.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    ids: HashMap<Arc<str>, TextId>,
    by_id: Vec<Option<Arc<str>>>,
    /// Numbers whose text was forgotten.
    free: Vec<TextId>,
    /// Texts that found no room.
    pub(crate) refused: u64,
}

/// Numbers that something refers to.
#[derive(Debug, Default)]
pub struct Marks(Vec<u64>);

impl Marks {
    /// Marks a number.
    pub(crate) fn mark(&mut self, id: TextId) {
        let (word, bit) = (id.place() / 64, id.place() % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << bit;
        }
    }

    fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }
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
        if self.ids.len() >= MAX_TEXTS {
            self.refused += 1;
            return None;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.by_id.push(None);
            TextId(NonZeroU32::MIN.saturating_add(self.by_id.len() as u32 - 1))
        });
        let text: Arc<str> = text.into();
        if let Some(place) = self.by_id.get_mut(id.place()) {
            *place = Some(Arc::clone(&text));
        }
        self.ids.insert(text, id);
        Some(id)
    }

    /// Gives a number's text.
    pub(crate) fn text(&self, id: TextId) -> &str {
        self.by_id.get(id.place()).and_then(Option::as_deref).unwrap_or_default()
    }

    /// Gives every text, by number.
    pub(crate) fn all(&self) -> Vec<Option<Arc<str>>> {
        self.by_id.clone()
    }

    /// Tells whether there are so many that it is worth forgetting some.
    pub(crate) fn is_crowded(&self) -> bool {
        self.ids.len() >= CROWDED
    }

    /// Forgets the texts that are not marked; their numbers go to new ones.
    pub(crate) fn sweep(&mut self, marks: &Marks) {
        for (at, place) in self.by_id.iter_mut().enumerate().filter(|(at, _)| !marks.has(*at)) {
            if let Some(id) = place.take().and_then(|text| self.ids.remove(&text)) {
                debug_assert_eq!(id.place(), at, "a text is at its number");
                self.free.push(id);
            }
        }
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

    #[test]
    fn what_nothing_refers_to_makes_room_and_the_rest_keeps_its_number() {
        let mut texts = Texts::default();
        let [kept, gone] = ["kept.example", "gone.example"].map(|text| texts.id(text).unwrap());
        let mut marks = Marks::default();
        marks.mark(kept);
        texts.sweep(&marks);
        assert_eq!((texts.text(kept), texts.text(gone)), ("kept.example", ""));
        assert_eq!(texts.id("new.example"), Some(gone), "the free number is used again");
        assert_eq!((texts.id("kept.example"), texts.by_id.len()), (Some(kept), 2));
    }
}
