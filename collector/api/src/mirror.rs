//! The mirror check: is the port that is watched a mirror of the network?
//!
//! A finding is a key and figures; its wording, and what to do, is in the catalogue of text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the mirror check came to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Mirror {
    /// The whole in a word.
    pub verdict: MirrorVerdict,
    /// The reasons, the gravest first.
    pub findings: Vec<MirrorFinding>,
    /// The figures that the verdict rests on.
    pub seen: MirrorSeen,
}

/// The mirror check in a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MirrorVerdict {
    /// The port shows both directions of others' conns.
    Good,
    /// It shows the network's traffic, and something is to be looked at.
    Doubtful,
    /// It is no mirror port, or one that shows too little.
    Bad,
    /// Too little passed.
    TooLittleToTell,
}

impl MirrorVerdict {
    /// Gives the word of the JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
            Self::TooLittleToTell => "too-little-to-tell",
        }
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MirrorSeverity {
    /// Most of what is to be found cannot be seen.
    Bad,
    /// Part of it may not be seen.
    Warning,
    /// Good to know; nothing is lost.
    Note,
}

impl MirrorSeverity {
    /// Gives the word of the JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing found.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MirrorFinding {
    /// Its slug, such as `one-direction`.
    pub key: String,
    /// How grave it is.
    pub severity: MirrorSeverity,
    /// Its figures by the names that its wording uses.
    pub figures: BTreeMap<String, MirrorFigure>,
}

/// A figure of a finding.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MirrorFigure {
    /// How many: a whole number.
    Count(u64),
    /// Which part of the whole: a number with a point, 0.0 to 1.0.
    Share(f64),
    /// VLAN identifiers.
    Vlans(Vec<u16>),
}

/// The figures of any mirror check.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct MirrorSeen {
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
    /// Addresses seen in conns, up to a bound.
    pub addresses: u64,
    /// VLANs seen.
    pub vlans: Vec<u16>,
    /// Packets seen once more.
    pub duplicates: u64,
    /// Packets that the kernel dropped.
    pub drops: u64,
    /// What the bounds of the check did not count.
    pub refused: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_reads_back_as_it_was_written() {
        let figures = [
            ("conns", MirrorFigure::Count(1)),
            ("one_sided", MirrorFigure::Share(1.0)),
            ("vlans", MirrorFigure::Vlans(vec![10, 20])),
        ];
        let check = Mirror {
            verdict: MirrorVerdict::TooLittleToTell,
            findings: vec![MirrorFinding {
                key: "one-direction".to_owned(),
                severity: MirrorSeverity::Warning,
                figures: figures.map(|(name, figure)| (name.to_owned(), figure)).into(),
            }],
            seen: MirrorSeen { frames: 7, ..MirrorSeen::default() },
        };
        let text = serde_json::to_string(&check).unwrap();
        assert!(text.contains(r#""verdict":"too-little-to-tell""#), "{text}");
        assert!(text.contains(r#""one_sided":1.0,"vlans":[10,20]"#), "{text}");
        assert_eq!(serde_json::from_str::<Mirror>(&text).unwrap(), check);
    }
}
