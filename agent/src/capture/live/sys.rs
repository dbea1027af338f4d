//! The system calls of live capture that no safe wrapper has, and the memory shared with the kernel.
//!
//! What goes out of here is safe to use: a block's bytes are lent only while the kernel leaves them alone.

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

use super::filter::Instruction;
use super::options::{LiveStats, RingSize};

/// Where a block's header holds its status, from the block's start (`tpacket_block_desc`).
const STATUS_AT: usize = 8;

/// Only a check of the kernel's: with version 3 frames are packed, whatever their length.
const NOMINAL_FRAME_BYTES: u32 = 2048;

/// Tells whether something holds the system's clock to the right time; `None` where that may not be asked.
pub(crate) fn is_synchronised() -> Option<bool> {
    // SAFETY: the structure is numbers alone, of which zero is one.
    let mut asked: libc::timex = unsafe { mem::zeroed() };
    // SAFETY: with no mode set nothing is changed, and the kernel writes into the structure alone.
    let answer = unsafe { libc::adjtimex(&raw mut asked) };
    (answer >= 0).then_some(asked.status & libc::STA_UNSYNC == 0)
}

/// A packet socket's ring of blocks in memory shared with the kernel.
#[derive(Debug)]
pub(super) struct Ring {
    socket: OwnedFd,
    base: NonNull<u8>,
    block_bytes: usize,
    blocks: usize,
}

// SAFETY: the mapping belongs to this value alone and is not tied to the thread that made it.
unsafe impl Send for Ring {}

impl Ring {
    /// Has the kernel make a ring for a packet socket, and maps it.
    ///
    /// A block is handed over when it is full or `retire_ms` after its first frame.
    pub(super) fn map(socket: OwnedFd, size: RingSize, retire_ms: u32) -> io::Result<Self> {
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        set(&socket, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        let request = libc::tpacket_req3 {
            tp_block_size: size.block_bytes,
            tp_block_nr: size.blocks,
            tp_frame_size: NOMINAL_FRAME_BYTES,
            tp_frame_nr: size.block_bytes / NOMINAL_FRAME_BYTES * size.blocks,
            tp_retire_blk_tov: retire_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let (block_bytes, blocks) = (size.block_bytes as usize, size.blocks as usize);
        let len = block_bytes.checked_mul(blocks).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { socket, base, block_bytes, blocks })
    }

    /// Counts the blocks.
    pub(super) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// Gives a block's bytes if the kernel has handed it over.
    #[inline]
    pub(super) fn block(&self, index: usize) -> Option<&[u8]> {
        let status = self.status(index)?;
        if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return None;
        }
        let start = self.start(index)?;
        // SAFETY: `start` begins a block inside the mapping, which lives as long as `self`. The kernel does
        // not write to a block with TP_STATUS_USER, and the acquiring load saw that; only `release` takes
        // the status away, and it needs `&mut self`, so not while this slice is borrowed.
        Some(unsafe { slice::from_raw_parts(start.as_ptr(), self.block_bytes) })
    }

    /// Gives a block back to the kernel.
    #[inline]
    pub(super) fn release(&mut self, index: usize) {
        if let Some(status) = self.status(index) {
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        }
    }

    fn start(&self, index: usize) -> Option<NonNull<u8>> {
        if index >= self.blocks {
            return None;
        }
        // SAFETY: `index < blocks`, and the mapping has `blocks * block_bytes` bytes, which fit an `isize`.
        Some(unsafe { self.base.add(index * self.block_bytes) })
    }

    /// The word through which a block changes hands.
    fn status(&self, index: usize) -> Option<&AtomicU32> {
        let start = self.start(index)?;
        // SAFETY: a block is longer than its header, and starts at a page, so the word is inside the
        // mapping and aligned. Kernel and program write it whole, and this program only atomically.
        Some(unsafe { AtomicU32::from_ptr(start.add(STATUS_AT).cast().as_ptr()) })
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this length, and whoever borrowed from it borrowed from `self`.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.block_bytes * self.blocks) };
    }
}

/// Ties a packet socket to an interface and starts the flow of frames of all protocols.
pub(super) fn bind(socket: &impl AsFd, interface_index: u32) -> io::Result<()> {
    // SAFETY: all zeroes are a valid `sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = index(interface_index)?;
    // SAFETY: the address is a `sockaddr_ll` of the length given, as an AF_PACKET socket takes it.
    done(unsafe {
        libc::bind(
            raw(socket),
            ptr::from_ref(&address).cast(),
            mem::size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    })
}

/// Lets only those frames through that a program takes, cut to as many bytes as it returns.
pub(super) fn attach_filter(socket: &impl AsFd, program: &[Instruction]) -> io::Result<()> {
    let mut program: Vec<libc::sock_filter> = program
        .iter()
        .map(|step| libc::sock_filter { code: step.code, jt: step.jt, jf: step.jf, k: step.k })
        .collect();
    let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // The kernel copies the program before `set` returns; until then the vector lives.
    let program = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// Has the interface take frames to all stations until the socket is closed.
pub(super) fn be_promiscuous(socket: &impl AsFd, interface_index: u32) -> io::Result<()> {
    let membership = libc::packet_mreq {
        mr_ifindex: index(interface_index)?,
        mr_type: libc::PACKET_MR_PROMISC as u16,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &membership)
}

/// Leaves out the frames that this machine sends.
pub(super) fn ignore_outgoing(socket: &impl AsFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    set(socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &on)
}

/// Joins a fanout group by conn, or founds one whose number the kernel chooses; gives its number.
pub(super) fn join_fanout(socket: &impl AsFd, group: Option<u16>) -> io::Result<u16> {
    let flags = if group.is_some() { 0 } else { libc::PACKET_FANOUT_FLAG_UNIQUEID };
    let kind = (libc::PACKET_FANOUT_HASH | flags) << 16;
    let argument = (kind | u32::from(group.unwrap_or(0))).cast_signed();
    set(socket, libc::SOL_PACKET, libc::PACKET_FANOUT, &argument)?;
    let joined: libc::c_int = get(socket, libc::PACKET_FANOUT, 0)?;
    // The number is the low half of the word.
    Ok(joined.cast_unsigned() as u16)
}

/// Reads what the kernel counted since it was asked last.
pub(super) fn statistics(socket: &impl AsFd) -> io::Result<LiveStats> {
    let none = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
    let counted = get(socket, libc::PACKET_STATISTICS, none)?;
    Ok(LiveStats {
        packets: counted.tp_packets.into(),
        drops: counted.tp_drops.into(),
        freezes: counted.tp_freeze_q_cnt.into(),
        ..LiveStats::default()
    })
}

/// Gives the kernel's number of an interface's kind (`ARPHRD_`).
pub(super) fn hardware_type(socket: &impl AsFd, interface: &str) -> io::Result<u16> {
    let answer = ask(socket, libc::SIOCGIFHWADDR as _, interface)?;
    // SAFETY: SIOCGIFHWADDR fills this member, and any bytes are a valid `sockaddr`.
    Ok(unsafe { answer.ifr_ifru.ifru_hwaddr }.sa_family)
}

/// Gives the longest packet that an interface carries.
pub(super) fn mtu(socket: &impl AsFd, interface: &str) -> io::Result<u32> {
    let answer = ask(socket, libc::SIOCGIFMTU as _, interface)?;
    // SAFETY: SIOCGIFMTU fills this member, and any bytes are a valid integer.
    let mtu = unsafe { answer.ifr_ifru.ifru_mtu };
    u32::try_from(mtu).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Asks the kernel about an interface by its name.
fn ask(socket: &impl AsFd, request: libc::Ioctl, interface: &str) -> io::Result<libc::ifreq> {
    // SAFETY: all zeroes are a valid `ifreq`.
    let mut question: libc::ifreq = unsafe { mem::zeroed() };
    // The last byte stays zero and ends the name.
    let room = question.ifr_name.len() - 1;
    if interface.len() > room {
        return Err(io::ErrorKind::NotFound.into());
    }
    for (place, byte) in question.ifr_name.iter_mut().zip(interface.bytes()) {
        // Signed on some processors, unsigned on others.
        *place = libc::c_char::from_ne_bytes([byte]);
    }
    // SAFETY: the requests made here take an `ifreq` and write nothing beyond it.
    done(unsafe { libc::ioctl(raw(socket), request, &raw mut question) })?;
    Ok(question)
}

/// Sets a socket option that the kernel reads as a `T`.
fn set<T>(socket: &impl AsFd, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the kernel reads at most the length given, and `value` has it.
    done(unsafe {
        libc::setsockopt(
            raw(socket),
            level,
            name,
            ptr::from_ref(value).cast(),
            mem::size_of::<T>() as libc::socklen_t,
        )
    })
}

/// Reads a packet socket's option over a value of plain integers; what the kernel leaves out stays.
fn get<T: Copy>(socket: &impl AsFd, name: libc::c_int, mut value: T) -> io::Result<T> {
    let mut len = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes, `value` has them, and this file's callers pass
    // integers and structures of integers only, for which any bytes are valid.
    done(unsafe {
        libc::getsockopt(raw(socket), libc::SOL_PACKET, name, (&raw mut value).cast(), &raw mut len)
    })?;
    Ok(value)
}

fn done(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn raw(socket: &impl AsFd) -> RawFd {
    socket.as_fd().as_raw_fd()
}

fn index(interface_index: u32) -> io::Result<libc::c_int> {
    libc::c_int::try_from(interface_index).map_err(|_| io::ErrorKind::InvalidInput.into())
}
