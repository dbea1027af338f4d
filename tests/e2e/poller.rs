//! The daemon asks equipment over SNMP: whom the configuration allows, nobody else; what it hears is in the
//! ledger with the objects that say so.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sekisho_tests::simulator::made::Objects;
use sekisho_tests::simulator::{Device, Simulator};
use serde_json::Value;
use tempfile::TempDir;

use crate::agent;
use crate::cases;
use crate::daemon::{Daemon, configure, until};

const FIREWALL: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 1);
const ROUTER: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 2);
/// Allowed, and nobody is there.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 3);
/// A device within the subnet that is not to be asked.
const EXCLUDED: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 4);
const PEER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
/// Neighbours that the router names: one is outside of what is declared to be inside, one is not.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 3, 9, 9);
const NEAR: Ipv4Addr = Ipv4Addr::new(127, 3, 1, 7);
/// IP's number of UDP.
const UDP: u8 = 17;
const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

/// A firewall with a tunnel that is up, one that is down, and somebody who dialled in.
fn firewall(version: &str) -> Device {
    let mut objects = Objects::default();
    objects.system("", "1.3.6.1.4.1.12356.101.1.644", "fw-kita");
    objects.interface(1, 6, true, [0, 0x53, 0, 0, 3, 1], "internal").address(FIREWALL, 1);
    objects.text("1.3.6.1.4.1.12356.101.4.1.1.0", version);
    objects.text("1.3.6.1.4.1.12356.100.1.1.1.0", "FGT60FTK00000001");
    let tunnels = "1.3.6.1.4.1.12356.101.12.2.2.1";
    for (row, peer, name, status) in
        [(1, PEER, "to-vendor", 2), (2, Ipv4Addr::new(203, 0, 113, 10), "old", 1)]
    {
        objects.text(&format!("{tunnels}.2.{row}"), name);
        objects.ip(&format!("{tunnels}.4.{row}"), peer);
        objects.number(&format!("{tunnels}.20.{row}"), status);
    }
    objects.text("1.3.6.1.4.1.12356.101.12.2.4.1.3.1", "a-persons-name");
    objects.ip("1.3.6.1.4.1.12356.101.12.2.4.1.4.1", CLIENT);
    objects.device()
}

/// A router with an ISDN line that is up.
fn router() -> Device {
    let mut objects = Objects::default();
    objects.system("RTX1210 Rev.14.01.42 (Fri Jul  8 15:09:34 2022)", "1.3.6.1.4.1.1182.1.46", "rt-kita");
    objects.interface(1, 6, true, [0, 0x53, 0, 0, 3, 2], "LAN1").address(ROUTER, 1);
    objects.interface(2, 63, true, [0; 6], "BRI1");
    objects.neighbour(1, [0, 0x53, 0, 0, 3, 1], "internal", "fw-kita", FIREWALL);
    objects.neighbour(2, [0, 0x53, 0, 0, 3, 9], "1", "elsewhere", OUTSIDE);
    objects.neighbour(3, [0, 0x53, 0, 0, 3, 7], "1", "sw-kita", NEAR);
    objects.device()
}

fn tables(port: u16, community: &str, interval: &str) -> String {
    format!(
        "roll_up = \"1s\"\ninternal = [\"127.3.0.0/23\"]\n[snmp]\ntargets = [\"{FIREWALL}\"]\n\
         subnets = [\"127.3.0.0/29\"]\nequipment = true\nexcluded = [\"{EXCLUDED}\"]\nport = {port}\ncommunity_file = \"{community}\"\ninterval = \"{interval}\"\n\
         rate = 1000\ntimeout = \"500ms\"\nretries = 1"
    )
}

fn rows(command: &str, daemon: &Daemon) -> Vec<Value> {
    let ledger = daemon.path("ledger.db");
    let shown = agent::text([command, "--db", ledger.to_str().unwrap(), "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let list =
        shown.as_array().or_else(|| shown[command].as_array()).or_else(|| shown["connections"].as_array());
    list.unwrap_or_else(|| panic!("{command}: {shown}")).clone()
}

fn rules(row: &Value) -> Vec<&str> {
    row["evidence"].as_array().unwrap().iter().map(|evidence| evidence["rule"].as_str().unwrap()).collect()
}

/// Waits until a round has ended and what it brought is in the ledger.
fn round(daemon: &Daemon, number: u64) -> Value {
    let ended = until("a round", || {
        daemon.status().filter(|status| status["snmp"]["rounds"].as_u64() >= Some(number))
    });
    let recorded = ended["roll_up"]["recorded"].as_u64().unwrap();
    until("the roll-up after it", || {
        daemon.status().filter(|status| status["roll_up"]["recorded"].as_u64() > Some(recorded + 1))
    });
    ended["snmp"].clone()
}

#[test]
fn what_equipment_says_is_in_the_ledger_and_only_who_is_allowed_is_asked() {
    let devices = BTreeMap::from([
        (FIREWALL, Arc::new(firewall("v7.2.6"))),
        (ROUTER, Arc::new(router())),
        (EXCLUDED, Arc::new(router())),
    ]);
    let simulator = Simulator::start(0, devices).unwrap();
    let secrets = tempfile::tempdir().unwrap();
    let community = secrets.path().join("community");
    fs::write(&community, "public\n").unwrap();
    let community = community.to_str().unwrap();
    let daemon = Daemon::start(&tables(simulator.port(), community, "1h"));
    let snmp = round(&daemon, 1);

    // Whom it asked, and what it says of that.
    let counts = simulator.counts();
    assert_eq!(counts.get(&EXCLUDED), None, "{counts:?}");
    assert_eq!(counts.get(&NOBODY), Some(&1), "who was not named is asked once");
    assert!(counts.keys().all(|address| address.octets()[..3] == [127, 3, 0]), "{counts:?}");
    assert_eq!(snmp["sent"], counts.values().sum::<u64>(), "every datagram is accounted");
    assert_eq!((&snmp["states"]["complete"], &snmp["left_out"]), (&2.into(), &1.into()), "{snmp}");
    assert!(daemon.words("ja").contains("SNMP で送信したパケット"));

    // Who they are.
    let devices = rows("devices", &daemon);
    let device = |name: &str| {
        let named = |row: &&Value| row["names"].as_array().unwrap().contains(&name.into());
        devices.iter().find(named).unwrap_or_else(|| panic!("no {name}: {devices:?}"))
    };
    let fortigate = device("fw-kita");
    assert_eq!(fortigate["vendor"], "Fortinet");
    assert_eq!(
        (&fortigate["firmware"], &fortigate["serial"]),
        (&"v7.2.6".into(), &"FGT60FTK00000001".into())
    );
    assert_eq!(fortigate["mac"], "00:53:00:00:03:01");
    let said = fortigate["evidence"].to_string();
    assert!(said.contains("1.3.6.1.4.1.12356.101.4.1.1.0") && said.contains("device/fortigate"), "{said}");
    assert_eq!(device("rt-kita")["model"], "RTX1210");

    // Its tunnels: what no wire showed stands alone; who dialled in is no name.
    let connections = rows("connections", &daemon);
    assert!(!format!("{devices:?} {connections:?}").contains("a-persons-name"));
    let connection = |peer: Ipv4Addr| {
        let peer = peer.to_string();
        connections.iter().find(|row| row["outside"]["ip"] == peer.as_str()).unwrap()
    };
    let ipsec = connection(PEER);
    assert_eq!(
        (&ipsec["service"], &ipsec["tunnel"], &ipsec["sessions"]),
        (&"ipsec".into(), &true.into(), &0.into())
    );
    assert_eq!((&ipsec["inside"]["mac"], rules(ipsec)), (&"00:53:00:00:03:01".into(), vec!["snmp/tunnel"]));
    let dialled = connection(CLIENT);
    assert_eq!((&dialled["service"], &dialled["initiator"]), (&"fortinet-sslvpn".into(), &"outside".into()));
    assert_eq!(connections.len(), 2, "what is down is none: {connections:?}");
    let exits = rows("exits", &daemon);
    let isdn = exits.iter().find(|row| row["mac"] == "00:53:00:00:03:02").unwrap();
    assert_eq!((&isdn["line"], rules(isdn)), (&"isdn".into(), vec!["snmp/line"]));

    // A new firmware is a change; a reload asks at once.
    simulator.put(FIREWALL, firewall("v7.4.1"));
    configure(daemon.path("").as_path(), &tables(simulator.port(), community, "2h"));
    daemon.signal(Signal::SIGHUP);
    round(&daemon, 2);
    assert_eq!(simulator.counts().get(&NOBODY), Some(&1), "who did not answer rests");
    assert_eq!(simulator.counts().get(&NEAR), Some(&1), "whom the router named, and who is inside");
    assert_eq!(simulator.counts().get(&OUTSIDE), None, "whom it named, and who is not");
    let changes = rows("history", &daemon);
    let firmware: Vec<_> = changes.iter().filter(|change| change["kind"] == "changed-firmware").collect();
    let last = firmware.last().unwrap();
    assert_eq!(
        (&last["before"]["firmware"], &last["after"]["firmware"]),
        (&"v7.2.6".into(), &"v7.4.1".into())
    );

    // What they said of each other is the map.
    let link = until("the link on the map", || link(&daemon, ["fw-kita", "rt-kita"]));
    assert_eq!(link["source"], "lldp", "{link}");
    daemon.stop();
}

/// The link between two boxes on the map, as it is drawn from the ledger.
fn link(daemon: &Daemon, between: [&str; 2]) -> Option<Value> {
    let (ledger, map) = (daemon.path("ledger.db"), daemon.path("map.json"));
    agent::text(["map", "--db", ledger.to_str().unwrap(), "-o", map.to_str().unwrap()]);
    let map: Value = serde_json::from_slice(&fs::read(map).unwrap()).unwrap();
    let topology = &map["topology"];
    let called = |key: &Value| {
        let node = topology["nodes"].as_array().unwrap().iter().find(|node| node["key"] == *key);
        node.and_then(|node| node["name"].as_str()).unwrap_or_default().to_owned()
    };
    let is_it = |link: &&Value| {
        let mut ends = [called(&link["a"]["node"]), called(&link["b"]["node"])];
        ends.sort();
        ends == between
    };
    topology["links"].as_array().unwrap().iter().find(is_it).cloned()
}

/// A network namespace whose only way out leads nowhere, and the record of all that is sent there.
struct Wire {
    namespace: String,
    tcpdump: Child,
    record: PathBuf,
    _folder: TempDir,
}

impl Wire {
    fn lay(name: &str) -> Self {
        let namespace = format!("{name}{}", std::process::id());
        let ip = |words: &str| {
            let done = Command::new("ip").args(words.split(' ')).output().unwrap();
            assert!(done.status.success(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
        };
        ip(&format!("netns add {namespace}"));
        // The kernel's own neighbour discovery would be among what is counted.
        let quiet = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6";
        let done =
            Command::new("ip").args(["netns", "exec", &namespace, "sh", "-c", quiet]).status().unwrap();
        assert!(done.success());
        // The cable's other end is nobody's, so that there is no answer; without ARP, every packet leaves.
        ip(&format!("-n {namespace} link add wire type veth peer name nobody"));
        ip(&format!("-n {namespace} link set nobody up"));
        ip(&format!("-n {namespace} link set wire arp off"));
        ip(&format!("-n {namespace} addr add 192.0.2.1/24 dev wire"));
        ip(&format!("-n {namespace} link set wire up"));
        ip(&format!("-n {namespace} route add default dev wire"));
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("wire.pcap");
        let tcpdump = Command::new("ip")
            .args([
                "netns",
                "exec",
                &namespace,
                "tcpdump",
                "-i",
                "wire",
                "-U",
                "--immediate-mode",
                "-Z",
                "root",
                "-w",
            ])
            .arg(&record)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("tcpdump", || fs::metadata(&record).is_ok_and(|file| file.len() >= 24).then_some(()));
        Self { namespace, tcpdump, record, _folder: folder }
    }

    /// What was sent: how many packets to each address, by protocol and port.
    fn sent(&mut self) -> BTreeMap<(Ipv4Addr, u8, u16), u64> {
        kill(Pid::from_raw(self.tcpdump.id().cast_signed()), Signal::SIGINT).unwrap();
        self.tcpdump.wait().unwrap();
        let record = fs::read(&self.record).unwrap();
        let mut sent = BTreeMap::new();
        let mut rest = &record[24..];
        while rest.len() >= 16 {
            let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
            let frame = &rest[16..16 + length];
            assert_eq!(frame[12..14], [8, 0], "not IPv4: {frame:02x?}");
            let to = Ipv4Addr::from(<[u8; 4]>::try_from(&frame[30..34]).unwrap());
            let port = u16::from_be_bytes(frame[36..38].try_into().unwrap());
            *sent.entry((to, frame[23], port)).or_default() += 1;
            rest = &rest[16 + length..];
        }
        sent
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).output();
    }
}

#[test]
fn on_the_wire_there_is_nothing_to_anybody_who_was_not_allowed() {
    let mut wire = Wire::lay("poll");
    let secrets = tempfile::tempdir().unwrap();
    let community = secrets.path().join("community");
    fs::write(&community, "public\n").unwrap();
    let daemon = Daemon::within(
        &wire.namespace,
        &format!(
            "roll_up = \"1s\"\n[snmp]\ntargets = [\"192.0.2.7\", \"203.0.113.7:1161\"]\n\
             subnets = [\"192.0.2.128/29\", \"10.1.3.16/29\"]\nequipment = true\nexcluded = [\"192.0.2.130\"]\n\
             community_file = \"{}\"\ntimeout = \"200ms\"\nretries = 1",
            community.display()
        ),
        |ledger| {
            let (mirror, ledger) = (secrets.path().join("mirror.pcap"), ledger.to_str().unwrap());
            fs::write(&mirror, cases::capture("no-patient-in-the-analysis")).unwrap();
            agent::text(["analyze", "--db", ledger, "--site", "kita", mirror.to_str().unwrap()]);
        },
    );
    let snmp = round(&daemon, 1);
    daemon.stop();
    // Two questions to each that is named, one to each other; none to the excluded one, none to the CT.
    let address = |last: u8| Ipv4Addr::new(192, 0, 2, last);
    let mut allowed =
        BTreeMap::from([((address(7), UDP, 161), 2), ((Ipv4Addr::new(203, 0, 113, 7), UDP, 1161), 2)]);
    allowed.extend([129, 131, 132, 133, 134].map(|last| ((address(last), UDP, 161), 1)));
    let ct = Ipv4Addr::new(10, 1, 3, 20);
    let near = (17..=22).map(|last| Ipv4Addr::new(10, 1, 3, last)).filter(|near| *near != ct);
    allowed.extend(near.map(|near| ((near, UDP, 161), 1)));
    let sent = wire.sent();
    assert_eq!(sent, allowed);
    assert_eq!(snmp["left_out"], 2, "the excluded one, and the CT");
    assert_eq!(snmp["sent"], sent.values().sum::<u64>(), "every datagram is accounted");
}

#[test]
fn without_its_table_nobody_is_asked() {
    let daemon = Daemon::start("roll_up = \"1s\"");
    let status = until("a roll-up", || {
        daemon.status().filter(|status| status["roll_up"]["recorded"].as_u64() > Some(0))
    });
    assert_eq!(status["snmp"], Value::Null);
    daemon.stop();
}
