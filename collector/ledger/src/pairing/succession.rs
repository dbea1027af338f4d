//! Which row of a life that is over a connection of the new one is, so that the row is not needed any more.
//!
//! Stricter than how one ledger goes on: there a row keeps what the capture does not tell, here it would be gone.
//! So a connection takes the place only of one of which it tells all: who without a name comes after who has one,
//! or over an exit that is not known after a known one, leaves it.

use std::collections::BTreeSet;

use sekisho_api::Connection;

use super::{Exit, Party, addresses, assign, exit, fit, name};

/// Gives for each wanted connection the place in `known` of the row that it is, of those that it may be. As in
/// [`super::pair`] the best come first, ties as `known` is ordered, and a row is given once.
pub(crate) fn succeed(
    known: &[&Connection],
    wanted: &[&Connection],
    may: impl Fn(usize, usize) -> bool,
) -> Vec<Option<usize>> {
    assign(known, wanted, |row, place| {
        let both = known.get(row).zip(wanted.get(place));
        both.is_some_and(|(known, connection)| holds(connection, known)) && may(row, place)
    })
}

/// Tells whether a connection is an earlier one of its device and service, and tells its name and exit.
pub(crate) fn holds(connection: &Connection, earlier: &Connection) -> bool {
    let Some(fit) = fit(earlier, connection) else { return false };
    let tells_the_exit = match fit.exit {
        Exit::Same => true,
        Exit::Open => exit(earlier).is_none(),
        Exit::Other => false,
    };
    let shares = || !addresses(earlier).is_disjoint(&addresses(connection));
    let is_the_party = match fit.party {
        Party::Name => true,
        Party::Address => shares(),
        Party::OneNamed => name(earlier).is_none() && shares(),
    };
    tells_the_exit && is_the_party
}

/// Tells whether two connections of one device and service are told by the same: what the one holds, the other does.
pub(crate) fn are_told_alike(one: &Connection, other: &Connection) -> bool {
    name(one) == name(other) && exit(one) == exit(other) && addresses(one) == addresses(other)
}

/// What some connections are told by: a row without any of it is none of theirs, and need not be kept to be paired.
#[derive(Debug, Default)]
pub(crate) struct Sought {
    names: BTreeSet<String>,
    addresses: BTreeSet<String>,
}

impl Sought {
    /// Notes what one of the connections is told by.
    pub(crate) fn add(&mut self, connection: &Connection) {
        self.names.extend(name(connection));
        self.addresses.extend(addresses(connection).into_iter().map(str::to_owned));
    }

    /// Tells whether a row may be one of the connections.
    pub(crate) fn has(&self, row: &Connection) -> bool {
        match name(row) {
            Some(name) => self.names.contains(&name),
            None => addresses(row).into_iter().any(|ip| self.addresses.contains(ip)),
        }
    }
}
