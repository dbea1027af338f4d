//! What devices said, held until all of it is shown: in the order in which they were named, within a bound.

use sekisho_snmp::facts::Facts;
use sekisho_snmp::{Seat, State};

use super::device::Outcome;

/// Octets held of all devices together: a thousand switches of fifty ports come to 20 MiB.
const MAX_BYTES: usize = 32 << 20;
/// Tunnels and lines of a device that are held where there is no room for more.
const FEW: usize = 8;

/// What devices said.
pub(crate) struct Gathered {
    outcomes: Vec<Outcome>,
    /// Whether what a device said is held whole.
    whole: Vec<bool>,
    bytes_left: usize,
}

impl Gathered {
    /// Makes a place for each device. One that leaves none, since what it sent brought its task down, sent garbage.
    pub(crate) fn of(targets: impl Iterator<Item = String>) -> Self {
        let outcomes: Vec<Outcome> = targets.map(|target| Outcome::nothing(target, State::Garbage)).collect();
        Self { whole: vec![false; outcomes.len()], outcomes, bytes_left: MAX_BYTES }
    }

    /// Takes what a device said. Of one that finds no room, who it is stays.
    pub(crate) fn take(&mut self, at: usize, mut outcome: Outcome) {
        // From here on it is counted here: others may have its turn.
        outcome.seat = Seat::default();
        let left = self.bytes_left.checked_sub(outcome.bytes());
        if let Some(left) = left {
            self.bytes_left = left;
        } else {
            let system = std::mem::take(&mut outcome.facts).system;
            outcome.facts = Facts { system, ..Facts::default() };
            outcome.identity.tunnels.truncate(FEW);
            outcome.identity.lines.truncate(FEW);
            outcome.state = outcome.state.max(State::Truncated);
        }
        if let (Some(place), Some(whole)) = (self.outcomes.get_mut(at), self.whole.get_mut(at)) {
            *whole = left.is_some() && outcome.answers();
            *place = outcome;
        }
    }

    /// Gives every device.
    pub(crate) fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Gives those that answered, and of which everything is held.
    pub(crate) fn whole(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().zip(&self.whole).filter(|(_, whole)| **whole).map(|(outcome, _)| outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use sekisho_snmp::facts::{Neighbour, System};

    use super::*;

    #[test]
    fn of_a_device_that_finds_no_room_who_it_is_stays() {
        let neighbour = Neighbour { if_index: 1, address: Ipv4Addr::new(192, 0, 2, 1).into(), mac: [2; 6] };
        let outcome = |neighbours: usize| {
            let system = System { descr: Some("a switch".to_owned()), ..System::default() };
            let neighbours = vec![neighbour.clone(); neighbours];
            let facts = Facts { system, neighbours, ..Facts::default() };
            Outcome { facts, ..Outcome::nothing("192.0.2.1:161".to_owned(), State::Complete) }
        };
        let most = MAX_BYTES / size_of::<Neighbour>();
        let mut gathered = Gathered::of(["a", "b", "c"].map(str::to_owned).into_iter());
        gathered.take(0, outcome(most / 2));
        gathered.take(1, outcome(most));
        let held: Vec<_> =
            gathered.outcomes().iter().map(|own| (own.state, own.facts.neighbours.len())).collect();
        assert_eq!(held, [(State::Complete, most / 2), (State::Truncated, 0), (State::Garbage, 0)]);
        assert!(gathered.outcomes()[1].answers());
        assert_eq!(gathered.whole().count(), 1, "a map is not drawn of what is missing");
    }
}
