//! What a row of the list, or of a ledger, tells the rules: less than the wire did, and named as less.
//!
//! A ledger keeps no fingerprints, certificates or agents; [`kept`] tells the fields that can be known from a
//! row. A rule that asks for others cannot be tried on the past.

use sekisho_api::{Connection, Device, ExitRow};
use sekisho_rules::{Facts, Field, Rules, Subject, oui};

/// The recogniser's own reasons begin so; the service follows.
const WIRE: &str = "wire/";

/// The fields that rows keep, by what the rows are of.
pub(crate) const fn kept(subject: Subject) -> &'static [Field] {
    match subject {
        Subject::Connection | Subject::Question => &[
            Field::Service,
            Field::Transport,
            Field::Port,
            Field::Initiator,
            Field::Name,
            Field::OutsideAddress,
            Field::InsideRole,
            Field::InsideVendor,
            Field::InsideName,
            Field::ExitVendor,
            Field::Line,
            Field::Tunnel,
            Field::Category,
            Field::Org,
        ],
        Subject::Device => &[Field::OuiVendor, Field::Mac, Field::Hostname, Field::Offers, Field::Uses],
        Subject::Exit => &[Field::OuiVendor, Field::Mac, Field::Hostname],
    }
}

/// What a connection's row tells.
pub(crate) fn connection(row: &Connection) -> Facts<'_> {
    let mut facts = Facts::default();
    for service in row.evidence.iter().filter_map(|reason| reason.rule.strip_prefix(WIRE)) {
        facts.add(Field::Service, service);
    }
    facts.add(Field::Service, row.service.as_str());
    facts.add(Field::Tunnel, if row.tunnel { "true" } else { "false" });
    facts.add(Field::Initiator, row.initiator.slug());
    for end in &row.endpoints {
        facts.add(Field::Transport, end.transport.as_str());
        facts.add(Field::Port, end.port.to_string());
    }
    for address in &row.outside.ips {
        facts.add(Field::OutsideAddress, address.as_str());
    }
    let exit = row.exit.as_ref();
    let known = [
        (Field::Name, row.outside.name.as_ref()),
        (Field::Org, row.outside.org.as_ref()),
        (Field::Category, row.category.as_ref()),
        (Field::InsideRole, row.inside.role.as_ref()),
        (Field::InsideVendor, row.inside.vendor.as_ref()),
        (Field::InsideName, row.inside.name.as_ref()),
        (Field::ExitVendor, exit.and_then(|exit| exit.vendor.as_ref())),
        (Field::Line, exit.and_then(|exit| exit.line.as_ref())),
    ];
    for (field, value) in known {
        if let Some(value) = value {
            facts.add(field, value.as_str());
        }
    }
    facts
}

/// What a device's row tells. It holds its services without which end of them it was.
pub(crate) fn device(row: &Device) -> Facts<'_> {
    let mut facts = Facts::default();
    by_address(&mut facts, row.mac.as_deref());
    for name in &row.names {
        facts.add(Field::Hostname, name.as_str());
    }
    for service in &row.services {
        facts.add(Field::Offers, service.as_str());
        facts.add(Field::Uses, service.as_str());
    }
    facts
}

/// What an exit's row tells.
pub(crate) fn exit(row: &ExitRow) -> Facts<'_> {
    let mut facts = Facts::default();
    by_address(&mut facts, Some(&row.mac));
    if let Some(name) = &row.name {
        facts.add(Field::Hostname, name.as_str());
    }
    facts
}

fn by_address<'f>(facts: &mut Facts<'f>, mac: Option<&'f str>) {
    let Some(mac) = mac else { return };
    facts.add(Field::Mac, mac);
    if let Some(vendor) = octets(mac).and_then(oui::vendor) {
        facts.add(Field::OuiVendor, vendor);
    }
}

fn octets(mac: &str) -> Option<[u8; 6]> {
    let mut octets = [0; 6];
    let mut parts = mac.split(':');
    for octet in &mut octets {
        *octet = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    Some(octets)
}

/// The questions that fit a connection, the most telling first: Japanese, English.
pub(crate) fn questions(rules: &Rules, row: &Connection) -> Vec<(String, String)> {
    let asked = rules.evaluate(Subject::Question, &connection(row));
    asked.into_iter().map(|verdict| (verdict.ja, verdict.en)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hardware_address_is_read_whole_or_not_at_all() {
        assert_eq!(octets("00:53:00:01:02:ff"), Some([0, 0x53, 0, 1, 2, 0xff]));
        for text in ["", "00:53", "00:53:00:01:02:zz"] {
            assert_eq!(octets(text), None, "{text}");
        }
    }

    #[test]
    fn a_row_tells_only_what_it_is_said_to_keep() {
        let mut device_row = Device { mac: Some("00:1e:42:00:53:01".to_owned()), ..Device::default() };
        device_row.names.push("ct-01".to_owned());
        device_row.services.push("dicom".to_owned());
        let exit_row = ExitRow {
            mac: "00:1e:42:00:53:01".to_owned(),
            name: Some("gw".to_owned()),
            ..ExitRow::default()
        };
        for (subject, facts) in [(Subject::Device, device(&device_row)), (Subject::Exit, exit(&exit_row))] {
            assert!(facts.iter().count() >= 3);
            for (field, value) in facts.iter() {
                assert!(kept(subject).contains(&field), "{field:?} {value}");
            }
        }
    }
}
