//! The network as it hangs together: equipment, links, where devices are plugged in, subnets.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Mac;

/// The network of one site.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Topology {
    /// Equipment, by key.
    pub nodes: Vec<Node>,
    /// Links between equipment, by their ends.
    pub links: Vec<Link>,
    /// Where devices are plugged in, by hardware address.
    pub attachments: Vec<Attachment>,
    /// Subnets, by prefix.
    pub subnets: Vec<Subnet>,
    /// Where traffic leaves, as the equipment says.
    pub ways_out: Vec<WayOut>,
    /// Facts that a bound cut off.
    pub cut_off: u64,
}

/// A piece of equipment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Node {
    /// `mac:…`, `name:…`, `ip:…` or `unmanaged:…`; the same in the next survey.
    pub key: String,
    /// How it is known.
    pub kind: NodeKind,
    /// Its name.
    pub name: Option<String>,
    /// Its role's slug.
    pub role: Option<String>,
    /// Its maker.
    pub vendor: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Where it stands, as it says.
    pub location: Option<String>,
    /// Its addresses, in order.
    pub ips: Vec<IpAddr>,
    /// Its hardware addresses, in order.
    pub macs: Vec<Mac>,
    /// When it was last told of.
    pub last_seen: Option<Timestamp>,
}

/// How a piece of equipment is known.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// It was asked, or its output was read.
    #[default]
    Read,
    /// A neighbour heard its announcement; it was not asked itself.
    Announced,
    /// Nobody announces it: a switch that must be there for the rest to be true.
    Unmanaged,
    /// A person drew it.
    Drawn,
}

impl NodeKind {
    /// Gives the word of the JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Announced => "announced",
            Self::Unmanaged => "unmanaged",
            Self::Drawn => "drawn",
        }
    }
}

/// One end of a link.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct End {
    /// The node's key.
    pub node: String,
    /// The port's name, where known.
    pub port: Option<String>,
}

/// A link between two pieces of equipment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Link {
    /// The end whose key is first in order.
    pub a: End,
    /// The other end.
    pub b: End,
    /// What says so.
    pub source: LinkSource,
    /// How sure, in percent.
    pub confidence: u8,
    /// When that was last said.
    pub last_seen: Option<Timestamp>,
    /// What a person decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MarkKind>,
}

/// What a link or a place rests on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkSource {
    /// LLDP.
    Lldp,
    /// CDP.
    Cdp,
    /// Forwarding tables that see each other.
    Forwarding,
    /// A port behind which there is more than one device and nobody announces itself.
    Shared,
    /// A person.
    Drawn,
}

impl LinkSource {
    /// Gives the word of the JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Lldp => "lldp",
            Self::Cdp => "cdp",
            Self::Forwarding => "forwarding",
            Self::Shared => "shared",
            Self::Drawn => "drawn",
        }
    }
}

/// Where a device is plugged in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attachment {
    /// The device.
    pub mac: Mac,
    /// The node it hangs on: a switch, or one that is unmanaged.
    pub node: String,
    /// The nearest switch that was asked, which may be the same.
    pub switch: String,
    /// The port of that switch, where known.
    pub port: Option<String>,
    /// The VLAN, where known.
    pub vlan: Option<u32>,
    /// What says so.
    pub source: LinkSource,
    /// How sure, in percent.
    pub confidence: u8,
    /// When that was last said.
    pub last_seen: Option<Timestamp>,
}

/// A subnet.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Subnet {
    /// In CIDR form.
    pub prefix: String,
    /// Its VLAN, where known.
    pub vlan: Option<u32>,
    /// Who routes it.
    pub routers: Vec<Gateway>,
}

/// A router's leg in a subnet.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Gateway {
    /// The node's key.
    pub node: String,
    /// Its address there.
    pub ip: IpAddr,
    /// Its interface.
    pub port: Option<String>,
}

/// A way by which traffic leaves: a default route, or an interface that is a line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WayOut {
    /// The node's key.
    pub node: String,
    /// The destination in CIDR form; none for an interface that is a line.
    pub prefix: Option<String>,
    /// The next hop.
    pub via: Option<IpAddr>,
    /// Its interface.
    pub port: Option<String>,
    /// The kind of line, as slug.
    pub line: Option<String>,
    /// The next hop's hardware address, where somebody resolved it.
    pub mac: Option<Mac>,
    /// The next hop's node, where it is one.
    pub to: Option<String>,
}

/// What a person decided of a link.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// It is there, whether it is seen or not.
    Pin,
    /// It is not there, whatever says so.
    Hide,
    /// It is there, and nothing ever saw it.
    Draw,
}

impl MarkKind {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Pin, Self::Hide, Self::Draw];

    /// Gives the word of the JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Hide => "hide",
            Self::Draw => "draw",
        }
    }
}

/// A person's decision on the link between two nodes, which stays until it is taken back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Mark {
    /// What was decided.
    pub kind: MarkKind,
    /// One end, as node key or as the person named it.
    pub a: MarkEnd,
    /// The other end.
    pub b: MarkEnd,
    /// When.
    pub at: Timestamp,
}

/// An end of a marked link: the key may change when more is known of a box, its name seldom does.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct MarkEnd {
    /// The node's key when it was marked.
    pub node: String,
    /// Its name then.
    pub name: Option<String>,
    /// Its port, where told.
    pub port: Option<String>,
}
