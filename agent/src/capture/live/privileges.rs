//! Fewest rights: one capability is kept at the most, and in effect only while a socket is opened.
//!
//! Capabilities belong to a thread, and a thread starts with those of the one that starts it: rights are
//! dropped before any thread is started.

use std::io;

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};

use super::{Keep, LiveError};

/// Drops every capability but the one to keep, and the way to get them back by running another program.
pub(crate) fn drop_privileges(keep: Keep) -> Result<(), LiveError> {
    nix::sys::prctl::set_no_new_privs().map_err(|error| refused(io::Error::from(error)))?;
    drop_capabilities(keep).map_err(|error| refused(io::Error::other(error)))
}

fn drop_capabilities(keep: Keep) -> Result<(), CapsError> {
    // Without the right to change it, the bounding set matters no more: nothing can be gained.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        caps::clear(None, CapSet::Bounding)?;
    }
    caps::clear(None, CapSet::Ambient)?;
    caps::clear(None, CapSet::Inheritable)?;
    caps::clear(None, CapSet::Effective)?;
    let kept = match keep {
        Keep::RawSockets if caps::has_cap(None, CapSet::Permitted, Capability::CAP_NET_RAW)? => {
            CapsHashSet::from([Capability::CAP_NET_RAW])
        }
        Keep::RawSockets | Keep::Nothing => CapsHashSet::new(),
    };
    caps::set(None, CapSet::Permitted, &kept)
}

/// Runs something with the kept capability in effect, if it is not already.
pub(super) fn with_raw_sockets<T>(run: impl FnOnce() -> T) -> T {
    let holds = |set| caps::has_cap(None, set, Capability::CAP_NET_RAW).unwrap_or(false);
    let raise = !holds(CapSet::Effective) && holds(CapSet::Permitted);
    // If it cannot be raised, what is run says so.
    let raised = raise && caps::raise(None, CapSet::Effective, Capability::CAP_NET_RAW).is_ok();
    let outcome = run();
    if raised && let Err(error) = caps::drop(None, CapSet::Effective, Capability::CAP_NET_RAW) {
        tracing::warn!(error = %error, "the right to open packet sockets stays in effect");
    }
    outcome
}

fn refused(source: io::Error) -> LiveError {
    LiveError::System { step: "drop capabilities", interface: "*".to_owned(), source }
}
