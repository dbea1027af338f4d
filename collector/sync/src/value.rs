//! Values with a unit: text in, a duration or a number of octets out.

use std::time::Duration;

use jiff::SignedDuration;

/// Units of size, in octets; the longer endings first, because `MiB` ends in `B` too.
const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Parses a duration such as `5min`, `90s` or `1h 30min`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    // A bare number would leave it to the reader what it counts.
    text.parse::<SignedDuration>().ok()?.try_into().ok()
}

/// Parses a size such as `256MiB`.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    let (number, unit) = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let number = number.trim_end();
    // `parse` would take a sign, too.
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse::<u64>().ok()?.checked_mul(*unit)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_needs_a_unit_and_fits_64_bits() {
        // (text, octets)
        let cases = [
            ("256MiB", Some(256 << 20)),
            ("256 MiB", Some(256 << 20)),
            ("1GB", Some(1_000_000_000)),
            ("0B", Some(0)),
            ("256", None),   // octets or megabytes?
            ("256M", None),  // which of the two?
            ("-1MiB", None), // never
            ("+1MiB", None),
            ("1.5GiB", None), // write 1536MiB
            ("MiB", None),
            ("99999999999GiB", None), // beyond 64 bits
        ];
        for (text, octets) in cases {
            assert_eq!(size(text), octets, "{text}");
        }
    }

    #[test]
    fn a_duration_needs_a_unit_and_does_not_run_backwards() {
        let cases = [
            ("5min", Some(300)),
            ("90s", Some(90)),
            ("1h 30min", Some(5_400)),
            ("300", None),
            ("-5min", None),
            ("", None),
            ("1month", None), // of how many days?
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
