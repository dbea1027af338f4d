//! What one analysis says, by key and in bounds, ready to be recorded.
//!
//! Every connection has its device and exit here, also where the analysis does not list them.

use std::collections::BTreeMap;

use sekisho_api::{Analysis, ByHour, Connection, Device, ExitRow, Inside};

use crate::clean;
use crate::device::{self, State};
use crate::error::Fault;
use crate::exit;
use crate::fold::{Kind, union};
use crate::rollup;

/// What one analysis says.
pub(crate) struct Sighted {
    pub(crate) devices: BTreeMap<String, State>,
    pub(crate) exits: BTreeMap<String, ExitRow>,
    /// In the analysis's order.
    pub(crate) connections: Vec<Connected>,
}

/// A connection with its device.
pub(crate) struct Connected {
    pub(crate) device: String,
    /// Without number and hours.
    pub(crate) connection: Connection,
    pub(crate) hours: BTreeMap<i64, u64>,
}

/// A VLAN and an address: what a device without a hardware address is known by.
type Place = (Option<u16>, String);

/// Takes an analysis apart.
pub(crate) fn of(analysis: &Analysis) -> Result<Sighted, Fault> {
    let mut devices: BTreeMap<String, State> = BTreeMap::new();
    let mut places: BTreeMap<Place, String> = BTreeMap::new();
    for device in &analysis.devices {
        let device: Device = clean::row(device)?;
        let Some(key) = device_key(&device) else { continue };
        if device.mac.is_none() {
            places.extend(device.ips.iter().map(|ip| ((device.vlan, ip.clone()), key.clone())));
        }
        merge_into(&mut devices, key, State::of(device));
    }
    let mut exits: BTreeMap<String, ExitRow> = BTreeMap::new();
    for row in &analysis.exits {
        let row = ExitRow { connections: 0, ..clean::row(row)? };
        if !row.mac.is_empty() {
            merge_into(&mut exits, row.mac.clone(), row);
        }
    }
    let mut connections = Vec::with_capacity(analysis.connections.len());
    for connection in &analysis.connections {
        let hours = rollup::hours(connection);
        let connection = in_bounds(connection)?;
        let device = device_of(&connection.inside, &places);
        let (first_seen, last_seen) = (connection.first_seen, connection.last_seen);
        let listed = || State::of_inside(&connection.inside, first_seen, last_seen);
        devices.entry(device.clone()).or_insert_with(listed);
        if let Some(gateway) = &connection.exit {
            add_exit(&mut exits, exit::of_connection(gateway, first_seen, last_seen));
        }
        connections.push(Connected { device, connection, hours });
    }
    Ok(Sighted { devices, exits, connections })
}

/// Gives a connection as it is stored, its hours and number aside.
fn in_bounds(connection: &Connection) -> Result<Connection, Fault> {
    let finite = |score: &f64| score.is_finite();
    let beacon = connection.beacon.clone();
    let connection = Connection {
        number: None,
        // Whether it is declared is the ledger's to say.
        registration: None,
        hours: ByHour::default(),
        // JSON has no number for NaN.
        beacon: beacon.filter(|beacon| [beacon.score, beacon.period_s, beacon.jitter].iter().all(finite)),
        exporters: union(connection.exporters.clone(), Vec::new()),
        exit: connection.exit.clone().filter(|exit| !exit.mac.is_empty()),
        last_seen: connection.last_seen.max(connection.first_seen),
        ..connection.clone()
    };
    clean::row(&connection)
}

/// Gives a listed device's key; none where it has neither address nor name.
fn device_key(device: &Device) -> Option<String> {
    if device.mac.as_ref().is_some_and(|mac| !mac.is_empty()) {
        return Some(device::key(device.mac.as_deref(), device.vlan, ""));
    }
    match (device.ips.first(), device.names.first()) {
        (Some(ip), _) => Some(device::key(None, device.vlan, ip)),
        (None, Some(name)) => Some(format!("name:{}", name.to_lowercase())),
        (None, None) => None,
    }
}

fn device_of(inside: &Inside, places: &BTreeMap<Place, String>) -> String {
    if inside.mac.is_none()
        && let Some(key) = places.get(&(inside.vlan, inside.ip.clone()))
    {
        return key.clone();
    }
    device::key(inside.mac.as_deref(), inside.vlan, &inside.ip)
}

fn merge_into<K: Kind>(rows: &mut BTreeMap<String, K>, key: String, row: K) {
    let row = match rows.remove(&key) {
        Some(known) => known.merge(row),
        None => row,
    };
    rows.insert(key, row);
}

/// Adds a connection's exit: what the list of exits says of it goes before.
fn add_exit(exits: &mut BTreeMap<String, ExitRow>, row: ExitRow) {
    let row = match exits.remove(&row.mac) {
        Some(listed) => ExitRow { registered: listed.registered, ..row.merge(listed) },
        None => row,
    };
    exits.insert(row.mac.clone(), row);
}
