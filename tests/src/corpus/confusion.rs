//! How often a connection bears the name of a service that it is not.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Capture;
use super::run::Analysis;

/// Labels of others that say nothing of the service: carriers and contents.
const SILENT: &[&str] = &[
    "",
    "?",
    "arp",
    "data-text-lines",
    "image-jfif",
    "ip",
    "ipv6",
    "json",
    "media",
    "ntlmssp",
    "pkix1explicit",
    "pkix1implicit",
    "png",
    "spnego",
    "tcp",
    "udp",
    "unknown",
    "urlencoded-form",
    "wlan",
    "x509ce",
    "x509sat",
    "xml",
];
/// (label of others, slugs that mean the same)
const SAME: &[(&str, &[&str])] = &[
    ("nbns", &["netbios"]),
    ("nbss", &["netbios", "smb"]),
    ("browser", &["netbios"]),
    ("smb2", &["smb"]),
    ("smbv1", &["smb"]),
    ("gquic", &["quic"]),
    ("tls", &["https", "anyconnect", "fortinet-sslvpn", "ssl-vpn"]),
    ("ipp", &["http"]),
    ("websocket", &["http"]),
    ("icmpv6", &["icmp"]),
    ("wsd", &["ws-discovery"]),
    ("dns", &["mdns", "llmnr"]),
    ("mpegdash", &["http"]),
    ("knxnet_ip", &["knxnet"]),
    ("kip", &["knxnet"]),
    ("opc-ua", &["opcua"]),
    ("bacapp", &["bacnet"]),
    ("rmcp", &["ipmi"]),
];
/// Names that claim nothing.
const HONEST: &[&str] = &["unknown", "unknown-encrypted", "unknown-tls", "encrypted"];

/// (what others say, what the agent says) and how often.
#[derive(Debug, Default)]
pub struct Confusion {
    /// Connections that have both a label of others and a name.
    pub named: usize,
    /// Those whose name none of the others' labels allows.
    pub wrong: BTreeMap<(String, String), usize>,
    /// One capture for each.
    pub where_: BTreeMap<(String, String), String>,
}

impl Confusion {
    /// Adds a capture's flows.
    pub fn add(&mut self, capture: &Capture, analysis: &Analysis, name: &str) {
        // Two programs that look at one flow may say different things of it, both right.
        let mut flows: BTreeMap<([&str; 2], [u16; 2]), BTreeSet<&str>> = BTreeMap::new();
        for flow in &capture.flows {
            let mut ends = [(flow.ends[0].as_str(), flow.ports[0]), (flow.ends[1].as_str(), flow.ports[1])];
            ends.sort_unstable();
            let key = (ends.map(|(address, _)| address), ends.map(|(_, port)| port));
            let telling = flow.labels.iter().map(String::as_str).filter(|label| !SILENT.contains(label));
            flows.entry(key).or_default().extend(telling);
        }
        for ((ends, ports), labels) in flows.iter().filter(|(_, labels)| !labels.is_empty()) {
            let services = analysis.services(*ends, *ports);
            let Some(service) = services.iter().find(|service| !HONEST.contains(service)) else { continue };
            self.named += 1;
            let allowed = |label: &&str| {
                let same = SAME.iter().filter(|(other, _)| other == label).flat_map(|(_, slugs)| *slugs);
                services.contains(*label) || same.into_iter().any(|slug| services.contains(slug))
            };
            if !labels.iter().any(allowed) {
                let labels: Vec<&str> = labels.iter().copied().collect();
                let pair = (labels.join("+"), (*service).to_owned());
                self.where_.entry(pair.clone()).or_insert_with(|| name.to_owned());
                *self.wrong.entry(pair).or_default() += 1;
            }
        }
    }

    /// Takes another's counts.
    pub fn absorb(&mut self, other: Self) {
        self.named += other.named;
        for (pair, count) in other.wrong {
            *self.wrong.entry(pair).or_default() += count;
        }
        self.where_.extend(other.where_);
    }

    /// How many bear a wrong name.
    #[must_use]
    pub fn wrong_count(&self) -> usize {
        self.wrong.values().sum()
    }
}
