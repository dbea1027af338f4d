//! WireGuard: a handshake every two minutes while it is used, keep-alives every 25 seconds.

use super::super::Day;
use super::super::site::Device;
use super::super::talk::Datagrams;
use super::super::wire::SECOND;
use super::{Category, Kind};
use crate::workload::frame::Ip;

const PERSISTENT_KEEP_ALIVE: u64 = 25 * SECOND;
/// A session's keys live this long while there is traffic.
const REKEY: u64 = 120 * SECOND;

/// One packet of a talk, and when.
pub(super) struct Said {
    pub(super) at: u64,
    pub(super) from_near: bool,
    pub(super) packet: Vec<u8>,
}

struct Session {
    indexes: [[u8; 4]; 2],
    counters: [u64; 2],
    began: u64,
}

impl Session {
    /// New keys, and the messages that agree on them: initiation, response.
    fn new(day: &mut Day, began: u64) -> (Self, [Vec<u8>; 2]) {
        let indexes = [day.rng.u32().to_le_bytes(), day.rng.u32().to_le_bytes()];
        let mut initiation = vec![1, 0, 0, 0];
        initiation.extend(indexes[0]);
        initiation.extend(day.rng.bytes(32 + 48 + 28 + 16));
        initiation.extend([0; 16]);
        let mut response = vec![2, 0, 0, 0];
        response.extend(indexes[1]);
        response.extend(indexes[0]);
        response.extend(day.rng.bytes(32 + 16 + 16));
        response.extend([0; 16]);
        (Self { indexes, counters: [0; 2], began }, [initiation, response])
    }

    fn begin(day: &mut Day, line: &mut Datagrams) -> Self {
        let (session, messages) = Self::new(day, 0);
        for (from_near, message) in [true, false].into_iter().zip(&messages) {
            line.say(&mut day.wire, from_near, message);
        }
        Self { began: line.at(), ..session }
    }

    /// A transport message; without bytes it keeps alive.
    fn message(&mut self, day: &mut Day, from_near: bool, bytes: usize) -> Vec<u8> {
        let side = usize::from(!from_near);
        let mut message = vec![4, 0, 0, 0];
        message.extend(self.indexes[1 - side]);
        message.extend(self.counters[side].to_le_bytes());
        self.counters[side] += 1;
        message.extend(day.rng.bytes(bytes.next_multiple_of(16) + 16));
        message
    }
}

/// What is said while a tunnel is used for so long, without anything before or after.
pub(super) fn talk(day: &mut Day, begin: u64, length: u64) -> Vec<Said> {
    let (mut at, mut said) = (begin, Vec::new());
    while at < begin + length {
        let (mut session, messages) = Session::new(day, at);
        let until = (at + REKEY).min(begin + length);
        for (from_near, packet) in [true, false].into_iter().zip(messages) {
            said.push(Said { at, from_near, packet });
            at += SECOND / 20;
        }
        while at < until {
            let from_near = day.rng.chance(0.4);
            let size = *day.rng.pick(&[0, 80, 400, 1_200]);
            said.push(Said { at, from_near, packet: session.message(day, from_near, size) });
            at += day.rng.range(SECOND / 20, SECOND);
        }
    }
    said
}

pub(super) fn client(day: &mut Day) {
    let device = day.any(&["server", "pc", "pacs", "ct", "mr", "xa", "us", "analyzer"]);
    of(day, &device);
}

/// A device's tunnel that is up all day.
pub(super) fn of(day: &mut Day, device: &Device) {
    let party = day.nameless();
    let (way, exit) = day.leave(device, party.ip);
    let port = *day.rng.pick(&[51_820, 51_820, 443, 11_010, 4_433]);
    let from = *day.rng.pick(&[51_820, day.next_port]);
    let at = if day.rng.chance(0.3) { day.start - 1_000 * SECOND } else { day.early() };
    let mut line = Datagrams::new(&way, (from, port), at, &mut day.rng);
    let mut session = Session::begin(day, &mut line);
    let bursts = day.bursts();
    let mut at = line.at();
    while at < day.end {
        let busy = bursts.iter().any(|burst| (*burst..*burst + 200 * SECOND).contains(&at));
        at = line.at().max(at + if busy { SECOND } else { PERSISTENT_KEEP_ALIVE });
        line.rest_until(at);
        if at - session.began > REKEY * if busy { 1 } else { 5 } {
            session = Session::begin(day, &mut line);
        }
        let keep_alive = session.message(day, true, 0);
        line.say(&mut day.wire, true, &keep_alive);
        if busy {
            for from_near in [false, true] {
                let size = *day.rng.pick(&[80, 400, 1_200]);
                let message = session.message(day, from_near, size);
                line.say(&mut day.wire, from_near, &message);
            }
        }
    }
    let category = Category::of_maintenance(device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("wireguard", "udp", port), &exit, category);
}
