//! What may be remembered is bounded, and what is cut off is counted.

use sekisho_decode::Addr;

use super::Run;
use super::datagrams::{Bytes, NOON_NS, V9_FLOW, ipfix, set, template, v9, v9_flows, v9_options};
use crate::templates::MAX_TEMPLATES;
use crate::{ExportError, Exporters, Limits};

#[test]
fn the_templates_used_longest_ago_make_room() {
    let mut run = Run::new();
    for id in 0..=MAX_TEMPLATES as u16 {
        let again = set(256, &v9_flows(1));
        run.read(&v9(id.into(), 0, &[set(0, &template(256 + id, &V9_FLOW)), again])).unwrap();
    }
    let report = run.exporters.exporters().next().unwrap();
    assert_eq!((report.templates, report.templates_evicted), (MAX_TEMPLATES - 64, 65));
    assert_eq!(run.flows.len(), MAX_TEMPLATES + 1, "the one in use is kept");
}

#[test]
fn a_datagram_may_not_define_templates_without_end() {
    let many: Vec<u8> = (256..512).flat_map(|id| template(id, &[(8, 4)])).collect();
    let mut run = Run::new();
    assert!(matches!(run.read(&v9(1, 0, &[set(0, &many)])), Err(ExportError::Unreadable { .. })));
    assert_eq!(run.exporters.exporters().next().unwrap().templates, 128);
    let fields = vec![(8, 4); 513];
    assert!(run.read(&ipfix(0, 0, &[set(2, &template(256, &fields))])).is_err());
}

#[test]
fn the_longest_waiting_data_make_room_and_are_counted() {
    let mut run = Run::new();
    for number in 0..200 {
        run.read(&v9(number, 0, &[set(256, &[0; 1_200])])).unwrap();
    }
    let report = run.exporters.exporters().next().unwrap();
    assert_eq!((report.waiting, report.waiting_dropped), (98, 102));
    assert!(run.exporters.held_bytes() < 200_000);
}

#[test]
fn names_beyond_their_bound_are_counted() {
    let mut run = Run::new();
    run.read(&v9(0, 0, &[set(1, &v9_options(257, &[(1, 4)], &[(10, 4), (82, 4)]))])).unwrap();
    for number in 1..21_u32 {
        let record = |n: u32| Bytes::new().u32(0).u32(number * 100 + n).raw(b"Gi0/").0;
        let records: Vec<u8> = (0..100).flat_map(record).collect();
        run.read(&v9(number, 0, &[set(257, &records)])).unwrap();
    }
    let report = run.exporters.exporters().next().unwrap();
    assert_eq!((report.interfaces.len(), report.names_cut), (1_024, 976));
}

#[test]
fn strangers_do_not_drive_out_exporters_that_give_flows() {
    let limits = Limits { exporters: 8, ..Limits::default() };
    let mut exporters = Exporters::new(limits);
    let router = Addr::v4([192, 0, 2, 254]);
    let defined = v9(1, 0, &[set(0, &template(256, &V9_FLOW)), set(256, &v9_flows(1))]);
    exporters.datagram(NOON_NS, router, &defined, &mut |_| ()).unwrap();
    for n in 0..100 {
        let stranger = Addr::v4([198, 51, 100, n]);
        exporters.datagram(NOON_NS + 1, stranger, &v9(1, 0, &[set(300, &[n; 40])]), &mut |_| ()).unwrap();
    }
    assert_eq!((exporters.exporters().count(), exporters.evicted()), (8, 93));
    let mut flows = 0;
    exporters
        .datagram(NOON_NS + 2, router, &v9(2, 0, &[set(256, &v9_flows(5))]), &mut |_| flows += 1)
        .unwrap();
    assert_eq!(flows, 5);
}

#[test]
fn what_exporters_hold_together_is_bounded() {
    let limits = Limits { held_bytes: 400_000, ..Limits::default() };
    let mut exporters = Exporters::new(limits);
    for n in 0..=255 {
        for number in 0..20 {
            let datagram = v9(number, 0, &[set(256, &[n; 1_200])]);
            exporters.datagram(NOON_NS, Addr::v4([198, 51, 100, n]), &datagram, &mut |_| ()).unwrap();
            assert!(exporters.held_bytes() <= limits.held_bytes);
        }
    }
    assert!(exporters.evicted() > 200);
}

#[test]
fn what_was_announced_stays_when_the_clock_was_wrong() {
    let mut run = Run::new();
    run.read(&v9(0, 0, &[set(0, &template(256, &V9_FLOW))])).unwrap();
    run.read(&v9(1, 0, &[set(300, &[0; 40])])).unwrap();
    let held = run.exporters.held_bytes();
    run.exporters.forget_times();
    let report = run.exporters.exporters().next().unwrap();
    let told = (report.templates, report.waiting, report.waiting_dropped, report.last_ns);
    assert_eq!(told, (1, 0, 1, i64::MIN));
    assert!(run.exporters.held_bytes() < held - 40, "what waited takes no room");
    run.read(&v9(2, 0, &[set(256, &v9_flows(3))])).unwrap();
    assert_eq!(run.flows.len(), 3, "nobody has to wait for the template");
}
