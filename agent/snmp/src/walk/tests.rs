use std::time::Duration;

use super::*;
use crate::{Binding, Recording, Room};

/// A device that misbehaves as told.
struct Odd<F> {
    answer: F,
    bulk: bool,
    requests: usize,
}

impl<F: FnMut(&[Oid], u32) -> Result<Vec<Binding>, Failure> + Send> Client for Odd<F> {
    async fn get(&mut self, oids: &[Oid]) -> Result<Vec<Binding>, Failure> {
        self.requests += 1;
        (self.answer)(oids, 0)
    }

    async fn next(&mut self, oid: &Oid) -> Result<Binding, Failure> {
        self.requests += 1;
        let answer = (self.answer)(std::slice::from_ref(oid), 1)?;
        answer.into_iter().next().ok_or(Failure::NoAnswer)
    }

    async fn bulk(&mut self, oids: &[Oid], repetitions: u32) -> Result<Vec<Binding>, Failure> {
        self.requests += 1;
        (self.answer)(oids, repetitions)
    }

    fn has_bulk(&self) -> bool {
        self.bulk
    }
}

fn entry() -> Oid {
    "1.3.6.1.2.1.2.2.1".parse().unwrap()
}

/// Three columns of ports; the third has only every other row.
fn ports(count: u32) -> Recording {
    let mut objects = Vec::new();
    for port in 1..=count {
        objects.push((entry().child(&[2, port]), Value::Octets(format!("port{port}").into_bytes())));
        objects.push((entry().child(&[3, port]), Value::Integer(6)));
        if port % 2 == 0 {
            objects.push((entry().child(&[7, port]), Value::Integer(1)));
        }
    }
    Recording::new(objects)
}

fn check(table: &Table, count: u32) {
    assert_eq!(table.rows.len(), count as usize);
    for port in 1..=count {
        let row = &table.rows[&vec![port]];
        assert_eq!(row.text(2), Some(format!("port{port}")));
        assert_eq!(row.number(3), Some(6));
        assert_eq!(row.number(7), (port % 2 == 0).then_some(1));
    }
}

#[tokio::test]
async fn columns_of_unequal_length_are_read_whole() {
    for count in [0, 1, 13, 14, 500] {
        let mut walker = Walker::new(ports(count), Seat::default());
        let table = walker.table(&entry(), &[2, 3, 7, 9]).await;
        check(&table, count);
        assert_eq!(walker.state(), State::Complete);
    }
}

#[tokio::test]
async fn a_device_that_cannot_give_much_is_asked_for_less() {
    let mut held = ports(50);
    let answer = move |oids: &[Oid], repetitions: u32| {
        if oids.len() as u32 * repetitions > 4 {
            return Err(Failure::TooBig);
        }
        now(held.bulk(oids, repetitions))
    };
    let mut walker = Walker::new(Odd { answer, bulk: true, requests: 0 }, Seat::default());
    let table = walker.table(&entry(), &[2, 3, 7]).await;
    check(&table, 50);
    assert_eq!(walker.state(), State::Complete);
}

#[tokio::test]
async fn a_device_that_is_silent_to_getbulk_is_asked_one_by_one() {
    let mut held = ports(9);
    let answer = move |oids: &[Oid], repetitions: u32| {
        if oids.len() as u32 * repetitions > 1 {
            return Err(Failure::NoAnswer);
        }
        now(held.bulk(oids, repetitions))
    };
    let mut walker = Walker::new(Odd { answer, bulk: true, requests: 0 }, Seat::default());
    let table = walker.table(&entry(), &[2, 3, 7]).await;
    check(&table, 9);
    assert_eq!(walker.state(), State::Complete);
}

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn a_walk_that_leads_back_ends_and_is_told() {
    for bulk in [true, false] {
        // Two objects that point at each other.
        let circle = |oids: &[Oid], _: u32| {
            let after = |oid: &Oid| {
                let row = if oid.arcs().last() == Some(&1) { 2 } else { 1 };
                (entry().child(&[2, row]), Value::Integer(1))
            };
            Ok(oids.iter().map(after).collect())
        };
        let mut walker = Walker::new(Odd { answer: circle, bulk, requests: 0 }, Seat::default());
        let table = walker.table(&entry(), &[2]).await;
        assert_eq!(table.rows.len(), 2, "bulk {bulk}");
        assert_eq!(walker.state(), State::Loops);
        assert!(walker.client.requests <= 3);
    }
}

#[tokio::test]
async fn a_table_without_end_is_cut_and_memory_stays_bounded() {
    let endless = |octets: usize| {
        move |oids: &[Oid], repetitions: u32| {
            let after = |oid: &Oid| {
                let last = oid.below(&entry().child(&[2])).and_then(|index| index.first()).copied();
                last.unwrap_or(0)
            };
            let row = oids.first().map_or(0, after);
            let binding = |at| (entry().child(&[2, row + 1 + at]), Value::Octets(vec![b'x'; octets]));
            Ok((0..repetitions).map(binding).collect())
        }
    };
    // (octets of each value, most rows)
    for (octets, most) in [(1, MAX_ROWS), (60_000, MAX_BYTES / 60_000)] {
        let mut walker =
            Walker::new(Odd { answer: endless(octets), bulk: true, requests: 0 }, Seat::default());
        let table = walker.table(&entry(), &[2]).await;
        assert!(table.rows.len() <= most && table.rows.len() + 1 >= most, "{} rows", table.rows.len());
        assert_eq!(walker.state(), State::Truncated);
    }
}

#[tokio::test]
async fn who_says_much_is_cut_where_no_turn_comes_and_who_does_not_is_read_whole() {
    let room = Room::of(0, Duration::ZERO);
    let mut walker = Walker::new(ports(2_000), room.seat());
    let table = walker.table(&entry(), &[2, 3, 7]).await;
    assert_eq!((walker.state(), room.cut()), (State::Truncated, 1));
    let most = MODEST_BYTES / ROW_BYTES + BINDINGS as usize;
    assert!((100..most).contains(&table.rows.len()), "{} rows", table.rows.len());
    let mut walker = Walker::new(ports(100), room.seat());
    check(&walker.table(&entry(), &[2, 3, 7]).await, 100);
    assert_eq!((walker.state(), room.cut()), (State::Complete, 1));
}

#[tokio::test]
async fn a_device_that_falls_silent_is_asked_no_more() {
    let mut left = 2;
    let mut held = ports(500);
    let answer = move |oids: &[Oid], repetitions: u32| {
        if left == 0 {
            return Err(Failure::NoAnswer);
        }
        left -= 1;
        now(held.bulk(oids, repetitions))
    };
    let mut walker = Walker::new(Odd { answer, bulk: true, requests: 0 }, Seat::default());
    let table = walker.table(&entry(), &[2, 3]).await;
    assert_eq!(table.rows.len(), 40, "what came before stays");
    assert_eq!(walker.state(), State::Interrupted);
    let requests = walker.client.requests;
    assert!(walker.table(&entry(), &[2, 3]).await.rows.is_empty());
    assert!(walker.get(&[entry()]).await.is_empty());
    assert!(walker.column(&entry(), 9).await.is_empty());
    assert_eq!(walker.client.requests, requests);
}

#[tokio::test]
async fn an_object_that_is_refused_ends_its_column_and_no_other() {
    for bulk in [true, false] {
        let (mut held, refused) = (ports(9), entry().child(&[3, 5]));
        let mut silent = false;
        let answer = move |oids: &[Oid], repetitions: u32| {
            silent |= oids.iter().any(|oid| oid.below(&entry()).is_none());
            if silent {
                return Err(Failure::NoAnswer);
            }
            let answer = now(held.bulk(oids, repetitions))?;
            let is_refused = answer.iter().any(|(oid, _)| *oid == refused);
            if is_refused { Err(Failure::Refused { status: 5 }) } else { Ok(answer) }
        };
        let mut walker = Walker::new(Odd { answer, bulk, requests: 0 }, Seat::default());
        let table = walker.table(&entry(), &[2, 3, 7]).await;
        let rows = |column| table.rows.values().filter(|row| row.value(column).is_some()).count();
        assert_eq!((rows(2), rows(3), rows(7)), (9, 4, 4), "bulk {bulk}");
        assert_eq!((walker.state(), walker.is_lost()), (State::Refused, false));
        assert_eq!(walker.column(&entry().child(&[3]), 9).await.len(), 4);
        // What comes later is not hidden by it.
        walker.table(&"1.3.6.1.2.1.4.20.1".parse().unwrap(), &[1]).await;
        assert_eq!((walker.state(), walker.is_lost()), (State::Interrupted, true));
    }
}

#[tokio::test]
async fn a_column_is_read_as_far_as_asked() {
    let mut walker = Walker::new(ports(500), Seat::default());
    let name = entry().child(&[2]);
    for (most, read) in [(1, 1), (60, 60), (9_999, 500)] {
        let column = walker.column(&name, most).await;
        assert_eq!(column.len(), read);
        assert_eq!(column[0], (name.child(&[1]), Value::Octets(b"port1".to_vec())));
    }
    assert!(walker.column(&entry().child(&[99]), 9).await.is_empty());
}

#[tokio::test]
async fn a_table_that_is_not_there_is_asked_for_once_with_others() {
    let other: Oid = "1.3.6.1.2.1.4.20.1".parse().unwrap();
    let mut held = ports(9);
    let answer = move |oids: &[Oid], repetitions: u32| now(held.bulk(oids, repetitions));
    let mut walker = Walker::new(Odd { answer, bulk: true, requests: 0 }, Seat::default());
    walker.look_for(&[entry(), other.clone()]).await;
    assert!(walker.table(&other, &[1, 2]).await.rows.is_empty());
    assert_eq!(walker.client.requests, 1);
    check(&walker.table(&entry(), &[2, 3, 7]).await, 9);
}

#[tokio::test]
async fn nonsense_about_which_tables_are_there_hides_none() {
    // To many names at once it answers with the first object that it has, or with fewer answers, or not.
    for oddity in 0..3 {
        let mut held = ports(9);
        let answer = move |oids: &[Oid], repetitions: u32| {
            let first = (Oid::new(&[1, 3, 6]), Value::Integer(0));
            match oddity {
                0 if repetitions == 1 => Ok(vec![first; oids.len()]),
                1 if repetitions == 1 => Ok(Vec::new()),
                2 if repetitions == 1 => Err(Failure::NoAnswer),
                _ => now(held.bulk(oids, repetitions)),
            }
        };
        let mut walker = Walker::new(Odd { answer, bulk: true, requests: 0 }, Seat::default());
        walker.look_for(&[entry()]).await;
        check(&walker.table(&entry(), &[2, 3, 7]).await, 9);
        assert_eq!(walker.state(), State::Complete, "{oddity}");
    }
}
