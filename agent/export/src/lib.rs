//! Datagrams of flow exporters to flow records: NetFlow v5, v9, IPFIX, sFlow v5.
//!
//! A datagram of a router or firewall goes in, as its UDP payload with its source and the time it was
//! captured at; every flow in it goes to a sink as a [`FlowRecord`]. What exporters announce
//! (templates, sampling, names of interfaces and applications) is kept per exporter and bounded.
//!
//! An exporter is known by its address, not its port: devices restart on another port and some send
//! from several. Two processes of one host that both call themselves domain 0 are therefore one
//! exporter; where they disagree on a template, [`ExporterReport::templates_redefined`] rises.
//!
//! The decoder is our own. `netflow_parser` 1.0 and `flowparser-sflow` 0.3 survived 23 million damaged
//! datagrams without a panic or growth; but the first takes 1.6 µs and two allocations a record (ours
//! 0.1 to 0.3 µs and none, measured on the same machine on 2026-11-25), reads the clock to age what it keeps,
//! and both leave the meaning of fields to the caller: sampling, clocks, biflows, firewall events.
//!
//! Invariant: no I/O, no clock; nothing allocates per record. Every field is read through
//! [`sekisho_decode::Cursor`], so hostile datagrams end in [`ExportError`], never in a panic.

#![forbid(unsafe_code)]

mod draft;
mod exporter;
mod exporters;
mod field;
mod known;
mod moment;
mod record;
mod report;
mod sample;
mod sequence;
mod sets;
mod sflow;
mod template;
mod templates;
mod v5;
mod v9;

#[cfg(test)]
mod tests;

use std::fmt;

use sekisho_decode::DecodeError;

pub use exporters::{Exporters, Limits};
pub use record::{Direction, FlowRecord};
pub use report::{Counts, ExporterReport};

/// By which protocol a datagram exports flows.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Format {
    /// NetFlow v5.
    NetflowV5,
    /// NetFlow v9 (RFC 3954).
    NetflowV9,
    /// IPFIX (RFC 7011).
    Ipfix,
    /// sFlow v5.
    SflowV5,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::NetflowV5, Self::NetflowV9, Self::Ipfix, Self::SflowV5];

    /// Gives the format's slug.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::NetflowV5 => "netflow-v5",
            Self::NetflowV9 => "netflow-v9",
            Self::Ipfix => "ipfix",
            Self::SflowV5 => "sflow-v5",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// Why a datagram was not read, or not to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It is of none of the formats, or too short for the header of the one it claims to be.
    #[error("no datagram of a flow exporter")]
    NotAnExport,
    /// These very bytes have just been read: a mirror shows a datagram twice.
    #[error("the datagram was read before")]
    Duplicate,
    /// It ends early or contradicts its standard; what came before that was read.
    #[error("cannot read the datagram of {format} to its end")]
    Unreadable {
        /// Its format.
        format: Format,
        /// What is wrong.
        source: DecodeError,
    },
}
