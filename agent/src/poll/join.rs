//! What equipment reported, joined to what the wire showed: its make and firmware to its row, its tunnels to
//! the connections they are, its lines to exits. What no wire showed stands alone, and says so.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sekisho_api::{Analysis, Connection, Device, Endpoint, ExitRow, Initiator, Inside, Outside};

use super::candidates::Site;
use super::reported::{Reported, of_line, of_tunnel};
use super::tunnels::Tunnel;

/// The status of what nobody declared; the ledger holds it against what was.
const UNREGISTERED: &str = "unregistered";
/// The proof of an exit that the box itself gave.
const PROOF: &str = "snmp";

/// Where a device is in the ledger: by its address, else by its hardware addresses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    pub(crate) mac: Option<String>,
    pub(crate) vlan: Option<u16>,
    /// The connections there to the peers of its tunnels: what the wire showed of them holds.
    pub(crate) tunnels: Vec<Connection>,
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

/// The rows of the device: those with its addresses, else those with its hardware addresses.
fn own_rows(analysis: &Analysis, report: &Reported) -> Vec<usize> {
    let holds = |device: &Device| {
        device.ips.iter().filter_map(|ip| ip.parse().ok()).any(|ip: IpAddr| report.ips.contains(&ip))
            || device.mac.as_ref().is_some_and(|mac| report.macs.contains(&mac.to_lowercase()))
    };
    analysis.devices.iter().enumerate().filter(|(_, device)| holds(device)).map(|(at, _)| at).collect()
}

/// What a box says of itself goes before what others made out.
fn fill_in(device: &mut Device, report: &Reported) {
    for (field, told) in [
        (&mut device.vendor, &report.vendor),
        (&mut device.role, &report.role),
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
    // Phase-2 tunnels to the same peer are one relationship.
    let mut by_peer: BTreeMap<(&str, IpAddr, bool), &Tunnel> = BTreeMap::new();
    for tunnel in &report.tunnels {
        if let Some(peer) = tunnel.peer.filter(|peer| !report.ips.contains(peer)) {
            by_peer.entry((&tunnel.service, peer, tunnel.from_outside)).or_insert(tunnel);
        }
    }
    for ((service, peer, _), tunnel) in by_peer {
        let text = peer.to_string();
        let mut seen = false;
        for row in analysis.connections.iter_mut().filter(|row| is_tunnel(row, service, &text)) {
            row.evidence.push(of_tunnel(tunnel));
            row.tunnel = true;
            seen = true;
        }
        if seen {
            continue;
        }
        let known = place.tunnels.iter().find(|row| is_tunnel(row, service, &text));
        let row = known.map_or_else(|| alone(report, place, tunnel, peer), |row| again(row, report, tunnel));
        analysis.connections.push(row);
    }
}

/// Tells whether a connection is that to a peer by a service, or another layer of it.
fn is_tunnel(row: &Connection, service: &str, peer: &str) -> bool {
    row.outside.ips.iter().chain([&row.outside.ip]).any(|ip| ip == peer)
        && (row.service == service || of_a_family(&row.service, service))
}

/// A connection that the ledger has, of which the wire showed nothing in this time.
fn again(row: &Connection, report: &Reported, tunnel: &Tunnel) -> Connection {
    Connection {
        number: None,
        tunnel: true,
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
        ..row.clone()
    }
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
///
/// By which gateway it leaves is open: so it becomes one with what the wire may show later.
fn alone(report: &Reported, place: &Place, tunnel: &Tunnel, peer: IpAddr) -> Connection {
    let (transport, port) = usual(&tunnel.service);
    let peer = peer.to_string();
    Connection {
        number: None,
        service: tunnel.service.clone(),
        transport: transport.to_owned(),
        port,
        endpoints: vec![Endpoint { transport: transport.to_owned(), port }],
        initiator: if tunnel.from_outside { Initiator::Outside } else { Initiator::Inside },
        inside: Inside {
            ip: report.address.ip().to_string(),
            mac: place.mac.clone().or_else(|| report.mac.clone()),
            vlan: place.vlan,
            name: report.name.clone(),
            role: report.role.clone(),
            vendor: report.vendor.clone(),
        },
        outside: Outside { ip: peer.clone(), ips: vec![peer], ..Outside::default() },
        exit: None,
        tunnel: true,
        category: None,
        status: UNREGISTERED.to_owned(),
        registration: None,
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

fn own_mac(report: &Reported, place: &Place) -> Option<String> {
    place.mac.clone().or_else(|| report.mac.clone()).or_else(|| report.macs.first().cloned())
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

/// Makes an exit of a box with a line that is up, or tells the line of the exit that it is.
fn lines(analysis: &mut Analysis, report: &Reported, place: &Place) {
    let Some(line) = report.lines.first() else { return };
    let known = analysis
        .exits
        .iter_mut()
        .find(|exit| report.macs.contains(&exit.mac.to_lowercase()) || Some(&exit.mac) == place.mac.as_ref());
    if let Some(exit) = known {
        exit.line = Some(line.kind.clone());
        exit.evidence.push(of_line(line));
        return;
    }
    let Some(mac) = own_mac(report, place) else { return };
    analysis.exits.push(ExitRow {
        mac,
        ip: Some(report.address.ip().to_string()),
        name: report.name.clone(),
        vendor: report.vendor.clone(),
        line: Some(line.kind.clone()),
        registered: false,
        proofs: vec![PROOF.to_owned()],
        connections: 0,
        first_seen: Some(report.at),
        last_seen: Some(report.at),
        evidence: vec![of_line(line)],
    });
}

/// Finds where a device and its tunnels are in the ledger.
pub(crate) fn place(site: &Site, report: &Reported) -> Place {
    let at = report.address.ip().to_string();
    let row = site.devices.iter().find(|device| device.ips.contains(&at)).or_else(|| {
        let own = |device: &&Device| {
            device.mac.as_ref().is_some_and(|mac| report.macs.contains(&mac.to_lowercase()))
        };
        site.devices.iter().find(own)
    });
    let (mac, vlan) = row.map_or((None, None), |row| (row.mac.clone(), row.vlan));
    let told = |row: &&Connection| {
        let peer = |tunnel: &Tunnel| {
            tunnel.peer.is_some_and(|peer| is_tunnel(row, &tunnel.service, &peer.to_string()))
        };
        report.tunnels.iter().any(peer)
    };
    Place { mac, vlan, tunnels: site.tunnels.iter().filter(told).cloned().collect() }
}

#[cfg(test)]
mod tests;
