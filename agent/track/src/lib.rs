//! The flow table: packets in, finished conns out.
//!
//! A conn is bidirectional (a *biflow*, RFC 5103). `orig` is the side that opened it, told by the
//! handshake where there is one, and `resp` the other; on a mirror port neither side is "local", so
//! nothing here says so. A conn that a recogniser found to be a tunnel is held: it outlives flow
//! timeouts and becomes one session with its keep-alives and bursts.
//!
//! A routed packet that the core switch mirrors from two VLANs is counted once; both link-layer hops
//! are kept, since the second shows the exit.
//!
//! | field | unit | reference |
//! |---|---|---|
//! | times | nanoseconds since the Unix epoch, UTC, from the capture header | pcap, pcapng |
//! | `bytes` | octets of IP header and payload, no link header | IPFIX `octetDeltaCount`, IE 1 |
//! | `state`, `history` | as in Zeek's `conn.log` | Zeek, `base/protocols/conn` |
//!
//! Invariants: this crate reads no clock and does no I/O; the caller passes each packet's capture
//! time, so a trace replayed at any speed gives the same conns. Nothing allocates per packet, and
//! every table has a bound with a count of what it cut off.

#![forbid(unsafe_code)]

mod conn;
mod duplicate;
mod fragment;
mod index;
mod life;
mod places;
mod table;
mod tuple;
mod wheel;

#[cfg(test)]
mod tests;

pub use conn::{Attention, Conn, Hop, Hops, State};
pub use life::serves;
pub use table::{ConnId, Counts, Limits, Mark, Seen, Table, Touch};
pub use tuple::Tuple;
