//! What the rules make of a subject's facts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sekisho_api::Evidence;
use sekisho_recognise::Key;
use sekisho_rules::{Facts, Field, Rules, Subject, settle};

/// The best assertion of each kind, and every reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) service: Option<String>,
    pub(crate) tunnel: Option<bool>,
    pub(crate) category: Option<(String, u8)>,
    pub(crate) org: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) line: Option<String>,
    pub(crate) evidence: Vec<Evidence>,
}

impl Judgement {
    pub(crate) fn of<'r>(rules: &'r Rules, subject: Subject, facts: Facts<'r>) -> Self {
        let outcome = rules.conclude(subject, facts);
        let verdicts = &outcome.verdicts;
        Self {
            service: settle(verdicts, |assert| assert.service.as_ref()).cloned(),
            tunnel: settle(verdicts, |assert| assert.tunnel.as_ref()).copied(),
            category: verdicts
                .iter()
                .find_map(|verdict| Some((verdict.assert.category.clone()?, verdict.confidence))),
            org: settle(verdicts, |assert| assert.org.as_ref()).cloned(),
            role: settle(verdicts, |assert| assert.role.as_ref()).cloned(),
            vendor: settle(verdicts, |assert| assert.vendor.as_ref()).cloned(),
            model: settle(verdicts, |assert| assert.model.as_ref()).cloned(),
            line: settle(verdicts, |assert| assert.line.as_ref()).cloned(),
            evidence: outcome
                .verdicts
                .into_iter()
                .map(|verdict| Evidence {
                    rule: verdict.rule.to_owned(),
                    confidence: verdict.confidence,
                    en: verdict.en,
                    ja: verdict.ja,
                })
                .collect(),
        }
    }
}

/// The rules' field for a recogniser's note: they bear the same name.
pub(crate) fn field(key: Key) -> Option<Field> {
    static FIELDS: LazyLock<BTreeMap<Key, Field>> = LazyLock::new(|| {
        let same = |(key, slug): (Key, &str)| Some((key, Field::from_slug(slug)?));
        Key::ALL.into_iter().filter_map(same).collect()
    });
    FIELDS.get(&key).copied()
}

/// Puts the surest reason first, and each rule once.
pub(crate) fn order(evidence: &mut Vec<Evidence>) {
    evidence.sort_by(|a, b| b.confidence.cmp(&a.confidence).then_with(|| a.cmp(b)));
    let mut kept = 0;
    while let Some((before, [next, ..])) = evidence.split_at_checked(kept) {
        if before.iter().any(|earlier| earlier.rule == next.rule) {
            evidence.remove(kept);
        } else {
            kept += 1;
        }
    }
}
