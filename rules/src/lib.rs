//! The rules: facts about a connection, a device or an exit in, ranked verdicts with their reasons out.
//!
//! A rule is one TOML file; its id is its path under `data/`. It says what must be seen (`[[match]]`), what
//! follows (`[assert]`), how to tell a person (`[say]`, English and Japanese), who states the fact it rests on
//! (`[[source]]`), and carries its own tests (`[[vector]]`). Every rule is checked when it is loaded, a site's
//! own rules no less than ours.
//!
//! Every rule is evaluated; none stops another. Verdicts are ranked by confidence, so the order of files
//! decides nothing, and two rules that contradict each other at equal confidence are a tie that tests refuse.
//!
//! [`Rules::evaluate`] is one round over the facts given. Some rules join what others conclude (a CT *and* a
//! tunnel): [`Rules::conclude`] feeds the service, organisation and tunnel of each round to the next.
//!
//! | unit | meaning |
//! |---|---|
//! | confidence | percent; up to 30 is a guess to be confirmed by asking, from 80 a published mark |
//! | `read` | the day a person last read the source |
//!
//! Invariant: no clock, no network. Files are read once, by [`Rules::load`].

#![forbid(unsafe_code)]

mod address;
pub mod asn;
mod condition;
mod domain;
mod error;
mod facts;
mod field;
mod number;
mod oid;
pub mod oui;
mod pattern;
mod rule;
mod say;
mod set;
mod telling;
mod text;
mod verdict;

#[cfg(test)]
mod tests;

pub use address::{Cidr, MacPrefix};
pub use domain::DomainPattern;
pub use error::{Fault, RuleError};
pub use facts::Facts;
pub use field::{Field, Subject};
pub use oid::Oid;
pub use rule::{Rule, Source};
pub use set::Rules;
pub use verdict::{Assert, Outcome, Tie, Verdict, settle, ties};
