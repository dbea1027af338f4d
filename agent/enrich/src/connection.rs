//! External connections: relationships with one end inside, judged and grouped.
//!
//! One row is one inside device × outside party × service × exit. The party is the registrable domain
//! of the name it was reached under (vendors' relays have many addresses), else its address.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sekisho_api::{CATEGORIES, Connection, Endpoint, Evidence, GENERAL_INTERNET, Initiator, Inside, Outside};
use sekisho_decode::{Addr, MacAddr, protocol};
use sekisho_recognise::{Key, Over, PROTOCOLS, Protocol};
use sekisho_rules::{Facts, Field, Rules, Subject};

use crate::device::{Profile, Profiles};
use crate::exit::Exits;
use crate::finish::Known;
use crate::group::{Group, GroupKey, Groups};
use crate::judge::{self, Judgement};
use crate::relation::{Carrier, Relation, RelationKey};
use crate::say;

/// Protocols that carry other services: a rule that knows the service behind goes before them.
const CARRIERS: [&str; 5] = ["tls", "dtls", "quic", "http", "unknown"];

/// Notes that name the side that was called.
const OF_RESP: [Key; 5] = [Key::Sni, Key::HttpHost, Key::CertName, Key::CertSubject, Key::CertIssuer];

/// A relationship with one end inside.
pub(crate) struct External<'a> {
    pub(crate) key: &'a RelationKey,
    pub(crate) relation: &'a Relation,
    /// Whether orig is the end inside.
    pub(crate) orig_inside: bool,
}

impl External<'_> {
    fn ends<T: Copy>(&self, orig: T, resp: T) -> (T, T) {
        if self.orig_inside { (orig, resp) } else { (resp, orig) }
    }

    pub(crate) fn inside(&self) -> Addr {
        self.ends(self.key.orig, self.key.resp).0
    }

    pub(crate) fn outside(&self) -> Addr {
        self.ends(self.key.orig, self.key.resp).1
    }

    /// The gateway that carried it on the last hop seen.
    pub(crate) fn exit(&self) -> Option<MacAddr> {
        let [orig, resp] = self.key.macs;
        Some(self.ends(orig, resp).1).filter(|mac| !mac.is_zero())
    }

    pub(crate) fn initiator(&self) -> Initiator {
        if self.orig_inside { Initiator::Inside } else { Initiator::Outside }
    }

    /// Octets out of the hospital and into it.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let [orig, resp] = self.relation.bytes;
        self.ends(orig, resp)
    }

    /// The VLAN of the end inside, where tagged.
    pub(crate) fn vlan(&self) -> Option<u16> {
        let [orig, resp] = self.relation.vlans;
        Some(self.ends(orig, resp).0).filter(|vlan| *vlan != 0)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { transport: transport(self.key.protocol).into_owned(), port: self.key.port }
    }
}

/// The relationships that leave the site, and how many were left out: knocks from outside that nobody
/// answered, of which the Internet has thousands a day, and what runs inside a tunnel that is a row itself.
pub(crate) fn external<'a>(known: &Known<'a>) -> (Vec<External<'a>>, LeftOut) {
    let crosses = |a: Addr, b: Addr| known.locality.is_inside(a) != known.locality.is_inside(b);
    let leaves = |(key, relation): &(&'a RelationKey, &'a Relation)| {
        let local = |address: Addr| address.is_group() || address.is_link_local();
        let stays = relation.to_group || local(key.orig) || local(key.resp) || !crosses(key.orig, key.resp);
        let orig_inside = known.locality.is_inside(key.orig);
        (!stays).then_some(External { key, relation, orig_inside })
    };
    let mut left_out = LeftOut::default();
    for (key, relation) in &known.relations {
        let unicast = |address: Addr| {
            !address.is_group() && !address.is_link_local() && !known.locality.is_inside(address)
        };
        let beside =
            unicast(key.orig) && unicast(key.resp) && !relation.to_group && relation.carrier.is_none();
        left_out.beside += if beside { relation.sessions } else { 0 };
    }
    let mut all: Vec<External<'a>> = known.relations.iter().filter_map(leaves).collect();
    all.retain(|external| {
        let in_tunnel = external.relation.carrier.as_deref().is_some_and(|(a, b)| crosses(*a, *b));
        left_out.in_tunnels += if in_tunnel { external.relation.sessions } else { 0 };
        !in_tunnel
    });
    let carriers: BTreeSet<Carrier> =
        known.relations.iter().filter_map(|(_, relation)| relation.carrier.as_deref().copied()).collect();
    let carries = |key: &RelationKey| {
        carriers.contains(&(key.orig, key.resp)) || carriers.contains(&(key.resp, key.orig))
    };
    // A mirror that shows one direction only shows no answers at all: then nothing is left out.
    let answers_seen = all.iter().any(|external| external.relation.answered);
    all.retain(|external| {
        let says = external.relation.answered || external.key.service.is_some();
        let open = external.orig_inside || says || carries(external.key);
        let knock = answers_seen && !open;
        left_out.knocks += if knock { external.relation.sessions } else { 0 };
        !knock
    });
    (all, left_out)
}

/// Conns that have no row of their own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LeftOut {
    /// Unanswered calls from outside.
    pub(crate) knocks: u64,
    /// Conns inside a tunnel that leaves the site.
    pub(crate) in_tunnels: u64,
    /// Conns with neither end inside: what is inside was told incompletely, or this is transit.
    pub(crate) beside: u64,
}

/// The rows of the analysis: the connections of which there are news.
pub(crate) fn rows(
    known: &Known<'_>,
    profiles: &Profiles,
    exits: &Exits,
    external: &[External<'_>],
    rules: &Rules,
) -> Vec<Connection> {
    let mut groups = Groups::default();
    for external in external {
        let device = known.owners.device(external.inside());
        let view = View { external, known, profile: profiles.get(&device), exits };
        let finding = view.finding(rules);
        let name = view.name();
        let key = GroupKey {
            device,
            v4: external.inside().is_v4(),
            party: name.map_or_else(|| external.outside().to_string(), party),
            service: finding.service.clone(),
            exit: external.exit(),
        };
        groups.add(key, name, external, finding);
    }
    groups.join_nameless();
    let mut rows: Vec<Connection> = groups
        .into_iter()
        .filter(|(_, group)| group.news)
        .map(|(key, group)| row(known, profiles, exits, key, group))
        .collect();
    rows.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| ends(a).cmp(&ends(b))));
    rows
}

/// What a row is of, for a lasting order among equals.
fn ends(row: &Connection) -> [&str; 3] {
    [&row.inside.ip, &row.outside.ip, &row.service].map(String::as_str)
}

/// What people look at first: tunnels, then the study's categories in its order, then what has none, and
/// the general Internet last.
fn order(row: &Connection) -> (bool, usize) {
    let category = row.category.as_deref();
    let rank = CATEGORIES.iter().position(|slug| Some(*slug) == category).unwrap_or(match category {
        Some(GENERAL_INTERNET) => CATEGORIES.len() + 1,
        _ => CATEGORIES.len(),
    });
    (!row.tunnel, rank)
}

fn row(known: &Known<'_>, profiles: &Profiles, exits: &Exits, key: GroupKey, group: Group) -> Connection {
    let profile = profiles.get(&key.device);
    let inside = group.inside();
    let endpoints = group.endpoints();
    let first = endpoints.first().cloned().unwrap_or(Endpoint { transport: "ip".to_owned(), port: 0 });
    let (first_ns, last_ns) = group.span();
    let hours = group.hours().map(|(hour, bytes)| (crate::hour(hour), bytes)).collect();
    let mut evidence = group.evidence;
    judge::order(&mut evidence);
    Connection {
        number: None,
        service: key.service,
        transport: first.transport,
        port: first.port,
        endpoints,
        initiator: if group.opened[0] >= group.opened[1] { Initiator::Inside } else { Initiator::Outside },
        inside: Inside {
            ip: inside.to_string(),
            mac: known.owners.mac(inside).map(|mac| mac.to_string()),
            vlan: group.vlan,
            name: profile.and_then(|profile| profile.names.first().cloned()),
            role: profile.and_then(|profile| profile.role.clone()),
            vendor: profile.and_then(|profile| profile.vendor.clone()),
        },
        outside: Outside {
            ip: group.outside.best().map_or_else(String::new, Addr::to_string),
            ips: group.outside.keys().map(Addr::to_string).collect(),
            name: group.names.best().cloned(),
            org: group.org,
            country: None,
            asn: None,
        },
        exit: key.exit.and_then(|mac| Some(exits.get(&mac)?.of_connection(mac, inside))),
        tunnel: group.tunnel,
        category: group.category.map(|(category, _)| category),
        status: "unregistered".to_owned(),
        first_seen: crate::timestamp(first_ns),
        last_seen: crate::timestamp(last_ns),
        sessions: group.sessions,
        bytes_out: group.bytes.0,
        bytes_in: group.bytes.1,
        hours,
        beacon: None,
        exporters: group.exporters.into_iter().collect(),
        evidence,
    }
}

/// What one relationship was found to be.
pub(crate) struct Finding {
    pub(crate) service: String,
    pub(crate) tunnel: bool,
    pub(crate) category: Option<(String, u8)>,
    pub(crate) org: Option<String>,
    /// The flow exporters that tell of it.
    pub(crate) exporters: Vec<String>,
    pub(crate) evidence: Vec<Evidence>,
}

/// A relationship with everything around it.
struct View<'a> {
    external: &'a External<'a>,
    known: &'a Known<'a>,
    profile: Option<&'a Profile>,
    exits: &'a Exits,
}

impl<'a> View<'a> {
    fn name(&self) -> Option<&'a str> {
        let [orig, resp] = self.external.key.names;
        self.external.ends(orig, resp).1.map(|name| self.known.texts.text(name))
    }

    fn finding(&self, rules: &'a Rules) -> Finding {
        let (wire, wire_tunnel, reason) = self.wire();
        let judgement = Judgement::of(rules, Subject::Connection, self.facts(wire, wire_tunnel));
        let by_rule =
            judgement.service.filter(|_| CARRIERS.contains(&wire) || self.external.key.service.is_none());
        let looked_up = self.external.relation.looked_up || !self.external.orig_inside;
        let mut evidence = judgement.evidence;
        evidence.push(reason);
        evidence.extend(self.name().map(|name| say::named(name, looked_up)));
        let exporters: Vec<String> = (self.known.confirmed.exporters(self.external.key))
            .map(|exporter| self.known.texts.text(exporter).to_owned())
            .collect();
        evidence.extend(
            exporters.first().map(|_| say::exported(&exporters, self.external.key.exporter.is_none())),
        );
        Finding {
            exporters,
            service: by_rule.unwrap_or_else(|| wire.to_owned()),
            tunnel: wire_tunnel || judgement.tunnel.unwrap_or(false),
            category: judgement.category,
            org: judgement.org,
            evidence,
        }
    }

    /// The service that the wire shows, whether it is a tunnel, and why: content, else the port alone.
    fn wire(&self) -> (&'static str, bool, Evidence) {
        let (key, relation) = (self.external.key, self.external.relation);
        let transport = transport(key.protocol);
        if let Some(service) = key.service {
            let reason = say::by_content(service, &transport, key.port, relation.confidence);
            return (service, relation.tunnel, reason);
        }
        // What was sent and fits no protocol does not become one by its port.
        if let Some(protocol) = usual(key.protocol, key.port).filter(|_| !relation.looked_at) {
            let service = protocol.service;
            if key.exporter.is_none() {
                return (service, false, say::by_port(service, &transport, key.port));
            }
            // An exporter never tells more: better a tunnel that is none than one that is overlooked.
            let by_number = key.port == 0;
            return (service, protocol.tunnel, say::by_export(service, &transport, key.port, by_number));
        }
        let service =
            if matches!(key.protocol, protocol::ICMP | protocol::ICMPV6) { "icmp" } else { "unknown" };
        (service, false, say::unknown(&transport, key.port, relation.answered))
    }

    fn facts<'f>(&self, service: &'f str, tunnel: bool) -> Facts<'f>
    where
        'a: 'f,
    {
        let external = self.external;
        let mut facts = Facts::default();
        facts
            .add(Field::Service, service)
            .add(Field::Tunnel, if tunnel { "true" } else { "false" })
            .add(Field::Transport, transport(external.key.protocol))
            .add(Field::Port, external.key.port.to_string())
            .add(Field::Initiator, external.initiator().slug())
            .add(Field::OutsideAddress, external.outside().to_string());
        if let Some(name) = self.name() {
            facts.add(Field::Name, name);
        }
        for (_, key, text) in &external.relation.notes {
            // Who is called from outside bears the hospital's own names.
            let own_name = !external.orig_inside && OF_RESP.contains(key);
            if let Some(field) = judge::field(*key).filter(|_| !own_name) {
                facts.add(field, self.known.texts.text(*text));
            }
        }
        let mut add = |field: Field, value: Option<&'a String>| {
            if let Some(value) = value {
                facts.add(field, value.as_str());
            }
        };
        if let Some(profile) = self.profile {
            add(Field::InsideRole, profile.role.as_ref());
            add(Field::InsideVendor, profile.vendor.as_ref());
            add(Field::InsideName, profile.names.first());
        }
        if let Some(exit) = external.exit().and_then(|mac| self.exits.get(&mac)) {
            add(Field::ExitVendor, exit.vendor.as_ref());
            add(Field::ExitRole, exit.role.as_ref());
            add(Field::Line, exit.line.as_ref());
        }
        facts
    }
}

/// The party that a name belongs to: its registrable domain by the Public Suffix List.
fn party(name: &str) -> String {
    psl::domain_str(name).unwrap_or(name).to_ascii_lowercase()
}

/// The protocol whose usual port, or whose IP protocol number, this is.
fn usual(number: u8, port: u16) -> Option<&'static Protocol> {
    let over = match number {
        protocol::TCP => Over::Tcp,
        protocol::UDP => Over::Udp,
        _ => Over::Ip(number),
    };
    let by_number = matches!(over, Over::Ip(_));
    let fits =
        |protocol: &&Protocol| protocol.over.contains(&over) && (by_number || protocol.ports.contains(&port));
    PROTOCOLS.iter().find(fits)
}

/// The word for an IP protocol number.
fn transport(number: u8) -> Cow<'static, str> {
    let word = match number {
        protocol::TCP => "tcp",
        protocol::UDP => "udp",
        protocol::ICMP | protocol::ICMPV6 => "icmp",
        protocol::ESP => "esp",
        protocol::AH => "ah",
        protocol::GRE => "gre",
        protocol::IPIP => "ipip",
        protocol::IPV6 => "6in4",
        protocol::L2TP => "l2tp",
        protocol::SCTP => "sctp",
        _ => return Cow::Owned(format!("ip-{number}")),
    };
    Cow::Borrowed(word)
}
