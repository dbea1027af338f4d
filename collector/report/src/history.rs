//! The rows of the history as reports take them: what changed, where, when, from what to what.

use jiff::Timestamp;

/// One change, worded by the caller where it is a value and by this crate where it is a slug.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistoryRow {
    /// When it happened on the wire.
    pub at: Timestamp,
    /// The site.
    pub site: String,
    /// The slug of what happened, such as `appeared` or `changed-exit`.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// The value before.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
    /// Who did it; none where it was seen.
    pub by: Option<String>,
}
