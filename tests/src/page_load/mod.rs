//! The console's lists over many sites: a ledger that is full, and a browser that asks for pages of it.

mod browser;
mod fill;

pub use browser::Browser;
pub use fill::{NEEDLE, fill};
