//! What captures and roll-ups say of a connection's behaviour, merged.

use sekisho_api::{Behaviour, Maintenance};
use serde_json::json;

use crate::change::{ChangeKind, Subject};
use crate::error::Fault;
use crate::record::Recorder;

/// Times of work kept with a row, the latest; the history keeps every one.
const MAX_WORKS: usize = 128;

/// Merges what a later capture says: found is what was ever found, lengths are the longest.
pub(crate) fn merge(known: Option<Behaviour>, later: Option<Behaviour>) -> Option<Behaviour> {
    let (Some(known), Some(later)) = (known.clone(), later.clone()) else { return later.or(known) };
    let mut found = known.found;
    found.extend(later.found);
    found.sort_unstable();
    found.dedup();
    let bulk = [known.bulk, later.bulk].into_iter().flatten().max_by_key(|bulk| bulk.bytes_out);
    Some(Behaviour {
        found,
        keep_alive_s: later.keep_alive_s.or(known.keep_alive_s),
        quiet_s: known.quiet_s.max(later.quiet_s),
        longest_s: known.longest_s.max(later.longest_s),
        lasted_s: known.lasted_s.max(later.lasted_s),
        open: later.open,
        bulk,
    })
}

/// Joins times of work by their starts; of one that goes on the later end is so.
pub(crate) fn works(known: Vec<Maintenance>, later: Vec<Maintenance>) -> Vec<Maintenance> {
    let mut all = known;
    for work in later {
        match all.binary_search_by_key(&work.start, |known| known.start) {
            Ok(at) => {
                if let Some(known) = all.get_mut(at).filter(|known| known.end <= work.end) {
                    *known = work;
                }
            }
            Err(at) => all.insert(at, work),
        }
    }
    let over = all.len().saturating_sub(MAX_WORKS);
    all.drain(..over);
    all
}

impl Recorder<'_> {
    /// Tells the times of work that ended since a row was last written, each when it began.
    pub(crate) fn worked(
        &mut self,
        number: i64,
        before: &[Maintenance],
        after: &[Maintenance],
    ) -> Result<(), Fault> {
        for work in ended(before, after) {
            let Maintenance { start, end, bytes_out, bytes_in, quiet_s, open: _ } = work;
            let after = json!({
                "start": start, "end": end, "bytes_out": bytes_out, "bytes_in": bytes_in, "quiet_s": quiet_s,
            });
            self.change(ChangeKind::Worked, &Subject::Connection(number), Some(*start), None, Some(after))?;
        }
        Ok(())
    }
}

fn ended<'w>(before: &'w [Maintenance], after: &'w [Maintenance]) -> impl Iterator<Item = &'w Maintenance> {
    let known = |work: &Maintenance| before.iter().any(|known| known.start == work.start && !known.open);
    after.iter().filter(move |work| !work.open && !known(work))
}
