//! Rows of ARP, forwarding and route tables: every maker's have the same words in another order.

use std::net::IpAddr;

use crate::reading::{Reading, ip, mac, network};
use crate::session::Section;

/// Words of rows that are the device's own addresses, or nobody's.
const NOT_LEARNT: &[&str] = &["static", "self", "cpu", "system", "igmp", "mgmt", "discard", "drop"];
/// Words that look like a port's name and are none.
const NO_PORTS: &[&str] = &["arpa", "eth", "ether", "vlan", "dynamic", "static", "forward", "age"];

/// Reads the tables that a command's output holds.
pub(crate) fn read(reading: &mut Reading, section: &Section) {
    for line in &section.lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        if words.iter().any(|word| mac(word).is_some()) {
            row(reading, &words);
        }
    }
    if section.is(&["route"]) || section.is(&["routing-table"]) {
        routes(reading, section);
    }
}

/// A row with one hardware address: of ARP where it has an address, else of a forwarding table.
fn row(reading: &mut Reading, words: &[&str]) {
    let macs: Vec<_> = words.iter().filter_map(|word| mac(word)).collect();
    let ips: Vec<IpAddr> = words.iter().filter_map(|word| ip(word)).collect();
    let port = words.iter().rev().copied().find(|word| is_port(word));
    match (macs.as_slice(), ips.as_slice(), port) {
        ([mac], [ip], Some(port)) => reading.neighbour(port_alone(port), *ip, *mac),
        ([mac], [], Some(port)) => {
            let is = |word: &&str| NOT_LEARNT.contains(&word.to_lowercase().trim_matches(['(', ')']));
            if !words.iter().any(is) {
                reading.learnt(port, vlan(words, port), *mac);
            }
        }
        _ => {}
    }
}

/// The VLAN of a row: its first whole number that can be one, else that of a word such as `VLAN10`.
fn vlan(words: &[&str], port: &str) -> Option<u32> {
    let number = |word: &&str| word.parse().ok().filter(|vlan| (1..4095).contains(vlan));
    let named = |word: &&str| {
        let rest = word.to_lowercase();
        rest.strip_prefix("vlan").and_then(|rest| rest.parse().ok()).filter(|vlan| (1..4095).contains(vlan))
    };
    let others = || words.iter().filter(|word| **word != port);
    others().find_map(|word| number(word).or_else(|| named(word)))
}

/// Tells whether a word names a port: letters and a number, or numbers with a stroke.
fn is_port(word: &str) -> bool {
    if mac(word).is_some() || ip(word).is_some() || word.chars().count() > 40 {
        return false;
    }
    let small = word.to_lowercase();
    let letters = small.chars().take_while(|c| c.is_alphabetic() || *c == '-').count();
    let rest: String = small.chars().skip(letters).collect();
    if letters == 0 {
        // `0/1`, `1/0/24`; a date or a share is none.
        return rest.contains('/') && rest.chars().all(|c| c.is_ascii_digit() || c == '/') && rest.len() < 9;
    }
    let named = small.starts_with("port")
        || small.starts_with("internal")
        || small.starts_with("wan")
        || small.starts_with("dmz");
    let numbered = rest.starts_with(|c: char| c.is_ascii_digit() || c == '[');
    !NO_PORTS.contains(&small.as_str())
        && (numbered && !is_time(&small) || named && letters == small.chars().count())
}

/// `20min`, `h5`: times and flags.
fn is_time(word: &str) -> bool {
    let unit =
        |unit: &str| word.strip_suffix(unit).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    ["min", "sec", "s", "m", "h", "d"].iter().any(|own| unit(own))
}

/// `LAN1(port1)` of an ARP table is at the interface.
fn port_alone(port: &str) -> &str {
    port.split('(').next().filter(|port| !port.is_empty()).unwrap_or(port)
}

/// Rows of a route table: a destination with its prefix, or `default`, and a next hop.
fn routes(reading: &mut Reading, section: &Section) {
    for line in &section.lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "default" || is_network(word));
        let Some((at, destination)) = at.and_then(|at| Some((at, words.get(at)?))) else { continue };
        let (destination, prefix) = match network(destination, None) {
            Some((destination, Some(prefix))) => (destination, prefix),
            Some((_, None)) => continue,
            None => (IpAddr::from([0, 0, 0, 0]), 0),
        };
        let rest = words.get(at + 1..).unwrap_or_default();
        let hop = rest.iter().find_map(|word| ip(word)).filter(|hop| !hop.is_unspecified());
        let is_connected = |word: &&str| ["implicit", "connected,", "connected"].contains(word);
        let hop = hop.filter(|_| !rest.iter().any(is_connected));
        let port = rest.iter().rev().copied().find(|word| is_port(word) && !is_network(word));
        reading.route(destination, prefix, hop, port);
    }
}

fn is_network(word: &str) -> bool {
    matches!(network(word, None), Some((_, Some(_))))
}
