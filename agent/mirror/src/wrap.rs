//! How a switch sends its mirror to a far place: each frame in a packet of its own.

use sekisho_decode::{Inner, Ip, Link, Upper};

use crate::check::MirrorCheck;

/// VXLAN's port (RFC 7348 §5).
const VXLAN_PORT: u16 = 4789;
/// TZSP's port, and the only version of its header.
const TZSP_PORT: u16 = 37_008;
const TZSP_VERSION: u8 = 1;

/// How a switch wraps the frames that it mirrors to a far place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carrier {
    /// ERSPAN over GRE, of any type.
    Erspan,
    /// VXLAN addressed to us.
    Vxlan,
    /// TZSP, which cannot be opened here.
    Tzsp,
}

/// Tells whether a packet is only how a mirrored frame was sent here, and opens it where that can be
/// done.
#[must_use]
pub fn wrap<'a>(check: &MirrorCheck, link: &Link, ip: &Ip<'a>) -> Option<(Carrier, Option<Inner<'a>>)> {
    let inner = || ip.inner().ok().flatten();
    match ip.upper {
        Upper::Gre(_) => inner().filter(|inner| inner.mirror).map(|inner| (Carrier::Erspan, Some(inner))),
        Upper::Udp(udp) => match udp.dst_port {
            // Between others it is a tunnel of the network's.
            VXLAN_PORT if check.is_own(link.dst) => inner().map(|inner| (Carrier::Vxlan, Some(inner))),
            TZSP_PORT if ip.payload.first() == Some(&TZSP_VERSION) => Some((Carrier::Tzsp, None)),
            _ => None,
        },
        Upper::Tcp(_) | Upper::Icmp(_) | Upper::Esp(_) | Upper::Ah(_) | Upper::Other => None,
    }
}
