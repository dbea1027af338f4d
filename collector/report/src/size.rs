//! Octets in the words of people: powers of 1,000, three figures at most before the unit.

/// The units above the octet; `u64` ends in the last.
const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];

/// Writes a number of octets with one decimal, such as `1.5 GB`.
#[must_use]
pub fn human(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut scale: u128 = 1_000;
    let mut unit = "kB";
    for larger in UNITS.iter().skip(1) {
        // 999.95 is already 1000.0 of this unit.
        if tenths(bytes, scale) < 10_000 {
            break;
        }
        scale *= 1_000;
        unit = larger;
    }
    let tenths = tenths(bytes, scale);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

fn tenths(bytes: u64, scale: u128) -> u128 {
    (u128::from(bytes) * 10 + scale / 2) / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_rounded_to_the_nearest_tenth_of_the_largest_unit() {
        // (octets, text)
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_549, "1.5 kB"),
            (1_550, "1.6 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (1_500_000_000, "1.5 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human(bytes), text, "{bytes}");
        }
    }
}
