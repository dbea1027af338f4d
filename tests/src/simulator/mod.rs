//! SNMP devices on loopback: thousands of them behind one socket, each at an address of its own.
//!
//! | file | what |
//! |---|---|
//! | `ber` | messages of SNMPv2c, read and written (RFC 1901, RFC 3416; ITU-T X.690) |
//! | `device` | what a device holds, and how it answers: as it should, or badly |
//! | `serve` | the socket, and the count of what came to which address |
//! | `made` | devices of made-up tables |
//!
//! The reading side of the product is a library's; this is written against the standard alone, so that
//! neither can be wrong in the other's way.

pub mod ber;
pub mod device;
pub mod made;
pub mod serve;

pub use device::{Device, Temper};
pub use serve::Simulator;
