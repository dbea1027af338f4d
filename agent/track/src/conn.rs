//! One conn: who, when, how much, by which hops, in which state.

use sekisho_decode::{Addr, Link, MacAddr, flag};

use crate::tuple::Tuple;

/// Hops kept each way: the client's VLAN, a transit VLAN, and one between.
const MAX_HOPS: usize = 1 + MORE_HOPS;
/// Hops kept each way beside the first, which is the only one of most conns.
const MORE_HOPS: usize = 2;
/// Letters of a history: six a side, each at most once, and `^`.
const MAX_HISTORY: usize = 13;

/// A bidirectional record. `X` is what later stages keep with it.
///
/// A packet of a known conn reads and writes the first 128 bytes, two cache lines that the processor
/// fetches together; the order of the fields is what it is for that.
#[derive(Clone, Debug)]
#[repr(C, align(128))]
pub struct Conn<X> {
    /// From orig to resp.
    pub tuple: Tuple,
    /// Time of the last packet.
    pub last_ns: i64,
    /// The last hop's mark of packets from orig, and of packets from resp; 0 for none.
    hop_marks: [u32; 2],
    /// IP octets from orig and from resp.
    pub bytes: [u64; 2],
    /// Packets from orig and from resp.
    pub pkts: [u64; 2],
    /// Time of the first packet.
    pub first_ns: i64,
    /// The innermost VLAN of the first packet, 0 where untagged.
    pub vlan: u16,
    pub(crate) flags: [u8; 2],
    pub(crate) history: History,
    /// Whether it outlives flow timeouts: set for tunnel sessions.
    pub held: bool,
    /// What later stages want of its next packet.
    pub attention: Attention,
    /// Whether this place in the table is taken.
    pub(crate) live: bool,
    /// Whether it is by a conn whose packets may be counted by their briefs: they carry no packets of others, and
    /// none goes to all hosts of its network.
    pub(crate) plain: bool,
    /// The link-layer hops of packets from orig, and of packets from resp.
    pub hops: [Hops; 2],
    /// The later stages' own.
    pub extra: X,
}

/// What later stages want of a conn's packets.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Attention {
    /// What they carry.
    Content,
    /// Nothing, until the conn has lived long.
    Settled,
    /// Nothing any more.
    Ignored,
    /// To decide about it: it has lived long.
    Grown,
    /// When they come, how large, and from whom.
    Pulse,
}

/// What a TCP conn came to, in Zeek's words (`conn_state`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Attempt seen, no reply.
    S0,
    /// Established, not terminated.
    S1,
    /// Established, terminated by both.
    Sf,
    /// Attempt rejected.
    Rej,
    /// Established, orig has closed, resp has not.
    S2,
    /// Established, resp has closed, orig has not.
    S3,
    /// Established, orig aborted.
    Rsto,
    /// Established, resp aborted.
    Rstr,
    /// Orig sent a SYN, then a RST; resp never answered.
    Rstos0,
    /// Resp sent a SYN-ACK, then a RST; orig's SYN was not seen.
    Rstrh,
    /// Orig sent a SYN, then a FIN; resp never answered.
    Sh,
    /// Resp sent a SYN-ACK, then a FIN; orig's SYN was not seen.
    Shr,
    /// No SYN seen: picked up in the middle, or not TCP.
    Oth,
}

impl State {
    /// Gives Zeek's name.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::Sf => "SF",
            Self::Rej => "REJ",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::Rsto => "RSTO",
            Self::Rstr => "RSTR",
            Self::Rstos0 => "RSTOS0",
            Self::Rstrh => "RSTRH",
            Self::Sh => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }
}

impl<X> Conn<X> {
    /// Tells what a TCP conn came to; `Oth` for every other protocol.
    #[must_use]
    pub fn state(&self) -> State {
        let [orig, resp] = self.flags;
        let has = |flags: u8, bit: u8| flags & bit != 0;
        let (syn, syn_ack) = (has(orig, flag::SYN), has(resp, flag::SYN));
        let (orig_fin, resp_fin) = (has(orig, flag::FIN), has(resp, flag::FIN));
        let (orig_rst, resp_rst) = (has(orig, flag::RST), has(resp, flag::RST));
        match (syn, syn_ack) {
            (true, true) if orig_rst => State::Rsto,
            (true, true) if resp_rst => State::Rstr,
            (true, true) if orig_fin && resp_fin => State::Sf,
            (true, true) if orig_fin => State::S2,
            (true, true) if resp_fin => State::S3,
            (true, false) if resp_rst => State::Rej,
            (true, false) if orig_rst => State::Rstos0,
            (true, false) if orig_fin => State::Sh,
            (true, false) => State::S0,
            (false, true) if resp_rst => State::Rstrh,
            (false, true) if resp_fin => State::Shr,
            (true | false, true) => State::S1,
            (false, false) => State::Oth,
        }
    }

    /// Gives Zeek's history: `S` SYN, `H` SYN-ACK, `A` ACK, `D` data, `F` FIN, `R` RST; upper case from
    /// orig, lower case from resp; `^` where the first packet was resp's.
    #[must_use]
    pub fn history(&self) -> &str {
        self.history.as_str()
    }

    /// Tells whether a handshake told who opened the conn.
    #[inline]
    #[must_use]
    pub const fn has_handshake(&self) -> bool {
        (self.flags[0] | self.flags[1]) & flag::SYN != 0
    }

    /// Tells whether both sides were heard.
    #[inline]
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.pkts[0] > 0 && self.pkts[1] > 0
    }

    /// Takes orig for resp and resp for orig: a later packet told the direction.
    pub fn flip(&mut self) {
        self.tuple = self.tuple.reversed();
        self.pkts.swap(0, 1);
        self.bytes.swap(0, 1);
        self.hops.swap(0, 1);
        self.hop_marks.swap(0, 1);
        self.flags.swap(0, 1);
        self.history.flip();
    }

    /// Tells which side sent a packet; `None` if it is not of this conn.
    #[inline]
    pub(crate) fn sent_by_orig(&self, tuple: &Tuple) -> Option<bool> {
        // Both are asked at once: which it is, no processor can foresee.
        let (by_orig, by_resp) = (self.tuple.differs_from_src(tuple), self.tuple.differs_from_dst(tuple));
        let same = by_orig.min(by_resp) | self.tuple.differs_as_pair(tuple) == 0;
        same.then_some(by_orig == 0)
    }

    /// Tells whether the conn was seen on this VLAN.
    #[inline]
    pub(crate) fn is_on(&self, vlan: u16) -> bool {
        self.vlan == vlan || self.hopped_on(vlan)
    }

    #[cold]
    fn hopped_on(&self, vlan: u16) -> bool {
        self.hops.iter().any(|hops| hops.iter().any(|hop| hop.vlan == vlan))
    }

    /// Keeps the hop of a counted packet, its link and time to live; `mark` names it.
    #[inline]
    pub(crate) fn hop(&mut self, side: usize, mark: u32, hop: impl FnOnce() -> (Link, u8)) {
        if self.hop_marks.get(side) != Some(&mark) {
            let (link, ttl) = hop();
            self.other_hop(side, mark, &link, ttl);
        }
    }

    #[inline(never)]
    fn other_hop(&mut self, side: usize, mark: u32, link: &Link, ttl: u8) {
        if let Some(last) = self.hop_marks.get_mut(side) {
            *last = mark;
        }
        // A new VLAN would have to be indexed; only a copy of a counted packet proves that it is the
        // same conn there.
        if self.is_on(link.vlan)
            && let Some(hops) = self.hops.get_mut(side)
        {
            hops.add(link, ttl);
        }
    }

    /// Reads what is kept of its hops, so that it is in the cache by then.
    pub(crate) fn warm_hops(&self) -> u64 {
        self.hops.iter().map(|hops| u64::from(hops.len)).sum()
    }

    /// The VLANs under which the index knows the conn, each once.
    pub(crate) fn vlans(&self) -> impl Iterator<Item = u16> {
        let mut vlans = [self.vlan; 1 + 2 * MAX_HOPS];
        let hops = self.hops.iter().flat_map(Hops::iter);
        for (place, hop) in vlans.iter_mut().skip(1).zip(hops) {
            *place = hop.vlan;
        }
        vlans.sort_unstable();
        let mut last = None;
        vlans.into_iter().filter(move |vlan| last.replace(*vlan) != Some(*vlan))
    }
}

/// A link-layer hop of one direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hop {
    /// Who sent the frame.
    pub src: MacAddr,
    /// Who was to take it.
    pub dst: MacAddr,
    /// The VLAN, 0 where untagged.
    pub vlan: u16,
    /// Time to live on this hop: the smaller, the nearer to the receiver.
    pub ttl: u8,
}

/// The hops of one direction, at most three; more are not kept, for the first two tell the exit.
#[derive(Clone, Debug, Default)]
pub struct Hops {
    first: Hop,
    len: u8,
    more: Option<Box<[Hop; MORE_HOPS]>>,
}

impl Hops {
    /// Gives the hops in the order they were first seen.
    pub fn iter(&self) -> impl Iterator<Item = &Hop> {
        std::iter::once(&self.first)
            .chain(self.more.iter().flat_map(|more| more.iter()))
            .take(usize::from(self.len))
    }

    /// The hop nearest to the receiver.
    #[must_use]
    pub fn last(&self) -> Option<&Hop> {
        // Of hops with one time to live the later seen is the nearer.
        self.iter().reduce(|best, hop| if hop.ttl <= best.ttl { hop } else { best })
    }

    /// The hop nearest to the sender.
    #[must_use]
    pub fn first(&self) -> Option<&Hop> {
        self.iter().reduce(|best, hop| if hop.ttl > best.ttl { hop } else { best })
    }

    /// Keeps a hop if it is new; tells whether it was kept now.
    pub(crate) fn add(&mut self, link: &Link, ttl: u8) -> bool {
        let same = |hop: &Hop| hop.src == link.src && hop.dst == link.dst && hop.vlan == link.vlan;
        if self.iter().any(same) {
            return false;
        }
        let hop = Hop { src: link.src, dst: link.dst, vlan: link.vlan, ttl };
        match usize::from(self.len) {
            0 => self.first = hop,
            len => {
                let more = self.more.get_or_insert_default();
                let Some(place) = more.get_mut(len - 1) else { return false };
                *place = hop;
            }
        }
        self.len += 1;
        true
    }
}

/// The letters of a conn's history, each at most once a side; zeros after the last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History([u8; MAX_HISTORY]);

impl History {
    fn len(self) -> usize {
        self.0.iter().position(|letter| *letter == 0).unwrap_or(MAX_HISTORY)
    }

    pub(crate) fn as_str(&self) -> &str {
        let letters = self.0.get(..self.len()).unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or_default()
    }

    pub(crate) fn add(&mut self, letter: u8, from_orig: bool) {
        let letter = if from_orig { letter } else { letter.to_ascii_lowercase() };
        if self.0.contains(&letter) {
            return;
        }
        if let Some(place) = self.0.iter_mut().find(|place| **place == 0) {
            *place = letter;
        }
    }

    fn flip(&mut self) {
        for letter in &mut self.0 {
            *letter ^= if letter.is_ascii_alphabetic() { 0x20 } else { 0 };
        }
        let [first, ..] = &mut self.0;
        if *first == b'^' {
            *first = 0;
            self.0.rotate_left(1);
        } else if self.len() < MAX_HISTORY {
            self.0.rotate_right(1);
            let [first, ..] = &mut self.0;
            *first = b'^';
        }
    }
}

impl<X: Default> Conn<X> {
    /// A free place in the table.
    pub(crate) fn vacant() -> Self {
        let tuple =
            Tuple { src: Addr::UNSPECIFIED, dst: Addr::UNSPECIFIED, src_port: 0, dst_port: 0, protocol: 0 };
        Self { live: false, plain: false, ..Self::opened(tuple, 0, 0) }
    }

    pub(crate) fn opened(tuple: Tuple, vlan: u16, time_ns: i64) -> Self {
        Self {
            tuple,
            last_ns: time_ns,
            hop_marks: [0; 2],
            bytes: [0; 2],
            pkts: [0; 2],
            first_ns: time_ns,
            vlan,
            flags: [0; 2],
            history: History::default(),
            held: false,
            attention: Attention::Content,
            live: true,
            plain: tuple.is_plain(),
            hops: [Hops::default(), Hops::default()],
            extra: X::default(),
        }
    }
}
