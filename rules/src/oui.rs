//! Who holds a hardware address's block: the IEEE registries MA-L (24 bits), MA-M (28) and MA-S (36).

use std::sync::LazyLock;

/// Sorted lines of prefix in hexadecimal (6, 7 or 9 digits), tab, holder.
static TABLE: &str = include_str!("../tables/oui.tsv");

/// Each line's prefix as a number with a 1 before its first digit, and where the line starts; in order.
/// 53,000 lines are 840 KiB.
static LINES: LazyLock<Vec<(u64, u32)>> = LazyLock::new(|| {
    let mut offset = 0;
    let mut lines = Vec::with_capacity(TABLE.len() / 28);
    for line in TABLE.as_bytes().split_inclusive(|byte| *byte == b'\n') {
        lines.push((line.iter().copied().map_while(digit).fold(0, push), offset));
        offset += line.len() as u32;
    }
    lines.sort_unstable();
    lines
});

/// A hexadecimal digit's value.
fn digit(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}

/// Adds a digit to a number that a leading 1 tells the digits of.
const fn push(number: u64, digit: u64) -> u64 {
    (if number == 0 { 1 } else { number }) << 4 | digit
}

/// Gives the holder of an address's block, of the longest block that is registered; none for addresses
/// that software made up (IEEE 802, the U/L bit).
#[must_use]
pub fn vendor(mac: [u8; 6]) -> Option<&'static str> {
    let [first, ..] = mac;
    if first & 0x03 != 0 {
        return None;
    }
    let digits = mac.into_iter().flat_map(|byte| [byte >> 4, byte & 0x0f]).map(u64::from);
    [9, 7, 6].into_iter().find_map(|len| holder(digits.clone().take(len).fold(0, push)))
}

fn holder(prefix: u64) -> Option<&'static str> {
    let at = LINES.binary_search_by_key(&prefix, |(key, _)| *key).ok()?;
    let (_, offset) = LINES.get(at)?;
    let line = TABLE.get(*offset as usize..)?.lines().next()?;
    line.split_once('\t').map(|(_, holder)| holder)
}

#[cfg(test)]
mod tests {
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
}
