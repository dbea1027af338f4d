//! What is said of many connections, made once: the service that the wire shows, where a name came from,
//! the party that it belongs to, whose an address is.

use std::borrow::Cow;
use std::rc::Rc;

use foldhash::HashMap;
use sekisho_api::{Evidence, Text};
use sekisho_decode::{Addr, protocol};
use sekisho_recognise::{Cipher, Over, PROTOCOLS, Protocol};
use sekisho_rules::{Field, asn};

use crate::intern::{TextId, Texts};
use crate::judge::Judge;
use crate::relation::{Relation, RelationKey};
use crate::say;

/// Results kept of each kind; ports and names can be anything. Beyond it each is made anew.
const MAX_KEPT: usize = 1 << 15;

/// What was said so far.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    wire: HashMap<Shown, Wire>,
    named: HashMap<(TextId, bool), Rc<Evidence>>,
    parties: HashMap<TextId, Text>,
    services: HashMap<Box<str>, Text>,
    places: HashMap<Addr, Telling>,
    seen: HashMap<Seen, Telling>,
}

/// Facts that tell the rules anything.
type Telling = Rc<[(Field, Cow<'static, str>)]>;

/// What the rules may weigh of what the wire shows.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Seen {
    /// `None` where it is only guessed.
    pub(crate) service: Option<&'static str>,
    pub(crate) tunnel: bool,
    pub(crate) protocol: u8,
    pub(crate) port: u16,
    pub(crate) initiator: &'static str,
}

/// What a relationship shows of its service.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
struct Shown {
    protocol: u8,
    port: u16,
    service: Option<&'static str>,
    confidence: u8,
    tunnel: bool,
    looked_at: bool,
    answered: bool,
    exported: bool,
    cipher: Option<Cipher>,
    handshakes: u8,
}

/// The service that the wire shows, whether it is a tunnel, and why.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) service: &'static str,
    pub(crate) tunnel: bool,
    pub(crate) reason: Rc<Evidence>,
    /// Why it is taken for a tunnel, where its own protocol does not say so.
    pub(crate) carries: Option<Rc<Evidence>>,
    /// Whether nothing was sent that could be looked at: the port alone gives the service its name, and no
    /// rule may conclude from it what passed.
    pub(crate) guessed: bool,
}

impl Reasons {
    /// What the wire shows: content, else the port alone.
    pub(crate) fn wire(&mut self, key: &RelationKey, relation: &Relation) -> Wire {
        let shown = Shown {
            protocol: key.protocol,
            port: key.port,
            service: key.service,
            confidence: relation.confidence,
            tunnel: relation.tunnel,
            looked_at: relation.looked_at,
            answered: relation.answered,
            exported: key.exporter.is_some(),
            cipher: relation.cipher,
            handshakes: relation.handshakes,
        };
        keep(&mut self.wire, shown, || wire(shown))
    }

    /// Where a name came from.
    pub(crate) fn named(&mut self, name: TextId, looked_up: bool, texts: &Texts) -> Rc<Evidence> {
        keep(&mut self.named, (name, looked_up), || say::named(texts.text(name), looked_up).into())
    }

    /// The party that a name belongs to: its registrable domain by the Public Suffix List.
    pub(crate) fn party(&mut self, name: TextId, texts: &Texts) -> Text {
        let party = |name: &str| psl::domain_str(name).unwrap_or(name).to_ascii_lowercase().into();
        keep(&mut self.parties, name, || party(texts.text(name)))
    }

    /// What an outside address tells the rules: itself, and who announces it.
    pub(crate) fn place(&mut self, address: Addr, rules: &mut Judge<'_>) -> Telling {
        let place = || {
            let system = asn::system(address.ip());
            let of_system = system.into_iter().flat_map(|system| {
                [
                    (Field::Asn, Cow::Owned(system.number.to_string())),
                    (Field::AsName, Cow::Borrowed(system.name)),
                    (Field::Country, Cow::Borrowed(system.country.unwrap_or_default())),
                ]
            });
            let all = [(Field::OutsideAddress, Cow::Owned(address.to_string()))].into_iter().chain(of_system);
            all.filter(|(field, value)| rules.tells(*field, value)).collect()
        };
        keep(&mut self.places, address, place)
    }

    /// What the wire shows, as it tells the rules anything.
    pub(crate) fn seen(&mut self, seen: Seen, rules: &mut Judge<'_>) -> Telling {
        let telling = || {
            let Seen { service, tunnel, protocol, port, initiator } = seen;
            let all = [
                (Field::Tunnel, if tunnel { "true" } else { "false" }.into()),
                (Field::Transport, transport(protocol)),
                (Field::Port, port.to_string().into()),
                (Field::Initiator, initiator.into()),
            ];
            let service = service.map(|service| (Field::Service, service.into()));
            service.into_iter().chain(all).filter(|(field, value)| rules.tells(*field, value)).collect()
        };
        keep(&mut self.seen, seen, telling)
    }

    /// A service's slug.
    pub(crate) fn service(&mut self, slug: &str) -> Text {
        if let Some(service) = self.services.get(slug) {
            return service.clone();
        }
        keep(&mut self.services, slug.into(), || slug.into())
    }
}

fn keep<K: Eq + std::hash::Hash, V: Clone>(kept: &mut HashMap<K, V>, key: K, make: impl FnOnce() -> V) -> V {
    if let Some(value) = kept.get(&key) {
        return value.clone();
    }
    let value = make();
    if kept.len() < MAX_KEPT {
        kept.insert(key, value.clone());
    }
    value
}

fn wire(shown: Shown) -> Wire {
    let transport = transport(shown.protocol);
    if let (Some(service), Some(cipher)) = (shown.service, shown.cipher) {
        let reason = say::encrypted(&transport, shown.port, cipher);
        let carries = (shown.handshakes > 0).then(|| say::handshakes(shown.handshakes).into());
        return Wire { service, tunnel: shown.tunnel, reason: reason.into(), carries, guessed: false };
    }
    if let Some(service) = shown.service {
        let reason = say::by_content(service, &transport, shown.port, shown.confidence);
        return Wire { service, tunnel: shown.tunnel, reason: reason.into(), carries: None, guessed: false };
    }
    // What was sent and fits no protocol does not become one by its port.
    if let Some(protocol) = usual(shown.protocol, shown.port).filter(|_| !shown.looked_at) {
        let service = protocol.service;
        if !shown.exported {
            let reason = say::by_port(service, &transport, shown.port);
            return Wire { service, tunnel: false, reason: reason.into(), carries: None, guessed: true };
        }
        // An exporter never tells more: better a tunnel that is none than one that is overlooked.
        let by_number = shown.port == 0;
        let reason = say::by_export(service, &transport, shown.port, by_number);
        return Wire {
            service,
            tunnel: protocol.tunnel,
            reason: reason.into(),
            carries: None,
            guessed: false,
        };
    }
    let service = if is_icmp(shown.protocol) { "icmp" } else { say::UNKNOWN };
    let reason = say::unknown(&transport, shown.port, shown.answered);
    Wire { service, tunnel: false, reason: reason.into(), carries: None, guessed: false }
}

/// The protocol whose usual port, or whose IP protocol number, this is.
fn usual(number: u8, port: u16) -> Option<&'static Protocol> {
    let over = match number {
        protocol::TCP => Over::Tcp,
        protocol::UDP => Over::Udp,
        _ => Over::Ip(number),
    };
    let fits = |protocol: &&Protocol| {
        let is_usual = match over {
            // Everybody pings: a tunnel in ICMP is told by what it carries alone.
            Over::Ip(number) => !is_icmp(number),
            Over::Tcp | Over::Udp => protocol.ports.contains(&port),
        };
        is_usual && protocol.over.contains(&over)
    };
    PROTOCOLS.iter().find(fits)
}

const fn is_icmp(number: u8) -> bool {
    matches!(number, protocol::ICMP | protocol::ICMPV6)
}

/// The word for an IP protocol number.
pub(crate) fn transport(number: u8) -> Cow<'static, str> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypted_traffic_without_a_name_is_told_in_figures_and_a_tunnel_by_its_handshakes() {
        let shown = Shown {
            protocol: protocol::UDP,
            port: 40_000,
            service: Some("unknown-encrypted"),
            confidence: 80,
            tunnel: false,
            looked_at: true,
            answered: true,
            exported: false,
            cipher: Some(Cipher { entropy: 79, printable_pct: 37, bytes: 960 }),
            handshakes: 0,
        };
        let plain = wire(shown);
        assert_eq!((plain.service, plain.tunnel), ("unknown-encrypted", false));
        assert_eq!((&*plain.reason.rule, plain.reason.confidence), ("wire/unknown-encrypted", 80));
        for figure in ["udp/40000", "7.9", "37 %", "960"] {
            assert!(
                plain.reason.en.contains(figure) && plain.reason.ja.contains(figure),
                "{figure}: {:?}",
                plain.reason
            );
        }
        assert!(plain.carries.is_none());
        let tunnel = wire(Shown { tunnel: true, handshakes: 6, ..shown });
        let carries = tunnel.carries.unwrap();
        assert!(
            tunnel.tunnel && carries.en.starts_with("6 times") && carries.ja.contains("6 回"),
            "{carries:?}"
        );
    }
    #[test]
    fn of_what_is_only_exported_the_protocol_s_number_tells_but_a_ping_is_no_tunnel() {
        // (IP protocol number, service, tunnel)
        let cases = [
            (protocol::ESP, "ipsec", true),
            (protocol::GRE, "gre", true),
            (protocol::ICMP, "icmp", false),
            (protocol::ICMPV6, "icmp", false),
            (253, "unknown", false),
        ];
        for (number, service, tunnel) in cases {
            let shown = Shown {
                protocol: number,
                port: 0,
                service: None,
                confidence: 0,
                tunnel: false,
                looked_at: false,
                answered: true,
                exported: true,
                cipher: None,
                handshakes: 0,
            };
            let told = wire(shown);
            assert_eq!((told.service, told.tunnel), (service, tunnel), "{number}: {:?}", told.reason);
        }
    }
}
