//! IPFIX.

use sekisho_decode::Addr;

use super::datagrams::{
    Bytes, IPFIX_FLOW, NOON_NS, NOON_S, ends, every_kind, ipfix, ipfix_flows, ipfix_options, set, template,
};
use super::{ROUTER, Run};
use crate::{Exporters, FlowRecord, Limits};

const SECOND_NS: i64 = 1_000_000_000;

fn defined(number: u32, flows: u8) -> Vec<u8> {
    ipfix(number, 9, &[set(2, &template(256, &IPFIX_FLOW)), set(256, &ipfix_flows(flows))])
}

#[test]
fn records_are_read_by_their_template() {
    let run = Run::of(&[defined(0, 30)]);
    assert_eq!(run.flows.len(), 30);
    let flow = run.flows[29];
    assert_eq!((flow.src, flow.dst), (Addr::v4(ends(29).0), Addr::v4(ends(29).1)));
    assert_eq!((flow.bytes, flow.packets, flow.in_if, flow.out_if), (1_000, 10, 3, 4));
    assert_eq!((flow.first_ns, flow.last_ns), (NOON_NS - 9 * SECOND_NS, NOON_NS - 2 * SECOND_NS));
}

#[test]
fn numbers_count_data_records_of_options_too() {
    let options =
        [set(3, &ipfix_options(302, 1, &[(10, 4), (82, 4)])), set(302, &Bytes::new().u32(4).raw(b"Gi0/").0)];
    let run = Run::of(&[defined(0, 3), ipfix(3, 9, &options), defined(4, 1), defined(5, 2), defined(17, 1)]);
    let counts = run.counts();
    assert_eq!((counts.flows, counts.options, counts.gaps, counts.lost), (7, 1, 1, 10));
}

#[test]
fn nothing_is_missing_after_data_whose_number_is_unknown() {
    let counts = Run::of(&[ipfix(0, 9, &[set(400, &[0; 80])]), defined(20, 1)]).counts();
    assert_eq!((counts.gaps, counts.lost), (0, 0));
}

#[test]
fn variable_lengths_structured_data_and_reverse_counts_are_read() {
    let run = Run::of(&every_kind()[6..8]);
    let (client, server) = ends(1);
    let flow = |n: usize| FlowRecord { application: None, ..run.flows[n] };
    assert_eq!((flow(0).src, flow(0).bytes), (Addr::v4(client), 9));
    assert_eq!(run.applications[0].as_deref(), Some("name1"));
    let report = run.exporters.exporters().next().unwrap();
    assert_eq!(report.interfaces.get(&4).map(AsRef::as_ref), Some("Gi0/4"));
    assert_eq!((flow(1).dst, flow(1).bytes, flow(1).reverse_bytes), (Addr::v4(server), 100, Some(200)));
}

#[test]
fn withdrawn_templates_are_forgotten() {
    // (why, withdrawal, templates left)
    let cases = [
        ("one by its id", set(2, &template(256, &[])), 1),
        ("all of flows", set(2, &template(2, &[])), 1),
        ("all of options", set(3, &Bytes::new().u16(3).u16(0).0), 1),
        ("none by that name", set(2, &template(999, &[])), 2),
    ];
    for (why, withdrawal, left) in cases {
        let options = set(3, &ipfix_options(302, 1, &[(10, 4), (82, 4)]));
        let run = Run::of(&[defined(0, 1), ipfix(1, 9, &[options]), ipfix(1, 9, &[withdrawal])]);
        assert_eq!(run.exporters.exporters().next().unwrap().templates, left, "{why}");
    }
}

#[test]
fn numbers_cut_short_are_read() {
    let fields = [(8, 4), (12, 4), (1, 3), (2, 1), (7, 1), (10, 1)];
    let (client, server) = ends(1);
    let record = Bytes::new().raw(&client).raw(&server).raw(&[1, 0, 0]).u8(5).u8(80).u8(2);
    let run = Run::of(&[ipfix(0, 9, &[set(2, &template(256, &fields)), set(256, &record.0)])]);
    let flow = run.flows[0];
    assert_eq!((flow.bytes, flow.packets, flow.src_port, flow.in_if), (65_536, 5, 80, 2));
}

#[test]
fn spaced_sampling_scales_counts() {
    let options = set(3, &ipfix_options(302, 1, &[(149, 4), (305, 4), (306, 4)]));
    let sampling = set(302, &Bytes::new().u32(9).u32(2).u32(18).0);
    let run = Run::of(&[ipfix(0, 9, &[options, sampling]), defined(1, 1)]);
    assert_eq!((run.flows[0].sampling, run.flows[0].bytes), (10, 10_000), "two of twenty");
}

#[test]
fn ipv6_flows_translations_and_delta_times_are_read() {
    let fields = [(27, 16), (28, 16), (62, 16), (281, 16), (158, 4), (159, 4), (1, 8), (85, 8)];
    let v6 = |last: u8| {
        let mut octets = [0; 16];
        octets[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        octets[15] = last;
        octets
    };
    let record = Bytes::new().raw(&v6(1)).raw(&v6(2)).raw(&[0; 16]).raw(&v6(3)).u32(9_000_000).u32(2_000_000);
    let record = record.u64(0).u64(900);
    let run = Run::of(&[ipfix(0, 9, &[set(2, &template(256, &fields)), set(256, &record.0)])]);
    let flow = run.flows[0];
    assert_eq!((flow.src, flow.dst, flow.next_hop), (Addr::v6(v6(1)), Addr::v6(v6(2)), None));
    assert_eq!(flow.post_nat_src, Some(Addr::v6(v6(3))));
    assert_eq!((flow.first_ns, flow.last_ns), (NOON_NS - 9 * SECOND_NS, NOON_NS - 2 * SECOND_NS));
    assert_eq!(flow.bytes, 0, "the delta counts, not the total");
}

#[test]
fn an_exporter_whose_clock_shows_local_time_tells_when_it_was() {
    let datagram = defined(0, 1);
    let mut exporters = Exporters::new(Limits::default());
    let mut first_ns = 0;
    // Nine hours later by our clock.
    let now_ns = i64::from(NOON_S + 9 * 3_600) * SECOND_NS;
    exporters.datagram(now_ns, ROUTER, &datagram, &mut |flow| first_ns = flow.first_ns).unwrap();
    assert_eq!(first_ns, now_ns - 9 * SECOND_NS);
    assert_eq!(exporters.exporters().next().unwrap().counts.clock_behind_ns, 9 * 3_600 * SECOND_NS);
}
