//! One UDP socket: opened, read without waiting, its losses counted.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::sockopt::{
    Ipv4PacketInfo, Ipv6RecvPacketInfo, Ipv6V6Only, RcvBuf, RcvBufForce, ReceiveTimestampns, RxqOvfl,
};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrStorage, bind, getsockname,
    getsockopt, recvmsg, setsockopt, socket,
};
use nix::sys::time::TimeSpec;

use super::CaptureError;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on udp {address}: {step}")]
pub(crate) struct ListenError {
    /// The address.
    pub(crate) address: SocketAddr,
    /// Which step the operating system refused.
    pub(crate) step: &'static str,
    /// What it says.
    pub(crate) source: io::Error,
}

/// One listening socket.
pub(super) struct Socket {
    fd: OwnedFd,
    pub(super) address: SocketAddr,
    /// What the kernel granted to hold.
    pub(super) buffer_bytes: usize,
    /// Datagrams that found the buffer full.
    pub(super) drops: u64,
    /// The kernel's own count of them, modulo 2^32.
    kernel_drops: u32,
    control: Vec<u8>,
}

/// One datagram: its payload lies in the buffer given.
pub(super) struct Datagram {
    pub(super) time_ns: i64,
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) len: usize,
}

impl Socket {
    pub(super) fn open(address: SocketAddr, buffer_bytes: usize) -> Result<Self, ListenError> {
        let refused =
            |step: &'static str| move |errno: Errno| ListenError { address, step, source: errno.into() };
        let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let fd = socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)
            .map_err(refused("no socket"))?;
        if address.is_ipv4() {
            setsockopt(&fd, Ipv4PacketInfo, &true).map_err(refused("no destination addresses"))?;
        } else {
            setsockopt(&fd, Ipv6V6Only, &false).map_err(refused("not for IPv4 and IPv6 at once"))?;
            setsockopt(&fd, Ipv6RecvPacketInfo, &true).map_err(refused("no destination addresses"))?;
        }
        setsockopt(&fd, ReceiveTimestampns, &true).map_err(refused("no time stamps"))?;
        setsockopt(&fd, RxqOvfl, &1).map_err(refused("no count of losses"))?;
        // Beyond net.core.rmem_max only with CAP_NET_ADMIN; without it, as much as anybody may.
        setsockopt(&fd, RcvBufForce, &buffer_bytes)
            .or_else(|_| setsockopt(&fd, RcvBuf, &buffer_bytes))
            .map_err(refused("no receive buffer"))?;
        // The kernel doubles what is asked, for its own bookkeeping (socket(7)).
        let buffer_bytes = getsockopt(&fd, RcvBuf).map_err(refused("no receive buffer"))? / 2;
        bind(fd.as_raw_fd(), &SockaddrStorage::from(address))
            .map_err(refused("the address cannot be had"))?;
        let bound: SockaddrStorage = getsockname(fd.as_raw_fd()).map_err(refused("no address"))?;
        Ok(Self {
            fd,
            address: std_address(&bound).unwrap_or(address),
            buffer_bytes,
            drops: 0,
            kernel_drops: 0,
            control: nix::cmsg_space!(TimeSpec, u32, libc::in_pktinfo, libc::in6_pktinfo),
        })
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Takes the next datagram that has come, if one has.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<Datagram>, CaptureError> {
        let mut parts = [IoSliceMut::new(buffer)];
        let control = Some(self.control.as_mut_slice());
        let received =
            recvmsg::<SockaddrStorage>(self.fd.as_raw_fd(), &mut parts, control, MsgFlags::MSG_DONTWAIT);
        let message = match received {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(errno) => {
                let interface = format!("udp {}", self.address);
                return Err(CaptureError::Wait { interface, source: errno.into() });
            }
        };
        let mut datagram = Datagram {
            time_ns: 0,
            source: message.address.as_ref().and_then(std_address).unwrap_or(self.address),
            destination: self.address,
            len: message.bytes,
        };
        let mut kernel_drops = self.kernel_drops;
        for said in message.cmsgs().into_iter().flatten() {
            match said {
                ControlMessageOwned::ScmTimestampns(time) => datagram.time_ns = nanoseconds(time),
                ControlMessageOwned::RxqOvfl(count) => kernel_drops = count,
                ControlMessageOwned::Ipv4PacketInfo(info) => {
                    // In network byte order, as it lies in memory.
                    datagram.destination.set_ip(IpAddr::from(info.ipi_addr.s_addr.to_ne_bytes()));
                }
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    datagram.destination.set_ip(IpAddr::from(info.ipi6_addr.s6_addr));
                }
                _ => {}
            }
        }
        self.drops += u64::from(kernel_drops.wrapping_sub(self.kernel_drops));
        self.kernel_drops = kernel_drops;
        if datagram.time_ns == 0 {
            datagram.time_ns = now_ns();
        }
        Ok(Some(datagram))
    }
}

fn std_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))))
}

fn nanoseconds(time: TimeSpec) -> i64 {
    time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec())
}

/// For a kernel that stamps no times.
fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
