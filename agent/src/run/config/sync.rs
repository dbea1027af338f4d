//! `[sync]`, checked.

use std::time::Duration;

use jiff::civil::Time;
use sekisho_sync::Address;
use toml::Spanned;

use super::checker::Checker;
use super::schema::Sync;
use super::value;
use crate::sync::SyncConfig;

const DEFAULT_EVERY: Duration = Duration::from_mins(5);
/// More often, the collector of two thousand sites would do nothing but say that there is nothing new.
const MIN_EVERY: Duration = Duration::from_secs(10);
/// Less often, nobody would notice that a box is dead.
const MAX_EVERY: Duration = Duration::from_hours(24);
/// Less is no line: a batch would take longer than anybody waits for an answer.
const MIN_BANDWIDTH: u64 = 1024;

impl Checker<'_> {
    /// Takes the table.
    pub(super) fn sync(&mut self, written: &Sync) -> SyncConfig {
        SyncConfig {
            every: self.every(written.every.as_ref()),
            url: self.url(written.url.as_ref()),
            proxy: self.url(written.proxy.as_ref()),
            bytes_per_s: written.bandwidth.as_ref().and_then(|written| self.bandwidth(written)),
            hours: written.hours.as_ref().and_then(|written| self.hours(written)),
        }
    }

    fn every(&mut self, written: Option<&Spanned<String>>) -> Duration {
        let Some(written) = written else { return DEFAULT_EVERY };
        let Some(every) = value::duration(written.get_ref()) else {
            self.wrong(written, ("bad-duration", vec![("value", written.get_ref().clone())]));
            return DEFAULT_EVERY;
        };
        if !(MIN_EVERY..=MAX_EVERY).contains(&every) {
            let values = vec![("min", "10s".to_owned()), ("max", "24h".to_owned())];
            self.wrong(written, ("out-of-bounds", values));
        }
        every
    }

    fn url(&mut self, written: Option<&Spanned<String>>) -> Option<String> {
        let written = written?;
        if written.get_ref().parse::<Address>().is_err() {
            self.wrong(written, ("bad-url", vec![("value", written.get_ref().clone())]));
        }
        Some(written.get_ref().clone())
    }

    fn bandwidth(&mut self, written: &Spanned<String>) -> Option<u64> {
        let size = value::size(written.get_ref()).filter(|size| *size >= MIN_BANDWIDTH);
        if size.is_none() {
            self.wrong(written, ("bad-bandwidth", vec![("value", written.get_ref().clone())]));
        }
        size
    }

    fn hours(&mut self, written: &Spanned<String>) -> Option<(Time, Time)> {
        let hours = written.get_ref().split_once('-');
        let hours = hours.and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
        // The same hour twice would be never, or always.
        let hours = hours.filter(|(from, to): &(Time, Time)| from != to);
        if hours.is_none() {
            self.wrong(written, ("bad-hours", vec![("value", written.get_ref().clone())]));
        }
        hours
    }
}
