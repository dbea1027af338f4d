//! Findings from conns: directions, VLANs, who talks with whom.

use super::{Figure, Finding, Key, Severity, ratio, share};
use crate::judge::Evidence;

/// TCP conns that it takes to speak of directions.
const MIN_TELLING: u64 = 20;
/// From here on one direction is missing as a rule. Retransmissions to hosts that are switched off
/// make a few one-sided conns everywhere.
const ONE_SIDED_SHARE: f64 = 0.8;
/// From here on a part of the conns lacks a direction: asymmetric routing, or a port not mirrored.
const PARTLY_SHARE: f64 = 0.2;
/// TCP conns that it takes to speak of a VLAN.
const MIN_TELLING_VLAN: u64 = 10;
/// Where so much of all is broadcast and conns are one-sided, the switch floods an ordinary port.
const FLOOD_GROUP_SHARE: f64 = 0.5;
/// A mirrored port of one direction has few silent receivers; floods go to many.
const FLOOD_STATIONS: u64 = 5;
/// Conns that it takes to say that none leaves the site.
const MIN_FOR_OUTSIDE: u64 = 100;
/// Conns that it takes to say that all are of one host.
const MIN_FOR_ONE_HOST: u64 = 30;
/// The rest are strays, see an ordinary port.
const ONE_HOST_SHARE: f64 = 0.98;
/// From here on split conns are how the mirror is set up, not chance.
const SPLIT_SHARE: f64 = 0.1;
/// Networks, or conns on two hops, that tell of several VLANs; a router's two addresses are two.
const MIN_NETWORKS: u64 = 3;
const MIN_UNTAGGED_TWICE: u64 = 10;

/// Whether a direction is missing as a rule, not on a flooded port.
enum Missing {
    Mirror,
    Flood,
}

fn missing(evidence: &Evidence<'_>) -> Option<Missing> {
    let (frames, conns) = (&evidence.check.frames, &evidence.check.conns);
    let one_sided = ratio(conns.tcp_one_sided, conns.telling());
    if conns.telling() < MIN_TELLING || one_sided < ONE_SIDED_SHARE {
        return None;
    }
    let among_broadcast = ratio(frames.group, frames.total) >= FLOOD_GROUP_SHARE;
    let flood = among_broadcast && conns.unheard.len() >= FLOOD_STATIONS;
    Some(if flood { Missing::Flood } else { Missing::Mirror })
}

pub(super) fn flooding(evidence: &Evidence<'_>) -> Option<Finding> {
    let Some(Missing::Flood) = missing(evidence) else { return None };
    let (frames, conns) = (&evidence.check.frames, &evidence.check.conns);
    let figures = [
        ("group", share(frames.group, frames.total)),
        ("one_sided", share(conns.tcp_one_sided, conns.telling())),
        ("stations", Figure::Count(conns.unheard.len())),
    ];
    Some(Finding::new(Key::Flooding, Severity::Bad, figures))
}

pub(super) fn one_direction(evidence: &Evidence<'_>) -> Option<Finding> {
    let Some(Missing::Mirror) = missing(evidence) else { return None };
    let conns = &evidence.check.conns;
    let figures = [
        ("one_sided", share(conns.tcp_one_sided, conns.telling())),
        ("conns", Figure::Count(conns.tcp_one_sided)),
        ("requests", Figure::Count(conns.only_orig)),
        ("answers", Figure::Count(conns.tcp_one_sided.saturating_sub(conns.only_orig))),
        ("outward", Figure::Count(conns.only_outward)),
        ("inward", Figure::Count(conns.only_inward)),
    ];
    Some(Finding::new(Key::OneDirection, Severity::Bad, figures))
}

/// One direction is missing on some VLANs, or here and there.
pub(super) fn partly(evidence: &Evidence<'_>) -> Option<Finding> {
    let conns = &evidence.check.conns;
    if missing(evidence).is_some() {
        return None;
    }
    let is_one_sided =
        |one: u64, two: u64| one + two >= MIN_TELLING_VLAN && ratio(one, one + two) >= ONE_SIDED_SHARE;
    let vlans =
        conns.by_vlan.iter().filter(|(vlan, sides)| **vlan != 0 && is_one_sided(sides.one, sides.two));
    let vlans: Vec<u16> = vlans.map(|(vlan, _)| *vlan).collect();
    let part = ratio(conns.tcp_one_sided, conns.telling());
    let one_sided = ("one_sided", Figure::Share(part));
    let count = ("conns", Figure::Count(conns.tcp_one_sided));
    if !vlans.is_empty() {
        let figures = [one_sided, count, ("vlans", Figure::Vlans(vlans))];
        return Some(Finding::new(Key::OneSidedVlans, Severity::Warning, figures));
    }
    let found = conns.telling() >= MIN_TELLING && part >= PARTLY_SHARE;
    found.then(|| Finding::new(Key::PartlyOneSided, Severity::Warning, [one_sided, count]))
}

pub(super) fn split_vlans(evidence: &Evidence<'_>) -> Option<Finding> {
    let conns = &evidence.check.conns;
    let split = ratio(conns.tcp_split, conns.telling());
    let found = conns.telling() >= MIN_TELLING && split >= SPLIT_SHARE;
    let figures = [("split", Figure::Share(split)), ("conns", Figure::Count(conns.tcp_split))];
    found.then(|| Finding::new(Key::SplitVlans, Severity::Note, figures))
}

pub(super) fn no_outside(evidence: &Evidence<'_>) -> Option<Finding> {
    let conns = &evidence.check.conns;
    let found = conns.total >= MIN_FOR_OUTSIDE && conns.outside == 0;
    let figures = [("conns", Figure::Count(conns.total))];
    found.then(|| Finding::new(Key::NoOutside, Severity::Warning, figures))
}

pub(super) fn one_host(evidence: &Evidence<'_>) -> Option<Finding> {
    let conns = &evidence.check.conns;
    let most = ratio(conns.addresses.most(), conns.total);
    let found = conns.total >= MIN_FOR_ONE_HOST && most >= ONE_HOST_SHARE;
    let figures = [("conns", Figure::Count(conns.total)), ("most", Figure::Share(most))];
    found.then(|| Finding::new(Key::OneHost, Severity::Warning, figures))
}

pub(super) fn no_tags(evidence: &Evidence<'_>) -> Option<Finding> {
    let (frames, conns) = (&evidence.check.frames, &evidence.check.conns);
    let networks = evidence.check.untagged_networks.len();
    let several = networks >= MIN_NETWORKS || conns.untagged_twice >= MIN_UNTAGGED_TWICE;
    let figures = [("networks", Figure::Count(networks)), ("routed", Figure::Count(conns.untagged_twice))];
    (frames.tagged == 0 && several).then(|| Finding::new(Key::NoTags, Severity::Note, figures))
}
