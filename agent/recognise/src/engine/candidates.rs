//! Which protocols a conn may speak, by what carries it, by how a side starts, and by its ports.

use crate::{Over, PROTOCOLS, Sight};

/// One bit a protocol.
pub(super) type Candidates = u128;
const _: () = assert!(PROTOCOLS.len() <= Candidates::BITS as usize, "widen Candidates");

/// What the protocols say of themselves, turned round.
#[derive(Debug)]
pub(super) struct Starts {
    tcp: Candidates,
    udp: Candidates,
    ip: [Candidates; 256],
    octets: [Candidates; 256],
    /// In the ports' order.
    ports: Vec<(u16, Candidates)>,
}

impl Default for Starts {
    fn default() -> Self {
        let mut starts = Self { tcp: 0, udp: 0, ip: [0; 256], octets: [0; 256], ports: Vec::new() };
        for (number, protocol) in PROTOCOLS.iter().enumerate() {
            let bit = 1 << number;
            for over in protocol.over {
                match *over {
                    Over::Tcp => starts.tcp |= bit,
                    Over::Udp => starts.udp |= bit,
                    Over::Ip(number) => starts.add_ip(number, bit),
                }
            }
            for (octet, candidates) in (0..=u8::MAX).zip(&mut starts.octets) {
                *candidates |= if protocol.start.has(octet) { bit } else { 0 };
            }
            for port in protocol.start.ports() {
                starts.add_port(*port, bit);
            }
        }
        starts
    }
}

impl Starts {
    fn add_ip(&mut self, number: u8, bit: Candidates) {
        if let Some(candidates) = self.ip.get_mut(usize::from(number)) {
            *candidates |= bit;
        }
    }

    fn add_port(&mut self, port: u16, bit: Candidates) {
        match self.ports.binary_search_by_key(&port, |(port, _)| *port) {
            Ok(at) => self.ports.get_mut(at).into_iter().for_each(|(_, candidates)| *candidates |= bit),
            Err(at) => self.ports.insert(at, (port, bit)),
        }
    }

    /// Gives the protocols that travel so.
    pub(super) fn over(&self, over: Over) -> Candidates {
        match over {
            Over::Tcp => self.tcp,
            Over::Udp => self.udp,
            Over::Ip(number) => self.ip.get(usize::from(number)).copied().unwrap_or_default(),
        }
    }

    /// Gives the protocols that do not refuse a sight unasked. Below TCP and UDP all are asked.
    pub(super) fn of(&self, sight: &Sight<'_>) -> Candidates {
        let (Over::Tcp | Over::Udp, Some(first)) = (sight.over, sight.data.first()) else {
            return Candidates::MAX;
        };
        let by_octet = self.octets.get(usize::from(*first)).copied().unwrap_or_default();
        by_octet | self.on(sight.orig.1) | self.on(sight.resp.1)
    }

    fn on(&self, port: u16) -> Candidates {
        let found = self.ports.binary_search_by_key(&port, |(port, _)| *port);
        found.ok().and_then(|at| self.ports.get(at)).map_or(0, |(_, candidates)| *candidates)
    }
}
