//! Findings from frames: whom they are for, what was lost, what the interface did to them.

use super::{Figure, Finding, Key, Severity, ratio, share};
use crate::judge::{Evidence, MIN_FRAMES};

/// An ordinary port shows strays of others' unicast while its switch learns addresses; below this
/// share of all frames they are strays.
const STRAY_SHARE: f64 = 0.01;
/// Others' conns with both directions seen that prove a mirror in spite of a storm of broadcasts.
const MIRROR_PROOF: u64 = 3;
/// Own frames that tell a box in use from the few of its start.
const MIN_OWN: u64 = 100;
/// From here on unicast that nobody understands is a wrap of the switch, not an odd protocol.
const UNREADABLE_SHARE: f64 = 0.5;
/// From here on a wrap is how the mirror comes, not a packet that happens to look like one.
const WRAP_SHARE: f64 = 0.1;
/// Losses below are moments, such as a log being rotated.
const DROPS_SHARE: f64 = 0.001;
/// From here on whole conns are missed.
const MANY_DROPS_SHARE: f64 = 0.05;
/// The average load from which a mirror port, whose traffic comes in bursts, surely loses frames.
const BUSY_SHARE: f64 = 0.5;
/// Fewer long frames are an exception, such as one jumbo probe.
const MIN_LONG: u64 = 10;
/// From here on most of what has content is cut.
const CUT_SHARE: f64 = 0.2;
/// A handshake with its certificate starts within so many octets: a longer snap length costs nothing
/// that is looked for.
const ENOUGH_BYTES: u32 = 1_500;
/// Fewer copies are retransmissions and chance.
const DUPLICATES_SHARE: f64 = 0.05;

/// A fresh interface is down until somebody brings it up; no cable helps.
pub(super) fn interface_down(evidence: &Evidence<'_>) -> Option<Finding> {
    let down = evidence.around.enabled == Some(false);
    down.then(|| Finding::new(Key::InterfaceDown, Severity::Bad, []))
}

pub(super) fn link_down(evidence: &Evidence<'_>) -> Option<Finding> {
    let around = evidence.around;
    let down = around.link_up == Some(false) && around.enabled != Some(false);
    down.then(|| Finding::new(Key::LinkDown, Severity::Bad, []))
}

pub(super) fn nothing_at_all(evidence: &Evidence<'_>) -> Option<Finding> {
    let dead = [evidence.around.link_up, evidence.around.enabled].contains(&Some(false));
    let none = evidence.seen() == 0 && !dead;
    let seconds = Figure::Count(evidence.around.duration.as_secs());
    none.then(|| Finding::new(Key::NothingAtAll, Severity::Bad, [("seconds", seconds)]))
}

/// Nothing of others' unicast: what any port of a switch shows.
pub(super) fn ordinary_port(evidence: &Evidence<'_>) -> Option<Finding> {
    let (frames, conns) = (&evidence.check.frames, &evidence.check.conns);
    let is_stray = ratio(frames.of_others(), frames.total) < STRAY_SHARE;
    if frames.total < MIN_FRAMES || !is_stray || conns.two_sided >= MIRROR_PROOF {
        return None;
    }
    let figures = [
        ("group", share(frames.group, frames.total)),
        ("own", share(frames.own_unicast, frames.total)),
        ("foreign", Figure::Count(frames.of_others())),
    ];
    let key = if frames.own_unicast >= MIN_OWN { Key::OnlyOwn } else { Key::OnlyBroadcast };
    Some(Finding::new(key, Severity::Bad, figures))
}

pub(super) fn unreadable(evidence: &Evidence<'_>) -> Option<Finding> {
    let frames = &evidence.check.frames;
    let unknown = ratio(frames.unknown, frames.of_others());
    let found = frames.unknown >= MIN_FRAMES && unknown >= UNREADABLE_SHARE;
    // Where conns are read all the same, it is rather a protocol of machines, such as Profinet.
    let proved = evidence.check.conns.two_sided >= MIRROR_PROOF;
    let severity = if proved { Severity::Warning } else { Severity::Bad };
    let figures = [("unreadable", Figure::Share(unknown))];
    found.then(|| Finding::new(Key::Unreadable, severity, figures))
}

pub(super) fn unopened_wrap(evidence: &Evidence<'_>) -> Option<Finding> {
    let frames = evidence.check.unopened;
    let found = frames >= MIN_FRAMES && ratio(frames, evidence.seen()) >= WRAP_SHARE;
    let figures = [("frames", Figure::Count(frames))];
    found.then(|| Finding::new(Key::UnopenedWrap, Severity::Bad, figures))
}

pub(super) fn drops(evidence: &Evidence<'_>) -> Option<Finding> {
    let around = evidence.around;
    let lost = ratio(around.drops, around.packets.saturating_add(around.drops));
    let severity = match lost {
        _ if lost >= MANY_DROPS_SHARE => Severity::Bad,
        _ if lost >= DROPS_SHARE => Severity::Warning,
        _ if around.drops > 0 => Severity::Note,
        _ => return None,
    };
    let figures = [
        ("drops", Figure::Count(around.drops)),
        ("lost", Figure::Share(lost)),
        ("freezes", Figure::Count(around.freezes)),
    ];
    Some(Finding::new(Key::Drops, severity, figures))
}

pub(super) fn busy(evidence: &Evidence<'_>) -> Option<Finding> {
    let around = evidence.around;
    let possible = u64::from(around.speed_mbps?).saturating_mul(1_000_000 / 8);
    let seconds = around.duration.as_secs();
    let load = ratio(evidence.check.frames.bytes, possible.saturating_mul(seconds));
    let figures =
        [("load", Figure::Share(load)), ("mbps", Figure::Count(around.speed_mbps.unwrap_or(0).into()))];
    (load >= BUSY_SHARE).then(|| Finding::new(Key::Busy, Severity::Warning, figures))
}

pub(super) fn long_frames(evidence: &Evidence<'_>) -> Option<Finding> {
    let frames = &evidence.check.frames;
    let long = frames.long.max(frames.merged);
    let figures = [("frames", Figure::Count(long)), ("long", share(long, frames.total))];
    match long {
        _ if long < MIN_LONG || frames.total < MIN_FRAMES => None,
        _ if frames.merged > 0 => Some(Finding::new(Key::OffloadMerged, Severity::Warning, figures)),
        _ => Some(Finding::new(Key::LongFrames, Severity::Note, figures)),
    }
}

pub(super) fn snaplen_cut(evidence: &Evidence<'_>) -> Option<Finding> {
    let frames = &evidence.check.frames;
    let cut = ratio(frames.cut, frames.total);
    if frames.total < MIN_FRAMES || cut < CUT_SHARE {
        return None;
    }
    let severity = if frames.cut_at < ENOUGH_BYTES { Severity::Warning } else { Severity::Note };
    let figures = [("cut", Figure::Share(cut)), ("bytes", Figure::Count(frames.cut_at.into()))];
    Some(Finding::new(Key::SnaplenCut, severity, figures))
}

pub(super) fn duplicates(evidence: &Evidence<'_>) -> Option<Finding> {
    let around = evidence.around;
    let twice = ratio(around.duplicates, around.packets);
    let figures = [("duplicates", Figure::Count(around.duplicates)), ("twice", Figure::Share(twice))];
    let found = around.packets >= MIN_FRAMES && twice >= DUPLICATES_SHARE;
    found.then(|| Finding::new(Key::Duplicates, Severity::Note, figures))
}

pub(super) fn encapsulated(evidence: &Evidence<'_>) -> Option<Finding> {
    let wrapped = evidence.check.wrapped;
    let figures = [("frames", Figure::Count(wrapped))];
    (wrapped > 0).then(|| Finding::new(Key::Encapsulated, Severity::Note, figures))
}

pub(super) fn vlans_seen(evidence: &Evidence<'_>) -> Option<Finding> {
    let frames = &evidence.check.frames;
    let vlans = frames.vlans.list();
    if vlans.is_empty() {
        return None;
    }
    let figures = [
        ("count", Figure::Count(vlans.len() as u64)),
        ("tagged", share(frames.tagged, frames.total)),
        ("vlans", Figure::Vlans(vlans)),
    ];
    Some(Finding::new(Key::VlansSeen, Severity::Note, figures))
}
