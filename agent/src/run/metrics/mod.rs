//! Figures for Prometheus: a [`Status`] in, OpenMetrics text out.
//!
//! Labels carry an interface's name and an exporter's ordinal only: no address, name of a device or
//! community string ever leaves in a figure.

pub(crate) mod server;

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;

use super::rates::rough;
use super::status::Status;

/// Label and value; none for the daemon as a whole.
type Label<'s> = Option<(&'static str, &'s str)>;

/// Writes a status as figures.
pub(crate) fn encode(status: Status) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Figures(status)));
    let mut figures = String::new();
    text::encode(&mut figures, &registry)?;
    Ok(figures)
}

/// A status on its way into figures.
#[derive(Debug)]
struct Figures(Status);

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out(encoder);
        traffic(&self.0, &mut out)?;
        exporters(&self.0, &mut out)?;
        snmp(&self.0, &mut out)?;
        daemon(&self.0, &mut out)?;
        machine(&self.0, &mut out)
    }
}

fn traffic(status: &Status, out: &mut Out<'_>) -> fmt::Result {
    let by_interface = |figure: fn(&super::status::Interface) -> u64| {
        status
            .interfaces
            .iter()
            .map(move |interface| (Some(("interface", interface.name.as_str())), figure(interface)))
    };
    out.counters("sekisho_packets", "Packets taken", by_interface(|it| it.packets))?;
    out.counters("sekisho_bytes", "Octets taken, as on the wire", by_interface(|it| it.bytes))?;
    out.counters(
        "sekisho_kernel_drops",
        "Packets dropped by the kernel",
        by_interface(|it| it.kernel_drops),
    )?;
    out.counters("sekisho_interface_gaps", "Times that it was away", by_interface(|it| it.gaps))?;
    let link = by_interface(|it| u64::from(it.link)).map(|(label, up)| (label, rough(up)));
    out.gauges("sekisho_interface_up", "Whether there is a link", link)?;
    let traffic = &status.traffic;
    out.counter("sekisho_ring_freezes", "Times that a ring was full", traffic.ring_freezes)?;
    out.counter("sekisho_duplicates", "Packets that were mirrored twice", traffic.duplicates)?;
    let tables = &status.tables;
    out.gauge("sekisho_conns", "Conns in the tables", rough(tables.conns))?;
    out.gauge("sekisho_conns_max", "Conns that fit into the tables", rough(tables.conns_max))?;
    out.gauge("sekisho_table_bytes", "Octets that the tables take", rough(tables.bytes))?;
    out.counter("sekisho_conns_evicted", "Conns that made room for others", tables.evicted)
}

fn exporters(status: &Status, out: &mut Out<'_>) -> fmt::Result {
    let ordinals: Vec<String> = (1..=status.exporters.len()).map(|ordinal| ordinal.to_string()).collect();
    let by_exporter = |figure: fn(&super::status::Exporter) -> u64| {
        let numbered = ordinals.iter().zip(&status.exporters);
        numbered.map(move |(ordinal, exporter)| (Some(("exporter", ordinal.as_str())), figure(exporter)))
    };
    out.counters("sekisho_export_datagrams", "Export datagrams taken", by_exporter(|it| it.datagrams))?;
    out.counters("sekisho_export_flows", "Flows in them", by_exporter(|it| it.flows))?;
    out.counters("sekisho_export_lost", "Missing, by sequence numbers", by_exporter(|it| it.lost))?;
    let what = "Not readable: damaged, or in vain waiting for a template";
    out.counters("sekisho_export_unread", what, by_exporter(|it| it.unread))
}

fn snmp(status: &Status, out: &mut Out<'_>) -> fmt::Result {
    let Some(snmp) = &status.snmp else { return Ok(()) };
    out.counter("sekisho_snmp_sent", "SNMP datagrams sent, repetitions included", snmp.sent)?;
    out.counter("sekisho_snmp_repeated", "SNMP questions put again", snmp.repeated)?;
    out.counter("sekisho_snmp_answered", "SNMP answers", snmp.answered)?;
    out.counter("sekisho_snmp_rounds", "Rounds of asking devices", snmp.rounds)?;
    let by_state = snmp.states.iter().map(|(state, count)| (Some(("state", state.as_str())), rough(*count)));
    out.gauges("sekisho_snmp_devices", "Devices of the last round", by_state)?;
    out.gauge("sekisho_snmp_left_out", "Devices left out of it, medical or excluded", rough(snmp.left_out))?;
    match &snmp.last {
        Some(last) => out.gauge("sekisho_snmp_round_seconds", "How long it took", last.seconds),
        None => Ok(()),
    }
}

fn daemon(status: &Status, out: &mut Out<'_>) -> fmt::Result {
    let restarts = status.workers.iter().map(|worker| u64::from(worker.restarts)).sum();
    out.counter("sekisho_source_failures", "Times that a source failed and was opened again", restarts)?;
    let roll_up = &status.roll_up;
    out.counter("sekisho_roll_ups", "Roll-ups in the ledger", roll_up.recorded)?;
    out.counter("sekisho_roll_up_failures", "Attempts to record that failed", roll_up.failed)?;
    out.counter("sekisho_snapshots_unkept", "What equipment said and was not kept", roll_up.unkept)?;
    if let Some(last) = &roll_up.last {
        out.gauge("sekisho_roll_up_seconds", "How long the last roll-up took", last.seconds)?;
        let at = last.at.as_millisecond().max(0).cast_unsigned();
        let at = rough(at) / 1_000.0;
        out.gauge("sekisho_roll_up_timestamp_seconds", "When the last roll-up was recorded", at)?;
    }
    let mut handed: BTreeMap<&str, u64> = BTreeMap::new();
    for it in &status.handed {
        *handed.entry(it.state.as_str()).or_default() += 1;
    }
    let by_state = handed.into_iter().map(|(state, count)| (Some(("state", state)), rough(count)));
    out.gauges("sekisho_handed_settings", "Settings that the collector handed down", by_state)?;
    out.gauge("sekisho_uptime_seconds", "How long the daemon has run", rough(status.uptime_s))?;
    out.gauge("sekisho_resident_bytes", "The daemon's resident memory", rough(status.memory.resident))
}

fn machine(status: &Status, out: &mut Out<'_>) -> fmt::Result {
    let (machine, clock) = (&status.machine, &status.clock);
    let [load, ..] = machine.load;
    out.gauge("sekisho_box_load1", "The box's load over a minute", load)?;
    out.gauge("sekisho_box_memory_available_bytes", "Memory to be had", rough(machine.memory_available))?;
    out.gauge("sekisho_box_disk_free_bytes", "Room for the ledger", rough(machine.disk_free))?;
    if let Some(celsius) = machine.temperature_c {
        out.gauge("sekisho_box_temperature_celsius", "The box's hottest sensor", f64::from(celsius))?;
    }
    out.counter("sekisho_clock_jumps", "Times that the clock was set or the box suspended", clock.jumps)
}

/// Writes one figure after the other.
struct Out<'e>(DescriptorEncoder<'e>);

impl Out<'_> {
    fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        self.counters(name, help, [(None, count)])
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.gauges(name, help, [(None, value)])
    }

    fn counters<'s>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Label<'s>, u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (label, count) in rows {
            let none: Option<&Exemplar<[(&str, &str); 0], u64>> = None;
            match label {
                Some(label) => metric.encode_family(&[label])?.encode_counter(&count, none)?,
                None => metric.encode_counter(&count, none)?,
            }
        }
        Ok(())
    }

    fn gauges<'s>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Label<'s>, f64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (label, value) in rows {
            match label {
                Some(label) => metric.encode_family(&[label])?.encode_gauge(&value)?,
                None => metric.encode_gauge(&value)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::status::{Exporter, Interface};

    #[test]
    fn figures_are_named_by_interface_and_ordinal_and_carry_no_address() {
        let interface = Interface { name: "eth1".to_owned(), packets: 7, link: true, ..Interface::default() };
        let address = "192.0.2.1".parse().unwrap();
        let exporter = Exporter { address, datagrams: 3, flows: 90, lost: 1, unread: 8 };
        let status = Status {
            site: "kita".to_owned(),
            sensor: "box".to_owned(),
            interfaces: vec![interface],
            exporters: vec![exporter],
            ..Status::default()
        };
        let figures = encode(status).unwrap();
        for line in [
            "sekisho_packets_total{interface=\"eth1\"} 7",
            "sekisho_interface_up{interface=\"eth1\"} 1.0",
            "sekisho_export_flows_total{exporter=\"1\"} 90",
            "sekisho_export_unread_total{exporter=\"1\"} 8",
            "sekisho_conns 0.0",
            "sekisho_roll_ups_total 0",
            "# EOF",
        ] {
            assert!(figures.lines().any(|found| found == line), "no `{line}` in\n{figures}");
        }
        for secret in ["192.0.2.1", "kita", "box\""] {
            assert!(!figures.contains(secret), "{secret} in\n{figures}");
        }
    }
}
