//! What an exporter says of one flow.

use sekisho_decode::{Addr, MacAddr};

use crate::Format;

/// One flow as its exporter reported it: one direction, unless the reverse counts are given.
///
/// | field | unit | reference |
/// |---|---|---|
/// | times | nanoseconds since the Unix epoch, UTC | moved to the datagram's time where the exporter's clock is off |
/// | bytes | octets of IP header and payload, scaled by `sampling` | IPFIX IE 1; sFlow: of the sampled IP packet |
/// | packets | scaled by `sampling` | IPFIX IE 2 |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FlowRecord<'a> {
    /// Who exported it: the datagram's source, or the agent address that sFlow names.
    pub exporter: Addr,
    /// By which protocol it came.
    pub format: Format,
    /// The flow's source.
    pub src: Addr,
    /// The flow's destination.
    pub dst: Addr,
    /// Source port, 0 where the protocol has none.
    pub src_port: u16,
    /// Destination port; for ICMP many exporters put type and code here.
    pub dst_port: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// Octets from `src` to `dst`.
    pub bytes: u64,
    /// Packets from `src` to `dst`.
    pub packets: u64,
    /// Octets from `dst` to `src`, where one record tells both directions (RFC 5103, Cisco ASA).
    pub reverse_bytes: Option<u64>,
    /// Packets from `dst` to `src`, where one record tells both directions.
    pub reverse_packets: Option<u64>,
    /// How many packets each observed one stands for; 1 where nothing is sampled.
    pub sampling: u32,
    /// When the flow's first packet passed.
    pub first_ns: i64,
    /// When its last packet so far passed; never after the datagram.
    pub last_ns: i64,
    /// All TCP flags seen, ORed.
    pub tcp_flags: u8,
    /// Sender on the link, where the exporter tells.
    pub src_mac: Option<MacAddr>,
    /// Receiver on the link, where the exporter tells.
    pub dst_mac: Option<MacAddr>,
    /// VLAN identifier, 0 where untagged or not told.
    pub vlan: u16,
    /// The router that the exporter passes it to, where told.
    pub next_hop: Option<Addr>,
    /// The exporter's interface that it came in by, 0 where not told.
    pub in_if: u32,
    /// The exporter's interface that it left by, 0 where not told.
    pub out_if: u32,
    /// The source after address translation, where told.
    pub post_nat_src: Option<Addr>,
    /// The destination after address translation, where told.
    pub post_nat_dst: Option<Addr>,
    /// The source port after translation, 0 where not told.
    pub post_nat_src_port: u16,
    /// The destination port after translation, 0 where not told.
    pub post_nat_dst_port: u16,
    /// On which side of the exporter it was observed, where told.
    pub direction: Option<Direction>,
    /// The application as the exporter numbers it: RFC 6759's engine in the upper eight bits.
    pub application_id: Option<u64>,
    /// The application as the exporter calls it.
    pub application: Option<&'a str>,
}

/// On which side of an interface a flow was observed (IPFIX IE 61).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// Coming in.
    Ingress,
    /// Going out.
    Egress,
}

impl FlowRecord<'_> {
    /// A flow of which nothing is known yet.
    #[must_use]
    pub const fn new(exporter: Addr, format: Format, time_ns: i64) -> Self {
        Self {
            exporter,
            format,
            src: Addr::UNSPECIFIED,
            dst: Addr::UNSPECIFIED,
            src_port: 0,
            dst_port: 0,
            protocol: 0,
            bytes: 0,
            packets: 0,
            reverse_bytes: None,
            reverse_packets: None,
            sampling: 1,
            first_ns: time_ns,
            last_ns: time_ns,
            tcp_flags: 0,
            src_mac: None,
            dst_mac: None,
            vlan: 0,
            next_hop: None,
            in_if: 0,
            out_if: 0,
            post_nat_src: None,
            post_nat_dst: None,
            post_nat_src_port: 0,
            post_nat_dst_port: 0,
            direction: None,
            application_id: None,
            application: None,
        }
    }

    /// Makes the counts those of all packets, where only one in `sampling` was observed.
    pub(crate) fn scale(&mut self, sampling: u32) {
        self.sampling = sampling.max(1);
        let scaled = |count: u64| count.saturating_mul(u64::from(self.sampling));
        self.bytes = scaled(self.bytes);
        self.packets = scaled(self.packets);
        self.reverse_bytes = self.reverse_bytes.map(scaled);
        self.reverse_packets = self.reverse_packets.map(scaled);
    }
}
