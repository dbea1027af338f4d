use sekisho_api::{MirrorSeverity, MirrorVerdict};

use super::*;

fn check(verdict: MirrorVerdict, findings: Vec<MirrorFinding>) -> Mirror {
    let seen = MirrorSeen {
        frames: 1000,
        foreign: 900,
        group: 100,
        vlans: vec![10, 11, 12, 40],
        ..MirrorSeen::default()
    };
    Mirror { verdict, findings, seen }
}

fn one_direction() -> MirrorFinding {
    let counts = ["conns", "requests", "answers", "outward", "inward"];
    let counts = counts.map(|name| (name.to_owned(), MirrorFigure::Count(120)));
    let share = ("one_sided".to_owned(), MirrorFigure::Share(0.975));
    MirrorFinding {
        key: "one-direction".to_owned(),
        severity: MirrorSeverity::Bad,
        figures: counts.into_iter().chain([share]).collect(),
    }
}

#[test]
fn the_verdict_comes_first_with_its_mark() {
    // (verdict, mark in Japanese, mark in English)
    let cases = [
        (MirrorVerdict::Good, "○", "[OK]"),
        (MirrorVerdict::Doubtful, "△", "[!]"),
        (MirrorVerdict::Bad, "×", "[NG]"),
        (MirrorVerdict::TooLittleToTell, "？", "[?]"),
    ];
    for (verdict, ja, en) in cases {
        for (lang, mark) in [(Lang::Ja, ja), (Lang::En, en)] {
            let said = report(&check(verdict, Vec::new()), lang);
            assert!(said.starts_with(mark), "{said}");
            assert!(said.contains("10-12,40") && !said.contains(['{', '}']), "{said}");
            assert!(!said.contains("monitor session"), "no example where nothing is to be set: {said}");
        }
    }
}

#[test]
fn a_finding_says_what_is_wrong_with_figures_and_what_to_set() {
    for (lang, wanted) in [(Lang::Ja, "97.5%"), (Lang::En, "97.5%")] {
        let said = report(&check(MirrorVerdict::Bad, vec![one_direction()]), lang);
        assert!(said.contains(wanted) && said.contains("120"), "{said}");
        assert!(said.contains("\n  → ") && said.contains("monitor session 1 source interface"), "{said}");
        assert!(!said.contains(['{', '}']), "{said}");
    }
}

#[test]
fn every_finding_of_the_switch_has_its_text() {
    for key in OF_THE_SWITCH {
        for part in ["", "-do"] {
            let key = format!("mirror.{key}{part}");
            assert_ne!(text(Lang::Ja, &key), key);
        }
    }
}

#[test]
fn shares_and_vlans_read_as_people_write_them() {
    for (share, wanted) in [(0.0, "0.0%"), (0.0004, "0.04%"), (0.5, "50.0%"), (1.0, "100.0%")] {
        assert_eq!(share_text(share), wanted);
    }
    assert_eq!(ranges(&[1, 2, 3, 7, 4094]), "1-3,7,4094");
    let odd: Vec<u16> = (0..100).map(|vlan| vlan * 2 + 1).collect();
    assert!(ranges(&odd).ends_with(",79,…"), "{}", ranges(&odd));
}
