//! A filter's words, understood.

use std::net::{IpAddr, Ipv4Addr};

use sekisho_decode::{LinkType, MacAddr};

use super::error::Wanted;
use super::token::Token;
use super::tree::{Direction, Filter, Test};
use super::words::{KINDS, Kind, PROTOCOLS, ether_type, ip_protocol, kind, net, protocol_alone};
use super::{FilterError, Problem};

/// How deep parentheses and `not` may nest.
const MAX_DEPTH: usize = 64;

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
        let start = self.take(Wanted::Condition)?;
        self.at -= 1;
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
        let direction = self.direction();
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

    fn direction(&mut self) -> Option<Direction> {
        let word = self.take_if(&["src", "dst"])?;
        let (other, direction) = match word.text {
            "src" => ("dst", Direction::Source),
            _ => ("src", Direction::Destination),
        };
        // `src or` before anything else fails where an address is needed.
        let next = self.tokens.get(self.at..self.at + 2).unwrap_or_default();
        let both = match next {
            [connective, second] if second.text == other => match connective.text {
                "or" => Direction::Either,
                "and" => Direction::Both,
                _ => return Some(direction),
            },
            _ => return Some(direction),
        };
        self.at += 2;
        Some(both)
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

fn unexpected(token: Token<'_>, wanted: Wanted) -> FilterError {
    let problem = Problem::Unexpected { found: token.text.to_owned(), wanted };
    FilterError { column: token.column, problem }
}
