//! `bundle` and `import`: what a meeting does, by file, where the LAN may not reach out.
//!
//! A bundle begins at what the collector has confirmed. Until an answer comes back, each holds what the
//! one before had, as it is now: one that is lost on the way costs nothing, two in any order do no harm.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use sekisho_api::sync::Answer;
use sekisho_ledger::{BatchBounds, Outbox, random_id};
use sekisho_report::{Lang, fill};
use sekisho_sync::{
    BoxKey, Bundle, Enrolment, MAX_BUNDLE_BYTES, Proven, Side, der, pack, point_of, prove, unhex, unpack,
};

use super::machine;
use super::meeting::{self, tell};
use super::place::{self, Collector, Place};
use super::{captures, handed};
use crate::cli;
use crate::run::config;

/// For whom a bundle is, and by whom.
pub(super) struct Sealing<'p> {
    pub(super) recipient: &'p str,
    pub(super) key: &'p BoxKey,
    pub(super) enrolment: Option<Enrolment>,
}

/// Writes a bundle.
pub(crate) fn bundle(args: &cli::Bundle, lang: Lang) -> anyhow::Result<()> {
    let config = config::load(&args.config)?.config;
    let place = Place::open(&config.ledger)?;
    let collector = place.collector()?;
    let along = captures::look(&args.capture, &args.output, lang)?;
    let mut outbox = Outbox::open(&config.ledger, &config.site)?;
    let sending = random_id()?;
    let (mut messages, mut bytes, mut rows) = (Vec::new(), 0, 0);
    let mut from = outbox.acknowledged()?;
    loop {
        let mut batch = outbox.batch(&sending, from, BatchBounds::default())?;
        batch.machine = machine::marks(Path::new("/"), &place.key.public());
        (from, rows) = (batch.to, rows + batch.entries.len());
        let message = pack(&batch)?;
        bytes += message.len();
        messages.push(message);
        // Half of it: room for what encryption adds, and for one more batch.
        if batch.last || bytes > MAX_BUNDLE_BYTES / 2 {
            break;
        }
    }
    let enrolment = invitation(&place, &collector)?;
    let sealing = Sealing { recipient: &collector.recipient, key: &place.key, enrolment };
    if along.is_empty() {
        let Sealing { recipient, key, enrolment } = sealing;
        place::write(&args.output, &Bundle::write(&messages, recipient, key, enrolment)?)?;
    } else {
        captures::write(&args.output, &messages, along, &sealing, lang)?;
    }
    tell(&fill(lang, "sync.bundled", &[("path", &args.output.display()), ("rows", &rows)]))
}

/// Shows the invitation, where the collector may not know the box yet.
fn invitation(place: &Place, collector: &Collector) -> anyhow::Result<Option<Enrolment>> {
    let Some(invitation) = &collector.invitation else { return Ok(None) };
    let secret = unhex(&invitation.secret).context("the invitation's secret cannot be read")?;
    let (id, recipient) = (invitation.id.clone(), place.sealer.recipient());
    let texts = [id.as_str(), &place.key.public(), &recipient];
    let proof = prove(&secret, Side::Agent, Proven { exporter: &[], certificate: &[], texts: &texts });
    Ok(Some(Enrolment { id, recipient, proof }))
}

/// Takes in what the collector sent back.
pub(crate) fn import(args: &cli::Import, lang: Lang) -> anyhow::Result<()> {
    let config = config::load(&args.config)?.config;
    let place = Place::open(&config.ledger)?;
    let collector = place.collector()?;
    let mut octets = Vec::new();
    let cannot = || format!("cannot read {}", args.file.display());
    let file = fs::File::open(&args.file).with_context(cannot)?;
    file.take(MAX_BUNDLE_BYTES as u64 + 1).read_to_end(&mut octets).with_context(cannot)?;
    let bundle = Bundle::read(&octets)?;
    if bundle.signer() != point_of(&der(&collector.ca)?)? {
        bail!("{}", fill(lang, "sync.not-our-collector", &[("path", &args.file.display())]));
    }
    let mut outbox = Outbox::open(&config.ledger, &config.site)?;
    let mut decisions = 0;
    for message in bundle.open(&place.sealer)? {
        let answer: Answer = unpack(&message)?;
        decisions += outbox.answered(&answer)?.decisions;
    }
    tell(&fill(lang, "sync.answered", &[("decisions", &decisions), ("waiting", &outbox.waiting()?)]))?;
    meeting::tell_handed(handed::lay(&config.ledger, &mut outbox)?, lang)
}
