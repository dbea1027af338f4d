//! Synthetic traffic for each finding and for each false alarm.

mod lab;

use std::time::Duration;

use sekisho_decode::MacAddr;

use crate::{Around, Assessment, Carrier, Carries, Figure, Glance, Key, MirrorCheck, Severity, Verdict};
use lab::{Lab, Sight, host, outside};

/// A mirror as it should be: `conns` TCP conns of many hosts, each with both directions.
fn mirror(lab: &mut Lab, conns: u16) {
    for number in 0..conns {
        lab.tcp(&host(number % 40), &outside(number), Sight::Both);
    }
}

fn keys(assessment: &Assessment) -> Vec<Key> {
    assessment.findings.iter().map(|finding| finding.key).collect()
}

fn figure(assessment: &Assessment, key: Key, name: &str) -> Figure {
    let finding = assessment.findings.iter().find(|finding| finding.key == key).unwrap();
    finding.figures.iter().find(|(known, _)| *known == name).unwrap().1.clone()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_kind_of_traffic_is_judged_as_it_is() {
    type Play = fn(&mut Lab);
    // (what passes, how, verdict, keys)
    let cases: &[(&str, Play, Verdict, &[Key])] = &[
        ("nothing", |_| {}, Verdict::Bad, &[Key::NothingAtAll]),
        ("a few packets of a file", |lab| mirror(lab, 1), Verdict::TooLittleToTell, &[]),
        ("a few broadcasts", |lab| lab.broadcasts(20), Verdict::TooLittleToTell, &[]),
        ("a good mirror", |lab| mirror(lab, 60), Verdict::Good, &[]),
        (
            "a good mirror with little TCP",
            |lab| {
                (0..80).for_each(|number| lab.udp(&host(number), &outside(number), Sight::Both));
            },
            Verdict::Good,
            &[],
        ),
        ("broadcasts of an ordinary port", |lab| lab.broadcasts(400), Verdict::Bad, &[Key::OnlyBroadcast]),
        (
            "an ordinary port with strays",
            |lab| {
                lab.broadcasts(2000);
                lab.tcp(&host(1), &host(2), Sight::OrigOnly);
            },
            Verdict::Bad,
            &[Key::OnlyBroadcast],
        ),
        (
            "a storm of broadcasts on a good mirror",
            |lab| {
                mirror(lab, 30);
                lab.broadcasts(50_000);
            },
            Verdict::Good,
            &[],
        ),
        (
            "only our own conns",
            |lab| {
                lab.broadcasts(200);
                (0..30).for_each(|number| lab.tcp(&lab::own(), &outside(number), Sight::Both));
            },
            Verdict::Bad,
            &[Key::OnlyOwn],
        ),
        (
            "a good mirror and our own conns",
            |lab| {
                mirror(lab, 60);
                (0..300).for_each(|number| lab.tcp(&lab::own(), &outside(number), Sight::Both));
            },
            Verdict::Good,
            &[],
        ),
        (
            "what ports receive",
            |lab| {
                (0..60).for_each(|number| lab.tcp(&host(number % 40), &outside(number), Sight::OrigOnly));
            },
            Verdict::Bad,
            &[Key::OneDirection],
        ),
        (
            "what ports send",
            |lab| {
                (0..60).for_each(|number| lab.tcp(&host(number % 40), &outside(number), Sight::RespOnly));
            },
            Verdict::Bad,
            &[Key::OneDirection],
        ),
        (
            "asymmetric routing of a part",
            |lab| {
                mirror(lab, 60);
                (0..40).for_each(|number| lab.tcp(&host(number), &outside(500 + number), Sight::OrigOnly));
            },
            Verdict::Doubtful,
            &[Key::PartlyOneSided],
        ),
        (
            "a few hosts that are switched off",
            |lab| {
                mirror(lab, 60);
                (0..8).for_each(|number| lab.tcp(&host(number), &outside(500 + number), Sight::OrigOnly));
            },
            Verdict::Good,
            &[],
        ),
        (
            "a scan that nobody answers",
            |lab| {
                mirror(lab, 60);
                (0..2000).for_each(|number| lab.syn(&host(1), &host(number)));
            },
            Verdict::Good,
            &[],
        ),
        (
            "syslog, which is one-way",
            |lab| {
                mirror(lab, 60);
                (0..500).for_each(|number| lab.udp(&host(number), &host(3), Sight::OrigOnly));
            },
            Verdict::Good,
            &[],
        ),
        (
            "one VLAN of three in one direction",
            |lab| {
                (0..90).for_each(|number| {
                    let sight = if number % 3 == 0 { Sight::OrigOnly } else { Sight::Both };
                    lab.vlans([10 + number % 3; 2]);
                    lab.tcp(&host(number % 40), &outside(number), sight);
                });
            },
            Verdict::Doubtful,
            &[Key::OneSidedVlans, Key::VlansSeen],
        ),
        (
            "each VLAN's incoming frames",
            |lab| {
                lab.vlans([10, 20]);
                mirror(lab, 60);
            },
            Verdict::Good,
            &[Key::SplitVlans, Key::VlansSeen],
        ),
        (
            "floods on an ordinary port",
            |lab| {
                lab.broadcasts(1000);
                (0..60).for_each(|number| lab.tcp(&host(number), &host(100 + number), Sight::OrigOnly));
            },
            Verdict::Bad,
            &[Key::Flooding],
        ),
        (
            "no conn that leaves the site",
            |lab| {
                (0..120).for_each(|number| lab.tcp(&host(number), &host(200 + number), Sight::Both));
            },
            Verdict::Doubtful,
            &[Key::NoOutside],
        ),
        (
            "a few conns at night, none of which leaves",
            |lab| {
                (0..40).for_each(|number| lab.tcp(&host(number), &host(200 + number), Sight::Both));
            },
            Verdict::Good,
            &[],
        ),
        (
            "one terminal's port",
            |lab| {
                lab.broadcasts(300);
                (0..60).for_each(|number| lab.tcp(&host(7), &outside(number), Sight::Both));
            },
            Verdict::Doubtful,
            &[Key::OneHost],
        ),
        (
            "four networks without a tag",
            |lab| {
                mirror(lab, 60);
                (0..4).for_each(|network| lab.arp([10, 0, network, 9]));
            },
            Verdict::Good,
            &[Key::NoTags],
        ),
        (
            "a routed mirror without tags",
            |lab| {
                (0..30).for_each(|number| lab.routed(&host(number), &outside(number)));
            },
            Verdict::Good,
            &[Key::NoTags],
        ),
        (
            "two networks without a tag",
            |lab| {
                mirror(lab, 60);
                (0..2).for_each(|network| lab.arp([10, 0, network, 9]));
            },
            Verdict::Good,
            &[],
        ),
        (
            "frames that the interface merged",
            |lab| {
                mirror(lab, 60);
                (0..12).for_each(|_| lab.plain(40_000, 40_000, Carries::Ip, false));
            },
            Verdict::Doubtful,
            &[Key::OffloadMerged],
        ),
        (
            "frames that the ring says are merged",
            |lab| {
                mirror(lab, 60);
                (0..12).for_each(|_| lab.plain(2_900, 2_900, Carries::Ip, true));
            },
            Verdict::Doubtful,
            &[Key::OffloadMerged],
        ),
        (
            "jumbo frames of a storage",
            |lab| {
                mirror(lab, 60);
                (0..12).for_each(|_| lab.plain(9_014, 9_014, Carries::Ip, false));
            },
            Verdict::Good,
            &[Key::LongFrames],
        ),
        (
            "a capture of headers only",
            |lab| {
                mirror(lab, 60);
                (0..500).for_each(|_| lab.plain(96, 1_400, Carries::Ip, false));
            },
            Verdict::Doubtful,
            &[Key::SnaplenCut],
        ),
        (
            "a vendor's own wrap",
            |lab| (0..900).for_each(|_| lab.plain(400, 400, Carries::Unknown, false)),
            Verdict::Bad,
            &[Key::Unreadable],
        ),
        (
            "machines that speak no IP, on a good mirror",
            |lab| {
                mirror(lab, 20);
                (0..900).for_each(|_| lab.plain(400, 400, Carries::Unknown, false));
            },
            Verdict::Doubtful,
            &[Key::Unreadable],
        ),
        (
            "an ERSPAN mirror",
            |lab| {
                mirror(lab, 60);
                (0..600).for_each(|_| lab.check.carrier(Carrier::Erspan));
            },
            Verdict::Good,
            &[Key::Encapsulated],
        ),
        (
            "a TZSP mirror",
            |lab| {
                (0..600).for_each(|_| lab.check.carrier(Carrier::Tzsp));
            },
            Verdict::Bad,
            &[Key::UnopenedWrap],
        ),
    ];
    for (what, play, verdict, wanted) in cases {
        let mut lab = Lab::new();
        play(&mut lab);
        let assessment = lab.judge(Around::default());
        assert_eq!((assessment.verdict, keys(&assessment)), (*verdict, wanted.to_vec()), "{what}");
    }
}

#[test]
fn what_the_capture_lost_is_judged_by_its_share() {
    let around = Around { packets: 10_000, duration: Duration::from_mins(1), ..Around::default() };
    // (around, verdict, keys)
    let cases = [
        (around, Verdict::Good, vec![]),
        (Around { drops: 3, ..around }, Verdict::Good, vec![(Key::Drops, Severity::Note)]),
        (Around { drops: 90, ..around }, Verdict::Doubtful, vec![(Key::Drops, Severity::Warning)]),
        (Around { drops: 900, ..around }, Verdict::Bad, vec![(Key::Drops, Severity::Bad)]),
        (Around { drops: u64::MAX, ..around }, Verdict::Bad, vec![(Key::Drops, Severity::Bad)]),
        (Around { duplicates: 5_000, ..around }, Verdict::Good, vec![(Key::Duplicates, Severity::Note)]),
        (Around { duplicates: 50, ..around }, Verdict::Good, vec![]),
        (Around { speed_mbps: Some(1_000), ..around }, Verdict::Good, vec![]),
        (Around { link_up: Some(true), ..around }, Verdict::Good, vec![]),
    ];
    for (around, verdict, wanted) in cases {
        let mut lab = Lab::new();
        mirror(&mut lab, 60);
        let assessment = lab.judge(around);
        let found: Vec<_> = assessment.findings.iter().map(|found| (found.key, found.severity)).collect();
        assert_eq!((assessment.verdict, found), (verdict, wanted), "{around:?}");
    }
}

#[test]
fn a_port_without_link_is_said_to_have_none() {
    let around = Around { link_up: Some(false), ..Around::default() };
    assert_eq!(keys(&Lab::new().judge(around)), [Key::LinkDown]);
    // Nobody is to look for a cable where the interface is only down.
    let around = Around { enabled: Some(false), ..around };
    assert_eq!(keys(&Lab::new().judge(around)), [Key::InterfaceDown]);
}

#[test]
fn a_full_port_is_told_by_its_load() {
    let mut lab = Lab::new();
    mirror(&mut lab, 60);
    // 60 s at 10 Mbit/s are 75 MB; 45 MB pass.
    (0..30_000).for_each(|_| lab.plain(1_500, 1_500, Carries::Ip, false));
    let duration = Duration::from_mins(1);
    let assessment = lab.judge(Around { speed_mbps: Some(10), duration, ..Around::default() });
    assert_eq!(keys(&assessment), [Key::Busy]);
    let Figure::Share(load) = figure(&assessment, Key::Busy, "load") else { panic!() };
    assert!((0.59..0.62).contains(&load), "{load}");
}

#[test]
fn one_direction_says_which() {
    let mut lab = Lab::new();
    (0..50).for_each(|number| lab.tcp(&host(number), &outside(number), Sight::OrigOnly));
    (0..4).for_each(|number| lab.tcp(&host(number), &outside(90 + number), Sight::RespOnly));
    let assessment = lab.judge(Around::default());
    let of = |name| figure(&assessment, Key::OneDirection, name);
    assert_eq!(of("requests"), Figure::Count(50));
    assert_eq!(of("answers"), Figure::Count(4));
    assert_eq!((of("outward"), of("inward")), (Figure::Count(50), Figure::Count(4)));
    assert_eq!(of("one_sided"), Figure::Share(1.0));
}

#[test]
fn the_one_sided_vlans_are_named() {
    let mut lab = Lab::new();
    (0..90_u16).for_each(|number| {
        lab.vlans([10 + number % 3; 2]);
        let sight = if number % 3 == 1 { Sight::RespOnly } else { Sight::Both };
        lab.tcp(&host(number), &outside(number), sight);
    });
    let assessment = lab.judge(Around::default());
    assert_eq!(figure(&assessment, Key::OneSidedVlans, "vlans"), Figure::Vlans(vec![11]));
    assert_eq!(assessment.overview.vlans, [10, 11, 12]);
}

#[test]
fn shares_of_two_workers_come_to_the_same_as_one() {
    let (mut whole, mut first, mut second) = (Lab::new(), Lab::new(), Lab::new());
    for number in 0..200_u16 {
        let sight = if number % 4 == 0 { Sight::OrigOnly } else { Sight::Both };
        let part = if number % 2 == 0 { &mut first } else { &mut second };
        for lab in [&mut whole, part] {
            lab.vlans([10 + number % 5; 2]);
            lab.tcp(&host(number % 40), &outside(number), sight);
            lab.broadcasts(3);
            lab.arp([10, 0, number as u8, 9]);
        }
    }
    let around = Around::default();
    let whole = whole.judge(around);
    let mut merged = MirrorCheck::new(&[]);
    merged.merge(&first.finish());
    merged.merge(&second.finish());
    assert_eq!(merged.judge(&around), whole);
}

#[test]
fn more_addresses_than_are_counted_are_refused_and_counted() {
    let mut lab = Lab::new();
    (0..6_000).for_each(|number| lab.udp(&host(number), &outside(number), Sight::Both));
    let overview = lab.judge(Around::default()).overview;
    assert_eq!(overview.addresses, 4_096);
    assert!(overview.refused >= 6_000, "{}", overview.refused);
}

#[test]
fn a_multicast_group_is_no_host_and_no_address_is_none_of_ours() {
    let check = MirrorCheck::new(&[MacAddr::ZERO, lab::OWN]);
    assert!(check.is_own(lab::OWN));
    assert!(!check.is_own(MacAddr::ZERO));
    let mut lab = Lab::new();
    lab.udp(&host(1), &lab::End { ip: [239, 255, 255, 250], ..host(2) }, Sight::OrigOnly);
    assert_eq!(lab.judge(Around::default()).overview.conns, 0);
}

#[test]
fn a_link_without_hardware_addresses_is_not_called_an_ordinary_port() {
    let mut lab = Lab::new();
    let glance = Glance { captured: 90, wire: 90, carries: Carries::Ip, merged: false };
    (0..300).for_each(|_| lab.check.frame(&sekisho_decode::Link::default(), glance));
    assert_eq!(lab.judge(Around::default()).verdict, Verdict::TooLittleToTell);
}

#[test]
fn every_key_has_a_slug_of_its_own() {
    let slugs: std::collections::BTreeSet<_> = Key::ALL.iter().map(|key| key.slug()).collect();
    assert_eq!(slugs.len(), Key::ALL.len());
}
