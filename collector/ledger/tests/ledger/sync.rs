//! One site's ledger in the collector's: whatever happens on the way, in the end both are the same.

use std::fs;

use crate::common::*;
use crate::live::roll_up;
use crate::place::{is_postgres, raw};
use crate::world::{THERE, World, first, rows};
use jiff::SignedDuration;
use sekisho_api::sync::{Answer, Outcome};
use sekisho_ledger::{BatchBounds, HistoryQuery, Ledger, Query};

#[test]
fn both_ledgers_are_equal_whatever_happened_on_the_way() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        for step in 0..60 {
            match world.dice.below(10) {
                0..=2 => world.record(),
                3 => world.decide(),
                4 | 5 => world.send(),
                _ => world.arrive(),
            }
            if step % 20 == 19 {
                world.settle();
                world.assert_equal(&format!("seed {seed}, step {step}"));
            }
        }
    }
}

#[test]
fn a_ledger_put_back_from_a_copy_on_either_side_is_sent_anew() {
    for seed in 100..120 {
        let mut world = World::new(seed);
        for _ in 0..60 {
            match world.dice.below(11) {
                0..=2 => world.record(),
                3 => world.copy(),
                4 | 5 => world.send(),
                6 => world.decide(),
                _ => world.arrive(),
            }
        }
        world.settle();
        world.assert_equal(&format!("seed {seed}"));
    }
}

#[test]
fn a_file_that_is_damaged_on_either_side_is_put_back_and_what_it_lacks_is_sent() {
    let mut damages = 0;
    for seed in 200..220 {
        let mut world = World::new(seed);
        for _ in 0..60 {
            match world.dice.below(11) {
                0..=2 => world.record(),
                3 | 4 => world.damage(),
                5 | 6 => world.send(),
                7 => world.decide(),
                _ => world.arrive(),
            }
        }
        world.settle();
        world.assert_equal(&format!("seed {seed}"));
        damages += world.damages;
    }
    assert!(damages > 20 || is_postgres(&World::new(0).collector()), "only {damages} files were damaged");
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let mut world = World::new(7);
    for _ in 0..20 {
        world.record();
    }
    world.settle();
    let all = rows(&world.site(), SITE).len();
    let mut outbox = world.outbox();
    let known = outbox.acknowledged().unwrap();
    let nothing = outbox.batch("next", known, BatchBounds::default()).unwrap();
    assert!(nothing.entries.is_empty() && nothing.last, "{nothing:?}");
    let mut again = Ledger::open(world.site()).unwrap();
    world.hour += 1000;
    let seen = one(world.hour, world.hour + 1, |_| {});
    world.sequence += 1;
    again.record_live(SITE, &roll_up("a", world.sequence), &seen, now()).unwrap();
    let more = outbox.batch("next", known, BatchBounds::default()).unwrap();
    assert!(!more.entries.is_empty() && more.entries.len() < all / 2, "{} of {all}", more.entries.len());
}

#[test]
fn the_history_of_a_ledger_that_is_gone_is_kept_aside() {
    let mut world = World::new(11);
    for _ in 0..10 {
        world.record();
    }
    world.settle();
    let before =
        Ledger::read_only(world.collector()).unwrap().history(&HistoryQuery::default()).unwrap().len();
    fs::remove_file(world.site()).unwrap();
    world.hour = 5000;
    world.record();
    world.settle();
    world.assert_equal("a new box");
    let aside = raw(&world.collector(), "SELECT change FROM former_changes").unwrap().len();
    // The first device appears in both lives, with the same words.
    assert!((before - 2..=before).contains(&aside), "{aside} of {before}");
}

#[test]
fn what_a_box_found_stays_when_another_takes_its_place_until_it_is_seen_again() {
    for seed in 300..310 {
        let mut world = World::new(seed);
        for _ in 0..10 {
            world.record();
        }
        world.settle();
        let before = world.found();
        let last_seen = raw(&world.collector(), "SELECT MAX(last_seen) FROM connections").unwrap();
        fs::remove_file(world.site()).unwrap();
        drop(Ledger::open(world.site()).unwrap());
        world.settle();
        assert_eq!(world.found(), before, "seed {seed}: an empty ledger takes nothing away");
        let now = raw(&world.collector(), "SELECT MAX(last_seen) FROM connections").unwrap();
        assert_eq!(now, last_seen, "seed {seed}: nor does it say that they were seen");
        let silent =
            raw(&world.collector(), "SELECT number FROM connections WHERE silent_from IS NULL").unwrap();
        assert!(silent.is_empty(), "seed {seed}: {silent:?} of a life that is over");
        for _ in 0..10 {
            world.watch();
            world.settle();
            world.assert_equal(&format!("seed {seed}, a new box"));
            assert!(world.found().is_superset(&before), "seed {seed}: {:?} {before:?}", world.found());
        }
        // Everything once more: nothing is there twice.
        let reader = Ledger::read_only(world.collector()).unwrap();
        let all = reader.connections(&Query { site: Some(THERE.to_owned()), ..Query::default() }).unwrap();
        let seen = all.iter().filter(|sited| sited.row.number > Some(1_000_000_000)).count();
        let new = Ledger::read_only(world.site()).unwrap().connections(&Query::default()).unwrap().len();
        assert_eq!(seen + new, all.len(), "seed {seed}");
        assert!(seen < before.len(), "seed {seed}: some were seen again");
    }
}

#[test]
fn a_life_that_is_over_does_not_come_back() {
    let mut world = World::new(5);
    let old = first(&world);
    world.settle();
    fs::remove_file(world.site()).unwrap();
    world.record();
    world.settle();
    let answer: Answer = world.intake().apply(THERE, old, now()).unwrap();
    assert_eq!(answer.outcome, Outcome::Unknown);
    world.assert_equal("after a batch of the old box");
}

#[test]
fn sites_do_not_touch_each_other_and_one_can_be_removed() {
    let mut world = World::new(9);
    world.settle();
    let mut intake = world.intake();
    intake.add("other", now()).unwrap();
    intake.apply("other", first(&world), now()).unwrap();
    let other = rows(&world.collector(), "other");
    intake.forget(THERE, now()).unwrap();
    assert!(rows(&world.collector(), THERE).is_empty());
    assert_eq!(rows(&world.collector(), "other"), other);
    assert!(!other.is_empty());
}

#[test]
fn a_later_decision_prevails_on_both_sides_and_the_earlier_one_stays_in_the_history() {
    let mut world = World::new(13);
    let owner = ("registration", "1", "owner");
    let hour = SignedDuration::from_hours(1);
    world.outbox().decide(owner, Some("\"放射線科\""), "hospital", now()).unwrap();
    world.settle();
    // By a clock that is an hour behind, in knowledge of the first.
    world.intake().decide(THERE, owner, Some("\"検査科\""), "survey", now() - hour).unwrap();
    world.settle();
    for decided in [
        world.outbox().decided("registration").unwrap(),
        world.intake().decided(THERE, "registration").unwrap(),
    ] {
        assert_eq!(decided.len(), 1);
        assert_eq!(decided[0].value.as_deref(), Some("\"検査科\""));
    }
    world.assert_equal("both words are on both sides");
    let both = rows(&world.site(), SITE).iter().filter(|row| row.starts_with("decisions")).count();
    assert_eq!(both, 2);
}

/// The first answer after the copy is put back is of the life before: it tells what the collector decided, and passes
/// over what the box did.
#[test]
fn a_box_put_back_from_before_its_own_decision_gets_it_back() {
    let mut world = World::new(17);
    let of = |name| ("registration", "1", name);
    world.intake().decide(THERE, of("vendor"), Some("\"保守会社\""), "survey", now()).unwrap();
    world.settle();
    let copy = fs::read(world.site()).unwrap();
    world.outbox().decide(of("owner"), Some("\"放射線科\""), "hospital", now()).unwrap();
    world.settle();
    world.intake().decide(THERE, of("until"), Some("\"3\""), "survey", now()).unwrap();
    fs::write(world.site(), copy).unwrap();
    world.settle();
    world.assert_equal("put back");
    let decided = rows(&world.site(), SITE).iter().filter(|row| row.starts_with("decisions")).count();
    assert_eq!(decided, 3);
}
