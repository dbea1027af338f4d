//! A real exporter: softflowd reads a capture made here and exports it to a listening socket; every
//! flow of the capture must come out, once, with its counts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sekisho_decode::{Addr, Body, Upper, decode};
use sekisho_export::{Exporters, Limits};

use crate::capture::listen::ListenSource;
use crate::capture::source::{Arrival, Source};

/// Few enough that the buffer of a machine that grants little holds them all.
const FLOWS: u16 = 2_000;
/// Octets of IP header and payload of each packet; a flow has two.
const PACKET_BYTES: u16 = 60;
const DEADLINE: Duration = Duration::from_mins(1);

/// Addresses, ports, packets, octets.
type Flow = (Addr, Addr, u16, u16, u64, u64);

#[test]
fn every_flow_that_softflowd_exports_comes_out_once() {
    let folder = tempfile::tempdir().unwrap();
    let pcap = folder.path().join("flows.pcap");
    fs::write(&pcap, capture()).unwrap();
    for version in ["5", "9", "10"] {
        let (flows, count) = exported(&pcap, version, folder.path());
        assert_eq!(count, usize::from(FLOWS), "version {version}");
        let expected: BTreeSet<Flow> = (0..FLOWS).map(flow).collect();
        assert!(flows == expected, "version {version}: {} flows", flows.len());
    }
}

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended where the test has passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Has softflowd export a capture; gives the flows and how many records there were.
fn exported(pcap: &Path, version: &str, folder: &Path) -> (BTreeSet<Flow>, usize) {
    let mut source = ListenSource::open(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let (collector, _) = source.sockets().next().unwrap();
    let exporter = Command::new("softflowd")
        .arg("-r")
        .arg(pcap)
        .args(["-d", "-v", version, "-n", &collector.to_string()])
        .arg("-p")
        .arg(folder.join("pid"))
        // Its control socket makes softflowd 1.1.0 wait for ever now and then when it reads a file.
        .args(["-c", "none"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("softflowd, which tests/run installs");
    let mut exporter = Process(exporter);
    let mut exporters = Exporters::new(Limits::default());
    let (mut flows, mut count, start) = (BTreeSet::new(), 0, Instant::now());
    let mut has_ended = false;
    loop {
        assert!(start.elapsed() < DEADLINE, "{count} flows of version {version} came");
        let Arrival::Frames(frames) = source.batch(Duration::from_millis(100)).unwrap() else {
            // All was sent before softflowd ended: silence after that is the end.
            if has_ended {
                break;
            }
            has_ended = exporter.0.try_wait().unwrap().is_some();
            continue;
        };
        for frame in frames {
            let packet = decode(frame.link, frame.data, frame.wire_len).unwrap();
            let Body::Ip(ip) = packet.body else { panic!("{packet:?}") };
            assert!(matches!(ip.upper, Upper::Udp(_)));
            let read = exporters.datagram(frame.time_ns, ip.src, ip.payload, &mut |flow| {
                assert_eq!(flow.protocol, 17);
                count += 1;
                flows.insert((flow.src, flow.dst, flow.src_port, flow.dst_port, flow.packets, flow.bytes));
            });
            read.unwrap();
        }
    }
    assert_eq!(source.drops(), 0);
    let counts = exporters.exporters().next().unwrap().counts;
    assert_eq!((counts.gaps, counts.reordered, counts.restarts, counts.malformed), (0, 0, 0, 0));
    (flows, count)
}

fn ends(n: u16) -> ([u8; 4], [u8; 4]) {
    let [high, low] = n.to_be_bytes();
    ([198, 18, high, low], [198, 51, 100, 20])
}

fn flow(n: u16) -> Flow {
    let (client, server) = ends(n);
    (Addr::v4(client), Addr::v4(server), 40_000, 10_000 + n, 2, u64::from(PACKET_BYTES) * 2)
}

/// Two packets of each flow, one flow after the other, a millisecond apart.
fn capture() -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut bytes = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1]);
    for n in 0..FLOWS * 2 {
        let (client, server) = ends(n / 2);
        let mut frame = vec![0, 0x53, 0, 0, 0, 2, 0, 0x53, 0, 0, 0, 1, 8, 0, 0x45, 0];
        frame.extend(PACKET_BYTES.to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, 17, 0, 0]);
        frame.extend(client);
        frame.extend(server);
        frame.extend(40_000_u16.to_be_bytes());
        frame.extend((10_000 + n / 2).to_be_bytes());
        frame.extend((PACKET_BYTES - 20).to_be_bytes());
        frame.resize(14 + usize::from(PACKET_BYTES), 0);
        let (seconds, us) = (1_700_000_000 + u32::from(n) / 1_000, u32::from(n) % 1_000 * 1_000);
        bytes.extend(words(&[seconds, us, frame.len() as u32, frame.len() as u32]));
        bytes.extend(frame);
    }
    bytes
}
