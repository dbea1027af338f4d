//! Which known row a connection of a new capture is: same device and service, then party and exit.
//!
//! The other end is the same party when the names agree, or when one of the two has no name (the look-up
//! was before the capture) and they share an address. A row continues over another exit only when no
//! connection of the capture has the exit it had: a relationship over two exits at once is two rows.
//! Best pairs first; a row is given to one connection of a capture at most.

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
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut by_ip: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, row) in known.iter().enumerate() {
        if let Some(name) = name(row) {
            by_name.entry(name).or_default().push(place);
        }
        for ip in addresses(row) {
            by_ip.entry(ip).or_default().push(place);
        }
    }
    let mut candidates = Vec::new();
    for (place, connection) in wanted.iter().enumerate() {
        let same_name = name(connection).and_then(|name| by_name.get(&name));
        let same_ip = addresses(connection).into_iter().filter_map(|ip| by_ip.get(ip));
        let rows: BTreeSet<usize> = same_name.into_iter().chain(same_ip).flatten().copied().collect();
        for row in rows {
            let Some(fit) = known.get(row).and_then(|known| fit(known, connection)) else { continue };
            candidates.push((fit, row, place));
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

/// Tells whether two connections of one device and service are one: the same party, over no other exit.
pub(crate) fn is_same(one: &Connection, other: &Connection) -> bool {
    let shares = || !addresses(one).is_disjoint(&addresses(other));
    match fit(one, other) {
        Some(Fit { exit: Exit::Other, .. }) | None => false,
        Some(Fit { party: Party::Name, .. }) => true,
        Some(_) => shares(),
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
