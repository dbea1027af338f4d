//! What crosses a boundary: the analysis as JSON, the same rows in ledger, tables and sheets, and what a
//! site and its collector send each other ([`sync`]).
//!
//! Serde types only. Fields may be added; none is renamed or removed. Every list is sorted by its
//! producer, and maps are ordered, so the same observation gives the same bytes.
//!
//! | field | unit |
//! |---|---|
//! | times | RFC 3339, UTC |
//! | `bytes*` | octets of IP header and payload, no link header |
//! | `confidence` | percent |

#![forbid(unsafe_code)]

mod analysis;
mod behaviour;
mod by_hour;
mod category;
pub mod enrol;
mod hours;
mod mac;
mod mirror;
mod registration;
pub mod role;
mod shared;
mod snapshot;
pub mod sync;
mod text;
mod topology;

pub use analysis::{
    Analysis, Assumption, Capture, Connection, Device, Endpoint, Evidence, Exit, ExitRow, Initiator, Inside,
    Outside,
};
pub use behaviour::{Beacon, Behaviour, Bulk, Maintenance};
pub use by_hour::ByHour;
pub use category::{CATEGORIES, GENERAL_INTERNET};
pub use hours::{Hours, NotHours};
pub use mac::{Mac, NotAMac};
pub use mirror::{Mirror, MirrorFigure, MirrorFinding, MirrorSeen, MirrorSeverity, MirrorVerdict};
pub use registration::{About, EvidenceFile, Inquiry, Registered, Registration, Terms};
pub use shared::Shared;
pub use snapshot::{Announced, Learnt, OwnAddress, Port, Resolved, RouteTo, Snapshot};
pub use text::Text;
pub use topology::{
    Attachment, End, Gateway, Link, LinkSource, Mark, MarkEnd, MarkKind, Node, NodeKind, Subnet, Topology,
    WayOut,
};
