//! `settings set`, `list`, `drop`: settings of boxes that their sites receive with their next answer.
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
            let values: Vec<String> = decision
                .value
                .as_deref()
                .and_then(|value| serde_json::from_str(value).ok())
                .unwrap_or_default();
            let shown = |text: &str| clean(text, MAX_NAME_CHARS).into_owned();
            let values: Vec<String> = values.iter().map(|value| shown(value)).collect();
            let (site, key, author) = (shown(&site), shown(&decision.subject), shown(&decision.author));
            tell(&format!("{site}\t{key}\t{}\t{author}", values.join(" ")))?;
            told = true;
        }
    }
    if told { Ok(()) } else { tell(text(lang, "collector.setting-none")) }
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
