//! `settings set`, `list`, `history`, `drop`: settings of boxes that their sites receive with their next answer.
//!
//! They are decisions as people's are, one for each site: they go by bundle as well, who is away gets them on
//! coming back, and the earlier ones stay in the history. What a box's own file states stays as it states it.

use std::fmt::Display;

use anyhow::bail;
use jiff::Timestamp;
use sekisho_api::sync::{Decision, SETTING, SETTING_VALUE};
use sekisho_ledger::Intake;
use sekisho_report::{Lang, clean, fill, text};
use sekisho_sync::setting::{self, Unsound};

use crate::cli::{SettingsCommand, To};
use crate::config::Config;
use crate::{MAX_NAME_CHARS, sites, tell};

pub(crate) fn run(command: &SettingsCommand, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let mut intake = Intake::open(config.database())?;
    match command {
        SettingsCommand::Set { key, values, to } => set(&mut intake, key, values, to, lang),
        SettingsCommand::List { site } => list(&mut intake, site, lang),
        SettingsCommand::History { key, site } => history(&mut intake, key.as_deref(), site, lang),
        SettingsCommand::Drop { key, to } => take_back(&mut intake, key, to, lang),
    }
}

fn set(intake: &mut Intake, key: &str, values: &[String], to: &To, lang: Lang) -> anyhow::Result<()> {
    // As the box will read it: what it would refuse is not sent.
    if let Err(Unsound { name, values }) = setting::read(key, values) {
        let values: Vec<(&str, &dyn Display)> =
            values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        bail!("{key}: {}", fill(lang, &format!("config.{name}"), &values));
    }
    let value = serde_json::to_string(values)?;
    let sites = sites::chosen(intake, &to.site, lang)?;
    for site in &sites {
        intake.decide(site, (SETTING, key, SETTING_VALUE), Some(&value), &to.by, Timestamp::now())?;
    }
    tell(&fill(lang, "collector.setting-handed", &[("key", &key), ("sites", &sites.len())]))
}

fn list(intake: &mut Intake, named: &[String], lang: Lang) -> anyhow::Result<()> {
    let mut told = false;
    for site in sites::chosen(intake, named, lang)? {
        for decision in intake.decided(&site, SETTING)?.iter().filter(|decision| is_set(decision)) {
            tell(&row(&site, decision, lang))?;
            told = true;
        }
    }
    if told { Ok(()) } else { tell(text(lang, "collector.setting-none")) }
}

fn history(intake: &mut Intake, key: Option<&str>, named: &[String], lang: Lang) -> anyhow::Result<()> {
    let zone = sekisho_report::zone();
    for site in sites::chosen(intake, named, lang)? {
        for (at, decision) in intake.decided_so_far(&site, SETTING)? {
            if key.is_none_or(|key| key == decision.subject) && decision.field == SETTING_VALUE {
                tell(&format!("{}\t{}", sekisho_report::minute(at, &zone), row(&site, &decision, lang)))?;
            }
        }
    }
    Ok(())
}

/// Site, key, values, who.
fn row(site: &str, decision: &Decision, lang: Lang) -> String {
    let shown = |text: &str| clean(text, MAX_NAME_CHARS).into_owned();
    let Decision { subject, value, author, .. } = decision;
    let values = value.as_deref().map(|value| serde_json::from_str::<Vec<String>>(value).unwrap_or_default());
    let values = match values {
        Some(values) => values.iter().map(|value| shown(value)).collect::<Vec<_>>().join(" "),
        None => text(lang, "collector.setting-dropped").to_owned(),
    };
    format!("{}\t{}\t{values}\t{}", shown(site), shown(subject), shown(author))
}

fn take_back(intake: &mut Intake, key: &str, to: &To, lang: Lang) -> anyhow::Result<()> {
    let mut taken = 0;
    for site in sites::chosen(intake, &to.site, lang)? {
        let has = |decision: &Decision| decision.subject == key && is_set(decision);
        if intake.decided(&site, SETTING)?.iter().any(has) {
            intake.decide(&site, (SETTING, key, SETTING_VALUE), None, &to.by, Timestamp::now())?;
            taken += 1;
        }
    }
    if taken == 0 {
        bail!("{}", fill(lang, "collector.setting-nowhere", &[("key", &key)]));
    }
    tell(&fill(lang, "collector.setting-taken", &[("key", &key), ("sites", &taken)]))
}

fn is_set(decision: &Decision) -> bool {
    decision.field == SETTING_VALUE && decision.value.is_some()
}
