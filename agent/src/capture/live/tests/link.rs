//! An interface that goes and comes.

use super::*;
use wire::{Sender, numbered};

#[test]
fn a_link_that_goes_down_and_up_is_one_gap_and_the_capture_goes_on() {
    in_namespace(|| {
        lay_cable();
        let mut source = open(&options());
        Sender::new(SWITCH).send(&numbered(1, 60));
        read_frames(&mut source, 1);
        for gap in 1..=2 {
            ip(&format!("link set {MIRROR} down"));
            until("gap", || {
                read(&mut source, &mut Vec::new());
                source.stats().gaps == gap
            });
            // Down for longer than between two looks: still one gap.
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(1200) {
                read(&mut source, &mut Vec::new());
            }
            assert_eq!(source.stats().gaps, gap);
            ip(&format!("link set {MIRROR} up"));
            assert_eq!(first_after_gap(&mut source).data, numbered(7, 60));
            assert_eq!(source.stats().gaps, gap);
        }
        let warnings = source.warnings();
        assert_eq!(warnings.len(), 1);
        assert_eq!((warnings[0].file.as_str(), warnings[0].fault.slug()), (MIRROR, "link-lost"));
    });
}

#[test]
fn a_cable_that_is_pulled_is_a_gap_that_ends_when_it_is_in_again() {
    in_namespace(|| {
        lay_cable();
        let mut source = open(&options());
        Sender::new(SWITCH).send(&numbered(1, 60));
        read_frames(&mut source, 1);
        for gap in 1..=2 {
            // The other end takes the carrier away, and leaves this one up as it was told to be.
            ip(&format!("link set {SWITCH} down"));
            until("gap", || {
                read(&mut source, &mut Vec::new());
                source.stats().gaps == gap
            });
            assert!(!source.is_up());
            assert!(ip(&format!("-o link show {MIRROR}")).contains("NO-CARRIER,BROADCAST,MULTICAST,UP"));
            ip(&format!("link set {SWITCH} up"));
            // Also on a line where nothing passes.
            until("link", || {
                read(&mut source, &mut Vec::new());
                source.is_up()
            });
            assert_eq!(first_after_gap(&mut source).data, numbered(7, 60));
            assert_eq!(source.stats().gaps, gap);
        }
    });
}

#[test]
fn an_interface_that_is_removed_and_made_again_is_opened_again() {
    in_namespace(|| {
        lay_cable();
        let mut source = open(&LiveOptions { filter: Some("udp port 104".to_owned()), ..options() });
        Sender::new(SWITCH).send(&numbered(1, 60));
        read_frames(&mut source, 1);
        for gap in 1..=2 {
            ip(&format!("link del {SWITCH}"));
            until("gap", || {
                read(&mut source, &mut Vec::new());
                source.stats().gaps == gap
            });
            lay_cable();
            assert_eq!(first_after_gap(&mut source).data, numbered(7, 60));
            assert_eq!(source.stats().gaps, gap);
            assert!(is_promiscuous(), "as it was opened at first");
        }
        // Counts go on from those of the sockets before.
        assert!(source.stats().packets >= 3);
    });
}

#[test]
fn an_interface_that_is_down_at_the_start_is_waited_for() {
    in_namespace(|| {
        lay_cable();
        ip(&format!("link set {MIRROR} down"));
        let mut source = open(&options());
        until("gap", || {
            read(&mut source, &mut Vec::new());
            source.stats().gaps == 1
        });
        ip(&format!("link set {MIRROR} up"));
        assert_eq!(first_after_gap(&mut source).data, numbered(7, 60));
    });
}

/// Sends until a frame comes through: the other end notices with a delay that the link is up again.
fn first_after_gap(source: &mut LiveSource) -> Kept {
    let sender = Sender::new(SWITCH);
    let mut kept = Vec::new();
    until("frame after the gap", || {
        sender.send(&numbered(7, 60));
        read(source, &mut kept);
        !kept.is_empty()
    });
    kept.swap_remove(0)
}

#[test]
fn the_interface_is_promiscuous_while_a_source_asks_for_it() {
    in_namespace(|| {
        lay_cable();
        let modest = open(&LiveOptions { promiscuous: false, ..options() });
        assert!(!is_promiscuous());
        let source = open(&options());
        assert!(is_promiscuous());
        drop((modest, source));
        assert!(!is_promiscuous());
    });
}

fn is_promiscuous() -> bool {
    let shown = ip(&format!("-d -o link show {MIRROR}"));
    assert!(shown.contains("promiscuity "), "{shown}");
    !shown.contains("promiscuity 0")
}
