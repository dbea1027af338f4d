//! `rules test`: what a rule would change on what a ledger holds, with nothing changed.
//!
//! A row keeps the reasons it rests on. Each is taken for the assertion of its rule; beside them the rules
//! are tried on what the row tells. That is done with the rules as they are and with the tried ones laid
//! over them: only these can make a difference.

use std::io::{self, Write};

use sekisho_api::Evidence;
use sekisho_enrich::CARRIERS;
use sekisho_ledger::{Ledger, Query};
use sekisho_report::{Lang, Shift, Trial};
use sekisho_rules::{Assert, Facts, Rule, Rules, Subject, folder};

use crate::cli::RulesTest;
use crate::{facts, list};

/// What is shown of a row: the key, and its value.
type Said = Vec<(&'static str, Option<String>)>;

pub(crate) fn run(args: &RulesTest, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let site = list::site(&ledger, &args.place, false, lang)?;
    let tried: Vec<Rule> = folder::rules(&args.path)?.into_iter().collect::<Result<_, _>>()?;
    let ids: Vec<String> = tried.iter().map(|rule| rule.id.clone()).collect();
    let folders = super::laid(args.rules.as_deref(), Some(&args.place.db));
    let before = folders.rules()?;
    let mut found = Trial::default();
    for rule in &tried {
        found.rules.push((rule.id.clone(), before.get(&rule.id).is_some()));
        let unanswered = rule.unanswered(facts::kept(rule.subject));
        if !unanswered.is_empty() {
            found.unanswered.push((rule.id.clone(), unanswered.join(", ")));
        }
    }
    let after = folders.rules()?.with(tried);
    let mut bench = Bench { before, after, ids, found };
    let query = Query { site, ..Query::default() };
    for row in ledger.connections(&query)?.into_iter().map(|sited| sited.row) {
        let number = row.number.map(|number| number.to_string()).unwrap_or_default();
        let outside = row.outside.name.as_deref().unwrap_or(&row.outside.ip);
        let name = format!("{number} {} – {outside}", row.inside.ip);
        // What the wire shows of its own stands before what a rule says of a carrier.
        let own = !row.evidence.iter().any(is_carrier);
        bench.trial(Subject::Connection, name, &row.evidence, &facts::connection(&row), own);
    }
    for row in ledger.devices(&query)?.into_iter().map(|sited| sited.row) {
        let name = row.names.first().or(row.ips.first()).or(row.mac.as_ref()).cloned().unwrap_or_default();
        bench.trial(Subject::Device, name, &row.evidence, &facts::device(&row), false);
    }
    for row in ledger.exits(&query)?.into_iter().map(|sited| sited.row) {
        bench.trial(Subject::Exit, row.mac.clone(), &row.evidence, &facts::exit(&row), false);
    }
    write!(io::stdout().lock(), "{}", sekisho_report::trial(&bench.found, lang))?;
    Ok(())
}

/// Whether a reason is that of a protocol in which others are carried, or of a port alone.
fn is_carrier(reason: &Evidence) -> bool {
    match reason.rule.strip_prefix("wire/") {
        Some(service) => CARRIERS.contains(&service),
        None => reason.rule.starts_with("port/"),
    }
}

/// The rules before and after, and what was found so far.
struct Bench {
    before: Rules,
    after: Rules,
    ids: Vec<String>,
    found: Trial,
}

impl Bench {
    fn trial(&mut self, subject: Subject, name: String, evidence: &[Evidence], facts: &Facts<'_>, own: bool) {
        let (kind, at) = match subject {
            Subject::Connection | Subject::Question => ("connection", 0),
            Subject::Device => ("device", 1),
            Subject::Exit => ("exit", 2),
        };
        if let Some(count) = self.found.looked_at.get_mut(at) {
            *count += 1;
        }
        let fits = |id: &str| self.ids.iter().any(|tried| tried == id);
        let matched = self.after.evaluate(subject, facts).iter().any(|verdict| fits(verdict.rule));
        self.found.matched += usize::from(matched);
        let before = said(&self.before, subject, evidence, facts, own, |_| true);
        let after = said(&self.after, subject, evidence, facts, own, |id| !fits(id));
        let changes: Vec<_> = before
            .into_iter()
            .zip(after)
            .filter(|((_, before), (_, after))| before != after)
            .map(|((key, before), (_, after))| (key, before, after))
            .collect();
        if !changes.is_empty() {
            self.found.shifts.push(Shift { subject: kind, name, changes });
        }
    }
}

/// What is concluded of a row: from the reasons it keeps, as far as they still stand, and from what it tells.
fn said(
    rules: &Rules,
    subject: Subject,
    evidence: &[Evidence],
    facts: &Facts<'_>,
    own_service: bool,
    stands: impl Fn(&str) -> bool,
) -> Said {
    let kept = evidence.iter().filter(|reason| stands(&reason.rule));
    let kept = kept.filter_map(|reason| {
        let rule = rules.get(&reason.rule).filter(|rule| rule.subject == subject)?;
        Some((reason.confidence, rule.id.as_str(), &rule.assert))
    });
    // What the row was found to be must not speak for itself.
    let mut plain = Facts::default();
    let concluded = [sekisho_rules::Field::Category, sekisho_rules::Field::Org];
    for (field, value) in facts.iter().filter(|(field, _)| !concluded.contains(field)) {
        plain.add(field, value.to_owned());
    }
    let outcome = rules.conclude(subject, plain);
    let fresh = outcome.verdicts.iter().map(|verdict| (verdict.confidence, verdict.rule, verdict.assert));
    let mut all: Vec<(u8, &str, &Assert)> = kept.chain(fresh).collect();
    all.sort_by_key(|(confidence, id, _)| (std::cmp::Reverse(*confidence), *id));
    let settled =
        |at: usize| all.iter().find_map(|(_, _, assert)| assert.texts().get(at)?.1.map(str::to_owned));
    let keys = Assert::default().texts().map(|(key, _)| key);
    let mut said: Said = keys.into_iter().enumerate().map(|(at, key)| (key, settled(at))).collect();
    if own_service {
        said.retain(|(key, _)| *key != "service");
    }
    let tunnel = all.iter().find_map(|(_, _, assert)| assert.tunnel);
    said.push(("tunnel", tunnel.map(|tunnel| tunnel.to_string())));
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(rule: &str, confidence: u8) -> Evidence {
        Evidence { rule: rule.into(), confidence, en: "e".into(), ja: "j".into() }
    }

    #[test]
    fn a_row_says_what_its_reasons_and_its_facts_say() {
        let rules = Rules::embedded().unwrap();
        let mut facts = Facts::default();
        facts.add(sekisho_rules::Field::Tunnel, "true").add(sekisho_rules::Field::InsideRole, "ct");
        let evidence = [reason("remote/teamviewer", 92), reason("wire/tls", 90)];
        let said = said(&rules, Subject::Connection, &evidence, &facts, false, |_| true);
        let of = |wanted: &str| {
            said.iter().find(|(key, _)| *key == wanted).and_then(|(_, value)| value.as_deref())
        };
        assert_eq!(of("service"), Some("teamviewer"));
        assert_eq!(of("category"), Some("modality-maintenance"));
    }

    #[test]
    fn a_reason_of_a_rule_that_is_tried_again_does_not_stand() {
        let rules = Rules::embedded().unwrap();
        let evidence = [reason("remote/teamviewer", 92)];
        let said = said(&rules, Subject::Connection, &evidence, &Facts::default(), false, |id| {
            id != "remote/teamviewer"
        });
        assert!(said.iter().all(|(_, value)| value.is_none()), "{said:?}");
    }
}
