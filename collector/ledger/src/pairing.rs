//! Which known row a connection of a new capture is: same device and service, then party and exit.
//!
//! The other end is the same party when the names agree, or when one of the two has no name (the look-up
//! was before the capture) and they share an address. A row continues over another exit only when no
//! connection of the capture has the exit it had: a relationship over two exits at once is two rows.
//! Best pairs first; a row is given to one connection of a capture at most.

pub(crate) mod succession;

use std::collections::{BTreeMap, BTreeSet};

use sekisho_api::Connection;

/// How well a row fits, the best being the largest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Fit {
    party: Party,
    exit: Exit,
    same_inside_ip: bool,
}

/// How the other ends agree.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Party {
    /// A common address, and one of the two has a name.
    OneNamed,
    /// A common address, and no name.
    Address,
    /// The same name.
    Name,
}

/// How the exits agree.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Exit {
    Other,
    /// One of the two is not known.
    Open,
    Same,
}

/// Gives for each wanted connection the place in `known` of the row that it continues.
///
/// `known` comes in the order that breaks ties: the row seen last first.
pub(crate) fn pair(known: &[&Connection], wanted: &[&Connection]) -> Vec<Option<usize>> {
    assign(known, wanted, |_, _| true)
}

/// Gives for each wanted connection the place in `known` of its row, of those that `may` allows.
fn assign(
    known: &[&Connection],
    wanted: &[&Connection],
    may: impl Fn(usize, usize) -> bool,
) -> Vec<Option<usize>> {
    let index = Index::of(known);
    let mut candidates = Vec::new();
    for (place, connection) in wanted.iter().enumerate() {
        for row in index.candidates(connection) {
            let Some(fit) = known.get(row).and_then(|known| fit(known, connection)) else { continue };
            if may(row, place) {
                candidates.push((fit, row, place));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut taken = BTreeSet::new();
    let mut pairs = vec![None; wanted.len()];
    for (_, row, place) in candidates {
        let Some(pair) = pairs.get_mut(place) else { continue };
        if pair.is_none() && taken.insert(row) {
            *pair = Some(row);
        }
    }
    pairs
}

/// Known rows by what they are told by.
#[derive(Default)]
struct Index<'c> {
    by_name: BTreeMap<String, Vec<usize>>,
    /// Apart, for no two with names are told by their addresses: thousands may share one of a CDN.
    named_by_ip: BTreeMap<&'c str, Vec<usize>>,
    nameless_by_ip: BTreeMap<&'c str, Vec<usize>>,
}

impl<'c> Index<'c> {
    fn of(known: &[&'c Connection]) -> Self {
        let mut index = Self::default();
        for (place, row) in known.iter().enumerate() {
            let by_ip = match name(row) {
                Some(name) => {
                    index.by_name.entry(name).or_default().push(place);
                    &mut index.named_by_ip
                }
                None => &mut index.nameless_by_ip,
            };
            for ip in addresses(row) {
                by_ip.entry(ip).or_default().push(place);
            }
        }
        index
    }

    /// The places of the rows that a connection may be.
    fn candidates(&self, connection: &Connection) -> BTreeSet<usize> {
        let ips = || addresses(connection).into_iter();
        let nameless = ips().filter_map(|ip| self.nameless_by_ip.get(ip));
        let rows: Vec<&Vec<usize>> = match name(connection) {
            Some(name) => nameless.chain(self.by_name.get(&name)).collect(),
            None => nameless.chain(ips().filter_map(|ip| self.named_by_ip.get(ip))).collect(),
        };
        rows.into_iter().flatten().copied().collect()
    }
}

fn fit(known: &Connection, connection: &Connection) -> Option<Fit> {
    let party = match (name(known), name(connection)) {
        (Some(one), Some(other)) if one == other => Party::Name,
        (Some(_), Some(_)) => return None,
        (None, None) => Party::Address,
        _ => Party::OneNamed,
    };
    let exit = match (exit(known), exit(connection)) {
        (Some(one), Some(other)) if one != other => Exit::Other,
        (Some(_), Some(_)) | (None, None) => Exit::Same,
        _ => Exit::Open,
    };
    Some(Fit { party, exit, same_inside_ip: known.inside.ip == connection.inside.ip })
}

/// Gives the other end's name as it is compared: DNS names know no case (RFC 4343 §2), and may end in a dot.
fn name(connection: &Connection) -> Option<String> {
    let name = connection.outside.name.as_deref()?.trim_end_matches('.').to_lowercase();
    (!name.is_empty()).then_some(name)
}

fn exit(connection: &Connection) -> Option<&str> {
    connection.exit.as_ref().map(|exit| exit.mac.as_str()).filter(|mac| !mac.is_empty())
}

fn addresses(connection: &Connection) -> BTreeSet<&str> {
    let ips = connection.outside.ips.iter().map(String::as_str);
    ips.chain([connection.outside.ip.as_str()]).filter(|ip| !ip.is_empty()).collect()
}

#[cfg(test)]
mod tests;
