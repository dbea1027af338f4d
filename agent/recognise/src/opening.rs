//! Whether a stream opens with one of a protocol's fixed texts.

use crate::{Found, Look, Sight};

/// What the first bytes say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Opening {
    /// One of the texts is there.
    Is,
    /// What is there is the beginning of one of them.
    Cut,
    /// Something else.
    Other,
}

/// Compares a stream's start with each of `texts`.
pub(crate) fn opening(stream: &[u8], texts: &[&[u8]]) -> Opening {
    let mut cut = false;
    for text in texts {
        if stream.starts_with(text) {
            return Opening::Is;
        }
        cut |= text.starts_with(stream);
    }
    if cut { Opening::Cut } else { Opening::Other }
}

/// Believes a stream seen from its start that opens with one of `texts`.
pub(crate) fn believe(sight: &Sight<'_>, texts: &[&[u8]], found: Found) -> Look {
    match opening(sight.data, texts) {
        Opening::Is => Look::Is(found),
        Opening::Cut if sight.from_start => Look::More,
        Opening::Cut | Opening::Other => Look::No,
    }
}
