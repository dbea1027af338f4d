//! How long a conn lives, who opened it, and what a packet does to it.

use std::hint::select_unpredictable;

use sekisho_decode::{Brief, Ip, Link, Upper, flag, protocol};

use crate::conn::{Attention, Conn};
use crate::tuple::Tuple;
use crate::wheel::SET_BACK_NS;

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// Nanoseconds.
const MINUTE: i64 = 60 * SECOND;
/// After a FIN each way or an RST: Zeek's `tcp_close_delay`.
const CLOSED: i64 = 5 * SECOND;
/// A SYN without answer; a common TCP tries again within this time.
const ATTEMPT: i64 = MINUTE;
/// An established TCP conn: RFC 5382 REQ-5.
const ESTABLISHED: i64 = 124 * MINUTE;
/// TCP without handshake and heard from one side only: Zeek's `tcp_inactivity_timeout`.
const ONE_SIDED: i64 = 5 * MINUTE;
/// UDP without answer, and with: RFC 4787 REQ-5.
const UDP_ASKED: i64 = 2 * MINUTE;
/// See [`UDP_ASKED`].
const UDP_ANSWERED: i64 = 5 * MINUTE;
/// ICMP: Zeek's `icmp_inactivity_timeout`.
const ICMP: i64 = MINUTE;
/// Every other protocol.
const OTHER: i64 = 10 * MINUTE;
/// A tunnel session that says nothing: keep-alives come every 10 to 300 s, and a box that only opens
/// its tunnel for a nightly job is to be one session, not thirty.
const HELD: i64 = 24 * 60 * MINUTE;

/// A conn that is still in use after so long is more than a request with its answer: how it goes on tells
/// of keep-alives and of people at work. Looked for when the wheel comes round, never with a packet.
const LONG: i64 = 2 * MINUTE;

/// Ports below are given out by IANA and need privilege to serve on (RFC 6335 §6).
const SYSTEM_PORTS: u16 = 1024;
/// Ports from here are for clients (RFC 6335 §6); Linux starts lower.
const CLIENT_PORTS: u16 = 32_768;

impl<X> Conn<X> {
    /// When the conn ends if nothing more comes.
    #[inline]
    pub(crate) const fn deadline_ns(&self) -> i64 {
        self.last_ns.saturating_add(self.idle_timeout_ns())
    }

    #[inline]
    const fn idle_timeout_ns(&self) -> i64 {
        if self.is_closed() {
            return CLOSED;
        }
        if self.held {
            return HELD;
        }
        match self.tuple.protocol {
            protocol::TCP if self.is_answered() => ESTABLISHED,
            protocol::TCP if self.has_handshake() => ATTEMPT,
            protocol::TCP => ONE_SIDED,
            protocol::UDP if self.is_answered() => UDP_ANSWERED,
            protocol::UDP => UDP_ASKED,
            protocol::ICMP | protocol::ICMPV6 => ICMP,
            _ => OTHER,
        }
    }

    /// Notes that a settled conn has lived long.
    pub(crate) fn grow(&mut self) {
        if self.attention == Attention::Settled && self.last_ns.saturating_sub(self.first_ns) >= LONG {
            self.attention = Attention::Grown;
        }
    }

    /// Takes over a clock that was set back since the conn was seen: by the old one it would not end for as long.
    pub(crate) fn not_after(&mut self, time_ns: i64) {
        if self.last_ns.saturating_sub(SET_BACK_NS) > time_ns {
            self.last_ns = time_ns;
            self.first_ns = self.first_ns.min(time_ns);
        }
    }

    /// Tells whether a TCP conn was closed by both sides, or broken off.
    #[inline]
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        let [orig, resp] = self.flags;
        (orig | resp) & flag::RST != 0 || orig & resp & flag::FIN != 0
    }

    /// Tells whether the conn has said nothing for so long that it is over.
    #[inline]
    pub(crate) const fn is_over(&self, time_ns: i64) -> bool {
        // No conn waits shorter than a closed one, and most packets come soon after the one before.
        time_ns > self.last_ns.saturating_add(CLOSED) && self.deadline_ns() < time_ns
    }

    /// Tells whether a packet of the same five-tuple belongs to another conn: too late, or a new SYN
    /// where none is expected.
    #[inline]
    pub(crate) fn is_ended_by(&self, time_ns: i64, ip: &Ip<'_>) -> bool {
        let Upper::Tcp(tcp) = &ip.upper else { return self.is_over(time_ns) };
        let opens = tcp.flags & (flag::SYN | flag::ACK) == flag::SYN;
        opens && (self.is_closed() || !self.has_handshake()) || self.is_over(time_ns)
    }

    /// Adds a packet; `hop` names the hop it came on.
    #[inline]
    pub(crate) fn count(&mut self, time_ns: i64, from_orig: bool, hop: u32, link: &Link, ip: &Ip<'_>) {
        let side = self.book(time_ns, from_orig, ip.wire_len);
        if let Upper::Tcp(tcp) = &ip.upper {
            self.tcp(tcp.flags, side, from_orig, ip.payload_wire_len > 0);
        }
        self.hop(side, hop, || (*link, ip.ttl));
    }

    /// Adds a packet by its brief, the same.
    #[inline]
    pub(crate) fn again(&mut self, time_ns: i64, from_orig: bool, hop: u32, brief: &Brief) {
        let side = self.book(time_ns, from_orig, brief.wire_len);
        // UDP has no flags, and its data is not marked: with it nothing is new.
        let data_len = select_unpredictable(brief.protocol == protocol::TCP, brief.payload_wire_len, 0);
        self.tcp(brief.flags, side, from_orig, data_len > 0);
        self.hop(side, hop, || (brief.link(), brief.ttl));
    }

    /// Books time, packet and octets; gives the sender's side.
    #[inline]
    fn book(&mut self, time_ns: i64, from_orig: bool, wire_len: u32) -> usize {
        let side = usize::from(!from_orig);
        self.last_ns = self.last_ns.max(time_ns);
        self.first_ns = self.first_ns.min(time_ns);
        if let Some(pkts) = self.pkts.get_mut(side) {
            *pkts += 1;
        }
        if let Some(bytes) = self.bytes.get_mut(side) {
            *bytes += u64::from(wire_len);
        }
        side
    }

    #[inline]
    fn tcp(&mut self, flags: u8, side: usize, from_orig: bool, data: bool) {
        let telling = flags & (flag::SYN | flag::FIN | flag::RST | flag::ACK);
        let Some(flags) = self.flags.get_mut(side) else { return };
        let marks = telling | if data { DATA } else { 0 };
        // Nothing new: the usual case.
        if *flags & marks != marks {
            *flags |= marks;
            self.tell(telling, from_orig, data);
        }
    }

    #[inline(never)]
    fn tell(&mut self, telling: u8, from_orig: bool, data: bool) {
        let syn_ack = flag::SYN | flag::ACK;
        let letters = [
            (b'S', telling & syn_ack == flag::SYN),
            (b'H', telling & syn_ack == syn_ack),
            (b'R', telling & flag::RST != 0),
            (b'A', telling & (syn_ack | flag::RST | flag::FIN) == flag::ACK && !data),
            (b'D', data),
            (b'F', telling & flag::FIN != 0),
        ];
        for (letter, _) in letters.into_iter().filter(|(_, applies)| *applies) {
            self.history.add(letter, from_orig);
        }
    }
}

/// A mark of ours among the flags seen (the bit of PSH, which is not kept): the side sent data.
const DATA: u8 = flag::PSH;

/// Opens a conn with its first packet; tells whether orig sent it.
///
/// A SYN is orig's and a SYN-ACK resp's. Without a handshake the side with a port of a server is
/// taken for resp; where ports do not tell, the sender is orig. A recogniser may know better.
pub(crate) fn oriented<X: Default>(tuple: &Tuple, vlan: u16, time_ns: i64, ip: &Ip<'_>) -> (Conn<X>, bool) {
    let answer = match ip.upper {
        Upper::Tcp(tcp) if tcp.flags & flag::SYN != 0 => tcp.flags & flag::ACK != 0,
        Upper::Tcp(_) | Upper::Udp(_) => serves(tuple.src_port, tuple.dst_port),
        Upper::Icmp(_) | Upper::Esp(_) | Upper::Ah(_) | Upper::Gre(_) | Upper::Other => false,
    };
    if !answer {
        return (Conn::opened(*tuple, vlan, time_ns), true);
    }
    let mut conn = Conn::opened(tuple.reversed(), vlan, time_ns);
    conn.history.add(b'^', true);
    (conn, false)
}

/// Tells whether a port looks like a server's, and its peer's like a client's.
#[must_use]
pub const fn serves(port: u16, peer: u16) -> bool {
    port < SYSTEM_PORTS && peer >= SYSTEM_PORTS || port < CLIENT_PORTS && peer >= CLIENT_PORTS && port != 0
}
