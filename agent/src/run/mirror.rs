//! The mirror check of each interface: what its threads counted, judged as one, and the verdict that holds.
//!
//! Counting starts anew every few minutes. Until it has enough again the verdict before stays: a quiet line
//! would else be called bad, or be told nothing of, each time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sekisho_mirror::{Around, Assessment, MirrorCheck, Verdict};
use sekisho_report::{Lang, mirror};

use super::status::MirrorVerdict;
use crate::doctor::wire;

/// How long the check counts before it starts anew, so that a switch that was put right shows.
pub(super) const WINDOW: Duration = Duration::from_mins(10);
/// Fewer frames of a window that is not over say nothing of the mirror.
const ENOUGH_FRAMES: u64 = 100;

/// What a thread counted in its window so far.
#[derive(Debug)]
pub(crate) struct Counted {
    /// What passed, living conns included.
    pub(crate) check: MirrorCheck,
    /// What is known beside it.
    pub(crate) around: Around,
}

/// The verdicts, by interface.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(BTreeMap<String, Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// What was judged last; it is not judged again.
    seen: Vec<Arc<Counted>>,
    verdict: Option<MirrorVerdict>,
}

impl Verdicts {
    /// Judges what the threads of an interface counted, where any of it is new.
    pub(crate) fn look(&mut self, interface: &str, counted: Vec<Arc<Counted>>) {
        if counted.is_empty() {
            return;
        }
        let kept = self.0.entry(interface.to_owned()).or_default();
        let same = |(a, b): (&Arc<Counted>, &Arc<Counted>)| Arc::ptr_eq(a, b);
        if kept.seen.len() == counted.len() && kept.seen.iter().zip(&counted).all(same) {
            return;
        }
        let (check, around) = together(&counted);
        let assessment = check.judge(&around);
        if kept.verdict.is_none() || tells(&assessment, &around) {
            let judged = wire::mirror(&assessment);
            kept.verdict = Some(MirrorVerdict {
                verdict: judged.verdict.slug().to_owned(),
                ja: mirror::summary(&judged, Lang::Ja),
                en: mirror::summary(&judged, Lang::En),
            });
        }
        kept.seen = counted;
    }

    /// The verdict that holds of an interface.
    pub(crate) fn of(&self, interface: &str) -> Option<MirrorVerdict> {
        self.0.get(interface)?.verdict.clone()
    }
}

/// Adds up what threads counted. Each has its share of the conns, both directions of one in the same.
fn together(counted: &[Arc<Counted>]) -> (MirrorCheck, Around) {
    let mut counted = counted.iter();
    let Some(first) = counted.next() else { return Default::default() };
    let (mut check, mut sum) = (first.check.clone(), first.around);
    for Counted { check: others, around } in counted.map(Arc::as_ref) {
        check.merge(others);
        sum = Around {
            packets: sum.packets.saturating_add(around.packets),
            drops: sum.drops.saturating_add(around.drops),
            freezes: sum.freezes.saturating_add(around.freezes),
            duplicates: sum.duplicates.saturating_add(around.duplicates),
            duration: sum.duration.max(around.duration),
            ..*around
        };
    }
    (check, sum)
}

/// Says whether a verdict rests on enough to take the place of the one before.
fn tells(assessment: &Assessment, around: &Around) -> bool {
    let has_enough = assessment.overview.frames >= ENOUGH_FRAMES || around.duration >= WINDOW;
    around.link_up == Some(false) || (assessment.verdict != Verdict::TooLittleToTell && has_enough)
}

#[cfg(test)]
mod tests {
    use sekisho_decode::{Link, MacAddr};
    use sekisho_mirror::{Carries, Glance};

    use super::*;

    const OTHER: MacAddr = MacAddr([0, 0x53, 0, 0, 0, 2]);

    /// Broadcasts, as an ordinary port shows them.
    fn broadcasts(count: u64, around: Around) -> Arc<Counted> {
        frames(count, MacAddr([0xff; 6]), around)
    }

    fn frames(count: u64, dst: MacAddr, around: Around) -> Arc<Counted> {
        let mut check = MirrorCheck::new(&[]);
        let link = Link { src: MacAddr([0, 0x53, 0, 0, 0, 1]), dst, ..Link::default() };
        let glance = Glance { captured: 60, wire: 60, carries: Carries::Ip, merged: false };
        (0..count).for_each(|_| check.frame(&link, glance));
        Arc::new(Counted { check, around: Around { packets: count, ..around } })
    }

    fn after(seconds: u64) -> Around {
        Around { duration: Duration::from_secs(seconds), link_up: Some(true), ..Around::default() }
    }

    fn english(verdicts: &Verdicts) -> String {
        verdicts.of("eth1").unwrap().en
    }

    #[test]
    fn a_verdict_stays_until_the_next_window_has_enough() {
        let mut verdicts = Verdicts::default();
        verdicts.look("eth1", vec![broadcasts(500, after(600))]);
        let first = english(&verdicts);
        assert!(first.contains("Only broadcast"), "{first}");
        // (what a window has, whether the verdict before stays)
        let cases = [
            (broadcasts(0, after(30)), true),
            (broadcasts(40, after(60)), true),
            // Of others, and of no conn that can be told: too little to say that it is a mirror now.
            (frames(200, OTHER, after(60)), true),
            (broadcasts(0, after(600)), false),
            (broadcasts(0, Around { link_up: Some(false), ..after(30) }), false),
            (frames(200, OTHER, Around { drops: 300, ..after(30) }), false),
        ];
        for (counted, stays) in cases {
            verdicts.look("eth1", vec![broadcasts(500, after(600))]);
            let shown = format!("{counted:?}");
            verdicts.look("eth1", vec![counted]);
            assert_eq!(english(&verdicts) == first, stays, "{shown}: {}", english(&verdicts));
        }
    }

    #[test]
    fn threads_of_one_interface_are_judged_together() {
        let mut verdicts = Verdicts::default();
        // Neither has enough alone, and what one of them lost is lost to the interface.
        let lossy = Around { drops: 80, ..after(60) };
        verdicts.look("eth1", vec![broadcasts(60, after(60)), broadcasts(60, lossy)]);
        let verdict = verdicts.of("eth1").unwrap();
        assert_eq!(verdict.verdict, "bad");
        let (check, around) = together(&[broadcasts(60, after(60)), broadcasts(60, lossy)]);
        let overview = check.judge(&around).overview;
        assert_eq!((overview.frames, overview.drops, around.packets), (120, 80, 120));
    }
}
