//! The daemon's thread that meets the collector: every few minutes, within its hours, and after a failure
//! later each time, by chance so that a thousand boxes do not come back at once.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::civil::Time;
use jiff::{Timestamp, Zoned};
use ring::rand::{SecureRandom, SystemRandom};
use sekisho_report::clean;

use super::SyncConfig;
use super::meeting::{self, Met, runtime};
use super::place::{self, NotEnrolled};
use crate::capture::live::{self, Keep};
use crate::output;

/// The longest wait after failures.
const LONGEST: Duration = Duration::from_hours(1);
/// What is logged and shown of why a meeting failed.
const MAX_ERROR_CHARS: usize = 500;
/// How often it is looked whether a meeting is due and its hours have come. A box that belongs to no collector looks
/// whether it does by now when a meeting would be due.
const LOOK: Duration = Duration::from_secs(30);

/// How the box gets on with its collector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meetings {
    /// When the collector last answered.
    pub(crate) last: Option<Timestamp>,
    /// What that meeting came to.
    pub(crate) met: Met,
    /// Whether the box belongs to a collector.
    pub(crate) enrolled: bool,
    /// Why the last meeting failed.
    pub(crate) error: Option<String>,
}

/// Starts the thread; it lives as long as the process, and goes by the settings as they are.
pub(crate) fn start(
    ledger: PathBuf,
    site: String,
    settings: Arc<Mutex<SyncConfig>>,
) -> anyhow::Result<Arc<Mutex<Meetings>>> {
    // Known before the first meeting, which may be hours away.
    let enrolled = place::is_enrolled(&ledger);
    let meetings = Arc::new(Mutex::new(Meetings { enrolled, ..Meetings::default() }));
    let told = Arc::clone(&meetings);
    let run = move || {
        // It talks to a machine outside: no right is of use to it.
        if let Err(error) = live::drop_privileges(Keep::Nothing) {
            tracing::error!(error = format!("{error:#}"), "cannot sync");
            return;
        }
        let current = || settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut failures = 0_u32;
        let mut last: Option<(Instant, f64)> = None;
        loop {
            let SyncConfig { every, hours, .. } = current();
            let is_due = last.is_none_or(|(last, chance)| last.elapsed() >= wait(every, failures, chance));
            if !is_due || !is_open(hours, &now()) {
                thread::sleep(LOOK.min(every));
                continue;
            }
            let met = runtime()
                .and_then(|runtime| runtime.block_on(meeting::meet(&ledger, &site, || Some(current()))));
            let mut meetings = told.lock().unwrap_or_else(PoisonError::into_inner);
            match met {
                Ok(met) => {
                    failures = 0;
                    tracing::info!(
                        rows = met.rows,
                        bytes = met.bytes,
                        decisions = met.decisions,
                        "met the collector"
                    );
                    *meetings = Meetings { last: Some(Timestamp::now()), met, enrolled: true, error: None };
                }
                Err(error) if error.is::<NotEnrolled>() => meetings.enrolled = false,
                Err(error) => {
                    failures = failures.saturating_add(1);
                    // A parser quotes what it was given, be it megabytes.
                    let chain = clean(&format!("{error:#}"), MAX_ERROR_CHARS).into_owned();
                    tracing::warn!(
                        error = chain,
                        "cannot meet the collector, what changed waits in the ledger"
                    );
                    meetings.enrolled = true;
                    meetings.error = Some(chain);
                }
            }
            drop(meetings);
            last = Some((Instant::now(), chance()));
        }
    };
    thread::Builder::new()
        .name("sync".to_owned())
        .spawn(run)
        .context("cannot start the thread that syncs")?;
    Ok(meetings)
}

fn now() -> Zoned {
    Timestamp::now().to_zoned(output::zone())
}

/// Says whether the collector may be met now; hours may run over midnight.
fn is_open(hours: Option<(Time, Time)>, now: &Zoned) -> bool {
    let Some((from, to)) = hours else { return true };
    let now = now.time();
    if from <= to { from <= now && now < to } else { now >= from || now < to }
}

/// How long to wait: twice as long after each failure, and up to a quarter more or less by chance.
fn wait(every: Duration, failures: u32, chance: f64) -> Duration {
    let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
    let wait = every.saturating_mul(factor).min(LONGEST.max(every));
    wait.mul_f64(0.75 + chance / 2.0)
}

/// A number from 0 to 1, the middle where the system gives none.
fn chance() -> f64 {
    let mut octets = [0_u8; 4];
    match SystemRandom::new().fill(&mut octets) {
        Ok(()) => f64::from(u32::from_be_bytes(octets)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_run_over_midnight() {
        let at = |hour| Time::constant(hour, 0, 0, 0);
        // (from, to, now, open)
        let cases = [
            (22, 6, 23, true),
            (22, 6, 5, true),
            (22, 6, 6, false),
            (22, 6, 12, false),
            (9, 17, 9, true),
            (9, 17, 17, false),
        ];
        for (from, to, hour, open) in cases {
            let now = jiff::civil::date(2026, 3, 2).at(hour, 0, 0, 0).in_tz("UTC").unwrap();
            assert_eq!(is_open(Some((at(from), at(to))), &now), open, "{from}-{to} at {hour}");
        }
    }

    #[test]
    fn waits_grow_with_failures_and_differ_between_boxes() {
        let five = Duration::from_mins(5);
        assert_eq!(wait(five, 0, 0.5), five);
        assert_eq!(wait(five, 2, 0.5), five * 4);
        assert_eq!(wait(five, 30, 1.0), LONGEST.mul_f64(1.25));
        assert!(wait(five, 0, 0.0) < wait(five, 0, 1.0));
    }
}
