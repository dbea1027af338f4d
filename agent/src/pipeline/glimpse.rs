//! A packet as the recognisers are shown it.

use sekisho_decode::{Ip, Upper};
use sekisho_enrich::Extra;
use sekisho_recognise::{Glimpse, Over};
use sekisho_track::Conn;

/// What a recogniser is to see of a packet; `None` where there is nothing to see.
#[inline]
pub(super) fn glimpse<'a>(
    time_ns: i64,
    conn: &Conn<Extra>,
    ip: &Ip<'a>,
    from_orig: bool,
) -> Option<Glimpse<'a>> {
    let (over, payload, wire_len, seq) = match ip.upper {
        Upper::Tcp(tcp) => (Over::Tcp, ip.payload, ip.payload_wire_len, tcp.seq),
        Upper::Udp(_) => (Over::Udp, ip.payload, ip.payload_wire_len, 0),
        Upper::Icmp(_) | Upper::Esp(_) | Upper::Ah(_) | Upper::Gre(_) | Upper::Other => {
            let upper_len = (ip.body.len() - ip.payload.len()) as u32;
            (Over::Ip(ip.protocol), ip.body, ip.payload_wire_len + upper_len, 0)
        }
    };
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
