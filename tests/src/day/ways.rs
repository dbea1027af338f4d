//! Which links a packet crosses between two ends, and the names looked up before.

use super::Day;
use super::site::{Device, Gateway, Lan};
use super::talk::Datagrams;
use super::wire::{End, Hop, Way};
use crate::workload::frame::Ip;
use crate::workload::proto::{Rr, dns_query, dns_response};

const A: u16 = 1;
/// A recursive answer without error.
const ANSWER: u16 = 0x8180;
/// The outside resolver that the hospital's own asks: no other party's host number is above 253.
pub(super) const RESOLVER: [u8; 4] = [192, 0, 2, 254];

impl Day {
    fn inside_end(&mut self, device: &Device) -> End {
        End { ip: Ip::V4(device.ip), ttl: device.ttl, lag: self.rng.range(250, 900) }
    }

    fn outside_end(&mut self, ip: Ip, lag: (u64, u64)) -> End {
        let first = *self.rng.pick(&[64, 64, 128, 255]);
        End { ip, ttl: first - self.rng.range(6, 20) as u8, lag: self.rng.range(lag.0, lag.1) }
    }

    /// Between two devices inside, over the core if their VLANs differ.
    pub(super) fn inside(&mut self, near: &Device, far: &Device) -> Way {
        let hops = if near.lan == far.lan {
            vec![Hop { vlan: self.site.vlan(near.lan), near: near.mac, far: far.mac }]
        } else {
            vec![
                Hop { vlan: self.site.vlan(near.lan), near: near.mac, far: self.site.core },
                Hop { vlan: self.site.vlan(far.lan), near: self.site.core, far: far.mac },
            ]
        };
        Way { hops, near: self.inside_end(near), far: self.inside_end(far) }
    }

    /// From a device to the Internet, by the core and the firewall.
    pub(super) fn outward(&mut self, device: &Device, remote: Ip) -> Way {
        let firewall = &self.site.firewall;
        let hops = vec![
            Hop { vlan: self.site.vlan(device.lan), near: device.mac, far: self.site.core },
            Hop { vlan: self.site.vlan(Lan::Transit), near: self.site.core, far: firewall.mac },
        ];
        Way { hops, near: self.inside_end(device), far: self.outside_end(remote, (5_000, 40_000)) }
    }

    /// From the Internet to a device, let in by the firewall.
    pub(super) fn inward(&mut self, remote: Ip, device: &Device) -> Way {
        self.outward(device, remote).reversed()
    }

    /// From a device by a gateway of its own VLAN.
    pub(super) fn by(&mut self, device: &Device, gateway: &Gateway, remote: Ip, lag: (u64, u64)) -> Way {
        let hop = Hop { vlan: self.site.vlan(device.lan), near: device.mac, far: gateway.mac };
        Way { hops: vec![hop], near: self.inside_end(device), far: self.outside_end(remote, lag) }
    }

    /// Where a device asks for names: the hospital's resolver.
    fn resolver(&self) -> Device {
        self.site.named("dc01")
    }

    /// Looks a name up at the hospital's resolver, which asks the outside one; returns when done.
    pub(super) fn resolve(&mut self, device: &Device, name: &str, answers: &[Ip], at: u64) -> u64 {
        let server = self.resolver();
        if device.name == server.name {
            return self.recurse(name, answers, at);
        }
        let way = self.inside(device, &server);
        let (port, id) = (self.port(), self.rng.u32() as u16);
        let mut client = Datagrams::new(&way, (port, 53), at, &mut self.rng);
        client.say(&mut self.wire, true, &dns_query(id, name, A, false));
        let answered = self.recurse(name, answers, client.at() + 300);
        client.rest_until(answered + 200);
        client.say(&mut self.wire, false, &answer(id, name, answers));
        client.at() + self.rng.range(200, 2_000)
    }

    fn recurse(&mut self, name: &str, answers: &[Ip], at: u64) -> u64 {
        let server = self.resolver();
        let way = self.outward(&server, Ip::V4(RESOLVER));
        let (port, id) = (self.port(), self.rng.u32() as u16);
        let mut upstream = Datagrams::new(&way, (port, 53), at, &mut self.rng);
        upstream.say(&mut self.wire, true, &dns_query(id, name, A, true));
        upstream.say(&mut self.wire, false, &answer(id, name, answers));
        upstream.at()
    }

    /// Looks a name up at a gateway that answers itself, such as an LTE router.
    pub(super) fn resolve_at(
        &mut self,
        device: &Device,
        server: &Device,
        name: &str,
        answer_ip: Ip,
        at: u64,
    ) -> u64 {
        let way = self.inside(device, server);
        let (port, id) = (self.port(), self.rng.u32() as u16);
        let mut client = Datagrams::new(&way, (port, 53), at, &mut self.rng);
        client.say(&mut self.wire, true, &dns_query(id, name, A, false));
        client.rest_until(client.at() + 40_000);
        client.say(&mut self.wire, false, &answer(id, name, &[answer_ip]));
        client.at() + 1_000
    }
}

/// A response with these addresses.
pub(super) fn answer(id: u16, name: &str, answers: &[Ip]) -> Vec<u8> {
    let mut records: Vec<(Option<&str>, u32, Rr<'_>)> = Vec::new();
    let mut kind = A;
    for ip in answers {
        let record = match *ip {
            Ip::V4(octets) => Rr::A(octets),
            Ip::V6(octets) => {
                kind = 28;
                Rr::Aaaa(octets)
            }
        };
        records.push((None, 300, record));
    }
    dns_response(id, ANSWER, name, kind, &records)
}
