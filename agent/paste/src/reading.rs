//! What was read of one device so far: facts, and each statement with the command and line it stands on.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sekisho_api::Mac;
use sekisho_snmp::facts::{Address, Facts, Forwarding, Interface, Link, Neighbour, Route};

use crate::Maker;
use crate::session::{Section, Session};

/// Interfaces of one device: a stack of chassis has some hundreds.
const MAX_PORTS: usize = 4_096;
/// Rows of one table.
const MAX_ROWS: usize = 65_536;
/// Characters of a statement.
const MAX_CHARS: usize = 128;
/// Peers of VPNs that are told.
const MAX_PEERS: usize = 256;

/// What a text says of one device.
#[derive(Clone, Debug, Default)]
pub struct Pasted {
    /// Facts as SNMP gives them; interfaces are numbered in the order in which they were met.
    pub facts: Facts,
    /// The maker's slug, such as `yamaha`; none where the text is nobody's that is known.
    pub maker: Option<&'static str>,
    /// The role's slug, where the make tells it.
    pub role: Option<&'static str>,
    /// Everything that is stated of the device itself.
    pub told: Vec<Told>,
    /// Lines dropped because they may hold a secret.
    pub secrets: usize,
    /// Lines and rows beyond what is read.
    pub cut_off: usize,
}

/// A statement with where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// What is stated.
    pub states: States,
    /// The value.
    pub value: String,
    /// The command whose output it stands in; empty where none stands above.
    pub command: String,
    /// The line of the text, from 1.
    pub line: usize,
}

/// What can be stated of a device.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum States {
    /// Its maker.
    Vendor,
    /// Its model.
    Model,
    /// Its firmware.
    Firmware,
    /// Its serial number.
    Serial,
    /// Its name.
    Name,
    /// The other end of a VPN.
    Peer,
}

impl States {
    /// Gives its name in evidence.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Model => "model",
            Self::Firmware => "firmware",
            Self::Serial => "serial",
            Self::Name => "name",
            Self::Peer => "peer",
        }
    }
}

impl Pasted {
    /// Gives the first value that is stated.
    #[must_use]
    pub fn value(&self, states: States) -> Option<&str> {
        self.told.iter().find(|told| told.states == states).map(|told| told.value.as_str())
    }

    /// Gives the device's own hardware addresses, that of the whole device first.
    #[must_use]
    pub fn macs(&self) -> Vec<Mac> {
        self.facts.interfaces.iter().filter_map(|interface| interface.mac.map(Mac)).collect()
    }
}

/// What was read so far.
pub(crate) struct Reading {
    pasted: Pasted,
    ports: BTreeMap<String, u32>,
    vendor: Option<&'static str>,
}

impl Reading {
    pub(crate) fn new(maker: Option<&'static Maker>) -> Self {
        let pasted = Pasted { maker: maker.map(|maker| maker.slug), ..Pasted::default() };
        Self { pasted, ports: BTreeMap::new(), vendor: maker.map(|maker| maker.name) }
    }

    /// Notes a statement; the first of its kind is believed, only of peers there are several.
    pub(crate) fn tell(&mut self, states: States, value: &str, section: &Section, line: usize) {
        let value: String = value.trim().trim_matches('"').chars().take(MAX_CHARS).collect();
        let peers = self.pasted.told.iter().filter(|told| told.states == States::Peer).count();
        let is_known = match states {
            States::Peer => {
                peers >= MAX_PEERS
                    || self.pasted.told.iter().any(|told| told.states == states && told.value == value)
            }
            _ => self.pasted.told.iter().any(|told| told.states == states),
        };
        if value.is_empty() || is_known {
            return;
        }
        if states == States::Name {
            self.pasted.facts.system.name = Some(value.clone());
        }
        // A maker is told of where the first thing is.
        if let Some(vendor) = self.vendor.take_if(|_| states != States::Name) {
            self.tell(States::Vendor, vendor, section, line);
        }
        self.pasted.told.push(Told { states, value, command: section.command.clone(), line });
    }

    /// Notes the name that stands in the prompt.
    pub(crate) fn name(&mut self, host: &str, line: usize) {
        self.tell(States::Name, host, &Section::default(), line);
    }

    pub(crate) fn role(&mut self, role: &'static str) {
        self.pasted.role.get_or_insert(role);
    }

    /// Gives the number of a port; the first time it is met it gets one.
    pub(crate) fn port(&mut self, name: &str) -> u32 {
        let name = name.trim().trim_end_matches([',', ':']);
        let key = self.key(name);
        if let Some(index) = self.ports.get(&key) {
            return *index;
        }
        if self.ports.len() >= MAX_PORTS {
            self.pasted.cut_off += 1;
            return 0;
        }
        let index = u32::try_from(self.ports.len() + 1).unwrap_or(0);
        self.ports.insert(key, index);
        let name: String = name.chars().take(MAX_CHARS).collect();
        self.pasted.facts.interfaces.push(Interface {
            index,
            kind: kind(&name),
            name: Some(name),
            is_enabled: true,
            ..Interface::default()
        });
        index
    }

    /// What a port is known by: `Gi1/0/1` of one table is `GigabitEthernet1/0/1` of another at Cisco, and `1.0.7`
    /// is `port1.0.7` at Allied Telesis.
    fn key(&self, name: &str) -> String {
        let small: String =
            name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let letters: String = small.chars().take_while(|c| !c.is_ascii_digit()).collect();
        match self.pasted.maker {
            Some("cisco") => {
                let number = small.strip_prefix(letters.as_str()).unwrap_or_default();
                letters.chars().take(2).chain(number.chars()).collect()
            }
            Some("allied-telesis") if letters.is_empty() => format!("port{small}"),
            _ => small,
        }
    }

    /// Gives an interface to be completed.
    pub(crate) fn interface(&mut self, name: &str) -> Option<&mut Interface> {
        let index = self.port(name);
        self.pasted.facts.interfaces.iter_mut().find(|interface| interface.index == index)
    }

    /// Notes the hardware address of the whole device, at an interface that stands for it.
    pub(crate) fn own_mac(&mut self, text: &str) {
        let Some(mac) = mac(text) else { return };
        let known = self.pasted.facts.interfaces.iter().any(|interface| interface.mac == Some(mac.0));
        if known {
            return;
        }
        let number = self.pasted.facts.interfaces.iter().filter(|own| own.mac.is_some()).count();
        let name = if number == 0 { "system".to_owned() } else { format!("system-{number}") };
        if let Some(interface) = self.interface(&name) {
            interface.mac = Some(mac.0);
        }
    }

    pub(crate) fn address(&mut self, port: &str, ip: IpAddr, prefix: Option<u8>) {
        let if_index = self.port(port);
        let known = self.pasted.facts.addresses.iter().any(|known| known.address == ip);
        if !known && !ip.is_unspecified() && self.has_room(self.pasted.facts.addresses.len()) {
            self.pasted.facts.addresses.push(Address { if_index, address: ip, prefix });
        }
    }

    pub(crate) fn neighbour(&mut self, port: &str, address: IpAddr, mac: Mac) {
        let if_index = self.port(port);
        if mac.is_of_a_device() && self.has_room(self.pasted.facts.neighbours.len()) {
            self.pasted.facts.neighbours.push(Neighbour { if_index, address, mac: mac.0 });
        }
    }

    pub(crate) fn learnt(&mut self, port: &str, vlan: Option<u32>, mac: Mac) {
        let if_index = self.port(port);
        if mac.is_of_a_device() && self.has_room(self.pasted.facts.forwarding.len()) {
            self.pasted.facts.forwarding.push(Forwarding { vlan, mac: mac.0, if_index });
        }
    }

    pub(crate) fn route(
        &mut self,
        destination: IpAddr,
        prefix: u8,
        next_hop: Option<IpAddr>,
        port: Option<&str>,
    ) {
        let if_index = port.map(|port| self.port(port));
        let route = Route { destination, prefix, next_hop, if_index };
        if !self.pasted.facts.routes.contains(&route) && self.has_room(self.pasted.facts.routes.len() * 16) {
            self.pasted.facts.routes.push(route);
        }
    }

    pub(crate) fn link(&mut self, link: Link) {
        let says_something = link.chassis.is_some() || link.name.is_some() || link.address.is_some();
        if says_something
            && !self.pasted.facts.links.contains(&link)
            && self.has_room(self.pasted.facts.links.len() * 32)
        {
            self.pasted.facts.links.push(link);
        }
    }

    pub(crate) fn location(&mut self, text: &str) {
        let text: String = text.trim().chars().take(MAX_CHARS).collect();
        if !text.is_empty() {
            self.pasted.facts.system.location.get_or_insert(text);
        }
    }

    fn has_room(&mut self, rows: usize) -> bool {
        let room = rows < MAX_ROWS;
        self.pasted.cut_off += usize::from(!room);
        room
    }

    pub(crate) fn finish(mut self, session: &Session) -> Pasted {
        if let (Some(vendor), Some(section)) = (self.vendor.take(), session.sections.first()) {
            let line = section.lines.first().map_or(1, |line| line.number);
            self.tell(States::Vendor, vendor, section, line);
        }
        self.settle_own_macs();
        self.pasted.secrets = session.secrets;
        self.pasted.cut_off += session.cut_off;
        self.pasted
    }
}

impl Reading {
    /// An address of the whole device that turned out to be an interface's is that interface's.
    fn settle_own_macs(&mut self) {
        let interfaces = &mut self.pasted.facts.interfaces;
        let is_whole =
            |interface: &Interface| interface.name.as_deref().is_some_and(|name| name.starts_with("system"));
        let own: Vec<[u8; 6]> =
            interfaces.iter().filter(|own| !is_whole(own)).filter_map(|own| own.mac).collect();
        for whole in interfaces.iter_mut().filter(|own| is_whole(own)) {
            whole.mac = whole.mac.filter(|mac| !own.contains(mac));
        }
    }
}

/// ifType by the kind of name that makers give: lines first, then what matters to topology.
fn kind(name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let kinds: [(&[&str], u32); 6] = [
        (&["bri"], 75),
        (&["pp[", "pppoe", "dialer", "ppp"], 23),
        (&["cellular", "wwan", "modem", "lte"], 244),
        (&["tunnel"], 131),
        (&["po", "port-channel", "channelgroup", "sa", "lag", "trk"], 161),
        (&["gi", "fa", "te", "eth", "lan", "ge", "port", "xe", "wan"], 6),
    ];
    let begins = |word: &&str| {
        name.strip_prefix(*word)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic()) || word.len() > 3)
    };
    let long = |word: &&str| word.len() == 2 && *word != "po" && *word != "sa" && name.starts_with(*word);
    kinds.iter().find(|(words, _)| words.iter().any(|word| begins(word) || long(word))).map(|(_, kind)| *kind)
}

/// Reads a hardware address that may stand in commas or brackets.
pub(crate) fn mac(text: &str) -> Option<Mac> {
    text.trim_matches([',', '(', ')', '[', ']', ';', '"']).parse().ok()
}

/// Reads an address that may stand in commas or brackets.
pub(crate) fn ip(text: &str) -> Option<IpAddr> {
    text.trim_matches([',', '(', ')', '[', ']', ';', '"', '*']).parse().ok()
}

/// Reads an address with the length of its prefix, or with its mask in the next word.
pub(crate) fn network(text: &str, next: Option<&str>) -> Option<(IpAddr, Option<u8>)> {
    let text = text.trim_matches([',', '(', ')', ';', '"']);
    if let Some((address, length)) = text.split_once('/') {
        return Some((address.parse().ok()?, Some(length.parse().ok().filter(|length| *length <= 128)?)));
    }
    let address = ip(text)?;
    let mask = next.and_then(ip).and_then(|mask| match mask {
        IpAddr::V4(mask) => {
            let bits = u32::from(mask);
            (bits.leading_ones() + bits.trailing_zeros() >= 32).then_some(bits.leading_ones() as u8)
        }
        IpAddr::V6(_) => None,
    });
    Some((address, mask))
}
