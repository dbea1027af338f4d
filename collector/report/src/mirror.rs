//! The mirror check as text for a technician at the switch: the verdict first, then what was found and
//! what to do about it, then the figures.

use std::fmt::{Display, Write as _};

use sekisho_api::{Mirror, MirrorFigure, MirrorFinding, MirrorSeen, MirrorSeverity};

use crate::text::{Lang, fill, text};

/// VLANs that a line lists; a switch with more of them has them in ranges.
const MAX_LISTED: usize = 40;
/// Findings that a setting of the switch mends: these are shown with examples of such settings.
const OF_THE_SWITCH: [&str; 11] = [
    "nothing-at-all",
    "only-broadcast",
    "only-own",
    "flooding",
    "one-direction",
    "one-sided-vlans",
    "partly-one-sided",
    "split-vlans",
    "no-outside",
    "one-host",
    "no-tags",
];
/// The examples, by the makers whose commands were looked up; the last is for every other.
const EXAMPLES: [&str; 4] =
    ["mirror.example-cisco", "mirror.example-allied", "mirror.example-alaxala", "mirror.example-other"];

/// Words a mirror check.
#[must_use]
pub fn report(mirror: &Mirror, lang: Lang) -> String {
    let mut out = String::new();
    line(&mut out, text(lang, &format!("mirror.verdict-{}", mirror.verdict.slug())));
    line(&mut out, &format!("  {}", text(lang, &format!("mirror.verdict-{}-do", mirror.verdict.slug()))));
    for finding in &mirror.findings {
        line(&mut out, "");
        let severity = text(lang, &format!("mirror.severity-{}", finding.severity.slug())).to_owned();
        line(&mut out, &format!("{severity} {}", wording(finding, "", lang)));
        line(&mut out, &format!("  → {}", wording(finding, "-do", lang)));
    }
    line(&mut out, "");
    figures(&mut out, &mirror.seen, lang);
    let of_the_switch = |finding: &MirrorFinding| OF_THE_SWITCH.contains(&finding.key.as_str());
    if mirror.findings.iter().any(of_the_switch) {
        line(&mut out, "");
        line(&mut out, text(lang, "mirror.examples"));
        for key in EXAMPLES {
            line(&mut out, &format!("  {}", text(lang, key)));
        }
    }
    out
}

/// Words the verdict in a line, with what speaks most against the port.
#[must_use]
pub fn summary(mirror: &Mirror, lang: Lang) -> String {
    let verdict = text(lang, &format!("mirror.verdict-{}", mirror.verdict.slug())).to_owned();
    let worst = mirror.findings.iter().find(|finding| finding.severity != MirrorSeverity::Note);
    worst.map_or_else(|| verdict.clone(), |worst| format!("{verdict} / {}", wording(worst, "", lang)))
}

/// Words a finding, or with `-do` what to do about it.
fn wording(finding: &MirrorFinding, part: &str, lang: Lang) -> String {
    let shown: Vec<(&str, String)> =
        finding.figures.iter().map(|(name, figure)| (name.as_str(), shown(figure))).collect();
    let values: Vec<(&str, &dyn Display)> =
        shown.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    fill(lang, &format!("mirror.{}{part}", finding.key), &values)
}

fn figures(out: &mut String, seen: &MirrorSeen, lang: Lang) {
    let vlans = if seen.vlans.is_empty() { "-".to_owned() } else { ranges(&seen.vlans) };
    let values: [(&str, &dyn Display); 16] = [
        ("frames", &seen.frames),
        ("group", &percent(seen.group, seen.frames)),
        ("own", &percent(seen.own, seen.frames)),
        ("foreign", &percent(seen.foreign, seen.frames)),
        ("conns", &seen.conns),
        ("two_sided", &seen.two_sided),
        ("outside", &seen.outside),
        ("addresses", &seen.addresses),
        ("tcp_two_sided", &seen.tcp_two_sided),
        ("tcp_handshakes", &seen.tcp_handshakes),
        ("tcp_one_sided", &seen.tcp_one_sided),
        ("tcp_split", &seen.tcp_split),
        ("vlans", &vlans),
        ("duplicates", &seen.duplicates),
        ("drops", &seen.drops),
        ("refused", &seen.refused),
    ];
    for key in ["mirror.seen-frames", "mirror.seen-conns", "mirror.seen-tcp", "mirror.seen-rest"] {
        line(out, &fill(lang, key, &values));
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn shown(figure: &MirrorFigure) -> String {
    match figure {
        MirrorFigure::Count(count) => count.to_string(),
        MirrorFigure::Share(share) => share_text(*share),
        MirrorFigure::Vlans(vlans) => ranges(vlans),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people; counts stay far below 2^52")]
fn percent(part: u64, whole: u64) -> String {
    share_text(if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
}

/// A share in percent; small ones keep the digits that tell them from nothing.
fn share_text(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 1.0 { format!("{percent:.2}%") } else { format!("{percent:.1}%") }
}

/// VLANs in order, neighbours as a range, as switches write them.
fn ranges(vlans: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for vlan in vlans {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*vlan) => *last = *vlan,
            _ => runs.push((*vlan, *vlan)),
        }
    }
    let mut out = String::new();
    for (number, (first, last)) in runs.iter().take(MAX_LISTED).enumerate() {
        let comma = if number == 0 { "" } else { "," };
        // Writing to a `String` cannot fail.
        let _ =
            if first == last { write!(out, "{comma}{first}") } else { write!(out, "{comma}{first}-{last}") };
    }
    if runs.len() > MAX_LISTED {
        out.push_str(",…");
    }
    out
}

#[cfg(test)]
mod tests;
