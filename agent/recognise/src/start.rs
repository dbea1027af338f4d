//! How a protocol may start: what starts otherwise is refused in its name, without asking it.
//!
//! Two of three protocols have first octets or ports of their own. A recogniser decides by itself; this only
//! spares it what it would refuse at first sight.

/// The first octets of a side, and the ports of either end, with which a protocol is asked.
///
/// It answers [`crate::Look::No`] to all else, as long as it has not recognised the conn.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// One bit an octet: the lower half, the upper half.
    octets: [u128; 2],
    ports: &'static [u16],
}

impl Start {
    /// With any octet.
    pub(crate) const ANYHOW: Self = Self { octets: [u128::MAX; 2], ports: &[] };
    const NOHOW: Self = Self { octets: [0; 2], ports: &[] };

    /// With one of these octets.
    pub(crate) const fn with(octets: &[u8]) -> Self {
        Self::NOHOW.or_with(octets)
    }

    /// With one of the octets from `first` to `last`.
    pub(crate) const fn between(first: u8, last: u8) -> Self {
        Self::NOHOW.or_between(first, last)
    }

    /// With any octet on one of these ports.
    pub(crate) const fn on(ports: &'static [u16]) -> Self {
        Self::NOHOW.or_on(ports)
    }

    pub(crate) const fn or_with(mut self, mut octets: &[u8]) -> Self {
        while let [octet, rest @ ..] = octets {
            self = self.or_between(*octet, *octet);
            octets = rest;
        }
        self
    }

    pub(crate) const fn or_between(self, first: u8, last: u8) -> Self {
        let [mut low, mut high] = self.octets;
        let mut octet = first;
        loop {
            if octet < 0x80 {
                low |= 1 << octet;
            } else {
                high |= 1 << (octet & 0x7f);
            }
            if octet >= last {
                return Self { octets: [low, high], ..self };
            }
            octet += 1;
        }
    }

    pub(crate) const fn or_on(self, ports: &'static [u16]) -> Self {
        Self { ports, ..self }
    }

    pub(crate) const fn has(&self, octet: u8) -> bool {
        let [low, high] = self.octets;
        (if octet < 0x80 { low } else { high }) >> (octet & 0x7f) & 1 != 0
    }

    pub(crate) const fn ports(&self) -> &'static [u16] {
        self.ports
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{look, sight};
    use crate::{Look, Over, PROTOCOLS, Protocol, Sight, noise};

    #[test]
    fn a_start_has_the_octets_that_it_was_made_of() {
        let start = Start::with(b"\x00\xff").or_between(0x7e, 0x81).or_with(b"G");
        let octets: Vec<u8> = (0..=u8::MAX).filter(|octet| start.has(*octet)).collect();
        assert_eq!(octets, [0x00, b'G', 0x7e, 0x7f, 0x80, 0x81, 0xff]);
        assert!((0..=u8::MAX).all(|octet| Start::ANYHOW.has(octet) && !Start::on(&[53]).has(octet)));
    }

    /// What the other side may have sent: nothing, or what the recognisers that compare both sides wait for.
    const OTHERS: [&[u8]; 6] =
        [b"", b"220 ready\r\n", b"+OK\r\n", b"* OK IMAP\r\n", b"\xff\xfd\x18\xff\xfd\x20", b"\x05\x01\x00"];
    const LENGTHS: [usize; 17] = [1, 2, 3, 4, 8, 12, 20, 28, 36, 48, 64, 92, 100, 148, 200, 1200, 1472];

    /// Fails if a protocol believes, or waits for more of, what does not start as it says.
    fn refuses(protocol: &Protocol, octet: u8, filling: &[u8]) {
        let mut bytes = filling.to_vec();
        bytes[0] = octet;
        for (over, from_orig) in
            [Over::Tcp, Over::Udp].iter().flat_map(|over| [(*over, true), (*over, false)])
        {
            if !protocol.over.contains(&over) {
                continue;
            }
            for (len, other) in LENGTHS.iter().flat_map(|len| OTHERS.map(|other| (*len, other))) {
                for port in protocol.ports.iter().chain(&[40_000]) {
                    if protocol.start.ports().contains(port) {
                        continue;
                    }
                    let sight = Sight { other, count: 9, ..sight(over, from_orig, *port, &bytes[..len]) };
                    let (found, recorder) = look(protocol, &sight);
                    assert_eq!(found, Look::No, "{} and {octet:#04x}: {sight:?}", protocol.service);
                    assert!(recorder.notes.is_empty() && recorder.facts.is_empty(), "{}", protocol.service);
                }
            }
        }
    }

    #[test]
    fn every_protocol_refuses_what_does_not_start_as_it_says() {
        let text = b"SER anonymous@example.org HTTP/1.1 rtsp\r\n\r\n".repeat(40);
        let fillings = [vec![0; 1500], vec![0xff; 1500], noise::noise(7, 1500), text];
        for protocol in PROTOCOLS {
            for octet in (0..=u8::MAX).filter(|octet| !protocol.start.has(*octet)) {
                for filling in &fillings {
                    refuses(protocol, octet, filling);
                }
            }
        }
    }
}
