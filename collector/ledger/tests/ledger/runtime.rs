//! A ledger within a runtime: the daemon opens it and the poller reads it there.

use sekisho_ledger::{Ledger, Query};

use crate::common::{SITE, now, one, source};
use crate::place::Place;

#[test]
fn a_task_may_open_write_read_and_close_a_ledger() {
    let place = Place::new();
    let path = place.ledger("ledger");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = runtime.block_on(async {
        let mut ledger = Ledger::open(&path).unwrap();
        ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
        let reader = Ledger::read_only(&path).unwrap();
        reader.connections(&Query::default()).unwrap().len()
    });
    assert_eq!(seen, 1);
}
