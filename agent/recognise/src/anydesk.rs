//! AnyDesk's discovery in the LAN: UDP to a multicast group that nothing else uses.
//!
//! It tells which hosts have AnyDesk. Its sessions are TLS, which rules tell by server name, ALPN and
//! the certificate "AnyDesk Client".

use sekisho_decode::Addr;

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

/// The group and ports of AnyDesk's discovery, as observed by many (no assignment by IANA).
const GROUP: Addr = Addr::v4([239, 255, 102, 18]);
const PORTS: &[u16] = &[50001, 50002, 50003];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "anydesk",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[],
    start: Start::on(PORTS),
    look,
};

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let (group, port) = sight.destination();
    if group == GROUP && PORTS.contains(&port) { Look::Is(Found::new(80)) } else { Look::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    #[test]
    fn only_the_group_on_its_ports_is_discovery() {
        // (destination, port, anydesk)
        let cases = [
            (GROUP, 50_001, true),
            (GROUP, 50_003, true),
            (GROUP, 1900, false),                            // someone else in the group
            (Addr::v4([239, 255, 255, 250]), 50_001, false), // SSDP's group
        ];
        for (group, port, expected) in cases {
            let sight = Sight { resp: (group, port), ..recorder::sight(Over::Udp, true, port, b"\x3e") };
            let (look, _) = recorder::look(&PROTOCOL, &sight);
            assert_eq!(look == Look::Is(Found::new(80)), expected, "{group}:{port}");
        }
    }
}
