//! A filter's words, understood.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_decode::{LinkType, MacAddr};

use super::error::Wanted;
use super::token::Token;
use super::{FilterError, Problem};

/// How deep parentheses and `not` may nest.
const MAX_DEPTH: usize = 64;

/// A filter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Filter {
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Test(Test),
}

/// One question about a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Test {
    EtherType(u16),
    /// An IP protocol, of either version or of the one with an EtherType.
    Protocol {
        version: Option<u16>,
        number: u8,
    },
    /// An IPv4 address under a mask, in IPv4, ARP and RARP or in the one with an EtherType.
    Ipv4 {
        within: Option<u16>,
        direction: Direction,
        address: u32,
        mask: u32,
    },
    Ipv6 {
        direction: Direction,
        address: u128,
        mask: u128,
    },
    /// Ports of TCP, UDP and SCTP, or of one of them.
    Ports {
        protocol: Option<u8>,
        direction: Direction,
        first: u16,
        last: u16,
    },
    Mac {
        direction: Direction,
        mac: MacAddr,
    },
    EtherMulticast,
    Vlan(Option<u16>),
    LongerThan(u32),
}

/// Which end an address or port belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Direction {
    #[default]
    Either,
    Both,
    Source,
    Destination,
}

pub(super) const IPV4: u16 = 0x0800;
pub(super) const ARP: u16 = 0x0806;
pub(super) const RARP: u16 = 0x8035;
pub(super) const IPV6: u16 = 0x86dd;

pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMPV6: u8 = 58;
pub(super) const SCTP: u8 = 132;

/// What an address or number is taken for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Kind {
    #[default]
    Host,
    Net,
    Port,
    PortRange,
    Protocol,
}

/// What stands before an address or number.
#[derive(Clone, Copy, Debug, Default)]
struct Qualifiers<'a> {
    /// The protocol, `""` for none.
    protocol: &'a str,
    direction: Direction,
    kind: Kind,
    column: usize,
}

/// Understands a filter.
pub(super) fn parse(tokens: &[Token<'_>], link: LinkType) -> Result<Filter, FilterError> {
    if tokens.is_empty() {
        return Err(FilterError { column: 1, problem: Problem::Empty });
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, link, last: None };
    let filter = parser.filter()?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(unexpected(token, Wanted::Connective)),
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
    link: LinkType,
    /// The qualifiers before, for an address or number that stands alone.
    last: Option<Qualifiers<'a>>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self, wanted: Wanted) -> Result<Token<'a>, FilterError> {
        let Some(token) = self.peek() else {
            let column = self.tokens.last().map_or(1, |last| last.column + last.text.chars().count());
            return Err(FilterError { column, problem: Problem::Ends { wanted } });
        };
        self.at += 1;
        Ok(token)
    }

    fn take_if(&mut self, words: &[&str]) -> Option<Token<'a>> {
        let token = self.peek().filter(|token| words.contains(&token.text))?;
        self.at += 1;
        Some(token)
    }

    fn filter(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.term()?;
        while let Some(word) = self.take_if(&["and", "&&", "or", "||"]) {
            let (first, second) = (Box::new(left), Box::new(self.term()?));
            let and = ["and", "&&"].contains(&word.text);
            left = if and { Filter::And(first, second) } else { Filter::Or(first, second) };
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Filter, FilterError> {
        let Some(opening) = self.take_if(&["not", "!", "("]) else {
            return self.primitive();
        };
        if self.depth >= MAX_DEPTH {
            return Err(FilterError { column: opening.column, problem: Problem::TooDeep });
        }
        self.depth += 1;
        let term = if opening.text == "(" {
            let inner = self.filter()?;
            let close = self.take(Wanted::Close)?;
            if close.text != ")" {
                return Err(unexpected(close, Wanted::Close));
            }
            inner
        } else {
            Filter::Not(Box::new(self.term()?))
        };
        self.depth -= 1;
        Ok(term)
    }

    fn primitive(&mut self) -> Result<Filter, FilterError> {
        let Some(start) = self.peek() else {
            return self.take(Wanted::Condition).map(|_| Filter::Test(Test::EtherType(0)));
        };
        let simple = match start.text {
            "vlan" => Some(self.vlan()?),
            "less" | "greater" => Some(self.length()?),
            "broadcast" | "multicast" => Some(self.group(start)?),
            _ => None,
        };
        if let Some(simple) = simple {
            return Ok(simple);
        }
        let protocol = self.take_if(PROTOCOLS).map_or("", |token| token.text);
        if protocol == "ether"
            && let Some(word) = self.peek().filter(|word| ["broadcast", "multicast"].contains(&word.text))
        {
            return self.group(word);
        }
        let direction = self.direction()?;
        let kind = self.take_if(KINDS).map(|token| kind(token.text));
        if direction.is_none() && kind.is_none() {
            match protocol {
                "" => return self.alone(),
                "ether" => {}
                _ => return Ok(Filter::Test(protocol_alone(protocol))),
            }
        }
        let qualifiers = Qualifiers {
            protocol,
            direction: direction.unwrap_or_default(),
            kind: kind.unwrap_or_default(),
            column: start.column,
        };
        self.last = Some(qualifiers);
        self.value(qualifiers)
    }

    /// An address or number without qualifiers has those of the one before.
    fn alone(&mut self) -> Result<Filter, FilterError> {
        let token = self.take(Wanted::Condition)?;
        let like_a_value = token.text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':')
            && token.text.contains(|c: char| c.is_ascii_digit() || c == ':');
        if !like_a_value {
            return Err(unexpected(token, Wanted::Condition));
        }
        self.at -= 1;
        self.value(Qualifiers { column: token.column, ..self.last.unwrap_or_default() })
    }

    fn direction(&mut self) -> Result<Option<Direction>, FilterError> {
        let Some(word) = self.take_if(&["src", "dst"]) else { return Ok(None) };
        let (own, other, direction) = match word.text {
            "src" => ("src", "dst", Direction::Source),
            _ => ("dst", "src", Direction::Destination),
        };
        // Only `src or dst` belongs together; `src or` before anything else is left to fail there.
        let pair = self.tokens.get(self.at..self.at + 2).unwrap_or_default();
        let [connective, second] = pair else { return Ok(Some(direction)) };
        let both = match (connective.text, second.text) {
            ("or", word) if word == other => Direction::Either,
            ("and", word) if word == other => Direction::Both,
            (_, word) if word == own && ["and", "or"].contains(&connective.text) => {
                return Err(unexpected(*second, Wanted::Condition));
            }
            _ => return Ok(Some(direction)),
        };
        self.at += 2;
        Ok(Some(both))
    }

    /// What the qualifiers ask about.
    fn value(&mut self, asked: Qualifiers<'a>) -> Result<Filter, FilterError> {
        let does_not_fit = || FilterError {
            column: asked.column,
            problem: Problem::DoesNotFit { qualifier: asked.protocol.to_owned() },
        };
        match (asked.kind, asked.protocol) {
            (Kind::Host, "ether") => self.mac(asked),
            (Kind::Host | Kind::Net, "" | "ip" | "ip6" | "arp" | "rarp") => self.addresses(asked),
            (Kind::Port | Kind::PortRange, "" | "tcp" | "udp" | "sctp") => self.ports(asked),
            (Kind::Protocol, "" | "ip" | "ip6" | "ether") => self.protocol(asked),
            _ => Err(does_not_fit()),
        }
    }

    fn addresses(&mut self, asked: Qualifiers<'a>) -> Result<Filter, FilterError> {
        let wanted = if asked.kind == Kind::Net { Wanted::Net } else { Wanted::Address };
        let token = self.take(wanted)?;
        let bad = || unexpected(token, wanted);
        let host = token.text.parse::<IpAddr>().ok();
        let (address, prefix) = match (asked.kind, host) {
            (Kind::Host, None) => return Err(bad()),
            (Kind::Host, Some(address)) | (_, Some(address @ IpAddr::V6(_))) => (address, None),
            (_, Some(address @ IpAddr::V4(_))) => (address, self.mask()?),
            (_, None) => net(token.text).ok_or_else(bad)?,
        };
        let direction = asked.direction;
        let (version, test) = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - prefix.unwrap_or(32)).unwrap_or(0);
                let within = ether_type(asked.protocol);
                (4, Test::Ipv4 { within, direction, address: address.to_bits() & mask, mask })
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - prefix.unwrap_or(128)).unwrap_or(0);
                (6, Test::Ipv6 { direction, address: address.to_bits() & mask, mask })
            }
        };
        let fits = match asked.protocol {
            "" => true,
            "ip6" => version == 6,
            _ => version == 4,
        };
        if fits { Ok(Filter::Test(test)) } else { Err(bad()) }
    }

    /// `mask 255.255.255.0` after an IPv4 network.
    fn mask(&mut self) -> Result<Option<u32>, FilterError> {
        if self.take_if(&["mask"]).is_none() {
            return Ok(None);
        }
        let token = self.take(Wanted::Net)?;
        let mask = token.text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits);
        match mask.filter(|mask| mask.leading_ones() + mask.trailing_zeros() >= 32) {
            Some(mask) => Ok(Some(mask.leading_ones())),
            None => Err(unexpected(token, Wanted::Net)),
        }
    }

    fn ports(&mut self, asked: Qualifiers<'a>) -> Result<Filter, FilterError> {
        let wanted = if asked.kind == Kind::Port { Wanted::Port } else { Wanted::Ports };
        let token = self.take(wanted)?;
        let (first, last) = match asked.kind {
            Kind::PortRange => token.text.split_once('-').unwrap_or((token.text, token.text)),
            _ => (token.text, token.text),
        };
        let bad = || unexpected(token, wanted);
        let first: u16 = first.parse().map_err(|_| bad())?;
        let last: u16 = last.parse().map_err(|_| bad())?;
        if first > last {
            return Err(bad());
        }
        let protocol = ip_protocol(asked.protocol);
        Ok(Filter::Test(Test::Ports { protocol, direction: asked.direction, first, last }))
    }

    fn protocol(&mut self, asked: Qualifiers<'a>) -> Result<Filter, FilterError> {
        let token = self.take(Wanted::Protocol)?;
        if asked.protocol == "ether" {
            self.needs_ethernet(asked.column)?;
            let number = token.text.strip_prefix("0x").map_or_else(
                || token.text.parse().ok().or_else(|| ether_type(token.text)),
                |digits| u16::from_str_radix(digits, 16).ok(),
            );
            let number = number.ok_or_else(|| unexpected(token, Wanted::Protocol))?;
            return Ok(Filter::Test(Test::EtherType(number)));
        }
        let number = token.text.parse().ok().or_else(|| ip_protocol(token.text));
        let number = number.ok_or_else(|| unexpected(token, Wanted::Protocol))?;
        Ok(Filter::Test(Test::Protocol { version: ether_type(asked.protocol), number }))
    }

    fn mac(&mut self, asked: Qualifiers<'a>) -> Result<Filter, FilterError> {
        self.needs_ethernet(asked.column)?;
        let token = self.take(Wanted::Mac)?;
        let mac = token.text.parse::<MacAddr>().map_err(|_| unexpected(token, Wanted::Mac))?;
        Ok(Filter::Test(Test::Mac { direction: asked.direction, mac }))
    }

    fn group(&mut self, word: Token<'_>) -> Result<Filter, FilterError> {
        self.needs_ethernet(word.column)?;
        self.at += 1;
        Ok(Filter::Test(match word.text {
            "multicast" => Test::EtherMulticast,
            _ => Test::Mac { direction: Direction::Destination, mac: MacAddr([0xff; 6]) },
        }))
    }

    fn vlan(&mut self) -> Result<Filter, FilterError> {
        let word = self.take(Wanted::Condition)?;
        self.needs_ethernet(word.column)?;
        let number = self.peek().filter(|token| token.text.starts_with(|c: char| c.is_ascii_digit()));
        let Some(token) = number else { return Ok(Filter::Test(Test::Vlan(None))) };
        self.at += 1;
        match token.text.parse().ok().filter(|id| (0..=4094).contains(id)) {
            Some(id) => Ok(Filter::Test(Test::Vlan(Some(id)))),
            None => Err(unexpected(token, Wanted::Vlan)),
        }
    }

    fn length(&mut self) -> Result<Filter, FilterError> {
        let word = self.take(Wanted::Condition)?;
        let token = self.take(Wanted::Length)?;
        let len: u32 = token.text.parse().map_err(|_| unexpected(token, Wanted::Length))?;
        // tcpdump's `less` and `greater` both include the length itself.
        Ok(match (word.text, len.checked_sub(1)) {
            ("less", _) => Filter::Not(Box::new(Filter::Test(Test::LongerThan(len)))),
            (_, Some(below)) => Filter::Test(Test::LongerThan(below)),
            (_, None) => Filter::Not(Box::new(Filter::Test(Test::LongerThan(u32::MAX)))),
        })
    }

    fn needs_ethernet(&self, column: usize) -> Result<(), FilterError> {
        if self.link == LinkType::Ethernet {
            return Ok(());
        }
        Err(FilterError { column, problem: Problem::NoEthernet })
    }
}

const KINDS: &[&str] = &["host", "net", "port", "portrange", "proto"];
const PROTOCOLS: &[&str] =
    &["ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "esp", "ah", "gre"];

fn kind(word: &str) -> Kind {
    match word {
        "net" => Kind::Net,
        "port" => Kind::Port,
        "portrange" => Kind::PortRange,
        "proto" => Kind::Protocol,
        _ => Kind::Host,
    }
}

fn ether_type(word: &str) -> Option<u16> {
    match word {
        "ip" => Some(IPV4),
        "arp" => Some(ARP),
        "rarp" => Some(RARP),
        "ip6" => Some(IPV6),
        _ => None,
    }
}

fn ip_protocol(word: &str) -> Option<u8> {
    match word {
        "icmp" => Some(ICMP),
        "igmp" => Some(2),
        "tcp" => Some(TCP),
        "udp" => Some(UDP),
        "gre" => Some(47),
        "esp" => Some(50),
        "ah" => Some(51),
        "icmp6" => Some(ICMPV6),
        "sctp" => Some(SCTP),
        _ => None,
    }
}

fn protocol_alone(word: &str) -> Test {
    let version = match word {
        "icmp" | "igmp" => Some(IPV4),
        "icmp6" => Some(IPV6),
        _ => None,
    };
    match (ip_protocol(word), ether_type(word)) {
        (Some(number), _) => Test::Protocol { version, number },
        (None, number) => Test::EtherType(number.unwrap_or(0)),
    }
}

/// Reads `192.0.2.0/24`, `2001:db8::/32`, and a shortened `192.0.2` (a /24) as tcpdump does.
fn net(text: &str) -> Option<(IpAddr, Option<u32>)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
        None => (text, None),
    };
    if let Ok(address) = address.parse::<Ipv6Addr>() {
        return (prefix? <= 128).then_some((address.into(), prefix));
    }
    let mut octets = [0; 4];
    let mut written = 0;
    for part in address.split('.') {
        *octets.get_mut(written)? = part.parse().ok()?;
        written += 1;
    }
    let prefix = prefix.unwrap_or(8 * u32::try_from(written).ok()?);
    (prefix <= 32).then_some((Ipv4Addr::from(octets).into(), Some(prefix)))
}

fn unexpected(token: Token<'_>, wanted: Wanted) -> FilterError {
    let problem = Problem::Unexpected { found: token.text.to_owned(), wanted };
    FilterError { column: token.column, problem }
}
