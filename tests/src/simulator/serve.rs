//! The socket that every simulated device is behind: bound to no address, so that whatever is sent to any
//! address of loopback at its port comes here and is counted by address.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use nix::sys::socket::sockopt::{Ipv4PacketInfo, RcvBuf, ReceiveTimeout, ReuseAddr};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrIn, bind,
    getsockname, recvmsg, sendmsg, setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};

use super::Device;

/// What the receiving buffer holds: requests of a thousand devices at once.
const BUFFER_BYTES: usize = 4 << 20;

/// Datagrams by the address that they were sent to.
type Counts = BTreeMap<Ipv4Addr, u64>;
/// Devices by address.
type Devices = BTreeMap<Ipv4Addr, Arc<Device>>;

/// Devices that answer until this is dropped.
#[derive(Debug)]
pub struct Simulator {
    port: u16,
    stop: Arc<AtomicBool>,
    counts: Arc<Mutex<Counts>>,
    devices: Arc<Mutex<Devices>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts devices at addresses of loopback; port 0 takes a free one.
    pub fn start(port: u16, devices: Devices) -> io::Result<Self> {
        let fd = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&fd, ReuseAddr, &true)?;
        setsockopt(&fd, RcvBuf, &BUFFER_BYTES)?;
        setsockopt(&fd, Ipv4PacketInfo, &true)?;
        setsockopt(&fd, ReceiveTimeout, &TimeVal::milliseconds(100))?;
        bind(fd.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)))?;
        let port = getsockname::<SockaddrIn>(fd.as_raw_fd())?.port();
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Counts::new())));
        let devices = Arc::new(Mutex::new(devices));
        let (ends, counted, served) = (Arc::clone(&stop), Arc::clone(&counts), Arc::clone(&devices));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                let _ = one(fd.as_raw_fd(), &served, &counted);
            }
        });
        Ok(Self { port, stop, counts, devices, thread: Some(thread) })
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Puts a device at an address, in place of the one that was there.
    pub fn put(&self, address: Ipv4Addr, device: impl Into<Arc<Device>>) {
        lock(&self.devices).insert(address, device.into());
    }

    /// How many datagrams came to which address, also where no device is.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Ipv4Addr, u64> {
        lock(&self.counts).clone()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Takes a datagram, and answers it from the address that it was sent to.
fn one(fd: i32, devices: &Mutex<Devices>, counts: &Mutex<Counts>) -> io::Result<()> {
    let mut buffer = [0; 2_048];
    let mut control = nix::cmsg_space!(nix::libc::in_pktinfo);
    let mut iov = [IoSliceMut::new(&mut buffer)];
    let taken = recvmsg::<SockaddrIn>(fd, &mut iov, Some(&mut control), MsgFlags::empty())?;
    let (length, from) = (taken.bytes, taken.address);
    let info = taken.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => Some(info),
        _ => None,
    });
    let (Some(info), Some(from)) = (info, from) else { return Ok(()) };
    let to = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
    if !to.is_loopback() {
        return Ok(());
    }
    let number = {
        let mut counts = lock(counts);
        let count = counts.entry(to).or_default();
        *count += 1;
        *count - 1
    };
    let device = lock(devices).get(&to).cloned();
    let answer = device.and_then(|device| device.answer(&buffer[..length], number));
    if let Some(answer) = answer {
        let source =
            nix::libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: info.ipi_addr, ipi_addr: info.ipi_addr };
        let control = [ControlMessage::Ipv4PacketInfo(&source)];
        sendmsg(fd, &[IoSlice::new(&answer)], &control, MsgFlags::empty(), Some(&from))?;
    }
    Ok(())
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
