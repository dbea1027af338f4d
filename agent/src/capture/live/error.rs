//! Why an interface could not be opened for capture.

use std::io;

use super::filter::FilterError;

/// Why an interface could not be opened for capture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LiveError {
    /// There is no interface of that name.
    #[error("there is no interface `{interface}`; there are: {}", present.join(", "))]
    NoSuchInterface {
        /// The name.
        interface: String,
        /// The interfaces there are.
        present: Vec<String>,
    },
    /// The process may not open packet sockets.
    #[error("capturing on `{interface}` needs the capability CAP_NET_RAW")]
    NotPermitted {
        /// The interface.
        interface: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The interface carries frames that cannot be decoded.
    #[error("`{interface}` carries frames of hardware type {hardware_type}, which cannot be decoded")]
    LinkType {
        /// The interface.
        interface: String,
        /// The kernel's number of its kind (`ARPHRD_`).
        hardware_type: u16,
    },
    /// The filter is not understood.
    #[error("the filter `{filter}` is not understood")]
    Filter {
        /// The filter as it was given.
        filter: String,
        /// What was not understood, and where.
        source: FilterError,
    },
    /// The ring has an impossible size.
    #[error("the ring cannot have {blocks} blocks of {block_bytes} bytes")]
    RingSize {
        /// Bytes of a block.
        block_bytes: u32,
        /// How many blocks.
        blocks: u32,
    },
    /// The operating system refuses a step.
    #[error("cannot {step} on `{interface}`")]
    System {
        /// What was tried.
        step: &'static str,
        /// The interface.
        interface: String,
        /// What the operating system says.
        source: io::Error,
    },
}

impl LiveError {
    /// Gives the error's slug, by which its wording is looked up.
    #[must_use]
    pub(crate) const fn slug(&self) -> &'static str {
        match self {
            Self::NoSuchInterface { .. } => "live-no-such-interface",
            Self::NotPermitted { .. } => "live-not-permitted",
            Self::LinkType { .. } => "live-link-type",
            Self::Filter { .. } => "live-filter",
            Self::RingSize { .. } => "live-ring-size",
            Self::System { .. } => "live-system",
        }
    }
}
