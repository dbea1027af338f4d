//! What rules conclude, ranked; and contradictions among them.

use serde::Deserialize;

/// What a rule asserts. A rule of devices asserts no service, one of connections no role.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Assert {
    /// The service's slug.
    pub service: Option<String>,
    /// The category's slug.
    pub category: Option<String>,
    /// The outside organisation.
    pub org: Option<String>,
    /// The role's slug.
    pub role: Option<String>,
    /// The maker.
    pub vendor: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The operating system.
    pub os: Option<String>,
    /// The kind of line's slug.
    pub line: Option<String>,
    /// Whether it can carry other traffic, or a person's hands, inwards.
    pub tunnel: Option<bool>,
    /// What the connection does over time, a slug; several may be asserted of one.
    pub behaviour: Option<String>,
}

impl Assert {
    /// Gives every text that is asserted, with its key.
    #[must_use]
    pub fn texts(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("service", self.service.as_deref()),
            ("category", self.category.as_deref()),
            ("org", self.org.as_deref()),
            ("role", self.role.as_deref()),
            ("vendor", self.vendor.as_deref()),
            ("model", self.model.as_deref()),
            ("os", self.os.as_deref()),
            ("line", self.line.as_deref()),
        ]
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One matching rule.
#[derive(Clone, Debug)]
pub struct Verdict<'r> {
    /// The rule's id.
    pub rule: &'r str,
    /// The rule's revision.
    pub revision: u32,
    /// How sure, in percent: that of the surest `[[match]]` that holds.
    pub confidence: u8,
    /// What follows.
    pub assert: &'r Assert,
    /// The reason in English.
    pub en: String,
    /// The reason in Japanese.
    pub ja: String,
}

/// Every verdict on one subject, the surest first.
#[derive(Clone, Debug, Default)]
pub struct Outcome<'r> {
    /// By confidence, then by id.
    pub verdicts: Vec<Verdict<'r>>,
}

/// Two rules that assert different values for one key with equal confidence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tie {
    /// The key.
    pub key: &'static str,
    /// One rule.
    pub first: String,
    /// The other.
    pub second: String,
}

/// Takes the surest verdict's value of one key.
pub fn settle<'v, T: ?Sized>(
    verdicts: &'v [Verdict<'_>],
    pick: impl Fn(&'v Assert) -> Option<&'v T>,
) -> Option<&'v T> {
    verdicts.iter().find_map(|verdict| pick(verdict.assert))
}

/// Finds contradictions at the top of each key: what [`settle`] would decide by the order of ids alone.
#[must_use]
pub fn ties(verdicts: &[Verdict<'_>]) -> Vec<Tie> {
    let mut found = Vec::new();
    for (at, (key, _)) in Assert::default().texts().into_iter().enumerate() {
        let value = |verdict: &Verdict<'_>| {
            let (_, text) = *verdict.assert.texts().get(at)?;
            Some((verdict.confidence, verdict.rule.to_owned(), text?.to_owned()))
        };
        let mut values = verdicts.iter().filter_map(value);
        let Some((confidence, first, best)) = values.next() else { continue };
        let rivals =
            values.take_while(|(other, _, _)| *other == confidence).filter(|(_, _, text)| *text != best);
        found.extend(rivals.map(|(_, second, _)| Tie { key, first: first.clone(), second }));
    }
    found
}
