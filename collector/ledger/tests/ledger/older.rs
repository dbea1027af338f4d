//! A ledger from before people's acts travelled: brought up to date, it tells its collector of all of them.

use std::fs;
use std::path::Path;

use jiff::SignedDuration;
use sekisho_api::{EvidenceFile, Inquiry, Mark, MarkEnd, MarkKind};
use sekisho_ledger::{
    Answer, BatchBounds, Change, DUE_AFTER, Declared, HistoryQuery, Intake, Ledger, Outbox, Query,
};

use crate::common::*;
use crate::place::{Place, raw};

/// The site's name at the collector.
const THERE: &str = "kita";

/// Declares, takes back, asks, answers with a file, and marks.
fn act(path: &Path) {
    let mut ledger = Ledger::open(path).unwrap();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let seen = connections(&ledger).remove(0);
    let mut approved = Declared::of(&seen);
    approved.registration.terms.owner = Some("放射線科".to_owned());
    "細田".clone_into(&mut approved.registration.by);
    let mut elsewhere = Declared::default();
    elsewhere.registration.device = vec!["mri.example".to_owned()];
    ledger.register(SITE, &[approved, elsewhere.clone()], now()).unwrap();
    let id = sekisho_ledger::identity(&elsewhere.registration);
    ledger.unregister(SITE, &id, None, "細田", now() + SignedDuration::from_hours(1)).unwrap().unwrap();
    let inquiry = Inquiry {
        connection: Some(1),
        question: "用途は".to_owned(),
        counterpart: "保守会社".to_owned(),
        asked: now(),
        due: now() + DUE_AFTER,
        by: "細田".to_owned(),
        ..Inquiry::default()
    };
    let number = ledger.inquire(SITE, &inquiry, now()).unwrap();
    let answer = Answer {
        answer: Some("保守です".to_owned()),
        minutes: 15,
        evidence: vec![EvidenceFile { name: "回答.pdf".to_owned(), sha256: "5ec2e7".to_owned(), bytes: 7 }],
        ..Answer::default()
    };
    ledger.answer(SITE, number, &answer, now()).unwrap().unwrap();
    let end = |node: &str| MarkEnd { node: node.to_owned(), ..MarkEnd::default() };
    let mark = Mark { kind: MarkKind::Pin, a: end("sw01"), b: end("sw02"), at: now() };
    assert!(ledger.mark(SITE, &mark).unwrap());
}

/// Makes a ledger what it was before: nothing of what people did is a decision, acts are numbered.
fn make_older(path: &Path) {
    raw(
        path,
        "DELETE FROM decisions; DROP TRIGGER acts_are_not_updated; UPDATE acts SET stamp = rowid; \
         CREATE TRIGGER acts_are_not_updated BEFORE UPDATE ON acts \
         BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END; \
         DELETE FROM schema_version WHERE version >= 11",
    )
    .unwrap();
}

fn acts(path: &Path) -> Vec<Change> {
    let history = Ledger::read_only(path).unwrap().history(&HistoryQuery::default()).unwrap();
    let mut acts: Vec<Change> = history.into_iter().filter(|change| change.number == 0).collect();
    acts.sort_by_key(|change| (change.at, change.kind, change.subject.key()));
    acts
}

fn said(path: &Path) -> Vec<Vec<String>> {
    raw(path, "SELECT kind || subject || field || stamp || COALESCE(value, '') FROM decisions ORDER BY 1")
        .unwrap()
}

#[test]
fn what_people_did_before_it_travelled_is_told_to_the_collector() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let [site, copy] = ["site.db", "copy.db"].map(|name| folder.path().join(name));
    let collector = place.ledger("collector");
    act(&site);
    let before = acts(&site);
    make_older(&site);
    fs::copy(&site, &copy).unwrap();
    for path in [&site, &copy] {
        drop(Ledger::open(path).unwrap());
    }
    assert_eq!(said(&site), said(&copy), "a copy that is put back says the same");
    assert_eq!(acts(&site), before, "the history is as it was");
    let (mut outbox, mut intake) = (Outbox::open(&site, SITE).unwrap(), Intake::open(&collector).unwrap());
    intake.add(THERE, now()).unwrap();
    let batch = outbox.batch("once", 0, BatchBounds::default()).unwrap();
    assert!(batch.last);
    let answer = intake.apply(THERE, batch, now()).unwrap();
    outbox.answered(&answer).unwrap();
    let (here, there) = (Ledger::open(&site).unwrap(), Ledger::open(&collector).unwrap());
    let registered = here.registrations(None).unwrap();
    assert_eq!(registered.len(), 1);
    assert_eq!(there.registrations(None).unwrap(), registered);
    assert_eq!(there.marks(THERE).unwrap(), here.marks(SITE).unwrap());
    let inquiries = here.inquiries(&Query::default()).unwrap();
    assert_eq!((inquiries[0].row.minutes, inquiries[0].row.evidence.len()), (15, 1));
    assert_eq!(there.inquiries(&Query::default()).unwrap(), inquiries);
    assert_eq!(acts(&collector), before);
    assert_eq!(connections(&there), connections(&here), "the status, too");
}
