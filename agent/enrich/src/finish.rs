//! From what was gathered to the analysis: locality, owners, devices, exits, connections, in this order,
//! for each is a fact to the next.

use foldhash::HashMap;
use sekisho_api::{Analysis, Capture};
use sekisho_decode::MacAddr;
use sekisho_rules::Rules;

use crate::behaviour::Watched;
use crate::burden::Burdens;
use crate::ends::Ends;
use crate::exported::Confirmed;
use crate::intern::Texts;
use crate::line::Feel;
use crate::locality::Locality;
use crate::names::Resolutions;
use crate::owner::Owners;
use crate::relation::{Relation, RelationKey, Relations};
use crate::station::Stations;
use crate::{Enrich, connection, device, exit, row};

/// Everything gathered, in order, with what it implies.
pub(crate) struct Known<'a, 'r> {
    pub(crate) texts: &'a Texts,
    pub(crate) stations: &'a Stations,
    pub(crate) resolutions: &'a Resolutions,
    pub(crate) burdens: &'a Burdens,
    pub(crate) locality: &'a Locality,
    pub(crate) owners: &'a Owners,
    pub(crate) relations: Vec<(&'r RelationKey, &'r Relation)>,
    pub(crate) confirmed: Confirmed,
    /// What the lines behind gateways feel like.
    pub(crate) feels: HashMap<MacAddr, Feel>,
    /// The time that was watched.
    pub(crate) watched: Watched,
}

/// The relationships, which are kept for the next time or given up here.
pub(crate) enum Held<'a> {
    Kept(&'a Relations),
    Given(Relations),
}

pub(crate) fn analysis(enrich: &Enrich, held: Held<'_>, mut capture: Capture, rules: &Rules) -> Analysis {
    let all = match &held {
        Held::Kept(relations) => *relations,
        Held::Given(relations) => relations,
    };
    let (refused, pasts_refused) = (all.refused, all.pasts.refused);
    let mut relations = in_order(all);
    let confirmed = Confirmed::settle(&mut relations);
    let ends = Ends::of(relations.iter().map(|(key, relation)| (*key, relation.conns)));
    let mut locality = Locality::decide(&enrich.internal, &enrich.stations, &ends);
    capture.assumed = std::mem::take(&mut locality.assumed);
    let owners = Owners::of(&enrich.stations, &locality, &ends);
    drop(ends);
    let watched = Watched::of(&capture, relations.iter().map(|(_, relation)| *relation));
    let known = Known {
        texts: &enrich.texts,
        stations: &enrich.stations,
        resolutions: &enrich.resolutions,
        burdens: &enrich.burdens,
        locality: &locality,
        owners: &owners,
        relations,
        confirmed,
        feels: enrich.ways.feels(|host| !locality.is_inside(host)),
        watched,
    };
    let profiles = device::profiles(&known, rules);
    let (external, left_out) = connection::external(&known);
    let exits = exit::exits(&known, &profiles, &external, rules);
    let groups = connection::groups(&known, &profiles, &exits, &external, rules);
    drop((known, external));
    // Rows take as much as what they are made from: where that is not needed again, it makes room.
    drop(held);
    let connections = row::rows(groups, &owners, &profiles, &exits);
    let counts = [
        ("unanswered-from-outside", left_out.knocks),
        ("conns-in-listed-tunnels", left_out.in_tunnels),
        ("conns-between-outside-ends", left_out.beside),
        ("texts-over-bound", enrich.texts.refused),
        ("dns-data-over-bound", enrich.burdens.refused),
        ("stations-over-bound", enrich.stations.refused),
        ("conns-over-bound", refused),
        ("pasts-over-bound", pasts_refused),
        ("pulses-over-bound", enrich.pulses_refused),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        capture.weird.insert(name.to_owned(), count);
    }
    Analysis { capture, exits: exit::rows(exits, &connections), connections, devices: device::rows(profiles) }
}

/// The relationships by their keys. The ends stand beside the references while they are sorted: a look into
/// the table costs more than a comparison.
fn in_order(relations: &Relations) -> Vec<(&RelationKey, &Relation)> {
    let beside = |(key, relation)| {
        let key: &RelationKey = key;
        (key.ends(), key, relation)
    };
    let mut relations: Vec<(_, &RelationKey, &Relation)> = relations.all.iter().map(beside).collect();
    relations.sort_unstable_by_key(|(ends, _, _)| *ends);
    for same in relations.chunk_by_mut(|(ends, _, _), (next, _, _)| ends == next) {
        same.sort_unstable_by_key(|(_, key, _)| *key);
    }
    relations.into_iter().map(|(_, key, relation)| (key, relation)).collect()
}
