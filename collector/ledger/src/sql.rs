//! Between the program's values and the database's: times, counters, lists.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Fault;

/// Gives a time in microseconds since the Unix epoch; what is finer is dropped.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// Gives back a stored time.
pub(crate) fn time(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(micros).map_err(|_| Fault::Damaged(format!("time {micros}")))
}

/// Gives a counter as the database holds it, at most its largest number.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Gives back a stored counter.
pub(crate) fn uncount(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Gives a value as JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Fault> {
    Ok(serde_json::to_string(value)?)
}

/// Gives back a value stored as JSON text.
pub(crate) fn unjson<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_beyond_the_database_saturate() {
        assert_eq!(count(u64::MAX), i64::MAX);
        assert_eq!(uncount(count(7)), 7);
    }
}
