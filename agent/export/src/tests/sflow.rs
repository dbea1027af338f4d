//! sFlow v5.

use sekisho_decode::{Addr, MacAddr};

use super::datagrams::{
    Bytes, NOON_NS, ends, every_kind, expanded_flow_sample, flow_sample, raw_header, sflow, tagged,
};
use super::{ROUTER, Run};
use crate::{Exporters, FlowRecord, Format, Limits};

#[test]
fn a_sample_stands_for_the_packets_between_samples() {
    let router = Bytes::new().u32(1).raw(&[203, 0, 113, 1]).u32(24).u32(24);
    let records = [raw_header(), tagged(1_002, &router.0)];
    let (client, server) = ends(1);
    let expected = FlowRecord {
        src: Addr::v4(client),
        dst: Addr::v4(server),
        src_port: 50_000,
        dst_port: 443,
        protocol: 6,
        bytes: 512_000,
        packets: 512,
        sampling: 512,
        tcp_flags: 0x18,
        src_mac: Some(MacAddr([0, 0x53, 0, 0, 0, 1])),
        dst_mac: Some(MacAddr([0, 0x53, 0, 0, 0, 2])),
        vlan: 7,
        next_hop: Some(Addr::v4([203, 0, 113, 1])),
        in_if: 3,
        out_if: 4,
        ..FlowRecord::new(ROUTER, Format::SflowV5, NOON_NS)
    };
    for sample in [flow_sample(1, &records), expanded_flow_sample(1, &records)] {
        let run = Run::of(&[sflow(1, 0, &[sample])]);
        assert_eq!(run.flows, [expected]);
    }
}

#[test]
fn samples_without_a_header_are_read_from_what_the_switch_says() {
    let run = Run::of(&every_kind()[8..9]);
    assert_eq!(run.flows.len(), 2);
    assert_eq!((run.flows[1].bytes, run.flows[1].src_port, run.flows[1].vlan), (512_000, 50_000, 0));
    assert_eq!(run.counts().counter_samples, 1);
}

#[test]
fn the_agent_s_address_names_the_exporter_whoever_sends() {
    let mut exporters = Exporters::new(Limits::default());
    let mut seen = Vec::new();
    for (number, source) in [(1, [192, 0, 2, 1]), (2, [192, 0, 2, 2])] {
        let datagram = sflow(number, 0, &[flow_sample(number, &[raw_header()])]);
        exporters
            .datagram(NOON_NS, Addr::v4(source), &datagram, &mut |flow| seen.push(flow.exporter))
            .unwrap();
    }
    assert_eq!(seen, [ROUTER; 2]);
    assert_eq!(exporters.exporters().next().unwrap().counts.gaps, 0);
}

#[test]
fn an_agent_that_does_not_know_its_address_is_called_by_the_datagram_s() {
    let mut datagram = sflow(1, 0, &[flow_sample(1, &[raw_header()])]);
    datagram[8..12].fill(0);
    let mut exporters = Exporters::new(Limits::default());
    let source = Addr::v4([192, 0, 2, 9]);
    exporters.datagram(NOON_NS, source, &datagram, &mut |flow| assert_eq!(flow.exporter, source)).unwrap();
    assert_eq!(exporters.exporters().next().unwrap().counts.flows, 1);
}

#[test]
fn sub_agents_number_their_own_datagrams() {
    let counts =
        Run::of(&[sflow(1, 0, &[]), sflow(900, 1, &[]), sflow(2, 0, &[]), sflow(903, 1, &[])]).counts();
    assert_eq!((counts.gaps, counts.lost, counts.reordered), (1, 2, 0));
}

#[test]
fn a_damaged_sample_does_not_hide_the_next() {
    let damaged = tagged(1, &[0; 20]);
    let run = Run::of(&[sflow(1, 0, &[damaged, flow_sample(2, &[raw_header()])])]);
    assert_eq!((run.flows.len(), run.counts().malformed), (1, 1));
}

#[test]
fn what_is_not_ip_is_counted_only() {
    let arp = Bytes::new().raw(&[0xff; 6]).raw(&[0, 0x53, 0, 0, 0, 1]).u16(0x0806).raw(&[0; 28]).0;
    let header = Bytes::new().u32(1).u32(64).u32(4).u32(arp.len() as u32).raw(&arp);
    let run = Run::of(&[sflow(1, 0, &[flow_sample(1, &[tagged(1, &header.0)])])]);
    assert_eq!((run.flows.len(), run.counts().other_records), (0, 1));
}
