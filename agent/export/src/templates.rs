//! The layouts one exporter has announced, and the data that wait for one.
//!
//! Over UDP an exporter sends its templates again every few minutes (RFC 7011 §8.4): data that come
//! before theirs wait here, a bounded number of bytes of them, and are read when it comes.

use std::collections::{BTreeMap, VecDeque};

use crate::moment::Moment;
use crate::template::{Dialect, Template};

/// More than any exporter keeps; the largest routers announce a few dozen a line card.
pub(crate) const MAX_TEMPLATES: usize = 512;

/// What the templates of one exporter may hold, in bytes: 90 of the largest, or all of usual size.
const MAX_TEMPLATE_BYTES: usize = 256 * 1024;

/// What may wait for templates at one exporter, in bytes: about 90 datagrams.
const MAX_WAITING_BYTES: usize = 128 * 1024;

/// A layout's own bookkeeping and its place in the map, in bytes.
const TEMPLATE_OVERHEAD_BYTES: usize = 128;

/// A waiting set's own bookkeeping, in bytes.
const WAITING_OVERHEAD_BYTES: usize = 128;

/// A layout is known by the standard, the observation domain (v9: source id) and its id.
pub(crate) type Key = (Dialect, u32, u16);

/// Everything one exporter has announced.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    known: BTreeMap<Key, Known>,
    template_bytes: usize,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Counts uses, to tell which layout was used longest ago.
    clock: u64,
    pub(crate) evicted: u64,
    pub(crate) redefined: u64,
    pub(crate) waiting_dropped: u64,
}

#[derive(Debug)]
struct Known {
    template: Template,
    used: u64,
}

/// A data set whose template has not come.
#[derive(Debug)]
pub(crate) struct Waiting {
    key: Key,
    pub(crate) moment: Moment,
    pub(crate) bytes: Box<[u8]>,
}

impl Templates {
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) const fn held_bytes(&self) -> usize {
        self.template_bytes + self.waiting_bytes
    }

    /// Finds the layout of a data set.
    pub(crate) fn find(&mut self, key: Key) -> Option<&Template> {
        self.clock += 1;
        let known = self.known.get_mut(&key)?;
        known.used = self.clock;
        Some(&known.template)
    }

    /// Takes a layout in; another one by the same name is void from here on (RFC 7011 §8.1).
    pub(crate) fn define(&mut self, key: Key, template: Template) {
        self.clock += 1;
        if let Some(known) = self.known.get_mut(&key) {
            known.used = self.clock;
            if known.template == template {
                return;
            }
            self.redefined += 1;
        }
        self.withdraw(key);
        self.template_bytes += held_bytes(&template);
        self.known.insert(key, Known { template, used: self.clock });
        while self.known.len() > MAX_TEMPLATES || self.template_bytes > MAX_TEMPLATE_BYTES {
            self.make_room();
        }
    }

    /// Forgets those used longest ago, several at once: who announces without end pays for few looks
    /// through the others.
    #[cold]
    fn make_room(&mut self) {
        let mut by_use: Vec<_> = self.known.iter().map(|(key, known)| (known.used, *key)).collect();
        by_use.sort_unstable();
        for (_, key) in by_use.into_iter().take(self.known.len().div_ceil(8)) {
            self.withdraw(key);
            self.evicted += 1;
        }
    }

    /// Forgets one layout.
    pub(crate) fn withdraw(&mut self, key: Key) {
        if let Some(known) = self.known.remove(&key) {
            self.template_bytes -= held_bytes(&known.template);
        }
    }

    /// Forgets the layouts of an observation domain: all, or those of flows or of options alone.
    pub(crate) fn withdraw_all(&mut self, dialect: Dialect, domain: u32, is_options: Option<bool>) {
        let is_void = |known: &Known| is_options.is_none_or(|options| options == known.template.is_options);
        let mut freed = 0;
        self.known.retain(|key, known| {
            let keep = (key.0, key.1) != (dialect, domain) || !is_void(known);
            freed += if keep { 0 } else { held_bytes(&known.template) };
            keep
        });
        self.template_bytes -= freed;
    }

    /// Lets a data set wait for its layout; the longest waiting make room.
    pub(crate) fn wait(&mut self, key: Key, moment: Moment, bytes: &[u8]) {
        self.waiting_bytes += bytes.len() + WAITING_OVERHEAD_BYTES;
        self.waiting.push_back(Waiting { key, moment, bytes: bytes.into() });
        while self.waiting_bytes > MAX_WAITING_BYTES {
            let Some(dropped) = self.waiting.pop_front() else { return };
            self.waiting_bytes -= dropped.bytes.len() + WAITING_OVERHEAD_BYTES;
            self.waiting_dropped += 1;
        }
    }

    /// Lets nothing wait any more; it was dropped.
    pub(crate) fn forget_waiting(&mut self) {
        self.waiting_dropped += self.waiting.len() as u64;
        self.waiting.clear();
        self.waiting_bytes = 0;
    }

    /// Gives the next set that has waited for this layout.
    pub(crate) fn next_waiting(&mut self, key: Key) -> Option<Waiting> {
        let index = self.waiting.iter().position(|waiting| waiting.key == key)?;
        let waiting = self.waiting.remove(index)?;
        self.waiting_bytes -= waiting.bytes.len() + WAITING_OVERHEAD_BYTES;
        Some(waiting)
    }
}

fn held_bytes(template: &Template) -> usize {
    template.held_bytes() + TEMPLATE_OVERHEAD_BYTES
}
