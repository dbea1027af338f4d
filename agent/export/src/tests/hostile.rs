//! Bytes that no exporter would send.

use proptest::collection::vec;
use proptest::prelude::*;
use sekisho_decode::Addr;

use super::datagrams::{NOON_NS, every_kind};
use super::{ROUTER, Run};
use crate::{ExportError, Exporters, Limits};

#[test]
fn every_datagram_cut_at_every_length_gives_no_more_than_it_holds() {
    for (kind, datagram) in every_kind().iter().enumerate() {
        // What the datagrams before define is known.
        let before = &every_kind()[..kind];
        let mut whole = Run::of(before);
        let known = whole.flows.len();
        whole.read(datagram).unwrap();
        for len in 0..datagram.len() {
            let mut run = Run::of(before);
            let read = run.read(&datagram[..len]);
            assert!(run.flows.len() <= whole.flows.len(), "{kind} cut at {len}");
            assert_eq!(run.flows[known..], whole.flows[known..run.flows.len()], "{kind} cut at {len}");
            // NetFlow v9 does not say how long it is: it may end after any set.
            let is_v9 = datagram[1] == 9;
            assert!(read.is_err() || is_v9, "{kind} cut at {len}");
        }
    }
}

#[test]
fn other_traffic_is_no_export_and_makes_no_exporter() {
    let mut run = Run::new();
    let cases: [&[u8]; 6] = [
        b"",
        b"\0",
        b"\0\x05",
        b"\0\x09\0\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        &[0, 10, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    for bytes in cases {
        assert_eq!(run.read(bytes), Err(ExportError::NotAnExport), "{bytes:?}");
    }
    assert_eq!((run.exporters.exporters().count(), run.exporters.foreign()), (0, 6));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..600), version in 0_u8..12) {
        let mut exporters = Exporters::new(Limits::default());
        let mut headed = vec![0, version];
        headed.extend_from_slice(&bytes);
        for payload in [&bytes, &headed] {
            let _ = exporters.datagram(NOON_NS, ROUTER, payload, &mut |flow| assert!(flow.first_ns <= flow.last_ns));
        }
    }

    #[test]
    fn damaged_datagrams_are_survived(
        order in vec((0_usize..9, vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)), 1..40),
        source in 0_u8..4,
    ) {
        let mut exporters = Exporters::new(Limits { exporters: 2, held_bytes: 100_000 });
        let kinds = every_kind();
        for (kind, damage) in order {
            let mut datagram = kinds[kind].clone();
            for (at, value) in damage {
                let at = at.index(datagram.len());
                datagram[at] = value;
            }
            let _ = exporters.datagram(NOON_NS, Addr::v4([192, 0, 2, source]), &datagram, &mut |flow| {
                assert!(flow.first_ns <= flow.last_ns && flow.last_ns <= NOON_NS);
                assert!(flow.sampling >= 1);
            });
            let held: usize = exporters.exporters().map(|report| report.templates).sum();
            assert!(held <= 1_024);
        }
    }
}
