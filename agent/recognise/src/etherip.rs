//! `EtherIP` (IP protocol 97, RFC 3378): Ethernet frames in IP. SEIL, Yamaha and BSD routers bridge sites so.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const ETHERIP: u8 = 97;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "etherip",
    tunnel: true,
    over: &[Over::Ip(ETHERIP)],
    ports: &[],
    start: Start::ANYHOW,
    look,
};

/// Version 3, twelve reserved bits. Old BSDs wrote the two halves of the version's byte the other way.
const HEADERS: [[u8; 2]; 2] = [[0x30, 0], [0x03, 0]];
const ETHERNET_BYTES: usize = 14;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match header(sight.data) {
        Ok(true) => Look::Is(Found::new(95)),
        Ok(false) | Err(_) => Look::No,
    }
}

fn header(data: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ethernet, data);
    let header: [u8; 2] = cursor.array()?;
    cursor.take(ETHERNET_BYTES)?;
    Ok(HEADERS.contains(&header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    #[test]
    fn version_3_with_a_frame_behind_it_is_believed() {
        for (head, expected) in [([0x30, 0], true), ([0x03, 0], true), ([0x40, 0], false), ([0x30, 1], false)]
        {
            let packet = [&head[..], &[0xaa; 46]].concat();
            let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Ip(97), true, 0, &packet));
            assert_eq!(look == Look::Is(Found::new(95)), expected, "{head:02x?}");
            for len in 0..16 {
                let cut = recorder::sight(Over::Ip(97), true, 0, &packet[..len]);
                assert_eq!(recorder::look(&PROTOCOL, &cut).0, Look::No, "{len} bytes");
            }
        }
    }
}
