//! What was read, counted; and given as the capture's part of a report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sekisho_api::Capture;
use sekisho_decode::DecodeError;
use sekisho_track::Counts;

/// What was read, counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) span: Option<(i64, i64)>,
    pub(super) drops: u64,
    pub(super) warnings: Vec<String>,
    pub(super) weird: BTreeMap<&'static str, u64>,
    pub(super) damaged: BTreeMap<(&'static str, &'static str), u64>,
}

/// Counts that only grow, as they stood when they were last reported.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) table: Counts,
    pub(super) given_up: u64,
    pub(super) exporters_evicted: u64,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

impl Tally {
    /// Counts frames that were read, from the first to the last.
    #[inline]
    pub(super) fn read(&mut self, frames: u64, bytes: u64, first_ns: i64, last_ns: i64) {
        self.packets += frames;
        self.bytes += bytes;
        let (first, last) = self.span.unwrap_or((first_ns, last_ns));
        self.span = Some((first.min(first_ns), last.max(last_ns)));
    }

    /// Notes a frame that could not be decoded.
    #[cold]
    pub(super) fn damaged(&mut self, error: DecodeError) {
        let (layer, how) = match error {
            DecodeError::Truncated { layer, .. } => (layer, "truncated"),
            DecodeError::Malformed { layer, .. } => (layer, "malformed"),
            _ => return,
        };
        *self.damaged.entry((layer.slug(), how)).or_default() += 1;
        tracing::trace!(%error, "frame not decoded");
    }

    /// Gives what was read since the counts stood at `then`; they stand at `now`.
    pub(super) fn report(self, then: &Told, now: &Told) -> Capture {
        let mut weird: BTreeMap<String, u64> =
            self.weird.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let damaged = self.damaged.iter();
        weird.extend(damaged.map(|((layer, how), count)| (format!("{layer}-{how}"), *count)));
        for (name, count) in [
            ("conns-evicted", now.table.evicted - then.table.evicted),
            ("orphan-fragments", now.table.orphan_fragments - then.table.orphan_fragments),
            ("recognition-given-up", now.given_up - then.given_up),
            ("exporters-evicted", now.exporters_evicted - then.exporters_evicted),
        ] {
            if count > 0 {
                weird.insert(name.to_owned(), count);
            }
        }
        let at = |time_ns: i64| Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or_default();
        Capture {
            packets: self.packets,
            bytes: self.bytes,
            first_seen: self.span.map(|(first, _)| at(first)),
            last_seen: self.span.map(|(_, last)| at(last)),
            duplicates: now.table.duplicates - then.table.duplicates,
            drops: self.drops,
            weird,
            assumed: Vec::new(),
            warnings: self.warnings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_since_the_last_report_is_told_by_its_name_and_nothing_else() {
        let then = Told { exporters_evicted: 4, given_up: 1, ..Told::default() };
        let now = Told { exporters_evicted: 7, ..then };
        let weird = Tally::default().report(&then, &now).weird;
        assert_eq!(weird, BTreeMap::from([("exporters-evicted".to_owned(), 3)]));
        assert!(Tally::default().report(&now, &now).weird.is_empty());
    }
}
