//! What one piece of equipment said of itself and of what is around it, compact enough to be kept.
//!
//! The same whether it was asked over SNMP or a person pasted its `show` output. Names of people and
//! secrets are not among it.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Mac;

/// Everything that one piece of equipment said at one time.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Snapshot {
    /// When it said so.
    pub at: Timestamp,
    /// How it was asked: `snmp` or `text`.
    pub by: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its role's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Its maker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Where it stands, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Whether it forwards between ports by hardware address, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridges: Option<bool>,
    /// Its ports and logical interfaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// Its own addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<OwnAddress>,
    /// Where it sends what is not on its links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteTo>,
    /// Whom it resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<Resolved>,
    /// Which hardware addresses it learnt where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnt: Vec<Learnt>,
    /// Who announced itself to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announced: Vec<Announced>,
}

/// A port or a logical interface.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Port {
    /// Its number within this snapshot.
    pub index: u32,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a person called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its hardware address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// ifType (IANA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<u32>,
    /// The kind of line that it is, as slug; none for those of a LAN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Whether it is up.
    #[serde(default)]
    pub up: bool,
}

/// One of its own addresses.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OwnAddress {
    /// The interface.
    pub port: u32,
    /// The address.
    pub ip: IpAddr,
    /// The length of its prefix, where told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<u8>,
}

/// A route.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RouteTo {
    /// The destination.
    pub ip: IpAddr,
    /// The length of its prefix.
    pub prefix: u8,
    /// The next hop; none where it leads out of an interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<IpAddr>,
    /// The interface, where told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u32>,
}

/// An address with its hardware address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Resolved {
    /// The interface.
    pub port: u32,
    /// The address.
    pub ip: IpAddr,
    /// The hardware address.
    pub mac: Mac,
}

/// What was learnt at one port in one VLAN.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Learnt {
    /// The port.
    pub port: u32,
    /// The VLAN; none in a bridge without VLANs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u32>,
    /// The hardware addresses.
    pub macs: Vec<Mac>,
}

/// A neighbour that announces itself.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Announced {
    /// `lldp` or `cdp`.
    pub by: String,
    /// The port that heard it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u32>,
    /// Its chassis: a hardware address, an address or a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chassis: Option<String>,
    /// Its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_port: Option<String>,
    /// What its port is described as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_port_descr: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description, or platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descr: Option<String>,
    /// Its address for management.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}
