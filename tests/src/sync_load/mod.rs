//! Many sites that send their ledgers to a real collector: what each sends, how it sends, what that took.

mod meter;
mod script;
mod site;

pub use meter::{Meter, Taken};
pub use script::Script;
pub use site::{AT_ONCE, Seat, Tally, Window, invite, take_a_seat};
