//! Devices: their key in a site, and how what captures say of one is merged.
//!
//! The key is the hardware address where L2 is seen, else VLAN and address, else address: within a
//! site, for the same private addresses are in use in the next one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sekisho_api::{Device, Evidence, Inside};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::change::{ChangeKind, Subject};
use crate::clean::search;
use crate::error::Fault;
use crate::fold::{self, Difference, Kind, Stated, Stored, earlier, merge_evidence, union};
use crate::sql::{json as to_json, micros, unjson};
use crate::store::Database;

/// Families of evidence that say nothing of a role.
const NOT_OF_ROLE: &[&str] = &["address", "exit", "line", "name", "oui", "port", "snmp", "vendor", "wire"];

/// A device with what it had before.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct State {
    #[serde(flatten)]
    pub(crate) device: Device,
    /// Every address it had, so that one it gets back is no news.
    #[serde(default)]
    known_ips: BTreeSet<String>,
}

impl State {
    pub(crate) fn of(device: Device) -> Self {
        let known_ips = device.ips.iter().cloned().collect();
        Self { device, known_ips }
    }

    /// Makes a device from the inside end of a connection.
    pub(crate) fn of_inside(inside: &Inside, first_seen: Timestamp, last_seen: Timestamp) -> Self {
        Self::of(Device {
            ips: [inside.ip.clone()].into_iter().filter(|ip| !ip.is_empty()).collect(),
            mac: inside.mac.clone(),
            vlan: inside.vlan,
            names: inside.name.clone().into_iter().collect(),
            vendor: inside.vendor.clone(),
            role: inside.role.clone(),
            first_seen: Some(first_seen),
            last_seen: Some(last_seen),
            ..Device::default()
        })
    }
}

/// Gives a device's key in its site.
pub(crate) fn key(mac: Option<&str>, vlan: Option<u16>, ip: &str) -> String {
    match (mac.filter(|mac| !mac.is_empty()), vlan) {
        (Some(mac), _) => format!("mac:{}", mac.to_lowercase()),
        (None, Some(vlan)) => format!("vlan:{vlan}/ip:{ip}"),
        (None, None) => format!("ip:{ip}"),
    }
}

impl Kind for State {
    const WORD: &str = "device";

    fn merge(self, later: Self) -> Self {
        let (known, new) = (self.device, later.device);
        let known_role = Stated::new(known.role, &known.evidence, NOT_OF_ROLE);
        let new_role = Stated::new(new.role, &new.evidence, NOT_OF_ROLE);
        let device = Device {
            ips: if new.ips.is_empty() { known.ips } else { new.ips },
            mac: new.mac.or(known.mac),
            vlan: new.vlan.or(known.vlan),
            names: union(known.names, new.names),
            vendor: new.vendor.or(known.vendor),
            model: new.model.or(known.model),
            role: known_role.or_later(new_role),
            os: new.os.or(known.os),
            firmware: new.firmware.or(known.firmware),
            serial: new.serial.or(known.serial),
            services: union(known.services, new.services),
            first_seen: earlier(known.first_seen, new.first_seen),
            last_seen: known.last_seen.max(new.last_seen),
            evidence: merge_evidence(known.evidence, new.evidence),
        };
        let known_ips = union(self.known_ips.into_iter().collect(), later.known_ips.into_iter().collect());
        Self { device, known_ips: known_ips.into_iter().collect() }
    }

    fn evidence(&mut self) -> &mut Vec<Evidence> {
        &mut self.device.evidence
    }

    fn first_seen(&self) -> Option<Timestamp> {
        self.device.first_seen
    }

    fn not_before(&mut self, first: Option<Timestamp>) {
        fold::not_before(&mut self.device.first_seen, &mut self.device.last_seen, first);
    }

    fn not_after(&mut self, last: Timestamp) {
        fold::not_after(&mut self.device.first_seen, &mut self.device.last_seen, last);
    }

    fn without_sums(self) -> Self {
        self
    }

    fn summary(&self) -> Value {
        let Device { ips, mac, vlan, names, role, .. } = &self.device;
        json!({ "ips": ips, "mac": mac, "vlan": vlan, "names": names, "role": role })
    }

    fn differences(&self, before: &Self) -> Vec<Difference> {
        let (old, new) = (&before.device, &self.device);
        let role = Difference::of(ChangeKind::ChangedRole, "role", old.role.as_deref(), new.role.as_deref());
        let (was, is) = (old.firmware.as_deref(), new.firmware.as_deref());
        let firmware = Difference::of(ChangeKind::ChangedFirmware, "firmware", was, is);
        // That a model or serial is learnt is no change of the device; that it is another one is.
        let other = |kind, field, was: Option<&str>, is: Option<&str>| {
            was.and_then(|was| Difference::of(kind, field, Some(was), is))
        };
        let model = other(ChangeKind::ChangedModel, "model", old.model.as_deref(), new.model.as_deref());
        let serial = other(ChangeKind::ChangedSerial, "serial", old.serial.as_deref(), new.serial.as_deref());
        [address(before, self), name(old, new), role, model, serial, firmware].into_iter().flatten().collect()
    }
}

/// Tells of an address it never had, or of a move: none of its addresses is the same.
fn address(before: &State, after: &State) -> Option<Difference> {
    let (old, new) = (&before.device.ips, &after.device.ips);
    let is_new = new.iter().any(|ip| !before.known_ips.contains(ip));
    let moved = !old.is_empty() && !new.is_empty() && !new.iter().any(|ip| old.contains(ip));
    if !is_new && !moved {
        return None;
    }
    let before = (!old.is_empty()).then(|| json!({ "ips": old }));
    Some(Difference { kind: ChangeKind::ChangedAddress, before, after: Some(json!({ "ips": new })) })
}

fn name(before: &Device, after: &Device) -> Option<Difference> {
    if after.names.iter().all(|name| before.names.contains(name)) {
        return None;
    }
    let after = Some(json!({ "names": after.names }));
    if before.names.is_empty() {
        return Some(Difference { kind: ChangeKind::Named, before: None, after });
    }
    Some(Difference { kind: ChangeKind::ChangedName, before: Some(json!({ "names": before.names })), after })
}

impl Stored for State {
    fn subject(key: &str) -> Subject {
        Subject::Device(key.to_owned())
    }

    fn load(database: &Database, site: &str, key: &str) -> Result<Option<(Self, bool)>, Fault> {
        let sql = "SELECT detail, withdrawn FROM devices WHERE site = $1 AND device = $2";
        database.query_row(sql, (site, key), |row| Ok((unjson(&row.get::<String>(0)?)?, row.get(1)?)))
    }

    fn save(&self, database: &Database, site: &str, key: &str) -> Result<(), Fault> {
        let Device { ips, mac, names, vendor, model, role, serial, first_seen, last_seen, .. } = &self.device;
        let texts = [mac, vendor, model, role, serial].into_iter().flatten().chain(ips).chain(names);
        let search = search(texts.map(String::as_str));
        let sql = "INSERT INTO devices \
                   (site, device, role, first_seen, last_seen, withdrawn, search, detail) \
                   VALUES ($1, $2, $3, $4, $5, 0, $6, $7) \
                   ON CONFLICT (site, device) DO UPDATE SET role = excluded.role, \
                   first_seen = excluded.first_seen, last_seen = excluded.last_seen, \
                   withdrawn = 0, search = excluded.search, detail = excluded.detail";
        let (first, last) = (first_seen.map(micros), last_seen.map(micros));
        database.execute(sql, (site, key, role, first, last, search, to_json(self)?))
    }

    fn withdraw(database: &Database, site: &str, key: &str) -> Result<(), Fault> {
        let sql = "UPDATE devices SET withdrawn = 1 WHERE site = $1 AND device = $2";
        database.execute(sql, (site, key))
    }
}
