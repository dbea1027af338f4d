//! Numbers and ranges: `443`, `5900-5910`, `16-` (and up).

use std::str::FromStr;

use crate::Fault;

/// An inclusive range of numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    low: u64,
    high: u64,
}

impl Span {
    pub(crate) fn contains(self, candidate: &str) -> bool {
        candidate.parse().is_ok_and(|number: u64| (self.low..=self.high).contains(&number))
    }
}

impl FromStr for Span {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        let high = if high.is_empty() { Ok(u64::MAX) } else { high.parse() };
        match (low.parse(), high) {
            (Ok(low), Ok(high)) if low <= high => Ok(Self { low, high }),
            _ => Err(Fault::Number { value: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_both_its_ends() {
        // (range, candidate, inside)
        let cases = [
            ("443", "443", true),
            ("443", "4430", false),
            ("5900-5910", "5900", true),
            ("5900-5910", "5910", true),
            ("5900-5910", "5911", false),
            ("16-", "160", true),
            ("16-", "15", false),
            ("443", "https", false), // not a number
        ];
        for (range, candidate, inside) in cases {
            assert_eq!(range.parse::<Span>().unwrap().contains(candidate), inside, "{candidate} in {range}");
        }
    }

    #[test]
    fn what_is_not_a_range_is_refused() {
        for text in ["", "-", "-5", "9-1", "a", "1-2-3", "1,2"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
