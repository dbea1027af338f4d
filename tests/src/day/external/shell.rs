//! SSH: outward on odd ports, from outside through the firewall, over the lab's ISDN router.

use super::super::Day;
use super::super::site::Device;
use super::super::talk::Stream;
use super::super::wire::{SECOND, Way};
use super::{Category, Kind, Party};
use crate::workload::frame::Ip;

const NAMES: [&str; 10] = [
    "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256",
    "rsa-sha2-512,rsa-sha2-256,ssh-ed25519",
    "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com",
    "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com",
    "hmac-sha2-256,hmac-sha2-512",
    "hmac-sha2-256,hmac-sha2-512",
    "none,zlib@openssh.com",
    "none,zlib@openssh.com",
    "",
    "",
];

/// A binary packet before keys are taken (RFC 4253 §6).
fn packet(day: &mut Day, payload: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (payload.len() + 9) % 8) % 8;
    let mut bytes = (payload.len() as u32 + padding as u32 + 1).to_be_bytes().to_vec();
    bytes.push(padding as u8);
    bytes.extend(payload);
    bytes.extend(day.rng.bytes(padding));
    bytes
}

/// A string with its length (RFC 4251 §5).
fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// SSH_MSG_KEXINIT (RFC 4253 §7.1).
fn kexinit(day: &mut Day) -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend(day.rng.bytes(16));
    for names in NAMES {
        payload.extend(string(names.as_bytes()));
    }
    payload.extend([0; 5]);
    packet(day, &payload)
}

/// Versions, key exchange, new keys (RFC 4253 §7).
pub(super) fn shake(day: &mut Day, stream: &mut Stream) {
    let client = *day.rng.pick(&["OpenSSH_9.6", "PuTTY_Release_0.78", "TTSSH/2.91 Win32"]);
    stream.say(&mut day.wire, true, format!("SSH-2.0-{client}\r\n").as_bytes());
    let server = *day.rng.pick(&["OpenSSH_8.7", "OpenSSH_7.4", "dropbear_2022.83"]);
    stream.say(&mut day.wire, false, format!("SSH-2.0-{server}\r\n").as_bytes());
    for from_near in [true, false] {
        let message = kexinit(day);
        stream.say(&mut day.wire, from_near, &message);
    }
    let share = [&[30][..], &string(&day.rng.bytes(32))].concat();
    let share = packet(day, &share);
    stream.say(&mut day.wire, true, &share);
    let host_key = [string(b"ssh-ed25519"), string(&day.rng.bytes(32))].concat();
    let signature = [string(b"ssh-ed25519"), string(&day.rng.bytes(64))].concat();
    let share = string(&day.rng.bytes(32));
    let keys = [&[31][..], &string(&host_key), &share, &string(&signature)].concat();
    let reply = [packet(day, &keys), packet(day, &[21])].concat();
    stream.say(&mut day.wire, false, &reply);
    let taken = packet(day, &[21]);
    stream.say(&mut day.wire, true, &taken);
}

/// Sessions of some minutes each: keys typed, screens answered.
pub(super) fn sessions(day: &mut Day, way: &Way, port: u16, count: u64) {
    for _ in 0..count {
        let (at, from) = (day.moment((day.end - day.start) / 5), day.port());
        let mut stream = Stream::open(&mut day.wire, way, (from, port), at, &mut day.rng);
        shake(day, &mut stream);
        for _ in 0..day.rng.range(30, 150) {
            stream.rest_until(stream.at() + day.rng.range(SECOND / 10, 6 * SECOND));
            let keystroke = day.rng.bytes(52);
            stream.say(&mut day.wire, true, &keystroke);
            let size = *day.rng.pick(&[52, 52, 68, 400, 1_300]);
            let screen = day.rng.bytes(size);
            stream.say(&mut day.wire, false, &screen);
        }
        stream.close(&mut day.wire);
    }
}

/// A device that opens SSH to its vendor on an odd port, perhaps to be reached through it.
pub(super) fn outward(day: &mut Day) {
    let device = day.any(&["server", "pacs", "ct", "mr", "us", "analyzer", "ris"]);
    let party = day.nameless();
    let port = *day.rng.pick(&[22, 2_222, 443, 10_022, 8_022]);
    let (way, exit) = day.leave(&device, party.ip);
    let count = day.rng.range(1, 3);
    sessions(day, &way, port, count);
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("ssh", "tcp", port), &exit, category);
}

fn inward(day: &mut Day, device: &Device, port: u16) {
    let party = day.nameless();
    let way = day.inward(party.ip, device);
    let count = day.rng.range(1, 3);
    sessions(day, &way, port, count);
    let category = Category::of_maintenance(device, true);
    let exit = day.site.firewall.clone();
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("ssh", "tcp", port), &exit, category);
}

/// A vendor that comes in by a published port.
pub(super) fn from_outside(day: &mut Day) {
    let device = day.any(&["server", "pacs", "lis"]);
    let port = *day.rng.pick(&[22, 2_222, 20_022]);
    inward(day, &device, port);
}

/// The network's maintainer on a switch.
pub(super) fn switch_from_outside(day: &mut Day) {
    let device = day.any(&["switch"]);
    inward(day, &device, 22);
}

/// A lab device's vendor that dials in over ISDN: 64 kbit/s, a private subnet of its own.
pub(super) fn analyzer_by_isdn(day: &mut Day) {
    let device = day.site.named("lab01");
    let router = day.site.isdn.clone();
    let ip = Ip::V4([192, 168, 250, day.rng.range(2, 7) as u8]);
    let party = Party { ip, name: None };
    let way = day.by(&device, &router, ip, (90_000, 220_000)).reversed();
    let port = *day.rng.pick(&[22, 2_222]);
    let count = day.rng.range(1, 4);
    sessions(day, &way, port, count);
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("ssh", "tcp", port), &router, category);
}
