//! Who announces an address: autonomous systems, and the country where most of their blocks are registered.
//!
//! The table is laid out by `tables/refresh-asn`, which documents it, and read where it lies: of its nine
//! megabytes only the pages that a search touches become resident.

use std::net::IpAddr;

/// The table as [`refresh-asn`](../tables/refresh-asn) wrote it.
static TABLE: &[u8] = include_bytes!("../tables/asn.bin");

const MAGIC: [u8; 8] = *b"SKASN1\0\0";

/// An autonomous system. A hint: blocks are lent, moved and announced for others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct System {
    /// Its number.
    pub number: u32,
    /// Its holder's name, empty where unknown.
    pub name: &'static str,
    /// ISO 3166 code of the country where most of its blocks are registered.
    pub country: Option<&'static str>,
}

/// Gives the system that announces an address; none for private and other unannounced space.
#[must_use]
pub fn system(address: IpAddr) -> Option<System> {
    const LAID_OUT: Option<Layout> = Layout::of(TABLE);
    let layout = LAID_OUT?;
    let range = match address {
        IpAddr::V4(address) => at_or_before(layout.v4, &address.octets())?,
        IpAddr::V6(address) => {
            let (upper, _) = address.octets().split_first_chunk::<8>().map(|(upper, rest)| (*upper, rest))?;
            layout.v4.len() + at_or_before(layout.v6, &upper)?
        }
    };
    layout.owner(u32::from_be_bytes(*layout.held.get(range)?))
}

/// The last start that is not after `key`: big-endian numbers compare as their bytes do.
fn at_or_before<const N: usize>(starts: &[[u8; N]], key: &[u8; N]) -> Option<usize> {
    starts.partition_point(|start| start <= key).checked_sub(1)
}

/// The table's parts.
#[derive(Clone, Copy)]
struct Layout {
    v4: &'static [[u8; 4]],
    v6: &'static [[u8; 8]],
    held: &'static [[u8; 4]],
    owners: &'static [[u8; 12]],
    text: &'static [u8],
}

impl Layout {
    const fn of(table: &'static [u8]) -> Option<Self> {
        let Some((magic, rest)) = table.split_first_chunk::<8>() else { return None };
        if u64::from_be_bytes(*magic) != u64::from_be_bytes(MAGIC) {
            return None;
        }
        let Some((counts, rest)) = rest.split_first_chunk::<16>() else { return None };
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *counts;
        let v4 = u32::from_be_bytes([a, b, c, d]) as usize;
        let v6 = u32::from_be_bytes([e, f, g, h]) as usize;
        let owners = u32::from_be_bytes([i, j, k, l]) as usize;
        let Some((v4, rest)) = rest.split_at_checked(v4 * 4) else { return None };
        let Some((v6, rest)) = rest.split_at_checked(v6 * 8) else { return None };
        let (v4, v6) = (v4.as_chunks().0, v6.as_chunks().0);
        let Some((held, rest)) = rest.split_at_checked((v4.len() + v6.len()) * 4) else { return None };
        let Some((owners, text)) = rest.split_at_checked(owners * 12) else { return None };
        Some(Self { v4, v6, held: held.as_chunks().0, owners: owners.as_chunks().0, text })
    }

    fn owner(&self, number: u32) -> Option<System> {
        let [n1, n2, n3, n4, country @ .., l1, l2, o1, o2, o3, o4] = self.owners.get(number as usize)?;
        let number = u32::from_be_bytes([*n1, *n2, *n3, *n4]);
        let offset = u32::from_be_bytes([*o1, *o2, *o3, *o4]) as usize;
        let name = self.text.get(offset..offset + usize::from(u16::from_be_bytes([*l1, *l2])))?;
        let country = std::str::from_utf8(country).ok().filter(|country| *country != "\0\0");
        (number != 0).then_some(System { number, name: std::str::from_utf8(name).ok()?, country })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Option<System> {
        system(address.parse().unwrap())
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        let layout = Layout::of(TABLE).unwrap();
        assert!(layout.v4.len() > 300_000 && layout.v6.len() > 80_000, "{}", layout.v4.len());
        assert_eq!(layout.held.len(), layout.v4.len() + layout.v6.len());
        assert!(layout.v4.is_sorted() && layout.v6.is_sorted());
        for owner in layout.held {
            let number = u32::from_be_bytes(*owner);
            assert_eq!(layout.owner(number).is_some(), number != 0, "owner {number}");
        }
    }

    #[test]
    fn an_announced_address_has_its_system_and_private_space_has_none() {
        // Allocations that have stood for decades, among them the largest carriers of Japan.
        let cases = [
            ("210.130.1.1", 2497, "JP"),
            ("118.22.0.1", 4713, "JP"),
            ("133.11.0.1", 2501, "JP"),
            ("2001:240::1", 2497, "JP"),
            ("8.8.8.8", 15169, "US"),
        ];
        for (address, number, country) in cases {
            let system = of(address).unwrap();
            assert_eq!((system.number, system.country), (number, Some(country)), "{address}: {system:?}");
            assert!(!system.name.is_empty(), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "192.168.1.1",
            "100.64.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "fc00::1",
        ] {
            assert_eq!(of(address), None, "{address}");
        }
    }

    #[test]
    fn a_table_cut_anywhere_is_refused_or_reads_on_without_a_panic() {
        for len in (0..64).chain([TABLE.len() / 2, TABLE.len() - 1]) {
            if let Some(layout) = Layout::of(&TABLE[..len]) {
                let _ = layout.owner(layout.owners.len() as u32 - 1);
            }
        }
    }
}
