//! Object identifiers: what names a value, ordered as SNMP orders them, arc by arc (RFC 3416 §4.2.2).

use std::fmt;
use std::str::FromStr;

/// Arcs of an identifier that SNMP carries, each of 32 bits (RFC 3416 §4.1).
const MAX_ARCS: usize = 128;

/// An object identifier of SNMP.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Oid(Vec<u32>);

/// A text that is no object identifier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no object identifier")]
pub struct NoOid {
    /// The text.
    pub text: String,
}

impl Oid {
    /// Makes an identifier of its arcs; those past the most that SNMP carries are left out.
    #[must_use]
    pub fn new(arcs: &[u32]) -> Self {
        Self(arcs.iter().copied().take(MAX_ARCS).collect())
    }

    /// Gives the arcs.
    #[must_use]
    pub fn arcs(&self) -> &[u32] {
        &self.0
    }

    /// Makes the identifier below this one.
    #[must_use]
    pub fn child(&self, arcs: &[u32]) -> Self {
        Self(self.0.iter().chain(arcs).copied().take(MAX_ARCS).collect())
    }

    /// Gives the arcs below `subtree`: a row's index; `None` where this is not in it.
    #[must_use]
    pub fn below(&self, subtree: &Self) -> Option<&[u32]> {
        self.0.strip_prefix(subtree.0.as_slice())
    }
}

impl FromStr for Oid {
    type Err = NoOid;

    fn from_str(text: &str) -> Result<Self, NoOid> {
        let arcs = text.strip_prefix('.').unwrap_or(text).split('.').map(|arc| arc.parse().ok());
        let arcs: Option<Vec<u32>> = arcs.collect();
        let arcs = arcs.filter(|arcs| arcs.len() <= MAX_ARCS);
        arcs.map(Self).ok_or_else(|| NoOid { text: text.to_owned() })
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
    fn identifiers_are_ordered_by_number_not_by_text() {
        let [nine, ten] = ["1.3.6.1.9", "1.3.6.1.10"].map(|text| text.parse::<Oid>().unwrap());
        assert!(nine < ten);
        assert!(nine < nine.child(&[0]), "what is below comes after");
    }

    #[test]
    fn an_index_is_what_is_below_a_column() {
        let column: Oid = "1.3.6.1.2.1.2.2.1.2".parse().unwrap();
        assert_eq!(column.child(&[7]).below(&column), Some([7].as_slice()));
        assert_eq!("1.3.6.1.2.1.2.2.1.20.7".parse::<Oid>().unwrap().below(&column), None);
    }

    #[test]
    fn text_is_checked_and_written_back() {
        assert_eq!(".1.3.6.1".parse::<Oid>().unwrap().to_string(), "1.3.6.1");
        for text in ["", "1..3", "1.3.x", "1.4294967296", "1.-1"] {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
    }
}
