//! Worst case for whoever copies or looks into payloads: one flow, all of it at full size.
//!
//! A TLS handshake, then records of one segment each in both directions, seven down for one up; the
//! acknowledgements ride on the data.

use super::Options as Opts;
use super::frame::{self, ACK, Ip, PSH, SYN, Tcp};
use super::pcap::Frames;
use super::proto::{TlsClient, client_finish, client_hello, record, server_flight};
use super::rng::Rng;
use super::truth::{Count, External, Truth};
use super::world::{Role, World};
use std::io;

/// Fills an Ethernet frame of 1514 octets.
const MSS: usize = 1460;
/// The handshake at most: what is asked for must at least hold it.
const HANDSHAKE: u64 = 12;
const SERVER: [u8; 4] = [198, 19, 250, 1];

pub(crate) fn write(o: &Opts, out: &mut impl Frames) -> io::Result<Truth> {
    if o.packets < HANDSHAKE {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too few packets for a handshake"));
    }
    let w = World::new(o.seed);
    let mut r = Rng::stream(o.seed, 21, 0);
    let ends = [w.hosts[w.role(Role::Pc)[0]].ep(50_000), w.outside(Ip::V4(SERVER), 443)];
    let mut seq = [r.u32(), r.u32()];
    let mut count = Count { flows: 1, ..Count::default() };
    let mut buf = Vec::with_capacity(1514);
    let mut say = |up: bool, flags: u8, payload: &[u8]| {
        let (from, to) = (!up as usize, up as usize);
        let opts: &[u8] = if flags & SYN != 0 { &[2, 4, 5, 0xb4] } else { &[] };
        let ack = if flags & ACK != 0 { seq[to] } else { 0 };
        let tcp = Tcp { seq: seq[from], ack, flags, win: 65_000, opts };
        frame::tcp(&mut buf, &ends[from], &ends[to], 0, count.packets as u16, &tcp, payload);
        seq[from] = seq[from].wrapping_add(payload.len() as u32 + (flags & SYN != 0) as u32);
        let t = o.start + (count.packets as u128 * o.duration as u128 / o.packets as u128) as u64;
        count.add(&buf);
        out.frame(t, &buf)?;
        Ok::<_, io::Error>(count)
    };
    say(true, SYN, &[])?;
    say(false, SYN | ACK, &[])?;
    say(true, ACK, &[])?;
    let hello = client_hello(TlsClient::Firefox, "backup.elephant.example", &["h2"], &mut r);
    let answer = server_flight(true, "backup.elephant.example", None, &mut r);
    let mut done = count_of(&mut say, true, &hello)?;
    done = done.max(count_of(&mut say, false, &answer)?);
    done = done.max(count_of(&mut say, true, &client_finish(true, &mut r))?);
    let data = [record(23, 0x303, &r.bytes(MSS - 5)), record(23, 0x303, &r.bytes(MSS - 5))];
    let mut last = Count::default();
    for i in done..o.packets {
        last = say(i % 8 == 7, PSH | ACK, &data[(i & 1) as usize])?;
    }
    Ok(Truth {
        profile: "elephant".to_owned(),
        seed: o.seed,
        packets: last.packets,
        bytes: last.bytes,
        tuples: Some(1),
        distinct_external_names: 1,
        sessions: [("tls".to_owned(), 1)].into(),
        external: vec![External::new("tcp", 443, SERVER, Some("tls"))],
        kinds: [("Elephant".to_owned(), last)].into(),
        ..Truth::default()
    })
}

/// Sends a message in segments; gives how many packets there are then.
fn count_of(
    say: &mut impl FnMut(bool, u8, &[u8]) -> io::Result<Count>,
    up: bool,
    message: &[u8],
) -> io::Result<u64> {
    let mut packets = 0;
    for segment in message.chunks(MSS) {
        packets = say(up, PSH | ACK, segment)?.packets;
    }
    Ok(packets)
}
