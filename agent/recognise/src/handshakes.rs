//! Whether a flow that shows nothing carries other connections: packets that come in the sizes, the order
//! and the directions of TCP's handshakes (SYN, SYN-ACK, ACK) with a tunnel's overhead on them.
//!
//! After the idea of CESNET's `ssaDetector`, with all three steps. The overhead is the same for each packet
//! of a tunnel, so what TCP makes of the sizes stays: a SYN-ACK is as large as its SYN or lacks options that
//! the server does not know, at most 20 bytes; the ACK that follows lacks at least four bytes of options
//! more (RFC 9293 §3.1, RFC 7323 §2, §3.2).
//!
//! Calls and other streams of small packets show such triples by the thousand: a tunnel's handshakes are few
//! among larger packets, and their sizes few.

/// Sizes of a handshake's packets, with 20 to 100 bytes of overhead.
const SIZES: std::ops::RangeInclusive<u32> = 60..=150;
const SIZE_COUNT: usize = 91;
/// How long a step may wait for the next: twice TCP's first retransmission timeout, and a second.
const WINDOW_MS: u32 = 3_000;
/// What a SYN-ACK may lack of its SYN's options, in bytes.
const FEWER_OPTIONS: usize = 20;
/// What an ACK lacks of its SYN-ACK's options at least: the maximum segment size.
const ACK_LACKS: usize = 4;
/// Packets followed of one flow; beyond it the judgement stands.
const MOST_PACKETS: u16 = 1 << 14;
/// Packets without which nothing is said.
const FEWEST_PACKETS: u16 = 30;
/// Handshakes without which nothing is said.
const FEWEST: u8 = 3;
/// The most packets for each handshake.
const PACKETS_PER_HANDSHAKE: u16 = 2_500;
/// The fewest packets for each handshake: a connection has some ten packets.
const FEWEST_PER_HANDSHAKE: u16 = 8;

/// What was seen of a flow's sizes: 1.5 KiB.
#[derive(Debug)]
pub(crate) struct Shape {
    start_ns: i64,
    /// When a packet of each size last may have been a SYN, by its sender; milliseconds since the start, and
    /// one, 0 for never.
    syn: [[u32; SIZE_COUNT]; 2],
    /// When it last may have been a SYN-ACK.
    syn_ack: [[u32; SIZE_COUNT]; 2],
    packets: u16,
    small: u16,
    handshakes: u8,
    /// The SYNs' sizes among them.
    sizes: u128,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            start_ns: 0,
            syn: [[0; SIZE_COUNT]; 2],
            syn_ack: [[0; SIZE_COUNT]; 2],
            packets: 0,
            small: 0,
            handshakes: 0,
            sizes: 0,
        }
    }
}

impl Shape {
    /// Takes a packet's size; tells whether more would be looked at.
    pub(crate) fn add(&mut self, time_ns: i64, from_orig: bool, wire_len: u32) -> bool {
        if self.packets == 0 {
            self.start_ns = time_ns;
        }
        self.packets += 1;
        if SIZES.contains(&wire_len) {
            self.small += 1;
            let since_ms = time_ns.saturating_sub(self.start_ns) / 1_000_000;
            // Beyond seven weeks, or before the first packet, nothing is within a window.
            let now_ms = u32::try_from(since_ms).unwrap_or_default().saturating_add(1);
            self.step(now_ms, from_orig, (wire_len - SIZES.start()) as usize);
        }
        self.packets < MOST_PACKETS
    }

    fn step(&mut self, now_ms: u32, from_orig: bool, size: usize) {
        let (own, peer) = if from_orig { (0, 1) } else { (1, 0) };
        // The ACK of a SYN-ACK that the peer sent.
        if newest(&self.syn_ack, peer, size + ACK_LACKS, size + FEWER_OPTIONS, now_ms).is_some() {
            let syn = newest(&self.syn, own, size + ACK_LACKS, size + 2 * FEWER_OPTIONS, now_ms);
            if let Some(syn) = syn {
                self.handshakes = self.handshakes.saturating_add(1);
                self.sizes |= 1 << syn;
            }
            self.syn = [[0; SIZE_COUNT]; 2];
            self.syn_ack = [[0; SIZE_COUNT]; 2];
            return;
        }
        if newest(&self.syn, peer, size, size + FEWER_OPTIONS, now_ms).is_some() {
            mark(&mut self.syn_ack, own, size, now_ms);
        }
        mark(&mut self.syn, own, size, now_ms);
    }

    /// How many handshakes speak for a tunnel; 0 if nothing does.
    pub(crate) fn handshakes(&self) -> u8 {
        let count = u16::from(self.handshakes);
        let distinct = self.sizes.count_ones() as u16;
        // The more there are, the more must be alike.
        let alike = match self.handshakes {
            0..15 => distinct * 10 <= count * 6,
            15..40 => distinct * 10 <= count * 4,
            _ => distinct * 10 <= count * 2,
        };
        let believed = self.handshakes >= FEWEST
            && self.packets >= FEWEST_PACKETS
            && self.packets / count.max(1) <= PACKETS_PER_HANDSHAKE
            && self.packets / count.max(1) >= FEWEST_PER_HANDSHAKE
            && u32::from(self.small) * 10 <= u32::from(self.packets) * 7
            && alike;
        if believed { self.handshakes } else { 0 }
    }
}

fn mark(table: &mut [[u32; SIZE_COUNT]; 2], side: usize, size: usize, now_ms: u32) {
    if let Some(place) = table.get_mut(side).and_then(|sizes| sizes.get_mut(size)) {
        *place = now_ms;
    }
}

/// The size between two, both included, that a side sent last within the window.
fn newest(table: &[[u32; SIZE_COUNT]; 2], side: usize, from: usize, to: usize, now_ms: u32) -> Option<usize> {
    let sizes = table.get(side)?.get(from..=to.min(SIZE_COUNT - 1))?;
    let recent = |(_, at): &(usize, &u32)| **at != 0 && now_ms.wrapping_sub(**at) <= WINDOW_MS;
    let (place, _) = sizes.iter().enumerate().filter(recent).max_by_key(|(_, at)| **at)?;
    Some(from + place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// Plays packets of (from orig, size) ten milliseconds apart, over and over.
    fn play(packets: &[(bool, u32)], rounds: usize, pause_ms: i64) -> u8 {
        let mut shape = Shape::default();
        let mut time_ns = 1_000_000_000 * MS;
        for _ in 0..rounds {
            for (from_orig, size) in packets {
                shape.add(time_ns, *from_orig, *size);
                time_ns += 10 * MS;
            }
            time_ns += pause_ms * MS;
        }
        shape.handshakes()
    }

    #[test]
    fn connections_in_a_tunnel_are_counted() {
        // A handshake of 60, 60 and 52 bytes with 37 of overhead, a request, its answer and the end.
        let connection = [
            (true, 97),
            (false, 97),
            (true, 89),
            (true, 437),
            (false, 1_389),
            (false, 1_389),
            (true, 89),
            (false, 1_389),
            (false, 700),
            (true, 89),
            (false, 89),
            (true, 89),
        ];
        assert_eq!(play(&connection, 6, 5_000), 6);
        // Windows: 52, 52 and 40.
        let windows: Vec<(bool, u32)> = connection
            .iter()
            .map(|(from, size)| {
                (
                    *from,
                    match size {
                        97 => 89,
                        89 => 77,
                        size => *size,
                    },
                )
            })
            .collect();
        assert_eq!(play(&windows, 6, 5_000), 6);
        assert_eq!(play(&connection, 2, 5_000), 0, "two are luck");
    }

    #[test]
    fn other_flows_have_no_handshakes() {
        let ping = [(true, 96), (false, 96)];
        assert_eq!(play(&ping, 500, 1_000), 0, "questions and answers of one size");
        let call = [(true, 90), (false, 92), (true, 84), (false, 80), (true, 92), (false, 88)];
        assert_eq!(play(&call, 500, 0), 0, "a call of small packets");
        let bulk = [(true, 1_400), (true, 1_400), (false, 80), (true, 1_400), (false, 80)];
        assert_eq!(play(&bulk, 500, 0), 0, "a transfer with its acknowledgments");
        let slow = [
            (true, 97),
            (false, 97),
            (true, 89),
            (true, 400),
            (false, 1_400),
            (false, 1_400),
            (false, 900),
            (true, 400),
            (false, 900),
        ];
        let mut shape = Shape::default();
        for (n, (from_orig, size)) in (0..).zip(slow.iter().cycle().take(200)) {
            shape.add(n * 4_000 * MS, *from_orig, *size);
        }
        assert_eq!(shape.handshakes(), 0, "steps that are too far apart");
    }

    #[test]
    fn any_time_and_any_size_are_borne_and_the_end_is_told() {
        let mut shape = Shape::default();
        for (n, time) in
            [i64::MAX, i64::MIN, 0, -1, 1].into_iter().cycle().take(usize::from(MOST_PACKETS)).enumerate()
        {
            let more = shape.add(time, n % 2 == 0, n as u32 % 200);
            assert_eq!(more, n + 1 < usize::from(MOST_PACKETS));
        }
    }
}
