//! Whether bytes look like ciphertext. Many tunnels show little else.

/// How much is weighed.
const WEIGHED_BYTES: usize = 64;

/// Fewer bytes say nothing about their distribution.
const FEWEST_BYTES: usize = 16;

/// Tells whether the bytes spread as ciphertext does: hardly any value comes twice.
///
/// Of 64 random bytes some 57 differ, fewer than 45 in less than one of a million cases; text,
/// numbers in wide fields and padding stay far below. Fewer than 16 bytes are never noise.
pub(crate) fn is_noise(bytes: &[u8]) -> bool {
    let bytes = bytes.get(..WEIGHED_BYTES).unwrap_or(bytes);
    let (mut low, mut high) = (0_u128, 0_u128);
    for byte in bytes {
        let half = if *byte < 128 { &mut low } else { &mut high };
        *half |= 1 << (byte & 127);
    }
    let distinct = (low.count_ones() + high.count_ones()) as usize;
    bytes.len() >= FEWEST_BYTES && distinct * 10 >= bytes.len() * 7
}

/// For tests: bytes that look like ciphertext, different for each seed.
#[cfg(test)]
pub(crate) fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 11).to_le_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_zeros_and_short_bytes_are_no_noise() {
        // (bytes, noise)
        let cases: [(&[u8], bool); 5] = [
            (&noise(1, 64), true),
            (&noise(2, 16), true),
            (&noise(3, 15), false), // too short to tell
            (&[0; 64], false),
            (b"GET / HTTP/1.1\r\nHost: www.example.com\r\nAccept: text/html\r\n\r\n..", false),
        ];
        for (bytes, expected) in cases {
            assert_eq!(is_noise(bytes), expected, "{bytes:02x?}");
        }
        assert!((0..10_000).all(|seed| is_noise(&noise(seed, 64))));
    }
}
