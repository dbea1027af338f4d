//! OpenVPN over UDP and TCP: plain, tls-auth, tls-crypt, on its own port and on others'.

use super::super::Day;
use super::super::site::Device;
use super::super::talk::{Datagrams, Stream};
use super::super::wire::SECOND;
use super::{Category, HOSTS, Kind};
use crate::workload::frame::Ip;
use crate::workload::proto::{TlsClient, client_finish, client_hello, server_flight};

/// Opcodes, above the key id's three bits (OpenVPN, `ssl_pkt.h`).
const CONTROL: u8 = 4 << 3;
const ACKNOWLEDGE: u8 = 5 << 3;
const CLIENT_RESET: u8 = 7 << 3;
const SERVER_RESET: u8 = 8 << 3;
const DATA: u8 = 9 << 3;
/// A ping is 16 bytes before it is sealed.
const PING_BYTES: usize = 16;
/// The largest piece of TLS in one control packet.
const PIECE_BYTES: usize = 1_200;

/// How control packets are protected.
#[derive(Clone, Copy, Debug)]
enum Dress {
    Plain,
    Signed,
    Sealed,
}

/// Over which transport it runs.
enum Line {
    Udp(Datagrams),
    Tcp(Box<Stream>),
}

impl Line {
    fn say(&mut self, day: &mut Day, from_near: bool, packet: &[u8]) {
        match self {
            Self::Udp(line) => line.say(&mut day.wire, from_near, packet),
            Self::Tcp(stream) => {
                let framed = [&(packet.len() as u16).to_be_bytes()[..], packet].concat();
                stream.say(&mut day.wire, from_near, &framed);
            }
        }
    }

    fn rest_until(&mut self, at: u64) {
        match self {
            Self::Udp(line) => line.rest_until(at),
            Self::Tcp(stream) => stream.rest_until(at),
        }
    }

    fn at(&self) -> u64 {
        match self {
            Self::Udp(line) => line.at(),
            Self::Tcp(stream) => stream.at(),
        }
    }
}

/// One side's control channel.
struct Control {
    dress: Dress,
    sessions: [[u8; 8]; 2],
    packets: [u32; 2],
    replays: [u32; 2],
}

impl Control {
    fn packet(
        &mut self,
        day: &mut Day,
        at: u64,
        side: usize,
        opcode: u8,
        acks: &[u32],
        body: &[u8],
    ) -> Vec<u8> {
        let mut inner = vec![acks.len() as u8];
        inner.extend(acks.iter().flat_map(|ack| ack.to_be_bytes()));
        if !acks.is_empty() {
            inner.extend(self.sessions[1 - side]);
        }
        if opcode != ACKNOWLEDGE {
            inner.extend(self.packets[side].to_be_bytes());
            self.packets[side] += 1;
        }
        inner.extend(body);
        self.replays[side] += 1;
        let replay = [self.replays[side].to_be_bytes(), ((at / SECOND) as u32).to_be_bytes()].concat();
        let mut packet = vec![opcode];
        packet.extend(self.sessions[side]);
        match self.dress {
            Dress::Plain => packet.extend(inner),
            Dress::Signed => {
                packet.extend(day.rng.bytes(20));
                packet.extend(replay);
                packet.extend(inner);
            }
            Dress::Sealed => {
                packet.extend(replay);
                packet.extend(day.rng.bytes(32 + inner.len()));
            }
        }
        packet
    }
}

pub(super) fn udp(day: &mut Day) {
    let port = *day.rng.pick(&[1194, 1194, 443, 53_194, 11_940, 5_000]);
    let device = day.any(HOSTS);
    of(day, &device, port, false);
}

pub(super) fn tcp(day: &mut Day) {
    let port = *day.rng.pick(&[1194, 443, 8_443, 943]);
    let device = day.any(HOSTS);
    of(day, &device, port, true);
}

/// A device's tunnel that is up all day.
pub(super) fn of(day: &mut Day, device: &Device, port: u16, over_tcp: bool) {
    let bursts = day.bursts();
    used_at(day, device, port, over_tcp, &bursts);
}

/// The same, used at these moments.
pub(super) fn used_at(day: &mut Day, device: &Device, port: u16, over_tcp: bool, bursts: &[u64]) {
    let party = if day.rng.chance(0.4) {
        let name = format!("vpn{}.vendor{}.example", day.rng.range(1, 9), day.rng.range(1, 99));
        day.named(&name)
    } else {
        day.nameless()
    };
    let (way, exit) = day.leave(device, party.ip);
    let early = day.early();
    let at = day.look_up(device, &party, early);
    let from = day.port();
    let line = if over_tcp {
        Line::Tcp(Box::new(Stream::open(&mut day.wire, &way, (from, port), at, &mut day.rng)))
    } else {
        Line::Udp(Datagrams::new(&way, (from, port), at, &mut day.rng))
    };
    session(day, line, bursts);
    let category = Category::of_maintenance(device, true);
    let transport = if over_tcp { "tcp" } else { "udp" };
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("openvpn", transport, port), &exit, category);
}

fn session(day: &mut Day, mut line: Line, bursts: &[u64]) {
    let dress = *day.rng.pick(&[Dress::Plain, Dress::Signed, Dress::Sealed]);
    let sessions = [day.rng.u64().to_be_bytes(), day.rng.u64().to_be_bytes()];
    let mut control = Control { dress, sessions, packets: [0; 2], replays: [0; 2] };
    let hello = control.packet(day, line.at(), 0, CLIENT_RESET, &[], &[]);
    line.say(day, true, &hello);
    let answer = control.packet(day, line.at(), 1, SERVER_RESET, &[0], &[]);
    line.say(day, false, &answer);
    let ack = control.packet(day, line.at(), 0, ACKNOWLEDGE, &[0], &[]);
    line.say(day, true, &ack);
    let flights = [
        client_hello(TlsClient::Openssl, "", &[], &mut day.rng),
        server_flight(true, "openvpn-server", None, &mut day.rng),
        client_finish(true, &mut day.rng),
    ];
    for (number, flight) in flights.iter().enumerate() {
        let side = number % 2;
        for piece in flight.chunks(PIECE_BYTES) {
            let packet_id = control.packets[side];
            let packet = control.packet(day, line.at(), side, CONTROL, &[], piece);
            line.say(day, side == 0, &packet);
            let ack = control.packet(day, line.at(), 1 - side, ACKNOWLEDGE, &[packet_id], &[]);
            line.say(day, side == 1, &ack);
        }
    }
    pings(day, &mut line, bursts);
}

fn data(day: &mut Day, number: u32, bytes: usize) -> Vec<u8> {
    let mut packet = vec![DATA, 0, 0, 0];
    packet.extend(number.to_be_bytes());
    packet.extend(day.rng.bytes(16 + bytes));
    packet
}

fn pings(day: &mut Day, line: &mut Line, bursts: &[u64]) {
    let period = *day.rng.pick(&[20, 20, 30]) * SECOND;
    let (mut at, mut numbers) = (line.at(), [0_u32; 2]);
    while at < day.end {
        let busy = bursts.iter().any(|burst| (*burst..*burst + 120 * SECOND).contains(&at));
        at = line.at().max(at + if busy { SECOND } else { period });
        line.rest_until(at);
        for from_near in [true, false] {
            let number = &mut numbers[usize::from(!from_near)];
            *number += 1;
            let size = if busy { *day.rng.pick(&[60, 300, 1_200]) } else { PING_BYTES };
            let packet = data(day, *number, size);
            line.say(day, from_near, &packet);
        }
    }
}
