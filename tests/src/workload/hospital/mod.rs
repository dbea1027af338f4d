//! The hospital mix. Two passes: `plan` draws the flows and shares out the packets so that the
//! total is exact, then `play` plays them in time order. A flow's script is a function of the seed
//! and its index alone, so the first pass can count it and the second rebuild it.

mod bulk;
mod kind;
mod plan;
mod play;
mod scenes;
mod script;

pub(crate) use play::write;
