//! First bytes of a conn to service, names and fingerprints.
//!
//! One file a protocol, one line each in [`PROTOCOLS`]. A recogniser is a function without state of
//! its own: it is shown what was sent ([`Sight`]), answers [`Look`], and hands names and fingerprints
//! to a [`Sink`]. Recognition is by content, on any port. No recogniser reads further than the
//! handshake or header it needs, and none keeps payload.

mod sight;

pub use sight::{Fact, Found, Key, Lease, Look, NameSource, Over, Protocol, Side, Sight, Sink};

/// How much of a TCP stream's start is kept for recognisers, in bytes each way.
///
/// A ClientHello with post-quantum shares has under 2 KiB, a certificate chain's first certificate
/// ends within 8 KiB, an A-ASSOCIATE-RQ with 128 presentation contexts within 16 KiB.
pub const STREAM_BUDGET: usize = 16 * 1024;

/// How much of the first datagram each way is kept for recognisers that compare both sides.
pub const HEAD_BYTES: usize = 64;

/// Every protocol, in the order they are asked. To add one: a file, its `mod`, its line here.
pub static PROTOCOLS: &[Protocol] = &[
];
