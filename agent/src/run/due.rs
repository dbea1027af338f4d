//! When what the collector handed down is to be taken over: when it came, and again where it was refused.
//!
//! What refuses it may go by itself: a rule of the site's own that somebody is writing, a thread that records.

use std::time::Instant;

use super::backoff::Backoff;
use crate::sync::handed::Mark;

/// What came, until it is in force.
#[derive(Debug)]
pub(crate) struct Due {
    mark: Mark,
    backoff: Backoff,
    /// When it is to be taken over; `None` where nothing is.
    at: Option<Instant>,
    /// Why it was refused, as it was told last.
    refused: Option<String>,
}

impl Due {
    /// Goes by a mark.
    pub(crate) fn new(mark: Mark) -> Self {
        Self { mark, backoff: Backoff::default(), at: None, refused: None }
    }

    /// Tells whether it is to be taken over now.
    pub(crate) fn is_now(&mut self, now: Instant) -> bool {
        if self.mark.has_moved() {
            // It is not what was refused before.
            self.backoff.reset();
            self.at = Some(now);
        }
        self.at.is_some_and(|at| at <= now)
    }

    /// Notes that it is in force.
    pub(crate) fn taken(&mut self) {
        self.backoff.reset();
        (self.at, self.refused) = (None, None);
    }

    /// Notes that it was refused, and tells whether for another reason than the last time.
    pub(crate) fn refused(&mut self, why: &str, now: Instant) -> bool {
        self.at = Some(now + self.backoff.wait());
        let is_new = self.refused.as_deref() != Some(why);
        self.refused = Some(why.to_owned());
        is_new
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::*;

    fn due(folder: &Path) -> Due {
        Due::new(Mark::of(&folder.join("ledger.db"), SystemTime::now()))
    }

    fn hand_down(folder: &Path, what: &str) {
        let sync = folder.join("sync");
        fs::create_dir_all(&sync).unwrap();
        // Each mark is a file of its own.
        fs::write(sync.join("next"), what).unwrap();
        fs::rename(sync.join("next"), sync.join("handed")).unwrap();
    }

    #[test]
    fn what_was_refused_is_tried_again_later_each_time_until_it_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let mut due = due(folder.path());
        let mut now = Instant::now();
        assert!(!due.is_now(now), "nothing came");
        hand_down(folder.path(), "first");
        for (wait_s, why, is_new) in [(1, "half a rule", true), (2, "half a rule", false), (4, "busy", true)]
        {
            assert!(due.is_now(now));
            assert_eq!(due.refused(why, now), is_new, "{why} is told once");
            assert!(!due.is_now(now));
            now += Duration::from_secs(wait_s);
        }
        for _ in 0..20 {
            due.refused("busy", now);
        }
        now += Duration::from_mins(1);
        assert!(due.is_now(now), "never later than this");
        due.taken();
        assert!(!due.is_now(now + Duration::from_hours(1)));
        hand_down(folder.path(), "second");
        assert!(due.is_now(now));
        assert!(due.refused("busy", now), "it went well in between");
    }

    #[test]
    fn what_comes_after_a_refusal_is_tried_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut due = due(folder.path());
        let now = Instant::now();
        hand_down(folder.path(), "first");
        assert!(due.is_now(now));
        for _ in 0..8 {
            due.refused("too wide", now);
        }
        hand_down(folder.path(), "corrected");
        assert!(due.is_now(now));
    }
}
