//! NetFlow v5 and v9.

use sekisho_decode::{Addr, MacAddr};

use super::datagrams::{
    Bytes, IPFIX_FLOW, NOON_NS, V9_FLOW, ends, ipfix, ipfix_flows, set, template, v5, v9, v9_flows,
    v9_options,
};
use super::{ROUTER, Run};
use crate::{ExportError, FlowRecord, Format};

const SECOND_NS: i64 = 1_000_000_000;

/// Flow 0 of every builder.
fn flow(format: Format) -> FlowRecord<'static> {
    let (client, server) = ends(0);
    FlowRecord {
        src: Addr::v4(client),
        dst: Addr::v4(server),
        src_port: 50_000,
        dst_port: 443,
        protocol: 6,
        bytes: 1_000,
        packets: 10,
        first_ns: NOON_NS - 9 * SECOND_NS,
        last_ns: NOON_NS - 2 * SECOND_NS,
        tcp_flags: 0x1b,
        next_hop: Some(Addr::v4([203, 0, 113, 1])),
        in_if: 3,
        out_if: 4,
        ..FlowRecord::new(ROUTER, format, NOON_NS)
    }
}

#[test]
fn v5_tells_flows_with_absolute_times_and_scaled_counts() {
    let run = Run::of(&[v5(1, 2, 0), v5(3, 1, 0x4064)]);
    assert_eq!(run.flows.len(), 3);
    assert_eq!(run.flows[0], flow(Format::NetflowV5));
    let sampled = FlowRecord { bytes: 100_000, packets: 1_000, sampling: 100, ..run.flows[0] };
    assert_eq!(run.flows[2], sampled, "one in a hundred, by the lower fourteen bits");
    assert_eq!(run.counts().formats().collect::<Vec<_>>(), [Format::NetflowV5]);
}

#[test]
fn v5_counts_missing_flows_by_their_number() {
    let run = Run::of(&[v5(1, 2, 0), v5(3, 5, 0), v5(38, 1, 0), v5(8, 30, 0)]);
    let counts = run.counts();
    assert_eq!((counts.flows, counts.gaps, counts.reordered, counts.lost), (38, 1, 1, 0));
    let counts = Run::of(&[v5(1, 2, 0), v5(38, 1, 0)]).counts();
    assert_eq!((counts.gaps, counts.lost), (1, 35));
}

#[test]
fn the_same_datagram_twice_counts_once() {
    for datagram in [v5(1, 2, 0), v9(1, 0, &[set(0, &template(256, &V9_FLOW)), set(256, &v9_flows(2))])] {
        let mut run = Run::new();
        run.read(&datagram).unwrap();
        assert_eq!(run.read(&datagram), Err(ExportError::Duplicate));
        assert_eq!((run.flows.len(), run.counts().duplicates, run.counts().datagrams), (2, 1, 1));
    }
}

#[test]
fn several_messages_in_one_datagram_are_read_and_counted_each() {
    let ipfix_message =
        |number| ipfix(number, 0, &[set(2, &template(256, &IPFIX_FLOW)), set(256, &ipfix_flows(2))]);
    for datagram in [[v5(1, 2, 0), v5(3, 3, 0)].concat(), [ipfix_message(0), ipfix_message(2)].concat()] {
        let mut run = Run::of(std::slice::from_ref(&datagram));
        let counts = run.counts();
        assert_eq!((counts.datagrams, counts.gaps, counts.flows), (2, 0, run.flows.len() as u64));
        assert!(run.flows.len() >= 4);
        assert_eq!(run.read(&datagram), Err(ExportError::Duplicate));
        assert_eq!(run.counts().duplicates, 2);
    }
}

#[test]
fn v9_reads_records_by_their_template() {
    let run = Run::of(&[v9(1, 0, &[set(0, &template(256, &V9_FLOW)), set(256, &v9_flows(30))])]);
    assert_eq!(run.flows.len(), 30);
    assert_eq!(run.flows[0], flow(Format::NetflowV9));
}

#[test]
fn v9_data_wait_for_their_template_and_keep_their_time() {
    let mut run = Run::of(&[v9(1, 0, &[set(256, &v9_flows(2))]), v9(2, 0, &[set(256, &v9_flows(1))])]);
    assert!(run.flows.is_empty());
    assert_eq!(run.exporters.exporters().next().unwrap().waiting, 2);
    run.read(&v9(3, 0, &[set(0, &template(256, &V9_FLOW))])).unwrap();
    assert_eq!(run.flows.len(), 3);
    assert_eq!(run.flows[0], flow(Format::NetflowV9));
    assert_eq!(run.exporters.exporters().next().unwrap().waiting, 0);
}

#[test]
fn templates_of_one_source_id_are_not_those_of_another() {
    let run = Run::of(&[v9(1, 0, &[set(0, &template(256, &V9_FLOW))]), v9(1, 1, &[set(256, &v9_flows(1))])]);
    assert!(run.flows.is_empty());
}

#[test]
fn a_template_that_changes_is_read_the_new_way_and_counted() {
    let addresses = [(8, 4), (12, 4)];
    let (client, server) = ends(9);
    let run = Run::of(&[
        v9(1, 0, &[set(0, &template(256, &V9_FLOW)), set(256, &v9_flows(1))]),
        v9(2, 0, &[set(0, &template(256, &V9_FLOW))]),
        v9(3, 0, &[set(0, &template(256, &addresses)), set(256, &[client, server].concat())]),
    ]);
    assert_eq!(run.flows.len(), 2);
    assert_eq!((run.flows[1].src, run.flows[1].bytes), (Addr::v4(client), 0));
    assert_eq!(run.exporters.exporters().next().unwrap().templates_redefined, 1);
}

#[test]
fn a_restarted_exporter_s_old_templates_are_void() {
    let reboot = |number: u32, sets: &[Vec<u8>]| {
        let mut datagram = v9(number, 0, sets);
        datagram[4..8].copy_from_slice(&500_u32.to_be_bytes());
        datagram
    };
    let run = Run::of(&[
        v9(900, 0, &[set(0, &template(256, &V9_FLOW)), set(256, &v9_flows(1))]),
        reboot(0, &[set(256, &v9_flows(1))]),
    ]);
    let report = run.exporters.exporters().next().unwrap();
    assert_eq!((run.flows.len(), report.counts.restarts, report.waiting), (1, 1, 1));
}

#[test]
fn options_name_interfaces_and_applications_and_tell_sampling() {
    let application = [(8, 4), (12, 4), (1, 4), (95, 4), (48, 1)];
    let (client, server) = ends(1);
    let record = Bytes::new().raw(&client).raw(&server).u32(10).u32(0x0d00_0123);
    let run = Run::of(&[
        v9(
            1,
            0,
            &[
                set(1, &v9_options(257, &[(2, 4)], &[(83, 8)])),
                set(257, &Bytes::new().u32(3).raw(b"WAN\0\0\0\0\0").0),
                set(1, &v9_options(258, &[(1, 4)], &[(95, 4), (96, 8)])),
                set(258, &Bytes::new().u32(0).u32(0x0d00_0123).raw(b"dicom\0\0\0").0),
                set(1, &v9_options(259, &[(1, 4)], &[(48, 1), (50, 2)])),
                set(259, &Bytes::new().u32(0).u8(2).u16(64).u32(0).u8(5).u16(8).0),
            ],
        ),
        v9(2, 0, &[set(0, &template(260, &application)), set(260, &record.u8(2).0)]),
    ]);
    let report = run.exporters.exporters().next().unwrap();
    assert_eq!(report.interfaces.get(&3).map(AsRef::as_ref), Some("WAN"));
    assert_eq!(run.applications, [Some("dicom".to_owned())]);
    assert_eq!((run.flows[0].bytes, run.flows[0].sampling), (640, 64));
    assert_eq!((report.counts.options, report.counts.sampling), (4, 64));
}

#[test]
fn a_lone_sampler_is_that_of_flows_that_name_none() {
    let run = Run::of(&[v9(
        1,
        0,
        &[
            set(1, &v9_options(259, &[(1, 4)], &[(48, 1), (50, 2)])),
            set(259, &Bytes::new().u32(0).u8(2).u16(64).0),
            set(0, &template(256, &V9_FLOW)),
            set(256, &v9_flows(1)),
        ],
    )]);
    assert_eq!((run.flows[0].bytes, run.flows[0].sampling), (64_000, 64));
}

#[test]
fn link_addresses_vlans_and_translations_are_kept() {
    let fields = [
        (8, 4),
        (12, 4),
        (56, 6),
        (57, 6),
        (58, 2),
        (59, 2),
        (225, 4),
        (226, 4),
        (227, 2),
        (228, 2),
        (61, 1),
    ];
    let (client, server) = ends(1);
    let mac = [0, 0x53, 0, 0, 0, 1];
    let record = Bytes::new().raw(&client).raw(&server).raw(&mac).raw(&[0; 6]).u16(7).u16(9);
    let record = record.raw(&[203, 0, 113, 5]).raw(&[0; 4]).u16(1_024).u16(0).u8(1);
    let run = Run::of(&[v9(1, 0, &[set(0, &template(256, &fields)), set(256, &record.0)])]);
    let flow = run.flows[0];
    assert_eq!((flow.src_mac, flow.dst_mac, flow.vlan), (Some(MacAddr(mac)), None, 7));
    assert_eq!((flow.post_nat_src, flow.post_nat_dst), (Some(Addr::v4([203, 0, 113, 5])), None));
    assert_eq!((flow.post_nat_src_port, flow.direction), (1_024, Some(crate::Direction::Egress)));
}

#[test]
fn firewall_events_are_flows_when_something_passed() {
    let fields = [(8, 4), (12, 4), (233, 1), (231, 4), (232, 4)];
    let (client, server) = ends(1);
    let event =
        |kind: u8, out: u32, back: u32| Bytes::new().raw(&client).raw(&server).u8(kind).u32(out).u32(back).0;
    // Created, denied, updated, torn down.
    let records = [event(1, 0, 0), event(3, 0, 0), event(5, 100, 50), event(2, 7, 9)].concat();
    let run = Run::of(&[v9(1, 0, &[set(0, &template(256, &fields)), set(256, &records)])]);
    let told: Vec<_> = run.flows.iter().map(|flow| (flow.bytes, flow.reverse_bytes)).collect();
    assert_eq!(told, [(100, Some(50)), (7, Some(9))]);
    assert_eq!((run.counts().events, run.counts().denied), (1, 1));
}

#[test]
fn fields_of_no_length_and_padding_are_stepped_over() {
    let fields = [(8, 4), (12, 4), (1, 4), (16, 0), (82, 0), (4, 1)];
    let (client, server) = ends(1);
    let record = Bytes::new().raw(&client).raw(&server).u32(77).u8(17).raw(&[0; 3]);
    let run = Run::of(&[v9(1, 0, &[set(0, &template(256, &fields)), set(256, &record.0), vec![0; 4]])]);
    assert_eq!((run.flows.len(), run.flows[0].bytes, run.flows[0].protocol), (1, 77, 17));
}

#[test]
fn records_without_addresses_are_no_flows() {
    let run = Run::of(&[v9(
        1,
        0,
        &[
            set(0, &template(256, &[(8, 4), (1, 4)])),
            set(256, &[0; 16]),
            set(0, &template(257, &[(8, 2), (12, 4)])),
            set(257, &[0; 6]),
        ],
    )]);
    assert_eq!((run.flows.len(), run.counts().other_records), (0, 3));
}
