//! The daemon at a mirror port: a hospital's day goes over a virtual cable, from one network namespace to
//! another. Needs root, as the agent's own right to open packet sockets does.

use std::collections::BTreeSet;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sekisho_tests::bench::Usage;
use sekisho_tests::cable::Cable;
use sekisho_tests::day;
use sekisho_tests::workload::{Profile, write};
use serde_json::Value;
use tempfile::TempDir;

use crate::agent;

/// For what takes a second on a machine that does nothing else.
const DEADLINE: Duration = Duration::from_mins(2);
/// What a debug build of the agent takes on a busy machine, in packets a second.
const RATE: &str = "40000";

fn until<T>(what: &str, mut comes: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(it) = comes() {
            return it;
        }
        assert!(begin.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Sends a capture over the cable, at a rate that a debug build takes; gives the number of packets.
fn send(cable: &Cable, capture: &Path, loops: u32) -> u64 {
    let how = ["--rate", RATE, "--loops", &loops.to_string()];
    cable.send(Path::new(env!("CARGO_BIN_EXE_send")), capture, &how).unwrap().packets
}

/// The daemon in its namespace.
struct Daemon {
    child: Child,
    folder: TempDir,
}

impl Daemon {
    fn start(cable: &Cable, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        let text = format!(
            "site = \"minami\"\nsensor = \"box\"\nledger = \"{place}/ledger.db\"\nroll_up = \"1s\"\n{more}\n\
             [[capture]]\ninterface = \"mirror\"\nring = \"128MiB\"\n[status]\nsocket = \"{place}/agent.sock\"\n"
        );
        fs::write(folder.path().join("agent.toml"), text).unwrap();
        let child = cable
            .at_mirror(agent::program())
            .arg("run")
            .arg("--config")
            .arg(folder.path().join("agent.toml"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Self { child, folder };
        until("watching", || daemon.status().filter(|status| status["interfaces"][0]["link"] == true));
        daemon
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn status(&self) -> Option<Value> {
        let socket = self.path("agent.sock");
        let output = agent::run(["status", "--format", "json", "--socket", socket.to_str().unwrap()]);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    /// Waits until so many packets were taken, and expects that none was lost.
    fn has_taken(&self, packets: u64) {
        let status = until("the packets", || {
            self.status().filter(|status| status["traffic"]["packets"].as_u64() >= Some(packets))
        });
        assert_eq!(status["traffic"]["kernel_drops"], 0, "{status}");
    }

    /// Threads, and resident memory in KiB.
    fn size(&self) -> (u64, u64) {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let number = |key: &str| {
            let line = text.lines().find(|line| line.starts_with(key)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (number("Threads:"), number("VmRSS:"))
    }

    fn stop(&mut self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
        let status = until("the end", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
    }

    fn connections(&self) -> Vec<Value> {
        let ledger = self.path("ledger.db");
        let text = agent::text(["connections", "--format", "json", "--db", ledger.to_str().unwrap()]);
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Where a test failed half-way; else it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Inside and outside address and service of every tunnel.
fn tunnels<'v>(connections: impl IntoIterator<Item = &'v Value>) -> BTreeSet<[String; 3]> {
    let text = |row: &Value, path: &str| row.pointer(path).and_then(Value::as_str).unwrap().to_owned();
    let tunnels = connections.into_iter().filter(|row| row["tunnel"] == true);
    tunnels.map(|row| ["/inside/ip", "/outside/ip", "/service"].map(|path| text(row, path))).collect()
}

/// Inside and outside addresses of every connection.
fn parties(connections: &[Value]) -> BTreeSet<[&str; 2]> {
    let mut parties = BTreeSet::new();
    for row in connections {
        let inside = row["inside"]["ip"].as_str().unwrap();
        let outside = row["outside"]["ips"].as_array().unwrap().iter().filter_map(Value::as_str);
        parties.extend(outside.map(|outside| [inside, outside]));
    }
    parties
}

#[test]
fn a_day_on_the_wire_is_in_the_ledger_as_it_is_in_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    day::generate(3, 24, folder.path()).unwrap();
    let capture = folder.path().join("hospital.pcap");
    let cable = Cable::lay("day").unwrap();
    let mut daemon = Daemon::start(&cable, "");
    let sent = send(&cable, &capture, 1);
    daemon.has_taken(sent);
    daemon.stop();
    let offline: Value =
        serde_json::from_str(&agent::text(["analyze", "--format", "json", capture.to_str().unwrap()]))
            .unwrap();
    let (live, offline) = (daemon.connections(), offline["connections"].as_array().unwrap());
    let (live_tunnels, offline_tunnels) = (tunnels(&live), tunnels(offline));
    assert!(offline_tunnels.len() > 10, "{offline_tunnels:?}");
    let missed: Vec<_> = offline_tunnels.difference(&live_tunnels).collect();
    assert!(missed.is_empty(), "seen in the capture, not on the wire: {missed:?}");
    // Nor is anybody left out whom nothing recognised.
    let missed: Vec<_> = parties(offline).difference(&parties(&live)).copied().collect();
    assert!(missed.is_empty(), "met in the capture, not on the wire: {missed:?}");
}

#[test]
fn memory_and_threads_are_the_same_after_days_as_after_one() {
    let folder = tempfile::tempdir().unwrap();
    day::generate(12, 6, folder.path()).unwrap();
    let capture = folder.path().join("hospital.pcap");
    let cable = Cable::lay("long").unwrap();
    let mut daemon = Daemon::start(&cable, "");
    let mut taken = send(&cable, &capture, 3);
    daemon.has_taken(taken);
    let (threads, resident) = daemon.size();
    taken += send(&cable, &capture, 12);
    daemon.has_taken(taken);
    let (later_threads, later_resident) = daemon.size();
    assert_eq!(later_threads, threads);
    assert!(later_resident < resident + resident / 5, "{resident} KiB grew to {later_resident} KiB");
    daemon.stop();
}

/// Octets of the flow that a datagram of [`netflow`] tells.
pub(crate) const FLOW_BYTES: u64 = 6000;

/// Where a datagram of [`netflow`] has its record's padding, which is to be zero.
const V5_PADDING: usize = 24 + 36;

/// A NetFlow v5 datagram of one flow: SSH from an inside server to outside.
pub(crate) fn netflow(sequence: u32, inside: [u8; 4]) -> Vec<u8> {
    let now = u32::try_from(jiff::Timestamp::now().as_second()).unwrap();
    let mut datagram =
        [&[0, 5, 0, 1][..], &3_600_000_u32.to_be_bytes(), &now.to_be_bytes(), &[0; 4]].concat();
    datagram.extend(sequence.to_be_bytes());
    datagram.extend([0; 4]);
    datagram.extend([inside, [203, 0, 113, 9], [10, 1, 2, 1]].concat());
    datagram.extend([0, 1, 0, 2]);
    datagram.extend(
        [40_u32, FLOW_BYTES as u32, 3_590_000, 3_599_000].iter().flat_map(|number| number.to_be_bytes()),
    );
    datagram.extend([50_000_u16, 22].iter().flat_map(|port| port.to_be_bytes()));
    datagram.extend([0, 0x1b, 6, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
    datagram
}

#[test]
fn what_only_a_router_s_flow_export_tells_is_in_the_ledger_with_its_name() {
    // In the namespace of the test itself, where its socket is.
    let listen = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let text = format!(
        "site = \"minami\"\nledger = \"{place}/ledger.db\"\nroll_up = \"1s\"\n[[exports]]\nlisten = \"{listen}\"\n\
         [status]\nsocket = \"{place}/agent.sock\"\n"
    );
    fs::write(folder.path().join("agent.toml"), text).unwrap();
    let child = Command::new(agent::program())
        .arg("run")
        .arg("--config")
        .arg(folder.path().join("agent.toml"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut daemon = Daemon { child, folder };
    until("listening", || daemon.status());
    let [exporter, careless] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let mut sequence = 0;
    let status = until("the flows", || {
        exporter.send_to(&netflow(sequence, [10, 1, 2, 3]), listen).unwrap();
        // What nobody would take for an export, had it not been sent where exports are listened for.
        let mut odd = netflow(sequence + 1, [10, 1, 2, 4]);
        odd[V5_PADDING] = 0xff;
        careless.send_to(&odd, listen).unwrap();
        sequence += 2;
        daemon.status().filter(|status| status["exporters"][0]["flows"].as_u64() > Some(1))
    });
    assert_eq!(status["exporters"][0]["address"], "127.0.0.1");
    daemon.stop();
    let connections = daemon.connections();
    let of = |inside: &str| {
        connections.iter().find(|row| row["outside"]["ip"] == "203.0.113.9" && row["inside"]["ip"] == inside)
    };
    assert!(of("10.1.2.4").is_some(), "{connections:#?}");
    let row = of("10.1.2.3").unwrap();
    assert_eq!(
        (&row["inside"]["ip"], &row["port"], &row["service"]),
        (&"10.1.2.3".into(), &22.into(), &"ssh".into())
    );
    assert_eq!(row["exporters"], serde_json::json!(["127.0.0.1"]));
    let evidence = row["evidence"].as_array().unwrap();
    assert!(evidence.iter().any(|reason| reason["rule"] == "export/seen"), "{row}");
}

#[test]
fn a_flood_stays_within_its_memory_is_counted_and_hides_nothing() {
    const MEMORY_MIB: u32 = 96;
    let folder = tempfile::tempdir().unwrap();
    let [capture, output, errors] =
        ["flood.pcap", "analysis.json", "errors"].map(|name| folder.path().join(name));
    let truth = write(Profile::Flood, &Profile::Flood.options(300_000, 5), &capture).unwrap().truth;
    // In a process of its own: a child's peak starts at what its parent has resident.
    let measured = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["measure", "--max-seconds", "120", "--output"])
        .arg(&output)
        .arg("--errors")
        .arg(&errors)
        .arg(agent::program())
        .args(["--", "analyze", "--format", "json", "--max-memory", &format!("{MEMORY_MIB}MiB")])
        .arg(&capture)
        .output()
        .unwrap();
    let usage: Usage = serde_json::from_slice(&measured.stdout).unwrap();
    assert!(usage.peak_mib <= f64::from(MEMORY_MIB), "{} MiB resident", usage.peak_mib);
    let analysis: Value = serde_json::from_str(&fs::read_to_string(&output).unwrap()).unwrap();
    assert!(analysis["capture"]["weird"]["conns-evicted"].as_u64() > Some(0), "{}", analysis["capture"]);
    let found: BTreeSet<&str> = analysis["connections"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row["outside"]["ips"].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    for external in &truth.external {
        assert!(found.contains(external.outside.as_str()), "{external:?} is hidden by the flood");
    }
}
