//! What exporters send to a socket, as frames.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sekisho_decode::{Addr, Body, Upper, decode};
use sekisho_report::Lang;

use crate::capture::listen::{ListenSource, RECEIVE_BUFFER_BYTES};
use crate::capture::source::{Arrival, Source};
use crate::output;

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(10);

/// One received datagram as the pipeline would see it.
#[derive(Debug, Eq, PartialEq)]
struct Seen {
    source: (Addr, u16),
    destination: (Addr, u16),
    payload: Vec<u8>,
}

fn listen(addresses: &[&str]) -> (ListenSource, Vec<SocketAddr>) {
    let addresses: Vec<SocketAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let source = ListenSource::open(&addresses).unwrap();
    let bound = source.sockets().map(|(address, _)| address).collect();
    (source, bound)
}

/// Waits until `count` datagrams have come.
fn receive(source: &mut ListenSource, count: usize) -> Vec<Seen> {
    let (mut seen, start) = (Vec::new(), Instant::now());
    while seen.len() < count {
        assert!(start.elapsed() < DEADLINE, "{} of {count} datagrams came", seen.len());
        let Arrival::Frames(frames) = source.batch(Duration::from_millis(100)).unwrap() else { continue };
        for frame in frames {
            let now_ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
            assert!(now_ns.abs_diff(u128::try_from(frame.time_ns).unwrap()) < DEADLINE.as_nanos());
            let packet = decode(frame.link, frame.data, frame.wire_len).unwrap();
            let Body::Ip(ip) = packet.body else { panic!("{packet:?}") };
            let Upper::Udp(udp) = ip.upper else { panic!("{ip:?}") };
            assert_eq!(ip.payload_wire_len as usize, ip.payload.len());
            seen.push(Seen {
                source: (ip.src, udp.src_port),
                destination: (ip.dst, udp.dst_port),
                payload: ip.payload.to_vec(),
            });
        }
    }
    seen
}

fn end(address: SocketAddr) -> (Addr, u16) {
    (address.ip().into(), address.port())
}

#[test]
fn datagrams_come_as_frames_from_the_exporter_to_the_address_listened_on() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (mut source, bound) = listen(&[address]);
        let exporter = UdpSocket::bind(address).unwrap();
        for len in [0, 1, 1_464, 65_507_usize] {
            let payload: Vec<u8> = (0..len).map(|n| n as u8).collect();
            exporter.send_to(&payload, bound[0]).unwrap();
            let expected =
                Seen { source: end(exporter.local_addr().unwrap()), destination: end(bound[0]), payload };
            assert_eq!(receive(&mut source, 1), [expected], "{address}, {len} bytes");
        }
        assert_eq!(source.drops(), 0);
    }
}

#[test]
fn a_socket_for_all_addresses_takes_ipv4_and_tells_which_was_sent_to() {
    let (mut source, bound) = listen(&["[::]:0"]);
    let exporter = UdpSocket::bind("127.0.0.1:0").unwrap();
    exporter.send_to(b"flows", ("127.0.0.1", bound[0].port())).unwrap();
    let seen = receive(&mut source, 1);
    assert_eq!(seen[0].source, end(exporter.local_addr().unwrap()));
    assert_eq!(seen[0].destination, (Addr::v4([127, 0, 0, 1]), bound[0].port()));
}

#[test]
fn several_ports_are_heard_in_turn_and_in_order() {
    let (mut source, bound) = listen(&["127.0.0.1:0", "127.0.0.1:0"]);
    let exporter = UdpSocket::bind("127.0.0.1:0").unwrap();
    for n in 0..200_u16 {
        for address in &bound {
            exporter.send_to(&n.to_be_bytes(), address).unwrap();
        }
    }
    let seen = receive(&mut source, 400);
    for address in bound {
        let of_it = seen.iter().filter(|seen| seen.destination == end(address));
        let numbers: Vec<_> =
            of_it.map(|seen| u16::from_be_bytes([seen.payload[0], seen.payload[1]])).collect();
        assert!(numbers.iter().copied().eq(0..200), "{numbers:?}");
    }
}

#[test]
fn datagrams_that_find_the_kernel_s_buffer_full_are_counted() {
    let source = ListenSource::with_buffer(&["127.0.0.1:0".parse().unwrap()], 8 * 1024);
    let mut source = source.unwrap();
    let address = source.sockets().next().unwrap().0;
    let exporter = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..500 {
        exporter.send_to(&[0; 1_000], address).unwrap();
    }
    let mut received = 0;
    while let Arrival::Frames(frames) = source.batch(Duration::ZERO).unwrap() {
        received += frames.count();
    }
    // The kernel tells with the next datagram that finds room.
    exporter.send_to(b"next", address).unwrap();
    assert_eq!(receive(&mut source, 1)[0].payload, b"next");
    assert!(received > 0 && received < 500, "{received} received");
    assert_eq!(source.drops(), 500 - received as u64);
}

#[test]
fn silence_lasts_as_long_as_the_caller_is_patient() {
    let (mut source, _) = listen(&["127.0.0.1:0"]);
    let start = Instant::now();
    assert!(matches!(source.batch(Duration::from_millis(30)), Ok(Arrival::Nothing)));
    assert!(start.elapsed() >= Duration::from_millis(29));
}

#[test]
fn the_kernel_grants_a_buffer_and_says_how_much() {
    let (source, _) = listen(&["127.0.0.1:0"]);
    let (_, granted) = source.sockets().next().unwrap();
    assert!((1_000..=RECEIVE_BUFFER_BYTES).contains(&granted), "{granted}");
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_it() {
    let (_source, bound) = listen(&["127.0.0.1:0"]);
    let Err(error) = ListenSource::open(&bound) else { panic!("opened twice") };
    assert_eq!(error.address, bound[0]);
    assert_eq!(error.source.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&bound[0].to_string()), "{error}");
}

#[test]
fn an_address_that_is_not_to_be_had_is_told_with_what_to_look_at() {
    for lang in [Lang::Ja, Lang::En] {
        // Of documentation (RFC 5737): no box has it.
        let refused = ListenSource::open(&["192.0.2.1:2055".parse().unwrap()]).err().unwrap();
        let words = output::error(&refused.into(), lang);
        assert!(words.contains("192.0.2.1:2055") && words.contains("ip address"), "{words}");
    }
}
