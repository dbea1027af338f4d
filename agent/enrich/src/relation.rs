//! Conns that are the same relationship, added up as they end.

use std::collections::HashMap;

use sekisho_decode::{Addr, MacAddr, protocol};
use sekisho_recognise::{Inspection, Key, Side};
use sekisho_track::{Conn, State};

use crate::intern::TextId;

/// Relationships kept; a day of a large hospital has some 60,000, most of them inside.
const MAX_RELATIONS: usize = 1 << 18;
/// Notes kept with one conn: an association proposes up to 64 SOP classes, and as many are accepted.
const MAX_NOTES: usize = 160;
/// Distinct notes kept with one relationship.
const MAX_RELATION_NOTES: usize = 320;
/// Hours kept with one relationship: a year's. Times in a capture can be anything.
const MAX_HOURS: usize = 24 * 366;
/// Nanoseconds in an hour.
pub(crate) const HOUR_NS: i64 = 3_600 * 1_000_000_000;

/// What enrichment and recognition keep with each conn of the flow table.
#[derive(Debug, Default)]
pub struct Extra {
    /// The recogniser's state.
    pub inspection: Inspection,
    pub(crate) notes: Vec<Note>,
    /// The outside end's name by DNS when the conn opened: of resp, and of orig.
    pub(crate) names: [Option<TextId>; 2],
    /// Whose packets the conn's came in, if it came out of a tunnel opened on the way.
    pub(crate) carrier: Option<Carrier>,
    /// Octets already put into `hours`.
    rolled: u64,
    hours: Vec<(i64, u64)>,
}

/// The ends of a tunnel.
pub type Carrier = (Addr, Addr);

/// Something a recogniser noted about one end.
pub(crate) type Note = (Side, Key, TextId);

impl Extra {
    pub(crate) fn note(&mut self, note: Note) {
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Follows a conn whose direction turned out to be the other.
    pub(crate) fn flip(&mut self) {
        for (side, _, _) in &mut self.notes {
            *side = side.peer();
        }
        self.names.swap(0, 1);
        self.inspection.flip();
    }
}

/// Books the octets since the last time under an hour, numbered since the epoch.
pub(crate) fn roll(conn: &mut Conn<Extra>, hour: i64) {
    let [orig, resp] = conn.bytes;
    let total = orig.saturating_add(resp);
    let news = total.saturating_sub(conn.extra.rolled);
    if news > 0 {
        conn.extra.rolled = total;
        conn.extra.hours.push((hour, news));
    }
}

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
}

/// What its conns add up to. Index 0 is orig's, 1 is resp's.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that have nothing to do with each other")]
pub(crate) struct Relation {
    pub(crate) vlans: [u16; 2],
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
    pub(crate) sessions: u64,
    /// Conns in which both sides were heard.
    pub(crate) answered: u64,
    pub(crate) bytes: [u64; 2],
    /// Octets by hour, numbered since the epoch, in order.
    pub(crate) hours: Vec<(i64, u64)>,
    pub(crate) notes: Vec<Note>,
    pub(crate) confidence: u8,
    pub(crate) tunnel: bool,
    /// Whether resp's name was looked up rather than said in the handshake.
    pub(crate) looked_up: bool,
    /// Whose packets it came in, if it came out of a tunnel.
    pub(crate) carrier: Option<Carrier>,
    /// Whether anything was sent that recognisers could look at.
    pub(crate) looked_at: bool,
    /// Whether frames went to a group address: what is said there stays on the link.
    pub(crate) to_group: bool,
}

/// All relationships.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    pub(crate) all: HashMap<RelationKey, Relation>,
    /// Conns that found no room.
    pub(crate) refused: u64,
}

impl Relations {
    /// Adds an ended conn.
    pub(crate) fn add(&mut self, conn: &mut Conn<Extra>) {
        let last_hour = conn.last_ns.div_euclid(HOUR_NS);
        roll(conn, last_hour);
        let recognised = conn.extra.inspection.protocol();
        let (names, looked_up) = names(conn);
        let answered = is_answered(conn);
        let to_group = is_to_group(conn);
        let key = RelationKey {
            orig: conn.tuple.src,
            resp: conn.tuple.dst,
            macs: [mac(conn, 0), mac(conn, 1)],
            protocol: conn.tuple.protocol,
            port: conn.tuple.dst_port,
            service: recognised.map(|(protocol, _)| protocol.service),
            names,
        };
        // A scan opens a relationship with every probe: it may take half the room, no more.
        let bound = if answered { MAX_RELATIONS } else { MAX_RELATIONS / 2 };
        if self.all.len() >= bound && !self.all.contains_key(&key) {
            self.refused += 1;
            return;
        }
        let relation = self.all.entry(key).or_insert_with(|| Relation {
            vlans: [vlan(conn, 0), vlan(conn, 1)],
            first_ns: conn.first_ns,
            last_ns: conn.last_ns,
            sessions: 0,
            answered: 0,
            bytes: [0; 2],
            hours: Vec::new(),
            notes: Vec::new(),
            confidence: 0,
            tunnel: false,
            looked_up,
            carrier: conn.extra.carrier,
            looked_at: false,
            to_group,
        });
        relation.first_ns = relation.first_ns.min(conn.first_ns);
        relation.last_ns = relation.last_ns.max(conn.last_ns);
        relation.sessions += 1;
        relation.answered += u64::from(answered);
        relation.to_group &= to_group;
        for (sum, bytes) in relation.bytes.iter_mut().zip(conn.bytes) {
            *sum = sum.saturating_add(bytes);
        }
        for (hour, bytes) in &conn.extra.hours {
            relation.book(*hour, *bytes);
        }
        for note in &conn.extra.notes {
            if relation.notes.len() < MAX_RELATION_NOTES && !relation.notes.contains(note) {
                relation.notes.push(*note);
            }
        }
        if let Some((protocol, confidence)) = recognised {
            relation.confidence = relation.confidence.max(confidence);
            relation.tunnel |= protocol.tunnel;
        }
        relation.looked_up &= looked_up;
        relation.looked_at |= conn.extra.inspection.has_looked();
    }
}

impl Relation {
    fn book(&mut self, hour: i64, bytes: u64) {
        match self.hours.binary_search_by_key(&hour, |(other, _)| *other) {
            Ok(at) => {
                if let Some((_, sum)) = self.hours.get_mut(at) {
                    *sum = sum.saturating_add(bytes);
                }
            }
            Err(at) if self.hours.len() < MAX_HOURS => self.hours.insert(at, (hour, bytes)),
            Err(_) => {}
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

/// The names of orig and of resp: resp's is what the handshake says, before what DNS said when the
/// conn opened. Tells as well whether resp's was only looked up.
fn names(conn: &Conn<Extra>) -> ([Option<TextId>; 2], bool) {
    let noted = |wanted: Key| {
        let found = conn.extra.notes.iter().find(|(side, key, _)| *side == Side::Orig && *key == wanted);
        found.map(|(_, _, text)| *text)
    };
    let said = noted(Key::Sni).or_else(|| noted(Key::HttpHost));
    let [of_resp, of_orig] = conn.extra.names;
    ([of_orig, said.or(of_resp)], said.is_none())
}

/// The hardware address nearest to an end: whom the last hop towards it went to, else whom the first
/// hop from it came from. Towards goes first, for a virtual router answers under its own address but
/// sends under its box's (RFC 9568 §8.1).
fn mac(conn: &Conn<Extra>, end: usize) -> MacAddr {
    let [from_orig, from_resp] = &conn.hops;
    let (from, towards) = if end == 0 { (from_orig, from_resp) } else { (from_resp, from_orig) };
    let towards = towards.last().map(|hop| hop.dst).filter(|mac| !mac.is_zero() && !mac.is_group());
    towards.or_else(|| from.first().map(|hop| hop.src)).unwrap_or(MacAddr::ZERO)
}

/// The VLAN nearest to an end.
fn vlan(conn: &Conn<Extra>, end: usize) -> u16 {
    let [from_orig, from_resp] = &conn.hops;
    let (from, towards) = if end == 0 { (from_orig, from_resp) } else { (from_resp, from_orig) };
    from.first().or_else(|| towards.last()).map_or(conn.vlan, |hop| hop.vlan)
}
