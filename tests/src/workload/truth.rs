//! What a capture holds, as its maker knows it: what a reader of the capture is measured against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a benchmark capture holds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Truth {
    /// The profile's name.
    pub profile: String,
    /// What it was made from.
    pub seed: u64,
    /// Its packets.
    pub packets: u64,
    /// Their octets.
    pub bytes: u64,
    /// The prefixes that this hospital would declare as its own.
    pub internal: Vec<String>,
    /// Distinct five-tuples, where the profile knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuples: Option<u64>,
    /// How many names external parties have.
    pub distinct_external_names: u64,
    /// How many conns external connections of each service have in all.
    pub sessions: BTreeMap<String, u64>,
    /// External connections of which each must be found.
    pub external: Vec<External>,
    /// Packets with more tunnels inside each other than the agent opens.
    pub too_deep: u64,
    /// Flows, packets and octets of each kind.
    pub kinds: BTreeMap<String, Count>,
}

/// An external connection, as far as the maker knows it.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct External {
    /// `tcp`, `udp`, `esp` …
    pub transport: String,
    /// The responder's port, or 0.
    pub port: u16,
    /// The outside party's address.
    pub outside: String,
    /// The service, where what is sent is enough to tell it.
    pub service: Option<String>,
}

impl External {
    pub(crate) fn new(transport: &str, port: u16, outside: [u8; 4], service: Option<&str>) -> Self {
        let outside = std::net::Ipv4Addr::from(outside).to_string();
        Self { transport: transport.to_owned(), port, outside, service: service.map(str::to_owned) }
    }
}

/// How much there is of a kind of flow.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Count {
    /// Flows.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Octets, link headers included.
    pub bytes: u64,
}

impl Count {
    /// Counts a packet.
    pub(crate) fn add(&mut self, frame: &[u8]) {
        self.packets += 1;
        self.bytes += frame.len() as u64;
    }
}
