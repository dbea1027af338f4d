//! Big-endian fields and DER, which every message is built of.

pub(crate) fn be16(v: &mut Vec<u8>, x: usize) {
    v.extend_from_slice(&(x as u16).to_be_bytes());
}
pub(crate) fn be24(v: &mut Vec<u8>, x: usize) {
    v.extend_from_slice(&(x as u32).to_be_bytes()[1..]);
}
pub(crate) fn be32(v: &mut Vec<u8>, x: u32) {
    v.extend_from_slice(&x.to_be_bytes());
}

/// A tag, its length and its content (X.690 §8.1).
pub(crate) fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut v = vec![tag];
    match body.len() {
        n if n < 128 => v.push(n as u8),
        n if n < 256 => v.extend_from_slice(&[0x81, n as u8]),
        n => {
            v.push(0x82);
            be16(&mut v, n);
        }
    }
    v.extend_from_slice(body);
    v
}
