//! The yardstick of live capture: a TPACKET_V3 ring that counts packets and bytes and does nothing else.
//!
//! `ring-count --interface IF [--packets N] [--idle-ms N]` counts until N packets came or none came for so
//! long after the first, and prints the counts with the processor time that it took. Written as a C program would be,
//! with no check of what the kernel writes: what it costs is the least that a ring can cost.

#![allow(unsafe_code, reason = "memory shared with the kernel; nothing of this program is shipped")]
#![allow(clippy::cast_ptr_alignment, reason = "the kernel aligns blocks to pages and packets to 16 bytes")]
#![allow(clippy::print_stdout, reason = "a command's output")]
#![allow(clippy::cast_precision_loss, reason = "figures are printed with three digits")]

use std::io;

use clap::Parser;

/// Counts what reaches an interface.
#[derive(Parser)]
struct Args {
    /// The interface.
    #[arg(long)]
    interface: String,
    /// How many packets are waited for; without a limit if not given.
    #[arg(long, default_value_t = u64::MAX)]
    packets: u64,
    /// After how many milliseconds without a packet it ends.
    #[arg(long, default_value_t = 2000)]
    idle_ms: u64,
    /// Bytes of a block; as the agent's by default.
    #[arg(long, default_value_t = 262_144)]
    block_bytes: u32,
    /// How many blocks.
    #[arg(long, default_value_t = 128)]
    blocks: u32,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let counted = ring::count(&args)?;
    let busy = counted.last.saturating_sub(counted.first) as f64 / 1e9;
    println!(
        "counted {} packets, {} bytes, {} dropped in {busy:.3} s: {:.3} M packets/s, {:.4} µs of processor time a packet",
        counted.packets,
        counted.bytes,
        counted.drops,
        counted.packets as f64 / busy / 1e6,
        counted.cpu_us as f64 / counted.packets.max(1) as f64
    );
    Ok(())
}

/// What was counted; times are nanoseconds since the Unix epoch.
#[derive(Debug, Default)]
struct Counted {
    packets: u64,
    bytes: u64,
    drops: u64,
    first: u64,
    last: u64,
    cpu_us: u64,
}

#[cfg(target_os = "linux")]
mod ring {
    use std::ffi::CString;
    use std::io;
    use std::mem::{size_of, zeroed};
    use std::ptr::{from_ref, null_mut};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, Instant};

    use super::{Args, Counted};

    const FRAME_BYTES: u32 = 2048;
    const RETIRE_MS: u32 = 60;

    /// Counts packets until enough came, or none came for long enough.
    pub(super) fn count(args: &Args) -> io::Result<Counted> {
        let name = CString::new(args.interface.as_str())?;
        let mut counted = Counted::default();
        // SAFETY: every call gets pointers to values of the lengths that it is told; the mapping has
        // `blocks * block_bytes` bytes and lives until the program ends; blocks are read only while their status
        // says that they are the program's, and packets at the offsets that the kernel wrote.
        unsafe {
            let index = libc::if_nametoindex(name.as_ptr());
            let socket = libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0);
            if index == 0 || socket < 0 {
                return Err(io::Error::last_os_error());
            }
            let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
            set(socket, libc::PACKET_VERSION, &version)?;
            let request = libc::tpacket_req3 {
                tp_block_size: args.block_bytes,
                tp_block_nr: args.blocks,
                tp_frame_size: FRAME_BYTES,
                tp_frame_nr: args.block_bytes / FRAME_BYTES * args.blocks,
                tp_retire_blk_tov: RETIRE_MS,
                tp_sizeof_priv: 0,
                tp_feature_req_word: 0,
            };
            set(socket, libc::PACKET_RX_RING, &request)?;
            let (block_bytes, blocks) = (args.block_bytes as usize, args.blocks as usize);
            let (access, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
            let map = libc::mmap(null_mut(), block_bytes * blocks, access, shared, socket, 0);
            if map == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            let mut address: libc::sockaddr_ll = zeroed();
            address.sll_family = libc::AF_PACKET as u16;
            address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
            address.sll_ifindex = index.cast_signed();
            let len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            if libc::bind(socket, from_ref(&address).cast(), len) < 0 {
                return Err(io::Error::last_os_error());
            }

            let mut next = 0;
            let mut still = Instant::now();
            let idle = Duration::from_millis(args.idle_ms);
            while counted.packets < args.packets {
                let block = map.cast::<u8>().add(next * block_bytes);
                let status = AtomicU32::from_ptr(block.add(8).cast());
                if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                    // The first packet is waited for as long as it takes.
                    if counted.packets > 0 && still.elapsed() > idle {
                        break;
                    }
                    let mut waiting = libc::pollfd { fd: socket, events: libc::POLLIN, revents: 0 };
                    libc::poll(&raw mut waiting, 1, 100);
                    continue;
                }
                let head = &(*block.cast::<libc::tpacket_block_desc>()).hdr.bh1;
                let mut at = block.add(head.offset_to_first_pkt as usize);
                if counted.first == 0 {
                    counted.first = time(&*at.cast());
                }
                for number in 1..=head.num_pkts {
                    let packet = &*at.cast::<libc::tpacket3_hdr>();
                    counted.bytes += u64::from(packet.tp_len);
                    at = at.add(packet.tp_next_offset as usize);
                    if number == head.num_pkts {
                        counted.last = time(packet);
                    }
                }
                counted.packets += u64::from(head.num_pkts);
                status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
                next = (next + 1) % blocks;
                still = Instant::now();
            }

            let mut statistics: libc::tpacket_stats_v3 = zeroed();
            let mut len = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
            let (level, name) = (libc::SOL_PACKET, libc::PACKET_STATISTICS);
            libc::getsockopt(socket, level, name, (&raw mut statistics).cast(), &raw mut len);
            counted.drops = statistics.tp_drops.into();
            let mut usage: libc::rusage = zeroed();
            libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
            let us = |time: libc::timeval| (time.tv_sec * 1_000_000 + time.tv_usec).cast_unsigned();
            counted.cpu_us = us(usage.ru_utime) + us(usage.ru_stime);
        }
        Ok(counted)
    }

    fn time(packet: &libc::tpacket3_hdr) -> u64 {
        u64::from(packet.tp_sec) * 1_000_000_000 + u64::from(packet.tp_nsec)
    }

    /// Sets an option of a packet socket.
    fn set<T>(socket: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
        let len = size_of::<T>() as libc::socklen_t;
        // SAFETY: the kernel reads as many bytes as `value` has.
        let done = unsafe { libc::setsockopt(socket, libc::SOL_PACKET, name, from_ref(value).cast(), len) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(not(target_os = "linux"))]
mod ring {
    use std::io::{self, ErrorKind};

    pub(super) fn count(_: &super::Args) -> io::Result<super::Counted> {
        Err(io::Error::new(ErrorKind::Unsupported, "the ring is Linux's"))
    }
}
