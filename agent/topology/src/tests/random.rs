//! Networks thrown together by chance: what is wired is found, and what is forgotten is not made up.

use std::collections::BTreeSet;

use super::lab::{Lab, links};
use crate::topology;

/// Numbers that look like chance and are the same every time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// A tree of switches with devices, some links through a switch that nobody manages and that has a PC; the
/// links as they are.
fn network(chance: &mut Chance, switches: usize, with_hubs: bool) -> (Lab, Vec<String>) {
    let (mut cables, mut wired, mut used) = (Vec::new(), Vec::new(), vec![1_u32; switches]);
    for switch in 1..switches {
        let parent = chance.below(switch);
        let (near, far) = (used[parent], used[switch]);
        used[parent] += 1;
        used[switch] += 1;
        let (parent, own) = (format!("sw{parent:03}:{near}"), format!("sw{switch:03}:{far}"));
        if with_hubs && chance.below(4) == 0 {
            let hub = format!("hub{switch}");
            cables.push((parent.clone(), format!("{hub}:1")));
            cables.push((format!("{hub}:2"), own.clone()));
            cables.push((format!("{hub}:3"), format!("pcx{switch}:0")));
            wired.extend([format!("? {parent}"), format!("? {own}")]);
        } else {
            wired.push(if parent < own { format!("{parent} {own}") } else { format!("{own} {parent}") });
            cables.push((parent, own));
        }
    }
    for (switch, used) in used.iter().enumerate() {
        for device in 0..=chance.below(3) {
            cables
                .push((format!("sw{switch:03}:{}", used + device as u32), format!("pc{switch}x{device}:0")));
        }
    }
    let cables: Vec<(&str, &str)> = cables.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    wired.sort();
    (Lab::new(&cables), wired)
}

#[test]
fn every_tree_of_switches_is_found_from_its_tables_alone() {
    let mut chance = Chance(0x5e15_5eed);
    for round in 0..300 {
        let switches = 2 + chance.below(9);
        let (lab, wired) = network(&mut chance, switches, true);
        assert_eq!(links(&topology(&lab.all(false), &[], &[])), wired, "round {round}");
    }
}

#[test]
fn the_sixty_switches_of_a_large_hospital_are_found() {
    let (lab, wired) = network(&mut Chance(0x1a_26e), 60, true);
    assert_eq!(links(&topology(&lab.all(false), &[], &[])), wired);
}

#[test]
fn tables_that_forgot_a_part_lose_links_and_invent_almost_none() {
    let mut chance = Chance(0xf0_1207);
    let (mut all, mut found, mut invented) = (0, 0, 0);
    for _ in 0..300 {
        let switches = 2 + chance.below(9);
        let (lab, wired) = network(&mut chance, switches, false);
        let mut said = lab.all(false);
        for learnt in said.iter_mut().flat_map(|said| &mut said.learnt) {
            learnt.macs.retain(|_| chance.below(10) > 2);
        }
        let wired: BTreeSet<String> = wired.into_iter().collect();
        let seen: BTreeSet<String> = links(&topology(&said, &[], &[])).into_iter().collect();
        all += wired.len();
        found += wired.intersection(&seen).count();
        invented += seen.difference(&wired).count();
    }
    assert!(found * 100 >= all * 60, "{found} of {all}");
    assert!(invented * 100 <= all * 3, "{invented} of {all}");
}
