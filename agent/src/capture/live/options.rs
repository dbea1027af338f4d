//! What live capture is asked for, and what it tells of itself.

use std::sync::{Arc, Mutex};

use sekisho_decode::MacAddr;

/// The largest captured length where none is asked for: libpcap's, longer than any frame.
pub(crate) const DEFAULT_SNAPLEN: u32 = 262_144;

/// What to capture, and how.
#[derive(Clone, Debug)]
pub(crate) struct LiveOptions {
    /// The interface's name.
    pub(crate) interface: String,
    /// Which frames, in tcpdump's language; all if none is given.
    pub(crate) filter: Option<String>,
    /// How many bytes of a frame are kept.
    pub(crate) snaplen: u32,
    /// Whether frames to other stations are taken, as a mirror port carries them.
    pub(crate) promiscuous: bool,
    /// Whether frames that this machine sends are left out.
    ///
    /// A mirror port sends nothing of ours; where the same interface also manages the box, its own
    /// conns are part of the network that is watched. On the loopback interface every frame is sent
    /// and received, so there they are always left out.
    pub(crate) ignore_outgoing: bool,
    /// How much the ring holds.
    pub(crate) ring: RingSize,
    /// The group that shares the interface's frames; alone if none is given.
    pub(crate) fanout: Option<Fanout>,
}

impl LiveOptions {
    /// Captures everything that reaches an interface.
    #[must_use]
    pub(crate) fn new(interface: impl Into<String>) -> Self {
        Self {
            interface: interface.into(),
            filter: None,
            snaplen: DEFAULT_SNAPLEN,
            promiscuous: true,
            ignore_outgoing: false,
            ring: RingSize::default(),
            fanout: None,
        }
    }
}

/// How much the ring holds. Its memory is resident from the start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RingSize {
    /// Bytes of a block, a multiple of [`RingSize::BLOCK_UNIT_BYTES`]. A frame is cut to what a block holds.
    pub(crate) block_bytes: u32,
    /// How many blocks.
    pub(crate) blocks: u32,
}

impl RingSize {
    /// What a block's length is a multiple of: the largest page that Linux is built for.
    pub(crate) const BLOCK_UNIT_BYTES: u32 = 64 * 1024;
    /// The largest ring; the kernel cannot swap it out.
    pub(crate) const MAX_BYTES: u64 = 1024 * 1024 * 1024;
    /// The fewest blocks: one to read, one to fill.
    pub(crate) const MIN_BLOCKS: u32 = 2;

    /// Tells whether the kernel would take it.
    #[must_use]
    pub(super) fn is_valid(self) -> bool {
        self.block_bytes > 0
            && self.block_bytes.is_multiple_of(Self::BLOCK_UNIT_BYTES)
            && self.blocks >= Self::MIN_BLOCKS
            && u64::from(self.block_bytes) * u64::from(self.blocks) <= Self::MAX_BYTES
    }
}

impl Default for RingSize {
    /// 32 MiB: a quarter of a second of a full gigabit line, a thirtieth of the smallest box's memory.
    ///
    /// A block of 256 KiB stays in a core's cache while it is walked and holds the largest frame that
    /// offloads merge on any usual interface (64 KiB).
    fn default() -> Self {
        Self { block_bytes: 256 * 1024, blocks: 128 }
    }
}

/// A group of sources among which the kernel divides an interface's frames, by conn.
///
/// Every source that is opened with a clone of it is a member. Both directions of a conn reach the same
/// member (the kernel's symmetric hash over addresses and ports); fragments, which bear no ports, may
/// reach another. The group's number is chosen by the kernel, so two programs never share one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fanout {
    /// Locked while a source is opened, never while frames are read.
    pub(super) group: Arc<Mutex<Option<u16>>>,
}

/// What the kernel and the source counted since the source was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct LiveStats {
    /// Frames that passed the filter, lost ones included.
    pub(crate) packets: u64,
    /// Frames lost because the ring was full.
    pub(crate) drops: u64,
    /// How often the ring was full.
    pub(crate) freezes: u64,
    /// How often the interface went down or away.
    pub(crate) gaps: u64,
    /// Blocks whose offsets led outside of them; the rest of each was left out.
    pub(crate) damaged: u64,
}

/// One of this machine's network interfaces.
#[derive(Clone, Debug)]
pub(crate) struct InterfaceInfo {
    /// Its name.
    pub(crate) name: String,
    /// Its hardware address, where it has one.
    pub(crate) mac: Option<MacAddr>,
    /// Whether it was told to be up.
    pub(crate) enabled: bool,
    /// Whether its link works: a cable is in, the other side is on.
    pub(crate) running: bool,
}

/// Which capability stays when the others are dropped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Keep {
    /// None: an interface that was removed and comes back cannot be opened again.
    Nothing,
    /// `CAP_NET_RAW`, permitted and not in effect, to open an interface again that came back.
    RawSockets,
}
