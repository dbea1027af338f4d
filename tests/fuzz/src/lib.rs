//! Hostile bytes through the stages that read the wire: one function a stage, from bytes to nothing.
//!
//! An input that ends early, contradicts itself or makes no sense is an input like any other. A function
//! returns, in time that grows with its input, or it has found a defect.

#![forbid(unsafe_code)]

pub mod decode;
pub mod export;
pub mod recognise;
pub mod script;

/// A stage under fuzzing: its name, which is that of its corpus's folder, and what takes an input.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] =
    &[("decode", decode::run), ("export", export::run), ("recognise", recognise::run)];
