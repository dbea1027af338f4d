//! UDP sockets that flow exporters send to, as a [`Source`] of frames.
//!
//! Each datagram becomes a raw IP frame: IP and UDP headers are put in front of it, from the exporter's
//! address and port to the one listened on. Exports that come to this machine and exports that a
//! mirror port shows on their way to another one are so read one way. Times are the kernel's.

mod header;
mod socket;

use std::net::SocketAddr;
use std::time::Duration;
use std::{io, iter};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sekisho_decode::LinkType;

use super::{Arrival, CaptureError, Frame, Source, Warning};
use header::HEADROOM_BYTES;
use socket::Socket;

pub(crate) use socket::ListenError;

/// What the kernel is asked to hold while we are busy, in bytes a socket: over ten seconds of an
/// exporter's busiest (50,000 flows a second make 2.5 MB).
pub(crate) const RECEIVE_BUFFER_BYTES: usize = 8 * 1024 * 1024;

/// The longest UDP payload: 65,535 less the UDP header (RFC 768).
const MAX_DATAGRAM_BYTES: usize = 65_527;

/// Where a batch's datagrams lie: eight of the longest, some hundred of usual size.
const ARENA_BYTES: usize = 8 * (HEADROOM_BYTES + MAX_DATAGRAM_BYTES);

/// How many datagrams of one socket are taken before the next one's turn, so that a flood of one does
/// not silence the others.
const MAX_TURN: usize = 64;

/// Listening sockets and the datagrams of the last batch.
pub(crate) struct ListenSource {
    sockets: Vec<Socket>,
    /// Whose turn is first.
    first: usize,
    arena: Box<[u8]>,
    slots: Vec<Slot>,
}

/// Where one frame lies in the arena.
#[derive(Clone, Copy, Debug)]
struct Slot {
    time_ns: i64,
    start: usize,
    len: usize,
}

impl ListenSource {
    /// Listens on each of the addresses; `[::]` takes IPv4 as well.
    pub(crate) fn open(addresses: &[SocketAddr]) -> Result<Self, ListenError> {
        Self::with_buffer(addresses, RECEIVE_BUFFER_BYTES)
    }

    /// Listens with a kernel buffer of another size.
    pub(crate) fn with_buffer(
        addresses: &[SocketAddr],
        receive_buffer_bytes: usize,
    ) -> Result<Self, ListenError> {
        let open = |address: &SocketAddr| Socket::open(*address, receive_buffer_bytes);
        let sockets: Vec<_> = addresses.iter().map(open).collect::<Result<_, _>>()?;
        for socket in &sockets {
            if socket.buffer_bytes < receive_buffer_bytes {
                tracing::warn!(
                    granted_bytes = socket.buffer_bytes,
                    asked_bytes = receive_buffer_bytes,
                    "the kernel holds less for exporters than asked; raise net.core.rmem_max"
                );
            }
        }
        let arena = vec![0; ARENA_BYTES].into();
        Ok(Self { slots: Vec::with_capacity(sockets.len() * MAX_TURN), sockets, first: 0, arena })
    }

    /// Gives each socket's address, its port as the kernel chose it where none was asked for, and the
    /// bytes that the kernel granted to hold for it.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = (SocketAddr, usize)> {
        self.sockets.iter().map(|socket| (socket.address, socket.buffer_bytes))
    }

    /// Takes what has come, without waiting.
    fn take(&mut self) -> Result<(), CaptureError> {
        self.slots.clear();
        let mut start = 0;
        let count = self.sockets.len();
        self.first = (self.first + 1).checked_rem(count).unwrap_or(0);
        for index in (self.first..count).chain(0..self.first) {
            let Some(socket) = self.sockets.get_mut(index) else { continue };
            for _ in 0..MAX_TURN {
                let Some(room) = self.arena.get_mut(start..start + HEADROOM_BYTES + MAX_DATAGRAM_BYTES)
                else {
                    return Ok(());
                };
                let Some((headroom, body)) = room.split_first_chunk_mut::<HEADROOM_BYTES>() else {
                    return Ok(());
                };
                let Some(datagram) = socket.receive(body)? else { break };
                let unused = header::write(headroom, datagram.source, datagram.destination, datagram.len);
                let len = HEADROOM_BYTES + datagram.len - unused;
                self.slots.push(Slot { time_ns: datagram.time_ns, start: start + unused, len });
                start += HEADROOM_BYTES + datagram.len;
            }
        }
        Ok(())
    }

    /// Waits until a datagram has come; tells whether one has.
    fn wait(&self, patience: Duration) -> Result<bool, CaptureError> {
        let fds = self.sockets.iter().map(Socket::as_fd);
        // Once a batch, not once a datagram.
        let mut watched: Vec<_> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        match poll(&mut watched, timeout) {
            Ok(ready) => Ok(ready > 0),
            // A signal: whoever waits wants to look at what it set.
            Err(Errno::EINTR) => Ok(false),
            Err(errno) => {
                Err(CaptureError::Wait { interface: "udp".to_owned(), source: io::Error::from(errno) })
            }
        }
    }
}

impl Source for ListenSource {
    type Batch<'a> = Frames<'a>;

    fn batch(&mut self, patience: Duration) -> Result<Arrival<Frames<'_>>, CaptureError> {
        if !self.wait(patience)? {
            return Ok(Arrival::Nothing);
        }
        self.take()?;
        if self.slots.is_empty() {
            return Ok(Arrival::Nothing);
        }
        Ok(Arrival::Frames(Frames { arena: &self.arena, slots: self.slots.iter() }))
    }

    fn drops(&self) -> u64 {
        self.sockets.iter().map(|socket| socket.drops).sum()
    }

    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}

/// The datagrams of one batch, as frames.
#[derive(Debug)]
pub(crate) struct Frames<'a> {
    arena: &'a [u8],
    slots: std::slice::Iter<'a, Slot>,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let slot = self.slots.next()?;
        let data = self.arena.get(slot.start..slot.start + slot.len)?;
        let (time_ns, wire_len) = (slot.time_ns, data.len() as u32);
        Some(Frame { time_ns, link: LinkType::RawIp, tci: 0, merged: false, wire_len, data })
    }
}

impl iter::FusedIterator for Frames<'_> {}
