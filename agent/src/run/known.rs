//! The site as the daemon knows it: what all workers gathered, judged by the rules.

use std::sync::Arc;

use jiff::Timestamp;
use sekisho_api::{Analysis, Capture};
use sekisho_enrich::{Bounds, Enrich, Prefix};
use sekisho_rules::Rules;

use super::config::Live;
use super::site::Site;
use crate::pipeline::Share;
use crate::poll::board::{Board, Said};

/// Oddities and warnings told in one roll-up: what was not recorded is added up, in weeks as well.
const MAX_WARNINGS: usize = 1000;

/// Everything known, and what was read since the last roll-up.
pub(super) struct Known {
    enrich: Enrich,
    rules: Rules,
    capture: Capture,
    board: Arc<Board>,
    /// What a person says of the site, and the bounds, for starting anew.
    internal: Vec<Prefix>,
    bounds: Bounds,
}

impl Known {
    /// Starts with nothing known.
    pub(super) fn new(live: &Live, bounds: Bounds, board: Arc<Board>) -> anyhow::Result<Self> {
        let enrich = Enrich::new(live.internal.clone(), bounds);
        let (rules, internal) = (live.rules.rules()?, live.internal.clone());
        Ok(Self { enrich, rules, capture: Capture::default(), board, internal, bounds })
    }
}

impl Site for Known {
    type Share = Share;

    fn absorb(&mut self, share: Share) {
        self.enrich.absorb(share.gathered);
        add(&mut self.capture, share.capture);
    }

    fn said(&mut self) -> Vec<Said> {
        self.board.said()
    }

    fn conclude(&mut self) -> Analysis {
        let mut analysis = self.enrich.conclude(self.capture.clone(), &self.rules);
        self.board.join(&mut analysis);
        analysis
    }

    fn told(&mut self) {
        let now_ns = i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
        self.enrich.told(now_ns);
        self.capture = Capture::default();
        self.board.recorded();
    }

    fn forget(&mut self) {
        self.enrich = Enrich::new(self.internal.clone(), self.bounds);
        self.capture = Capture::default();
    }

    fn adopt(&mut self, live: &Live) -> anyhow::Result<()> {
        self.rules = live.rules.rules()?;
        self.internal.clone_from(&live.internal);
        self.enrich.declare(live.internal.clone());
        Ok(())
    }
}

/// Adds what another worker read.
fn add(sum: &mut Capture, other: Capture) {
    sum.packets = sum.packets.saturating_add(other.packets);
    sum.bytes = sum.bytes.saturating_add(other.bytes);
    sum.duplicates = sum.duplicates.saturating_add(other.duplicates);
    sum.drops = sum.drops.saturating_add(other.drops);
    sum.first_seen = [sum.first_seen, other.first_seen].into_iter().flatten().min();
    sum.last_seen = sum.last_seen.max(other.last_seen);
    for (name, count) in other.weird {
        let total = sum.weird.entry(name).or_default();
        *total = total.saturating_add(count);
    }
    let room = MAX_WARNINGS.saturating_sub(sum.warnings.len());
    sum.warnings.extend(other.warnings.into_iter().take(room));
}
