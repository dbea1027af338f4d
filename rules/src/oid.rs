//! Object identifiers (X.660), DICOM's UIDs among them: compared arc by arc.

use std::fmt;
use std::str::FromStr;

use crate::Fault;

/// An object identifier.
///
/// An arc has up to 128 bits, which holds UUID-derived UIDs (`2.25.…`, ITU-T X.667).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Oid(Vec<u128>);

impl Oid {
    /// Tells whether `other` is this identifier or below it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Tells whether `text` is this identifier or, where `below` says so, one below it: what parsing it and
    /// comparing would say, without keeping its arcs.
    pub(crate) fn is(&self, text: &str, below: bool) -> bool {
        let mut arcs = digits(text).split('.').map(arc);
        self.0.iter().all(|own| arcs.next().flatten() == Some(*own))
            && arcs.all(|further| below && further.is_some())
    }
}

/// What remains of a text without what others write around it: Net-SNMP a leading dot, DICOM a NUL that
/// makes its length even (PS3.5 §9.1).
fn digits(text: &str) -> &str {
    let digits = text.trim_end_matches('\0');
    digits.strip_prefix('.').unwrap_or(digits)
}

fn arc(text: &str) -> Option<u128> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

impl FromStr for Oid {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let arcs: Option<Vec<u128>> = digits(text).split('.').map(arc).collect();
        arcs.map(Self).ok_or_else(|| Fault::Oid { value: text.to_owned() })
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, arc) in self.0.iter().enumerate() {
            if at > 0 {
                out.write_str(".")?;
            }
            write!(out, "{arc}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtree_holds_its_own_arcs_only() {
        // (subtree, candidate, inside)
        let cases = [
            ("1.3.6.1.4.1.14988.1", "1.3.6.1.4.1.14988.1", true),
            ("1.3.6.1.4.1.14988.1", ".1.3.6.1.4.1.14988.1.1.3", true),
            ("1.3.6.1.4.1.14988.1", "1.3.6.1.4.1.14988.10", false), // same text prefix, other arc
            ("1.3.6.1.4.1.14988.1", "1.3.6.1.4.1.14988", false),    // the parent
        ];
        for (subtree, candidate, inside) in cases {
            let [subtree, candidate] = [subtree, candidate].map(|text| text.parse::<Oid>().unwrap());
            assert_eq!(subtree.is(&candidate.to_string(), true), inside, "{candidate:?} in {subtree:?}");
            assert_eq!(subtree.contains(&candidate), inside, "{candidate:?} in {subtree:?}");
        }
    }

    #[test]
    fn text_is_checked_and_written_back() {
        assert_eq!(".1.3.6.1".parse::<Oid>().unwrap().to_string(), "1.3.6.1");
        assert_eq!("1.2.840\0".parse::<Oid>().unwrap().to_string(), "1.2.840");
        assert!("2.25.329800735698586629295641978511506172918".parse::<Oid>().is_ok());
        for text in ["", ".", "1..2", "1.2.", "1.+2", "1.x", "1.2.840.10008.*"] {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
    }
}
