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
//! A rule whose subject is a question asserts nothing: it says what to ask where no category could be told.
//!
//! | file | what |
//! |---|---|
//! | `written`, `rule`, `condition`, `pattern` | a rule as it is written, and as it is checked |
//! | `field`, `facts` | what rules look at, and what is known of one subject |
//! | `set`, `index`, `telling` | all rules together; finding the few that can match, and the values that matter |
//! | `folder` | a site's own rules |
//! | `device` | what a device's SNMP objects say of its make: rules in a form of their own |
//! | `verdict`, `say` | what follows, and how it is told |
//!
//! Invariant: no clock, no network. Files are read once, by [`Rules::load`].

#![forbid(unsafe_code)]

mod address;
pub mod asn;
mod condition;
pub mod device;
mod domain;
mod error;
mod facts;
mod field;
pub mod folder;
mod index;
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
mod written;

#[cfg(test)]
mod tests;

pub use address::{Cidr, MacPrefix};
pub use domain::DomainPattern;
pub use error::{Fault, Place, RuleError};
pub use facts::Facts;
pub use field::{Field, Subject};
pub use oid::Oid;
pub use rule::Rule;
pub use set::Rules;
pub use verdict::{Assert, Outcome, Tie, Verdict, settle, ties};
pub use written::Source;
