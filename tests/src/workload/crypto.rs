//! The few primitives a QUIC v1 Initial needs (RFC 9001): SHA-256, HMAC, HKDF, AES-128, GCM.
//! Plain table-driven code for making test data; not constant-time, not for real secrets.

const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

pub(crate) fn sha256(msg: &[u8]) -> [u8; 32] {
    let mut h: [u32; 8] =
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    let mut m = msg.to_vec();
    m.push(0x80);
    while m.len() % 64 != 56 {
        m.push(0);
    }
    m.extend_from_slice(&(msg.len() as u64 * 8).to_be_bytes());
    for blk in m.chunks_exact(64) {
        let mut w = [0u32; 64];
        for (i, c) in blk.chunks_exact(4).enumerate() {
            w[i] = u32::from_be_bytes([c[0], c[1], c[2], c[3]]);
        }
        for i in 16..64 {
            let a = w[i - 15];
            let b = w[i - 2];
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
        }
        let mut v = h;
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let ch = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7].wrapping_add(s1).wrapping_add(ch).wrapping_add(K[i]).wrapping_add(w[i]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let t2 = s0.wrapping_add((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            v = [t1.wrapping_add(t2), v[0], v[1], v[2], v[3].wrapping_add(t1), v[4], v[5], v[6]];
        }
        for i in 0..8 {
            h[i] = h[i].wrapping_add(v[i]);
        }
    }
    let mut o = [0; 32];
    for (i, w) in h.iter().enumerate() {
        o[i * 4..i * 4 + 4].copy_from_slice(&w.to_be_bytes());
    }
    o
}

pub(crate) fn hmac(key: &[u8], msg: &[u8]) -> [u8; 32] {
    let mut k = [0u8; 64];
    if key.len() > 64 {
        k[..32].copy_from_slice(&sha256(key));
    } else {
        k[..key.len()].copy_from_slice(key);
    }
    let mut i: Vec<u8> = k.iter().map(|b| b ^ 0x36).collect();
    i.extend_from_slice(msg);
    let mut o: Vec<u8> = k.iter().map(|b| b ^ 0x5c).collect();
    o.extend_from_slice(&sha256(&i));
    sha256(&o)
}

fn expand_label(secret: &[u8], label: &str, n: usize) -> Vec<u8> {
    let mut info = (n as u16).to_be_bytes().to_vec();
    info.push(6 + label.len() as u8);
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.extend_from_slice(&[0, 1]);
    hmac(secret, &info)[..n].to_vec()
}

struct Aes128([[u8; 16]; 11]);

fn xt(b: u8) -> u8 {
    (b << 1) ^ (if b & 0x80 != 0 { 0x1b } else { 0 })
}

fn sbox() -> &'static [u8; 256] {
    use std::sync::OnceLock;
    static S: OnceLock<[u8; 256]> = OnceLock::new();
    S.get_or_init(|| {
        let mut t = [0u8; 256];
        let (mut p, mut q) = (1u8, 1u8);
        loop {
            p ^= xt(p);
            q ^= q << 1;
            q ^= q << 2;
            q ^= q << 4;
            if q & 0x80 != 0 {
                q ^= 0x09;
            }
            t[p as usize] =
                q ^ q.rotate_left(1) ^ q.rotate_left(2) ^ q.rotate_left(3) ^ q.rotate_left(4) ^ 0x63;
            if p == 1 {
                break;
            }
        }
        t[0] = 0x63;
        t
    })
}

impl Aes128 {
    fn new(key: &[u8]) -> Self {
        let s = sbox();
        let mut rk = [[0u8; 16]; 11];
        rk[0].copy_from_slice(key);
        let mut rcon = 1u8;
        for r in 1..11 {
            let p = rk[r - 1];
            let mut t = [s[p[13] as usize] ^ rcon, s[p[14] as usize], s[p[15] as usize], s[p[12] as usize]];
            rcon = xt(rcon);
            for c in 0..4 {
                for i in 0..4 {
                    t[i] ^= p[c * 4 + i];
                    rk[r][c * 4 + i] = t[i];
                }
            }
        }
        Aes128(rk)
    }
    fn block(&self, b: &[u8; 16]) -> [u8; 16] {
        let s = sbox();
        let mut a = *b;
        for i in 0..16 {
            a[i] ^= self.0[0][i];
        }
        for r in 1..11 {
            let mut t = [0u8; 16];
            for c in 0..4 {
                for i in 0..4 {
                    t[c * 4 + i] = s[a[((c + i) % 4) * 4 + i] as usize];
                }
            }
            if r < 10 {
                for c in 0..4 {
                    let x = [t[c * 4], t[c * 4 + 1], t[c * 4 + 2], t[c * 4 + 3]];
                    let all = x[0] ^ x[1] ^ x[2] ^ x[3];
                    for i in 0..4 {
                        t[c * 4 + i] = x[i] ^ all ^ xt(x[i] ^ x[(i + 1) % 4]);
                    }
                }
            }
            for i in 0..16 {
                a[i] = t[i] ^ self.0[r][i];
            }
        }
        a
    }
}

fn gmul(x: u128, h: u128) -> u128 {
    let (mut z, mut v) = (0u128, h);
    for i in 0..128 {
        if x >> (127 - i) & 1 == 1 {
            z ^= v;
        }
        v = (v >> 1) ^ (if v & 1 == 1 { 0xe1u128 << 120 } else { 0 });
    }
    z
}

fn gcm_seal(aes: &Aes128, iv: &[u8; 12], aad: &[u8], pt: &[u8]) -> Vec<u8> {
    let h = u128::from_be_bytes(aes.block(&[0; 16]));
    let mut ctr = [0u8; 16];
    ctr[..12].copy_from_slice(iv);
    let mut out = Vec::with_capacity(pt.len() + 16);
    for (i, c) in pt.chunks(16).enumerate() {
        ctr[12..].copy_from_slice(&(i as u32 + 2).to_be_bytes());
        let k = aes.block(&ctr);
        out.extend(c.iter().zip(k).map(|(a, b)| a ^ b));
    }
    let mut y = 0u128;
    for part in [aad, &out[..]] {
        for c in part.chunks(16) {
            let mut b = [0u8; 16];
            b[..c.len()].copy_from_slice(c);
            y = gmul(y ^ u128::from_be_bytes(b), h);
        }
    }
    y = gmul(y ^ ((aad.len() as u128 * 8) << 64 | pt.len() as u128 * 8), h);
    ctr[12..].copy_from_slice(&1u32.to_be_bytes());
    let tag = y ^ u128::from_be_bytes(aes.block(&ctr));
    out.extend_from_slice(&tag.to_be_bytes());
    out
}

const SALT_V1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];

/// A protected QUIC v1 Initial packet. `secret_dcid` is the client's first DCID.
pub(crate) fn quic_initial(
    secret_dcid: &[u8],
    dcid: &[u8],
    scid: &[u8],
    from_server: bool,
    pn: u32,
    frames: &[u8],
    min_len: usize,
) -> Vec<u8> {
    let init = hmac(&SALT_V1, secret_dcid);
    let sec = expand_label(&init, if from_server { "server in" } else { "client in" }, 32);
    let key = Aes128::new(&expand_label(&sec, "quic key", 16));
    let iv = expand_label(&sec, "quic iv", 12);
    let hp = Aes128::new(&expand_label(&sec, "quic hp", 16));
    let mut hdr = vec![0xc3, 0, 0, 0, 1, dcid.len() as u8];
    hdr.extend_from_slice(dcid);
    hdr.push(scid.len() as u8);
    hdr.extend_from_slice(scid);
    hdr.push(0); // no token
    let mut pt = frames.to_vec();
    let fixed = hdr.len() + 2 + 4 + 16;
    if fixed + pt.len() < min_len {
        pt.resize(min_len - fixed, 0); // PADDING frames
    }
    hdr.extend_from_slice(&(0x4000 | (4 + pt.len() + 16) as u16).to_be_bytes());
    let pno = hdr.len();
    hdr.extend_from_slice(&pn.to_be_bytes());
    let mut nonce = [0u8; 12];
    nonce.copy_from_slice(&iv);
    for (i, b) in pn.to_be_bytes().iter().enumerate() {
        nonce[8 + i] ^= b;
    }
    let ct = gcm_seal(&key, &nonce, &hdr, &pt);
    let mut sample = [0u8; 16];
    sample.copy_from_slice(&ct[..16]); // packet number is 4 bytes long, so the sample starts with the ciphertext
    let mask = hp.block(&sample);
    hdr[0] ^= mask[0] & 0x0f;
    for i in 0..4 {
        hdr[pno + i] ^= mask[1 + i];
    }
    hdr.extend_from_slice(&ct);
    hdr
}

#[cfg(test)]
mod tests {
    use super::*;
    fn hex(b: &[u8]) -> String {
        b.iter().map(|x| format!("{x:02x}")).collect()
    }
    #[test]
    fn sha256_abc() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    #[test]
    fn rfc9001_a1_keys() {
        let dcid = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
        let s = expand_label(&hmac(&SALT_V1, &dcid), "client in", 32);
        assert_eq!(hex(&expand_label(&s, "quic key", 16)), "1f369613dd76d5467730efcbe3b1a22d");
        assert_eq!(hex(&expand_label(&s, "quic iv", 12)), "fa044b2f42a3fd3b46fb255c");
        assert_eq!(hex(&expand_label(&s, "quic hp", 16)), "9f50449e04a0e810283a1e9933adedd2");
    }
    #[test]
    fn aes_fips197() {
        let k: Vec<u8> = (0..16).collect();
        let p: [u8; 16] = core::array::from_fn(|i| (i * 0x11) as u8);
        assert_eq!(hex(&Aes128::new(&k).block(&p)), "69c4e0d86a7b0430d8cdb78070b4c55a");
    }
    #[test]
    fn gcm_zero_vector() {
        let a = Aes128::new(&[0; 16]);
        assert_eq!(hex(&gcm_seal(&a, &[0; 12], &[], &[])), "58e2fccefa7e3061367f1d57a4e7455a");
        assert_eq!(
            hex(&gcm_seal(&a, &[0; 12], &[], &[0; 16])),
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"
        );
    }
}
