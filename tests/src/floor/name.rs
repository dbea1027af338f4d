//! A bare look at a payload: the name of a DNS question, the SNI of a ClientHello in one segment.

/// Gives a digest of the name, 0 where there is none.
#[inline(never)]
pub(super) fn digest(payload: &[u8]) -> u64 {
    if payload.len() > 45 && payload[0] == 22 && payload[5] == 1 {
        return server_name(payload).map_or(0, fnv);
    }
    if payload.len() > 17 && payload[4] == 0 && payload[5] == 1 {
        return question(payload).map_or(0, fnv);
    }
    0
}

/// RFC 8446 §4.1.2: behind the record's and the handshake's head, version and random.
fn server_name(payload: &[u8]) -> Option<&[u8]> {
    let u16_at = |at: usize| {
        let bytes: &[u8; 2] = payload.get(at..)?.first_chunk()?;
        Some(usize::from(u16::from_be_bytes(*bytes)))
    };
    let mut at = 43 + 1 + usize::from(*payload.get(43)?);
    at += 2 + u16_at(at)?;
    at += 1 + usize::from(*payload.get(at)?);
    at += 2;
    loop {
        let (kind, len) = (u16_at(at)?, u16_at(at + 2)?);
        if kind == 0 {
            let len = u16_at(at + 7)?;
            return payload.get(at + 9..at + 9 + len);
        }
        at += 4 + len;
    }
}

/// RFC 1035 §4.1.2, without compression: there is nothing before a question to point to.
fn question(payload: &[u8]) -> Option<&[u8]> {
    let mut at = 12;
    loop {
        match *payload.get(at)? {
            0 => return payload.get(12..at),
            len @ 1..64 => at += usize::from(len) + 1,
            _ => return None,
        }
    }
}

/// FNV-1a, made odd so that no name's digest is 0.
fn fnv(name: &[u8]) -> u64 {
    name.iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
        | 1
}
