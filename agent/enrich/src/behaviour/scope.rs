//! Which conns are worth watching over time: those that may leave the site.
//!
//! What is inside is decided when everything is known; here a guess is enough, for what is watched in
//! vain costs memory alone.

use sekisho_decode::Addr;

use crate::prefix::Prefix;

/// Bits that private IPv4 addresses of one site mostly share.
const SITE_BITS_V4: u8 = 16;
/// Bits of an IPv6 site prefix (RFC 6177).
const SITE_BITS_V6: u8 = 48;

/// What a person said is inside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(Vec<Prefix>);

impl Scope {
    pub(crate) const fn new(internal: Vec<Prefix>) -> Self {
        Self(internal)
    }

    pub(crate) fn declare(&mut self, internal: Vec<Prefix>) {
        self.0 = internal;
    }

    /// Tells whether a conn between two addresses may leave the site.
    pub(crate) fn may_leave(&self, a: Addr, b: Addr) -> bool {
        let local = |address: Addr| address.is_group() || address.is_link_local();
        if local(a) || local(b) {
            return false;
        }
        if self.0.is_empty() {
            return !are_neighbours(a, b);
        }
        let inside = |address: Addr| self.0.iter().any(|prefix| prefix.contains(address));
        inside(a) != inside(b)
    }
}

/// Tells whether two addresses are so alike that they are most likely of one site.
fn are_neighbours(a: Addr, b: Addr) -> bool {
    if a.is_v4() != b.is_v4() {
        return false;
    }
    let bits = if a.is_v4() { SITE_BITS_V4 } else { SITE_BITS_V6 };
    Prefix::around(a, bits).contains(b)
}
