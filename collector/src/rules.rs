//! `rules put`, `list`, `take-back`: rules of judgement that sites receive with their next answer.
//!
//! They are decisions as people's are, one for each site: they go by bundle as well, and who is away gets them
//! on coming back. A site that is added later is handed none by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;
use sekisho_api::sync::{RULE, RULE_TEXT};
use sekisho_ledger::Intake;
use sekisho_report::{Lang, clean, fill, text};
use sekisho_rules::device::DeviceRules;
use sekisho_rules::folder;

use crate::cli::{RulesCommand, To};
use crate::config::Config;
use crate::{MAX_NAME_CHARS, sites, tell};

pub(crate) fn run(command: &RulesCommand, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let mut intake = Intake::open(config.database())?;
    match command {
        RulesCommand::Put { path, to } => put(&mut intake, path, to, lang),
        RulesCommand::List => list(&mut intake, lang),
        RulesCommand::TakeBack { id, to } => take_back(&mut intake, id, to, lang),
    }
}

fn put(intake: &mut Intake, path: &Path, to: &To, lang: Lang) -> anyhow::Result<()> {
    let sites = sites::chosen(intake, &to.site, lang)?;
    for (id, written) in sound(path)? {
        let value = serde_json::to_string(&written)?;
        for site in &sites {
            intake.decide(site, (RULE, &id, RULE_TEXT), Some(&value), &to.by, Timestamp::now())?;
        }
        tell(&fill(lang, "collector.rule-handed", &[("id", &id), ("sites", &sites.len())]))?;
    }
    Ok(())
}

/// Gives the texts of rules by id, each of which was tried as the site will; one that is not sound refuses all.
fn sound(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut ids = Vec::new();
    for rule in folder::rules(path)? {
        ids.push(rule?.id);
    }
    let (devices, faults) = folder::lay_devices(&mut DeviceRules::embedded()?, path)?;
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }
    let written = ids.into_iter().chain(devices).map(|id| {
        let place = folder::place(path, &id);
        let place = place.with_context(|| {
            format!("`{id}` is no id that a file can have: small letters, digits, `-` and `/`")
        })?;
        let path = if path.is_file() { path } else { &place };
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        anyhow::Ok((id, text))
    });
    written.collect()
}

fn list(intake: &mut Intake, lang: Lang) -> anyhow::Result<()> {
    let mut told = false;
    for member in intake.members()? {
        for decision in intake.decided(&member.site, RULE)? {
            if decision.field == RULE_TEXT && decision.value.is_some() {
                let shown = |text: &str| clean(text, MAX_NAME_CHARS).into_owned();
                tell(&format!(
                    "{}\t{}\t{}",
                    shown(&member.site),
                    shown(&decision.subject),
                    shown(&decision.author)
                ))?;
                told = true;
            }
        }
    }
    if told { Ok(()) } else { tell(text(lang, "collector.rule-none")) }
}

fn take_back(intake: &mut Intake, id: &str, to: &To, lang: Lang) -> anyhow::Result<()> {
    let mut taken = 0;
    for site in sites::chosen(intake, &to.site, lang)? {
        let has = |decision: &sekisho_api::sync::Decision| decision.subject == id && decision.value.is_some();
        if intake.decided(&site, RULE)?.iter().any(has) {
            intake.decide(&site, (RULE, id, RULE_TEXT), None, &to.by, Timestamp::now())?;
            taken += 1;
        }
    }
    if taken == 0 {
        bail!("{}", fill(lang, "collector.rule-nowhere", &[("id", &id)]));
    }
    tell(&fill(lang, "collector.rule-taken", &[("id", &id), ("sites", &taken)]))
}
