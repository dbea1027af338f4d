//! What members of a group share.

use std::collections::BTreeMap;

use super::*;
use crate::capture::CaptureError;
use crate::capture::live::Fanout;
use wire::{Sender, datagram, tagged};

/// Inside stations, and a server.
fn conns() -> impl Iterator<Item = [[u8; 4]; 2]> {
    (1..=64).map(|station| [[192, 0, 2, station], [198, 51, 100, 1]])
}

fn members(count: u32) -> Vec<LiveSource> {
    let options = LiveOptions { fanout: Some(Fanout::default()), ..options() };
    (0..count).map(|_| open(&options)).collect()
}

#[test]
fn members_together_see_every_frame_once_and_both_directions_of_a_conn_in_one_place() {
    in_namespace(|| {
        lay_cable();
        let mut members = members(2);
        let sender = Sender::new(SWITCH);
        for [station, server] in conns() {
            sender.send(&datagram([station, server], [50_000, 443], b"out"));
            sender.send(&datagram([server, station], [443, 50_000], b"in"));
            // The same conn mirrored from another VLAN stays with it.
            sender.send(&tagged(&datagram([station, server], [50_000, 443], b"out"), 0x8100, 10));
        }
        let mut seen: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        let mut total = 0;
        until("frames of all conns", || {
            for (member, source) in members.iter_mut().enumerate() {
                let mut kept = Vec::new();
                read(source, &mut kept);
                total += kept.len();
                for frame in kept {
                    // Whichever address is the station's.
                    let station = if frame.data[26] == 192 { frame.data[29] } else { frame.data[33] };
                    seen.entry(station).or_default().push(member);
                }
            }
            total >= 192
        });
        assert_eq!(total, 192);
        for (station, members) in &seen {
            assert!(matches!(members[..], [a, b, c] if a == b && b == c), "{station}: {members:?}");
        }
        let loads: Vec<_> = members.iter().map(|member| member.stats().packets).collect();
        assert!(loads.iter().all(|load| *load > 20) && loads.iter().sum::<u64>() == 192, "{loads:?}");
    });
}

#[test]
fn an_interface_that_is_back_and_cannot_be_opened_is_told() {
    in_namespace(|| {
        lay_cable();
        // Nobody looks at the second, so that it never lets go of the old interface.
        let mut members = members(2);
        // Were the old one removed, the kernel might put the new one into its memory, and take it for the same.
        for (end, name) in [(MIRROR, "old-mirror"), (SWITCH, "old-switch")] {
            ip(&format!("link set {end} down"));
            ip(&format!("link set {end} name {name}"));
        }
        lay_cable();
        until("the refusal", || {
            let refused = members[0].batch(Duration::from_millis(100)).err();
            refused.is_some_and(|error| matches!(error, CaptureError::Reopen { .. }))
        });
    });
}

#[test]
fn two_groups_on_an_interface_do_not_share() {
    in_namespace(|| {
        lay_cable();
        let (mut first, mut second) = (members(1), members(1));
        let sender = Sender::new(SWITCH);
        for ends in conns() {
            sender.send(&datagram(ends, [50_000, 443], b""));
        }
        let data = |source| read_frames(source, 64).into_iter().map(|kept| kept.data).collect::<Vec<_>>();
        assert!(data(&mut first[0]) == data(&mut second[0]));
    });
}

#[test]
fn a_group_survives_the_loss_of_its_interface() {
    in_namespace(|| {
        lay_cable();
        let mut members = members(2);
        ip(&format!("link del {SWITCH}"));
        until("gap of both members", || {
            for source in &mut members {
                read(source, &mut Vec::new());
            }
            members.iter().all(|source| source.stats().gaps == 1)
        });
        lay_cable();
        let sender = Sender::new(SWITCH);
        let mut shares = [0, 0];
        until("share of both members", || {
            for ends in conns() {
                sender.send(&datagram(ends, [50_000, 443], b""));
            }
            for (share, source) in shares.iter_mut().zip(&mut members) {
                let mut kept = Vec::new();
                read(source, &mut kept);
                *share += kept.len();
            }
            shares.iter().all(|share| *share > 0)
        });
        assert!(members.iter().all(|source| source.stats().gaps == 1));
    });
}
