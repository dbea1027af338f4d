//! `import` and `answer`: what sites that are not online send by file, and what goes back.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;
use sekisho_api::sync::{Batch, Outcome};
use sekisho_ledger::Intake;
use sekisho_report::{Lang, fill, text};
use sekisho_sync::{
    Bundle, BundleError, Carried, Enrolment, MAX_BUNDLE_BYTES, Part, Proven, Side, agree, pack, unhex, unpack,
};

use crate::captures::Captures;
use crate::cli::{Answer, Import};
use crate::config::Config;
use crate::home::{self, Home};
use crate::{sites, tell};

/// Takes in bundles, each as far as it is new.
pub(crate) fn import(args: &Import, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let home = Home::open(&config.state)?;
    let mut importer = Importer { intake: Intake::open(config.database())?, home, config, lang };
    for path in &args.files {
        importer.import(path).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

struct Importer<'c> {
    intake: Intake,
    home: Home,
    config: &'c Config,
    lang: Lang,
}

impl Importer<'_> {
    fn import(&mut self, path: &Path) -> anyhow::Result<()> {
        let mut file = File::open(path).context("cannot read")?;
        match Carried::read(&mut file) {
            Ok(carried) => self.carried(path, &mut file, &carried),
            Err(BundleError::NotABundle) => self.plain(path, &mut file),
            Err(error) => Err(error.into()),
        }
    }

    fn plain(&mut self, path: &Path, file: &mut File) -> anyhow::Result<()> {
        let octets = read(file)?;
        let bundle = Bundle::read(&octets)?;
        let site = self.signer(bundle.signer(), bundle.enrolment())?;
        let messages = bundle.open(&self.home.sealer)?;
        tell(&self.apply(path, &site, &messages)?)
    }

    /// Takes in what goes along with captures. Those are written down while the bundle is read, and kept when
    /// all of it was as it was signed and the rest is in the ledger; broken off anywhere, it is done again.
    fn carried(&mut self, path: &Path, file: &mut File, carried: &Carried) -> anyhow::Result<()> {
        // Before it is asked whose bundle it is: a site is removed under the same lock.
        let captures = Captures::hold(&self.config.state)?;
        let site = self.signer(carried.signer(), carried.enrolment())?;
        let length = file.metadata().context("cannot read")?.len();
        let mut taking = captures.take(&site, carried.signer(), length, self.lang)?;
        let mut messages = Vec::new();
        let now = Timestamp::now();
        carried.open(file, &self.home.sealer, |part| match part {
            Part::Message(message) => {
                messages.push(message);
                Ok(())
            }
            Part::Capture { name, content } => taking.write(name, content, now),
        })?;
        let applied = self.apply(path, &site, &messages)?;
        // Nobody may be there any more to be told; it is done before.
        let kept = taking.keep(self.lang)?;
        tell(&applied)?;
        kept.iter().try_for_each(|line| tell(line))
    }

    /// Takes in messages; gives what is to be told of it.
    fn apply(&mut self, path: &Path, site: &str, messages: &[Vec<u8>]) -> anyhow::Result<String> {
        let (mut rows, mut outcome) = (0, Outcome::Already);
        for message in messages {
            let batch: Batch = unpack(message)?;
            let entries = batch.entries.len();
            outcome = self.intake.apply(site, batch, Timestamp::now())?.outcome;
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
        Ok(fill(self.lang, key, &[("path", &path.display()), ("site", &site), ("rows", &rows)]))
    }

    /// Tells whose bundle it is: of a key that is known, or of one that shows its invitation.
    fn signer(&mut self, key: &str, enrolment: Option<&Enrolment>) -> anyhow::Result<String> {
        match self.intake.credential(key)? {
            Some(known) if known.revoked => bail!("{}", text(self.lang, "collector.bundle-revoked")),
            Some(known) => return Ok(known.site),
            None => {}
        }
        match enrolment.map(|shown| self.enrol(key, shown)).transpose()?.flatten() {
            Some(site) => Ok(site),
            None => bail!("{}", text(self.lang, "collector.bundle-stranger")),
        }
    }

    fn enrol(&mut self, key: &str, shown: &Enrolment) -> anyhow::Result<Option<String>> {
        let Enrolment { id, recipient, proof } = shown;
        let now = Timestamp::now();
        let Ok(invitation) = self.intake.invitation(id, key, now)? else { return Ok(None) };
        let secret = unhex(&invitation.secret).unwrap_or_default();
        let proven = Proven { exporter: &[], certificate: &[], texts: &[id, key, recipient] };
        if !agree(&secret, Side::Agent, proven, proof) {
            return Ok(None);
        }
        let entered = self.intake.enrol(&invitation, key, recipient, now)?;
        Ok(entered.is_ok().then_some(invitation.site))
    }
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
    home::write_output(&args.output, &octets)?;
    tell(&fill(lang, "collector.answered", &[("path", &args.output.display()), ("site", &args.site)]))
}

/// Reads a file up to the bound of a bundle, and one octet more to tell that it is larger.
fn read(file: &mut File) -> anyhow::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.rewind().context("cannot read")?;
    file.take(MAX_BUNDLE_BYTES as u64 + 1).read_to_end(&mut octets).context("cannot read")?;
    Ok(octets)
}
