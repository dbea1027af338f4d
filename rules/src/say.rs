//! Sentences with places for what was seen: `{sni} belongs to …`.

use crate::field::Key;
use crate::{Facts, Fault};

/// A parsed sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Sentence {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Text(String),
    Place(Key),
}

impl Sentence {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        if text.trim().is_empty() {
            return Err(Fault::Sentence);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(Fault::Sentence)?;
            let key =
                Key::from_slug(name).ok_or_else(|| Fault::Placeholder { placeholder: name.to_owned() })?;
            parts.extend([Part::Text(before.to_owned()), Part::Place(key)]);
            rest = after;
        }
        if rest.contains('}') {
            return Err(Fault::Sentence);
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The keys it has places for.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.parts.iter().filter_map(|part| match part {
            Part::Place(key) => Some(*key),
            Part::Text(_) => None,
        })
    }

    /// Writes the sentence with the value that `seen` gives for each place, else the first known.
    pub(crate) fn write<'a>(&self, facts: &'a Facts<'_>, seen: impl Fn(Key) -> Option<&'a str>) -> String {
        let mut sentence = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => sentence.push_str(text),
                Part::Place(key) => {
                    let known = || key.fields().iter().find_map(|field| facts.get(*field).next());
                    let value = seen(*key).or_else(known);
                    sentence.push_str(value.unwrap_or_default());
                }
            }
        }
        sentence
    }
}
