//! What the ring brings: every frame, whole, once, with its tag.

use std::net::{TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use super::*;
use crate::capture::live::RingSize;
use std::io::{Read, Write};
use wire::{Sender, numbered, tagged};

#[test]
fn frames_come_whole_and_in_order_with_the_time_they_arrived() {
    in_namespace(|| {
        lay_cable();
        let mut source = open(&options());
        let sender = Sender::new(SWITCH);
        let now = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap();
        let before = now();
        let sent: Vec<_> = (0..300).map(|number| numbered(number, 60 + 4 * number as usize)).collect();
        for frame in &sent {
            sender.send(frame);
        }
        let kept = read_frames(&mut source, sent.len());
        for (kept, sent) in kept.iter().zip(&sent) {
            assert_eq!(kept.data, *sent);
            assert_eq!(kept.wire_len as usize, sent.len());
            assert_eq!((kept.tci, kept.merged), (0, false));
            assert!((before..=now()).contains(&kept.time_ns));
        }
        assert!(kept.is_sorted_by_key(|frame| frame.time_ns));
        let stats = source.stats();
        assert_eq!((stats.packets, stats.drops, stats.gaps, stats.damaged), (300, 0, 0, 0));
        assert!(source.warnings().is_empty());
    });
}

#[test]
fn vlan_tags_that_the_kernel_took_off_are_restored_beside_the_frame() {
    in_namespace(|| {
        lay_cable();
        let mut source = open(&options());
        let sender = Sender::new(SWITCH);
        let plain = numbered(1, 100);
        let inner = tagged(&plain, 0x8100, 30);
        // (sent, tag beside, what stays in the bytes)
        let cases = [
            (plain.clone(), 0, &plain),
            (tagged(&plain, 0x8100, 10), 10, &plain),
            (tagged(&plain, 0x8100, 0xe00a), 0xe00a, &plain), // with a priority
            (tagged(&plain, 0x88a8, 20), 20, &plain),         // a service tag
            (tagged(&inner, 0x88a8, 20), 20, &inner),         // a service tag around a customer tag
        ];
        for (sent, ..) in &cases {
            sender.send(sent);
        }
        let kept = read_frames(&mut source, cases.len());
        for (kept, (sent, tci, rest)) in kept.iter().zip(cases) {
            assert_eq!((kept.tci, &kept.data), (tci, rest));
            assert_eq!(kept.wire_len as usize, sent.len(), "as on the wire, tag {tci}");
        }
    });
}

#[test]
fn the_snap_length_cuts_the_bytes_and_not_the_length() {
    in_namespace(|| {
        lay_cable();
        let sender = Sender::new(SWITCH);
        let sent = numbered(1, 1000);
        for (filter, snaplen, expected) in [
            (None, 96, 96),
            (Some("udp"), 96, 96),
            (None, 0, 1000),
            (Some("udp"), 0, 1000),
            (None, 4000, 1000),
        ] {
            let filter = filter.map(str::to_owned);
            let mut source = open(&LiveOptions { filter, snaplen, ..options() });
            sender.send(&sent);
            let kept = read_frames(&mut source, 1);
            assert_eq!(kept[0].data, sent[..expected]);
            assert_eq!(kept[0].wire_len, 1000);
        }
    });
}

#[test]
fn what_a_full_ring_loses_is_counted() {
    in_namespace(|| {
        lay_cable();
        let ring = RingSize { block_bytes: 64 * 1024, blocks: 2 };
        let mut source = open(&LiveOptions { ring, ..options() });
        let sender = Sender::new(SWITCH);
        let total = 2000;
        for number in 0..total {
            sender.send(&numbered(number, 1000));
        }
        let mut kept = Vec::new();
        until("last frame", || {
            read(&mut source, &mut kept);
            kept.len() as u64 + source.drops() == u64::from(total)
        });
        let stats = source.stats();
        assert!(stats.drops > 1000 && stats.freezes > 0, "{stats:?}");
        assert_eq!(stats.packets, u64::from(total), "{stats:?}");
        // What was not lost is the beginning, and after the ring was read it takes frames again.
        let numbers = |kept: &[Kept]| kept.iter().map(|kept| kept.data[42..46].to_vec()).collect::<Vec<_>>();
        let first: Vec<_> = (0..kept.len() as u32).map(|number| number.to_be_bytes().to_vec()).collect();
        assert_eq!(numbers(&kept), first);
        sender.send(&numbered(9999, 60));
        assert_eq!(numbers(&read_frames(&mut source, 1)), [9999_u32.to_be_bytes()]);
    });
}

#[test]
fn frames_that_offloads_merged_are_marked() {
    in_namespace(|| {
        ip("link set lo mtu 1500");
        let mut source = open(&LiveOptions { filter: Some("tcp".to_owned()), ..LiveOptions::new("lo") });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut called, _) = listener.accept().unwrap();
        let sent = vec![7; 60_000];
        caller.write_all(&sent).unwrap();
        called.read_exact(&mut vec![0; sent.len()]).unwrap();
        let mut kept = Vec::new();
        until("merged frame", || {
            read(&mut source, &mut kept);
            kept.iter().any(|frame| frame.merged)
        });
        for frame in &kept {
            assert_eq!(frame.merged, frame.wire_len > 1514, "{} bytes", frame.wire_len);
        }
        // The loopback interface would show every frame twice.
        let opening = kept.iter().filter(|frame| frame.data[47] & 0x12 == 0x02).count();
        assert_eq!(opening, 1);
    });
}

#[test]
fn what_this_machine_sends_is_seen_or_left_out_as_asked() {
    in_namespace(|| {
        lay_cable();
        let sender = Sender::new(MIRROR);
        let other_side = Sender::new(SWITCH);
        for (ignore_outgoing, expected) in [(false, &[1, 2][..]), (true, &[2])] {
            let mut source = open(&LiveOptions { ignore_outgoing, ..options() });
            sender.send(&numbered(1, 60));
            other_side.send(&numbered(2, 60));
            let kept = read_frames(&mut source, expected.len());
            let numbers: Vec<_> = kept.iter().map(|kept| kept.data[45]).collect();
            assert_eq!(numbers, expected);
        }
    });
}

#[test]
fn a_still_line_costs_no_time() {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    in_namespace(|| {
        lay_cable();
        let mut source = open(&options());
        let used = || {
            let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
            (usage.user_time() + usage.system_time()).num_microseconds()
        };
        let (before, began) = (used(), Instant::now());
        while began.elapsed() < Duration::from_secs(2) {
            assert!(matches!(source.batch(PATIENCE).unwrap(), Arrival::Nothing));
        }
        let used = used() - before;
        assert!(used < 20_000, "{used} µs in two seconds: more than a hundredth of a core");
    });
}
