//! From a frame to the key of its flow: Ethernet, 802.1Q, IPv4, IPv6, TCP, UDP; no options looked at.

/// What the table needs of a packet.
pub(super) struct Header {
    /// Both addresses, ports, VLAN and protocol, the same for both directions.
    pub(super) key: [u64; 5],
    /// Which of the two directions it goes.
    pub(super) direction: usize,
    /// Its length on the wire.
    pub(super) wire: u32,
    /// Where the payload of TCP or UDP starts; 0 where there is none.
    pub(super) payload: usize,
}

/// Marks a key as taken: no key of a packet is all zero in its last word.
const TAKEN: u64 = 1 << 31;

/// Gives `None` for what is not IP, or cut short.
#[inline]
pub(super) fn parse(frame: &[u8], wire: u32) -> Option<Header> {
    if frame.len() < 34 {
        return None;
    }
    let (ethertype, vlan, ip) = link(frame)?;
    let (source, target, protocol, upper) = match ethertype {
        0x0800 => v4(frame, ip)?,
        0x86dd => v6(frame, ip)?,
        _ => return None,
    };
    let (source_port, target_port, payload) = match upper {
        Some(upper) if matches!(protocol, 6 | 17) && frame.len() >= upper + 8 => {
            ports(frame, upper, protocol)
        }
        _ => (0, 0, 0),
    };
    let swap = (source, source_port) > (target, target_port);
    let (a, b, x, y) = if swap {
        (target, source, target_port, source_port)
    } else {
        (source, target, source_port, target_port)
    };
    let last = u64::from(x) << 48 | u64::from(y) << 32 | TAKEN | u64::from(vlan) << 8 | u64::from(protocol);
    Some(Header { key: [a[0], a[1], b[0], b[1], last], direction: usize::from(swap), wire, payload })
}

/// Gives EtherType, VLAN and where the network layer starts.
#[inline]
fn link(frame: &[u8]) -> Option<(u16, u16, usize)> {
    let mut at = 12;
    let mut ethertype = u16_at(frame, at);
    let mut vlan = 0;
    while matches!(ethertype, 0x8100 | 0x88a8) {
        if frame.len() < at + 26 {
            return None;
        }
        vlan = u16_at(frame, at + 2) & 0x0fff;
        at += 4;
        ethertype = u16_at(frame, at);
    }
    Some((ethertype, vlan, at + 2))
}

/// Source, target, protocol, and where the transport layer starts.
type Network = ([u64; 2], [u64; 2], u8, Option<usize>);

#[inline]
fn v4(frame: &[u8], at: usize) -> Option<Network> {
    let header: &[u8; 20] = frame.get(at..)?.first_chunk()?;
    if header[0] >> 4 != 4 {
        return None;
    }
    let address = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        [u64::from(u32::from_ne_bytes(bytes)), 0]
    };
    let first = u16::from_be_bytes([header[6], header[7]]) & 0x1fff == 0;
    let upper = first.then_some(at + usize::from(header[0] & 15) * 4);
    Some((address(12), address(16), header[9], upper))
}

#[inline]
fn v6(frame: &[u8], at: usize) -> Option<Network> {
    let header: &[u8; 40] = frame.get(at..)?.first_chunk()?;
    let word = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&header[at..at + 8]);
        u64::from_ne_bytes(bytes)
    };
    Some(([word(8), word(16)], [word(24), word(32)], header[6], Some(at + 40)))
}

/// Both ports, and where the payload starts.
#[inline]
fn ports(frame: &[u8], at: usize, protocol: u8) -> (u16, u16, usize) {
    let payload = if protocol == 17 {
        at + 8
    } else if frame.len() >= at + 20 {
        at + usize::from(frame[at + 12] >> 4) * 4
    } else {
        0
    };
    (u16_at(frame, at), u16_at(frame, at + 2), payload)
}

#[inline]
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}
