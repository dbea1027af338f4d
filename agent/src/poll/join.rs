//! What equipment reported, joined to what the wire showed: its make and firmware to its row, its tunnels to
//! the connections they are, its lines to exits. What no wire showed stands alone, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sekisho_api::{Analysis, ByHour, Connection, Device, Endpoint, ExitRow, Initiator, Inside, Outside};

use super::candidates::{Site, is_medical};
use super::reported::{Reported, of_line, of_tunnel};
use super::tunnels::Tunnel;

/// The status of what nobody declared; the ledger holds it against what was.
const UNREGISTERED: &str = "unregistered";
/// The proof of an exit that the box itself gave.
const PROOF: &str = "snmp";
/// Lines of one box that are told one by one: a primary rate interface has thirty channels.
const MAX_LINES: usize = 32;

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

/// What makes tunnels one relationship: service, the other end or what stands for it, who opened it.
type Party<'a> = (&'a str, Option<IpAddr>, Option<&'a str>, bool);

/// Joins tunnels to connections; what the wire did not show becomes a connection of its own.
fn tunnels(analysis: &mut Analysis, report: &Reported, place: &Place) {
    let ips = analysis.devices.iter().flat_map(|row| &row.ips);
    let listed: BTreeSet<IpAddr> = ips.filter_map(|ip| ip.parse().ok()).collect();
    // Phase-2 tunnels to the same peer are one relationship.
    let mut by_party: BTreeMap<Party<'_>, &Tunnel> = BTreeMap::new();
    for tunnel in &report.tunnels {
        let peer = tunnel.peer;
        let is_inside = |peer: IpAddr| report.ips.contains(&peer) || listed.contains(&peer);
        // The other end inside: a tunnel within the hospital.
        if !peer.is_some_and(is_inside) {
            let name = if peer.is_some() { None } else { Some(nameless(tunnel)) };
            by_party.entry((&tunnel.service, peer, name, tunnel.from_outside)).or_insert(tunnel);
        }
    }
    for ((service, peer, name, _), tunnel) in by_party {
        let outside = party(peer, name);
        let is_it = |row: &Connection| {
            is_tunnel(row, service, &outside) && is_of_box(row, report, place.mac.as_deref())
        };
        let mut seen = false;
        for row in analysis.connections.iter_mut().filter(|row| is_it(row)) {
            row.evidence.push(of_tunnel(tunnel, report.at));
            row.tunnel = true;
            seen = true;
        }
        if seen {
            continue;
        }
        let row = match place.tunnels.iter().find(|row| is_it(row)) {
            Some(row) => again(row, report, tunnel),
            None => alone(report, place, tunnel, outside),
        };
        analysis.connections.push(row);
    }
}

/// Tells whether a connection is that to another end by a service, or another layer of it.
fn is_tunnel(row: &Connection, service: &str, outside: &Outside) -> bool {
    is_party(row, outside) && (row.service == service || of_a_family(&row.service, service))
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
        hours: ByHour::default(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: vec![of_tunnel(tunnel, report.at)],
        ..row.clone()
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

fn end(tunnel: &Tunnel) -> Outside {
    party(tunnel.peer, if tunnel.peer.is_some() { None } else { Some(nameless(tunnel)) })
}

fn is_party(row: &Connection, outside: &Outside) -> bool {
    if outside.ip.is_empty() {
        return row.outside.ip.is_empty() && row.outside.name == outside.name;
    }
    row.outside.ips.iter().chain([&row.outside.ip]).any(|ip| *ip == outside.ip)
}

/// Tells whether a connection is the box's own, or leaves by it: another box may have the same peer.
fn is_of_box(row: &Connection, report: &Reported, placed: Option<&str>) -> bool {
    let is_own_mac = |mac: &String| {
        let mac = mac.to_lowercase();
        report.macs.contains(&mac) || [placed, report.mac.as_deref()].contains(&Some(mac.as_str()))
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
///
/// By which gateway it leaves is open: so it becomes one with what the wire may show later.
fn alone(report: &Reported, place: &Place, tunnel: &Tunnel, outside: Outside) -> Connection {
    let (transport, port) = usual(&tunnel.service);
    Connection {
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
        }
        .into(),
        outside,
        tunnel: true,
        evidence: vec![of_tunnel(tunnel, report.at)],
        ..Connection::bare(&tunnel.service, UNREGISTERED, report.at)
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
        // Nobody says of what kind it is, so by which port it leaves is not known either.
        "unknown" => ("ip", 0),
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
        let of = |tunnel: &Tunnel| is_tunnel(row, &tunnel.service, &end(tunnel));
        is_of_box(row, report, mac.as_deref()) && report.tunnels.iter().any(of)
    };
    let tunnels = site.tunnels.iter().filter(told).cloned().collect();
    Place { mac, vlan, tunnels }
}

#[cfg(test)]
mod tests;
