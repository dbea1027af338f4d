//! A parser's result to a recogniser's answer.

use sekisho_decode::DecodeError;

use crate::{Found, Look, Over, STREAM_BUDGET, Sight};

/// Turns what a parser made of `sight` into an answer.
///
/// A stream that ends early may go on; a datagram does not, and one that a small snaplen cut before
/// its marks cannot be told.
pub(crate) fn settle(sight: &Sight<'_>, read: Result<Found, DecodeError>) -> Look {
    match read {
        Ok(found) => Look::Is(found),
        Err(error) => refuse(sight, error),
    }
}

/// The answer where a parser failed.
pub(crate) fn refuse(sight: &Sight<'_>, error: DecodeError) -> Look {
    let may_go_on = sight.over == Over::Tcp && sight.data.len() < STREAM_BUDGET;
    match error {
        DecodeError::Truncated { .. } if may_go_on => Look::More,
        _ => Look::No,
    }
}
