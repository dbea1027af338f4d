//! What can be found: a key, how grave it is, and its figures.

mod conns;
mod frames;

use crate::judge::Evidence;

/// How grave a finding is; the gravest sorts first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Most of what is to be found cannot be seen.
    Bad,
    /// Part of it may not be seen.
    Warning,
    /// Good to know; nothing is lost.
    Note,
}

/// What was found. The catalogue of text has its wording, and what to do, under the slug.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Key {
    /// The interface was never told to be up.
    InterfaceDown,
    /// The interface has no link.
    LinkDown,
    /// Not one frame.
    NothingAtAll,
    /// Broadcast and multicast only: an ordinary port.
    OnlyBroadcast,
    /// Unicast, but only our own: an ordinary port.
    OnlyOwn,
    /// Strays of others' conns amid broadcast: a flooding switch on an ordinary port.
    Flooding,
    /// Conns of which one direction is seen.
    OneDirection,
    /// Some VLANs are seen in one direction.
    OneSidedVlans,
    /// A part of all conns is seen in one direction.
    PartlyOneSided,
    /// The directions of conns come on different VLANs.
    SplitVlans,
    /// Unicast that cannot be understood: a vendor's own wrap.
    Unreadable,
    /// TZSP, which cannot be opened.
    UnopenedWrap,
    /// No conn leaves the site.
    NoOutside,
    /// Every conn is of one host.
    OneHost,
    /// The kernel dropped packets.
    Drops,
    /// The mirror port's own bandwidth is nearly used up.
    Busy,
    /// The interface merges frames.
    OffloadMerged,
    /// Frames longer than usual: jumbo frames, or merged.
    LongFrames,
    /// Frames are captured in part.
    SnaplenCut,
    /// Several networks and no tag.
    NoTags,
    /// Packets seen more than once.
    Duplicates,
    /// The mirror comes wrapped (ERSPAN, VXLAN), and is opened.
    Encapsulated,
    /// The VLANs seen.
    VlansSeen,
}

impl Key {
    /// Every key, as for a test that each has its text.
    pub const ALL: [Self; 23] = [
        Self::InterfaceDown,
        Self::LinkDown,
        Self::NothingAtAll,
        Self::OnlyBroadcast,
        Self::OnlyOwn,
        Self::Flooding,
        Self::OneDirection,
        Self::OneSidedVlans,
        Self::PartlyOneSided,
        Self::SplitVlans,
        Self::Unreadable,
        Self::UnopenedWrap,
        Self::NoOutside,
        Self::OneHost,
        Self::Drops,
        Self::Busy,
        Self::OffloadMerged,
        Self::LongFrames,
        Self::SnaplenCut,
        Self::NoTags,
        Self::Duplicates,
        Self::Encapsulated,
        Self::VlansSeen,
    ];

    /// Gives the slug.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::InterfaceDown => "interface-down",
            Self::LinkDown => "link-down",
            Self::NothingAtAll => "nothing-at-all",
            Self::OnlyBroadcast => "only-broadcast",
            Self::OnlyOwn => "only-own",
            Self::Flooding => "flooding",
            Self::OneDirection => "one-direction",
            Self::OneSidedVlans => "one-sided-vlans",
            Self::PartlyOneSided => "partly-one-sided",
            Self::SplitVlans => "split-vlans",
            Self::Unreadable => "unreadable",
            Self::UnopenedWrap => "unopened-wrap",
            Self::NoOutside => "no-outside",
            Self::OneHost => "one-host",
            Self::Drops => "drops",
            Self::Busy => "busy",
            Self::OffloadMerged => "offload-merged",
            Self::LongFrames => "long-frames",
            Self::SnaplenCut => "snaplen-cut",
            Self::NoTags => "no-tags",
            Self::Duplicates => "duplicates",
            Self::Encapsulated => "encapsulated",
            Self::VlansSeen => "vlans-seen",
        }
    }
}

/// A figure of a finding.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// How many.
    Count(u64),
    /// Which part of the whole, 0 to 1.
    Share(f64),
    /// VLAN identifiers.
    Vlans(Vec<u16>),
}

/// One thing found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What.
    pub key: Key,
    /// How grave.
    pub severity: Severity,
    /// The figures by the names that the wording uses.
    pub figures: Vec<(&'static str, Figure)>,
}

impl Finding {
    fn new<const N: usize>(key: Key, severity: Severity, figures: [(&'static str, Figure); N]) -> Self {
        Self { key, severity, figures: figures.into() }
    }
}

/// A look for one finding.
pub(crate) type Judge = fn(&Evidence<'_>) -> Option<Finding>;

/// Every look, in the order of keys.
pub(crate) const JUDGES: &[Judge] = &[
    frames::interface_down,
    frames::link_down,
    frames::nothing_at_all,
    frames::ordinary_port,
    conns::flooding,
    conns::one_direction,
    conns::partly,
    conns::split_vlans,
    frames::unreadable,
    frames::unopened_wrap,
    conns::no_outside,
    conns::one_host,
    frames::drops,
    frames::busy,
    frames::long_frames,
    frames::snaplen_cut,
    conns::no_tags,
    frames::duplicates,
    frames::encapsulated,
    frames::vlans_seen,
];

/// `part` of `whole`, 0 where there is nothing.
#[expect(clippy::cast_precision_loss, reason = "a share for people; counts stay far below 2^52")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn share(part: u64, whole: u64) -> Figure {
    Figure::Share(ratio(part, whole))
}
