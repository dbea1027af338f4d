//! What a collector's ledger makes of many sites, of boxes that enrol, and of what comes late or is made up.

use std::fs;
use std::thread;

use crate::common::now;
use crate::place::{is_postgres, raw};
use crate::world::{THERE, World, first, rows};
use jiff::SignedDuration;
use sekisho_api::sync::{ActivityRow, Batch, DayRow, Decision, Entry, Gone, Item, KeyPart, Outcome};
use sekisho_ledger::{
    BatchBounds, Intake, Invitation, Ledger, LedgerError, NotInvited, Sound, keep_good, restore_good,
};

fn invitation(site: &str) -> Invitation {
    let expires_at = now() + SignedDuration::from_hours(24);
    Invitation { id: "ABCD".to_owned(), site: site.to_owned(), secret: "5ec2e7".to_owned(), expires_at }
}

/// A batch after the first, of one decision.
fn decided(world: &World, stamp: i64) -> Batch {
    let mut batch = first(world);
    let seq = batch.to + 1;
    let decision = Decision {
        kind: "registration".to_owned(),
        subject: "1".to_owned(),
        field: "owner".to_owned(),
        stamp: format!("{stamp:016x}-0000000000000000"),
        value: Some("\"放射線科\"".to_owned()),
        author: "hospital".to_owned(),
    };
    batch.to = seq;
    batch.entries.push(Entry { seq, now: Item::Decision(decision) });
    batch
}

#[test]
fn of_batches_that_are_taken_in_together_one_that_fails_fails_alone() {
    let worlds: Vec<World> = (30..34).map(World::new).collect();
    let mut sent: Vec<(String, Sound)> = Vec::new();
    for (at, world) in worlds.iter().enumerate() {
        sent.push((format!("site {at}"), Sound::of(first(world)).unwrap()));
    }
    // Two captures of one content, which no honest ledger has.
    let mut twofold = first(&worlds[0]);
    let found = twofold.entries.iter().find_map(|entry| match &entry.now {
        Item::Capture(row) => Some(row.clone()),
        _ => None,
    });
    let mut other = found.unwrap();
    other.capture += 1000;
    twofold.to += 1;
    twofold.entries.push(Entry { seq: twofold.to, now: Item::Capture(other) });
    sent.insert(2, ("liar".to_owned(), Sound::of(twofold).unwrap()));
    // One site twice: the second time everything is there.
    sent.push(("site 0".to_owned(), Sound::of(first(&worlds[0])).unwrap()));
    for (site, _) in &sent {
        worlds[0].intake().add(site, now()).unwrap();
    }
    let answers = worlds[0].intake().apply_all(&sent, now());
    assert_eq!(answers.len(), sent.len());
    for ((site, _), answer) in sent.iter().zip(&answers).take(5) {
        match answer {
            Ok(answer) => assert_eq!(answer.outcome, Outcome::Applied, "{site}"),
            Err(error) => {
                assert!(site == "liar" && matches!(error, LedgerError::Refused { .. }), "{site}: {error:?}");
            }
        }
    }
    assert_eq!(answers[5].as_ref().unwrap().outcome, Outcome::Already);
    let collector = worlds[0].collector();
    assert!(rows(&collector, "liar").is_empty());
    for (at, world) in worlds.iter().enumerate() {
        assert_eq!(rows(&collector, &format!("site {at}")), rows(&world.site(), crate::common::SITE));
    }
}

#[test]
fn writers_beside_each_other_lose_nothing_and_number_decisions_one_after_another() {
    const WRITERS: usize = 4;
    const EACH: usize = 10;
    let world = World::new(40);
    drop(world.intake());
    let collector = world.collector();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let collector = collector.clone();
            scope.spawn(move || {
                let mut intake = Intake::open(collector).unwrap();
                for each in 0..EACH {
                    let (subject, value) = (writer.to_string(), each.to_string());
                    let what = ("registration", subject.as_str(), "owner");
                    intake.decide("one site", what, Some(&value), "survey", now()).unwrap();
                }
            });
        }
    });
    let arrived = raw(&collector, "SELECT arrived FROM decisions ORDER BY arrived").unwrap();
    // As SQLite's test shows a number, or as PostgreSQL does.
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let numbers: Vec<usize> = arrived.iter().map(|row| digits(&row[0]).parse().unwrap()).collect();
    assert_eq!(numbers, (1..=WRITERS * EACH).collect::<Vec<_>>());
}

#[test]
fn a_decision_near_the_end_of_time_is_refused_and_there_is_room_after_every_other() {
    // (stamp in microseconds, taken)
    let year_2200 = 7_258_118_400_000_000;
    for (stamp, taken) in [(i64::MAX, false), (year_2200 + 1, false), (year_2200, true)] {
        let world = World::new(41);
        let answer = world.intake().apply(THERE, decided(&world, stamp), now());
        assert_eq!(answer.is_ok(), taken, "{stamp}: {answer:?}");
        // The collector's word prevails, and the site takes it.
        let what = ("registration", "1", "owner");
        let ours = world.intake().decide(THERE, what, Some("\"検査科\""), "survey", now()).unwrap();
        let mut outbox = world.outbox();
        outbox.answered(&world.intake().answer(THERE).unwrap()).unwrap();
        let theirs = outbox.decide(what, Some("\"情報課\""), "hospital", now()).unwrap();
        assert!(theirs.stamp > ours.stamp, "{stamp}");
        for decided in
            [world.intake().decided(THERE, "registration").unwrap(), outbox.decided("registration").unwrap()]
        {
            assert!(decided.iter().all(|decision| decision.stamp >= ours.stamp), "{stamp}: {decided:?}");
        }
    }
}

#[test]
fn an_answer_of_a_life_that_is_over_begins_no_new_one() {
    let mut world = World::new(42);
    world.settle();
    // Written to a file, and carried for long.
    let late = world.intake().answer(THERE).unwrap();
    world.intake().forget(THERE, now()).unwrap();
    world.intake().add(THERE, now()).unwrap();
    world.record();
    world.settle();
    let mut outbox = world.outbox();
    let known = outbox.acknowledged().unwrap();
    let batch = outbox.batch("next", known, BatchBounds::default()).unwrap();
    assert_ne!(batch.epoch, late.epoch, "the collector knew nothing any more");
    let progress = outbox.answered(&late).unwrap();
    assert!(!progress.renewed, "{progress:?}");
    world.settle();
    world.assert_equal("after a late answer");
}

#[test]
fn a_code_is_for_one_key_and_not_for_one_that_was_revoked_meanwhile() {
    let world = World::new(43);
    let mut intake = world.intake();
    intake.add("kita", now()).unwrap();
    // Two boxes with one code, both before either is entered.
    intake.invite(&invitation("kita")).unwrap();
    let [one, two] = ["01", "02"].map(|key| intake.invitation("ABCD", key, now()).unwrap().unwrap());
    assert_eq!(intake.enrol(&one, "01", "age1", now()).unwrap(), Ok(()));
    assert_eq!(intake.enrol(&two, "02", "age1", now()).unwrap(), Err(NotInvited::Used));
    assert_eq!(intake.enrol(&one, "01", "age1", now()).unwrap(), Ok(()), "its answer was lost");
    assert_eq!(intake.credential("02").unwrap(), None);
    // Revoked between the two steps.
    intake.invite(&invitation("kita")).unwrap();
    let found = intake.invitation("ABCD", "03", now()).unwrap().unwrap();
    intake.revoke("kita", now()).unwrap();
    assert_eq!(intake.enrol(&found, "03", "age1", now()).unwrap(), Err(NotInvited::Used));
    assert_eq!(intake.credential("03").unwrap(), None);
    // Tried at once by many, each try counts.
    intake.invite(&invitation("kita")).unwrap();
    let collector = world.collector();
    let found: usize = thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|key| {
                let collector = collector.clone();
                scope.spawn(move || {
                    let mut intake = Intake::open(collector).unwrap();
                    usize::from(intake.invitation("ABCD", &format!("1{key}"), now()).unwrap().is_ok())
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(found, 5);
}

#[test]
fn a_key_is_of_one_site_for_ever_and_one_that_is_refused_uses_no_code_up() {
    let world = World::new(45);
    let mut intake = world.intake();
    let enrol = |intake: &mut Intake, site: &str, key: &str| {
        intake.add(site, now()).unwrap();
        intake.invite(&Invitation { id: site.to_owned(), ..invitation(site) }).unwrap();
        let found = intake.invitation(site, key, now()).unwrap().unwrap();
        intake.enrol(&found, key, "age1", now()).unwrap()
    };
    assert_eq!(enrol(&mut intake, "kita", "01"), Ok(()));
    assert_eq!(enrol(&mut intake, "yama", "01"), Err(NotInvited::KnownKey), "another site's");
    let found = intake.invitation("yama", "02", now()).unwrap().unwrap();
    assert_eq!(intake.enrol(&found, "02", "age1", now()).unwrap(), Ok(()), "the code is good still");
    assert_eq!(intake.credential("01").unwrap().unwrap().site, "kita");
    intake.revoke("kita", now()).unwrap();
    assert_eq!(enrol(&mut intake, "kita", "01"), Err(NotInvited::KnownKey), "revoked");
    assert_eq!(enrol(&mut intake, "kita", "03"), Ok(()));
}

fn enrolled(intake: &mut Intake, site: &str, key: &str) {
    intake.add(site, now()).unwrap();
    intake.invite(&Invitation { id: format!("for {key}"), ..invitation(site) }).unwrap();
    let found = intake.invitation(&format!("for {key}"), key, now()).unwrap().unwrap();
    assert_eq!(intake.enrol(&found, key, "age1", now()).unwrap(), Ok(()));
}

#[test]
fn a_ledger_that_is_put_back_knows_who_was_taken_in_and_who_was_revoked_since() {
    let world = World::new(46);
    let place = world.collector();
    if is_postgres(&place) {
        return;
    }
    let mut intake = world.intake();
    for (site, key) in [("kita", "01"), ("yama", "02"), ("hama", "03")] {
        enrolled(&mut intake, site, key);
    }
    let used = Invitation { id: "used".to_owned(), ..invitation("hama") };
    intake.invite(&used).unwrap();
    keep_good(&place).unwrap();
    intake.revoke("kita", now()).unwrap();
    enrolled(&mut intake, "kita", "04");
    intake.forget("yama", now()).unwrap();
    enrolled(&mut intake, "mori", "05");
    let found = intake.invitation("used", "06", now()).unwrap().unwrap();
    assert_eq!(intake.enrol(&found, "06", "age1", now()).unwrap(), Ok(()));
    let members = intake.members().unwrap();
    drop(intake);
    // A line that was broken off is of nothing that was done.
    let journal = place.with_extension("db.members");
    let mut lines = fs::read_to_string(&journal).unwrap();
    lines.push_str("\n{\"number\":99,\"at\":0,\"act\":\"revo");
    fs::write(&journal, lines).unwrap();
    raw(&place, "PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    fs::write(&place, [0xa5; 4096]).unwrap();
    assert!(restore_good(&place).unwrap());
    let mut intake = world.intake();
    assert_eq!(intake.members().unwrap(), members);
    let revoked = |key: &str| Ledger::read_only(&place).unwrap().credential(key).unwrap().unwrap().revoked;
    // (key, revoked)
    for (key, is) in [("01", true), ("02", true), ("03", true), ("04", false), ("05", false), ("06", false)] {
        assert_eq!(revoked(key), is, "{key}");
    }
    let again = intake.invitation("used", "07", now()).unwrap();
    assert_eq!(again, Err(NotInvited::Used), "a code is good once, also for a ledger that was put back");
    enrolled(&mut intake, "saka", "08");
    drop(intake);
    assert_eq!(world.intake().members().unwrap().len(), members.len() + 1);
}

#[test]
fn a_second_machine_with_the_same_key_is_refused_and_told_of_until_a_box_enrols_anew() {
    let mut world = World::new(47);
    let mut intake = world.intake();
    enrolled(&mut intake, THERE, "01");
    let send = |world: &mut World, marks: &[&str]| {
        world.record();
        let mut outbox = world.outbox();
        let from = outbox.acknowledged().unwrap();
        let mut batch = outbox.batch("sending", from, BatchBounds::default()).unwrap();
        batch.machine = marks.iter().map(|mark| (*mark).to_owned()).collect();
        let answer = world.intake().apply(THERE, batch, now());
        if let Ok(answer) = &answer {
            outbox.answered(answer).unwrap();
        }
        answer
    };
    let other_at = |world: &World| world.intake().received().unwrap().remove(0).other_at;
    send(&mut world, &["a1", "b2"]).unwrap();
    send(&mut world, &["b2", "c3"]).unwrap();
    assert_eq!(other_at(&world), None, "an interface was replaced");
    let before = rows(&world.collector(), THERE);
    let refused = send(&mut world, &["d4"]);
    assert!(matches!(refused, Err(LedgerError::AnotherBox)), "{refused:?}");
    assert_eq!(rows(&world.collector(), THERE), before);
    assert_eq!(other_at(&world), Some(now()));
    send(&mut world, &["c3"]).unwrap();
    send(&mut world, &[]).unwrap();
    enrolled(&mut intake, THERE, "02");
    assert!(intake.credential("01").unwrap().unwrap().revoked, "a site has one key");
    send(&mut world, &["d4"]).unwrap();
    assert_eq!(other_at(&world), None);
    let marks = vec!["x".repeat(1000)];
    let endless = Batch { machine: marks, ..first(&world) };
    assert!(matches!(intake.apply(THERE, endless, now()), Err(LedgerError::Refused { .. })));
}

#[test]
fn of_a_site_that_is_removed_nothing_is_left_but_that_its_keys_are_revoked() {
    let mut world = World::new(44);
    let mut intake = world.intake();
    intake.add(THERE, now()).unwrap();
    intake.invite(&invitation(THERE)).unwrap();
    let found = intake.invitation("ABCD", "01", now()).unwrap().unwrap();
    assert_eq!(intake.enrol(&found, "01", "age1", now()).unwrap(), Ok(()));
    world.settle();
    fs::remove_file(world.site()).unwrap();
    world.record();
    world.settle();
    intake.forget(THERE, now()).unwrap();
    assert!(rows(&world.collector(), THERE).is_empty());
    for table in ["former_changes", "sync_in", "sync_epochs", "sync_stale", "members", "invitations"] {
        let left = raw(&world.collector(), &format!("SELECT site FROM {table}")).unwrap();
        assert!(left.is_empty(), "{table}: {left:?}");
    }
    assert!(intake.credential("01").unwrap().unwrap().revoked);
}

#[test]
fn a_batch_that_waited_while_its_site_was_removed_writes_nothing() {
    let world = World::new(45);
    let mut intake = world.intake();
    intake.add("other", now()).unwrap();
    let sent = [THERE, "other"].map(|site| (site.to_owned(), Sound::of(first(&world)).unwrap()));
    intake.forget(THERE, now()).unwrap();
    let answers = intake.apply_all(&sent, now());
    assert!(matches!(answers[0], Err(LedgerError::NotAMember)), "{:?}", answers[0]);
    assert_eq!(answers[1].as_ref().unwrap().outcome, Outcome::Applied, "another's goes on");
    assert!(rows(&world.collector(), THERE).is_empty());
    assert!(!rows(&world.collector(), "other").is_empty());
}

fn add(batch: &mut Batch, now: Item) {
    batch.to += 1;
    batch.entries.push(Entry { seq: batch.to, now });
}

/// What is wrong with a batch, and how it comes.
type Wrong = (&'static str, fn(&mut Batch));

#[test]
fn a_batch_that_contradicts_itself_is_refused_and_leaves_nothing() {
    let world = World::new(3);
    // (what is wrong, how)
    let wrongs: [Wrong; 13] = [
        ("a later version", |batch| batch.version += 1),
        ("places out of order", |batch| batch.entries.reverse()),
        ("a place beyond the end", |batch| batch.to -= 1),
        ("an id without bound", |batch| batch.sending = "x".repeat(1000)),
        ("an interval that runs back", |batch| batch.from = batch.to + 1),
        ("a row twice", |batch| {
            let mut again = batch.entries.last().unwrap().clone();
            again.seq += 1;
            batch.to += 1;
            batch.entries.push(again);
        }),
        ("an hour of no day", |batch| {
            let hours = format!("{{\"{}\":1}}", i64::MAX / 2);
            add(
                batch,
                Item::Day(DayRow { capture: 1, number: 1, sessions: 1, bytes_out: 1, bytes_in: 1, hours }),
            );
        }),
        ("an hour that is no time", |batch| {
            add(batch, Item::Activity(ActivityRow { number: 1, hour: i64::MAX, capture: 1, octets: 1 }));
        }),
        ("a key of other parts", |batch| {
            let key = vec![KeyPart::Text("one".to_owned())];
            add(batch, Item::Gone(Gone { table: "connections".to_owned(), key }));
        }),
        ("a connection numbered as those that were set aside", |batch| {
            for entry in &mut batch.entries {
                if let Item::Connection(row) = &mut entry.now {
                    row.number = i64::MAX;
                }
            }
        }),
        ("one that was set aside is gone", |batch| {
            let key = vec![KeyPart::Number(1_000_000_001)];
            add(batch, Item::Gone(Gone { table: "connections".to_owned(), key }));
        }),
        ("history that is gone", |batch| {
            let key = vec![KeyPart::Number(1)];
            add(batch, Item::Gone(Gone { table: "changes".to_owned(), key }));
        }),
        ("a detail that nobody can read", |batch| {
            for entry in &mut batch.entries {
                if let Item::Connection(row) = &mut entry.now {
                    row.detail = "[]".to_owned();
                }
            }
        }),
    ];
    for (what, wrong) in wrongs {
        let mut batch = first(&world);
        wrong(&mut batch);
        let refused = world.intake().apply(THERE, batch, now());
        assert!(matches!(refused, Err(LedgerError::Refused { .. })), "{what}: {refused:?}");
        assert!(rows(&world.collector(), THERE).is_empty(), "{what}");
    }
    let answer = world.intake().apply(THERE, first(&world), now()).unwrap();
    assert_eq!(answer.outcome, Outcome::Applied);
}
