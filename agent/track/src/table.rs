//! The table itself: finds, opens, updates, expires and evicts conns.

use std::hint::black_box;

use sekisho_decode::{Addr, Brief, Fragment, Ip, Link};

use crate::conn::Conn;
use crate::duplicate::{Duplicates, Memory, Same, hop_mark, macs};
use crate::fragment::Fragments;
use crate::index::Index;
use crate::life::oriented;
use crate::places::Places;
use crate::tuple::Tuple;
use crate::wheel::{GROUP, NONE, Wheel};

/// The number of a conn while it lives in the table.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConnId(u32);

/// How large the table may grow.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Conns at once; beyond, those nearest to their timeout are finished early and counted.
    pub max_conns: u32,
}

impl Default for Limits {
    /// A hospital of 2,000 hosts has some 50,000 conns at once; a scan or flood brings a million.
    fn default() -> Self {
        Self { max_conns: 1 << 20 }
    }
}

/// The part of a full table that is made free at once: one in so many.
const EVICTED_SHARE: u32 = 64;

/// What the table did with a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen {
    /// Counted as the first packet of a new conn.
    First,
    /// Counted as a packet of a known conn.
    Known,
    /// Counted as a later fragment of a known conn's datagram: no header, no start of payload.
    Continued,
    /// A copy of a packet that was counted; its hop was noted.
    Duplicate,
}

/// The conn that a packet belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// Its number, good until the next packet.
    pub id: ConnId,
    /// Whether its orig sent the packet.
    pub from_orig: bool,
    /// What was done.
    pub seen: Seen,
}

/// What of a packet is known before the packets ahead of it are counted: its hashes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mark {
    /// The conn's, on the packet's VLAN.
    conn: u64,
    /// The packet's own, the same on every hop.
    packet: u64,
    /// The hop's.
    hop: u32,
}

impl Mark {
    /// That of what belongs to no conn.
    pub const NONE: Self = Self { conn: 0, packet: 0, hop: 0 };

    /// Hashes a packet.
    #[must_use]
    pub fn of(link: &Link, ip: &Ip<'_>) -> Self {
        Self::with(macs(link), link.vlan, &Tuple::of(ip), &Same::of(ip))
    }

    /// Hashes a packet by its brief: to the same.
    #[inline]
    #[must_use]
    pub const fn of_brief(brief: &Brief) -> Self {
        Self::with(brief.macs, brief.vlan, &Tuple::of_brief(brief), &Same::of_brief(brief))
    }

    #[inline]
    const fn with(macs: [u8; 12], vlan: u16, tuple: &Tuple, same: &Same) -> Self {
        let ends = tuple.ends();
        Self { conn: ends.on_vlan(vlan, tuple.protocol), packet: same.mark(ends), hop: hop_mark(macs, vlan) }
    }
}

/// What the table counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Conns opened.
    pub conns: u64,
    /// Packets seen once more.
    pub duplicates: u64,
    /// Conns finished early for want of room.
    pub evicted: u64,
    /// Later fragments whose first was not seen: they belong to no conn.
    pub orphan_fragments: u64,
}

/// The flow table. `X` is what later stages keep with each conn.
#[derive(Debug)]
pub struct Table<X> {
    conns: Places<X>,
    /// The free places among them.
    free: Vec<u32>,
    live: u32,
    index: Index,
    wheel: Wheel,
    duplicates: Duplicates,
    fragments: Fragments,
    limits: Limits,
    counts: Counts,
}

impl<X: Default> Table<X> {
    /// Makes an empty table.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            conns: Places::new(),
            free: Vec::new(),
            live: 0,
            index: Index::new(),
            wheel: Wheel::new(),
            duplicates: Duplicates::new(),
            fragments: Fragments::new(),
            limits,
            counts: Counts::default(),
        }
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Reaches a conn.
    #[inline]
    pub fn conn_mut(&mut self, id: ConnId) -> Option<&mut Conn<X>> {
        self.conns.get_mut(id.0)
    }

    /// Reads what a packet's turn will need first, so that it is in the cache by then: of several packets
    /// the reads overlap, of one after the other they would not.
    #[inline]
    #[must_use]
    pub fn warm_index(&self, mark: &Mark) -> u64 {
        self.index.touch(mark.conn) ^ u64::from(self.duplicates.glance(mark.packet))
    }

    /// Gives what the index has for a packet at a glance: mostly its conn.
    #[inline]
    #[must_use]
    pub fn glance(&self, mark: &Mark) -> u32 {
        self.index.glance(mark.conn)
    }

    /// Goes on from what [`Self::glance`] gave to the conn itself.
    #[inline]
    #[must_use]
    pub fn warm_conn(&self, glance: u32) -> u64 {
        self.conns.get(glance).map_or(0, |conn| conn.last_ns.cast_unsigned() ^ conn.bytes[0])
    }

    /// Gives the conn that [`Self::glance`] gave.
    #[inline]
    #[must_use]
    pub fn peek(&self, glance: u32) -> Option<&Conn<X>> {
        self.conns.get(glance)
    }

    /// Counts a packet of the conn that [`Self::glance`] gave, where nothing is to be found out about it:
    /// on the conn's own VLAN, no copy, and neither this conn's end nor any other's. `None` says that
    /// nothing was done, and that the packet is to go the way of [`Self::packet`].
    ///
    /// The caller has seen to it that the packet opens nothing: no SYN.
    #[expect(
        clippy::inline_always,
        reason = "every packet goes this way, and through memory its arguments take as long as its work"
    )]
    #[inline(always)]
    pub fn again(
        &mut self,
        glance: u32,
        time_ns: i64,
        mark: &Mark,
        brief: &Brief,
    ) -> Option<(ConnId, &mut Conn<X>, bool)> {
        if self.wheel.is_due(time_ns) {
            return None;
        }
        let conn = self.conns.get_mut(glance).filter(|conn| conn.plain && conn.vlan == brief.vlan)?;
        let from_orig = conn.sent_by_orig(&Tuple::of_brief(brief))?;
        let memory = self.duplicates.look(mark.packet, time_ns, mark.hop, brief.ident);
        if memory != Memory::New || conn.is_over(time_ns) {
            return None;
        }
        conn.again(time_ns, from_orig, mark.hop, brief);
        let id = ConnId(glance);
        self.duplicates.remember(mark.packet, time_ns, mark.hop, id);
        Some((id, conn, from_orig))
    }

    /// Takes one packet in; `None` for a later fragment of an unknown datagram. Conns that end by it,
    /// by the time it brings, or for want of room, go to `done`.
    #[inline]
    pub fn packet(
        &mut self,
        time_ns: i64,
        mark: &Mark,
        link: &Link,
        ip: &Ip<'_>,
        done: &mut impl FnMut(Conn<X>),
    ) -> Option<Touch> {
        self.pass(time_ns, done);
        if ip.fragment == Fragment::Later {
            return self.continued(time_ns, ip);
        }
        let tuple = Tuple::of(ip);
        let memory = self.duplicates.look(mark.packet, time_ns, mark.hop, ip.ident);
        if let Memory::Copy(id) = memory
            && let Some(touch) = self.copy(id, &tuple, link, ip.ttl)
        {
            return Some(touch);
        }
        let touch = match self.find(mark.conn, &tuple, link.vlan) {
            Some((number, from_orig)) => self.known(number, from_orig, time_ns, mark, &tuple, link, ip, done),
            None => self.open(time_ns, mark, &tuple, link, ip, done),
        };
        self.duplicates.remember(mark.packet, time_ns, mark.hop, touch.id);
        if ip.fragment == Fragment::First {
            self.fragments.remember(ip, touch.id);
        }
        Some(touch)
    }

    /// Lets time pass; conns that end by it go to `done`.
    #[inline]
    pub fn pass(&mut self, time_ns: i64, done: &mut impl FnMut(Conn<X>)) {
        while let Some(chain) = self.wheel.turn(time_ns) {
            self.expire(chain, time_ns, done);
        }
    }

    /// What the table takes, in bytes, beside what conns keep apart from it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.conns.bytes() + self.index.bytes() + self.wheel.bytes()) as u64
    }

    /// How many conns live, and how many may.
    #[must_use]
    pub const fn fill(&self) -> (u32, u32) {
        (self.live, self.limits.max_conns)
    }

    /// Shows every living conn.
    pub fn each(&mut self, show: impl FnMut(&mut Conn<X>)) {
        self.conns.iter_mut().filter(|conn| conn.live).for_each(show);
    }

    /// Finishes every conn; the table is then as new, but for its counts.
    pub fn finish(&mut self, done: &mut impl FnMut(Conn<X>)) {
        // Every live conn is in one chain.
        for chain in self.wheel.drain() {
            self.release(chain, done);
        }
    }

    /// Finds a packet's conn, and whether its orig sent it.
    #[inline]
    fn find(&self, hash: u64, tuple: &Tuple, vlan: u16) -> Option<(u32, bool)> {
        let mut from_orig = true;
        let number = self.index.find(hash, |number| {
            let Some(conn) = self.conns.get(number) else { return false };
            let Some(by_orig) = conn.sent_by_orig(tuple) else { return false };
            from_orig = by_orig;
            conn.is_on(vlan)
        })?;
        Some((number, from_orig))
    }

    /// A packet of a conn that the index knows: goes on with it, or ends it and starts anew.
    #[expect(clippy::too_many_arguments, reason = "one packet, as it was read, on its way to its conn")]
    #[inline]
    fn known(
        &mut self,
        number: u32,
        from_orig: bool,
        time_ns: i64,
        mark: &Mark,
        tuple: &Tuple,
        link: &Link,
        ip: &Ip<'_>,
        done: &mut impl FnMut(Conn<X>),
    ) -> Touch {
        let id = ConnId(number);
        if let Some(conn) = self.conns.get_mut(number)
            && !conn.is_ended_by(time_ns, ip)
        {
            conn.count(time_ns, from_orig, mark.hop, link, ip);
            return Touch { id, from_orig, seen: Seen::Known };
        }
        self.anew(number, time_ns, mark, tuple, link, ip, done)
    }

    /// Ends a conn and opens one of the same five-tuple in its place.
    #[expect(clippy::too_many_arguments, reason = "one packet, as it was read, on its way to its conn")]
    #[inline(never)]
    fn anew(
        &mut self,
        number: u32,
        time_ns: i64,
        mark: &Mark,
        tuple: &Tuple,
        link: &Link,
        ip: &Ip<'_>,
        done: &mut impl FnMut(Conn<X>),
    ) -> Touch {
        self.counts.conns += 1;
        self.forget(number);
        let (mut opened, from_orig) = oriented(tuple, link.vlan, time_ns, ip);
        opened.count(time_ns, from_orig, mark.hop, link, ip);
        // The place stays where it is in its chain.
        if let Some(conn) = self.conns.get_mut(number) {
            done(std::mem::replace(conn, opened));
        }
        self.index.insert(mark.conn, number);
        Touch { id: ConnId(number), from_orig, seen: Seen::First }
    }

    #[inline(never)]
    fn open(
        &mut self,
        time_ns: i64,
        mark: &Mark,
        tuple: &Tuple,
        link: &Link,
        ip: &Ip<'_>,
        done: &mut impl FnMut(Conn<X>),
    ) -> Touch {
        if self.live >= self.limits.max_conns {
            self.make_room(done);
        }
        self.counts.conns += 1;
        self.live += 1;
        let (mut opened, from_orig) = oriented(tuple, link.vlan, time_ns, ip);
        opened.count(time_ns, from_orig, mark.hop, link, ip);
        let number = self.free.pop().unwrap_or_else(|| self.conns.next());
        self.wheel.add(opened.deadline_ns(), number);
        match self.conns.get_mut(number) {
            Some(place) => *place = opened,
            None => self.conns.push(opened),
        }
        self.index.insert(mark.conn, number);
        Touch { id: ConnId(number), from_orig, seen: Seen::First }
    }

    /// A packet that was counted on another hop, or twice on this one.
    #[inline(never)]
    fn copy(&mut self, id: ConnId, tuple: &Tuple, link: &Link, ttl: u8) -> Option<Touch> {
        let conn = self.conns.get_mut(id.0).filter(|conn| conn.live)?;
        let from_orig = conn.sent_by_orig(tuple)?;
        let known_vlan = conn.is_on(link.vlan);
        let side = usize::from(!from_orig);
        let kept = conn.hops.get_mut(side).is_some_and(|hops| hops.add(link, ttl));
        self.counts.duplicates += 1;
        if kept && !known_vlan {
            // From now on a packet whose first copy the mirror lost is still of this conn.
            self.index.insert(tuple.hash(link.vlan), id.0);
        }
        Some(Touch { id, from_orig, seen: Seen::Duplicate })
    }

    fn continued(&mut self, time_ns: i64, ip: &Ip<'_>) -> Option<Touch> {
        let found = self.fragments.conn_of(ip).and_then(|id| {
            let conn = self.conns.get_mut(id.0).filter(|conn| conn.live)?;
            let from_orig = conn.tuple.src == ip.src;
            let same = |a: Addr, b: Addr| conn.tuple.src == a && conn.tuple.dst == b;
            if !same(ip.src, ip.dst) && !same(ip.dst, ip.src) {
                return None;
            }
            let side = usize::from(!from_orig);
            conn.last_ns = conn.last_ns.max(time_ns);
            conn.pkts.get_mut(side).map(|pkts| *pkts += 1)?;
            conn.bytes.get_mut(side).map(|bytes| *bytes += u64::from(ip.wire_len))?;
            Some(Touch { id, from_orig, seen: Seen::Continued })
        });
        if found.is_none() {
            self.counts.orphan_fragments += 1;
        }
        found
    }

    /// Looks at the conns of a slot whose second has come.
    fn expire(&mut self, chain: u32, time_ns: i64, done: &mut impl FnMut(Conn<X>)) {
        let (mut chain, mut group, mut over) = (chain, [NONE; GROUP], [NONE; GROUP]);
        while chain != NONE {
            let numbers = self.wheel.follow(&mut chain, &mut group);
            black_box(numbers.iter().fold(0, |all, number| all ^ self.warm_conn(*number)));
            let mut free = over.iter_mut();
            for number in numbers {
                let Some(conn) = self.conns.get_mut(*number) else { continue };
                conn.not_after(time_ns);
                if conn.deadline_ns() >= time_ns {
                    conn.grow();
                    self.wheel.add(conn.deadline_ns(), *number);
                } else if let Some(place) = free.next() {
                    *place = *number;
                }
            }
            let free = free.len();
            self.end(over.get(..GROUP - free).unwrap_or_default(), done);
        }
    }

    /// Ends the conns nearest to their timeout: a share of the table at once, so that looking for them
    /// costs each new conn little.
    #[cold]
    fn make_room(&mut self, done: &mut impl FnMut(Conn<X>)) {
        let target = self.limits.max_conns - (self.limits.max_conns / EVICTED_SHARE).max(1);
        // Conns whose deadline has moved on since they were placed are put back, then held ones; both
        // as often as there are conns at the most, then whatever is nearest goes.
        let (mut moved, mut held) = (self.live, self.live);
        while self.live > target {
            let Some((due_ns, mut chain)) = self.wheel.soonest() else { return };
            let mut group = [NONE; GROUP];
            while chain != NONE {
                for number in self.wheel.follow(&mut chain, &mut group) {
                    let Some(conn) = self.conns.get(*number) else { continue };
                    let deadline_ns = conn.deadline_ns();
                    let patience = if conn.held { &mut held } else { &mut moved };
                    let spared = *patience > 0 && (conn.held || deadline_ns > due_ns);
                    if spared || self.live <= target {
                        *patience = patience.saturating_sub(1);
                        self.wheel.add(deadline_ns, *number);
                    } else {
                        self.counts.evicted += 1;
                        self.end(&[*number], done);
                    }
                }
            }
        }
    }

    fn release(&mut self, mut chain: u32, done: &mut impl FnMut(Conn<X>)) {
        let mut group = [NONE; GROUP];
        while chain != NONE {
            let numbers = self.wheel.follow(&mut chain, &mut group);
            black_box(numbers.iter().fold(0, |all, number| all ^ self.warm_conn(*number)));
            self.end(numbers, done);
        }
    }

    /// Gives conns away and their places back.
    fn end(&mut self, numbers: &[u32], done: &mut impl FnMut(Conn<X>)) {
        let conns = numbers.iter().filter_map(|number| self.conns.get(*number));
        let entries = conns.map(|conn| self.index.touch(conn.tuple.hash(conn.vlan)) ^ conn.warm_hops());
        black_box(entries.fold(0, |all, one| all ^ one));
        for number in numbers {
            self.forget(*number);
            if let Some(conn) = self.conns.get_mut(*number) {
                done(std::mem::replace(conn, Conn::vacant()));
                self.free.push(*number);
                self.live -= 1;
            }
        }
    }

    /// Takes a conn out of the index, under every VLAN it was seen on.
    fn forget(&mut self, number: u32) {
        let Some(conn) = self.conns.get(number) else { return };
        for vlan in conn.vlans() {
            self.index.remove(conn.tuple.hash(vlan), number);
        }
    }
}
