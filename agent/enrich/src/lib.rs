//! Conns and what the wire says beside them, turned into devices, exits and external connections.
//!
//! While packets pass, [`Enrich`] only gathers: who claims which address, who asked for which name,
//! which conns are one relationship. Which end is inside, which gateway is an exit and what the rules
//! make of it is decided once, in [`Enrich::conclude`], when everything is known.
//!
//! | field | unit |
//! |---|---|
//! | times | nanoseconds since the Unix epoch, UTC, from the capture |
//! | `bytes` | octets of IP header and payload |
//!
//! Invariants: no clock, no I/O; every collection has a bound with a count of what it refused; the
//! same conns in the same order give the same analysis, and no order of hash maps reaches it.

#![forbid(unsafe_code)]

mod announced;
mod behaviour;
mod burden;
mod connection;
mod device;
mod each;
mod ends;
mod exit;
mod exported;
mod extra;
mod finish;
mod group;
mod holder;
mod hours;
mod intern;
mod judge;
mod line;
mod locality;
mod names;
mod owner;
mod prefix;
mod reason;
mod relation;
mod roll_up;
mod row;
mod say;
mod station;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use sekisho_api::{Analysis, Capture};
use sekisho_decode::ndp::{NEIGHBOUR_ADVERTISEMENT, Ndp};
use sekisho_decode::{Addr, Arp, Ip, Link, RouteMessage};
use sekisho_recognise::neighbour::Neighbour;
use sekisho_recognise::{Fact, Key, Protocol, Side, Sink};
use sekisho_rules::Rules;
use sekisho_track::{Attention, Conn};

pub use connection::CARRIERS;
pub use extra::{Carrier, Extra};
pub use intern::Marks;
pub use prefix::{NotAPrefix, Prefix};
pub use roll_up::Gathered;

use crate::announced::Announcements;
use crate::behaviour::{Pulse, Scope};
use crate::burden::Burdens;
use crate::finish::Held;
use crate::intern::{TextId, Texts};
use crate::line::Ways;
use crate::names::Resolutions;
use crate::relation::{HOUR_NS, Relations};
use crate::station::Stations;

/// How much is gathered at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Relationships; a day of a large hospital has some 60,000, most of them inside.
    pub relations: usize,
}

impl Default for Bounds {
    /// As many as a hash table of 2^18 buckets holds.
    fn default() -> Self {
        Self { relations: (1 << 18) / 8 * 7 }
    }
}

/// Conns watched packet by packet: some 500 bytes each. A large hospital has a few thousand tunnels and
/// long conns to the outside at once.
const MAX_PULSES: usize = 1 << 14;

/// Protocols whose client opens the conn, always: where the other end asks, the conn is only borrowed.
const CLIENT_OPENS: [&str; 11] =
    ["http", "tls", "ssh", "rdp", "smb", "socks", "ftp", "smtp", "mssql", "mysql", "postgresql"];
/// FTP's server opens conns of files from these ports and still serves in their TLS (RFC 4217 §7).
const FTP_DATA: [u16; 2] = [20, 989];

/// Gathers what passes, and concludes at the end.
#[derive(Debug)]
pub struct Enrich {
    internal: Vec<Prefix>,
    texts: Texts,
    resolutions: Resolutions,
    burdens: Burdens,
    announcements: Announcements,
    stations: Stations,
    ways: Ways,
    relations: Relations,
    /// The tunnel that the last conn out of any came out of: thousands come out of one.
    carrier: Option<Arc<Carrier>>,
    /// Conns watched packet by packet.
    pulses: usize,
    /// Conns that found no room for it.
    pulses_refused: u64,
}

impl Enrich {
    /// Starts with the prefixes that a person said are inside; with none, it will find out.
    #[must_use]
    pub fn new(internal: Vec<Prefix>, bounds: Bounds) -> Self {
        let mut relations = Relations::new(bounds.relations);
        relations.pasts.scope = Scope::new(internal.clone());
        Self {
            internal,
            texts: Texts::default(),
            resolutions: Resolutions::default(),
            burdens: Burdens::default(),
            announcements: Announcements::default(),
            stations: Stations::default(),
            ways: Ways::default(),
            relations,
            carrier: None,
            pulses: 0,
            pulses_refused: 0,
        }
    }

    /// Takes over the prefixes that a person says are inside.
    pub fn declare(&mut self, internal: Vec<Prefix>) {
        self.relations.pasts.scope.declare(internal.clone());
        self.internal = internal;
    }

    /// Takes an ARP packet.
    pub fn arp(&mut self, time_ns: i64, link: &Link, arp: &Arp) {
        self.stations.arp(time_ns, link, arp);
    }

    /// Takes a neighbour discovery message of this ICMPv6 type.
    pub fn ndp(&mut self, time_ns: i64, link: &Link, source: Addr, kind: u8, message: &Ndp) {
        self.stations.ndp(time_ns, link, source, message);
        if kind == NEIGHBOUR_ADVERTISEMENT {
            self.stations.ndp_target(time_ns, link, message);
        }
    }

    /// Takes the sender of a broadcast: it is on this link.
    pub fn broadcast(&mut self, time_ns: i64, link: &Link, source: Addr) {
        self.stations.broadcast(time_ns, link, source);
    }

    /// Takes what a box said of itself over LLDP or CDP.
    pub fn neighbour(&mut self, time_ns: i64, link: &Link, neighbour: &Neighbour<'_>) {
        self.stations.neighbour(time_ns, link, neighbour, &mut self.texts);
    }

    /// Takes a router's message about the way of another packet.
    pub fn route_message(&mut self, time_ns: i64, link: &Link, source: Addr, message: RouteMessage) {
        self.stations.route_message(time_ns, link, source, message);
    }

    /// Takes the first answer to a SYN: what it says of the way that it came.
    pub fn answered(&mut self, time_ns: i64, link: &Link, ip: &Ip<'_>, conn: &Conn<Extra>) {
        if conn.pkts == [1, 1] {
            self.ways.answered(link, ip.src, ip.max_segment(), time_ns - conn.first_ns);
        }
    }

    /// Names a new conn's ends by what DNS answered before, and notes the tunnel it came out of.
    pub fn opened(&mut self, time_ns: i64, link: &Link, conn: &mut Conn<Extra>, carrier: Option<Carrier>) {
        if link.pppoe {
            self.stations.pppoe(time_ns, link);
        }
        if let Some(carrier) = carrier {
            let same = self.carrier.take().filter(|last| **last == carrier);
            let carrier = self.carrier.insert(same.unwrap_or_else(|| Arc::new(carrier)));
            conn.extra.came_in(Arc::clone(carrier));
        }
        let (orig, resp) = (conn.tuple.src, conn.tuple.dst);
        let resolutions = &self.resolutions;
        conn.extra.names = [resolutions.name(time_ns, orig, resp), resolutions.name(time_ns, resp, orig)];
    }

    /// Gives a recogniser somewhere to tell what it learns from this packet.
    pub const fn ears<'a>(&'a mut self, time_ns: i64, vlan: u16, heard: &'a mut Vec<Heard>) -> Ears<'a> {
        Ears { enrich: self, time_ns, vlan, heard }
    }

    /// Keeps with the conn what was heard of it.
    pub fn keep(conn: &mut Conn<Extra>, heard: &mut Vec<Heard>) {
        for Heard(note) in heard.drain(..) {
            conn.extra.note(note);
        }
    }

    /// Takes a packet of a conn that has lived long or is a tunnel: when it came, from whom, how large.
    #[inline]
    pub fn pulse(&mut self, time_ns: i64, conn: &mut Conn<Extra>, from_orig: bool, bytes: u32) {
        if conn.attention == Attention::Grown {
            // The conn has counted this packet, and hands its counts on.
            return self.watch(conn);
        }
        if let Some(pulse) = conn.extra.pulse() {
            pulse.packet(time_ns, from_orig, bytes);
        }
    }

    /// Decides whether a conn's packets are worth watching.
    #[cold]
    fn watch(&mut self, conn: &mut Conn<Extra>) {
        conn.attention = Attention::Ignored;
        let (orig, resp) = (conn.tuple.src, conn.tuple.dst);
        if !conn.held && !self.relations.pasts.scope.may_leave(orig, resp) {
            return;
        }
        if self.pulses >= MAX_PULSES {
            self.pulses_refused += 1;
            return;
        }
        self.pulses += 1;
        conn.attention = Attention::Pulse;
        conn.extra.watch(Pulse::new(conn.first_ns, conn.last_ns, conn.bytes));
    }

    /// Turns a conn round whose protocol says that resp opened it.
    pub fn flip(conn: &mut Conn<Extra>) {
        conn.flip();
        conn.extra.flip();
    }

    /// Notes of a conn whose protocol says that orig serves, though it opened it, that this is odd, where it is:
    /// of protocols whose client always opens the conn.
    pub fn inverse(conn: &mut Conn<Extra>, protocol: &Protocol) {
        let handshake = conn.history().contains('S') && conn.history().contains('h');
        let is_ftp_data = protocol.service == "tls" && FTP_DATA.contains(&conn.tuple.src_port);
        conn.extra.inverse |= handshake && !is_ftp_data && CLIENT_OPENS.contains(&protocol.service);
    }

    /// Takes what is new of a living conn, under the hour that ends, numbered since the epoch.
    pub fn follow(&mut self, conn: &mut Conn<Extra>, hour: i64) {
        self.relations.follow(conn, hour);
    }

    /// Takes conns that ended.
    pub fn ended(&mut self, conns: &mut [Conn<Extra>]) {
        let watched = conns.iter().filter(|conn| conn.attention == Attention::Pulse).count();
        self.pulses = self.pulses.saturating_sub(watched);
        self.relations.add(conns);
    }

    /// Concludes from everything known; reports what is new.
    #[must_use]
    pub fn conclude(&self, capture: Capture, rules: &Rules) -> Analysis {
        finish::analysis(self, Held::Kept(&self.relations), capture, rules)
    }

    /// Concludes once and for all, in less memory.
    #[must_use]
    pub fn finish(mut self, capture: Capture, rules: &Rules) -> Analysis {
        let mut relations = std::mem::replace(&mut self.relations, Relations::new(0));
        self.announcements.settle(&mut relations);
        relations.sort();
        finish::analysis(&self, Held::Given(relations), capture, rules)
    }
}

/// The hour of a time, numbered since the epoch.
#[inline]
#[must_use]
pub const fn hour_of(time_ns: i64) -> i64 {
    time_ns.div_euclid(HOUR_NS)
}

/// The times of an hour numbered since the epoch.
#[must_use]
pub const fn times_of(hour: i64) -> Range<i64> {
    hour.saturating_mul(HOUR_NS)..hour.saturating_add(1).saturating_mul(HOUR_NS)
}

/// A note on its way to its conn.
#[derive(Clone, Copy, Debug)]
pub struct Heard((Side, Key, TextId));

/// Takes what recognisers learn from one packet.
pub struct Ears<'a> {
    enrich: &'a mut Enrich,
    time_ns: i64,
    vlan: u16,
    heard: &'a mut Vec<Heard>,
}

impl Sink for Ears<'_> {
    fn note(&mut self, side: Side, key: Key, value: &str) {
        let id = match key {
            Key::Sni | Key::HttpHost => host(value).and_then(|name| self.enrich.texts.id(&name)),
            _ => self.enrich.texts.id(value),
        };
        self.heard.extend(id.map(|id| Heard((side, key, id))));
    }

    fn fact(&mut self, fact: Fact<'_>) {
        let Self { enrich, time_ns, vlan, .. } = self;
        match fact {
            Fact::Resolved { client, name, address, ttl_s } => {
                if let Some(name) = enrich.texts.id(name) {
                    enrich.resolutions.keep(*time_ns, client, address, name, ttl_s);
                }
            }
            Fact::Burdened { client, server, zone, burden } => {
                enrich.burdens.add(*time_ns, (client, server), zone, &burden, &mut enrich.texts);
            }
            Fact::Named { address, name, source } => {
                enrich.stations.named(address, name, source, &mut enrich.texts);
            }
            Fact::Announced(announced) => enrich.announcements.keep(*time_ns, announced),
            Fact::Lease(lease) => enrich.stations.lease(*time_ns, *vlan, &lease, &mut enrich.texts),
        }
    }
}

/// The name in a host field: lower case, without port and final dot; `None` for an address.
fn host(value: &str) -> Option<Cow<'_, str>> {
    let name = value.rsplit_once(':').map_or(value, |(name, _)| name).trim_end_matches('.');
    let is_address = name.parse::<IpAddr>().is_ok() || value.starts_with('[');
    let lower = || {
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) }
    };
    (!is_address && !name.is_empty()).then(lower)
}

/// A capture time as the analysis shows it; nonsense times stand at the epoch.
fn timestamp(time_ns: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or_default()
}

/// The start of an hour numbered since the epoch.
fn hour(hour: i64) -> Timestamp {
    timestamp(hour.saturating_mul(HOUR_NS))
}
