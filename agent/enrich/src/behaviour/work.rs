//! Times at which something was done through a connection, beyond keeping it alive.

/// Times of work kept of one relationship between two reports; a day of pauses over ten minutes has few
/// more.
const MAX_WORKS: usize = 32;

/// Octets both ways from which something was done, whatever time it took: a renewed handshake of
/// OpenVPN or IKE has some 10,000.
const MIN_BYTES: u64 = 32 * 1024;
/// Where it took longer, so much is enough: somebody typing.
const MIN_TYPED_BYTES: u64 = 8 * 1024;
/// How long typing takes at least, in nanoseconds.
const TYPED_NS: i64 = 60 * 1_000_000_000;

/// A time of work. Index 0 is orig's, 1 is resp's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Work {
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) bytes: [u64; 2],
    /// Whether orig spoke first.
    pub(crate) by_orig: bool,
    /// How long nothing but keep-alives had passed before; 0 where the conn began with it.
    pub(crate) quiet_ns: i64,
    /// Whether it may go on.
    pub(crate) open: bool,
}

impl Work {
    /// Tells whether it is more than what connections do by themselves.
    pub(crate) fn counts(&self) -> bool {
        let bytes = self.bytes.into_iter().fold(0, u64::saturating_add);
        bytes >= MIN_BYTES
            || bytes >= MIN_TYPED_BYTES && self.end_ns.saturating_sub(self.start_ns) >= TYPED_NS
    }
}

/// Times of work in the order of their starts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Works {
    all: Vec<Work>,
    /// Those that found no room.
    pub(crate) cut: u64,
}

impl Works {
    /// Adds one, or what is newer of a known one.
    pub(crate) fn add(&mut self, work: Work) {
        match self.all.binary_search_by_key(&work.start_ns, |known| known.start_ns) {
            Ok(at) => {
                if let Some(known) = self.all.get_mut(at).filter(|known| known.end_ns <= work.end_ns) {
                    *known = work;
                }
            }
            Err(at) if self.all.len() < MAX_WORKS => self.all.insert(at, work),
            Err(_) => self.cut += 1,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Work> {
        self.all.iter()
    }

    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        self.cut += other.cut;
        other.all.into_iter().for_each(|work| self.add(work));
    }

    /// Swaps the sides.
    pub(crate) fn flip(&mut self) {
        self.all.iter_mut().for_each(Work::flip);
    }
}

impl Work {
    pub(crate) fn flip(&mut self) {
        self.bytes.swap(0, 1);
        self.by_orig = !self.by_orig;
    }
}
