//! Conns that are the same relationship, added up as they end.

use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use sekisho_decode::{Addr, MacAddr, protocol};
use sekisho_recognise::Cipher;
use sekisho_track::{Conn, State};
use smallvec::SmallVec;

use crate::behaviour::{self, Past, Pasts};
use crate::extra::{Carrier, Extra, Note, Notes};
use crate::hours::Hours;
use crate::intern::{Marks, TextId};

/// Distinct notes kept with one relationship.
const MAX_RELATION_NOTES: usize = 320;
/// Nanoseconds in an hour.
pub(crate) const HOUR_NS: i64 = 3_600 * 1_000_000_000;
/// The service of what no protocol knows and what looks encrypted.
pub(crate) const UNKNOWN_ENCRYPTED: &str = "unknown-encrypted";
/// Conns whose relationships are looked for together.
const TOGETHER: usize = 32;
/// How long a living conn may be unrecognised before it is told as it is.
const UNDECIDED_NS: i64 = 30 * 1_000_000_000;

/// What makes conns one relationship before anybody knows which end is inside.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct RelationKey {
    pub(crate) orig: Addr,
    pub(crate) resp: Addr,
    /// The hardware addresses on the hops nearest to each end.
    pub(crate) macs: [MacAddr; 2],
    pub(crate) protocol: u8,
    pub(crate) port: u16,
    /// The recognised protocol's slug.
    pub(crate) service: Option<&'static str>,
    /// The names of orig and of resp: what resp was called when it was reached, or what DNS said.
    pub(crate) names: [Option<TextId>; 2],
    /// The address of the flow exporter that told of it; `None` where its packets were seen.
    pub(crate) exporter: Option<TextId>,
}

impl RelationKey {
    /// Orig and resp, by which keys are ordered first: most differ in them.
    pub(crate) const fn ends(&self) -> (Addr, Addr) {
        (self.orig, self.resp)
    }
}

/// A flow as an exporter tells of it, on its way to its relationship.
pub(crate) struct Piece {
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
    /// Under which its octets are booked, numbered since the epoch.
    pub(crate) hour: i64,
    pub(crate) bytes: [u64; 2],
    pub(crate) sessions: u64,
    pub(crate) answered: bool,
    pub(crate) vlan: u16,
    pub(crate) to_group: bool,
    /// Orig's port, where the ports do not tell which end opened it.
    pub(crate) either_way: Option<u16>,
}

/// What its conns add up to. Index 0 is orig's, 1 is resp's.
///
/// What every conn adds to stands together, behind the key; what few reach for comes last.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Relation {
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
    /// Conns since it was last reported.
    pub(crate) sessions: u64,
    /// Conns ever.
    pub(crate) conns: u64,
    /// Octets since it was last reported.
    pub(crate) bytes: [u64; 2],
    /// What it did over time, where that is worth keeping.
    pub(crate) past: Option<Box<Past>>,
    pub(crate) vlans: [u16; 2],
    pub(crate) confidence: u8,
    pub(crate) tunnel: bool,
    /// How encrypted it looks, where no protocol knows it.
    pub(crate) cipher: Option<Cipher>,
    /// The most that looked like handshakes inside one of its conns.
    pub(crate) handshakes: u8,
    /// Whether both sides were heard in any of its conns.
    pub(crate) answered: bool,
    /// Whether resp's name was looked up rather than said in the handshake.
    pub(crate) looked_up: bool,
    /// Whether anything was sent that recognisers could look at.
    pub(crate) looked_at: bool,
    /// Whether frames went to a group address: what is said there stays on the link.
    pub(crate) to_group: bool,
    /// Orig's port as it was last, where it is not known which end opened it: an exporter's, whose ports do not tell,
    /// or of datagrams that were turned by their ports.
    pub(crate) either_way: Option<u16>,
    /// Whether conns that it announced are counted with it: opened by orig, by resp.
    pub(crate) parts: [bool; 2],
    /// Whether resp asked and orig served in any of its conns.
    pub(crate) inverse: bool,
    /// Whether there is anything that was not reported yet.
    pub(crate) news: bool,
    /// Its octets since it was last reported by hour, numbered since the epoch, in order.
    pub(crate) hours: Hours,
    pub(crate) notes: Notes,
    /// Whose packets it came in, if it came out of a tunnel.
    pub(crate) carrier: Option<Arc<Carrier>>,
}

/// Relationships by their keys, side by side in the order in which they began. A table that held them in
/// its buckets would be half empty, and each time it grew would stand beside its elder with all in both.
pub(crate) type ByKey = IndexMap<RelationKey, Relation, RandomState>;

/// All relationships.
#[derive(Debug)]
pub(crate) struct Relations {
    pub(crate) all: ByKey,
    bound: usize,
    /// Conns that found no room.
    pub(crate) refused: u64,
    pub(crate) pasts: Pasts,
}

impl Relations {
    pub(crate) fn new(bound: usize) -> Self {
        Self { all: ByKey::default(), bound, refused: 0, pasts: Pasts::default() }
    }

    /// Adds a flow that an exporter tells of.
    pub(crate) fn piece(&mut self, key: RelationKey, piece: &Piece) {
        let relation = Relation {
            first_ns: piece.first_ns,
            last_ns: piece.last_ns,
            sessions: piece.sessions,
            conns: piece.sessions,
            bytes: piece.bytes,
            hours: Hours::of(piece.hour, piece.bytes.into_iter().fold(0, u64::saturating_add)),
            notes: Notes::new(),
            carrier: None,
            past: None,
            vlans: [piece.vlan; 2],
            confidence: 0,
            tunnel: false,
            cipher: None,
            handshakes: 0,
            answered: piece.answered,
            looked_up: true,
            looked_at: false,
            to_group: piece.to_group,
            either_way: piece.either_way,
            inverse: false,
            parts: [false; 2],
            news: true,
        };
        self.absorb(key, relation);
    }

    /// Puts relationships in the order of their ends: whoever goes through them in order then finds each behind
    /// the one before, where memory is read ahead.
    pub(crate) fn sort(&mut self) {
        self.all.sort_by_cached_key(|key, _| key.ends());
    }

    /// Gives everything away.
    pub(crate) fn take(&mut self) -> ByKey {
        self.pasts.kept = 0;
        std::mem::take(&mut self.all)
    }

    /// Takes one out.
    pub(crate) fn take_out(&mut self, key: &RelationKey) -> Option<Relation> {
        let relation = self.all.swap_remove(key)?;
        self.pasts.kept = self.pasts.kept.saturating_sub(usize::from(relation.past.is_some()));
        Some(relation)
    }

    /// Takes in what another has.
    pub(crate) fn absorb(&mut self, key: RelationKey, mut relation: Relation) {
        if let Some(known) = self.all.get_mut(&key) {
            known.absorb(relation, &key, &mut self.pasts);
        } else if self.has_room(relation.answered) {
            self.pasts.admit(&mut relation);
            self.all.insert(key, relation);
        } else {
            self.refused += relation.sessions;
        }
    }

    /// Takes what there is as reported, and forgets what was last seen `known_ns` before or after now.
    pub(crate) fn told(&mut self, now_ns: i64, known_ns: i64) {
        self.refused = 0;
        self.pasts.refused = 0;
        self.all.retain(|_, relation| {
            if let Some(past) = &mut relation.past {
                past.told();
            }
            relation.sessions = 0;
            relation.bytes = [0; 2];
            relation.hours = Hours::default();
            relation.news = false;
            relation.last_ns.abs_diff(now_ns) <= known_ns.unsigned_abs()
        });
        self.pasts.kept = self.all.values().filter(|relation| relation.past.is_some()).count();
    }

    /// Marks the texts that relationships refer to.
    pub(crate) fn texts(&self, marks: &mut Marks) {
        for (key, relation) in &self.all {
            let noted = relation.notes.iter().map(|(_, _, text)| *text);
            key.names
                .into_iter()
                .flatten()
                .chain(key.exporter)
                .chain(noted)
                .for_each(|text| marks.mark(text));
        }
    }

    /// A scan opens a relationship with every probe: it may take half the room, no more.
    fn has_room(&self, answered: bool) -> bool {
        self.all.len() < if answered { self.bound } else { self.bound / 2 }
    }

    /// Adds what is new of a living conn, booked under an hour numbered since the epoch. One that is
    /// young and may still be recognised is left for later.
    pub(crate) fn follow(&mut self, conn: &mut Conn<Extra>, hour: i64) {
        let undecided = conn.extra.inspection.is_undecided() && conn.last_ns - conn.first_ns < UNDECIDED_NS;
        if !undecided && (conn.bytes != conn.extra.told || !conn.extra.counted) {
            let key = key(conn);
            self.tell(conn, hour, false, key, None);
        }
    }

    /// Adds what is new of ended conns.
    pub(crate) fn add(&mut self, conns: &mut [Conn<Extra>]) {
        for conns in conns.chunks_mut(TOGETHER) {
            // Each is looked for before any is added to: the reads from memory overlap.
            let keys: SmallVec<[_; TOGETHER]> = conns.iter().map(key).collect();
            let places: SmallVec<[_; TOGETHER]> = keys.iter().map(|key| self.all.get_index_of(key)).collect();
            for ((conn, key), place) in conns.iter_mut().zip(keys).zip(places) {
                self.tell(conn, conn.last_ns.div_euclid(HOUR_NS), true, key, place);
            }
        }
    }

    /// Adds what is new of a conn to its relationship, which stands at `place` if it was looked for.
    fn tell(
        &mut self,
        conn: &mut Conn<Extra>,
        hour: i64,
        ended: bool,
        key: RelationKey,
        place: Option<usize>,
    ) {
        let news = [0, 1].map(|side: usize| {
            let of = |sums: &[u64; 2]| sums.get(side).copied().unwrap_or(0);
            of(&conn.bytes).saturating_sub(of(&conn.extra.told))
        });
        conn.extra.told = conn.bytes;
        let uncounted = !std::mem::replace(&mut conn.extra.counted, true);
        let recognised = conn.extra.inspection.protocol();
        let cipher = conn.extra.inspection.cipher();
        let answered = is_answered(conn);
        let to_group = is_to_group(conn);
        let (_, looked_up) = conn.extra.names();
        let room = self.has_room(answered);
        let Some(place) = place.or_else(|| self.place(key, conn, room)) else {
            self.refused += 1;
            return;
        };
        let Some((key, relation)) = self.all.get_index_mut(place) else { return };
        let report = conn.extra.report(conn.first_ns, conn.last_ns, ended);
        let piece = behaviour::Piece {
            first_ns: conn.first_ns,
            last_ns: conn.last_ns,
            hour,
            bytes: news,
            begins: uncounted,
            lasted_ns: report.as_ref().map_or(0, |(_, lasted_ns)| *lasted_ns),
            open: !conn.is_closed(),
        };
        if let Some(past) = self.pasts.of(relation, key, &piece, report.is_some()) {
            past.conn(&piece, report.map(|(report, _)| report));
        }
        relation.news = true;
        relation.first_ns = relation.first_ns.min(conn.first_ns);
        relation.last_ns = relation.last_ns.max(conn.last_ns);
        relation.sessions += u64::from(uncounted);
        relation.conns += u64::from(uncounted);
        relation.answered |= answered;
        relation.either_way = either_way(conn);
        relation.to_group &= to_group;
        for (sum, bytes) in relation.bytes.iter_mut().zip(news) {
            *sum = sum.saturating_add(bytes);
        }
        relation.hours.book(hour, news.into_iter().fold(0, u64::saturating_add));
        for note in conn.extra.notes() {
            relation.note(*note);
        }
        if let Some((protocol, confidence)) = recognised {
            relation.confidence = relation.confidence.max(confidence);
            relation.tunnel |= protocol.tunnel;
        } else if let Some(cipher) = cipher {
            relation.encrypted(Some(cipher), conn.extra.inspection.handshakes());
        }
        relation.inverse |= conn.extra.inverse;
        relation.looked_up &= looked_up;
        relation.looked_at |= conn.extra.inspection.has_looked();
    }

    /// Gives where a conn's relationship stands, which begins with it if there is room for another.
    fn place(&mut self, key: RelationKey, conn: &Conn<Extra>, room: bool) -> Option<usize> {
        if !room {
            return self.all.get_index_of(&key);
        }
        let entry = self.all.entry(key);
        let place = entry.index();
        entry.or_insert_with(|| Relation {
            vlans: [vlan(conn, 0), vlan(conn, 1)],
            first_ns: conn.first_ns,
            last_ns: conn.last_ns,
            sessions: 0,
            conns: 0,
            answered: false,
            bytes: [0; 2],
            hours: Hours::default(),
            notes: Notes::new(),
            confidence: 0,
            tunnel: false,
            cipher: None,
            handshakes: 0,
            looked_up: conn.extra.names().1,
            carrier: conn.extra.carrier(),
            past: None,
            looked_at: false,
            to_group: is_to_group(conn),
            either_way: None,
            inverse: false,
            parts: [false; 2],
            news: true,
        });
        Some(place)
    }
}

/// Gives orig's port of a conn that was turned round only because its ports look like a server's and a client's.
fn either_way(conn: &Conn<Extra>) -> Option<u16> {
    let turned = conn.tuple.protocol == protocol::UDP && conn.history().contains('^');
    turned.then_some(conn.tuple.src_port)
}

/// The relationship that a conn is of.
fn key(conn: &Conn<Extra>) -> RelationKey {
    let inspection = &conn.extra.inspection;
    let recognised = inspection.protocol().map(|(protocol, _)| protocol.service);
    RelationKey {
        orig: conn.tuple.src,
        resp: conn.tuple.dst,
        macs: [mac(conn, 0), mac(conn, 1)],
        protocol: conn.tuple.protocol,
        port: conn.tuple.dst_port,
        service: recognised.or_else(|| inspection.cipher().map(|_| UNKNOWN_ENCRYPTED)),
        names: conn.extra.names().0,
        exporter: None,
    }
}

impl Relation {
    fn absorb(&mut self, mut other: Self, key: &RelationKey, pasts: &mut Pasts) {
        pasts.join(self, &mut other, key);
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        self.sessions = self.sessions.saturating_add(other.sessions);
        self.conns = self.conns.saturating_add(other.conns);
        for (sum, bytes) in self.bytes.iter_mut().zip(other.bytes) {
            *sum = sum.saturating_add(bytes);
        }
        for (hour, bytes) in other.hours.iter() {
            self.hours.book(*hour, *bytes);
        }
        for note in other.notes {
            self.note(note);
        }
        self.confidence = self.confidence.max(other.confidence);
        self.tunnel |= other.tunnel;
        self.encrypted(other.cipher, other.handshakes);
        self.answered |= other.answered;
        self.looked_up &= other.looked_up;
        self.looked_at |= other.looked_at;
        self.to_group &= other.to_group;
        self.either_way = self.either_way.and(other.either_way);
        self.parts = [self.parts[0] || other.parts[0], self.parts[1] || other.parts[1]];
        self.inverse |= other.inverse;
        self.news |= other.news;
    }

    /// Becomes a part of the relationship that announced it, and no session of its own: turned round where orig is
    /// the announcing one's server.
    pub(crate) fn belongs(&mut self, is_client: bool, by_client: bool, confidence: u8) {
        if !is_client {
            self.bytes.swap(0, 1);
            self.vlans.swap(0, 1);
            self.notes.iter_mut().for_each(|(side, _, _)| *side = side.peer());
            self.past.iter_mut().for_each(|past| past.flip());
        }
        self.parts = [by_client, !by_client];
        (self.sessions, self.conns) = (0, 0);
        (self.cipher, self.handshakes, self.either_way) = (None, 0, None);
        self.confidence = confidence;
    }

    fn encrypted(&mut self, cipher: Option<Cipher>, handshakes: u8) {
        let Some(cipher) = cipher else { return };
        let cipher = self.cipher.map_or(cipher, |known| known.max(cipher));
        self.cipher = Some(cipher);
        self.confidence = cipher.confidence();
        self.handshakes = self.handshakes.max(handshakes);
        self.tunnel |= handshakes > 0;
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() < MAX_RELATION_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// Tells whether both sides are there: both were heard, or one goes on sending data over TCP, which it
/// cannot do alone.
fn is_answered(conn: &Conn<Extra>) -> bool {
    let tcp = conn.tuple.protocol == protocol::TCP;
    let probe = tcp && matches!(conn.state(), State::S0 | State::Rej);
    let one_sided_data = tcp && conn.history().contains('D');
    one_sided_data || conn.is_answered() && !probe
}

/// Tells whether it was said to everybody. A multicast hardware address alone does not tell: clustered
/// gateways bear one.
fn is_to_group(conn: &Conn<Extra>) -> bool {
    let broadcast = conn.hops[0].iter().any(|hop| hop.dst == MacAddr([0xff; 6]));
    conn.tuple.dst.is_group() || broadcast && !conn.is_answered()
}

/// The hardware address nearest to an end: whom the last hop towards it went to, else whom the first
/// hop from it came from. Towards goes first, for a virtual router answers under its own address but
/// sends under its box's (RFC 9568 §8.1).
fn mac(conn: &Conn<Extra>, end: usize) -> MacAddr {
    let [from_orig, from_resp] = &conn.hops;
    let (from, towards) = if end == 0 { (from_orig, from_resp) } else { (from_resp, from_orig) };
    let towards = towards.last().map(|hop| hop.dst).filter(|mac| !mac.is_zero() && !mac.is_group());
    let from = from.first();
    // A mirror lost the last hop towards the end where the first hop from it comes to the same router.
    let lost = from.is_some_and(|hop| towards == Some(hop.dst));
    towards.filter(|_| !lost).or_else(|| from.map(|hop| hop.src)).unwrap_or(MacAddr::ZERO)
}

/// The VLAN nearest to an end.
fn vlan(conn: &Conn<Extra>, end: usize) -> u16 {
    let [from_orig, from_resp] = &conn.hops;
    let (from, towards) = if end == 0 { (from_orig, from_resp) } else { (from_resp, from_orig) };
    from.first().or_else(|| towards.last()).map_or(conn.vlan, |hop| hop.vlan)
}
