//! What people declare, ask and mark on one side is so on the other, and what both change is merged.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use sekisho_api::{EvidenceFile, Inquiry, Mark, MarkEnd, MarkKind, Registration, Terms};
use sekisho_ledger::{Answer, ChangeKind, DUE_AFTER, Declared, HistoryQuery, Intake, Ledger, Outbox, Query};

use crate::common::*;
use crate::place::{Place, is_postgres, raw};
use crate::world::{THERE, settle};

/// A site and its collector.
struct Sides {
    site: PathBuf,
    collector: PathBuf,
    folder: tempfile::TempDir,
    _place: Place,
}

impl Sides {
    /// A site that was seen once, and its collector, which has met it.
    fn new() -> Self {
        let place = Place::new();
        let folder = tempfile::tempdir().unwrap();
        let sides = Self {
            site: folder.path().join("site.db"),
            collector: place.ledger("collector"),
            folder,
            _place: place,
        };
        Intake::open(&sides.collector).unwrap().add(THERE, now()).unwrap();
        sides.here().record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
        sides.meet();
        sides
    }

    fn here(&self) -> Ledger {
        Ledger::open(&self.site).unwrap()
    }

    fn there(&self) -> Ledger {
        Ledger::open(&self.collector).unwrap()
    }

    /// Tells each other everything, a few rows at a time.
    fn meet(&self) {
        settle(&self.site, &self.collector, 3);
    }

    /// What people did is so on both sides, to the letter.
    fn assert_equal(&self) {
        let registrations = |ledger: &Ledger| {
            let rows = ledger.registrations(None).unwrap();
            rows.into_iter().map(|sited| sited.row).collect::<Vec<_>>()
        };
        let (here, there) = (self.here(), self.there());
        assert_eq!(registrations(&here), registrations(&there));
        let inquiries = |ledger: &Ledger| {
            let rows = ledger.inquiries(&Query::default()).unwrap();
            rows.into_iter().map(|sited| sited.row).collect::<Vec<_>>()
        };
        assert_eq!(inquiries(&here), inquiries(&there));
        assert_eq!(here.marks(SITE).unwrap(), there.marks(THERE).unwrap());
        let history = |ledger: &Ledger| {
            let mut history = ledger.history(&HistoryQuery::default()).unwrap();
            for change in &mut history {
                change.site.clear();
            }
            history
        };
        assert_eq!(history(&here), history(&there));
        let seen = |ledger: &Ledger| {
            let rows = connections(ledger).into_iter();
            rows.map(|row| (row.number, row.status, row.registration)).collect::<Vec<_>>()
        };
        assert_eq!(seen(&here), seen(&there));
    }
}

fn of_ct(by: &str, terms: Terms) -> Declared {
    let registration = Registration {
        device: vec![CT.to_owned()],
        by: by.to_owned(),
        zone: "Asia/Tokyo".to_owned(),
        terms,
        ..Registration::default()
    };
    Declared { registration, connection: None }
}

fn owner(name: &str) -> Terms {
    Terms { owner: Some(name.to_owned()), ..Terms::default() }
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn held(ledger: &Ledger) -> Terms {
    ledger.registrations(None).unwrap().remove(0).row.terms
}

fn statuses(ledger: &Ledger) -> Vec<String> {
    connections(ledger).into_iter().map(|row| row.status).collect()
}

#[test]
fn what_is_declared_at_the_collector_is_registered_at_the_site() {
    let sides = Sides::new();
    sides.there().register(THERE, &[of_ct("survey", owner("放射線科"))], now()).unwrap();
    assert_eq!(
        (statuses(&sides.here()), statuses(&sides.there())),
        (vec!["unregistered".to_owned()], vec!["registered".to_owned()])
    );
    // A row of the site that does not know yet takes nothing back.
    sides.here().record(SITE, &one(5, 6, |_| {}), &source("b"), now()).unwrap();
    sides.meet();
    assert_eq!(statuses(&sides.here()), ["registered"]);
    assert_eq!(held(&sides.here()).owner.as_deref(), Some("放射線科"));
    sides.assert_equal();
    // And it is so for what is seen from then on.
    sides
        .here()
        .record(SITE, &one(48, 49, |row| row.service = "ssh".to_owned()), &source("c"), now())
        .unwrap();
    assert_eq!(statuses(&sides.here()), ["registered", "registered"]);
    let id = sides.here().registrations(None).unwrap().remove(0).row.id;
    sides.there().unregister(THERE, &id, None, "survey", later(1)).unwrap().unwrap();
    sides.meet();
    assert_eq!(statuses(&sides.here()), ["unregistered", "unregistered"]);
    assert_eq!(statuses(&sides.there()), ["unregistered", "unregistered"]);
    sides.assert_equal();
}

#[test]
fn different_fields_that_both_sides_change_are_both_kept() {
    let sides = Sides::new();
    sides.here().register(SITE, &[of_ct("hosoda", owner("放射線科"))], now()).unwrap();
    sides.meet();
    sides.assert_equal();
    let vendor = Terms { vendor: Some("医用機器".to_owned()), ..Terms::default() };
    sides.here().register(SITE, &[of_ct("hosoda", vendor)], later(10)).unwrap();
    let contact = Terms { contact: Some("03-0000-0000".to_owned()), ..Terms::default() };
    sides.there().register(THERE, &[of_ct("survey", contact)], later(5)).unwrap();
    sides.meet();
    for ledger in [sides.here(), sides.there()] {
        let terms = held(&ledger);
        assert_eq!(terms.owner.as_deref(), Some("放射線科"));
        assert_eq!(terms.vendor.as_deref(), Some("医用機器"));
        assert_eq!(terms.contact.as_deref(), Some("03-0000-0000"));
    }
    sides.assert_equal();
}

#[test]
fn of_one_field_the_later_word_holds_and_the_earlier_is_in_the_history() {
    let sides = Sides::new();
    sides.here().register(SITE, &[of_ct("hosoda", owner("放射線科"))], now()).unwrap();
    sides.meet();
    sides.here().register(SITE, &[of_ct("hosoda", owner("検査科"))], later(9)).unwrap();
    sides.there().register(THERE, &[of_ct("survey", owner("臨床工学室"))], later(7)).unwrap();
    sides.meet();
    for ledger in [sides.here(), sides.there()] {
        assert_eq!(held(&ledger).owner.as_deref(), Some("検査科"));
        let history =
            ledger.history(&HistoryQuery { kind: Some(ChangeKind::Registered), ..HistoryQuery::default() });
        let told: Vec<_> =
            history.unwrap().into_iter().map(|change| change.after.unwrap()["owner"].clone()).collect();
        assert_eq!(told, ["検査科", "臨床工学室", "放射線科"]);
    }
    sides.assert_equal();
    // Who knows of a word prevails over it, however far ahead its clock was.
    sides.there().register(THERE, &[of_ct("survey", owner("施設課"))], later(-60)).unwrap();
    sides.meet();
    assert_eq!(held(&sides.here()).owner.as_deref(), Some("施設課"));
    sides.assert_equal();
}

#[test]
fn both_sides_ask_and_answer_and_no_work_is_lost() {
    let sides = Sides::new();
    let asked = |question: &str| Inquiry {
        connection: Some(1),
        question: question.to_owned(),
        counterpart: "医用機器 保守窓口".to_owned(),
        method: "interview".to_owned(),
        by: "hosoda".to_owned(),
        asked: now(),
        due: now() + DUE_AFTER,
        minutes: 15,
        ..Inquiry::default()
    };
    let at_site = sides.here().inquire(SITE, &asked("この回線は誰のものですか"), now()).unwrap();
    let at_collector = sides.there().inquire(THERE, &asked("契約書はありますか"), later(1)).unwrap();
    assert_ne!(at_site, at_collector, "neither waits for the other to give a number");
    sides.meet();
    sides.assert_equal();
    let file = |name: &str| EvidenceFile { name: name.to_owned(), sha256: format!("{name:0>64}"), bytes: 12 };
    let answer = |text: Option<&str>, name: &str, minutes| Answer {
        answer: text.map(str::to_owned),
        answered: Some(now()),
        minutes,
        evidence: vec![file(name)],
        by: "hosoda".to_owned(),
        ..Answer::default()
    };
    sides.here().answer(SITE, at_collector, &answer(Some("あります"), "a", 20), later(2)).unwrap().unwrap();
    sides.there().answer(THERE, at_collector, &answer(None, "b", 30), later(3)).unwrap().unwrap();
    sides.meet();
    sides.assert_equal();
    let told = sides.here().inquiries(&Query::default()).unwrap();
    let told = &told.iter().find(|sited| sited.row.number == at_collector).unwrap().row;
    assert_eq!((told.answer.as_deref(), told.minutes), (Some("あります"), 15 + 20 + 30));
    assert_eq!(told.evidence, [file("a"), file("b")]);
}

fn asked(question: &str, connection: Option<i64>) -> Inquiry {
    Inquiry {
        connection,
        question: question.to_owned(),
        counterpart: "医用機器 保守窓口".to_owned(),
        method: "interview".to_owned(),
        by: "hosoda".to_owned(),
        asked: now(),
        due: now() + DUE_AFTER,
        ..Inquiry::default()
    }
}

#[test]
fn a_number_that_a_ledger_put_back_gives_again_brings_no_answer_to_another_question() {
    let sides = Sides::new();
    let said =
        Answer { answer: Some("社の者です".to_owned()), by: "hosoda".to_owned(), ..Answer::default() };
    // (where it is asked and then put back, the site's name there)
    for (of, name) in [(&sides.site, SITE), (&sides.collector, THERE)] {
        if is_postgres(of) {
            continue;
        }
        let copy = sides.folder.path().join("copy.db");
        std::fs::copy(of, &copy).unwrap();
        let ask = |question: &str, at| {
            let mut ledger = Ledger::open(of).unwrap();
            ledger.inquire(name, &asked(question, None), later(at)).unwrap()
        };
        let first = ask("A社への問い", 1);
        Ledger::open(of).unwrap().answer(name, first, &said, later(2)).unwrap().unwrap();
        sides.meet();
        std::fs::copy(&copy, of).unwrap();
        let second = ask("B社への問い", 3);
        assert_eq!(second, first, "it cannot know");
        sides.meet();
        sides.assert_equal();
        for (ledger, name) in [(sides.here(), SITE), (sides.there(), THERE)] {
            let query = Query { site: Some(name.to_owned()), ..Query::default() };
            let all = ledger.inquiries(&query).unwrap();
            let told = |question: &str| all.iter().find(|sited| sited.row.question == question).unwrap();
            let (one, other) = (&told("A社への問い").row, &told("B社への問い").row);
            assert_eq!((one.answer.as_deref(), one.number), (said.answer.as_deref(), first));
            assert_eq!(other.answer, None);
            assert_ne!(other.number, first);
        }
        // Told apart, each can be answered.
        let other = sides.here().inquiries(&Query::default()).unwrap();
        let other = other.iter().find(|sited| sited.row.answer.is_none()).unwrap().row.number;
        sides.here().answer(SITE, other, &said, later(4)).unwrap().unwrap();
        sides.meet();
        sides.assert_equal();
        let open = sides.there().inquiries(&Query::default()).unwrap();
        assert!(open.iter().all(|sited| sited.row.answer.is_some()));
        // The next turn begins without them.
        Intake::open(&sides.collector).unwrap().forget(THERE, later(5)).unwrap();
        Intake::open(&sides.collector).unwrap().add(THERE, later(5)).unwrap();
        std::fs::remove_file(&sides.site).unwrap();
        sides.here().record(SITE, &one_connection(), &source("a"), now()).unwrap();
        sides.meet();
    }
}

fn one_connection() -> sekisho_api::Analysis {
    one(0, 1, |_| {})
}

#[test]
fn an_inquiry_is_about_its_connection_whatever_number_a_new_life_gives_it() {
    let sides = Sides::new();
    let ssh = |row: &mut sekisho_api::Connection| row.service = "ssh".to_owned();
    sides.here().record(SITE, &one(2, 3, ssh), &source("b"), now()).unwrap();
    sides.here().inquire(SITE, &asked("誰の回線ですか", Some(2)), now()).unwrap();
    sides.meet();
    // A new box sees the other one first.
    std::fs::remove_file(&sides.site).unwrap();
    sides.here().record(SITE, &one(2, 3, ssh), &source("b"), now()).unwrap();
    sides.here().record(SITE, &one(5, 6, |_| {}), &source("c"), now()).unwrap();
    sides.meet();
    for (ledger, name) in [(sides.here(), SITE), (sides.there(), THERE)] {
        let of = |number| {
            let query = Query { site: Some(name.to_owned()), number: Some(number), ..Query::default() };
            ledger.inquiries(&query).unwrap()
        };
        assert_eq!(of(1).len(), 1, "{name}");
        assert_eq!(of(1)[0].row.connection, Some(1), "{name}");
        assert!(of(2).is_empty(), "{name}");
    }
}

#[test]
fn marks_of_the_map_are_seen_on_both_sides() {
    let sides = Sides::new();
    let end = |node: &str| MarkEnd { node: node.to_owned(), name: None, port: None };
    let mark = |kind, at| Mark { kind, a: end("mac:a"), b: end("mac:b"), at };
    sides.here().mark(SITE, &mark(MarkKind::Hide, now())).unwrap();
    sides.there().mark(THERE, &mark(MarkKind::Pin, later(1))).unwrap();
    sides.meet();
    assert_eq!(sides.here().marks(SITE).unwrap(), [mark(MarkKind::Pin, later(1))]);
    sides.assert_equal();
    assert_eq!(sides.here().unmark(SITE, "mac:b", "mac:a", later(2)).unwrap(), 1);
    sides.meet();
    assert!(sides.there().marks(THERE).unwrap().is_empty());
}

#[test]
fn what_people_did_comes_with_the_answer_of_a_bundle_and_once() {
    let sides = Sides::new();
    sides.there().register(THERE, &[of_ct("survey", owner("放射線科"))], now()).unwrap();
    let answer = Intake::open(&sides.collector).unwrap().answer(THERE).unwrap();
    for _ in 0..2 {
        Outbox::open(&sides.site, SITE).unwrap().answered(&answer).unwrap();
    }
    assert_eq!(statuses(&sides.here()), ["registered"]);
    sides.meet();
    sides.assert_equal();
    assert_eq!(
        sides
            .here()
            .history(&HistoryQuery::default())
            .unwrap()
            .iter()
            .filter(|change| change.kind == ChangeKind::Registered)
            .count(),
        1
    );
}

#[test]
fn a_site_that_has_seen_nothing_yet_is_told_all_the_same() {
    let sides = Sides::new();
    sides.there().register(THERE, &[of_ct("survey", owner("放射線科"))], now()).unwrap();
    let answer = Intake::open(&sides.collector).unwrap().answer(THERE).unwrap();
    let path = sides.folder.path().join("new.db");
    drop(Ledger::open(&path).unwrap());
    Outbox::open(&path, SITE).unwrap().answered(&answer).unwrap();
    let mut ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.unseen(&Query::default()).unwrap().len(), 1);
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    assert_eq!(statuses(&ledger), ["registered"]);
}

#[test]
fn words_that_cannot_be_read_take_no_others_with_them() {
    let sides = Sides::new();
    sides.here().register(SITE, &[of_ct("hosoda", owner("放射線科"))], now()).unwrap();
    let id = sides.here().registrations(None).unwrap().remove(0).row.id;
    let mut outbox = Outbox::open(&sides.site, SITE).unwrap();
    for (field, value) in
        [("until", "\"someday\""), ("hours", "7"), ("of-a-later-version", "{}"), ("vendor", "{")]
    {
        outbox.decide(("registration", &id, field), Some(value), "", later(1)).unwrap();
    }
    for (kind, subject) in
        [("registration", "no keys"), ("inquiry", "no number"), ("mark", "["), ("act", "x")]
    {
        outbox.decide((kind, subject, "owner"), Some("1"), "", later(1)).unwrap();
    }
    sides.meet();
    let terms = held(&sides.there());
    assert_eq!((terms.owner.as_deref(), terms.until, terms.hours), (Some("放射線科"), None, None));
    assert_eq!(statuses(&sides.there()), ["registered"]);
    assert_eq!(sides.there().registrations(None).unwrap().len(), 1);
}

#[test]
fn what_people_did_is_never_altered() {
    let sides = Sides::new();
    sides.there().register(THERE, &[of_ct("survey", owner("放射線科"))], now()).unwrap();
    for sql in ["UPDATE acts SET kind = 'asked'", "DELETE FROM acts"] {
        assert!(raw(&sides.collector, sql).unwrap_err().contains("append-only"), "{sql}");
    }
}

#[test]
fn people_enter_beside_whoever_records() {
    let sides = Sides::new();
    let mut recording = sides.here();
    let mut beside = Ledger::beside(&sides.site).unwrap();
    beside.register(SITE, &[of_ct("hosoda", owner("放射線科"))], now()).unwrap();
    recording.record(SITE, &one(48, 49, |row| row.service = "ssh".to_owned()), &source("b"), now()).unwrap();
    assert_eq!(statuses(&recording), ["registered", "registered"]);
}
