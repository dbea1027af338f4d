//! What equipment reported, joined to what the wire showed: its make and firmware to its row, its tunnels to
//! the connections they are, its lines to exits. What no wire showed stands alone, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sekisho_api::{Analysis, Connection, Device, Endpoint, Exit, ExitRow, Initiator, Inside, Outside};

use super::candidates::is_medical;
use super::reported::{Reported, of_line, of_tunnel};
use super::tunnels::Tunnel;

/// The status of what nobody declared; the ledger holds it against what was.
const UNREGISTERED: &str = "unregistered";
/// The proof of an exit that the box itself gave.
const PROOF: &str = "snmp";
/// Lines of one box that are told one by one: a primary rate interface has thirty channels.
const MAX_LINES: usize = 32;

/// A device's key in the ledger, where it is there by its address.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) mac: Option<String>,
    pub(crate) vlan: Option<u16>,
}

/// Joins reports to an analysis. What is `news` gets rows of its own where the wire showed nothing of it in
/// this time; of the others, rows that are there are filled in.
pub(crate) fn join<'r>(
    analysis: &mut Analysis,
    reports: impl IntoIterator<Item = (&'r Reported, &'r Place, bool)>,
) {
    for (report, place, news) in reports {
        let rows = own_rows(analysis, report);
        for at in &rows {
            if let Some(device) = analysis.devices.get_mut(*at) {
                fill_in(device, report);
            }
        }
        if !news {
            continue;
        }
        if rows.is_empty() {
            let mut device = Device {
                ips: vec![report.address.ip().to_string()],
                mac: place.mac.clone().or_else(|| report.mac.clone()),
                vlan: place.vlan,
                first_seen: Some(report.at),
                last_seen: Some(report.at),
                ..Device::default()
            };
            fill_in(&mut device, report);
            analysis.devices.push(device);
        }
        tunnels(analysis, report, place);
        lines(analysis, report, place);
    }
}

/// The rows of the device: those with the address at which it was asked or with the hardware address of that
/// interface, and those of its other interfaces that are up. An address that another hardware address holds
/// is another box's: of a pair that stand in for each other, both say that they have it.
fn own_rows(analysis: &Analysis, report: &Reported) -> Vec<usize> {
    let asked = report.address.ip();
    let holds = |device: &Device| {
        let mut ips = device.ips.iter().filter_map(|ip| ip.parse::<IpAddr>().ok());
        match device.mac.as_ref().map(|mac| mac.to_lowercase()) {
            Some(mac) => {
                Some(&mac) == report.mac.as_ref() || report.macs.contains(&mac) || ips.any(|ip| ip == asked)
            }
            None => ips.any(|ip| report.seen_at.contains(&ip)),
        }
    };
    analysis.devices.iter().enumerate().filter(|(_, device)| holds(device)).map(|(at, _)| at).collect()
}

/// What a box says of itself goes before what others made out; that a device is medical, and whose, stays: it
/// is known by what it does, and its SNMP is that of the board or the computer inside it.
fn fill_in(device: &mut Device, report: &Reported) {
    let is_medical = is_medical(device);
    for (field, told) in [(&mut device.vendor, &report.vendor), (&mut device.role, &report.role)] {
        if told.is_some() && !(is_medical && field.is_some()) {
            field.clone_from(told);
        }
    }
    for (field, told) in [
        (&mut device.model, &report.model),
        (&mut device.firmware, &report.firmware),
        (&mut device.serial, &report.serial),
    ] {
        if told.is_some() {
            field.clone_from(told);
        }
    }
    if let Some(name) = &report.name
        && !device.names.contains(name)
    {
        device.names.push(name.clone());
        device.names.sort();
    }
    // A box that was asked at two addresses says everything twice.
    for evidence in &report.evidence {
        if device.evidence.iter().all(|known| known.rule != evidence.rule) {
            device.evidence.push(evidence.clone());
        }
    }
}

/// Joins tunnels to connections; what the wire did not show becomes a connection of its own.
fn tunnels(analysis: &mut Analysis, report: &Reported, place: &Place) {
    let ips = analysis.devices.iter().flat_map(|row| &row.ips);
    let listed: BTreeSet<IpAddr> = ips.filter_map(|ip| ip.parse().ok()).collect();
    // Phase-2 tunnels to the same peer are one relationship.
    let mut by_party: BTreeMap<(&str, Option<IpAddr>, Option<&str>, bool), &Tunnel> = BTreeMap::new();
    for tunnel in &report.tunnels {
        let peer = tunnel.peer;
        let is_inside = |peer: IpAddr| report.ips.contains(&peer) || listed.contains(&peer);
        // The other end inside: a tunnel within the hospital.
        if !peer.is_some_and(is_inside) {
            let name = if peer.is_some() { None } else { Some(nameless(tunnel)) };
            by_party.entry((&tunnel.service, peer, name, tunnel.from_outside)).or_insert(tunnel);
        }
    }
    for ((service, peer, name, from_outside), tunnel) in by_party {
        let outside = party(peer, name);
        let is_it = |row: &&mut Connection| {
            is_party(row, &outside)
                && (row.service == service || of_a_family(&row.service, service))
                && is_of_box(row, report, place)
        };
        let mut seen = false;
        for row in analysis.connections.iter_mut().filter(is_it) {
            row.evidence.push(of_tunnel(tunnel));
            row.tunnel = true;
            seen = true;
        }
        if !seen {
            let initiator = if from_outside { Initiator::Outside } else { Initiator::Inside };
            analysis.connections.push(alone(report, place, service, outside, initiator, tunnel));
        }
    }
}

/// What stands for the other end where the box does not tell its address: the tunnel's name, or else the table.
fn nameless(tunnel: &Tunnel) -> &str {
    tunnel.name.as_deref().unwrap_or(&tunnel.oid)
}

fn party(peer: Option<IpAddr>, name: Option<&str>) -> Outside {
    let ip = peer.map(|peer| peer.to_string());
    Outside {
        ips: ip.iter().cloned().collect(),
        ip: ip.unwrap_or_default(),
        name: name.map(str::to_owned),
        ..Outside::default()
    }
}

fn is_party(row: &Connection, outside: &Outside) -> bool {
    if outside.ip.is_empty() {
        return row.outside.ip.is_empty() && row.outside.name == outside.name;
    }
    row.outside.ips.iter().chain([&row.outside.ip]).any(|ip| *ip == outside.ip)
}

/// Tells whether a connection is the box's own, or leaves by it: another box may have the same peer.
fn is_of_box(row: &Connection, report: &Reported, place: &Place) -> bool {
    let is_own_mac = |mac: &String| {
        let mac = mac.to_lowercase();
        report.macs.contains(&mac) || [&place.mac, &report.mac].into_iter().flatten().any(|own| *own == mac)
    };
    let is_own_ip = |ip: &String| ip.parse().is_ok_and(|ip| report.seen_at.contains(&ip));
    is_own_ip(&row.inside.ip)
        || row.inside.mac.as_ref().is_some_and(is_own_mac)
        || row
            .exit
            .as_ref()
            .is_some_and(|exit| is_own_mac(&exit.mac) || exit.ip.as_ref().is_some_and(is_own_ip))
}

/// Tells whether the wire's name for a tunnel may be another layer's of the same one.
fn of_a_family(seen: &str, told: &str) -> bool {
    let family = |service: &str| match service {
        "ipsec" | "l2tp" => Some(1),
        "ssl-vpn" | "fortinet-sslvpn" | "anyconnect" | "globalprotect" | "pulse" => Some(2),
        "gre" | "pptp" => Some(3),
        _ => None,
    };
    family(seen).is_some() && family(seen) == family(told)
}

/// A connection that only the box tells of: no session, no octet was seen.
fn alone(
    report: &Reported,
    place: &Place,
    service: &str,
    outside: Outside,
    initiator: Initiator,
    tunnel: &Tunnel,
) -> Connection {
    let (transport, port) = usual(service);
    Connection {
        number: None,
        service: service.to_owned(),
        transport: transport.to_owned(),
        port,
        endpoints: vec![Endpoint { transport: transport.to_owned(), port }],
        initiator,
        inside: Inside {
            ip: report.address.ip().to_string(),
            mac: place.mac.clone().or_else(|| report.mac.clone()),
            vlan: place.vlan,
            name: report.name.clone(),
            role: report.role.clone(),
            vendor: report.vendor.clone(),
        },
        outside,
        exit: Some(gateway(report, place)),
        tunnel: true,
        category: None,
        status: UNREGISTERED.to_owned(),
        first_seen: report.at,
        last_seen: report.at,
        sessions: 0,
        bytes_out: 0,
        bytes_in: 0,
        hours: BTreeMap::new(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: vec![of_tunnel(tunnel)],
    }
}

/// The box is the way out of what it terminates itself.
fn gateway(report: &Reported, place: &Place) -> Exit {
    Exit {
        mac: exit_key(report, place),
        ip: Some(report.address.ip().to_string()),
        name: report.name.clone(),
        vendor: report.vendor.clone(),
        line: report.lines.first().map(|line| line.kind.clone()),
    }
}

/// What the box is as an exit: its hardware address, or its address where it tells none, as over PPP.
fn exit_key(report: &Reported, place: &Place) -> String {
    let mac = place.mac.clone().or_else(|| report.mac.clone()).or_else(|| report.macs.first().cloned());
    mac.unwrap_or_else(|| report.address.ip().to_string())
}

/// Transport and port that a service has by its standard.
fn usual(service: &str) -> (&'static str, u16) {
    match service {
        "ipsec" => ("udp", 500),
        "l2tp" => ("udp", 1701),
        "gre" => ("gre", 0),
        "ipip" => ("ipip", 0),
        "pptp" => ("tcp", 1723),
        _ => ("tcp", 443),
    }
}

/// Makes an exit of a box with lines that are up, or tells the line of the exit that it is.
fn lines(analysis: &mut Analysis, report: &Reported, place: &Place) {
    let Some(first) = report.lines.first() else { return };
    let evidence = || report.lines.iter().take(MAX_LINES).map(of_line);
    let key = exit_key(report, place);
    let is_it = |exit: &&mut ExitRow| report.macs.contains(&exit.mac.to_lowercase()) || exit.mac == key;
    if let Some(exit) = analysis.exits.iter_mut().find(is_it) {
        exit.line = Some(first.kind.clone());
        exit.evidence.extend(evidence());
        return;
    }
    analysis.exits.push(ExitRow {
        mac: key,
        ip: Some(report.address.ip().to_string()),
        name: report.name.clone(),
        vendor: report.vendor.clone(),
        line: Some(first.kind.clone()),
        registered: false,
        proofs: vec![PROOF.to_owned()],
        connections: 0,
        first_seen: Some(report.at),
        last_seen: Some(report.at),
        evidence: evidence().collect(),
    });
}

/// Finds a device's place among rows of the ledger.
pub(crate) fn place(devices: &[Device], report: &Reported) -> Place {
    let at = report.address.ip().to_string();
    let row = devices.iter().find(|device| device.ips.contains(&at)).or_else(|| {
        let own = |device: &&Device| {
            device.mac.as_ref().is_some_and(|mac| report.macs.contains(&mac.to_lowercase()))
        };
        devices.iter().find(own)
    });
    row.map_or_else(Place::default, |row| Place { mac: row.mac.clone(), vlan: row.vlan })
}

#[cfg(test)]
mod tests;
