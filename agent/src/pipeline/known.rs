//! The short way of a packet: that of nearly all, TCP or UDP of a conn that is known.
//!
//! It says the same as the long way. Whatever could open, end or change anything but the conn's counts is
//! left to that: handshakes, tunnels, copies, fragments.

use sekisho_decode::flag;
use sekisho_mirror::{Carries, Glance};
use sekisho_track::{Attention, ConnId};

use super::Pipeline;
use super::carried::Carried;
use super::waiting::Waiting;
use crate::capture::Frame;

impl Pipeline {
    /// Counts a packet that changes nothing else; tells whether it was such a one. If not, nothing was done.
    #[expect(
        clippy::inline_always,
        reason = "every packet goes this way, and through memory its arguments take as long as its work"
    )]
    #[inline(always)]
    pub(super) fn known(&mut self, waiting: &Waiting<'_>) -> bool {
        let Waiting { frame, brief, mark, glance } = waiting;
        if !brief.is_some() || brief.flags & flag::SYN != 0 {
            return false;
        }
        let Self { table, enrich, mirror, .. } = self;
        let Some((id, conn, from_orig)) = table.again(*glance, frame.time_ns, mark, brief) else {
            return false;
        };
        if let Some(mirror) = mirror {
            let Frame { data, wire_len: wire, merged, .. } = *frame;
            let glance = Glance { captured: data.len() as u32, wire, carries: Carries::Ip, merged };
            mirror.frame(&brief.link(), glance);
        }
        match conn.attention {
            Attention::Settled | Attention::Ignored => {}
            Attention::Pulse => enrich.pulse(frame.time_ns, conn, from_orig, brief.wire_len),
            Attention::Content if brief.payload_len == 0 && !conn.extra.exports_flows => {}
            Attention::Content | Attention::Grown => self.look(waiting, id, from_orig),
        }
        true
    }

    /// Shows a counted packet to the recognisers.
    #[inline(never)]
    fn look(&mut self, Waiting { frame, brief, .. }: &Waiting<'_>, id: ConnId, from_orig: bool) {
        let carried = Carried::of_brief(brief, frame.data);
        self.recognise(frame.time_ns, brief.vlan, &carried, id, from_orig);
    }
}
