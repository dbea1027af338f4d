//! Telephones.

use super::super::script::{Beats, Cast, Framing, Pattern, Script};
use crate::workload::proto::{self};
use crate::workload::rng::Rng;

/// A telephone registers and calls.
pub(super) fn sip(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { f, lan, .. } = cast;
    let mut b = Beats::new(lan);
    b.udp(0, true, proto::sip("REGISTER", f.port as u32, "10.10.0.20"));
    b.udp(lan, false, proto::sip("OPTIONS", f.port as u32, "10.10.0.20"));
    b.udp(lan, true, proto::sip("INVITE", f.port as u32, "10.10.0.20"));
    Script::of(cast).towards(cast.inside(5060), b.v)
}

/// The voice of a call.
pub(super) fn rtp(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { w, f, .. } = cast;
    let mut script = Script::of(cast);
    script.framing = Framing::Rtp;
    script.pattern = Pattern::Fixed(160);
    script.towards(w.routed(f.b as usize, 16384 + (f.port & 0xffe)), vec![])
}
