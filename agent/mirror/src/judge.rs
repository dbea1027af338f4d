//! From counts to a verdict.

use std::time::Duration;

use crate::check::MirrorCheck;
use crate::findings::{self, Finding, Severity};

/// Fewer frames tell nothing: an idle port receives a few broadcasts a second.
pub(crate) const MIN_FRAMES: u64 = 100;
/// Conns with both directions that it takes to call a mirror good.
const MIN_TWO_SIDED: u64 = 10;

/// What is known beside the counts of the check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// Packets that the capture delivered.
    pub packets: u64,
    /// Packets that the kernel dropped before they were read.
    pub drops: u64,
    /// How often the ring was full (`tp_freeze_q_cnt`).
    pub freezes: u64,
    /// Packets that were seen once more: `sekisho_track::Counts::duplicates`.
    pub duplicates: u64,
    /// How long was watched: between the first frame and the last of a file.
    pub duration: Duration,
    /// The interface's speed in Mbit/s, where known.
    pub speed_mbps: Option<u32>,
    /// Whether the interface was told to be up, where known.
    pub enabled: Option<bool>,
    /// Whether the interface has a link, where known.
    pub link_up: Option<bool>,
}

/// What the check comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The port shows both directions of others' conns.
    Good,
    /// It shows the network's traffic, and something is to be looked at.
    Doubtful,
    /// It is no mirror port, or one that shows too little.
    Bad,
    /// Too little passed.
    TooLittleToTell,
}

/// The figures that any verdict rests on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Overview {
    /// Frames seen.
    pub frames: u64,
    /// To a group: broadcast and multicast.
    pub group: u64,
    /// Unicast to or from the listening box.
    pub own: u64,
    /// Unicast between others.
    pub foreign: u64,
    /// Conns between others.
    pub conns: u64,
    /// Of these, with both directions seen.
    pub two_sided: u64,
    /// TCP conns with both directions seen.
    pub tcp_two_sided: u64,
    /// TCP conns whose handshake was seen from both sides.
    pub tcp_handshakes: u64,
    /// TCP conns that surely had another direction, which was not seen.
    pub tcp_one_sided: u64,
    /// TCP conns whose directions came on two VLANs.
    pub tcp_split: u64,
    /// Conns that leave the site as far as addresses tell.
    pub outside: u64,
    /// Addresses seen in conns; no more are counted than a bound allows.
    pub addresses: u64,
    /// VLANs seen.
    pub vlans: Vec<u16>,
    /// Packets seen once more.
    pub duplicates: u64,
    /// Packets that the kernel dropped.
    pub drops: u64,
    /// What the check's own bounds did not count.
    pub refused: u64,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The whole in a word.
    pub verdict: Verdict,
    /// The reasons, the gravest first.
    pub findings: Vec<Finding>,
    /// The figures.
    pub overview: Overview,
}

/// What a finding is drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) check: &'a MirrorCheck,
    pub(crate) around: &'a Around,
}

impl Evidence<'_> {
    /// Frames of any kind, the wraps of mirrors included.
    pub(crate) const fn seen(&self) -> u64 {
        self.check.frames.total + self.check.wrapped + self.check.unopened
    }
}

impl MirrorCheck {
    /// Judges what was counted so far.
    #[must_use]
    pub fn judge(&self, around: &Around) -> Assessment {
        let evidence = Evidence { check: self, around };
        let mut findings: Vec<Finding> =
            findings::JUDGES.iter().filter_map(|judge| judge(&evidence)).collect();
        findings.sort_by_key(|finding| finding.severity);
        Assessment { verdict: self.verdict(&findings), findings, overview: self.overview(around) }
    }

    fn verdict(&self, findings: &[Finding]) -> Verdict {
        let gravest = findings.iter().map(|finding| finding.severity).min();
        match gravest {
            Some(Severity::Bad) => Verdict::Bad,
            _ if self.frames.total < MIN_FRAMES || self.conns.two_sided < MIN_TWO_SIDED => {
                Verdict::TooLittleToTell
            }
            Some(Severity::Warning) => Verdict::Doubtful,
            Some(Severity::Note) | None => Verdict::Good,
        }
    }

    fn overview(&self, around: &Around) -> Overview {
        let Self { frames, conns, .. } = self;
        Overview {
            frames: frames.total,
            group: frames.group,
            own: frames.own_unicast,
            foreign: frames.of_others(),
            conns: conns.total,
            two_sided: conns.two_sided,
            tcp_two_sided: conns.tcp_two_sided,
            tcp_handshakes: conns.tcp_handshakes,
            tcp_one_sided: conns.tcp_one_sided,
            tcp_split: conns.tcp_split,
            outside: conns.outside,
            addresses: conns.addresses.len(),
            vlans: frames.vlans.list(),
            duplicates: around.duplicates,
            drops: around.drops,
            refused: conns.refused() + self.untagged_networks.refused(),
        }
    }
}
