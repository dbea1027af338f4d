use super::*;
use crate::facts::LinkProtocol;
use std::collections::BTreeMap;

use crate::{Binding, Failure, Recording, Seat, State};

/// A switch that routes, as a recording; addresses and names are for documentation.
const SWITCH: &str = "\
1.3.6.1.2.1.1.1.0|4|Example OS 1.0
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.32473.1
1.3.6.1.2.1.1.3.0|67|4200
1.3.6.1.2.1.1.4.0|4|A Person
1.3.6.1.2.1.1.5.0|4|core1
1.3.6.1.2.1.1.7.0|2|6
1.3.6.1.2.1.2.2.1.2.1|4|port 1
1.3.6.1.2.1.2.2.1.2.2|4|BRI1
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.3.2|2|63
1.3.6.1.2.1.2.2.1.5.1|66|4294967295
1.3.6.1.2.1.2.2.1.5.2|66|64000
1.3.6.1.2.1.2.2.1.6.1|4x|005300000001
1.3.6.1.2.1.2.2.1.7.1|2|1
1.3.6.1.2.1.2.2.1.8.1|2|1
1.3.6.1.2.1.2.2.1.8.2|2|2
1.3.6.1.2.1.31.1.1.1.1.1|4|ge-1
1.3.6.1.2.1.31.1.1.1.15.1|66|10000
1.3.6.1.2.1.31.1.1.1.18.1|4|to core2
1.3.6.1.2.1.4.20.1.2.192.0.2.1|2|1
1.3.6.1.2.1.4.20.1.3.192.0.2.1|64|255.255.255.0
1.3.6.1.2.1.4.34.1.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1|2|1
1.3.6.1.2.1.4.34.1.5.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1|6|1.3.6.1.2.1.4.32.1.5.1.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.0.64
1.3.6.1.2.1.4.24.7.1.7.1.4.0.0.0.0.0.2.0.0.1.4.192.0.2.254|2|1
1.3.6.1.2.1.4.22.1.2.1.192.0.2.7|4x|005300000007
1.3.6.1.2.1.4.22.1.2.1.192.0.2.255|4x|ffffffffffff
1.3.6.1.2.1.17.1.4.1.2.9|2|1
1.3.6.1.2.1.17.7.1.2.2.1.2.20.0.83.0.0.0.7|2|9
1.3.6.1.2.1.17.7.1.2.2.1.3.20.0.83.0.0.0.7|2|3
1.3.6.1.2.1.17.7.1.2.2.1.2.20.0.83.0.0.0.1|2|9
1.3.6.1.2.1.17.7.1.2.2.1.3.20.0.83.0.0.0.1|2|4
1.0.8802.1.1.2.1.3.7.1.2.1|2|5
1.0.8802.1.1.2.1.3.7.1.3.1|4|ge-1
1.0.8802.1.1.2.1.4.1.1.4.0.1.1|2|4
1.0.8802.1.1.2.1.4.1.1.5.0.1.1|4x|005300000002
1.0.8802.1.1.2.1.4.1.1.6.0.1.1|2|5
1.0.8802.1.1.2.1.4.1.1.7.0.1.1|4|ge-9
1.0.8802.1.1.2.1.4.1.1.9.0.1.1|4|core2
1.0.8802.1.1.2.1.4.2.1.3.0.1.1.1.4.192.0.2.2|2|2
1.3.6.1.4.1.9.9.23.1.2.1.1.4.1.1|4x|c0000203
1.3.6.1.4.1.9.9.23.1.2.1.1.6.1.1|4|phone1
1.3.6.1.2.1.47.1.1.1.1.5.1|2|11
1.3.6.1.2.1.47.1.1.1.1.5.2|2|3
1.3.6.1.2.1.47.1.1.1.1.5.3|2|10
1.3.6.1.2.1.47.1.1.1.1.11.2|4|SN0001
1.3.6.1.2.1.47.1.1.1.1.11.3|4|SFP0001
1.3.6.1.2.1.47.1.1.1.1.13.2|4|EX-100
";

async fn read(text: &str) -> (Facts, State) {
    let mut walker = Walker::new(Recording::parse(text), Seat::default());
    let system = system(&mut walker).await;
    let facts = facts(&mut walker, system, Scope::default()).await;
    (facts, walker.state())
}

#[tokio::test]
async fn a_switch_is_read_whole() {
    let (facts, state) = read(SWITCH).await;
    assert_eq!(state, State::Complete);
    assert_eq!(facts.system.name.as_deref(), Some("core1"));
    assert_eq!(facts.system.object_id.as_deref(), Some("1.3.6.1.4.1.32473.1"));
    let [port, bri] = facts.interfaces.as_slice() else { panic!("{:?}", facts.interfaces) };
    assert_eq!((port.name.as_deref(), port.alias.as_deref()), (Some("ge-1"), Some("to core2")));
    assert_eq!((port.speed_bps, port.is_up, port.line()), (Some(10_000_000_000), true, None));
    assert_eq!((bri.speed_bps, bri.is_up, bri.line()), (Some(64_000), false, Some("isdn")));
    let addresses: Vec<String> =
        facts.addresses.iter().map(|own| format!("{}/{}", own.address, own.prefix.unwrap())).collect();
    assert_eq!(addresses, ["2001:db8::1/64", "192.0.2.1/24"]);
    let [route] = facts.routes.as_slice() else { panic!("{:?}", facts.routes) };
    assert_eq!((route.prefix, route.next_hop), (0, Some("192.0.2.254".parse().unwrap())));
    let [neighbour] = facts.neighbours.as_slice() else { panic!("broadcast is nobody") };
    assert_eq!(neighbour.mac, [0, 0x53, 0, 0, 0, 7]);
    let [seen] = facts.forwarding.as_slice() else { panic!("its own address is not learned") };
    assert_eq!((seen.vlan, seen.if_index, seen.mac[5]), (Some(20), 1, 7));
    let [lldp, cdp] = facts.links.as_slice() else { panic!("{:?}", facts.links) };
    assert_eq!(lldp.protocol, LinkProtocol::Lldp);
    assert_eq!(lldp.chassis.as_deref(), Some("00:53:00:00:00:02"));
    assert_eq!((lldp.local_port, lldp.address), (1, Some("192.0.2.2".parse().unwrap())));
    assert_eq!((cdp.name.as_deref(), cdp.address), (Some("phone1"), Some("192.0.2.3".parse().unwrap())));
    let whole = chassis(&facts.entities).unwrap();
    assert_eq!((whole.index, whole.text(11)), (2, Some("SN0001")), "no part's serial is the device's");
}

#[tokio::test]
async fn no_person_s_name_is_kept() {
    let (facts, _) = read(SWITCH).await;
    assert!(!format!("{facts:?}").contains("A Person"));
}

#[tokio::test]
async fn odd_rows_are_left_out() {
    // Indices cut at every length, and with lengths that lie.
    let odd = "1.3.6.1.2.1.4.24.7.1.7.1.4.0.0.0.0.0.2.0.0.1.4.192.0.2.254";
    let mut text = String::new();
    for base in [
        odd,
        "1.3.6.1.2.1.4.35.1.4.1.1.4.192.0.2.9",
        "1.3.6.1.2.1.4.24.4.1.5.192.0.2.0.255.0.255.0.0.192.0.2.1",
    ] {
        let arcs: Vec<&str> = base.split('.').collect();
        for length in 10..=arcs.len() {
            text.push_str(&arcs[..length].join("."));
            text.push_str("|2|1\n");
        }
    }
    text.push_str(
        "1.3.6.1.2.1.4.35.1.4.1.1.4294967295.192.0.2.9|4x|005300000009\n1.3.6.1.2.1.2.2.1.3.1.2|2|6\n",
    );
    text.push_str("1.3.6.1.2.1.17.4.3.1.2.0.83.0.0.0.999|2|1\n");
    let (facts, state) = read(&text).await;
    assert_eq!(state, State::Complete);
    let hops = facts.routes.iter().filter(|route| route.next_hop.is_some()).count();
    assert_eq!(hops, 1, "only the whole row has a next hop: {:?}", facts.routes);
    assert!(facts.routes.iter().all(|route| route.prefix == 0));
    assert!(facts.neighbours.is_empty() && facts.forwarding.is_empty() && facts.interfaces.is_empty());
}

/// A switch with a bridge for each VLAN.
struct Bridges {
    whole: Recording,
    /// Those that answer.
    of_vlan: BTreeMap<u32, Recording>,
    vlan: Option<u32>,
    /// Questions to those that do not.
    in_vain: usize,
}

impl Bridges {
    fn asked(&mut self) -> Result<&mut Recording, Failure> {
        let Some(vlan) = self.vlan else { return Ok(&mut self.whole) };
        let bridge = self.of_vlan.get_mut(&vlan);
        self.in_vain += usize::from(bridge.is_none());
        bridge.ok_or(Failure::NoAnswer)
    }
}

impl Client for &mut Bridges {
    async fn get(&mut self, oids: &[Oid]) -> Result<Vec<Binding>, Failure> {
        self.asked()?.get(oids).await
    }

    async fn next(&mut self, oid: &Oid) -> Result<Binding, Failure> {
        self.asked()?.next(oid).await
    }

    async fn bulk(&mut self, oids: &[Oid], repetitions: u32) -> Result<Vec<Binding>, Failure> {
        self.asked()?.bulk(oids, repetitions).await
    }

    fn has_bulk(&self) -> bool {
        true
    }

    fn turn_to(&mut self, vlan: Option<u32>) -> bool {
        self.vlan = vlan;
        true
    }
}

#[tokio::test]
async fn a_bridge_for_each_vlan_is_asked_for_its_table() {
    let plain = "1.3.6.1.2.1.17.1.4.1.2.1|2|10101\n1.3.6.1.2.1.17.4.3.1.2.0.83.0.0.0.1|2|1\n\
                 1.3.6.1.2.1.17.4.3.1.3.0.83.0.0.0.1|2|3\n";
    // VLAN 20 works, 30 is suspended, 1002 is for FDDI.
    let vlans = "1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.1|2|1\n1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.20|2|1\n\
                 1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.30|2|2\n1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.1002|2|1\n\
                 1.3.6.1.4.1.9.9.46.1.3.1.1.3.1.1|2|1\n1.3.6.1.4.1.9.9.46.1.3.1.1.3.1.20|2|1\n\
                 1.3.6.1.4.1.9.9.46.1.3.1.1.3.1.30|2|1\n1.3.6.1.4.1.9.9.46.1.3.1.1.3.1.1002|2|2\n";
    let twenty = "1.3.6.1.2.1.17.1.4.1.2.7|2|10107\n1.3.6.1.2.1.17.4.3.1.2.0.83.0.0.0.20|2|7\n\
                  1.3.6.1.2.1.17.4.3.1.3.0.83.0.0.0.20|2|3\n";
    let one = (Some(1), 10101, 1);
    let all = (Some(20), 10107, 20);
    // (what, description, bridges that answer, VLAN with interface and address of what was found, in vain)
    let cases = [
        ("all answer", "Cisco IOS Software", &[(1, plain), (20, twenty)][..], &[one, all][..], 0),
        ("the second falls silent", "Cisco IOS Software", &[(1, plain)], &[one], 2),
        ("none answers", "Cisco IOS Software", &[], &[(None, 10101, 1)], 1),
        ("none is to be asked", "Cisco NX-OS(tm) n5000", &[(1, plain)], &[(None, 10101, 1)], 0),
    ];
    for (what, descr, of_vlan, expected, in_vain) in cases {
        let of_vlan = of_vlan.iter().map(|(vlan, text)| (*vlan, Recording::parse(text))).collect();
        let whole = format!("1.3.6.1.2.1.1.1.0|4|{descr}\n1.3.6.1.2.1.1.5.0|4|sw1\n{plain}{vlans}");
        let mut bridges = Bridges { whole: Recording::parse(&whole), of_vlan, vlan: None, in_vain: 0 };
        let mut walker = Walker::new(&mut bridges, Seat::default());
        let system = system(&mut walker).await;
        let facts = facts(&mut walker, system, Scope::default()).await;
        let found: Vec<_> =
            facts.forwarding.iter().map(|seen| (seen.vlan, seen.if_index, seen.mac[5])).collect();
        assert_eq!(found, expected, "{what}");
        assert_eq!(walker.state(), State::Complete, "{what}: it says nothing of the device");
        assert_eq!((bridges.vlan, bridges.in_vain), (None, in_vain), "{what}");
    }
}
