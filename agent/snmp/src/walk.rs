//! Walking tables: several columns at once, never in a circle, never without end.
//!
//! A table is asked for by GETBULK, column beside column. What a device gives that does not come after what
//! it gave before ends the column (a walk would go round for ever); what is more than a table or a device
//! may hold ends it as well, and is told. A device that does not stand long answers is asked for shorter
//! ones, at last one object at a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::room::{MODEST_BYTES, Seat};
use crate::{Client, Failure, Oid, State, Value};

/// Objects asked for in one request: some 1,400 octets of answer, an Ethernet frame's worth.
const BINDINGS: u32 = 40;
/// Rows read of one table: the forwarding table of a core switch holds some 16,000.
const MAX_ROWS: usize = 20_000;
/// Octets kept of one device, all tables together: 16,000 rows of a forwarding table come to 5 MiB.
const MAX_BYTES: usize = 6 << 20;
/// What a binding takes beside what its value refers to.
const BINDING_BYTES: usize = size_of::<(u32, Value)>();
/// What a row takes beside its index and bindings, roughly: its place in the table, and room for more columns.
const ROW_BYTES: usize = 256;
/// Octets of an arc.
const ARC_BYTES: usize = size_of::<u32>();
/// Objects asked for in one GET: what every device's buffer holds.
const MAX_GET: usize = 16;

/// A table's rows by index, each with its columns.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Table {
    /// Index → column → value.
    pub rows: BTreeMap<Vec<u32>, Row>,
}

/// A row's columns.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Row(Vec<(u32, Value)>);

impl Row {
    /// Gives what a column holds.
    #[must_use]
    pub fn value(&self, column: u32) -> Option<&Value> {
        self.0.iter().find(|(own, _)| *own == column).map(|(_, value)| value)
    }

    /// Gives what a person reads of a column.
    #[must_use]
    pub fn text(&self, column: u32) -> Option<String> {
        self.value(column).and_then(Value::text)
    }

    /// Gives a column's number, where it is none that is negative.
    #[must_use]
    pub fn number(&self, column: u32) -> Option<u64> {
        self.value(column).and_then(Value::number)
    }
}

/// Asks one device for its tables, and remembers how it stands.
#[derive(Debug)]
pub struct Walker<C> {
    client: C,
    /// Objects asked for in one request; 0 means: one at a time, by GETNEXT.
    bindings: u32,
    bytes_left: usize,
    seat: Seat,
    worst: State,
    /// Whether the device fell silent or became useless.
    lost: bool,
    /// What the first failure was, before it is known whether the device had answered.
    first_failure: State,
    /// Tables that the device does not hold.
    absent: BTreeSet<Oid>,
}

/// How far one column has come.
struct Column {
    number: u32,
    whole: Oid,
    last: Oid,
}

/// How a walk stood before it turned to one VLAN.
#[derive(Debug)]
pub struct Whole {
    bindings: u32,
    worst: State,
    first_failure: State,
    absent: BTreeSet<Oid>,
}

impl<C: Client> Walker<C> {
    /// Begins with a device, at its place among others.
    pub fn new(client: C, seat: Seat) -> Self {
        let bindings = if client.has_bulk() { BINDINGS } else { 0 };
        Self {
            client,
            bindings,
            bytes_left: MAX_BYTES,
            seat,
            worst: State::Complete,
            lost: false,
            first_failure: State::Complete,
            absent: BTreeSet::new(),
        }
    }

    /// Tells how asking went so far.
    #[must_use]
    pub const fn state(&self) -> State {
        self.worst
    }

    /// Tells what the first failure was: of a device that never answered, why.
    #[must_use]
    pub const fn first_failure(&self) -> State {
        self.first_failure
    }

    /// Tells whether the device fell silent or became useless: what follows is not asked any more.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Turns to the bridge of one VLAN ([`Client::turn_to`]); `None` where the device is not asked so, or not any
    /// more.
    pub fn turn_to(&mut self, vlan: u32) -> Option<Whole> {
        if self.is_lost() || !self.client.turn_to(Some(vlan)) {
            return None;
        }
        Some(Whole {
            bindings: self.bindings,
            worst: std::mem::replace(&mut self.worst, State::Complete),
            first_failure: std::mem::replace(&mut self.first_failure, State::Complete),
            absent: std::mem::take(&mut self.absent),
        })
    }

    /// Turns back to the device as a whole; tells whether the bridge answered. That it does not says nothing of
    /// the device.
    pub fn turn_back(&mut self, whole: Whole) -> bool {
        self.client.turn_to(None);
        let Whole { bindings, worst, first_failure, absent } = whole;
        let answered = !self.lost && self.worst < State::Refused;
        self.worst = if answered { worst.max(self.worst) } else { worst };
        (self.bindings, self.first_failure, self.absent, self.lost) =
            (bindings, first_failure, absent, false);
        answered
    }

    /// Reads single objects, a few a request. What is not there is not in the answer.
    pub async fn get(&mut self, oids: &[Oid]) -> BTreeMap<Oid, Value> {
        let mut found = BTreeMap::new();
        for some in oids.chunks(MAX_GET) {
            if self.is_lost() {
                break;
            }
            match self.client.get(some).await {
                Ok(bindings) => {
                    for (oid, value) in bindings {
                        if some.contains(&oid) && value != Value::Absent && self.takes(size(&value)) {
                            found.insert(oid, value);
                        }
                    }
                }
                Err(failure) => self.failed(&failure),
            }
        }
        found
    }

    /// Looks which tables the device holds, some a request, so that those it does not are not asked for one
    /// by one: most equipment holds half of what is read.
    ///
    /// A device that does not answer this is asked for every table.
    pub async fn look_for(&mut self, entries: &[Oid]) {
        for some in entries.chunks(MAX_GET) {
            if self.bindings == 0 || self.is_lost() {
                return;
            }
            let Ok(answer) = self.client.bulk(some, 1).await else { return };
            for (entry, (next, value)) in some.iter().zip(answer) {
                // What comes before the name is nonsense, and says nothing.
                if value == Value::End || (next.below(entry).is_none() && next > *entry) {
                    self.absent.insert(entry.clone());
                }
            }
        }
    }

    /// Reads up to `most` objects below a name.
    pub async fn column(&mut self, name: &Oid, most: usize) -> Vec<(Oid, Value)> {
        let mut open = vec![Column { number: 0, whole: name.clone(), last: name.clone() }];
        let mut table = Table::default();
        while !open.is_empty() && !self.is_lost() && table.rows.len() < most && self.has_room().await {
            let at = [open.first().map_or_else(|| name.clone(), |column| column.last.clone())];
            match self.step(&at).await {
                Ok(answer) => self.enter(&mut table, &mut open, answer),
                Err(failure) => self.yield_to(&failure),
            }
        }
        let row = |(index, row): (Vec<u32>, Row)| Some((name.child(&index), row.0.into_iter().next()?.1));
        table.rows.into_iter().filter_map(row).take(most).collect()
    }

    /// Reads columns of a table, given the identifier of its entry.
    pub async fn table(&mut self, entry: &Oid, columns: &[u32]) -> Table {
        if self.absent.contains(entry) {
            return Table::default();
        }
        let column = |&number: &u32| {
            let whole = entry.child(&[number]);
            Column { number, last: whole.clone(), whole }
        };
        let mut open: Vec<Column> = columns.iter().map(column).collect();
        let mut table = Table::default();
        while !open.is_empty() && !self.is_lost() {
            if !self.has_room().await {
                self.note(State::Truncated);
                break;
            }
            let at: Vec<Oid> = open.iter().map(|column| column.last.clone()).collect();
            match self.step(&at).await {
                Ok(answer) => self.enter(&mut table, &mut open, answer),
                Err(failure) => self.yield_to(&failure),
            }
        }
        table
    }

    /// Asks for what follows each of `at`.
    async fn step(&mut self, at: &[Oid]) -> Result<Vec<(Oid, Value)>, Failure> {
        if self.bindings > 0 {
            let some = at.get(..self.bindings as usize).unwrap_or(at);
            let repetitions = (self.bindings / some.len().max(1) as u32).max(1);
            let answer = self.client.bulk(some, repetitions).await?;
            if answer.is_empty() {
                return Err(Failure::Garbage { what: "an empty answer".to_owned() });
            }
            return Ok(answer);
        }
        let mut answer = Vec::with_capacity(at.len());
        for oid in at {
            answer.push(match self.client.next(oid).await {
                // What follows is not told, so it is not known what comes after it: this column ends here.
                Err(failure @ (Failure::Refused { .. } | Failure::TooBig)) => {
                    self.failed(&failure);
                    (oid.clone(), Value::End)
                }
                told => told?,
            });
        }
        Ok(answer)
    }

    /// Takes an answer into the table, and closes the columns that are at their end.
    fn enter(&mut self, table: &mut Table, open: &mut Vec<Column>, answer: Vec<(Oid, Value)>) {
        // What one request asked for, as `step` cuts it.
        let asked = if self.bindings > 0 { open.len().min(self.bindings as usize) } else { open.len() };
        let mut ended = vec![false; asked];
        for (at, (oid, value)) in answer.into_iter().enumerate() {
            let at = at % asked.max(1);
            let (Some(column), Some(end)) = (open.get_mut(at), ended.get_mut(at)) else { continue };
            if *end || value == Value::End {
                *end = true;
                continue;
            }
            if oid <= column.last {
                self.note(State::Loops);
                *end = true;
                continue;
            }
            let Some(index) = oid.below(&column.whole).map(<[u32]>::to_vec) else {
                *end = true;
                continue;
            };
            let is_new = !table.rows.contains_key(&index);
            let row = if is_new { ROW_BYTES + index.len() * ARC_BYTES } else { 0 };
            if (is_new && table.rows.len() >= MAX_ROWS) || !self.takes(row + size(&value)) {
                self.note(State::Truncated);
                *end = true;
                continue;
            }
            column.last = oid;
            table.rows.entry(index).or_default().0.push((column.number, value));
        }
        let mut at = 0;
        open.retain(|_| {
            at += 1;
            !ended.get(at - 1).copied().unwrap_or(false)
        });
    }

    /// After a failure, asks for less; a device that does not even tell one object is lost.
    fn yield_to(&mut self, failure: &Failure) {
        match failure {
            Failure::TooBig if self.bindings > 1 => self.bindings /= 2,
            // Some devices fall silent, or talk nonsense, where GETBULK asks for too much.
            Failure::TooBig | Failure::NoAnswer | Failure::Refused { .. } | Failure::Garbage { .. }
                if self.bindings > 0 =>
            {
                self.bindings = 0;
            }
            _ => self.failed(failure),
        }
    }

    fn failed(&mut self, failure: &Failure) {
        if self.first_failure == State::Complete {
            self.first_failure = State::from(failure);
        }
        let state = match State::from(failure) {
            State::NoAnswer | State::Closed => State::Interrupted,
            state => state,
        };
        self.lost |= state != State::Refused;
        self.note(state);
    }

    fn note(&mut self, state: State) {
        self.worst = self.worst.max(state);
    }

    /// Tells whether the device may say more; one that says much waits for its turn.
    async fn has_room(&mut self) -> bool {
        if self.bytes_left > 0 && self.bytes_left < MAX_BYTES - MODEST_BYTES && !self.seat.turn().await {
            self.bytes_left = 0;
        }
        self.bytes_left > 0
    }

    /// Tells whether there is room for so many octets, and takes it.
    fn takes(&mut self, bytes: usize) -> bool {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.unwrap_or(0);
        left.is_some()
    }
}

/// What a binding takes, roughly.
fn size(value: &Value) -> usize {
    let own = match value {
        Value::Octets(octets) => octets.len(),
        Value::Oid(oid) => oid.arcs().len() * ARC_BYTES,
        Value::Integer(_) | Value::Ip(_) | Value::Unsigned(_) | Value::Absent | Value::End => 0,
    };
    BINDING_BYTES + own
}

#[cfg(test)]
mod tests;
