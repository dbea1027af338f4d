//! The way between a site and its collector, as both ends know it.
//!
//! | file | what |
//! |---|---|
//! | `pack` | what is sent, compressed, and unpacked with a bound |
//! | `code` | the code that a person reads out, what it comes to, and its proofs |
//! | `key` | the key of a box: its certificate request, its signatures |
//! | `tls` | TLS 1.3 at both ends: the collector's own CA and nothing else |
//! | `post` | one connection to the collector, through a proxy where there is one |
//! | `bundle` | the same as a file: encrypted, signed, refused as a whole when altered |
//! | `carried` | a bundle with captures, of any size in constant memory |
//! | `setting` | settings that a collector hands down: which, and how each is read |
//! | `value` | durations and sizes, as they are written |
//!
//! # Enrolment
//!
//! The collector makes a code of 14 letters: four name the invitation, ten are its secret (50 bits). Both
//! ends stretch the secret with argon2id. The box makes a key, connects without knowing whom it meets, and
//! sends a certificate request with an HMAC, under the stretched secret, over the request, the exporter of
//! this very TLS connection (RFC 8446 §7.5) and the certificate that it met. Who stands between has two
//! connections with two exporters and can pass on neither proof; the answer carries the collector's proof,
//! over the same and the answer itself, before which nothing is believed.
//!
//! Why no PAKE: who stands between can try codes against the proof at home. At a fifth of a second and
//! 64 MiB a try, half of 50 bits take three million years of one core, and the code lives for a day. The
//! one maintained SPAKE2 crate is a pre-release that nobody has audited; argon2 and HMAC are here anyway.

#![forbid(unsafe_code)]

mod bundle;
mod carried;
mod code;
mod key;
mod pack;
mod post;
pub mod setting;
mod tls;
mod value;

pub use bundle::{Bundle, BundleError, Enrolment, MAX_BUNDLE_BYTES, Sealer};
pub use carried::{Carried, CarriedWriter, Content, MAX_CAPTURES, MAX_CAPTURES_BYTES, Part};
pub use code::{Code, NotACode, Proven, Side, agree, prove, secret_of};
pub use key::{BoxKey, KeyError, der, ends_within, hex, point_of, unhex, verify};
pub use pack::{MAX_BODY_BYTES, MAX_UNPACKED_BYTES, PackError, pack, unpack, unpacked_bytes};
pub use post::{Address, Connection, PostError, Reply};
pub use tls::{COLLECTOR_NAME, EXPORTER, TlsError, client, exporter, server, stranger};
pub use value::{duration, size};
