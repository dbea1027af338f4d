//! External connections: relationships with one end inside, judged and grouped.
//!
//! One row is one inside device × outside party × service × exit. The party is the registrable domain
//! of the name it was reached under (vendors' relays have many addresses), else its address.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use sekisho_api::{Evidence, Initiator, Text};
use sekisho_decode::{Addr, MacAddr};
use sekisho_recognise::{Key, Side};
use sekisho_rules::{Facts, Field, Rules, Subject};

use crate::behaviour::{Told, Watched};
use crate::device::Profiles;
use crate::exit::Exits;
use crate::extra::Carrier;
use crate::finish::Known;
use crate::group::{GroupKey, Groups};
use crate::intern::TextId;
use crate::judge::{self, Judge, Judgement};
use crate::owner::DeviceKey;
use crate::reason::{Reasons, Seen, Wire, transport};
use crate::relation::{Relation, RelationKey, UNKNOWN_ENCRYPTED};
use crate::say;

/// Protocols that carry other services: a rule that knows the service behind goes before them.
pub const CARRIERS: [&str; 7] = ["tls", "dtls", "quic", "http", "webrtc", say::UNKNOWN, UNKNOWN_ENCRYPTED];

/// Notes that name the side that was called. A certificate's subject may tell the make of a hospital's own
/// gateway, and is kept.
const OF_RESP: [Key; 4] = [Key::Sni, Key::HttpHost, Key::CertName, Key::CertIssuer];

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

    /// What it did over time.
    fn told(&self, watched: Watched) -> Option<Told> {
        let past = self.relation.past.as_deref()?;
        Some(Told::of(past, self.orig_inside, watched))
    }

    /// How the inside looks from outside, as the other end tells it.
    pub(crate) fn public_addresses(&self) -> impl Iterator<Item = TextId> {
        let inside = if self.orig_inside { Side::Orig } else { Side::Resp };
        let told = move |(side, key, text): &(Side, Key, TextId)| {
            (*side == inside && *key == Key::PublicAddress).then_some(*text)
        };
        self.relation.notes.iter().filter_map(told)
    }

    pub(crate) fn endpoint(&self) -> (Cow<'static, str>, u16) {
        (transport(self.key.protocol), self.key.port)
    }
}

/// The relationships that leave the site, and how many were left out: knocks from outside that nobody
/// answered, of which the Internet has thousands a day, and what runs inside a tunnel that is a row itself.
pub(crate) fn external<'a>(known: &Known<'_, 'a>) -> (Vec<External<'a>>, LeftOut) {
    let is_inside = |address: Addr| known.locality.is_inside(address);
    let local = |address: Addr| address.is_group() || address.is_link_local();
    let mut left_out = LeftOut::default();
    let mut carriers: BTreeSet<Carrier> = BTreeSet::new();
    let mut all: Vec<External<'a>> = Vec::new();
    for (key, relation) in &known.relations {
        let carrier = relation.carrier.as_deref();
        carriers.extend(carrier);
        if relation.to_group || local(key.orig) || local(key.resp) {
            continue;
        }
        let orig_inside = is_inside(key.orig);
        if orig_inside == is_inside(key.resp) {
            let beside = !orig_inside && carrier.is_none();
            left_out.beside += if beside { relation.sessions } else { 0 };
        } else if carrier.is_some_and(|(a, b)| is_inside(*a) != is_inside(*b)) {
            left_out.in_tunnels += relation.sessions;
        } else {
            all.push(External { key, relation, orig_inside });
        }
    }
    let carries = |key: &RelationKey| {
        carriers.contains(&(key.orig, key.resp)) || carriers.contains(&(key.resp, key.orig))
    };
    // A mirror that shows one direction only shows no answers at all: then nothing is left out.
    let answers_seen = all.iter().any(|external| external.relation.answered);
    all.retain(|external| {
        // Noise that nobody answered says nothing.
        let told = external.key.service.is_some_and(|service| service != UNKNOWN_ENCRYPTED);
        let says = external.relation.answered || told;
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

/// The relationships that leave the site, judged and put together.
pub(crate) fn groups<'a>(
    known: &Known<'a, '_>,
    profiles: &Profiles,
    exits: &Exits,
    external: &[External<'_>],
    rules: &Rules,
) -> Groups<'a> {
    let mut groups = Groups::default();
    let (mut rules, mut reasons) = (Judge::new(rules, Subject::Connection), Reasons::default());
    let mut around: Option<Around<'_>> = None;
    for external in external {
        let (device, exit) = (known.owners.device(external.inside()), external.exit());
        // Relationships of one device stand side by side.
        let same = around.take().filter(|around| around.device == device && around.exit == exit);
        let around =
            around.insert(same.unwrap_or_else(|| Around::of(device, exit, profiles, exits, &mut rules)));
        let view = View { external, known, around };
        let finding = view.finding(&mut rules, &mut reasons);
        let name = view.name();
        let key = GroupKey {
            device,
            v4: external.inside().is_v4(),
            party: name.map_or_else(
                || external.outside().to_string().into(),
                |name| reasons.party(name, known.texts),
            ),
            service: finding.service.clone(),
            exit,
        };
        groups.add(key, name.map(|name| known.texts.text(name)), external, finding);
    }
    groups.join_untold();
    groups.join_nameless();
    groups.join_halves();
    groups.join_datagrams();
    groups
}

/// What one relationship was found to be.
pub(crate) struct Finding {
    pub(crate) service: Text,
    pub(crate) tunnel: bool,
    pub(crate) judgement: Rc<Judgement>,
    /// The flow exporters that tell of it.
    pub(crate) exporters: Vec<String>,
    /// Reasons beyond the judgement's.
    pub(crate) evidence: [Option<Rc<Evidence>>; 9],
    /// What it did over time, where that is known.
    pub(crate) told: Option<Box<Told>>,
}

/// What the rules may weigh of the device inside and of the exit.
struct Around<'a> {
    device: DeviceKey,
    exit: Option<MacAddr>,
    facts: Vec<(Field, &'a str)>,
}

impl<'a> Around<'a> {
    fn of(
        device: DeviceKey,
        exit: Option<MacAddr>,
        profiles: &'a Profiles,
        exits: &'a Exits,
        rules: &mut Judge<'_>,
    ) -> Self {
        let mut facts = Vec::new();
        let mut add = |field: Field, value: Option<&'a String>| {
            let value = value.map(String::as_str).filter(|value| rules.tells(field, value));
            facts.extend(value.map(|value| (field, value)));
        };
        if let Some(profile) = profiles.get(&device) {
            add(Field::InsideRole, profile.role.as_ref());
            add(Field::InsideVendor, profile.vendor.as_ref());
            add(Field::InsideName, profile.names.first());
        }
        if let Some(exit) = exit.and_then(|mac| exits.get(&mac)) {
            add(Field::ExitVendor, exit.vendor.as_ref());
            add(Field::ExitRole, exit.role.as_ref());
            add(Field::Line, exit.line.as_ref());
        }
        Self { device, exit, facts }
    }
}

/// A relationship with everything around it.
struct View<'a> {
    external: &'a External<'a>,
    known: &'a Known<'a, 'a>,
    around: &'a Around<'a>,
}

impl<'a> View<'a> {
    fn name(&self) -> Option<TextId> {
        let [orig, resp] = self.external.key.names;
        self.external.ends(orig, resp).1
    }

    /// What the wire shows where look-ups are not all that travels in DNS, or on its conn.
    fn carried(&self) -> Option<Wire> {
        let External { key, relation, .. } = self.external;
        if key.service != Some("dns") {
            return None;
        }
        let known = self.known;
        let reason = if let Some(carried) = known.burdens.carried(key.orig, key.resp) {
            say::carried_in_dns(known.texts.text(carried.domain), &carried)
        } else {
            let variant = relation.notes.iter().find(|(_, key, _)| *key == Key::TunnelVariant);
            variant.map(|(_, _, variant)| say::went_over_from_dns(known.texts.text(*variant)))?
        };
        Some(Wire {
            service: "dns-tunnel",
            tunnel: true,
            reason: reason.into(),
            carries: None,
            guessed: false,
        })
    }

    /// Whether the outside asks for a service inside, over a conn that the inside opened for it.
    const fn is_lent(&self) -> bool {
        self.external.orig_inside && self.external.relation.inverse
    }

    /// Whether a recogniser noted a variant.
    fn has(&self, variant: &str) -> bool {
        let texts = self.known.texts;
        let is =
            |(_, key, text): &(Side, Key, TextId)| *key == Key::TunnelVariant && texts.text(*text) == variant;
        self.external.relation.notes.iter().any(is)
    }

    /// What was seen to pass in WebRTC.
    fn passes(&self, service: &str) -> Option<Evidence> {
        let seen = || (self.has("webrtc-data"), self.has("webrtc-media"));
        (service == "webrtc").then(seen).and_then(|(data, media)| say::passes_in_webrtc(data, media))
    }

    fn finding(&self, rules: &mut Judge<'_>, reasons: &mut Reasons) -> Finding {
        let carried = self.carried();
        let wire = carried.unwrap_or_else(|| reasons.wire(self.external.key, self.external.relation));
        let told = self.external.told(self.known.watched);
        let facts = self.facts(&wire, told.as_ref(), rules, reasons);
        let judgement = rules.judge(facts);
        let open = CARRIERS.contains(&wire.service) || self.external.key.service.is_none();
        let by_rule = judgement.service.as_deref().filter(|_| open);
        let service = reasons.service(by_rule.unwrap_or(wire.service));
        let looked_up = self.external.relation.looked_up || !self.external.orig_inside;
        let exporters: Vec<String> = (self.known.confirmed.exporters(self.external.key))
            .map(|exporter| self.known.texts.text(exporter).to_owned())
            .collect();
        let exported = || say::exported(&exporters, self.external.key.exporter.is_none());
        let [by_client, by_server] = self.external.relation.parts;
        let evidence = [
            Some(wire.reason),
            wire.carries,
            self.name().map(|name| reasons.named(name, looked_up, self.known.texts)),
            (!exporters.is_empty()).then(|| exported().into()),
            self.is_lent().then(|| say::lent(wire.service).into()),
            self.passes(wire.service).map(Rc::new),
            self.has("turn").then(|| say::relayed().into()),
            by_client.then(|| say::part(wire.service, true).into()),
            by_server.then(|| say::part(wire.service, false).into()),
        ];
        let tunnel = wire.tunnel || self.is_lent() || judgement.tunnel.unwrap_or(false);
        let told = told.map(|mut told| {
            if let Some(behaviour) = &mut told.behaviour {
                behaviour.found.clone_from(&judgement.behaviour);
            }
            Box::new(told)
        });
        Finding { service, tunnel, judgement, exporters, evidence, told }
    }

    fn facts(
        &self,
        wire: &Wire,
        told: Option<&Told>,
        rules: &mut Judge<'_>,
        reasons: &mut Reasons,
    ) -> Facts<'a> {
        let external = self.external;
        let mut facts = Facts::default();
        let seen = Seen {
            service: (!wire.guessed).then_some(wire.service),
            tunnel: wire.tunnel,
            protocol: external.key.protocol,
            port: external.key.port,
            initiator: external.initiator().slug(),
        };
        let (seen, place) = (reasons.seen(seen, rules), reasons.place(external.outside(), rules));
        for (field, value) in seen.iter().chain(place.iter()) {
            facts.add(*field, value.clone());
        }
        for (field, number) in told.into_iter().flat_map(Told::facts) {
            rules.add(&mut facts, field, number.to_string());
        }
        if let Some(name) = self.name() {
            rules.add_text(&mut facts, Field::Name, name, self.known.texts);
        }
        for (_, key, text) in &external.relation.notes {
            // Who is called from outside bears the hospital's own names.
            let own_name = !external.orig_inside && OF_RESP.contains(key);
            if let Some(field) = judge::field(*key).filter(|_| !own_name) {
                rules.add_text(&mut facts, field, *text, self.known.texts);
            }
        }
        for (field, value) in &self.around.facts {
            facts.add(*field, *value);
        }
        facts
    }
}
