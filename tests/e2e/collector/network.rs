//! A network that breaks where a test says, plainly or as a proxy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// A network between box and collector that breaks every connection after so many octets; 0 breaks none.
pub(super) struct Network {
    pub(super) address: SocketAddr,
    pub(super) cut_after: Arc<AtomicU64>,
    pub(super) connects: Arc<AtomicUsize>,
}

impl Network {
    /// Passes on to a collector, or as a proxy to wherever is asked for.
    pub(super) fn to(collector: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (cut_after, connects) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let (cut, counted) = (Arc::clone(&cut_after), Arc::clone(&connects));
        // Ends with the process.
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let target = collector.or_else(|| asked(&mut client));
                let Some(server) = target.and_then(|target| TcpStream::connect(target).ok()) else {
                    continue;
                };
                let left = Arc::new(AtomicU64::new(match cut.load(Ordering::SeqCst) {
                    0 => u64::MAX,
                    octets => octets,
                }));
                for (mut from, mut to) in [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server.try_clone().unwrap(), client.try_clone().unwrap()),
                ] {
                    let left = Arc::clone(&left);
                    thread::spawn(move || pass(&mut from, &mut to, &left));
                }
            }
        });
        Self { address, cut_after, connects }
    }
}

/// Takes a CONNECT, and says yes.
fn asked(client: &mut TcpStream) -> Option<SocketAddr> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        client.read_exact(&mut octet).ok()?;
        head.push(octet[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.parse().ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    Some(target)
}

fn pass(from: &mut TcpStream, to: &mut TcpStream, left: &AtomicU64) {
    let mut octets = [0; 1024];
    while let Ok(read @ 1..) = from.read(&mut octets) {
        let before = left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(read as u64)));
        let pass = (before.unwrap() as usize).min(read);
        if to.write_all(&octets[..pass]).is_err() || pass < read {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
