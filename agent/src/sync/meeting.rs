//! One meeting with the collector: everything that changed goes up batch by batch, what people decided
//! there comes down with the answers. Broken off anywhere, the next one goes on from there.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sekisho_api::enrol::{RenewRequest, Renewed};
use sekisho_api::sync::Answer;
use sekisho_ledger::{BatchBounds, Outbox, random_id};
use sekisho_report::{Lang, clean, fill, text};
use sekisho_sync::{Address, Connection, Reply, client, pack, unpack};
use tokio::runtime::{Builder, Runtime};

use super::SyncConfig;
use super::handed::{self, Changed};
use super::machine;
use super::place::Place;
use super::trouble::{refusal, worded};
use crate::cli;
use crate::run::config;

/// How long before its end a certificate is renewed.
const RENEW_BEFORE: Duration = Duration::from_hours(24 * 200);
/// New lives in one meeting: one, where a copy was put back; more come from two boxes with one key, where neither
/// has any hardware of its own to be told by.
const MAX_LIVES: usize = 2;
/// Batches of one meeting, of some thousand rows each: what is left goes with the next.
const MAX_BATCHES: usize = 10_000;

/// What is told at once: a name and the longest path that systems take, with words around them.
const MAX_LINE_CHARS: usize = 5_000;

/// What a meeting came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Met {
    /// Rows sent.
    pub(crate) rows: usize,
    /// Octets sent.
    pub(crate) bytes: usize,
    /// Decisions received.
    pub(crate) decisions: usize,
    /// What of what the collector hands down is others now.
    pub(crate) changed: Changed,
}

/// `sync --once`.
pub(crate) fn once(args: &cli::SyncArgs, lang: Lang) -> anyhow::Result<()> {
    let config = config::load(&args.config)?.config;
    let met = runtime()?.block_on(meet(&config.ledger, &config.site, || config.sync.clone()));
    let Met { rows, bytes, decisions, changed } = met.map_err(|error| worded(error, lang))?;
    tell(&fill(lang, "sync.met", &[("rows", &rows), ("bytes", &bytes), ("decisions", &decisions)]))?;
    tell_handed(changed, lang)
}

/// Tells what of what the collector hands down is others now.
pub(super) fn tell_handed(changed: Changed, lang: Lang) -> anyhow::Result<()> {
    if changed.rules {
        tell(text(lang, "sync.rules"))?;
    }
    if changed.settings { tell(text(lang, "sync.settings")) } else { Ok(()) }
}

/// Meets the collector once; `settings` gives them as they are, also while the meeting goes on.
pub(crate) async fn meet(
    ledger: &Path,
    site: &str,
    settings: impl Fn() -> Option<SyncConfig>,
) -> anyhow::Result<Met> {
    let begun = settings().unwrap_or_default();
    let place = Place::open(ledger)?;
    let collector = place.collector()?;
    let url = begun.url.or_else(|| collector.url.clone());
    let address: Address =
        url.context("this box was enrolled by file and has no address of a collector")?.parse()?;
    let proxy = begun.proxy.as_deref().map(str::parse::<Address>).transpose()?;
    let certificate = collector.certificate.clone().context("this box has no certificate: enrol it anew")?;
    let tls = client(&collector.ca, &certificate, &place.key)?;
    let mut connection = Connection::open(&address, proxy.as_ref(), Arc::new(tls)).await?;
    if sekisho_sync::ends_within(&certificate, RENEW_BEFORE)? {
        renew(&mut connection, &place).await?;
    }
    let mut outbox = Outbox::open(ledger, site)?;
    let sending = random_id()?;
    let machine = machine::marks(Path::new("/"), &place.key.public());
    let (mut met, mut lives) = (Met::default(), 0);
    for _ in 0..MAX_BATCHES {
        let begin = Instant::now();
        let from = outbox.acknowledged()?;
        let mut batch = outbox.batch(&sending, from, BatchBounds::default())?;
        batch.machine.clone_from(&machine);
        let (last, rows) = (batch.last, batch.entries.len());
        let body = pack(&batch)?;
        let bytes = body.len();
        let answer = said(&connection.post("/v1/sync", body).await?)?;
        let progress = outbox.answered(&answer)?;
        met.rows += rows;
        met.bytes += bytes;
        met.decisions += progress.decisions;
        if progress.decisions > 0 {
            // At once: a narrow bandwidth would have its own correction wait until all is sent.
            met.changed.add(handed::lay(ledger, &mut outbox)?);
        }
        lives += usize::from(progress.renewed);
        if lives > MAX_LIVES {
            bail!("the collector meets another box with the same key in turn: enrol each box by itself");
        }
        let caught_up = last && progress.acknowledged >= batch.to && !progress.renewed;
        if caught_up && !progress.more {
            break;
        }
        pace(settings().and_then(|settings| settings.bytes_per_s), bytes, begin.elapsed()).await;
    }
    // Also what an earlier meeting could not write down.
    met.changed.add(handed::lay(ledger, &mut outbox)?);
    Ok(met)
}

/// Waits as long as a batch should have taken on a line of so many octets a second.
async fn pace(bytes_per_s: Option<u64>, bytes: usize, took: Duration) {
    let Some(bytes_per_s) = bytes_per_s else { return };
    let should = Duration::from_millis((bytes as u64).saturating_mul(1000) / bytes_per_s.max(1));
    tokio::time::sleep(should.saturating_sub(took)).await;
}

async fn renew(connection: &mut Connection, place: &Place) -> anyhow::Result<()> {
    let asked = RenewRequest { request: place.key.request()? };
    let reply = connection.post("/v1/renew", pack(&asked)?).await?;
    if reply.status != 200 {
        bail!(refusal(&reply));
    }
    let renewed: Renewed = unpack(&reply.body)?;
    if sekisho_sync::point_of(&sekisho_sync::der(&renewed.certificate)?)? != place.key.public() {
        bail!("the collector sent a certificate for another key");
    }
    place.renewed(renewed.certificate)
}

fn said(reply: &Reply) -> anyhow::Result<Answer> {
    if reply.status != 200 {
        bail!(refusal(reply));
    }
    Ok(unpack(&reply.body)?)
}

pub(super) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}

/// Tells a person one thing.
pub(super) fn tell(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", clean(line, MAX_LINE_CHARS))?;
    Ok(out.flush()?)
}
