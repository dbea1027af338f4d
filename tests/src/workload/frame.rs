//! Ethernet / 802.1Q / IPv4 / IPv6 / TCP / UDP frame building with correct checksums.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ip {
    V4([u8; 4]),
    V6([u8; 16]),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Ep {
    pub(crate) mac: [u8; 6],
    pub(crate) ip: Ip,
    pub(crate) port: u16,
    pub(crate) ttl: u8,
}

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const PSH: u8 = 8;
pub(crate) const ACK: u8 = 16;

/// One's-complement sum of big-endian 16-bit words, not folded.
fn sum(b: &[u8]) -> u64 {
    let mut s = 0u64;
    let mut it = b.chunks_exact(4);
    for c in &mut it {
        s += u32::from_be_bytes([c[0], c[1], c[2], c[3]]) as u64;
    }
    let r = it.remainder();
    let mut last = [0u8; 4];
    last[..r.len()].copy_from_slice(r);
    s + u32::from_be_bytes(last) as u64
}

fn fold(mut s: u64) -> u16 {
    while s >> 16 != 0 {
        s = (s & 0xffff) + (s >> 16);
    }
    !(s as u16)
}

pub(crate) fn checksum(b: &[u8]) -> u16 {
    fold(sum(b))
}

fn ether(buf: &mut Vec<u8>, src: &[u8; 6], dst: &[u8; 6], vlan: u16, ethertype: u16) {
    buf.clear();
    buf.extend_from_slice(dst);
    buf.extend_from_slice(src);
    if vlan != 0 {
        buf.extend_from_slice(&[0x81, 0x00]);
        buf.extend_from_slice(&vlan.to_be_bytes());
    }
    buf.extend_from_slice(&ethertype.to_be_bytes());
}

pub(crate) fn pad(buf: &mut Vec<u8>) {
    if buf.len() < 60 {
        buf.resize(60, 0);
    }
}

/// Writes Ethernet and IP headers; returns the offset where the IP payload starts.
fn ip_header(buf: &mut Vec<u8>, s: &Ep, d: &Ep, vlan: u16, proto: u8, len: usize, id: u16) -> usize {
    match (s.ip, d.ip) {
        (Ip::V4(a), Ip::V4(b)) => {
            ether(buf, &s.mac, &d.mac, vlan, 0x0800);
            let o = buf.len();
            buf.extend_from_slice(&[0x45, 0]);
            buf.extend_from_slice(&((20 + len) as u16).to_be_bytes());
            buf.extend_from_slice(&id.to_be_bytes());
            buf.extend_from_slice(&[0x40, 0, s.ttl, proto, 0, 0]);
            buf.extend_from_slice(&a);
            buf.extend_from_slice(&b);
            let c = checksum(&buf[o..o + 20]);
            buf[o + 10..o + 12].copy_from_slice(&c.to_be_bytes());
        }
        (Ip::V6(a), Ip::V6(b)) => {
            ether(buf, &s.mac, &d.mac, vlan, 0x86dd);
            buf.extend_from_slice(&[0x60, 0, 0, 0]);
            buf.extend_from_slice(&(len as u16).to_be_bytes());
            buf.extend_from_slice(&[proto, s.ttl]);
            buf.extend_from_slice(&a);
            buf.extend_from_slice(&b);
        }
        _ => unreachable!("mixed address families"),
    }
    buf.len()
}

fn pseudo(s: &Ep, d: &Ep, proto: u8, len: usize) -> u64 {
    let a = match (&s.ip, &d.ip) {
        (Ip::V4(a), Ip::V4(b)) => sum(a) + sum(b),
        (Ip::V6(a), Ip::V6(b)) => sum(a) + sum(b),
        _ => 0,
    };
    a + proto as u64 + len as u64
}

#[derive(Clone, Copy)]
pub(crate) struct Tcp<'a> {
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) win: u16,
    pub(crate) opts: &'a [u8],
}

pub(crate) fn tcp(buf: &mut Vec<u8>, s: &Ep, d: &Ep, vlan: u16, id: u16, t: &Tcp, payload: &[u8]) {
    let hl = 20 + t.opts.len();
    debug_assert!(hl % 4 == 0);
    let len = hl + payload.len();
    let o = ip_header(buf, s, d, vlan, 6, len, id);
    buf.extend_from_slice(&s.port.to_be_bytes());
    buf.extend_from_slice(&d.port.to_be_bytes());
    buf.extend_from_slice(&t.seq.to_be_bytes());
    buf.extend_from_slice(&t.ack.to_be_bytes());
    buf.extend_from_slice(&[(hl as u8 / 4) << 4, t.flags]);
    buf.extend_from_slice(&t.win.to_be_bytes());
    buf.extend_from_slice(&[0; 4]);
    buf.extend_from_slice(t.opts);
    buf.extend_from_slice(payload);
    let c = fold(pseudo(s, d, 6, len) + sum(&buf[o..]));
    buf[o + 16..o + 18].copy_from_slice(&c.to_be_bytes());
    pad(buf);
}

pub(crate) fn udp(buf: &mut Vec<u8>, s: &Ep, d: &Ep, vlan: u16, id: u16, payload: &[u8]) {
    let len = 8 + payload.len();
    let o = ip_header(buf, s, d, vlan, 17, len, id);
    buf.extend_from_slice(&s.port.to_be_bytes());
    buf.extend_from_slice(&d.port.to_be_bytes());
    buf.extend_from_slice(&(len as u16).to_be_bytes());
    buf.extend_from_slice(&[0; 2]);
    buf.extend_from_slice(payload);
    let c = match fold(pseudo(s, d, 17, len) + sum(&buf[o..])) {
        0 => 0xffff,
        c => c,
    };
    buf[o + 6..o + 8].copy_from_slice(&c.to_be_bytes());
    pad(buf);
}

/// Any other IP protocol (ESP, GRE, ICMP ...): payload as it is.
pub(crate) fn ip(buf: &mut Vec<u8>, s: &Ep, d: &Ep, vlan: u16, id: u16, proto: u8, payload: &[u8]) {
    ip_header(buf, s, d, vlan, proto, payload.len(), id);
    buf.extend_from_slice(payload);
    pad(buf);
}

/// Non-IP frame (ARP, LLDP ...).
pub(crate) fn raw(
    buf: &mut Vec<u8>,
    src: &[u8; 6],
    dst: &[u8; 6],
    vlan: u16,
    ethertype: u16,
    payload: &[u8],
) {
    ether(buf, src, dst, vlan, ethertype);
    buf.extend_from_slice(payload);
    pad(buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn checksums_verify() {
        let s = Ep { mac: [2; 6], ip: Ip::V4([10, 0, 0, 1]), port: 1, ttl: 64 };
        let d = Ep { mac: [4; 6], ip: Ip::V4([10, 0, 0, 2]), port: 2, ttl: 64 };
        let mut b = vec![];
        udp(&mut b, &s, &d, 0, 7, b"odd");
        assert_eq!(checksum(&b[14..34]), 0);
        assert_eq!(fold(pseudo(&s, &d, 17, 11) + sum(&b[34..45])), 0);
        tcp(&mut b, &s, &d, 5, 7, &Tcp { seq: 1, ack: 2, flags: ACK, win: 3, opts: &[] }, b"hello");
        assert_eq!(fold(pseudo(&s, &d, 6, 25) + sum(&b[38..63])), 0);
    }
}
