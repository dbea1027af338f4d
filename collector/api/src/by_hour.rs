//! Octets by hour. Tens of thousands of rows have one hour, for which a map would set aside the room of eleven.

use std::collections::BTreeMap;
use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Octets by the start of their hour, in order, each hour once; on the wire a map.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ByHour(Vec<(Timestamp, u64)>);

impl FromIterator<(Timestamp, u64)> for ByHour {
    /// Of an hour that comes twice the last counts, as in a map.
    fn from_iter<I: IntoIterator<Item = (Timestamp, u64)>>(hours: I) -> Self {
        let hours: Vec<_> = hours.into_iter().collect();
        let in_order = hours.is_sorted_by(|(one, _), (next, _)| one < next);
        if in_order { Self(hours) } else { hours.into_iter().collect::<BTreeMap<_, _>>().into() }
    }
}

impl From<BTreeMap<Timestamp, u64>> for ByHour {
    fn from(hours: BTreeMap<Timestamp, u64>) -> Self {
        Self(hours.into_iter().collect())
    }
}

impl<const N: usize> From<[(Timestamp, u64); N]> for ByHour {
    fn from(hours: [(Timestamp, u64); N]) -> Self {
        hours.into_iter().collect()
    }
}

impl Deref for ByHour {
    type Target = [(Timestamp, u64)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Serialize for ByHour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(hour, octets)| (hour, octets)))
    }
}

impl<'de> Deserialize<'de> for ByHour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_stand_in_order_and_on_the_wire_as_a_map() {
        let at = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        let hours: ByHour = [(at(2), 7), (at(1), 5), (at(2), 9)].into_iter().collect();
        assert_eq!(*hours, [(at(1), 5), (at(2), 9)]);
        let json = serde_json::to_string(&hours).unwrap();
        assert_eq!(json, r#"{"1970-01-01T01:00:00Z":5,"1970-01-01T02:00:00Z":9}"#);
        assert_eq!(serde_json::from_str::<ByHour>(&json).unwrap(), hours);
    }
}
