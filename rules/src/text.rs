//! Text patterns: equality without regard to ASCII case, with `*` for anything at either end.

use crate::Fault;
use crate::index::{Start, start};

/// A text to compare with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TextPattern {
    /// In lower case, without the `*`.
    core: String,
    open_start: bool,
    open_end: bool,
}

impl TextPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let (open_start, rest) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
        let (open_end, core) = rest.strip_suffix('*').map_or((false, rest), |core| (true, core));
        if core.is_empty() || core.contains('*') {
            return Err(Fault::Text { value: text.to_owned() });
        }
        Ok(Self { core: core.to_ascii_lowercase(), open_start, open_end })
    }

    /// How every text that matches begins; nothing where that is too little to go by.
    pub(crate) fn start(&self) -> Option<Start> {
        let start = start(&self.core);
        let known = !self.open_end || !start.contains(&0);
        (!self.open_start && known).then_some(start)
    }

    pub(crate) fn matches(&self, candidate: &str) -> bool {
        let (core, candidate) = (self.core.as_bytes(), candidate.as_bytes());
        let same = |part: &[u8]| part.eq_ignore_ascii_case(core);
        match (self.open_start, self.open_end) {
            (false, false) => same(candidate),
            (false, true) => candidate.get(..core.len()).is_some_and(same),
            (true, false) => {
                candidate.len().checked_sub(core.len()).and_then(|at| candidate.get(at..)).is_some_and(same)
            }
            (true, true) => candidate.windows(core.len()).any(same),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_at_an_end_opens_that_end() {
        // (pattern, candidate, matches)
        let cases = [
            ("MSFT 5.0", "msft 5.0", true),
            ("MSFT 5.0", "MSFT 5.0x", false),
            ("MSFT*", "MSFT 5.0", true),
            ("MSFT*", "MS", false), // shorter than the pattern
            ("*router", "IOS router", true),
            ("*router", "router 1", false),
            ("*Axeda*", "PTC AXEDA Agent", true),
            ("*axeda*", "axe", false),
            ("*日本*", "西日本電信電話", true),
        ];
        for (pattern, candidate, matches) in cases {
            assert_eq!(
                TextPattern::parse(pattern).unwrap().matches(candidate),
                matches,
                "{candidate} in {pattern}"
            );
        }
    }

    #[test]
    fn a_star_elsewhere_and_an_empty_text_are_refused() {
        for text in ["", "*", "**", "a*b"] {
            assert!(TextPattern::parse(text).is_err(), "{text}");
        }
    }
}
