//! Who holds a hardware address's block: the IEEE registries MA-L (24 bits), MA-M (28) and MA-S (36).

/// Sorted lines of prefix in hexadecimal (6, 7 or 9 digits), tab, holder; searched where they lie, so that
/// of 1.5 megabytes only the pages that a search touches become resident.
static TABLE: &str = include_str!("../tables/oui.tsv");

/// Digits of the prefixes, the longest first.
const LENGTHS: [usize; 3] = [9, 7, 6];

/// Gives the holder of an address's block, of the longest block that is registered; none for addresses
/// that software made up (IEEE 802, the U/L bit).
#[must_use]
pub fn vendor(mac: [u8; 6]) -> Option<&'static str> {
    let [first, ..] = mac;
    if first & 0x03 != 0 {
        return None;
    }
    let mut digits = [0; 12];
    let nibbles = mac.into_iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.iter_mut().zip(nibbles).for_each(|(digit, nibble)| *digit = hex(nibble));
    for len in LENGTHS {
        let (prefix, holder) = at_or_before(digits.get(..len)?)?.split_once('\t')?;
        // A block that holds the address is the longest: what lies in it would stand after it.
        if digits.starts_with(prefix.as_bytes()) {
            return Some(holder);
        }
        // A neighbour in the same 24 bits may hide the block around both; beyond them there is none.
        if prefix.as_bytes().get(..6) != digits.get(..6) {
            return None;
        }
    }
    None
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }
}

/// The last line whose prefix is not after these digits.
fn at_or_before(digits: &[u8]) -> Option<&'static str> {
    let mut found = None;
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let table = TABLE.as_bytes();
        let (before, after) = table.split_at_checked(low.midpoint(high))?;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
        let line = TABLE.get(start..before.len() + rest)?;
        let prefix_len = line.find('\t')?;
        if line.as_bytes().get(..prefix_len)? <= digits {
            found = Some(line);
            low = before.len() + rest + 1;
        } else {
            high = start;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_blocks_of_all_three_sizes() {
        let keys: Vec<&str> = TABLE.lines().filter_map(|line| line.split('\t').next()).collect();
        assert!(keys.is_sorted());
        for len in [6, 7, 9] {
            assert!(keys.iter().filter(|key| key.len() == len).count() > 1000, "{len} digits");
        }
    }

    #[test]
    fn the_longest_block_tells_the_holder() {
        // (address, why, holder)
        let cases = [
            ([0x00, 0xa0, 0xde, 0x12, 0x34, 0x56], "a whole block of 24 bits", Some("YAMAHA CORPORATION")),
            ([0x02, 0xa0, 0xde, 0, 0, 0], "made up by software", None),
            ([0x01, 0xa0, 0xde, 0, 0, 0], "a group", None),
        ];
        for (mac, why, expected) in cases {
            assert_eq!(vendor(mac).map(str::to_uppercase).as_deref(), expected, "{why}");
        }
        // A block of 36 bits lies in one of 24 that the registry itself holds.
        let shared =
            TABLE.lines().find(|line| line.starts_with("70B3D5") && line.find('\t') == Some(9)).unwrap();
        let (prefix, expected) = shared.split_once('\t').unwrap();
        let byte = |at: usize| u8::from_str_radix(&format!("{prefix}0")[at..at + 2], 16).unwrap();
        let mac = [byte(0), byte(2), byte(4), byte(6), byte(8), 0x77];
        assert_eq!(vendor(mac), Some(expected));
    }

    #[test]
    fn every_block_s_first_and_last_address_is_told_as_a_look_through_all_lines_tells_it() {
        let blocks: BTreeMap<&str, &str> = TABLE.lines().filter_map(|line| line.split_once('\t')).collect();
        let by_length = |digits: &str| LENGTHS.iter().find_map(|len| blocks.get(&digits[..*len]).copied());
        let nibble = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
        for (prefix, fill) in blocks.keys().flat_map(|prefix| [(prefix, "0"), (prefix, "F")]) {
            let digits = format!("{prefix}{}", fill.repeat(12 - prefix.len()));
            let mut mac = [0; 6];
            for (byte, pair) in mac.iter_mut().zip(digits.as_bytes().chunks(2)) {
                *byte = nibble(pair[0]) << 4 | nibble(pair[1]);
            }
            let expected = by_length(&digits).filter(|_| mac[0] & 3 == 0);
            assert_eq!(vendor(mac), expected, "{digits}");
        }
        assert_eq!(vendor([0xfc, 0xff, 0xff, 0, 0, 0]), blocks.get("FCFFFF").copied());
    }
}
