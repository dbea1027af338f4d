//! Conns as Zeek would tell them, copies on mirrored VLANs, timeouts, bounds.

use proptest::prelude::*;
use sekisho_decode::{Body, Brief, LinkType, MacAddr, Packet, decode, flag};

use super::*;

const CLIENT: [u8; 4] = [192, 0, 2, 10];
const SERVER: [u8; 4] = [198, 51, 100, 20];
const CLIENT_MAC: [u8; 6] = [0, 0, 0x5e, 0, 0x53, 0x0a];
const CORE_MAC: [u8; 6] = [0, 0, 0x5e, 0, 0x53, 0x01];
const FIREWALL_MAC: [u8; 6] = [0, 0, 0x5e, 0, 0x53, 0xfe];
const SECOND: i64 = 1_000_000_000;

/// A frame to build: who, where, what.
#[derive(Clone, Copy)]
struct Frame {
    macs: ([u8; 6], [u8; 6]),
    vlan: u16,
    ttl: u8,
    ident: u16,
    ends: ([u8; 4], [u8; 4]),
    ports: (u16, u16),
    /// TCP flags, or `None` for UDP.
    flags: Option<u8>,
    seq: u32,
    payload: &'static [u8],
}

const OUT: Frame = Frame {
    macs: (CLIENT_MAC, CORE_MAC),
    vlan: 10,
    ttl: 64,
    ident: 1,
    ends: (CLIENT, SERVER),
    ports: (50_000, 443),
    flags: Some(flag::SYN),
    seq: 0,
    payload: b"",
};

impl Frame {
    fn reply(self) -> Self {
        Self {
            macs: (self.macs.1, self.macs.0),
            ends: (self.ends.1, self.ends.0),
            ports: (self.ports.1, self.ports.0),
            ..self
        }
    }

    fn with(self, flags: u8, payload: &'static [u8]) -> Self {
        Self { flags: Some(flags), payload, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut upper = [self.ports.0.to_be_bytes(), self.ports.1.to_be_bytes()].concat();
        let number = if let Some(flags) = self.flags {
            upper.extend(self.seq.to_be_bytes());
            upper.extend([0, 0, 0, 0, 0x50, flags, 4, 0, 0xab, 0xcd, 0, 0]);
            6
        } else {
            upper.extend([0, 8, 0xab, 0xcd]);
            17
        };
        upper.extend(self.payload);
        let mut bytes =
            [&self.macs.1[..], &self.macs.0, &[0x81, 0], &self.vlan.to_be_bytes(), &[8, 0]].concat();
        bytes.extend([0x45, 0]);
        bytes.extend((20 + upper.len() as u16).to_be_bytes());
        bytes.extend(self.ident.to_be_bytes());
        bytes.extend([0, 0, self.ttl, number, 0, 0]);
        bytes.extend(self.ends.0);
        bytes.extend(self.ends.1);
        bytes.extend(upper);
        bytes
    }
}

struct Bench {
    table: Table<()>,
    done: Vec<Conn<()>>,
}

impl Bench {
    fn new(max_conns: u32) -> Self {
        Self { table: Table::new(Limits { max_conns }), done: Vec::new() }
    }

    fn take(&mut self, time_ns: i64, frame: &Frame) -> Touch {
        self.raw(time_ns, &frame.bytes()).unwrap()
    }

    fn raw(&mut self, time_ns: i64, bytes: &[u8]) -> Option<Touch> {
        let Packet { link, body: Body::Ip(ip) } =
            decode(LinkType::Ethernet, bytes, bytes.len() as u32).unwrap()
        else {
            panic!("no IP")
        };
        let mark = Mark::of(&link, &ip);
        self.table.packet(time_ns, &mark, &link, &ip, &mut |conn| self.done.push(conn))
    }

    /// Tries the short way first, as for a packet that was read ahead.
    fn again(&mut self, time_ns: i64, frame: &Frame) {
        let bytes = frame.bytes();
        let mut brief = Brief::NONE;
        assert!(brief.read(LinkType::Ethernet, 0, &bytes, bytes.len() as u32));
        let mark = Mark::of_brief(&brief);
        let Packet { link, body: Body::Ip(ip) } =
            decode(LinkType::Ethernet, &bytes, bytes.len() as u32).unwrap()
        else {
            panic!("no IP")
        };
        assert_eq!(mark, Mark::of(&link, &ip), "both ways hash to the same");
        let glance = self.table.glance(&mark);
        let opens = brief.flags & flag::SYN != 0;
        if opens || self.table.again(glance, time_ns, &mark, &brief).is_none() {
            self.take(time_ns, frame);
        }
    }

    fn finish(mut self) -> Vec<Conn<()>> {
        self.table.finish(&mut |conn| self.done.push(conn));
        self.done
    }
}

#[test]
fn states_and_histories_are_those_of_zeek() {
    use flag::{ACK, FIN, RST, SYN};
    let orig = |flags, payload| OUT.with(flags, payload);
    let resp = |flags, payload| OUT.reply().with(flags, payload);
    let opening =
        [orig(SYN, b""), resp(SYN | ACK, b""), orig(ACK, b""), orig(ACK, b"ask"), resp(ACK, b"answer")];
    let and = |more: &[Frame]| [&opening[..], more].concat();
    // (why, frames, state, history)
    let cases: [(&str, Vec<Frame>, State, &str); 9] = [
        ("no answer", vec![orig(SYN, b"")], State::S0, "S"),
        ("refused", vec![orig(SYN, b""), resp(RST | ACK, b"")], State::Rej, "Sr"),
        ("open", opening.to_vec(), State::S1, "ShADd"),
        ("closed by both", and(&[orig(FIN | ACK, b""), resp(FIN | ACK, b"")]), State::Sf, "ShADdFf"),
        ("closed by orig", and(&[orig(FIN | ACK, b"")]), State::S2, "ShADdF"),
        ("closed by resp", and(&[resp(FIN | ACK, b"")]), State::S3, "ShADdf"),
        ("aborted by resp", and(&[resp(RST, b"")]), State::Rstr, "ShADdr"),
        ("the first packet missed", opening[1..].to_vec(), State::S1, "^hADd"),
        ("picked up in the middle, answer first", vec![opening[4], opening[3]], State::Oth, "^dD"),
    ];
    for (why, frames, state, history) in cases {
        let mut bench = Bench::new(10);
        for (n, frame) in (0u16..).zip(&frames) {
            let ident = n + 1;
            bench.take(i64::from(n) * SECOND, &Frame { ident, ..*frame });
        }
        let conns = bench.finish();
        assert_eq!(conns.len(), 1, "{why}");
        let conn = &conns[0];
        assert_eq!((conn.state(), conn.history()), (state, history), "{why}");
        assert_eq!(conn.tuple.dst_port, 443, "{why}: the server is resp");
    }
}

#[test]
fn a_packet_on_two_mirrored_vlans_counts_once_and_keeps_both_hops() {
    let mut bench = Bench::new(10);
    let transit = Frame { macs: (CORE_MAC, FIREWALL_MAC), vlan: 900, ttl: 63, ..OUT };
    assert_eq!(bench.take(0, &OUT).seen, Seen::First);
    assert_eq!(bench.take(50_000, &transit).seen, Seen::Duplicate);
    let back = OUT.reply().with(flag::SYN | flag::ACK, b"");
    let first_back = Frame { macs: (FIREWALL_MAC, CORE_MAC), vlan: 900, ttl: 120, ..back };
    let second_back = Frame { macs: (CORE_MAC, CLIENT_MAC), ttl: 119, ..back };
    assert_eq!(bench.take(SECOND, &first_back).seen, Seen::Known, "the transit VLAN is known by its copy");
    assert_eq!(bench.take(SECOND + 50_000, &second_back).seen, Seen::Duplicate);
    assert_eq!(bench.table.counts().duplicates, 2);
    let conns = bench.finish();
    assert_eq!(conns.len(), 1);
    assert_eq!(conns[0].pkts, [1, 1]);
    assert_eq!(conns[0].hops[0].last().unwrap().dst, MacAddr(FIREWALL_MAC));
    assert_eq!(conns[0].hops[0].first().unwrap().src, MacAddr(CLIENT_MAC));
    assert_eq!(conns[0].hops[1].first().unwrap().src, MacAddr(FIREWALL_MAC));
}

#[test]
fn copies_are_told_from_repetitions() {
    let udp = Frame { flags: None, payload: b"\xff", ..OUT };
    let elsewhere = Frame { macs: (CORE_MAC, FIREWALL_MAC), vlan: 900, ttl: 63, ..udp };
    // (why, first, second, after, what the second is)
    let cases = [
        ("one port mirrored both ways", udp, udp, 1_000, Seen::Duplicate),
        (
            "the same said twice, without identification",
            Frame { ident: 0, ..udp },
            Frame { ident: 0, ..udp },
            1_000,
            Seen::Known,
        ),
        (
            "a copy without identification",
            Frame { ident: 0, ..udp },
            Frame { ident: 0, ..elsewhere },
            1_000,
            Seen::Duplicate,
        ),
        ("a keep-alive with the same identification", udp, udp, 20 * SECOND, Seen::Known),
        ("another datagram", udp, Frame { ident: 2, ..udp }, 1_000, Seen::Known),
        ("another VLAN, another identification", udp, Frame { ident: 2, ..elsewhere }, 1_000, Seen::First),
        ("an echo of the same bytes", udp, udp.reply(), 1_000, Seen::Known),
    ];
    for (why, first, second, after_ns, seen) in cases {
        let mut bench = Bench::new(10);
        bench.take(0, &first);
        assert_eq!(bench.take(after_ns, &second).seen, seen, "{why}");
    }
}

#[test]
fn the_same_addresses_on_two_vlans_are_two_conns() {
    let mut bench = Bench::new(10);
    bench.take(0, &OUT);
    bench.take(SECOND, &Frame { vlan: 20, seq: 9, ident: 7, ..OUT });
    assert_eq!(bench.finish().len(), 2);
}

#[test]
fn silence_ends_a_conn_and_a_held_one_outlives_it() {
    let udp = Frame { flags: None, payload: b"x", ..OUT };
    // (why, held, silence in seconds, conns)
    let cases = [
        ("within the timeout", false, 100, 1),
        ("beyond it", false, 121, 2),
        ("a tunnel's keep-alive after hours", true, 20 * 3600, 1),
        ("a tunnel silent for more than a day", true, 25 * 3600, 2),
    ];
    for (why, held, silence, conns) in cases {
        let mut bench = Bench::new(10);
        let touch = bench.take(0, &udp);
        bench.table.conn_mut(touch.id).unwrap().held = held;
        bench.take(silence * SECOND, &Frame { ident: 2, ..udp });
        assert_eq!(bench.finish().len(), conns, "{why}");
    }
}

#[test]
fn a_port_used_again_after_a_close_is_a_new_conn() {
    let mut bench = Bench::new(10);
    bench.take(0, &OUT);
    bench.take(1, &Frame { ident: 2, ..OUT.reply().with(flag::RST | flag::ACK, b"") });
    let again = bench.take(SECOND, &Frame { ident: 3, seq: 77, ..OUT });
    assert_eq!(again.seen, Seen::First);
    assert_eq!(bench.finish().len(), 2);
}

#[test]
fn time_that_runs_backwards_ends_nothing_and_widens_the_span() {
    let mut bench = Bench::new(10);
    bench.take(500 * SECOND, &OUT);
    bench.take(0, &Frame { ident: 2, ..OUT });
    let conns = bench.finish();
    assert_eq!((conns[0].first_ns, conns[0].last_ns), (0, 500 * SECOND));
}

#[test]
fn after_a_clock_was_set_back_conns_end_as_they_would() {
    let udp = Frame { flags: None, payload: b"x", ..OUT };
    let other = Frame { ports: (50_001, 443), ..udp };
    let tunnel = Frame { ports: (4500, 4500), ..udp };
    for back in [3_600, 365 * 24 * 3_600] {
        let mut bench = Bench::new(10);
        let start = 400 * 24 * 3_600;
        bench.take(start * SECOND, &udp);
        bench.take((start + 1) * SECOND, &tunnel);
        for second in 0..300u16 {
            let time = (start - back + i64::from(second)) * SECOND;
            bench.take(time, &Frame { ident: second + 2, ..other });
            bench.take(time, &Frame { ident: second + 2, ..tunnel });
        }
        assert_eq!(bench.table.fill().0, 2, "{back}: the silent one has ended");
        let [silent] = &bench.done[..] else { panic!("{back}: {:?}", bench.done) };
        assert_eq!(silent.tuple.src_port, udp.ports.0, "{back}");
        let conns = bench.finish();
        assert!(
            conns.iter().skip(1).all(|conn| conn.pkts[0] >= 300),
            "{back}: the others went on: {conns:?}"
        );
    }
}

#[test]
fn two_clocks_side_by_side_set_nothing_back() {
    let mut bench = Bench::new(1_000);
    let data = Frame { flags: Some(flag::ACK), payload: b"x", ..OUT };
    let silent = Frame { ports: (50_001, 443), ..data };
    bench.take(1_000 * SECOND, &silent);
    for round in 0..100 {
        let behind = Frame { ports: (40_000 + round, 443), ident: round + 2, ..data };
        for (second, seq) in [(400, 1), (400, 2), (470, 3)] {
            bench.take(second * SECOND, &Frame { seq, ..behind });
        }
        bench.take(1_000 * SECOND, &Frame { ident: round + 2, ..data });
    }
    let conns = bench.finish();
    let silent = conns.iter().find(|conn| conn.tuple.src_port == silent.ports.0).unwrap();
    assert_eq!((silent.first_ns, silent.last_ns), (1_000 * SECOND, 1_000 * SECOND));
}

#[test]
fn a_full_table_ends_what_is_nearest_to_its_timeout_and_counts_it() {
    let mut bench = Bench::new(4);
    let tunnel = Frame { flags: None, payload: b"x", ports: (4500, 4500), ..OUT };
    let touch = bench.take(0, &tunnel);
    bench.table.conn_mut(touch.id).unwrap().held = true;
    for n in 0..1000u16 {
        bench.take(i64::from(n) * 1_000_000, &Frame { ports: (1024 + n, 443), ident: n + 2, ..OUT });
    }
    assert!(bench.table.counts().evicted >= 990, "{:?}", bench.table.counts());
    let again = bench.take(2 * SECOND, &Frame { ident: 9_999, ..tunnel });
    assert_eq!(again.seen, Seen::Known, "a scan does not push a tunnel out");
    assert_eq!(bench.finish().len(), 1001);
}

#[test]
fn a_full_table_makes_room_for_a_share_and_spares_what_is_held() {
    let mut bench = Bench::new(1280);
    for n in 0..1281u16 {
        let frame = Frame { flags: None, payload: b"x", ports: (1024 + n, 4500), ident: n + 1, ..OUT };
        let touch = bench.take(0, &frame);
        if n < 50 {
            bench.table.conn_mut(touch.id).unwrap().held = true;
        }
    }
    assert_eq!(bench.table.counts().evicted, 20, "one in 64");
    assert!(bench.done.iter().all(|conn| !conn.held));
}

#[test]
fn later_fragments_follow_their_first() {
    let mut first = Frame { flags: None, payload: b"x", ..OUT }.bytes();
    first[24] = 0x20;
    let mut later = first.clone();
    later[24..26].copy_from_slice(&[0, 16]);
    let mut orphan = later.clone();
    orphan[23] = 0xee;
    let mut bench = Bench::new(10);
    assert_eq!(bench.raw(0, &first).unwrap().seen, Seen::First);
    assert_eq!(bench.raw(1, &later).unwrap().seen, Seen::Continued);
    assert!(bench.raw(2, &orphan).is_none());
    assert_eq!(bench.table.counts().orphan_fragments, 1);
    assert_eq!(bench.finish()[0].pkts, [2, 0]);
}

#[test]
fn a_conn_that_flips_tells_everything_the_other_way() {
    let mut bench = Bench::new(10);
    bench.take(0, &OUT.with(flag::ACK, b"data"));
    let mut conn = bench.finish().remove(0);
    conn.flip();
    assert_eq!((conn.tuple.dst_port, conn.pkts, conn.history()), (50_000, [0, 1], "^d"));
    assert_eq!(conn.hops[1].first().unwrap().src, MacAddr(CLIENT_MAC));
}

proptest! {
    /// Whatever comes, in whatever order of time: no panic, no packet lost or counted twice, the bound kept.
    #[test]
    fn every_packet_is_in_one_conn(
        steps in prop::collection::vec((0u16..6, 0u8..32, -300i64..300, any::<bool>(), any::<bool>()), 1..400),
        max_conns in 1u32..5,
    ) {
        let mut bench = Bench::new(max_conns);
        let mut time = 1_000;
        let mut counted = 0;
        for (n, (port, flags, step, reply, hold)) in steps.into_iter().enumerate() {
            time += step;
            let frame = Frame { ports: (50_000 + port, 443), ident: n as u16 + 1, seq: n as u32, ..OUT.with(flags, b"") };
            let touch = bench.take(time * SECOND, &if reply { frame.reply() } else { frame });
            counted += u64::from(touch.seen != Seen::Duplicate);
            if hold {
                bench.table.conn_mut(touch.id).unwrap().held = true;
            }
        }
        let counts = bench.table.counts();
        let conns = bench.finish();
        prop_assert_eq!(conns.iter().map(|conn| conn.pkts[0] + conn.pkts[1]).sum::<u64>(), counted);
        prop_assert_eq!(conns.len() as u64, counts.conns);
    }
    /// Copies, other VLANs, silence, closes and all: what the short way takes it counts as the long way does.
    #[test]
    fn the_short_way_counts_what_the_long_way_counts(
        steps in prop::collection::vec((0u16..3, 0u8..32, 0i64..90, any::<bool>(), 0u16..3, 1u16..4), 1..300),
    ) {
        let (mut long, mut short) = (Bench::new(100), Bench::new(100));
        let mut time = 1_000;
        for (port, flags, step, reply, vlan, ident) in steps {
            time += step;
            let frame = Frame { ports: (50_000 + port, 443), vlan, ident, ..OUT.with(flags, b"data") };
            let frame = if reply { frame.reply() } else { frame };
            long.take(time * SECOND / 10, &frame);
            short.again(time * SECOND / 10, &frame);
        }
        prop_assert_eq!(long.table.counts(), short.table.counts());
        prop_assert_eq!(format!("{:?}", long.finish()), format!("{:?}", short.finish()));
    }
}

#[test]
fn the_end_of_time_is_no_end_of_work() {
    let mut bench = Bench::new(10);
    for time_ns in [0, i64::MAX, i64::MIN, i64::MAX - SECOND, i64::MAX] {
        bench.take(time_ns, &OUT.with(flag::ACK, b"data"));
    }
    assert!(!bench.finish().is_empty());
}
