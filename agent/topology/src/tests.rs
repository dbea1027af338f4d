//! Made-up networks in, what their equipment would say read back: every link right, none invented.

mod decided;
mod disagreeing;
mod lab;
mod links;
mod plugged;
mod random;
mod routed;
