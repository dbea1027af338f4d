//! Conns that others announced as part of themselves (FTP's data, TFTP's transfers), put to those they belong to.
//!
//! An announcement is believed of what nobody recognises by its content, between the same two ends, at the
//! announced port, and soon. Whatever else two ends may agree upon, what its content tells goes before.
//! Both conns may be seen by different threads, so it is settled where everything comes together.

use foldhash::HashMap;
use sekisho_decode::{Addr, protocol};
use sekisho_recognise::{Announced, Over};

use crate::relation::{Relation, RelationKey, Relations, UNKNOWN_ENCRYPTED};

/// Announcements kept in each of two generations. A night's backup makes some thousands.
const GENERATION: usize = 1 << 14;
/// How long after it was announced a conn may begin (as long as Linux's conntrack and Zeek wait).
const WAIT_NS: i64 = 300 * 1_000_000_000;
/// How much before: two threads, or an exporter's clock.
const EARLY_NS: i64 = 2 * 1_000_000_000;
/// How sure an announcement makes, in percent.
const CONFIDENCE: u8 = 85;

/// The conn that is to come: orig, resp, IP protocol and resp's port.
type Path = (Addr, Addr, u8, u16);

/// An announcement, and when it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announcement {
    time_ns: i64,
    what: Announced,
}

/// What was announced.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    young: HashMap<Path, Announcement>,
    old: HashMap<Path, Announcement>,
    /// Since they were last handed out.
    news: Vec<Announcement>,
}

impl Announcements {
    /// Keeps an announcement.
    pub(crate) fn keep(&mut self, time_ns: i64, what: Announced) {
        let announcement = Announcement { time_ns, what };
        if self.news.len() < GENERATION {
            self.news.push(announcement);
        }
        self.put(announcement);
    }

    /// Keeps an announcement that is no news. The first of equals stays: a conn that was announced again while it
    /// lasts began after the first.
    pub(crate) fn put(&mut self, announcement: Announcement) {
        let Some(path) = path(&announcement.what) else { return };
        if let Some(known) = self.young.get(&path).or_else(|| self.old.get(&path))
            && announcement.time_ns.saturating_sub(known.time_ns).unsigned_abs() <= WAIT_NS.unsigned_abs()
        {
            return;
        }
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(path, announcement);
    }

    /// Hands out the announcements since the last time.
    pub(crate) fn news(&mut self) -> Vec<Announcement> {
        std::mem::take(&mut self.news)
    }

    /// Gives what announced a relationship, if that was announced and nothing else is known of it.
    fn of(&self, key: &RelationKey, relation: &Relation) -> Option<Announced> {
        let untold = key.service.is_none_or(|service| service == UNKNOWN_ENCRYPTED);
        if !untold || relation.tunnel {
            return None;
        }
        let forth = (key.orig, key.resp, key.protocol, key.port);
        let back = relation.either_way.map(|port| (key.resp, key.orig, key.protocol, port));
        let known = |path: &Path| self.young.get(path).or_else(|| self.old.get(path));
        let Announcement { time_ns, what } = [Some(forth), back].iter().flatten().find_map(known)?;
        let after_ns = relation.first_ns.saturating_sub(*time_ns);
        (-EARLY_NS..=WAIT_NS).contains(&after_ns).then_some(*what)
    }

    /// Puts every relationship that was announced to the one that announced it.
    pub(crate) fn settle(&self, relations: &mut Relations) {
        if self.young.is_empty() {
            return;
        }
        let announced = |(key, relation): (&RelationKey, &Relation)| Some((*key, self.of(key, relation)?));
        let all: Vec<(RelationKey, Announced)> = relations.all.iter().filter_map(announced).collect();
        for (key, what) in all {
            let Some(mut relation) = relations.take_out(&key) else { continue };
            let is_client = key.orig == what.client;
            relation.belongs(is_client, what.by_client, CONFIDENCE);
            relations.absorb(key.part_of(&what, is_client), relation);
        }
    }
}

impl RelationKey {
    /// The key of the relationship that announced this.
    fn part_of(self, what: &Announced, is_client: bool) -> Self {
        let Self { mut macs, mut names, .. } = self;
        if !is_client {
            macs.swap(0, 1);
            names.swap(0, 1);
        }
        let (resp, port) = what.server;
        Self { orig: what.client, resp, macs, names, port, service: Some(what.service), ..self }
    }
}

fn path(what: &Announced) -> Option<Path> {
    let Announced { over, client, server: (server, _), by_client, port, .. } = *what;
    let protocol = match over {
        Over::Tcp => protocol::TCP,
        Over::Udp => protocol::UDP,
        Over::Ip(_) => return None,
    };
    let (orig, resp) = if by_client { (client, server) } else { (server, client) };
    Some((orig, resp, protocol, port))
}

#[allow(clippy::unwrap_used, reason = "tests")]
#[cfg(test)]
mod tests {
    use sekisho_decode::MacAddr;

    use super::*;
    use crate::relation::Piece;

    const CLIENT: Addr = Addr::v4([192, 0, 2, 10]);
    const SERVER: Addr = Addr::v4([198, 51, 100, 20]);
    const SECOND: i64 = 1_000_000_000;

    fn announced(by_client: bool, port: u16) -> Announced {
        let server = (SERVER, 21);
        Announced { service: "ftp", over: Over::Tcp, client: CLIENT, server, by_client, port }
    }

    fn mac(addr: Addr) -> MacAddr {
        MacAddr([2, 0, 0, 0, 0, u8::from(addr == CLIENT)])
    }

    /// A conn between the two of 1000 octets from orig and one from resp.
    fn conn(relations: &mut Relations, orig: Addr, port: u16, at_s: i64, service: Option<&'static str>) {
        let resp = if orig == CLIENT { SERVER } else { CLIENT };
        let macs = [mac(orig), mac(resp)];
        let names = [None; 2];
        let key = RelationKey { orig, resp, macs, protocol: 6, port, service, names, exporter: None };
        let piece = Piece {
            first_ns: at_s * SECOND,
            last_ns: at_s * SECOND,
            hour: 0,
            bytes: [1000, 1],
            sessions: 1,
            answered: true,
            vlan: 0,
            to_group: false,
            either_way: None,
        };
        relations.piece(key, &piece);
    }

    #[test]
    fn what_was_announced_is_counted_with_its_control_connection() {
        // (what, announced by the client, opener, port, begins after, content tells, octets of client and server)
        let ours = Some([2000, 2]);
        let cases = [
            ("passive", true, CLIENT, 50_001, 1, None, ours),
            ("active", false, SERVER, 50_001, 1, None, Some([1001, 1001])),
            ("a file that looks encrypted", true, CLIENT, 50_001, 1, Some(UNKNOWN_ENCRYPTED), ours),
            ("told by its content", true, CLIENT, 50_001, 1, Some("openvpn"), None),
            ("another port", true, CLIENT, 50_002, 1, None, None),
            ("the other way round", true, SERVER, 50_001, 1, None, None),
            ("too late", true, CLIENT, 50_001, 301, None, None),
            ("too early", true, CLIENT, 50_001, -9, None, None),
        ];
        for (what, by_client, opener, port, at_s, service, bytes) in cases {
            let mut announcements = Announcements::default();
            announcements.keep(0, announced(by_client, 50_001));
            let mut relations = Relations::new(100);
            conn(&mut relations, CLIENT, 21, -20, Some("ftp"));
            conn(&mut relations, opener, port, at_s, service);
            announcements.settle(&mut relations);
            assert_eq!(relations.all.len(), if bytes.is_some() { 1 } else { 2 }, "{what}");
            let control = relations.all.values().find(|relation| relation.first_ns == -20 * SECOND).unwrap();
            assert_eq!(control.bytes, bytes.unwrap_or([1000, 1]), "{what}");
            assert_eq!((control.sessions, control.conns), (1, 1), "{what}");
            let parts = [bytes.is_some() && by_client, bytes.is_some() && !by_client];
            assert_eq!(control.parts, parts, "{what}");
        }
    }

    #[test]
    fn a_transfer_that_was_turned_round_by_its_ports_is_found_as_well() {
        let mut announcements = Announcements::default();
        // The server opens it, from a port that looks like one to serve at.
        announcements.keep(0, announced(false, 50_618));
        for (turned, rows) in [(Some(50_618), 1), (None, 2), (Some(50_619), 2)] {
            let mut relations = Relations::new(100);
            conn(&mut relations, CLIENT, 21, -20, Some("ftp"));
            conn(&mut relations, CLIENT, 3445, 1, None);
            let transfer = relations.all.values_mut().find(|relation| relation.first_ns == SECOND).unwrap();
            transfer.either_way = turned;
            announcements.settle(&mut relations);
            assert_eq!(relations.all.len(), rows, "{turned:?}");
            let control = relations.all.values().find(|relation| relation.first_ns == -20 * SECOND).unwrap();
            assert_eq!(control.bytes, if rows == 1 { [2000, 2] } else { [1000, 1] }, "{turned:?}");
            assert_eq!(control.parts, [false, rows == 1], "{turned:?}");
        }
    }

    #[test]
    fn a_tunnel_stays_one_whatever_was_announced() {
        let mut announcements = Announcements::default();
        announcements.keep(0, announced(true, 50_001));
        let mut relations = Relations::new(100);
        conn(&mut relations, CLIENT, 50_001, 1, Some(UNKNOWN_ENCRYPTED));
        relations.all.values_mut().for_each(|relation| relation.tunnel = true);
        announcements.settle(&mut relations);
        assert!(relations.all.keys().all(|key| key.service == Some(UNKNOWN_ENCRYPTED)));
    }

    #[test]
    fn a_flood_forgets_the_oldest_and_an_echo_does_not_renew() {
        let mut announcements = Announcements::default();
        for at in 0..5 * GENERATION as u32 {
            announcements.keep(at.into(), announced(at % 2 == 0, (at / 2 % 65_000) as u16));
        }
        assert!(announcements.young.len() + announcements.old.len() <= 2 * GENERATION);
        assert!(announcements.news().len() <= GENERATION && announcements.news().is_empty());
        let mut announcements = Announcements::default();
        announcements.keep(0, announced(true, 50_001));
        announcements.keep(SECOND, announced(true, 50_001));
        assert!(announcements.young.values().all(|known| known.time_ns == 0));
    }
}
