//! The benchmark: Sekisho, the yardstick and every installed peer on the same capture, in turn.
//!
//! A capture with its truth goes in; what each program used of processor and memory comes out, beside
//! whether what Sekisho said is true: speed without accuracy is worth nothing. Processor time is user
//! and system time of the program and of all it started. Figures of one run compare with each other;
//! with another machine's only the ratios do.

mod capture;
mod child;
mod figures;
mod gate;
pub mod live;
mod machine;
mod peer;

pub use capture::Capture;
pub use child::{End, Errand, Usage, measure};
pub use figures::{Row, markdown, text};
pub use gate::{Check, check_agent, check_floor};
pub use machine::describe;
pub use peer::{Contender, Place, peers};
