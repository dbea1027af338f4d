//! A condition: a key and the values of which one must be known.

use serde::Deserialize;

use crate::field::Key;
use crate::pattern::Pattern;
use crate::{Facts, Fault};

/// A value as written: one or several, text or number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Written {
    One(Scalar),
    Many(Vec<Scalar>),
}

/// A text, number or truth as written in TOML.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Written {
    pub(crate) fn texts(&self) -> Vec<String> {
        let scalars = match self {
            Self::One(scalar) => std::slice::from_ref(scalar),
            Self::Many(scalars) => scalars,
        };
        let text = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => text.clone(),
            Scalar::Number(number) => number.to_string(),
            Scalar::Truth(truth) => truth.to_string(),
        };
        scalars.iter().map(text).collect()
    }
}

/// A parsed condition.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) key: Key,
    pub(crate) patterns: Vec<Pattern>,
}

impl Condition {
    pub(crate) fn parse(key: &str, written: &Written) -> Result<Self, Fault> {
        let parsed = Key::from_slug(key).ok_or_else(|| Fault::Field { key: key.to_owned() })?;
        let parse = |text: String| Pattern::parse(parsed.kind(), &text);
        let patterns: Vec<Pattern> = written.texts().into_iter().map(parse).collect::<Result<_, _>>()?;
        if patterns.is_empty() {
            return Err(Fault::Value { key: key.to_owned() });
        }
        Ok(Self { key: parsed, patterns })
    }

    /// Gives the known value that satisfies the condition.
    pub(crate) fn value<'f>(&self, facts: &'f Facts<'_>) -> Option<&'f str> {
        let values = self.key.fields().iter().flat_map(|field| facts.get(*field));
        let fits = |value: &&str| self.patterns.iter().any(|pattern| pattern.matches(value));
        values.into_iter().find(fits)
    }
}
