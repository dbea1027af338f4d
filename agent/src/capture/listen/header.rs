//! IP and UDP headers in front of a datagram that the kernel has taken them off.
//!
//! Checksums are zero: nothing here verifies them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An IPv6 header and a UDP header.
pub(super) const HEADROOM_BYTES: usize = 48;

const PROTOCOL_UDP: u8 = 17;
/// What Linux sends with; the true one is gone.
const TTL: u8 = 64;

/// Writes headers at the end of the head-room, right before the datagram of `len` bytes. Gives how
/// many bytes of the head-room are left unused.
pub(super) fn write(
    headroom: &mut [u8; HEADROOM_BYTES],
    source: SocketAddr,
    destination: SocketAddr,
    len: usize,
) -> usize {
    let [source_high, source_low] = source.port().to_be_bytes();
    let [destination_high, destination_low] = destination.port().to_be_bytes();
    // The kernel gives no datagram that would not fit its own header.
    let [len_high, len_low] = u16::try_from(8 + len).unwrap_or(u16::MAX).to_be_bytes();
    let udp = [source_high, source_low, destination_high, destination_low, len_high, len_low, 0, 0];
    let (ip, udp_room) = headroom.split_at_mut(HEADROOM_BYTES - udp.len());
    udp_room.copy_from_slice(&udp);
    match (source.ip().to_canonical(), destination.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => v4(ip, source, destination, len),
        (source, destination) => v6(ip, mapped(source), mapped(destination), [len_high, len_low]),
    }
}

/// RFC 791 §3.1.
fn v4(room: &mut [u8], source: Ipv4Addr, destination: Ipv4Addr, len: usize) -> usize {
    let [len_high, len_low] = u16::try_from(28 + len).unwrap_or(u16::MAX).to_be_bytes();
    let [a, b, c, d] = source.octets();
    let [e, f, g, h] = destination.octets();
    let header = [0x45, 0, len_high, len_low, 0, 0, 0, 0, TTL, PROTOCOL_UDP, 0, 0, a, b, c, d, e, f, g, h];
    let unused = room.len() - header.len();
    if let Some((_, end)) = room.split_last_chunk_mut() {
        *end = header;
    }
    unused
}

/// RFC 8200 §3.
fn v6(room: &mut [u8], source: Ipv6Addr, destination: Ipv6Addr, [high, low]: [u8; 2]) -> usize {
    let fields = [0x60, 0, 0, 0, high, low, PROTOCOL_UDP, TTL];
    let header = fields.into_iter().chain(source.octets()).chain(destination.octets());
    for (byte, value) in room.iter_mut().zip(header) {
        *byte = value;
    }
    0
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}
