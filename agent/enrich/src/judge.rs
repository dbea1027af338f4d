//! What the rules make of a subject's facts.
//!
//! A site has tens of thousands of subjects, and few are unlike the others in anything that a rule looks
//! for: facts that tell the rules nothing are left out, and what is left is judged once.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::LazyLock;

use foldhash::HashMap;
use sekisho_api::{Evidence, Text};
use sekisho_recognise::Key;
use sekisho_rules::{Assert, Facts, Field, Rules, Subject, Verdict, settle};

use crate::intern::{TextId, Texts};
use crate::say;

/// The best assertion of each kind, and every reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) service: Option<String>,
    pub(crate) tunnel: Option<bool>,
    pub(crate) category: Option<(Text, u8)>,
    pub(crate) org: Option<Text>,
    pub(crate) role: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) line: Option<String>,
    /// What is asserted of its behaviour, in order.
    pub(crate) behaviour: Vec<String>,
    pub(crate) evidence: Vec<Rc<Evidence>>,
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
                .find_map(|verdict| Some((verdict.assert.category.as_deref()?.into(), verdict.confidence))),
            org: settle(verdicts, |assert| assert.org.as_ref()).map(|org| org.as_str().into()),
            role: settle(verdicts, |assert| assert.role.as_ref()).cloned(),
            vendor: settle(verdicts, |assert| assert.vendor.as_ref()).cloned(),
            model: settle(verdicts, |assert| assert.model.as_ref()).cloned(),
            os: settle(verdicts, |assert| assert.os.as_ref()).cloned(),
            line: settle(verdicts, |assert| assert.line.as_ref()).cloned(),
            behaviour: {
                let found: BTreeSet<&String> =
                    verdicts.iter().filter_map(|verdict| verdict.assert.behaviour.as_ref()).collect();
                found.into_iter().cloned().collect()
            },
            evidence: contradictions(verdicts).chain(verdicts.iter().map(reason)).map(Rc::new).collect(),
        }
    }
}

fn reason(verdict: &Verdict<'_>) -> Evidence {
    Evidence {
        rule: verdict.rule.into(),
        confidence: verdict.confidence,
        en: verdict.en.as_str().into(),
        ja: verdict.ja.as_str().into(),
    }
}

/// Verdicts that are so much less sure than the best, in percent, contradict it; others are outdone.
const RIVAL: u8 = 20;

/// What is nearly as sure as what was settled on, and says otherwise: shown, for a person to decide.
fn contradictions<'v>(verdicts: &'v [Verdict<'_>]) -> impl Iterator<Item = Evidence> + use<'v> {
    let of = |key: &'static str, pick: fn(&Assert) -> Option<&String>| {
        let mut said =
            verdicts.iter().filter_map(move |verdict| Some((pick(verdict.assert)?, verdict.confidence)));
        let (settled, best) = said.next()?;
        let rival = |(other, confidence): &(&String, u8)| *other != settled && confidence + RIVAL >= best;
        let (other, confidence) = said.find(rival)?;
        Some(say::contradicts(key, settled, other, confidence))
    };
    [of("role", |assert| assert.role.as_ref()), of("os", |assert| assert.os.as_ref())].into_iter().flatten()
}

/// Judgements kept: several times what a large hospital's subjects differ in. Beyond it each is made anew.
const MAX_KEPT: usize = 1 << 13;
/// Values remembered with whether they tell anything; beyond it each is held against the rules anew.
const MAX_VALUES: usize = 1 << 16;

/// In which fields a text tells anything: a bit a field.
#[derive(Clone, Copy, Debug, Default)]
struct Tells {
    /// Those in which it was held against the rules.
    known: u128,
    anything: u128,
}

/// Judges the subjects of one kind.
#[derive(Debug)]
pub(crate) struct Judge<'r> {
    rules: &'r Rules,
    subject: Subject,
    /// Whether a field's value tells anything, by field.
    values: Vec<HashMap<Box<str>, bool>>,
    /// The same of the values that have a number, by that: as many as there may be texts.
    numbered: Vec<Tells>,
    remembered: usize,
    kept: HashMap<Facts<'static>, Rc<Judgement>>,
}

impl<'r> Judge<'r> {
    pub(crate) fn new(rules: &'r Rules, subject: Subject) -> Self {
        Self {
            rules,
            subject,
            values: vec![HashMap::default(); Field::ALL.len()],
            numbered: Vec::new(),
            remembered: 0,
            kept: HashMap::default(),
        }
    }

    /// Adds a value to the facts if it makes any difference to the rules.
    pub(crate) fn add<'f>(&mut self, facts: &mut Facts<'f>, field: Field, value: impl Into<Cow<'f, str>>) {
        let value = value.into();
        if self.tells(field, &value) {
            facts.add(field, value);
        }
    }

    /// Adds a text to the facts if it makes any difference to the rules.
    pub(crate) fn add_text<'f>(
        &mut self,
        facts: &mut Facts<'f>,
        field: Field,
        text: TextId,
        texts: &'f Texts,
    ) {
        if self.numbered.len() <= text.place() {
            self.numbered.resize(text.place() + 1, Tells::default());
        }
        let Some(tells) = self.numbered.get_mut(text.place()) else { return };
        let bit = 1 << field as u32;
        if tells.known & bit == 0 {
            tells.known |= bit;
            let makes_a_difference = self.rules.tells(self.subject, field, texts.text(text));
            tells.anything |= if makes_a_difference { bit } else { 0 };
        }
        if tells.anything & bit != 0 {
            facts.add(field, texts.text(text));
        }
    }

    /// Tells whether a value makes any difference to the rules.
    pub(crate) fn tells(&mut self, field: Field, value: &str) -> bool {
        let known = self.values.get(field as usize).and_then(|values| values.get(value)).copied();
        known.unwrap_or_else(|| {
            let tells = self.rules.tells(self.subject, field, value);
            if self.has_room()
                && let Some(values) = self.values.get_mut(field as usize)
            {
                values.insert(value.into(), tells);
            }
            tells
        })
    }

    fn has_room(&mut self) -> bool {
        let room = self.remembered < MAX_VALUES;
        self.remembered += usize::from(room);
        room
    }

    /// Judges facts, or remembers what was made of the same ones.
    pub(crate) fn judge(&mut self, facts: Facts<'_>) -> Rc<Judgement> {
        // Facts that live as long as the program are facts that live shorter.
        let kept: &HashMap<Facts<'_>, Rc<Judgement>> = &self.kept;
        if let Some(judgement) = kept.get(&facts) {
            return Rc::clone(judgement);
        }
        let key = (self.kept.len() < MAX_KEPT).then(|| facts.clone().into_owned());
        let judgement = Rc::new(Judgement::of(self.rules, self.subject, facts));
        if let Some(key) = key {
            self.kept.insert(key, Rc::clone(&judgement));
        }
        judgement
    }
}

/// The rules' field for a recogniser's note: they bear the same name.
pub(crate) fn field(key: Key) -> Option<Field> {
    static FIELDS: LazyLock<[Option<Field>; Key::ALL.len()]> = LazyLock::new(|| {
        let mut fields = [None; Key::ALL.len()];
        for (key, slug) in Key::ALL {
            if let Some(place) = fields.get_mut(key as usize) {
                *place = Field::from_slug(slug);
            }
        }
        fields
    });
    FIELDS.get(key as usize).copied().flatten()
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
