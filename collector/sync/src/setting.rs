//! Settings that a collector hands down to its sites: which there are, and how each is read, at the collector
//! before it is sent and at the box before it is taken.
//!
//! | key | what | beyond what the box's own file may say |
//! |---|---|---|
//! | `internal` | the prefixes that are inside | none so wide that what is outside would vanish |
//! | `sync.every` | how often the collector is met | |
//! | `sync.bandwidth` | octets a second | so that a correction still gets down |
//! | `sync.hours` | when it may be met | so that the box is met every day |
//! | `snmp.subnets` | who is asked over SNMP | only within what the box's file allows |
//!
//! There is no other, and none is about what could harm: no credential, path, listening address, nor the
//! collector's own address and key. Devices cannot be named one by one for SNMP, for a medical device that is
//! named is asked: in a subnet it is left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Time;

use crate::value;

/// Every key that can be handed down.
pub const KEYS: [&str; 5] = ["internal", "snmp.subnets", "sync.bandwidth", "sync.every", "sync.hours"];

/// Values of one setting: more prefixes than the largest hospital group has are a list of something else.
pub const MAX_VALUES: usize = 1_000;
/// The widest subnet, in bits that are free: a /20 of IPv4 is more than a hospital's floor.
pub const MAX_FREE_BITS: u32 = 12;
/// More often, the collector of two thousand sites would do nothing but say that there is nothing new.
const MIN_EVERY: Duration = Duration::from_secs(10);
/// Less often, nobody would notice that a box is dead.
const MAX_EVERY: Duration = Duration::from_hours(24);
/// Less is no line: a batch would take longer than anybody waits for an answer.
const MIN_BANDWIDTH: u64 = 1024;
/// Less, and a batch of a megabyte would keep a correction waiting for minutes.
const MIN_HANDED_BANDWIDTH: u64 = 8 * 1024;
/// Shorter hours may pass by before the box looks at its clock after a failure.
const MIN_HANDED_HOURS: SignedDuration = SignedDuration::from_hours(2);
/// What nobody on the Internet has: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 §2.5.6.
const CLOSED: [(IpAddr, u8); 7] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];
/// What stands for all of IPv4 or for anybody on the Internet: RFC 6052 §2.1, RFC 4380, RFC 3056, RFC 4291 §2.5.5.
const OTHERS: [(IpAddr, u8); 4] = [
    (IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0)), 32),
    (IpAddr::V6(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0)), 32),
    (IpAddr::V6(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), 64),
];
/// The widest prefix that a hospital has of its own on the Internet.
const MIN_OPEN_LENGTH: (u8, u8) = (16, 32);

/// A setting that was handed down, read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Setting {
    /// The prefixes that are inside: addresses and lengths.
    Internal(Vec<(IpAddr, u8)>),
    /// How often the collector is met.
    Every(Duration),
    /// The most octets a second.
    Bandwidth(u64),
    /// The hours in which it may be met.
    Hours(Time, Time),
    /// Subnets: an address of each, and how many bits are free.
    Subnets(Vec<(IpAddr, u32)>),
}

/// A value that cannot be used: its text's name in the catalogue's section `config`, and what the text's
/// places are filled with.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name}: {values:?}")]
pub struct Unsound {
    /// The text's name.
    pub name: &'static str,
    /// What its places are filled with.
    pub values: Vec<(&'static str, String)>,
}

impl Unsound {
    fn of(name: &'static str, value: &str) -> Self {
        Self { name, values: vec![("value", value.to_owned())] }
    }

    fn between(min: &str, max: &str) -> Self {
        Self { name: "out-of-bounds", values: vec![("min", min.to_owned()), ("max", max.to_owned())] }
    }
}

/// Reads what is handed down under a key.
pub fn read(key: &str, values: &[String]) -> Result<Setting, Unsound> {
    if values.len() > MAX_VALUES {
        return Err(Unsound { name: "too-many", values: vec![("max", MAX_VALUES.to_string())] });
    }
    match key {
        "internal" => each(values, internal).map(Setting::Internal),
        "snmp.subnets" => each(values, subnet).map(Setting::Subnets),
        "sync.every" => every(one(values)?).map(Setting::Every),
        "sync.bandwidth" => {
            let text = one(values)?;
            let bandwidth = bandwidth(text)?;
            if bandwidth < MIN_HANDED_BANDWIDTH {
                return Err(Unsound::of("handed-bandwidth", text));
            }
            Ok(Setting::Bandwidth(bandwidth))
        }
        "sync.hours" => {
            let text = one(values)?;
            let (from, to) = hours(text)?;
            let open = to.duration_since(from);
            // Over midnight.
            let open = if open.is_negative() { open + SignedDuration::from_hours(24) } else { open };
            if open < MIN_HANDED_HOURS {
                return Err(Unsound::of("handed-hours", text));
            }
            Ok(Setting::Hours(from, to))
        }
        _ => Err(Unsound { name: "handed-unknown", values: vec![("keys", KEYS.join(", "))] }),
    }
}

fn one(values: &[String]) -> Result<&str, Unsound> {
    match values {
        [value] => Ok(value),
        _ => Err(Unsound { name: "handed-one", values: Vec::new() }),
    }
}

fn each<T>(values: &[String], read: impl Fn(&str) -> Result<T, Unsound>) -> Result<Vec<T>, Unsound> {
    if values.is_empty() {
        return Err(Unsound { name: "handed-none", values: Vec::new() });
    }
    values.iter().map(|value| read(value)).collect()
}

/// Reads how often the collector is met.
pub fn every(text: &str) -> Result<Duration, Unsound> {
    let every = value::duration(text).ok_or_else(|| Unsound::of("bad-duration", text))?;
    if (MIN_EVERY..=MAX_EVERY).contains(&every) { Ok(every) } else { Err(Unsound::between("10s", "24h")) }
}

/// Reads how many octets may go up in a second.
pub fn bandwidth(text: &str) -> Result<u64, Unsound> {
    let size = value::size(text).filter(|size| *size >= MIN_BANDWIDTH);
    size.ok_or_else(|| Unsound::of("bad-bandwidth", text))
}

/// Reads hours such as `22:00-06:00`.
pub fn hours(text: &str) -> Result<(Time, Time), Unsound> {
    let hours = text.split_once('-');
    let hours = hours.and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
    // The same hour twice would be never, or always.
    let hours = hours.filter(|(from, to): &(Time, Time)| from != to);
    hours.ok_or_else(|| Unsound::of("bad-hours", text))
}

/// Reads a subnet that is not too wide: an address of it, and how many bits are free.
pub fn subnet(text: &str) -> Result<(IpAddr, u32), Unsound> {
    let parsed = || {
        let (address, length) = text.trim().split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
        let free = bits.checked_sub(length.parse().ok()?)?;
        let address = address.to_canonical();
        (free <= MAX_FREE_BITS && !address.is_multicast()).then_some((address, free))
    };
    parsed().ok_or_else(|| Unsound {
        name: "bad-subnet",
        values: vec![
            ("value", text.to_owned()),
            ("longest", (32 - MAX_FREE_BITS).to_string()),
            ("longest-v6", (128 - MAX_FREE_BITS).to_string()),
        ],
    })
}

/// Reads a prefix of the inside that leaves the outside where it is.
fn internal(text: &str) -> Result<(IpAddr, u8), Unsound> {
    let parsed = || {
        let (address, length) =
            text.split_once('/').map_or((text, None), |(address, len)| (address, Some(len)));
        let address: IpAddr = address.trim().parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length: u8 = length.map_or(Some(longest), |length| length.trim().parse().ok())?;
        (length <= longest && address.to_canonical() == address).then_some((address, length))
    };
    let (address, length) = parsed().ok_or_else(|| Unsound::of("bad-prefix", text))?;
    let (v4, v6) = MIN_OPEN_LENGTH;
    let within = |(block, bits): &(IpAddr, u8)| length >= *bits && same_bits(*block, address, *bits);
    let is_wide = length < if address.is_ipv4() { v4 } else { v6 } && !CLOSED.iter().any(within);
    if is_wide || OTHERS.iter().any(within) {
        return Err(Unsound::of("handed-wide", text));
    }
    Ok((address, length))
}

fn same_bits(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits.into()
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits.into()
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sound_is_read_and_what_could_harm_is_not() {
        // (key, values, what is wrong)
        let cases: [(&str, &[&str], Option<&str>); 38] = [
            ("internal", &["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.7"], None),
            ("internal", &["fd00::/8", "100.64.0.0/10", "198.51.0.0/16"], None),
            ("internal", &["0.0.0.0/0"], Some("handed-wide")), // nothing would be outside
            ("internal", &["10.0.0.0/7"], Some("handed-wide")),
            ("internal", &["192.0.2.0/15"], Some("handed-wide")),
            ("internal", &["::/0"], Some("handed-wide")),
            ("internal", &["2001:db8::/31"], Some("handed-wide")),
            ("internal", &["64:ff9b::/96"], Some("handed-wide")), // all of IPv4 behind a translator
            ("internal", &["2001::/32"], Some("handed-wide")),
            ("internal", &["2002:c000:204::/48"], Some("handed-wide")),
            ("internal", &["::192.0.2.0/120"], Some("handed-wide")),
            ("internal", &["::ffff:0.0.0.0/96"], Some("bad-prefix")), // all of IPv4
            ("internal", &["ten"], Some("bad-prefix")),
            ("internal", &["10.0.0.0/33"], Some("bad-prefix")),
            ("internal", &[], Some("handed-none")),
            ("snmp.subnets", &["192.0.2.0/24", "2001:db8::/120"], None),
            ("snmp.subnets", &["192.0.2.0/19"], Some("bad-subnet")),
            ("snmp.subnets", &["192.0.2.1"], Some("bad-subnet")),
            ("snmp.subnets", &["224.0.0.0/24"], Some("bad-subnet")),
            ("sync.every", &["10min"], None),
            ("sync.every", &["10"], Some("bad-duration")),
            ("sync.every", &["1s"], Some("out-of-bounds")),
            ("sync.every", &["25h"], Some("out-of-bounds")),
            ("sync.every", &["1h", "2h"], Some("handed-one")),
            ("sync.every", &[], Some("handed-one")),
            ("sync.bandwidth", &["64KiB"], None),
            ("sync.bandwidth", &["1KiB"], Some("handed-bandwidth")), // the box's own file may
            ("sync.bandwidth", &["1B"], Some("bad-bandwidth")),
            ("sync.bandwidth", &["fast"], Some("bad-bandwidth")),
            ("sync.hours", &["22:00-06:00"], None),
            ("sync.hours", &["22:00-00:00"], None),
            ("sync.hours", &["22:00-22:00"], Some("bad-hours")),
            ("sync.hours", &["03:00-03:30"], Some("handed-hours")),
            ("sync.hours", &["23:59-00:30"], Some("handed-hours")),
            ("sync.hours", &["always"], Some("bad-hours")),
            ("sync.url", &["https://192.0.2.66:8444"], Some("handed-unknown")),
            ("ledger", &["/etc/passwd"], Some("handed-unknown")),
            ("snmp.targets", &["192.0.2.1"], Some("handed-unknown")),
        ];
        for (key, values, wrong) in cases {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            let found = read(key, &values);
            assert_eq!(found.as_ref().err().map(|error| error.name), wrong, "{key} {values:?}: {found:?}");
        }
        let many = vec!["10.0.0.0/8".to_owned(); MAX_VALUES + 1];
        assert_eq!(read("internal", &many).unwrap_err().name, "too-many");
    }

    #[test]
    fn every_key_is_known() {
        for key in KEYS {
            assert_ne!(read(key, &["x".to_owned()]).unwrap_err().name, "handed-unknown", "{key}");
        }
    }
}
