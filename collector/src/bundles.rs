//! `import` and `answer`: what sites that are not online send by file, and what goes back.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;
use sekisho_api::sync::{Batch, Outcome};
use sekisho_ledger::Intake;
use sekisho_report::{Lang, fill};
use sekisho_sync::{Bundle, Enrolment, MAX_BUNDLE_BYTES, Proven, Side, agree, pack, unhex, unpack};

use crate::cli::{Answer, Import};
use crate::config::Config;
use crate::home::{self, Home};
use crate::{sites, tell};

/// Takes in bundles, each as far as it is new.
pub(crate) fn import(args: &Import, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let home = Home::open(&config.state)?;
    let mut intake = Intake::open(config.database())?;
    for path in &args.files {
        let octets = read(path)?;
        let bundle = Bundle::read(&octets).with_context(|| path.display().to_string())?;
        let site = signer(&bundle, &mut intake, lang).with_context(|| path.display().to_string())?;
        let (mut rows, mut outcome) = (0, Outcome::Already);
        for message in bundle.open(&home.sealer).with_context(|| path.display().to_string())? {
            let batch: Batch = unpack(&message)?;
            let entries = batch.entries.len();
            outcome = intake.apply(&site, batch, Timestamp::now())?.outcome;
            if outcome == Outcome::Applied {
                rows += entries;
            }
        }
        let key = match outcome {
            Outcome::Applied => "collector.imported",
            Outcome::Already => "collector.imported-before",
            Outcome::Behind => "collector.bundle-missing",
            Outcome::Unknown => "collector.bundle-unknown",
        };
        tell(&fill(lang, key, &[("path", &path.display()), ("site", &site), ("rows", &rows)]))?;
    }
    Ok(())
}

/// Tells whose bundle it is: of a key that is known, or of one that shows its invitation.
fn signer(bundle: &Bundle<'_>, intake: &mut Intake, lang: Lang) -> anyhow::Result<String> {
    let key = bundle.signer();
    match intake.credential(key)? {
        Some(known) if known.revoked => bail!("{}", fill(lang, "collector.bundle-revoked", &[])),
        Some(known) => return Ok(known.site),
        None => {}
    }
    let Some(Enrolment { id, recipient, proof }) = bundle.enrolment() else {
        bail!("{}", fill(lang, "collector.bundle-stranger", &[]));
    };
    let now = Timestamp::now();
    let Ok(invitation) = intake.invitation(id, key, now)? else {
        bail!("{}", fill(lang, "collector.bundle-stranger", &[]));
    };
    let secret = unhex(&invitation.secret).unwrap_or_default();
    let proven = Proven { exporter: &[], certificate: &[], texts: &[id, key, recipient] };
    if !agree(&secret, Side::Agent, proven, proof) {
        bail!("{}", fill(lang, "collector.bundle-stranger", &[]));
    }
    if intake.enrol(&invitation, key, recipient, now)?.is_err() {
        bail!("{}", fill(lang, "collector.bundle-stranger", &[]));
    }
    Ok(invitation.site)
}

/// Writes what goes back to a site.
pub(crate) fn answer(args: &Answer, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let home = Home::open(&config.state)?;
    let mut intake = Intake::open(config.database())?;
    sites::known(&mut intake, &args.site, lang)?;
    let Some(credential) = intake.credential_of(&args.site)? else {
        bail!("{}", fill(lang, "collector.nobody-to-answer", &[("site", &args.site)]));
    };
    let answer = pack(&intake.answer(&args.site)?)?;
    let octets = Bundle::write(&[answer], &credential.recipient, home.signer(), None)?;
    home::write_private(&args.output, &octets)?;
    tell(&fill(lang, "collector.answered", &[("path", &args.output.display()), ("site", &args.site)]))
}

/// Reads a file up to the bound of a bundle, and one octet more to tell that it is larger.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let mut octets = Vec::new();
    let file = fs::File::open(path).with_context(cannot)?;
    file.take(MAX_BUNDLE_BYTES as u64 + 1).read_to_end(&mut octets).with_context(cannot)?;
    Ok(octets)
}
