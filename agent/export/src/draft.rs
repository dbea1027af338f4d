//! One record while its fields are read: a flow, or what an exporter says of itself.

use sekisho_decode::{Addr, MacAddr};

use crate::Format;
use crate::field::Field;
use crate::moment::{self, Moment};
use crate::record::{Direction, FlowRecord};

/// IPFIX IE 233, `firewallEvent`.
const EVENT_CREATED: u8 = 1;
const EVENT_DENIED: u8 = 3;

/// What fields have said so far.
pub(crate) struct Draft<'a> {
    flow: FlowRecord<'a>,
    src: Option<Addr>,
    dst: Option<Addr>,
    bytes: Ranked,
    packets: Ranked,
    first: Option<i64>,
    last: Option<i64>,
    observed: Option<i64>,
    first_uptime_ms: Option<u32>,
    last_uptime_ms: Option<u32>,
    boot: Option<i64>,
    duration: Option<i64>,
    firewall_event: u8,
    is_nat_event: bool,
    sampling_taken: u64,
    sampling_space: Option<u64>,
    pub(crate) sampling_interval: Option<u64>,
    pub(crate) sampler: Option<u64>,
    pub(crate) interface_name: &'a [u8],
    pub(crate) interface_description: &'a [u8],
    pub(crate) application_name: &'a [u8],
}

/// A count that may be told several ways, of which the lowest rank is the truest.
#[derive(Clone, Copy)]
struct Ranked {
    rank: u8,
    value: u64,
}

/// No field has told it.
const UNTOLD: Ranked = Ranked { rank: u8::MAX, value: 0 };

/// What a record turned out to be instead of a flow.
pub(crate) enum NoFlow {
    /// A firewall let nothing pass.
    Denied,
    /// An event that moved no packets: a conn opened, a translation made.
    Event,
    /// Addresses are missing: statistics, layer 2, whatever else can be exported.
    Other,
}

impl Ranked {
    const fn tell(&mut self, rank: u8, value: u64) {
        if rank < self.rank {
            *self = Self { rank, value };
        }
    }

    const fn is_told(self) -> bool {
        self.rank != u8::MAX
    }
}

impl<'a> Draft<'a> {
    pub(crate) const fn new(exporter: Addr, format: Format, time_ns: i64) -> Self {
        Self {
            flow: FlowRecord::new(exporter, format, time_ns),
            src: None,
            dst: None,
            bytes: UNTOLD,
            packets: UNTOLD,
            first: None,
            last: None,
            observed: None,
            first_uptime_ms: None,
            last_uptime_ms: None,
            boot: None,
            duration: None,
            firewall_event: 0,
            is_nat_event: false,
            sampling_taken: 1,
            sampling_space: None,
            sampling_interval: None,
            sampler: None,
            interface_name: &[],
            interface_description: &[],
            application_name: &[],
        }
    }

    /// Reads one field.
    pub(crate) fn read(&mut self, field: Field, bytes: &'a [u8], moment: &Moment) {
        let flow = &mut self.flow;
        match field {
            Field::Skip => {}
            Field::SrcV4 | Field::SrcV6 => prefer(&mut self.src, address(bytes)),
            Field::DstV4 | Field::DstV6 => prefer(&mut self.dst, address(bytes)),
            Field::SrcPort => or_else(&mut flow.src_port, number(bytes) as u16),
            Field::DstPort => or_else(&mut flow.dst_port, number(bytes) as u16),
            Field::Protocol => flow.protocol = number(bytes) as u8,
            Field::TcpFlags => flow.tcp_flags = number(bytes) as u8,
            Field::Bytes(rank) => self.bytes.tell(rank, number(bytes)),
            Field::Packets(rank) => self.packets.tell(rank, number(bytes)),
            Field::ReverseBytes => flow.reverse_bytes = Some(number(bytes)),
            Field::ReversePackets => flow.reverse_packets = Some(number(bytes)),
            Field::FirstUptime => self.first_uptime_ms = Some(number(bytes) as u32),
            Field::LastUptime => self.last_uptime_ms = Some(number(bytes) as u32),
            Field::FirstSeconds => self.first = Some(moment::unix_s(number(bytes))),
            Field::LastSeconds => self.last = Some(moment::unix_s(number(bytes))),
            Field::FirstMilliseconds => self.first = Some(moment::unix_ms(number(bytes))),
            Field::LastMilliseconds => self.last = Some(moment::unix_ms(number(bytes))),
            Field::FirstNtp => self.first = Some(moment::ntp(number(bytes))),
            Field::LastNtp => self.last = Some(moment::ntp(number(bytes))),
            Field::FirstBeforeExport => self.first = Some(moment.before_export_us(number(bytes))),
            Field::LastBeforeExport => self.last = Some(moment.before_export_us(number(bytes))),
            Field::BootMilliseconds => self.boot = Some(moment::unix_ms(number(bytes))),
            Field::DurationMilliseconds => self.duration = Some(moment::unix_ms(number(bytes))),
            Field::DurationMicroseconds => self.duration = Some(moment::unix_ms(number(bytes) / 1_000)),
            Field::ObservedSeconds => self.observed = Some(moment::unix_s(number(bytes))),
            Field::ObservedMilliseconds => self.observed = Some(moment::unix_ms(number(bytes))),
            Field::ObservedNtp => self.observed = Some(moment::ntp(number(bytes))),
            Field::SrcMac => flow.src_mac = mac(bytes).or(flow.src_mac),
            Field::DstMac => flow.dst_mac = mac(bytes).or(flow.dst_mac),
            Field::PostSrcMac => flow.src_mac = flow.src_mac.or(mac(bytes)),
            Field::PostDstMac => flow.dst_mac = flow.dst_mac.or(mac(bytes)),
            Field::Vlan => flow.vlan = vlan(bytes).unwrap_or(flow.vlan),
            Field::PostVlan => or_else(&mut flow.vlan, vlan(bytes).unwrap_or(0)),
            Field::NextHopV4 | Field::NextHopV6 => flow.next_hop = flow.next_hop.or(told(bytes)),
            Field::InIf => flow.in_if = number(bytes) as u32,
            Field::OutIf => flow.out_if = number(bytes) as u32,
            Field::NatSrcV4 | Field::NatSrcV6 => flow.post_nat_src = flow.post_nat_src.or(told(bytes)),
            Field::NatDstV4 | Field::NatDstV6 => flow.post_nat_dst = flow.post_nat_dst.or(told(bytes)),
            Field::NatSrcPort => flow.post_nat_src_port = number(bytes) as u16,
            Field::NatDstPort => flow.post_nat_dst_port = number(bytes) as u16,
            Field::Direction => flow.direction = direction(bytes),
            Field::ApplicationId => flow.application_id = application_id(bytes),
            Field::ApplicationName => self.application_name = bytes,
            Field::FirewallEvent => self.firewall_event = number(bytes) as u8,
            Field::NatEvent => self.is_nat_event = true,
            Field::SamplingInterval => self.sampling_interval = Some(number(bytes)),
            Field::SamplingTaken => self.sampling_taken = number(bytes).max(1),
            Field::SamplingSpace => self.sampling_space = Some(number(bytes)),
            Field::SamplerId => self.sampler = Some(number(bytes)),
            Field::InterfaceName => self.interface_name = bytes,
            Field::InterfaceDescription => self.interface_description = bytes,
        }
    }

    /// Gives how many packets each observed one stands for, where the record itself says so.
    pub(crate) fn sampling(&self) -> Option<u32> {
        let spaced =
            self.sampling_space.map(|space| space.saturating_add(self.sampling_taken) / self.sampling_taken);
        let rate = self.sampling_interval.or(spaced)?;
        u32::try_from(rate).ok().filter(|rate| *rate > 0)
    }

    /// Gives the interface and the application that an options record is about.
    pub(crate) const fn subject(&self) -> (u32, Option<u64>) {
        (self.flow.in_if, self.flow.application_id)
    }

    /// Gives the flow, its counts not yet scaled, or what else the record is.
    pub(crate) fn finish(mut self, moment: &Moment) -> Result<FlowRecord<'a>, NoFlow> {
        let (Some(src), Some(dst)) = (self.src, self.dst) else {
            return Err(NoFlow::Other);
        };
        let is_counted = self.bytes.is_told() || self.packets.is_told();
        match self.firewall_event {
            EVENT_DENIED => return Err(NoFlow::Denied),
            // Palo Alto marks an open conn's first report so, and counts in it.
            EVENT_CREATED if self.bytes.value == 0 => return Err(NoFlow::Event),
            _ if self.is_nat_event && !is_counted => return Err(NoFlow::Event),
            _ => {}
        }
        (self.flow.src, self.flow.dst) = (src, dst);
        (self.flow.bytes, self.flow.packets) = (self.bytes.value, self.packets.value);
        (self.flow.first_ns, self.flow.last_ns) = self.times(moment);
        Ok(self.flow)
    }

    /// Gives the first and last packet's time from whichever fields tell them.
    fn times(&self, moment: &Moment) -> (i64, i64) {
        let since_boot = |ms: u32| match self.boot {
            Some(boot) => Some(boot.saturating_add(moment::unix_ms(ms.into()))),
            None => moment.at_uptime_ms(ms),
        };
        let first = self.first.or_else(|| self.first_uptime_ms.and_then(since_boot));
        let last = self.last.or_else(|| self.last_uptime_ms.and_then(since_boot)).or(self.observed);
        // Without the start they count from, two uptimes still tell how long it took.
        let took = || Some(moment::unix_ms(self.last_uptime_ms?.wrapping_sub(self.first_uptime_ms?).into()));
        moment.settle(first, last, self.duration.or_else(took))
    }
}

/// Reads a number of any length; of more than eight bytes the last eight.
#[inline]
fn number(bytes: &[u8]) -> u64 {
    match *bytes {
        [a, b, c, d] => u32::from_be_bytes([a, b, c, d]).into(),
        [a, b] => u16::from_be_bytes([a, b]).into(),
        _ => bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
    }
}

#[inline]
fn address(bytes: &[u8]) -> (Addr, bool) {
    match (bytes.try_into(), bytes.try_into()) {
        (Ok(v4), _) => (Addr::v4(v4), v4 == [0; 4]),
        (_, Ok(v6)) => (Addr::v6(v6), v6 == [0; 16]),
        // `Field::fits` lets no other length come here.
        _ => (Addr::UNSPECIFIED, true),
    }
}

/// Takes an address; where a record has fields for both versions, the one that is not zero counts.
fn prefer(slot: &mut Option<Addr>, (address, is_zero): (Addr, bool)) {
    if slot.is_none() || !is_zero {
        *slot = Some(address);
    }
}

/// Takes a value where none but zero is known: some records carry a port in three fields.
fn or_else(slot: &mut u16, value: u16) {
    if *slot == 0 {
        *slot = value;
    }
}

fn told(bytes: &[u8]) -> Option<Addr> {
    let (address, is_zero) = address(bytes);
    (!is_zero).then_some(address)
}

fn mac(bytes: &[u8]) -> Option<MacAddr> {
    bytes.try_into().ok().map(MacAddr).filter(|mac| !mac.is_zero())
}

fn vlan(bytes: &[u8]) -> Option<u16> {
    Some(number(bytes) as u16 & 0x0fff).filter(|vlan| *vlan != 0)
}

fn direction(bytes: &[u8]) -> Option<Direction> {
    match number(bytes) {
        0 => Some(Direction::Ingress),
        1 => Some(Direction::Egress),
        _ => None,
    }
}

/// Reads RFC 6759 §4: the engine, then a selector of which the last seven bytes tell apart.
fn application_id(bytes: &[u8]) -> Option<u64> {
    let (engine, selector) = bytes.split_first()?;
    Some(u64::from(*engine) << 56 | number(selector) & 0x00ff_ffff_ffff_ffff).filter(|id| *id != 0)
}
