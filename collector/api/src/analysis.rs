//! The analysis of captures: capture, connections, devices, exits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Beacon, Behaviour, ByHour, Maintenance, Registered, Shared, Text};

/// Everything one run found.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Analysis {
    /// What was read, and what could not be.
    pub capture: Capture,
    /// The external connections: one row a relationship, not a flow.
    pub connections: Vec<Connection>,
    /// The devices inside.
    pub devices: Vec<Device>,
    /// The gateways that carried off-site traffic.
    pub exits: Vec<ExitRow>,
}

/// What was read, and what could not be.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Capture {
    /// Frames read, duplicates included.
    pub packets: u64,
    /// Their octets on the wire, link headers included.
    pub bytes: u64,
    /// The earliest frame.
    pub first_seen: Option<Timestamp>,
    /// The latest frame.
    pub last_seen: Option<Timestamp>,
    /// Packets seen once more on another mirrored VLAN or port; not counted again elsewhere.
    pub duplicates: u64,
    /// Frames the capturing side says it lost.
    pub drops: u64,
    /// Well-captured traffic that breaks a standard, and what a bound cut off, by name.
    pub weird: BTreeMap<String, u64>,
    /// What was taken as inside, and why.
    #[serde(default)]
    pub assumed: Vec<Assumption>,
    /// What the reader should know of the files, such as where one is cut off.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A prefix taken as inside or outside, and why.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Assumption {
    /// The prefix in CIDR form.
    pub prefix: String,
    /// Whether it was taken as inside.
    pub inside: bool,
    /// Why, in English.
    pub en: String,
    /// Why, in Japanese.
    pub ja: String,
}

/// The rule of what a box says of its tunnels.
const REPORTED: &str = "snmp/tunnel";

/// One relationship: inside device × outside party × service × exit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Connection {
    /// The ledger's stable number of this connection in its site; absent before it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// The service's slug, such as `ipsec`; `unknown` where the wire does not tell.
    pub service: String,
    /// `tcp`, `udp`, `icmp`, `esp`, `gre` …: that of the conns with the most octets.
    pub transport: String,
    /// The responder's port, or 0.
    pub port: u16,
    /// Every transport and responder port seen, that of most octets first.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// Who opened it.
    pub initiator: Initiator,
    /// The end in the hospital.
    pub inside: Shared<Inside>,
    /// The other end.
    pub outside: Outside,
    /// The gateway that carried it on the last hop seen.
    pub exit: Option<Shared<Exit>>,
    /// Whether it can carry other traffic, or a person's hands, inwards.
    pub tunnel: bool,
    /// One of the study's eight categories or `general-internet`; absent when the wire cannot tell.
    pub category: Option<String>,
    /// `unregistered`, `registered` …
    pub status: String,
    /// What the hospital declared of it; absent where it is not registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Box<Registered>>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How many conns or tunnel sessions it had.
    pub sessions: u64,
    /// Octets from inside to outside.
    pub bytes_out: u64,
    /// Octets from outside to inside.
    pub bytes_in: u64,
    /// Octets both ways by hour, keyed by the hour's start: the ledger's roll-ups.
    #[serde(default)]
    pub hours: ByHour,
    /// Its regularity, where that could be told.
    pub beacon: Option<Beacon>,
    /// How it is kept up, where that could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<Box<Behaviour>>,
    /// The times at which somebody worked from outside through it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<Maintenance>,
    /// Addresses of the flow exporters that reported it, in order; none where packets alone show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exporters: Vec<String>,
    /// Why we say so.
    pub evidence: Vec<Evidence>,
}

impl Connection {
    /// Gives a connection of which nothing is known but its service, its status and its time.
    #[must_use]
    pub fn bare(service: &str, status: &str, seen: Timestamp) -> Self {
        Self {
            number: None,
            service: service.to_owned(),
            transport: String::new(),
            port: 0,
            endpoints: Vec::new(),
            initiator: Initiator::Inside,
            inside: Shared::default(),
            outside: Outside::default(),
            exit: None,
            tunnel: false,
            category: None,
            status: status.to_owned(),
            registration: None,
            first_seen: seen,
            last_seen: seen,
            sessions: 0,
            bytes_out: 0,
            bytes_in: 0,
            hours: ByHour::default(),
            beacon: None,
            behaviour: None,
            maintenance: Vec::new(),
            exporters: Vec::new(),
            evidence: Vec::new(),
        }
    }

    /// Tells whether only the box itself says that it is there: no packet of it was seen.
    #[must_use]
    pub fn is_only_reported(&self) -> bool {
        self.sessions == 0 && self.evidence.iter().any(|evidence| &*evidence.rule == REPORTED)
    }
}

/// A transport and the responder's port.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Endpoint {
    /// `tcp`, `udp`, `esp` …
    pub transport: String,
    /// The responder's port, or 0.
    pub port: u16,
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Initiator {
    /// The hospital's side.
    Inside,
    /// The outside party.
    Outside,
}

impl Initiator {
    /// Gives the word of the JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
        }
    }
}

/// The end of a connection in the hospital.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Inside {
    /// Its address.
    pub ip: String,
    /// Its hardware address, where L2 is seen.
    pub mac: Option<String>,
    /// Its VLAN, where tagged.
    pub vlan: Option<u16>,
    /// Its name.
    pub name: Option<String>,
    /// Its role's slug, such as `ct`.
    pub role: Option<String>,
    /// Its maker.
    pub vendor: Option<String>,
}

/// The other end of a connection.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outside {
    /// The address with the most octets.
    pub ip: String,
    /// All addresses, in order.
    pub ips: Vec<String>,
    /// The name that the wire gave it.
    pub name: Option<String>,
    /// The organisation, where a rule knows it.
    pub org: Option<String>,
    /// ISO 3166 country code, where known.
    pub country: Option<String>,
    /// The autonomous system's number, where known.
    pub asn: Option<u32>,
}

/// The gateway of a connection.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Exit {
    /// Its hardware address on the last hop seen.
    pub mac: String,
    /// Its address, where known.
    pub ip: Option<String>,
    /// Its name, where known.
    pub name: Option<String>,
    /// Its maker by OUI.
    pub vendor: Option<String>,
    /// The kind of line behind it, as a hint: `lte`, `isdn` …
    pub line: Option<String>,
}

/// One reason for a statement.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Evidence {
    /// The rule, or `wire/<protocol>` and `port/<number>` for recognition itself.
    pub rule: Text,
    /// How sure, in percent.
    pub confidence: u8,
    /// The reason in English.
    pub en: Text,
    /// The reason in Japanese.
    pub ja: Text,
}

/// A device inside.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Device {
    /// Its addresses, in order.
    pub ips: Vec<String>,
    /// Its hardware address, where L2 is seen.
    pub mac: Option<String>,
    /// Its VLAN, where tagged.
    pub vlan: Option<u16>,
    /// Its names, in order.
    pub names: Vec<String>,
    /// Its maker.
    pub vendor: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its role's slug, such as `ct`.
    pub role: Option<String>,
    /// Its operating system.
    pub os: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Slugs of the services it offers or uses inside, in order.
    pub services: Vec<String>,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// Why we say so.
    pub evidence: Vec<Evidence>,
}

/// A gateway that carried off-site traffic.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ExitRow {
    /// Its hardware address.
    pub mac: String,
    /// Its address, where known.
    pub ip: Option<String>,
    /// Its name, where known.
    #[serde(default)]
    pub name: Option<String>,
    /// Its maker by OUI.
    pub vendor: Option<String>,
    /// The kind of line behind it, as a hint.
    pub line: Option<String>,
    /// Whether the hospital declared it.
    pub registered: bool,
    /// The independent proofs that it is a gateway, by slug: with one alone it is not called unknown yet.
    #[serde(default)]
    pub proofs: Vec<String>,
    /// How many connections leave by it.
    #[serde(default)]
    pub connections: u64,
    /// When it first carried something.
    #[serde(default)]
    pub first_seen: Option<Timestamp>,
    /// When it last did.
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
    /// Why we say so.
    pub evidence: Vec<Evidence>,
}
