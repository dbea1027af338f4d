//! Exits, with the outside parties that they lead to.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_api::{Analysis, Connection, Topology};
use serde::Serialize;

use super::plan::is_surveyed;
use crate::clean::clean;
use crate::table::declared;
use crate::text::{Lang, fill, label, text};

/// Parties named at one exit: what is beyond is counted, and stands in the list.
const MAX_PARTIES: usize = 9;
/// Exits drawn: a hospital has up to a dozen, and more is no picture.
const MAX_EXITS: usize = 40;
/// Characters of a name.
const MAX_CHARS: usize = 60;

/// An exit as it is drawn.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ExitCard {
    /// Its number on this map, from 1; 0 where the exit of connections is not known.
    pub(crate) number: usize,
    /// Its hardware address, or the node and interface that are a line.
    pub(crate) key: String,
    /// Its name, or maker and address.
    pub(crate) name: String,
    /// Further words: address, maker.
    pub(crate) details: Vec<String>,
    /// The kind of line behind it, in the reader's language.
    pub(crate) line: Option<String>,
    /// Whether the hospital declared it, in the reader's language; none where nobody said it is an exit.
    pub(crate) declared: Option<String>,
    pub(crate) is_declared: bool,
    /// The switch and port where it is plugged in.
    pub(crate) at: Option<String>,
    pub(crate) parties: Vec<Party>,
    /// Parties beyond those named.
    pub(crate) beyond: usize,
    /// Connections of the general Internet and of no category.
    pub(crate) others: usize,
}

/// An outside party with one service.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Party {
    pub(crate) name: String,
    /// Category and service, in the reader's language.
    pub(crate) what: String,
    /// Its devices inside, in short.
    pub(crate) inside: String,
    pub(crate) tunnel: bool,
    pub(crate) registered: bool,
    /// The ledger's numbers of its connections.
    pub(crate) numbers: Vec<i64>,
}

/// Gives the exits, those with tunnels first.
pub(crate) fn exits(analysis: &Analysis, topology: &Topology, lang: Lang) -> Vec<ExitCard> {
    let mut by_exit: BTreeMap<&str, Vec<&Connection>> = BTreeMap::new();
    for row in analysis.connections.iter().filter(|row| row.status != "missing") {
        by_exit.entry(row.exit.as_ref().map_or("", |exit| exit.mac.as_str())).or_default().push(row);
    }
    let mut cards = Vec::new();
    for exit in &analysis.exits {
        let rows = by_exit.remove(exit.mac.as_str()).unwrap_or_default();
        let name = exit.name.as_ref().or(exit.vendor.as_ref()).unwrap_or(&exit.mac);
        let vendor = exit.vendor.as_deref().filter(|_| exit.name.is_some());
        let known = [exit.ip.as_deref(), vendor, Some(exit.mac.as_str())].into_iter().flatten();
        let mut card = ExitCard {
            key: exit.mac.clone(),
            name: clean(name, MAX_CHARS).into_owned(),
            details: known.map(|text| clean(text, MAX_CHARS).into_owned()).collect(),
            line: exit.line.as_deref().map(|line| label(lang, "line", line).into_owned()),
            declared: Some(text(lang, declared_as(declared(exit))).to_owned()),
            is_declared: exit.registered,
            at: plugged_into(&exit.mac, topology),
            ..ExitCard::default()
        };
        with_parties(&mut card, &rows, lang);
        cards.push(card);
    }
    let unknown: Vec<&Connection> = by_exit.into_values().flatten().filter(|row| is_surveyed(row)).collect();
    if !unknown.is_empty() {
        let mut card =
            ExitCard { name: text(lang, "map.no-exit").to_owned(), is_declared: true, ..ExitCard::default() };
        with_parties(&mut card, &unknown, lang);
        cards.push(card);
    }
    cards.extend(lines(analysis, topology, lang));
    let weight = |card: &ExitCard| {
        let tunnels = card.parties.iter().filter(|party| party.tunnel).count();
        (card.number != 0 || card.key.is_empty(), card.is_declared, usize::MAX - tunnels, card.key.clone())
    };
    cards.sort_by_key(weight);
    cards.truncate(MAX_EXITS);
    for (number, card) in (1..).zip(&mut cards) {
        if !card.key.is_empty() {
            card.number = number;
        }
    }
    cards
}

fn declared_as(word: &str) -> &'static str {
    match word {
        "word.yes" => "map.declared",
        "word.to-confirm" => "map.to-confirm",
        _ => "map.undeclared",
    }
}

/// The switch and port behind which a hardware address is.
fn plugged_into(mac: &str, topology: &Topology) -> Option<String> {
    let mac = mac.parse().ok()?;
    let called = |key: &str| {
        let node = topology.nodes.iter().find(|node| node.key == key);
        node.and_then(|node| node.name.clone()).unwrap_or_else(|| key.to_owned())
    };
    let at = |key: &str, port: Option<&String>| [called(key), port.cloned().unwrap_or_default()].join(" ");
    let place = topology.attachments.iter().find(|attachment| attachment.mac == mac);
    let place = place.map(|place| at(&place.switch, place.port.as_ref()));
    let by_link = || {
        let node = topology.nodes.iter().find(|node| node.macs.contains(&mac))?;
        let link = topology.links.iter().find(|link| link.a.node == node.key || link.b.node == node.key)?;
        let other = if link.a.node == node.key { &link.b } else { &link.a };
        Some(at(&other.node, other.port.as_ref()))
    };
    place.or_else(by_link).map(|place| clean(place.trim(), MAX_CHARS).into_owned())
}

/// Lines that equipment says it has, and that no packet left by.
fn lines(analysis: &Analysis, topology: &Topology, lang: Lang) -> Vec<ExitCard> {
    let known: BTreeSet<&str> = analysis.exits.iter().map(|exit| exit.mac.as_str()).collect();
    let mut cards = Vec::new();
    for way in topology.ways_out.iter().filter(|way| way.line.is_some()) {
        let Some(node) = topology.nodes.iter().find(|node| node.key == way.node) else { continue };
        // A tunnel's interface is no line, and an exit that carried packets has its card.
        let is_line = way.line.as_deref() != Some("tunnel");
        if !is_line || node.macs.iter().any(|mac| known.contains(mac.to_string().as_str())) {
            continue;
        }
        let name = node.name.clone().unwrap_or_else(|| node.key.clone());
        let port = way.port.clone().unwrap_or_default();
        cards.push(ExitCard {
            key: format!("{}/{port}", node.key),
            name: clean(&name, MAX_CHARS).into_owned(),
            details: vec![
                clean(&fill(lang, "map.interface", &[("port", &port)]), MAX_CHARS).into_owned(),
                text(lang, "map.by-equipment").to_owned(),
            ],
            line: way.line.as_deref().map(|line| label(lang, "line", line).into_owned()),
            ..ExitCard::default()
        });
    }
    cards
}

fn with_parties(card: &mut ExitCard, rows: &[&Connection], lang: Lang) {
    let mut by_party: BTreeMap<(bool, bool, String, String), Vec<&Connection>> = BTreeMap::new();
    for row in rows {
        if !is_surveyed(row) {
            card.others += 1;
            continue;
        }
        let category = label(lang, "category-short", row.category.as_deref().unwrap_or("none"));
        let star = if row.tunnel { "*" } else { "" };
        // The method that the label adds in brackets is what the star says.
        let service = label(lang, "service", &row.service);
        let service = service.split(['（', '(']).next().unwrap_or(&service).trim();
        let what = format!("{category} {star}{service}");
        let outside = &row.outside;
        let name = outside.org.as_ref().or(outside.name.as_ref()).unwrap_or(&outside.ip);
        let key = (!row.tunnel, row.status == "registered", what, clean(name, MAX_CHARS).into_owned());
        by_party.entry(key).or_default().push(row);
    }
    card.beyond = by_party.len().saturating_sub(MAX_PARTIES);
    for ((no_tunnel, registered, what, name), rows) in by_party.into_iter().take(MAX_PARTIES) {
        card.parties.push(Party {
            name,
            what,
            inside: inside(&rows, lang),
            tunnel: !no_tunnel,
            registered,
            numbers: rows.iter().filter_map(|row| row.number).collect(),
        });
    }
}

/// The devices of a party in short: what the first is, and how many more there are.
fn inside(rows: &[&Connection], lang: Lang) -> String {
    let ends: BTreeSet<(Option<&str>, &str)> =
        rows.iter().map(|row| (row.inside.role.as_deref(), row.inside.ip.as_str())).collect();
    let Some((role, ip)) = ends.first() else { return String::new() };
    let role = role.map_or_else(String::new, |role| format!("{} ", label(lang, "role", role)));
    let first = clean(&format!("{role}{ip}"), MAX_CHARS).into_owned();
    match ends.len() {
        1 => first,
        more => fill(lang, "map.and-more", &[("first", &first), ("more", &(more - 1))]),
    }
}
