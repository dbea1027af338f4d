//! What could not be read of a capture, where it stands and how much it cost.
//!
//! The values are for whoever words it in the reader's language; `Display` is the English for logs.

/// Part of a capture that could not be read. What was read before it stands.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{file}`, byte {offset}, after packet {after_packet}: {fault}")]
pub(crate) struct Warning {
    /// The file as it was named, `-` for standard input; a live interface's name.
    pub(crate) file: String,
    /// Where the first block, record or captured bytes concerned start, in bytes of the unpacked capture.
    pub(crate) offset: u64,
    /// How many packets stand before it in the file.
    pub(crate) after_packet: u64,
    /// What is wrong.
    pub(crate) fault: Fault,
}

/// What is wrong with part of a capture.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Fault {
    /// The file ends inside a record: the copy was interrupted or the capture is still being written.
    #[error("the file is cut off: {need} bytes are needed and {have} are left")]
    CutOff {
        /// How many bytes the record's next part has.
        need: u64,
        /// How many were there.
        have: u64,
    },
    /// A record claims more bytes than any capture program writes; what follows cannot be found.
    #[error("the record is damaged: it claims {claimed} bytes, more than {limit}")]
    TooLong {
        /// The length in the record's header.
        claimed: u64,
        /// The longest record that is read.
        limit: u64,
    },
    /// The length at a block's start is impossible or is not the length at its end; what follows cannot be found.
    #[error("the block is damaged: its length is {leading} at the start and {trailing:?} at the end")]
    BlockLength {
        /// The length before the block's body.
        leading: u32,
        /// The length after it, where there is a place for one.
        trailing: Option<u32>,
    },
    /// A section header has no valid byte-order magic; what follows cannot be read.
    #[error("the section header is damaged: its byte-order magic is {magic:#010x}")]
    ByteOrder {
        /// What stands in place of `0x1A2B3C4D`, read as big-endian.
        magic: u32,
    },
    /// A section is of a version of pcapng that is not known.
    #[error("the section is of pcapng {major}.{minor}, which is not known")]
    SectionVersion {
        /// The major version; 1 is known.
        major: u16,
        /// The minor version.
        minor: u16,
    },
    /// The file cannot be read further, or its packed data are damaged.
    #[error("the file cannot be read further: {reason}")]
    Unreadable {
        /// What the operating system or the unpacker says.
        reason: String,
    },
    /// Blocks were stepped over; what follows them was read.
    #[error("{blocks} blocks were skipped: {why}")]
    Skipped {
        /// What is wrong with each.
        why: Oddity,
        /// How many.
        blocks: u64,
    },
    /// Frames of a link type that cannot be decoded were left out.
    #[error("{frames} frames of link type {number} were left out: it cannot be decoded")]
    LinkType {
        /// The `LINKTYPE_` number.
        number: u16,
        /// How many frames.
        frames: u64,
    },
    /// A live interface went down or away; what passed until it was back is not known.
    #[error("the link was lost {gaps} times")]
    LinkLost {
        /// How often.
        gaps: u64,
    },
    /// Blocks of a live ring led outside of themselves; the rest of each was left out.
    #[error("{blocks} blocks of the ring are damaged")]
    DamagedRing {
        /// How many.
        blocks: u64,
    },
}

impl Fault {
    /// Gives the fault's slug, by which its wording is looked up.
    #[must_use]
    pub(crate) const fn slug(&self) -> &'static str {
        match self {
            Self::CutOff { .. } => "cut-off",
            Self::TooLong { .. } => "too-long",
            Self::BlockLength { .. } => "block-length",
            Self::ByteOrder { .. } => "byte-order",
            Self::SectionVersion { .. } => "section-version",
            Self::Unreadable { .. } => "unreadable",
            Self::Skipped { why: Oddity::Malformed, .. } => "skipped-malformed",
            Self::Skipped { why: Oddity::UndescribedInterface, .. } => "skipped-undescribed-interface",
            Self::LinkType { .. } => "link-type",
            Self::LinkLost { .. } => "link-lost",
            Self::DamagedRing { .. } => "damaged-ring",
        }
    }
}

/// Why a block that can be stepped over was.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
pub(crate) enum Oddity {
    /// The body contradicts the block's own length.
    #[error("their content contradicts their length")]
    Malformed,
    /// A packet names an interface that no (readable) block describes.
    #[error("the interface they name is not described")]
    UndescribedInterface,
}
