//! When to look at which conn again: a hashed timer wheel of one-second slots, lazily kept.
//!
//! A packet does not touch the wheel. A slot's conns are looked at when their second comes; one that
//! had traffic since is put back where its new deadline lies.

/// Slots of one second. A deadline further away is looked at when the wheel comes round, so a conn
/// that closes long before its old deadline is gone within a minute.
const SLOTS: i64 = 64;
/// Nanoseconds in a slot.
const SLOT_NS: i64 = 1_000_000_000;
/// Time that lies further back than this may have been set back; less is packets out of order.
pub(crate) const SET_BACK_NS: i64 = SLOTS * SLOT_NS;
/// How often in a row time has to lie so far back until it is believed. In a capture of two clocks it goes to
/// and fro with every packet: each way forth would have all conns looked at.
const SET_BACK_LOOKS: u32 = 128;
/// The end of a slot's chain.
pub(crate) const NONE: u32 = u32::MAX;
/// Conns of a chain that are looked at together.
pub(crate) const GROUP: usize = 32;

/// Chains of conn numbers, one a slot.
#[derive(Debug)]
pub(crate) struct Wheel {
    heads: Vec<u32>,
    /// What follows each conn in its chain. They lie apart from the conns, so that who goes along a chain
    /// knows the next conns without having to wait for this one.
    links: Vec<u32>,
    /// The second up to which slots were emptied.
    now: i64,
    /// When the second after it begins; the beginning of time while none was seen.
    due_ns: i64,
    started: bool,
    /// How often in a row time was found to lie far back.
    set_back: u32,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self {
            heads: vec![NONE; SLOTS as usize],
            links: Vec::new(),
            now: 0,
            due_ns: i64::MIN,
            started: false,
            set_back: 0,
        }
    }

    fn slot(second: i64) -> usize {
        second.rem_euclid(SLOTS) as usize
    }

    /// Puts a conn where its deadline lies.
    pub(crate) fn add(&mut self, deadline_ns: i64, conn: u32) {
        // The slot's second must be over before it is looked at.
        let second = deadline_ns.div_euclid(SLOT_NS).saturating_add(1);
        if second < self.now.saturating_sub(SLOTS) {
            // Even its deadline is long over: time may have been set back, which the next turn finds out.
            self.due_ns = i64::MIN;
        }
        let latest = self.now.saturating_add(SLOTS - 1);
        let second = second.clamp(self.now.saturating_add(1), latest);
        let Some(head) = self.heads.get_mut(Self::slot(second)) else { return };
        let place = conn as usize;
        if self.links.len() <= place {
            self.links.resize(place + 1, NONE);
        }
        if let Some(link) = self.links.get_mut(place) {
            *link = std::mem::replace(head, conn);
        }
    }

    /// Goes along a chain: gives its next conns, and moves past them. They may be put elsewhere then.
    pub(crate) fn follow<'a>(&self, chain: &mut u32, group: &'a mut [u32; GROUP]) -> &'a [u32] {
        let mut count = 0;
        for place in &mut *group {
            let Some(next) = self.links.get(*chain as usize) else { break };
            *place = std::mem::replace(chain, *next);
            count += 1;
        }
        group.get(..count).unwrap_or_default()
    }

    /// What it takes, in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.links.capacity() * size_of::<u32>()
    }

    /// Tells whether time has moved on by a slot or more.
    #[inline]
    pub(crate) const fn is_due(&self, time_ns: i64) -> bool {
        time_ns >= self.due_ns
    }

    /// Moves time on by one slot at the most; gives the slot's chain, or `None` when up to date.
    #[inline]
    pub(crate) fn turn(&mut self, time_ns: i64) -> Option<u32> {
        if self.is_due(time_ns) { self.step(time_ns.div_euclid(SLOT_NS)) } else { None }
    }

    #[cold]
    fn step(&mut self, second: i64) -> Option<u32> {
        if !self.started {
            self.started = true;
            self.set(second);
            return None;
        }
        // At the end of time there is no second after this one. After a time that was set back, every slot
        // comes round within a turn of the wheel.
        if second <= self.now {
            self.set_back = if second < self.now.saturating_sub(SLOTS) { self.set_back + 1 } else { 0 };
            match self.set_back {
                0 => self.set(self.now),
                SET_BACK_LOOKS.. => self.set(second),
                _ => {}
            }
            return None;
        }
        // After a gap longer than the wheel every slot is due, once.
        self.set((self.now + 1).max(second.saturating_sub(SLOTS - 1)));
        Some(self.take(Self::slot(self.now)))
    }

    fn set(&mut self, second: i64) {
        self.set_back = 0;
        self.now = second;
        self.due_ns = (second + 1).saturating_mul(SLOT_NS);
    }

    fn take(&mut self, slot: usize) -> u32 {
        self.heads.get_mut(slot).map_or(NONE, |head| std::mem::replace(head, NONE))
    }

    /// Empties every slot and forgets the time.
    pub(crate) fn drain(&mut self) -> Vec<u32> {
        self.started = false;
        self.due_ns = i64::MIN;
        self.heads.iter_mut().map(|head| std::mem::replace(head, NONE)).filter(|head| *head != NONE).collect()
    }

    /// Takes the chain that is due soonest, for making room; gives the time it is due at, too.
    pub(crate) fn soonest(&mut self) -> Option<(i64, u32)> {
        (1..SLOTS).find_map(|ahead| {
            let second = self.now.saturating_add(ahead);
            let chain = self.take(Self::slot(second));
            (chain != NONE).then_some((second.saturating_mul(SLOT_NS), chain))
        })
    }
}
