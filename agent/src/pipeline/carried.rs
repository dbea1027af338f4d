//! What a packet carries, as the recognisers are shown it.

use sekisho_decode::{Addr, Brief, Ip, Upper, protocol};
use sekisho_enrich::Extra;
use sekisho_recognise::{Glimpse, Over};
use sekisho_track::Conn;

/// What a packet of a conn carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried<'a> {
    /// Who sent it.
    pub(super) src: Addr,
    /// Octets of IP header and payload on the wire.
    pub(super) wire_len: u32,
    over: Over,
    /// The captured bytes: after the upper header, where there is one.
    pub(super) payload: &'a [u8],
    payload_wire_len: u32,
    /// TCP's sequence number, else 0.
    seq: u32,
}

impl<'a> Carried<'a> {
    pub(super) fn of(ip: &Ip<'a>) -> Self {
        let (over, payload, payload_wire_len, seq) = match ip.upper {
            Upper::Tcp(tcp) => (Over::Tcp, ip.payload, ip.payload_wire_len, tcp.seq),
            Upper::Udp(_) => (Over::Udp, ip.payload, ip.payload_wire_len, 0),
            Upper::Icmp(_) | Upper::Esp(_) | Upper::Ah(_) | Upper::Gre(_) | Upper::Other => {
                let upper_len = (ip.body.len() - ip.payload.len()) as u32;
                (Over::Ip(ip.protocol), ip.body, ip.payload_wire_len + upper_len, 0)
            }
        };
        Self { src: ip.src, wire_len: ip.wire_len, over, payload, payload_wire_len, seq }
    }

    /// The same of a frame by its brief.
    pub(super) fn of_brief(brief: &Brief, frame: &'a [u8]) -> Self {
        let (seq, payload) = brief.carried(frame);
        Self {
            src: brief.src,
            wire_len: brief.wire_len,
            over: if brief.protocol == protocol::TCP { Over::Tcp } else { Over::Udp },
            payload,
            payload_wire_len: brief.payload_wire_len,
            seq,
        }
    }

    /// What a recogniser is to see of it; `None` where there is nothing to see.
    pub(super) fn glimpse(&self, time_ns: i64, conn: &Conn<Extra>, from_orig: bool) -> Option<Glimpse<'a>> {
        let Self { over, payload, payload_wire_len: wire_len, seq, .. } = *self;
        let [by_orig, by_resp] = conn.pkts;
        (!payload.is_empty()).then_some(Glimpse {
            time_ns,
            over,
            from_orig,
            payload,
            wire_len,
            seq,
            count: u32::try_from(if from_orig { by_orig } else { by_resp }).unwrap_or(u32::MAX),
            from_start: over != Over::Tcp || conn.has_handshake(),
            orig: (conn.tuple.src, conn.tuple.src_port),
            resp: (conn.tuple.dst, conn.tuple.dst_port),
        })
    }
}
