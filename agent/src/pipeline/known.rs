//! The short way of a packet: that of nearly all, TCP or UDP of a conn that is known.
//!
//! It says the same as the long way. Whatever could open, end or change anything but the conn's counts is
//! left to that: handshakes, tunnels, copies, fragments, the mirror check.

use sekisho_decode::{Body, Upper, flag};
use sekisho_track::Attention;

use super::waiting::Waiting;
use super::{LIMITED_BROADCAST, Pipeline};

impl Pipeline {
    /// Counts a packet that changes nothing else; tells whether it was such a one. If not, nothing was done.
    #[expect(
        clippy::inline_always,
        reason = "every packet goes this way, and through memory its arguments take as long as its work"
    )]
    #[inline(always)]
    pub(super) fn known(&mut self, waiting: &Waiting<'_>) -> bool {
        let Body::Ip(ip) = &waiting.packet.body else { return false };
        let plain = match &ip.upper {
            Upper::Tcp(tcp) => tcp.flags & flag::SYN == 0,
            Upper::Udp(udp) => !udp.may_carry_packets(),
            Upper::Icmp(_) | Upper::Esp(_) | Upper::Ah(_) | Upper::Gre(_) | Upper::Other => false,
        };
        if !plain || ip.dst == LIMITED_BROADCAST || waiting.error.is_some() || self.mirror.is_some() {
            return false;
        }
        let Self { table, enrich, .. } = self;
        let Waiting { time_ns, mark, .. } = waiting;
        let link = &waiting.packet.link;
        let Some((id, conn, from_orig)) = table.again(waiting.glance, *time_ns, mark, link, ip) else {
            return false;
        };
        match conn.attention {
            Attention::Settled | Attention::Ignored => {}
            Attention::Pulse => enrich.pulse(*time_ns, conn, from_orig, ip.wire_len),
            Attention::Content if ip.payload.is_empty() && !conn.extra.exports_flows => {}
            Attention::Content | Attention::Grown => {
                self.recognise(*time_ns, link, ip, id, from_orig);
            }
        }
        true
    }
}
