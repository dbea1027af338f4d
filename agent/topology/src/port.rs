//! Names of ports: the same port is `GigabitEthernet1/0/1` in one table and `Gi1/0/1` in another.

use sekisho_api::Port;

/// Letters of a short name that must be there for it to stand for a long one.
const LEAST_LETTERS: usize = 2;

/// Splits a name into the letters of its kind and the number after them, both without space and case.
fn parts(name: &str) -> (String, String) {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let at = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
    let (letters, number) = name.split_at_checked(at).unwrap_or((name.as_str(), ""));
    (letters.trim_end_matches(['-', '_', '.']).to_owned(), number.to_owned())
}

/// Tells whether two names are of one port: alike, or one short for the other.
pub(crate) fn same(a: &str, b: &str) -> bool {
    if a.trim().eq_ignore_ascii_case(b.trim()) {
        return true;
    }
    let ((kind, number), (other, their)) = (parts(a), parts(b));
    let short = |short: &str, long: &str| short.len() >= LEAST_LETTERS && long.starts_with(short);
    !number.is_empty() && number == their && (kind == other || short(&kind, &other) || short(&other, &kind))
}

/// Finds a port by what somebody calls it: its name exactly, else the only one that it can be.
pub(crate) fn find<'p>(ports: &'p [Port], called: &str) -> Option<&'p Port> {
    let exact = |port: &&Port| {
        [&port.name, &port.alias].into_iter().flatten().any(|name| name.eq_ignore_ascii_case(called))
    };
    if let Some(port) = ports.iter().find(exact) {
        return Some(port);
    }
    if let Ok(mac) = called.parse::<sekisho_api::Mac>() {
        return only(ports.iter().filter(|port| port.mac == Some(mac)));
    }
    let alike = |port: &&Port| port.name.as_deref().is_some_and(|name| same(name, called));
    only(ports.iter().filter(alike))
}

fn only<'p>(mut found: impl Iterator<Item = &'p Port>) -> Option<&'p Port> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn a_short_name_is_the_port_of_the_long_one() {
        // (one, other, same)
        let cases = [
            ("GigabitEthernet1/0/1", "Gi1/0/1", true),
            ("gigabitethernet 0/1", "Gi0/1", true),
            ("Port-channel1", "Po1", true),
            ("port1.0.1", "port1.0.1", true),
            ("Gi1/0/1", "Gi1/0/11", false),
            ("TenGigabitEthernet1/0/1", "Gi1/0/1", false),
            ("FastEthernet0/1", "GigabitEthernet0/1", false),
            ("LAN1", "lan1", true),
            ("1", "Gi1", false),
            ("uplink", "uplink", true),
        ];
        for (one, other, expected) in cases {
            assert_eq!(same(one, other), expected, "{one} {other}");
        }
    }
}
