//! Reading network equipment over SNMP: a device in, its facts out.
//!
//! | file | what |
//! |---|---|
//! | `oid`, `value` | names and what they hold |
//! | `client`, `walk`, `room` | asking; walking tables without going round or on for ever; many walks at once |
//! | `udp`, `credentials`, `jitter` | a device on the network, over the `snmp2` library: v1, v2c, v3 |
//! | `facts`, `survey` | what a device says of itself and what is around it; which tables are read for it |
//! | `recording` | a device in memory, from a walk that somebody took |
//!
//! SNMP is RFC 3411 to 3418; messages are made and read by `snmp2`, nothing here knows BER.
//!
//! Invariant: only reads are sent. There is no SET in this crate.

#![forbid(unsafe_code)]

mod client;
mod credentials;
pub mod facts;
mod jitter;
mod oid;
mod recording;
mod room;
pub mod survey;
mod udp;
mod value;
mod walk;

pub use client::{Binding, Client, Failure, State};
pub use credentials::{Credentials, Digest, Encryption, Secret, User};
pub use oid::{NoOid, Oid};
pub use recording::Recording;
pub use room::{Room, Seat};
pub use udp::{Manner, Traffic, Udp};
pub use value::{Value, address};
pub use walk::{Row, Table, Walker};
