//! Frames, and the switch that sends them.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket};

/// Sends frames out of an interface.
pub(in crate::capture::live) struct Sender {
    socket: OwnedFd,
    interface: LinkAddr,
}

impl Sender {
    pub(in crate::capture::live) fn new(interface: &str) -> Self {
        let mut all = getifaddrs().unwrap();
        let found = all.find_map(|entry| {
            let address = entry.address?.as_link_addr().copied()?;
            (entry.interface_name == interface).then_some(address)
        });
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).unwrap();
        Self { socket, interface: found.expect("the interface is there") }
    }

    pub(in crate::capture::live) fn send(&self, frame: &[u8]) {
        let sent = sendto(self.socket.as_raw_fd(), frame, &self.interface, MsgFlags::empty()).unwrap();
        assert_eq!(sent, frame.len());
    }
}

/// Two stations' MAC addresses, from the documentation block (RFC 9542).
pub(in crate::capture::live) const STATIONS: [[u8; 6]; 2] =
    [[0, 0, 0x5e, 0, 0x53, 1], [0, 0, 0x5e, 0, 0x53, 2]];

/// A frame from the first station to the second.
pub(in crate::capture::live) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let [source, destination] = STATIONS;
    [&destination[..], &source, &ether_type.to_be_bytes(), payload].concat()
}

/// Puts a VLAN tag into a frame.
pub(in crate::capture::live) fn tagged(frame: &[u8], tpid: u16, tci: u16) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(12);
    [addresses, &tpid.to_be_bytes(), &tci.to_be_bytes(), rest].concat()
}

/// An IPv4 packet: protocol, identification with flags and offset, addresses, payload.
pub(in crate::capture::live) fn ipv4(
    protocol: u8,
    fragment: u16,
    ends: [[u8; 4]; 2],
    payload: &[u8],
) -> Vec<u8> {
    let len = u16::try_from(20 + payload.len()).unwrap();
    let [source, destination] = ends;
    let mut packet = vec![0x45, 0];
    packet.extend(len.to_be_bytes());
    packet.extend([0, 7]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(source.into_iter().chain(destination));
    let sum = packet.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u32>();
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(payload);
    packet
}

/// An IPv6 packet.
pub(in crate::capture::live) fn ipv6(next: u8, ends: [&str; 2], payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([next, 64]);
    for end in ends {
        packet.extend(end.parse::<std::net::Ipv6Addr>().unwrap().octets());
    }
    packet.extend(payload);
    packet
}

/// The head of TCP, UDP or SCTP as far as ports and lengths go, and a payload.
pub(in crate::capture::live) fn ports(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).unwrap();
    let mut segment = Vec::new();
    for number in [source, destination, len, 0] {
        segment.extend(number.to_be_bytes());
    }
    segment.extend(payload);
    segment
}

/// A UDP datagram in IPv4 on Ethernet.
pub(in crate::capture::live) fn datagram(ends: [[u8; 4]; 2], between: [u16; 2], payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4(17, 0, ends, &ports(between[0], between[1], payload)))
}

/// A datagram that tells its number, and is `len` bytes long.
pub(in crate::capture::live) fn numbered(number: u32, len: usize) -> Vec<u8> {
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(len - 42, 0);
    datagram([[192, 0, 2, 1], [192, 0, 2, 2]], [40_000, 104], &payload)
}
