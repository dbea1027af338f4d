//! Sends a capture out of an interface: `send --interface IF [--rate N] [--loops N] FILE`.
//!
//! For networks made for a test only: a pair of virtual cables in a namespace, never a real one. The
//! capture is held in memory, so that the disk is not what is measured; frames leave in batches, each one
//! system call. Prints what left, how fast, and what the kernel had no room for at first.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]
#![allow(clippy::cast_precision_loss, reason = "figures are printed with three digits")]

use std::io::{self, ErrorKind, IoSlice};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Sends a capture out of an interface of a test network.
#[derive(Parser)]
struct Args {
    /// The interface.
    #[arg(long)]
    interface: String,
    /// Frames per second; as fast as it goes if not given.
    #[arg(long)]
    rate: Option<u32>,
    /// How often the capture is sent.
    #[arg(long, default_value_t = 1)]
    loops: u32,
    /// How many of its frames are sent; all if not given.
    #[arg(long)]
    packets: Option<usize>,
    /// A classic little-endian capture of Ethernet, as `workload` writes it.
    file: PathBuf,
}

/// The capture's head and each packet's, in bytes; the latter ends in the captured and wire lengths.
const FILE_HEAD: usize = 24;
const PACKET_HEAD: usize = 16;
const MAGIC: [u8; 4] = 0xa1b2_c3d4_u32.to_le_bytes();

/// The largest capture that is held in memory.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Frames in one system call: enough to hide its cost, few enough to keep a rate even.
const BATCH: usize = 64;

/// Finds the frames of a capture.
fn frames(capture: &[u8], most: usize) -> io::Result<Vec<[IoSlice<'_>; 1]>> {
    if !capture.starts_with(&MAGIC) {
        return Err(io::Error::new(ErrorKind::InvalidData, "no classic little-endian capture"));
    }
    let mut frames = Vec::new();
    let mut rest = capture.get(FILE_HEAD..).unwrap_or_default();
    while frames.len() < most {
        let Some((head, after)) = rest.split_first_chunk::<PACKET_HEAD>() else { break };
        let [.., a, b, c, d, _, _, _, _] = *head;
        let len = u32::from_le_bytes([a, b, c, d]) as usize;
        let Some((frame, after)) = after.split_at_checked(len) else { break };
        frames.push([IoSlice::new(frame)]);
        rest = after;
    }
    if frames.is_empty() {
        return Err(io::Error::new(ErrorKind::InvalidData, "the capture holds no frame"));
    }
    Ok(frames)
}

/// What left, and what that took.
#[derive(Debug, Default)]
struct Sent {
    packets: u64,
    bytes: u64,
    /// How often the kernel had no room and was asked again.
    full: u64,
    wall: Duration,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    if std::fs::metadata(&args.file)?.len() > MAX_FILE_BYTES {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "larger than 4 GiB: make a smaller capture"));
    }
    let capture = std::fs::read(&args.file)?;
    let frames = frames(&capture, args.packets.unwrap_or(usize::MAX))?;
    let sent = linux::send(&args, &frames)?;
    println!(
        "sent {} packets, {} bytes in {:.3} s: {:.3} M packets/s, {:.3} Gbit/s, no room {} times",
        sent.packets,
        sent.bytes,
        sent.wall.as_secs_f64(),
        sent.packets as f64 / sent.wall.as_secs_f64() / 1e6,
        sent.bytes as f64 * 8.0 / sent.wall.as_secs_f64() / 1e9,
        sent.full
    );
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, ErrorKind, IoSlice};
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::thread;
    use std::time::{Duration, Instant};

    use nix::errno::Errno;
    use nix::ifaddrs::getifaddrs;
    use nix::sys::socket::{
        AddressFamily, ControlMessage, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockType, bind, sendmmsg,
        socket,
    };

    use super::{Args, BATCH, Sent};

    /// Waits shorter than this are spun through: a sleep may last longer.
    const SPIN: Duration = Duration::from_millis(1);

    /// Sends frames, as often and as fast as asked.
    pub(super) fn send(args: &Args, frames: &[[IoSlice<'_>; 1]]) -> io::Result<Sent> {
        let socket = open(&args.interface)?;
        let mut headers = MultiHeaders::<LinkAddr>::preallocate(BATCH, None);
        let mut sent = Sent::default();
        let began = Instant::now();
        for _ in 0..args.loops {
            let mut rest = frames;
            while let Some(batch) = rest.get(..rest.len().min(BATCH)).filter(|batch| !batch.is_empty()) {
                if let Some(rate) = args.rate {
                    wait_until(began + Duration::from_secs_f64(sent.packets as f64 / f64::from(rate)));
                }
                let left = send_batch(&socket, &mut headers, batch)?;
                sent.packets += left as u64;
                let (done, after) = rest.split_at(left);
                sent.bytes += done.iter().map(|[frame]| frame.len() as u64).sum::<u64>();
                sent.full += u64::from(left == 0);
                rest = after;
            }
        }
        sent.wall = began.elapsed();
        Ok(sent)
    }

    /// Sends the first frames of a batch; gives how many the kernel took.
    fn send_batch<'a>(
        socket: &OwnedFd,
        headers: &'a mut MultiHeaders<LinkAddr>,
        batch: &'a [[IoSlice<'a>; 1]],
    ) -> io::Result<usize> {
        let nobody: [Option<LinkAddr>; BATCH] = [None; BATCH];
        let nothing: [ControlMessage<'a>; 0] = [];
        match sendmmsg(socket.as_raw_fd(), headers, batch, nobody, nothing, MsgFlags::empty()) {
            Ok(results) => Ok(results.count()),
            Err(Errno::ENOBUFS | Errno::EAGAIN | Errno::EINTR) => Ok(0),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens a socket that sends out of an interface and receives nothing.
    fn open(interface: &str) -> io::Result<OwnedFd> {
        let mut all = getifaddrs()?;
        let address = all.find_map(|entry| {
            let address = entry.address?.as_link_addr().copied()?;
            (entry.interface_name == interface).then_some(address)
        });
        let address = address.ok_or_else(|| io::Error::new(ErrorKind::NotFound, "no such interface"))?;
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
        bind(socket.as_raw_fd(), &address)?;
        Ok(socket)
    }

    fn wait_until(due: Instant) {
        loop {
            let wait = due.saturating_duration_since(Instant::now());
            match wait.checked_sub(SPIN) {
                Some(sleep) => thread::sleep(sleep),
                None if wait.is_zero() => return,
                None => std::hint::spin_loop(),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use std::io::{self, ErrorKind, IoSlice};

    pub(super) fn send(_: &super::Args, _: &[[IoSlice<'_>; 1]]) -> io::Result<super::Sent> {
        Err(io::Error::new(ErrorKind::Unsupported, "test networks are made on Linux only"))
    }
}
