//! Which hardware address an inside address belongs to: a device's own, not its gateway's.

use std::collections::BTreeSet;

use foldhash::HashMap;
use sekisho_decode::{Addr, MacAddr};

use crate::ends::Ends;
use crate::locality::Locality;
use crate::station::Stations;

/// Addresses that one device may use without claiming them where we see it: IPv4, and IPv6 with its
/// temporary addresses (RFC 8981).
const MAX_OWN: usize = 8;

/// A device's identity in one site: its hardware address where L2 is seen, else its address.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum DeviceKey {
    Mac(MacAddr),
    Address(Addr),
}

/// Who owns which address.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    by_address: HashMap<Addr, MacAddr>,
}

impl Owners {
    pub(crate) fn of(stations: &Stations, locality: &Locality, ends: &Ends) -> Self {
        let mut by_address: HashMap<Addr, MacAddr> = HashMap::default();
        for (mac, station) in &stations.by_mac {
            for address in &station.claims {
                // Two stations that claim one address: the one that did so last, as a lease goes on from device
                // to device, and a virtual router's yields to its box.
                let last = !is_virtual(*mac) && stations.holders.last(*address) == Some(*mac);
                let keep = by_address.get(address).is_some_and(|other| !is_virtual(*other));
                if last || !keep {
                    by_address.insert(*address, *mac);
                }
            }
        }
        let mut this = Self { by_address };
        let is_v4 = |address: &Addr| address.is_v4() && !address.is_link_local();
        let with_v4: BTreeSet<MacAddr> =
            this.by_address.iter().filter(|(address, _)| is_v4(address)).map(|(_, mac)| *mac).collect();
        for (mac, ends) in ends.by_mac() {
            let addresses = || ends.iter().map(|((_, address), _)| *address);
            // A device has one IPv4 address on its link; who carries more carries others'.
            let unclaimed =
                addresses().filter(|address| is_v4(address) && !this.by_address.contains_key(address));
            let routes = unclaimed.count() > usize::from(!with_v4.contains(&mac));
            if routes || ends.len() > MAX_OWN || this.is_gateway(mac, addresses(), locality) {
                continue;
            }
            for address in addresses() {
                this.by_address.entry(address).or_insert(mac);
            }
        }
        this
    }

    /// Tells whether a hardware address carries others' packets: outside ones, or another station's.
    fn is_gateway(&self, mac: MacAddr, mut carried: impl Iterator<Item = Addr>, locality: &Locality) -> bool {
        let foreign = |address: Addr| {
            let anothers = self.by_address.get(&address).is_some_and(|owner| *owner != mac);
            anothers || !locality.is_inside(address) && !address.is_link_local()
        };
        locality.cores.contains(&mac) || carried.any(foreign)
    }

    /// Gives the identity of the device that has an address.
    pub(crate) fn device(&self, address: Addr) -> DeviceKey {
        self.by_address.get(&address).map_or(DeviceKey::Address(address), |mac| DeviceKey::Mac(*mac))
    }

    /// Gives the hardware address of the device that has an address.
    pub(crate) fn mac(&self, address: Addr) -> Option<MacAddr> {
        self.by_address.get(&address).copied()
    }

    /// Every address with an owner, in order.
    pub(crate) fn addresses(&self) -> Vec<Addr> {
        let mut addresses: Vec<Addr> = self.by_address.keys().copied().collect();
        addresses.sort_unstable();
        addresses
    }
}

/// Tells whether a hardware address is a virtual router's: VRRP (RFC 9568 §7.3), HSRP (RFC 2281 §5.3).
pub(crate) fn is_virtual(mac: MacAddr) -> bool {
    matches!(mac.0, [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _] | [0x00, 0x00, 0x0c, 0x07, 0xac, _])
}
