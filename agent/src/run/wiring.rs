//! What the daemon's threads are made of: the workers' sources and pipelines, the site, the ledger.

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use sekisho_api::Analysis;
use sekisho_ledger::{Ledger, RollUp, keep_good_daily, restore_good};

use super::config::{CaptureConfig, Config};
use super::fleet::Plan;
use super::known::Known;
use super::site::{Entered, Recorder};
use super::vitals::Place;
use super::watch::{Listener, Ring, Watch};
use crate::capture::live::{self, Fanout, LiveOptions, RingSize};
use crate::pipeline::{Settings, Share};
use crate::poll::board::{Board, Said};

/// The workers that a configuration asks for.
pub(crate) fn plans(config: &Config) -> Vec<Plan<Share>> {
    let settings = share_of_memory(config);
    let leaves_exports = !config.exports.is_empty();
    let mut plans = Vec::new();
    for capture in &config.captures {
        let fanout = (capture.threads > 1).then(Fanout::default);
        for number in 1..=capture.threads {
            let options = options(capture, fanout.clone());
            let work = Watch::new(Ring { options, leaves_exports }, &settings, &config.live, config.lang);
            plans.push(Plan {
                name: thread_name(&capture.interface, number, capture.threads),
                place: Place::Interface(capture.interface.clone()),
                work: Box::new(work),
            });
        }
    }
    for (number, address) in config.exports.iter().enumerate() {
        let tap = Listener { address: *address, number };
        plans.push(Plan {
            name: format!("exports-{}", address.port()),
            place: Place::Exports,
            work: Box::new(Watch::new(tap, &settings, &config.live, config.lang)),
        });
    }
    plans
}

/// The site that workers report to.
pub(crate) fn site(config: &Config, board: &Arc<Board>) -> anyhow::Result<Known> {
    Known::new(&config.live, share_of_memory(config).bounds, Arc::clone(board))
}

/// The ledger, open for as long as the daemon runs.
pub(crate) fn recorder(config: &Config) -> anyhow::Result<Box<dyn Recorder>> {
    let mut id = [0_u8; 16];
    let random = SystemRandom::new().fill(&mut id);
    random.ok().context("the system gives no random numbers")?;
    let run = format!("{:032x}", u128::from_be_bytes(id));
    if restore_good(&config.ledger)? {
        tracing::warn!("the ledger was damaged: its last good copy was put back");
    }
    let ledger = Ledger::open(&config.ledger)?;
    Ok(Box::new(LedgerRecorder { ledger, site: config.site.clone(), sensor: config.sensor.clone(), run }))
}

/// Keeps a copy of the ledger's file every day, from which `recorder` puts back one that is damaged.
pub(crate) fn keep_good(config: &Config) -> anyhow::Result<()> {
    keep_good_daily(config.ledger.clone(), |error| {
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "cannot keep a copy of the ledger; the one before stays");
    })?;
    Ok(())
}

/// What each worker, and the site, may take of the memory that the configuration allows.
fn share_of_memory(config: &Config) -> Settings {
    let rings: u64 = config.captures.iter().map(|capture| capture.ring * capture.threads as u64).sum();
    let workers = config.captures.iter().map(|capture| capture.threads as u64).sum::<u64>();
    let sharers = workers + config.exports.len() as u64 + 1;
    Settings::sharing(config.max_memory.saturating_sub(rings), sharers)
}

fn options(capture: &CaptureConfig, fanout: Option<Fanout>) -> LiveOptions {
    let block_bytes = RingSize::default().block_bytes;
    let blocks = capture.ring / u64::from(block_bytes);
    LiveOptions {
        filter: capture.filter.clone(),
        snaplen: capture.snaplen,
        promiscuous: capture.promiscuous,
        ring: RingSize {
            block_bytes,
            blocks: u32::try_from(blocks).unwrap_or(u32::MAX).max(RingSize::MIN_BLOCKS),
        },
        fanout,
        ..LiveOptions::new(&capture.interface)
    }
}

fn thread_name(interface: &str, number: usize, threads: usize) -> String {
    if threads == 1 { format!("capture-{interface}") } else { format!("capture-{interface}-{number}") }
}

/// The ledger, under the sensor's name and this start's id.
#[derive(Debug)]
struct LedgerRecorder {
    ledger: Ledger,
    site: String,
    sensor: String,
    run: String,
}

impl Recorder for LedgerRecorder {
    fn record(&mut self, sequence: u64, analysis: &Analysis, now: Timestamp) -> anyhow::Result<Entered> {
        let clock_held = live::is_synchronised() == Some(true);
        let roll_up = RollUp { sensor: self.sensor.clone(), run: self.run.clone(), sequence, clock_held };
        let recorded = self.ledger.record_live(&self.site, &roll_up, analysis, now)?;
        Ok(Entered { new: recorded.new, updated: recorded.updated })
    }

    fn is_recorded(&mut self, sequence: u64) -> anyhow::Result<bool> {
        let last = self.ledger.last_roll_up(&self.site, &self.sensor)?;
        Ok(last.is_some_and(|last| last.run == self.run && last.sequence == sequence))
    }

    fn keep(&mut self, said: &Said) -> anyhow::Result<bool> {
        let Said { key, snapshot, .. } = said;
        Ok(self.ledger.keep_snapshot(&self.site, key, snapshot, snapshot.at)?)
    }
}
