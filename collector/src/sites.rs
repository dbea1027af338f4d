//! `site add`, `list`, `revoke`, `remove`: also while the collector runs, which asks the ledger for every
//! request.

use std::path::Path;

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use sekisho_api::enrol::OfflineInvitation;
use sekisho_ledger::{Intake, Invitation, Member, renew_copies};
use sekisho_report::{Lang, fill, text};
use sekisho_sync::{Code, secret_of};

use crate::captures::Captures;
use crate::cli::SiteCommand;
use crate::config::Config;
use crate::home::{self, Home};
use crate::{MAX_NAME_CHARS, tell};

/// How long a code that is read out is good.
const SPOKEN: SignedDuration = SignedDuration::from_hours(24);
/// How long an invitation that is carried on a stick is good.
const CARRIED: SignedDuration = SignedDuration::from_hours(24 * 90);

pub(crate) fn run(command: &SiteCommand, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let mut intake = Intake::open(config.database())?;
    let now = Timestamp::now();
    match command {
        SiteCommand::Add { name, output, .. } => add(&mut intake, config, name, output.as_deref(), lang),
        SiteCommand::List => {
            for Member { site, enrolled, revoked, .. } in intake.members()? {
                let state = match (enrolled, revoked) {
                    (true, _) => "collector.enrolled",
                    (false, true) => "collector.revoked",
                    (false, false) => "collector.invited",
                };
                tell(&format!("{}\t{}", sekisho_report::clean(&site, MAX_NAME_CHARS), text(lang, state)))?;
            }
            Ok(())
        }
        SiteCommand::Revoke { name } => {
            known(&mut intake, name, lang)?;
            let keys = intake.revoke(name, now)?;
            tell(&fill(lang, "collector.was-revoked", &[("site", name), ("keys", &keys)]))
        }
        SiteCommand::Remove { name, yes } => {
            known(&mut intake, name, lang)?;
            if !yes {
                bail!("{}", fill(lang, "collector.say-yes", &[("site", name)]));
            }
            // First, and held until the end: what holds patients' data must not outlive the site's name.
            let captures = Captures::hold(&config.state)?;
            captures.forget(name)?;
            intake.forget(name, now)?;
            renew_copies(&config.database())?;
            tell(&fill(lang, "collector.was-removed", &[("site", name)]))
        }
    }
}

fn add(
    intake: &mut Intake,
    config: &Config,
    site: &str,
    output: Option<&Path>,
    lang: Lang,
) -> anyhow::Result<()> {
    let home = Home::open(&config.state)?;
    let now = Timestamp::now();
    let code = Code::fresh()?;
    let secret = secret_of(&code)?;
    intake.add(site, now)?;
    let good_for = if output.is_some() { CARRIED } else { SPOKEN };
    let id = code.name().to_owned();
    let invitation = Invitation {
        id: id.clone(),
        site: site.to_owned(),
        secret: secret.clone(),
        expires_at: now + good_for,
    };
    intake.invite(&invitation)?;
    let Some(output) = output else {
        return tell(&fill(lang, "collector.code", &[("code", &code)]));
    };
    let recipient = home.sealer.recipient();
    let file = OfflineInvitation { site: site.to_owned(), id, secret, ca: home.ca, recipient };
    home::write_output(output, &serde_json::to_vec_pretty(&file)?)?;
    tell(&fill(lang, "collector.invitation", &[("path", &output.display())]))
}

/// The sites that are named, or else all there are.
pub(crate) fn chosen(intake: &mut Intake, named: &[String], lang: Lang) -> anyhow::Result<Vec<String>> {
    for site in named {
        known(intake, site, lang)?;
    }
    if named.is_empty() {
        return Ok(intake.members()?.into_iter().map(|member| member.site).collect());
    }
    Ok(named.to_vec())
}

/// A mistyped name is no site.
pub(crate) fn known(intake: &mut Intake, site: &str, lang: Lang) -> anyhow::Result<()> {
    let members = intake.members()?;
    if members.iter().any(|member| member.site == site) {
        return Ok(());
    }
    let names: Vec<String> = members.into_iter().map(|member| member.site).collect();
    bail!("{}", fill(lang, "error.no-such-site", &[("site", &site), ("sites", &names.join(", "))]))
}
