//! Which registration a connection fits: found by its keys, whatever the number of registrations.
//!
//! A registration is looked for by one of its keys, its device's where it names one, else its party's; the
//! few that are found so are held against all of them. Of several that fit, the one that names the most
//! kinds of keys is the connection's, then the one entered last.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use sekisho_api::{Connection, Device, Mac, Registration};

/// The registrations of a site, to be looked for.
pub(crate) struct Index {
    registrations: Vec<Known>,
    by_key: HashMap<String, Vec<usize>>,
}

/// A registration with its keys in one spelling.
struct Known {
    registration: Registration,
    device: BTreeSet<String>,
    outside: BTreeSet<String>,
    exit: BTreeSet<String>,
}

/// What a connection can be known by.
struct Seen {
    device: BTreeSet<String>,
    outside: BTreeSet<String>,
    exit: BTreeSet<String>,
}

impl Index {
    pub(crate) fn new(registrations: impl IntoIterator<Item = Registration>) -> Self {
        let mut index = Self { registrations: Vec::new(), by_key: HashMap::new() };
        for registration in registrations {
            let keys = |keys: &[String]| keys.iter().map(|text| key(text)).collect();
            let known = Known {
                device: keys(&registration.device),
                outside: keys(&registration.outside),
                exit: keys(&registration.exit),
                registration,
            };
            let place = index.registrations.len();
            let (kind, looked_for) = known.looked_for();
            for key in looked_for {
                index.by_key.entry(format!("{kind}{key}")).or_default().push(place);
            }
            index.registrations.push(known);
        }
        index
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Registration> {
        self.registrations.get(place).map(|known| &known.registration)
    }

    /// Gives the places of all registrations that a connection fits, its own last.
    pub(crate) fn of(&self, connection: &Connection, device: &Device) -> Vec<usize> {
        let seen = Seen::of(connection, device);
        let devices = seen.device.iter().map(|key| format!("d{key}"));
        let parties = seen.outside.iter().map(|key| format!("o{key}"));
        let found: BTreeSet<usize> =
            devices.chain(parties).filter_map(|key| self.by_key.get(&key)).flatten().copied().collect();
        let fits = |place: &usize| {
            self.registrations.get(*place).is_some_and(|known| known.is_of(&seen, &connection.service))
        };
        let mut fitting: Vec<usize> = found.into_iter().filter(fits).collect();
        fitting.sort_by_key(|place| self.registrations.get(*place).map(Known::rank));
        fitting
    }
}

impl Known {
    fn looked_for(&self) -> (&'static str, &BTreeSet<String>) {
        if self.device.is_empty() { ("o", &self.outside) } else { ("d", &self.device) }
    }

    fn is_of(&self, seen: &Seen, service: &str) -> bool {
        let fits =
            |named: &BTreeSet<String>, seen: &BTreeSet<String>| named.is_empty() || !named.is_disjoint(seen);
        fits(&self.device, &seen.device)
            && fits(&self.outside, &seen.outside)
            && fits(&self.exit, &seen.exit)
            && self.registration.service.as_deref().is_none_or(|named| named == service)
    }

    fn rank(&self) -> (usize, jiff::Timestamp, &str) {
        let named = [&self.device, &self.outside, &self.exit].iter().filter(|keys| !keys.is_empty()).count();
        let service = usize::from(self.registration.service.is_some());
        (named + service, self.registration.at, &self.registration.id)
    }
}

impl Seen {
    fn of(connection: &Connection, device: &Device) -> Self {
        let (inside, outside) = (&connection.inside, &connection.outside);
        let keys = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| key(text)).filter(|key| !key.is_empty()).collect::<BTreeSet<_>>()
        };
        let of_device = inside.mac.iter().chain(&inside.name).chain([&inside.ip]);
        let mut of_device = of_device.chain(&device.mac).chain(&device.ips).chain(&device.names);
        let mut of_party = outside.ips.iter().chain([&outside.ip]).chain(&outside.org);
        let mut party = keys(&mut of_party);
        party.extend(outside.name.iter().flat_map(|name| domains(&key(name))));
        let exit = connection.exit.iter();
        let mut of_exit = exit.flat_map(|exit| [&exit.mac].into_iter().chain(&exit.ip).chain(&exit.name));
        Self { device: keys(&mut of_device), outside: party, exit: keys(&mut of_exit) }
    }
}

/// Gives a name and the domains that it lies in, down to two labels.
fn domains(name: &str) -> Vec<String> {
    let mut found = vec![name.to_owned()];
    let mut rest = name;
    while let Some((_, above)) = rest.split_once('.') {
        if !above.contains('.') {
            break;
        }
        found.push(above.to_owned());
        rest = above;
    }
    found.retain(|name| !name.is_empty());
    found
}

/// Gives a key in the one spelling: addresses and hardware addresses as we write them, names in small
/// letters.
pub(crate) fn key(text: &str) -> String {
    let text = text.trim();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return ip.to_string();
    }
    if let Ok(mac) = text.parse::<Mac>() {
        return mac.to_string();
    }
    text.trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_however_they_are_spelt() {
        // (one spelling, another)
        let cases = [
            ("00:53:00:AA:BB:CC", "0053.00aa.bbcc"),
            ("00-53-00-aa-bb-cc", "00:53:00:aa:bb:cc"),
            (" VPN5.Vendor.Example. ", "vpn5.vendor.example"),
            ("2001:DB8::0:1", "2001:db8::1"),
        ];
        for (one, other) in cases {
            assert_eq!(key(one), key(other));
        }
        assert_ne!(key("192.0.2.1"), key("192.0.2.10"));
    }

    #[test]
    fn a_name_lies_in_its_domains_but_not_in_a_public_suffix() {
        assert_eq!(
            domains("a.b.vendor.example"),
            ["a.b.vendor.example", "b.vendor.example", "vendor.example"]
        );
        assert_eq!(domains("host"), ["host"]);
        assert_eq!(domains(""), Vec::<String>::new());
    }
}
