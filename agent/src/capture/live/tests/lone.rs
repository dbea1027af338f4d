//! Opening: what is refused and how it is said; interfaces; rights.

use super::*;
use crate::capture::live::socket::link_type;
use crate::capture::live::{Keep, LiveError, Problem, RingSize, drop_privileges, interfaces};
use crate::capture::source::CaptureError;
use sekisho_decode::LinkType;
use wire::{Sender, ethernet};

fn refused(options: &LiveOptions) -> LiveError {
    LiveSource::open(options).map(drop).expect_err("is refused")
}

#[test]
fn an_unknown_interface_is_refused_with_those_there_are() {
    in_namespace(|| {
        lay_cable();
        let error = refused(&LiveOptions::new("mirror9"));
        assert_eq!(error.to_string(), "there is no interface `mirror9`; there are: lo, mirror0, switch0");
        // Longer than the kernel's names, and none at all.
        for name in ["an-interface-with-a-long-name", ""] {
            assert!(matches!(refused(&LiveOptions::new(name)), LiveError::NoSuchInterface { .. }), "{name}");
        }
    });
}

#[test]
fn a_ring_of_an_impossible_size_is_refused() {
    in_namespace(|| {
        lay_cable();
        for (block_bytes, blocks) in
            [(0, 2), (65_535, 2), (4096, 8), (65_536, 0), (65_536, 1), (1 << 20, 1025), (u32::MAX, u32::MAX)]
        {
            let ring = RingSize { block_bytes, blocks };
            let error = refused(&LiveOptions { ring, ..options() });
            assert!(matches!(error, LiveError::RingSize { .. }), "{ring:?}: {error}");
        }
    });
}

#[test]
fn a_filter_that_is_not_understood_is_refused_with_its_place() {
    in_namespace(|| {
        lay_cable();
        let error = refused(&LiveOptions { filter: Some("tcp prot 80".to_owned()), ..options() });
        let LiveError::Filter { filter, source } = error else { panic!("{error}") };
        assert_eq!((filter.as_str(), source.column), ("tcp prot 80", 5));
        assert!(matches!(source.problem, Problem::Unexpected { .. }));
    });
}

#[test]
fn an_interface_s_kind_says_what_its_frames_begin_with() {
    // (ARPHRD_ number, link type, which)
    let cases = [
        (1, Some(LinkType::Ethernet), "Ethernet"),
        (772, Some(LinkType::Ethernet), "loopback"),
        (0xfffe, Some(LinkType::RawIp), "tun, WireGuard, LTE modems in IP mode"),
        (519, Some(LinkType::RawIp), "LTE modems by QMAP"),
        (768, Some(LinkType::RawIp), "IP in IP"),
        (776, Some(LinkType::RawIp), "IPv6 in IPv4"),
        (512, None, "PPP, whose header the kernel keeps to itself"),
        (280, None, "CAN"),
        (803, None, "802.11 with radio information"),
        (824, None, "netlink"),
    ];
    for (hardware_type, link, which) in cases {
        assert_eq!(link_type(hardware_type), link, "{which}");
    }
}

#[test]
fn interfaces_are_listed_with_what_identifies_them() {
    in_namespace(|| {
        lay_cable();
        ip(&format!("link set {SWITCH} address 00:00:5e:00:53:07"));
        let found = interfaces();
        let named = |name: &str| found.iter().find(|interface| interface.name == name).unwrap().clone();
        let switch = named(SWITCH);
        assert_eq!(switch.mac.unwrap().to_string(), "00:00:5e:00:53:07");
        assert!(switch.running && switch.enabled);
        assert_eq!(named("lo").mac, None);
        ip(&format!("link set {MIRROR} down"));
        // The kernel tells the other end's carrier within a second or so.
        let deadline = Instant::now() + Duration::from_secs(10);
        let pulls = || interfaces().iter().any(|it| it.name == SWITCH && !it.running && it.enabled);
        while !pulls() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
        assert!(pulls());
        let found = interfaces();
        let down = found.iter().find(|interface| interface.name == MIRROR).unwrap();
        assert!(!down.running && !down.enabled);
    });
}

#[test]
fn without_the_capability_the_error_says_which_is_missing() {
    in_namespace(|| {
        lay_cable();
        drop_privileges(Keep::Nothing).unwrap();
        let error = refused(&options());
        assert!(matches!(error, LiveError::NotPermitted { .. }), "{error}");
        assert!(error.to_string().contains("CAP_NET_RAW"));
    });
}

#[test]
fn an_interface_that_comes_back_is_opened_with_the_right_that_was_kept() {
    for keep in [Keep::RawSockets, Keep::Nothing] {
        in_namespace(|| {
            lay_cable();
            let mut source = open(&options());
            // The thread that drops rights is another than the one that lays cables.
            thread::scope(|scope| {
                let (gone, see_gone) = std::sync::mpsc::channel();
                let reader = scope.spawn(move || {
                    drop_privileges(keep).unwrap();
                    let lasting = caps::has_cap(None, caps::CapSet::Effective, caps::Capability::CAP_NET_RAW);
                    assert!(!lasting.unwrap(), "not in effect while frames are read");
                    gone.send(()).unwrap();
                    let mut kept = Vec::new();
                    let began = Instant::now();
                    while kept.is_empty() && began.elapsed() < DEADLINE {
                        match source.batch(PATIENCE) {
                            Ok(Arrival::Frames(frames)) => kept.extend(frames.map(|frame| frame.wire_len)),
                            Ok(_) => {}
                            Err(error) => return Err(error),
                        }
                    }
                    Ok(kept.len())
                });
                see_gone.recv().unwrap();
                ip(&format!("link del {SWITCH}"));
                lay_cable();
                let sender = Sender::new(SWITCH);
                until("end of the reader", || {
                    sender.send(&ethernet(0x88b5, &[0; 46]));
                    reader.is_finished()
                });
                let outcome = reader.join().unwrap();
                match keep {
                    Keep::RawSockets => assert!(outcome.unwrap() > 0),
                    Keep::Nothing => assert!(matches!(outcome, Err(CaptureError::Reopen { .. }))),
                }
            });
        });
    }
}
