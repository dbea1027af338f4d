//! Which rows are one: what one connection was seen as in pieces.

use std::collections::BTreeMap;

use foldhash::HashMap;
use sekisho_decode::{Addr, MacAddr};

use super::{Group, GroupKey, Groups};
use crate::owner::DeviceKey;
use crate::relation::UNKNOWN_ENCRYPTED;
use crate::say::{self, UNKNOWN};

/// TLS, whatever is in it.
const TLS: &str = "tls";
/// VPNs that use TLS and UDP side by side.
const HALVED: [&str; 2] = ["anyconnect", "softether"];

/// Services over TCP whose datagrams go between the same two at the same port, with no mark of their own once their
/// beginning is missed: tinc's tunnel (its manual's chapter "The UDP tunnel"), RDP's pictures (MS-RDPEMT §1.3.2), Citrix's
/// (EDT).
const WITH_DATAGRAMS: [&str; 3] = ["citrix", "rdp", "tinc"];

/// From a device by an exit to an address and a port.
type Way = (DeviceKey, Option<MacAddr>, Addr, u16);

impl Groups<'_> {
    /// Puts short conns that tell nothing to the party's others at the same port that look encrypted.
    pub(crate) fn join_untold(&mut self) {
        let encrypted = |key: &GroupKey| GroupKey { service: UNKNOWN_ENCRYPTED.into(), ..key.clone() };
        let target = |(key, group): (&GroupKey, &Group<'_>)| {
            let target = (&*key.service == UNKNOWN).then(|| encrypted(key))?;
            let known = &self.0.get(&target)?.endpoints;
            let same = group.endpoints.keys().all(|endpoint| known.keys().any(|other| other == endpoint));
            same.then_some((key.clone(), target))
        };
        let joins = in_order(self.iter().filter_map(target));
        for (key, target) in joins {
            if let Some(mut group) = self.0.swap_remove(&key)
                && let Some(target) = self.0.get_mut(&target)
            {
                group.evidence.retain(|reason| reason.rule != say::UNKNOWN_RULE);
                target.absorb(*group);
            }
        }
    }

    /// Puts TLS to the VPN that the same server speaks to the same device beside it, over UDP: the two are one.
    /// The VPN's TLS is made to look like any, and only its other half tells.
    pub(crate) fn join_halves(&mut self) {
        // By address, for one half may have been reached under a name and the other not.
        let mut vpns: BTreeMap<(DeviceKey, Option<MacAddr>, Addr), GroupKey> = BTreeMap::new();
        // One that is only guessed is no tunnel.
        let is_half =
            |(key, group): &(&GroupKey, &Group<'_>)| group.tunnel && HALVED.contains(&&*key.service);
        let halves: BTreeMap<_, _> = self.iter().filter(is_half).collect();
        for (key, group) in halves {
            vpns.extend(group.outside.keys().map(|address| ((key.device, key.exit, *address), key.clone())));
        }
        let vpn = |(key, group): (&GroupKey, &Group<'_>)| {
            let mut addresses = group.outside.keys().filter(|_| &*key.service == TLS);
            let target = vpns.get(&(key.device, key.exit, *addresses.next()?))?;
            addresses
                .all(|address| vpns.get(&(key.device, key.exit, *address)) == Some(target))
                .then_some(())?;
            Some((key.clone(), target.clone()))
        };
        let joins = in_order(self.iter().filter_map(vpn));
        for (key, target) in joins {
            if let Some(group) = self.0.swap_remove(&key)
                && let Some(vpn) = self.0.get_mut(&target)
            {
                vpn.hear(say::other_half(&target.service).into());
                vpn.absorb(*group);
            }
        }
    }

    /// Puts datagrams that tell nothing to the service over TCP between the same two at the same port, where that
    /// service has such.
    pub(crate) fn join_datagrams(&mut self) {
        let mut services: BTreeMap<Way, GroupKey> = BTreeMap::new();
        // One that is only guessed is no tunnel.
        let has =
            |(key, group): &(&GroupKey, &Group<'_>)| group.tunnel && WITH_DATAGRAMS.contains(&&*key.service);
        let all: BTreeMap<_, _> = self.iter().filter(has).collect();
        for (key, group) in all {
            services.extend(group.ways(key, "tcp").map(|way| (way, key.clone())));
        }
        if services.is_empty() {
            return;
        }
        let service = |(key, group): (&GroupKey, &Group<'_>)| {
            let untold = [UNKNOWN, UNKNOWN_ENCRYPTED].contains(&&*key.service);
            let datagrams = untold && group.endpoints.keys().all(|(transport, _)| *transport == "udp");
            let mut ways = group.ways(key, "udp").filter(|_| datagrams);
            let target = services.get(&ways.next()?)?;
            ways.all(|way| services.get(&way) == Some(target)).then(|| (key.clone(), target.clone()))
        };
        let joins = in_order(self.iter().filter_map(service));
        for (key, target) in joins {
            if let Some(mut group) = self.0.swap_remove(&key)
                && let Some(known) = self.0.get_mut(&target)
            {
                group.evidence.retain(|reason| !say::tells_nothing(reason));
                known.hear(say::datagrams(&target.service).into());
                known.absorb(*group);
            }
        }
    }

    /// Puts what was reached by address alone to the one named party that has this address, service,
    /// device and exit: the same connection, from before its look-up was seen.
    pub(crate) fn join_nameless(&mut self) {
        // Where an address of the nameless leads among the named: to none, one, or several.
        let mut named: HashMap<(DeviceKey, Option<MacAddr>, &str, Addr), Vec<&GroupKey>> = HashMap::default();
        let nameless = || self.iter().filter(|(_, group)| group.names.0.is_empty());
        for (key, group) in nameless() {
            let address = group.outside.best();
            named
                .extend(address.map(|address| ((key.device, key.exit, &*key.service, *address), Vec::new())));
        }
        for (key, group) in self.iter().filter(|(_, group)| !group.names.0.is_empty()) {
            for address in group.outside.keys() {
                if let Some(targets) = named.get_mut(&(key.device, key.exit, &*key.service, *address)) {
                    targets.push(key);
                }
            }
        }
        let target = |(key, group): (&GroupKey, &Group<'_>)| {
            let address = group.outside.best()?;
            match named.get(&(key.device, key.exit, &*key.service, *address))?.as_slice() {
                [target] => Some((key.clone(), (*target).clone())),
                _ => None,
            }
        };
        let joins = in_order(nameless().filter_map(target));
        for (key, target) in joins {
            if let Some(group) = self.0.swap_remove(&key)
                && let Some(target) = self.0.get_mut(&target)
            {
                target.absorb(*group);
            }
        }
    }
}

impl Group<'_> {
    /// Where it goes over a transport: every address at every port.
    fn ways(&self, key: &GroupKey, transport: &str) -> impl Iterator<Item = Way> {
        let GroupKey { device, exit, .. } = *key;
        let ports = self.endpoints.keys().filter(move |(over, _)| *over == transport);
        ports.flat_map(move |(_, port)| {
            self.outside.keys().map(move |address| (device, exit, *address, *port))
        })
    }
}

/// What joins what, in an order that does not depend on how the rows stand.
fn in_order(joins: impl Iterator<Item = (GroupKey, GroupKey)>) -> Vec<(GroupKey, GroupKey)> {
    let mut joins: Vec<_> = joins.collect();
    joins.sort_unstable();
    joins
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use smallvec::SmallVec;

    use super::*;

    #[test]
    fn tls_joins_the_vpn_of_the_same_server_alone() {
        let key = |service: &str| GroupKey {
            device: DeviceKey::Address(Addr::v4([192, 0, 2, 10])),
            v4: true,
            party: "vpn.example".into(),
            service: service.into(),
            exit: None,
        };
        let to = |addresses: &[u8], tunnel: bool| {
            let mut group = Group { sessions: 1, tunnel, ..Group::default() };
            for last in addresses {
                group.outside.add(Addr::v4([198, 51, 100, *last]), 1);
            }
            group
        };
        // (the VPN, whether it was recognised and not only guessed, its addresses, those of TLS, rows)
        let cases = [
            ("anyconnect", true, &[1][..], &[1][..], 1),
            ("softether", true, &[1, 2], &[2], 1),
            ("softether", false, &[1], &[1], 2),
            ("anyconnect", true, &[1], &[1, 2], 2),
            ("openvpn", true, &[1], &[1], 2),
        ];
        for (service, recognised, vpn, tls, rows) in cases {
            let mut groups = Groups::default();
            groups.0.insert(key(service), Box::new(to(vpn, recognised)));
            groups.0.insert(key("tls"), Box::new(to(tls, false)));
            groups.join_halves();
            assert_eq!(groups.0.len(), rows, "{service} at {vpn:?}, TLS at {tls:?}");
            assert_eq!(groups.0[&key(service)].sessions, 3 - rows as u64, "{service}");
        }
    }

    #[test]
    fn datagrams_that_tell_nothing_join_the_service_of_their_port() {
        let key = |service: &str| GroupKey {
            device: DeviceKey::Address(Addr::v4([192, 0, 2, 10])),
            v4: true,
            party: "198.51.100.20".into(),
            service: service.into(),
            exit: None,
        };
        let group = |transport: &'static str, ports: &[u16], last: u8| {
            let mut group = Group { sessions: 1, ..Group::default() };
            group.outside.add(Addr::v4([198, 51, 100, last]), 1);
            for port in ports {
                group.endpoints.add((Cow::Borrowed(transport), *port), 1);
            }
            group.evidence.push(say::unknown(transport, 655, true).into());
            group
        };
        // (what, service, what tells nothing, its transport, ports, the last octet of its address, rows)
        let cases = [
            ("the tunnel", "tinc", UNKNOWN_ENCRYPTED, "udp", &[655][..], 20, 1),
            ("too little of it to look encrypted", "tinc", UNKNOWN, "udp", &[655], 20, 1),
            ("to two ports of the same", "tinc", UNKNOWN_ENCRYPTED, "udp", &[655, 656], 20, 1),
            ("beside datagrams that were told", "rdp", UNKNOWN_ENCRYPTED, "udp", &[655], 20, 1),
            ("a port that it has not", "tinc", UNKNOWN_ENCRYPTED, "udp", &[655, 657], 20, 2),
            ("another address", "tinc", UNKNOWN_ENCRYPTED, "udp", &[655], 21, 2),
            ("over TCP", "tinc", UNKNOWN_ENCRYPTED, "tcp", &[655], 20, 2),
            ("told by its content", "tinc", "openvpn", "udp", &[655], 20, 2),
            ("a service without", "ssh", UNKNOWN_ENCRYPTED, "udp", &[655], 20, 2),
            ("one that is only guessed", "rdp", UNKNOWN_ENCRYPTED, "udp", &[655], 20, 2),
        ];
        for (what, service, untold, transport, ports, last, rows) in cases {
            let mut groups = Groups::default();
            let tunnel = what != "one that is only guessed";
            let mut known = Group { evidence: SmallVec::new(), tunnel, ..group("tcp", &[655, 656], 20) };
            if what == "beside datagrams that were told" {
                known.endpoints.add((Cow::Borrowed("udp"), 655), 1);
            }
            groups.0.insert(key(service), Box::new(known));
            groups.0.insert(key(untold), Box::new(group(transport, ports, last)));
            groups.join_datagrams();
            assert_eq!(groups.0.len(), rows, "{what}");
            let known = &groups.0[&key(service)];
            assert_eq!(known.sessions, 3 - rows as u64, "{what}");
            let rules: Vec<_> = known.evidence.iter().map(|reason| &*reason.rule).collect();
            assert_eq!(rules, if rows == 1 { &["wire/datagrams"][..] } else { &[] }, "{what}");
        }
    }

    #[test]
    fn short_conns_that_tell_nothing_join_the_encrypted_ones_of_their_port_only() {
        // (what, ports of the unknown, whether a party is the same, rows)
        let cases = [
            ("the same port", &[40_000][..], true, 1),
            ("another port", &[40_001], true, 2),
            ("another port as well", &[40_000, 40_001], true, 2),
            ("another party", &[40_000], false, 2),
        ];
        for (what, ports, same_party, rows) in cases {
            let key = |party: &str, service: &str| GroupKey {
                device: DeviceKey::Address(Addr::v4([192, 0, 2, 10])),
                v4: true,
                party: party.into(),
                service: service.into(),
                exit: None,
            };
            let group = |ports: &[u16], sessions: u64| {
                let mut group = Group { sessions, ..Group::default() };
                for port in ports {
                    group.endpoints.add((Cow::Borrowed("udp"), *port), 1);
                }
                group.evidence.push(say::unknown("udp", 40_000, true).into());
                group
            };
            let party = if same_party { "198.51.100.20" } else { "198.51.100.21" };
            let mut groups = Groups::default();
            groups.0.insert(
                key("198.51.100.20", UNKNOWN_ENCRYPTED),
                Box::new(Group { evidence: SmallVec::new(), ..group(&[40_000], 3) }),
            );
            groups.0.insert(key(party, UNKNOWN), Box::new(group(ports, 2)));
            groups.join_untold();
            assert_eq!(groups.0.len(), rows, "{what}");
            let joined = &groups.0[&key("198.51.100.20", UNKNOWN_ENCRYPTED)];
            assert_eq!(joined.sessions, if rows == 1 { 5 } else { 3 }, "{what}");
            assert!(joined.evidence.is_empty(), "{what}: {:?}", joined.evidence);
        }
    }
}
