//! What the daemon's threads are made of: the workers' sources and pipelines, the site, the ledger.

use std::convert::Infallible;

use anyhow::{Context, bail};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use sekisho_api::Analysis;
use sekisho_ledger::{Input, Ledger, Source};
use sekisho_rules::Rules;

use super::config::{Config, Live};
use super::fleet::Plan;
use super::site::{Entered, Recorder, Site};

/// The workers that a configuration asks for.
pub(crate) fn plans(config: &Config) -> anyhow::Result<Vec<Plan<Infallible>>> {
    if config.captures.is_empty() && config.exports.is_empty() {
        return Ok(Vec::new());
    }
    bail!("this program is built without live sources; remove [[capture]] and [[exports]]")
}

/// The site that workers report to.
pub(crate) fn site(config: &Config) -> anyhow::Result<Unwatched> {
    Ok(Unwatched { rules: rules(&config.live)? })
}

/// The ledger, open for as long as the daemon runs.
pub(crate) fn recorder(config: &Config) -> anyhow::Result<Box<dyn Recorder>> {
    let mut id = [0_u8; 16];
    let random = SystemRandom::new().fill(&mut id);
    random.ok().context("the system gives no random numbers")?;
    let run = format!("{:032x}", u128::from_be_bytes(id));
    let ledger = Ledger::open(&config.ledger)?;
    Ok(Box::new(LedgerRecorder { ledger, site: config.site.clone(), sensor: config.sensor.clone(), run }))
}

fn rules(live: &Live) -> anyhow::Result<Rules> {
    Ok(match &live.rules {
        Some(folder) => Rules::load(folder)?,
        None => Rules::embedded()?,
    })
}

/// A site without workers: there is nothing to absorb, and nothing is concluded.
#[derive(Debug)]
pub(crate) struct Unwatched {
    rules: Rules,
}

impl Site for Unwatched {
    type Share = Infallible;

    fn absorb(&mut self, share: Infallible) {
        match share {}
    }

    fn conclude(&mut self) -> Analysis {
        Analysis::default()
    }

    fn told(&mut self) {}

    fn adopt(&mut self, live: &Live) -> anyhow::Result<()> {
        self.rules = rules(live)?;
        Ok(())
    }
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
        let name = self.sensor.clone();
        let source = Source { inputs: vec![Input { name, hash: format!("{}-{sequence}", self.run) }] };
        let recorded = self.ledger.record(&self.site, analysis, &source, now)?;
        Ok(Entered { new: recorded.new as u64, updated: recorded.updated as u64 })
    }
}
