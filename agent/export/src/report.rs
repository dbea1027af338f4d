//! What there is to tell of an exporter: what came, what is missing, what could not be read.

use std::collections::BTreeMap;

use sekisho_decode::Addr;

use crate::Format;

/// What one exporter has sent.
#[derive(Clone, Copy, Debug)]
pub struct ExporterReport<'a> {
    /// Who: the datagrams' source, or the agent address that sFlow names.
    pub exporter: Addr,
    /// When its last datagram came, nanoseconds since the Unix epoch.
    pub last_ns: i64,
    /// What was counted.
    pub counts: Counts,
    /// How many templates are known.
    pub templates: usize,
    /// How many were forgotten for want of room.
    pub templates_evicted: u64,
    /// How often a template became another one by the same name.
    pub templates_redefined: u64,
    /// How many data sets wait for their template.
    pub waiting: usize,
    /// How many waited in vain and made room for later ones.
    pub waiting_dropped: u64,
    /// How many names of interfaces and applications found no room.
    pub names_cut: u64,
    /// The interfaces' names, by the number in [`crate::FlowRecord::in_if`].
    pub interfaces: &'a BTreeMap<u32, Box<str>>,
}

/// Counts of one exporter since it was first seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    pub(crate) formats: u8,
    /// Datagrams read, those that came twice not counted again.
    pub datagrams: u64,
    /// Flow records handed on.
    pub flows: u64,
    /// Records in which the exporter speaks of itself.
    pub options: u64,
    /// Flows that a firewall denied: nothing passed.
    pub denied: u64,
    /// Records of events that moved no packets: conns opened, translations made.
    pub events: u64,
    /// Records without addresses, such as statistics; sFlow's samples of other than IP.
    pub other_records: u64,
    /// Counter samples of sFlow.
    pub counter_samples: u64,
    /// Times that numbers were missing.
    pub gaps: u64,
    /// What is missing: flows of NetFlow v5, records of IPFIX, datagrams of NetFlow v9 and sFlow.
    pub lost: u64,
    /// Datagrams that came after later ones.
    pub reordered: u64,
    /// Datagrams that came again.
    pub duplicates: u64,
    /// Times that the numbers began anew.
    pub restarts: u64,
    /// Datagrams, sets and records that end early or contradict their standard.
    pub malformed: u64,
    /// Streams forgotten for want of room.
    pub streams_evicted: u64,
    /// How many packets each observed one of the last flow stands for; 0 before the first flow.
    pub sampling: u32,
    /// By how much its clock is behind ours where it is off, in nanoseconds, else 0.
    pub clock_behind_ns: i64,
}

impl Counts {
    /// Gives the protocols it has spoken.
    pub fn formats(&self) -> impl Iterator<Item = Format> + use<> {
        let spoken = self.formats;
        Format::ALL.into_iter().filter(move |format| spoken & format.bit() != 0)
    }
}
