//! `[sync]`, checked; what the file leaves open is as the collector says.

use std::slice;
use std::time::Duration;

use sekisho_sync::Address;
use sekisho_sync::setting::{self, Setting, Unsound};
use toml::Spanned;

use super::checker::Checker;
use super::schema::Sync;
use crate::sync::SyncConfig;

const DEFAULT_EVERY: Duration = Duration::from_mins(5);

impl Checker<'_> {
    /// Takes the table.
    pub(super) fn sync(&mut self, written: &Sync) -> SyncConfig {
        let every = self.read(written.every.as_ref(), setting::every);
        let every = match self.handed("sync.every", written.every.as_ref().map(slice::from_ref)) {
            Some(Setting::Every(every)) => Some(every),
            _ => every,
        };
        let bytes_per_s = self.read(written.bandwidth.as_ref(), setting::bandwidth);
        let bytes_per_s = match self.handed("sync.bandwidth", written.bandwidth.as_ref().map(slice::from_ref))
        {
            Some(Setting::Bandwidth(bandwidth)) => Some(bandwidth),
            _ => bytes_per_s,
        };
        let hours = self.read(written.hours.as_ref(), setting::hours);
        let hours = match self.handed("sync.hours", written.hours.as_ref().map(slice::from_ref)) {
            Some(Setting::Hours(from, to)) => Some((from, to)),
            _ => hours,
        };
        SyncConfig {
            every: every.unwrap_or(DEFAULT_EVERY),
            url: self.url(written.url.as_ref()),
            proxy: self.url(written.proxy.as_ref()),
            bytes_per_s,
            hours,
        }
    }

    fn read<T>(
        &mut self,
        written: Option<&Spanned<String>>,
        read: fn(&str) -> Result<T, Unsound>,
    ) -> Option<T> {
        let written = written?;
        let read = read(written.get_ref());
        read.map_err(|Unsound { name, values }| self.wrong(written, (name, values))).ok()
    }

    fn url(&mut self, written: Option<&Spanned<String>>) -> Option<String> {
        let written = written?;
        if written.get_ref().parse::<Address>().is_err() {
            self.wrong(written, ("bad-url", vec![("value", written.get_ref().clone())]));
        }
        Some(written.get_ref().clone())
    }
}
