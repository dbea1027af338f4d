//! What the hospital declared, held against what was seen; and what it asked.

use jiff::Timestamp;
use jiff::civil::date;
use sekisho_api::{Connection, EvidenceFile, Inquiry, Registration, Terms};
use sekisho_ledger::{
    Answer, ChangeKind, DUE_AFTER, Declared, Entered, HistoryQuery, Ledger, LedgerError, Query, Subject,
};

use crate::common::{LTE, SITE, analysis, at, connection, connections, now, one, source};
use crate::place::fresh;

fn declared(edit: impl FnOnce(&mut Registration)) -> Declared {
    let mut registration =
        Registration { by: "hosoda".to_owned(), zone: "Asia/Tokyo".to_owned(), ..Registration::default() };
    edit(&mut registration);
    Declared { registration, connection: None }
}

/// Approves a connection as it is.
fn approved(row: &Connection, terms: Terms) -> Declared {
    let mut declared = Declared::of(row);
    declared.registration.terms = terms;
    declared.registration.by = "hosoda".to_owned();
    declared.registration.zone = "Asia/Tokyo".to_owned();
    declared
}

fn enter(ledger: &mut Ledger, declared: Declared) -> Entered {
    ledger.register(SITE, &[declared], now()).unwrap()[0]
}

fn statuses(ledger: &Ledger, now: Option<Timestamp>) -> Vec<String> {
    let query = Query { now, ..Query::default() };
    ledger.connections(&query).unwrap().into_iter().map(|row| row.row.status).collect()
}

/// How a registration is changed, and what it then comes to.
type Case = (fn(&mut Registration), &'static str);

#[test]
fn a_connection_is_registered_by_whatever_names_it() {
    // (what is declared, the status that comes of it)
    let cases: [Case; 9] = [
        (|known| known.device = vec!["00-00-5E-00-53-11".to_owned()], "registered"),
        (|known| known.device = vec!["192.0.2.10".to_owned()], "registered"),
        (|known| known.device = vec!["192.0.2.1".to_owned()], "unregistered"),
        (|known| known.outside = vec!["Vendor.Example".to_owned()], "registered"),
        (|known| known.outside = vec!["other.example".to_owned(), "198.51.100.1".to_owned()], "registered"),
        (
            |known| {
                known.outside = vec!["vendor.example".to_owned()];
                known.service = Some("ssh".to_owned());
            },
            "unregistered",
        ),
        (
            |known| {
                known.device = vec!["192.0.2.10".to_owned()];
                known.exit = vec![LTE.to_owned()];
            },
            "unregistered",
        ),
        (
            |known| {
                known.outside = vec!["vendor.example".to_owned()];
                known.service = Some("ipsec".to_owned());
            },
            "registered",
        ),
        (|known| known.outside = vec!["dor.example".to_owned()], "unregistered"),
    ];
    for (place, (edit, status)) in cases.into_iter().enumerate() {
        let mut ledger = fresh();
        let seen = one(0, 1, |row| row.outside.name = Some("vpn5.vendor.example".to_owned()));
        ledger.record(SITE, &seen, &source("a"), now()).unwrap();
        assert_eq!(enter(&mut ledger, declared(edit)), Entered::New);
        assert_eq!(statuses(&ledger, None), [status], "case {place}");
        let unseen = ledger.unseen(&Query::default()).unwrap();
        assert_eq!(unseen.is_empty(), status == "registered", "case {place}: declared and not seen");
    }
}

#[test]
fn an_approval_works_backwards_and_forwards_and_is_taken_back() {
    let mut ledger = fresh();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let row = connections(&ledger).remove(0);
    let terms = Terms { owner: Some("放射線科".to_owned()), ..Terms::default() };
    assert_eq!(enter(&mut ledger, approved(&row, terms.clone())), Entered::New);
    assert_eq!(enter(&mut ledger, approved(&row, terms)), Entered::Same);
    let row = connections(&ledger).remove(0);
    let registered = row.registration.clone().unwrap().registration;
    assert_eq!((row.status.as_str(), registered.terms.owner.as_deref()), ("registered", Some("放射線科")));
    // Seen again, it stays; by another exit, it is another connection.
    ledger.record(SITE, &one(48, 49, |_| {}), &source("b"), now()).unwrap();
    assert_eq!(statuses(&ledger, None), ["registered"]);
    let mut by_lte = connection(at(60), at(61));
    by_lte.exit.as_mut().unwrap().mac = LTE.to_owned();
    let both = analysis(at(60), at(61), vec![connection(at(60), at(61)), by_lte]);
    ledger.record(SITE, &both, &source("c"), now()).unwrap();
    assert_eq!(statuses(&ledger, None), ["unregistered", "registered"]);
    // What is not said again stays as it was said.
    let more = Terms { vendor: Some("医用機器".to_owned()), ..Terms::default() };
    assert_eq!(enter(&mut ledger, approved(&row, more)), Entered::Changed);
    let held = ledger.registrations(Some(SITE)).unwrap().remove(0).row;
    assert_eq!(held.terms.owner.as_deref(), Some("放射線科"));
    assert!(ledger.unregister(SITE, &registered.id, row.number, "hosoda", now()).unwrap().is_some());
    assert!(ledger.unregister(SITE, &registered.id, row.number, "hosoda", now()).unwrap().is_none());
    assert_eq!(statuses(&ledger, None), ["unregistered", "unregistered"]);
    assert!(ledger.registrations(None).unwrap().is_empty());
    let of = HistoryQuery { subject: row.number.map(Subject::Connection), ..HistoryQuery::default() };
    let told: Vec<_> = ledger.history(&of).unwrap().into_iter().map(|change| change.kind).collect();
    let acts = [ChangeKind::Unregistered, ChangeKind::Registered, ChangeKind::Registered];
    assert_eq!(told.iter().copied().filter(|kind| acts.contains(kind)).collect::<Vec<_>>(), acts);
}

#[test]
fn what_is_declared_expires_with_its_last_day_and_the_filters_know_it() {
    let mut ledger = fresh();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let row = connections(&ledger).remove(0);
    let terms = Terms { until: Some(date(2026, 3, 31)), ..Terms::default() };
    enter(&mut ledger, approved(&row, terms));
    // (a time, the status then): the day ends at midnight in Japan
    let cases = [("2026-03-31T14:59:59Z", "registered"), ("2026-03-31T15:00:00Z", "expired")];
    for (time, status) in cases {
        let now = Some(time.parse().unwrap());
        assert_eq!(statuses(&ledger, now), [status], "{time}");
        for asked in ["registered", "expired", "unregistered", "unseen"] {
            let query = Query { now, status: Some(asked.to_owned()), ..Query::default() };
            let expected = usize::from(asked == status);
            assert_eq!(ledger.connections(&query).unwrap().len(), expected, "{asked} at {time}");
            assert_eq!(ledger.count(&query).unwrap().connections, expected as u64, "{asked} at {time}");
        }
    }
}

#[test]
fn use_beyond_the_permitted_hours_is_told_with_the_hour() {
    let mut ledger = fresh();
    // 2026-03-02 09:00 UTC is a Monday, 18:00 in Japan.
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let row = connections(&ledger).remove(0);
    let hours = |text: &str| Terms { hours: Some(text.parse().unwrap()), ..Terms::default() };
    enter(&mut ledger, approved(&row, hours("平日 18-20")));
    assert_eq!(statuses(&ledger, None), ["registered"]);
    enter(&mut ledger, approved(&row, hours("平日 9:00-17:00")));
    let told = connections(&ledger).remove(0);
    assert_eq!(told.status, "outside-hours");
    assert_eq!(told.registration.unwrap().outside_hours, Some(at(0)));
    // A later capture breaks hours that an earlier one kept.
    enter(&mut ledger, approved(&row, hours("平日 18-20")));
    ledger.record(SITE, &one(30, 31, |_| {}), &source("b"), now()).unwrap();
    assert_eq!(connections(&ledger).remove(0).registration.unwrap().outside_hours, Some(at(30)));
}

#[test]
fn what_fits_everything_nobody_or_another_site_is_refused_or_left_alone() {
    let mut ledger = fresh();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let nothing = declared(|known| known.service = Some("ipsec".to_owned()));
    assert!(matches!(ledger.register(SITE, &[nothing], now()), Err(LedgerError::NoKeys)));
    let elsewhere = declared(|known| known.device = vec!["192.0.2.10".to_owned()]);
    ledger.register("minami", &[elsewhere], now()).unwrap();
    assert_eq!(statuses(&ledger, None), ["unregistered"]);
    // All or nothing.
    let good = declared(|known| known.device = vec!["192.0.2.10".to_owned()]);
    let bad = declared(|_| {});
    assert!(ledger.register(SITE, &[good, bad], now()).is_err());
    assert!(ledger.registrations(Some(SITE)).unwrap().is_empty());
}

#[test]
fn the_registration_that_names_the_most_is_the_connection_s() {
    let mut ledger = fresh();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let of_party = declared(|known| known.outside = vec!["198.51.100.1".to_owned()]);
    let row = connections(&ledger).remove(0);
    let exact = approved(&row, Terms { owner: Some("exact".to_owned()), ..Terms::default() });
    // Many at once go another way through the connections than one.
    let mut many: Vec<Declared> =
        (0..20_u8).map(|host| declared(|known| known.device = vec![format!("203.0.113.{host}")])).collect();
    many.extend([exact, of_party]);
    assert!(ledger.register(SITE, &many, now()).unwrap().iter().all(|one| *one == Entered::New));
    let told = connections(&ledger).remove(0).registration.unwrap();
    assert_eq!(told.registration.terms.owner.as_deref(), Some("exact"));
    assert_eq!(ledger.unseen(&Query::default()).unwrap().len(), 20, "the party's is met, too");
}

#[test]
fn an_inquiry_is_overdue_by_itself_and_keeps_its_proofs() {
    let mut ledger = fresh();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    let asked = Inquiry {
        connection: Some(1),
        question: "この回線は誰が管理していますか".to_owned(),
        counterpart: "医用機器 保守窓口".to_owned(),
        method: "interview".to_owned(),
        by: "hosoda".to_owned(),
        asked: now(),
        due: now() + DUE_AFTER,
        ..Inquiry::default()
    };
    assert_eq!(ledger.inquire(SITE, &asked, now()).unwrap(), 1);
    assert_eq!(ledger.inquire(SITE, &Inquiry { connection: None, ..asked }, now()).unwrap(), 2);
    let of_connection = Query { number: Some(1), ..Query::default() };
    let inquiry = ledger.inquiries(&of_connection).unwrap().remove(0).row;
    assert_eq!(inquiry.state(now() + DUE_AFTER), "waiting");
    assert_eq!(inquiry.state(now() + DUE_AFTER * 2), "no-answer");
    let file = EvidenceFile { name: "回答.pdf".to_owned(), sha256: "ab".repeat(32), bytes: 12 };
    let answer = Answer {
        answer: Some("放射線科".to_owned()),
        answered: Some(now()),
        minutes: 90,
        evidence: vec![file.clone(), file.clone()],
        by: "hosoda".to_owned(),
        ..Answer::default()
    };
    let told = ledger.answer(SITE, 1, &answer, now()).unwrap().unwrap();
    assert_eq!((told.state(now() + DUE_AFTER * 2), told.minutes), ("answered", 90));
    assert_eq!(told.evidence, [file]);
    assert_eq!(ledger.inquiries(&of_connection).unwrap().remove(0).row, told);
    assert!(ledger.answer(SITE, 3, &answer, now()).unwrap().is_none());
    let kinds: Vec<_> =
        ledger.history(&HistoryQuery::default()).unwrap().into_iter().map(|change| change.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == ChangeKind::Asked).count(), 2);
    assert_eq!(kinds.iter().filter(|kind| **kind == ChangeKind::Answered).count(), 1);
}
