//! Times for people: UTC inside, the reader's zone here.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The zone in which people are shown times: Japan's, unless `TZ` names another.
#[must_use]
pub fn zone() -> TimeZone {
    let named = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    let zone = named.and_then(|name| TimeZone::get(name.trim_start_matches(':')).ok());
    zone.or_else(|| TimeZone::get("Asia/Tokyo").ok()).unwrap_or(TimeZone::fixed(jiff::tz::offset(9)))
}

/// Writes a time to the minute, for the screen.
#[must_use]
pub fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Writes a time to the second with its offset (RFC 3339 §5.6), for machines.
pub(crate) fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Names the zone: by its name, else by its offset at `at`.
#[must_use]
pub fn zone_name(zone: &TimeZone, at: Timestamp) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => format!("UTC{}", at.to_zoned(zone.clone()).strftime("%:z")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_reads_as_the_clock_on_the_reader_s_wall() {
        let at: Timestamp = "2026-01-31T15:04:05.6Z".parse().unwrap();
        // (zone, minute, RFC 3339, name)
        let cases = [
            (
                TimeZone::get("Asia/Tokyo").unwrap(),
                "2026-02-01 00:04",
                "2026-02-01T00:04:05+09:00",
                "Asia/Tokyo",
            ),
            (TimeZone::UTC, "2026-01-31 15:04", "2026-01-31T15:04:05+00:00", "UTC"),
            (
                TimeZone::fixed(jiff::tz::offset(-4)),
                "2026-01-31 11:04",
                "2026-01-31T11:04:05-04:00",
                "UTC-04:00",
            ),
        ];
        for (zone, short, long, name) in cases {
            assert_eq!(minute(at, &zone), short, "{name}");
            assert_eq!(rfc3339(at, &zone), long, "{name}");
            assert_eq!(zone_name(&zone, at), name);
        }
    }
}
