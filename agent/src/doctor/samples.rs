//! For tests: frames as a mirror port shows them.

/// The station that the mirror is sent to, and another.
pub(crate) const OWN: [u8; 6] = [0x00, 0x53, 0x00, 0xff, 0xff, 0x01];
pub(crate) const OTHER: [u8; 6] = [0x00, 0x53, 0x00, 0, 0, 2];

/// A UDP datagram from one host to another in an Ethernet frame.
pub(crate) fn datagram(to: [u8; 6], ports: [u16; 2], hosts: [[u8; 4]; 2], payload: &[u8]) -> Vec<u8> {
    let udp_len = u16::try_from(8 + payload.len()).unwrap();
    let [total_high, total_low] = (20 + udp_len).to_be_bytes();
    let mut frame = [&to[..], &[0x00, 0x53, 0x00, 0, 0, 1], &[8, 0]].concat();
    frame.extend([0x45, 0, total_high, total_low, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend(hosts.concat());
    let [from, to] = ports.map(u16::to_be_bytes);
    frame.extend([from, to, udp_len.to_be_bytes(), [0, 0]].concat());
    frame.extend(payload);
    frame
}
