//! The yardstick: what reading a capture, keeping a flow table and looking for names costs at least.
//!
//! Capture in, counts out. It knows Ethernet, 802.1Q, IP, TCP and UDP, keeps packets and octets of
//! both directions of every flow, and looks into the first eight packets of each for the name in a
//! DNS question or in a ClientHello of one segment. It has no TCP state, no timeouts, no tunnels and no output,
//! so nothing that does the work can be as fast; how near it comes is what the benchmark tells.

mod header;
mod name;
mod table;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use table::{Flows, Table};

/// What one `read` asks for: enough to make system calls rare, small enough to stay in the cache.
const CHUNK: usize = 1 << 18;
/// A classic capture's head.
const FILE_HEAD: usize = 24;
/// Seconds, fraction, captured and wire length of a packet.
const PACKET_HEAD: usize = 16;
/// How many packets of a flow are looked into for names.
const LOOKED_INTO: u32 = 8;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Packets of the capture.
    pub packets: u64,
    /// Their octets on the wire.
    pub bytes: u64,
    /// Those of IPv4 or IPv6.
    pub ip: u64,
    /// Distinct flows.
    pub flows: usize,
    /// Names found.
    pub names: u64,
    /// Combines the names, so that looking for them cannot be optimised away.
    pub sum: u64,
}

/// Reads a classic little-endian capture of Ethernet frames.
pub fn run(file: &Path) -> io::Result<Counts> {
    let mut file = File::open(file)?;
    file.read_exact(&mut [0; FILE_HEAD])?;
    let mut table = Table::new()?;
    let mut counts = Counts::default();
    let mut buffer = vec![0; CHUNK];
    let mut have = 0;
    loop {
        let read = file.read(&mut buffer[have..])?;
        have += read;
        table.make_room(have / PACKET_HEAD)?;
        let used = chunk(&mut counts, &mut table.flows(), &buffer[..have]);
        if used == 0 && have == CHUNK {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet larger than any capture's"));
        }
        buffer.copy_within(used..have, 0);
        have -= used;
        if read == 0 {
            return Ok(Counts { flows: table.len(), ..counts });
        }
    }
}

/// Takes the whole packets of a chunk; gives how many octets they filled.
fn chunk(counts: &mut Counts, flows: &mut Flows<'_>, bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(head) = bytes[at..].first_chunk::<PACKET_HEAD>() {
        let [.., a, b, c, d, e, f, g, h] = *head;
        let captured = u32::from_le_bytes([a, b, c, d]) as usize;
        let wire = u32::from_le_bytes([e, f, g, h]);
        let start = at + PACKET_HEAD;
        let Some(frame) = bytes.get(start..start + captured) else { break };
        packet(counts, flows, frame, wire);
        at = start + captured;
    }
    at
}

#[inline]
fn packet(counts: &mut Counts, flows: &mut Flows<'_>, frame: &[u8], wire: u32) {
    counts.packets += 1;
    counts.bytes += u64::from(wire);
    let Some(header) = header::parse(frame, wire) else { return };
    counts.ip += 1;
    if flows.add(&header) > LOOKED_INTO || header.payload == 0 {
        return;
    }
    if let Some(payload) = frame.get(header.payload..)
        && !payload.is_empty()
    {
        let name = name::digest(payload);
        counts.names += u64::from(name != 0);
        counts.sum ^= name;
    }
}
