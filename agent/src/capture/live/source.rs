//! A live interface as a [`Source`]: block after block, through every loss of the link.
//!
//! An interface that goes down keeps its socket, and the kernel resumes when it is up again. Where only the
//! cable is out the socket is not told anything: its link has to be looked at. An interface that is
//! removed (a USB adapter that is pulled) takes the socket with it: the source then looks for the name
//! and opens it anew. Each is one gap.

use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt::SocketError};

use super::block::Frames;
use super::options::{LiveOptions, LiveStats};
use super::socket::{self, Capture};
use super::{LiveError, interfaces, privileges, sys};
use crate::capture::Warning;
use crate::capture::source::{Arrival, CaptureError, Source};
use crate::capture::warning::Fault;

/// How often the source looks whether its interface is still or again there.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long an interface that is back may refuse to be opened: until the group's other members have let go of the old
/// one. What refuses for longer is for a person to know.
const REFUSING: Duration = Duration::from_secs(5);

/// The frames of one interface, or of one member's share of it.
#[derive(Debug)]
pub(crate) struct LiveSource {
    options: LiveOptions,
    /// `None` while the interface is away.
    capture: Option<Capture>,
    /// The block to read next, and whether it is lent to the caller.
    next: usize,
    lent: bool,
    /// In a gap, from when on frames mean that it is over: until then some may be left from before it.
    gap: Option<Instant>,
    /// Whether the link was out at the last look, and no frame came since.
    dark: bool,
    /// Since when an interface that is back cannot be opened.
    refuses: Option<Instant>,
    next_look: Instant,
    /// What was counted on this and earlier sockets; the kernel forgets what it has told.
    counted: Cell<LiveStats>,
    damaged: Cell<u64>,
}

impl LiveSource {
    /// Opens an interface.
    pub(crate) fn open(options: &LiveOptions) -> Result<Self, LiveError> {
        let capture = privileges::with_raw_sockets(|| socket::open(options))?;
        Ok(Self {
            options: options.clone(),
            capture: Some(capture),
            next: 0,
            lent: false,
            gap: None,
            dark: false,
            refuses: None,
            next_look: Instant::now() + LOOK_INTERVAL,
            counted: Cell::new(LiveStats::default()),
            damaged: Cell::new(0),
        })
    }

    /// Gives what the kernel and the source counted since the source was opened.
    pub(crate) fn stats(&self) -> LiveStats {
        self.count();
        LiveStats { damaged: self.damaged.get(), ..self.counted.get() }
    }

    /// Tells whether the interface is there and up, as far as was noticed.
    pub(crate) const fn is_up(&self) -> bool {
        self.capture.is_some() && self.gap.is_none()
    }

    /// Adds what the kernel counted since it was asked last.
    fn count(&self) {
        let Some(capture) = &self.capture else { return };
        // A socket whose interface is gone still answers; if one does not, nothing is added.
        let Ok(new) = sys::statistics(&capture.ring) else { return };
        let mut counted = self.counted.get();
        counted.packets = counted.packets.saturating_add(new.packets);
        counted.drops = counted.drops.saturating_add(new.drops);
        counted.freezes = counted.freezes.saturating_add(new.freezes);
        self.counted.set(counted);
    }

    /// Gives the block that was lent back to the kernel.
    #[inline]
    fn take_back(&mut self) {
        if !self.lent {
            return;
        }
        self.lent = false;
        if let Some(Capture { ring, .. }) = &mut self.capture {
            ring.release(self.next);
            self.next = (self.next + 1) % ring.blocks();
        }
    }

    #[inline]
    fn is_ready(&self) -> bool {
        self.capture.as_ref().is_some_and(|capture| capture.ring.block(self.next).is_some())
    }

    /// Waits for a block, or for the interface.
    fn wait(&mut self, patience: Duration) -> Result<(), CaptureError> {
        let patience = patience.min(LOOK_INTERVAL);
        let Some(capture) = &self.capture else {
            return self.wait_for_interface(patience);
        };
        let woken = wait_on(&capture.ring, patience).map_err(|source| self.cannot_wait(source))?;
        match woken {
            Woken::LinkDown => self.note_gap(),
            Woken::Ready | Woken::InVain => {}
        }
        // Only a line that is still may have lost its interface without a word.
        if !self.is_ready() && Instant::now() >= self.next_look {
            self.look();
        }
        Ok(())
    }

    fn wait_for_interface(&mut self, patience: Duration) -> Result<(), CaptureError> {
        let until_look = self.next_look.saturating_duration_since(Instant::now());
        thread::sleep(patience.min(until_look));
        if Instant::now() >= self.next_look {
            self.next_look = Instant::now() + LOOK_INTERVAL;
            self.reopen()?;
        }
        Ok(())
    }

    /// Looks at the link, and lets go of a socket whose interface was removed.
    fn look(&mut self) {
        self.next_look = Instant::now() + LOOK_INTERVAL;
        let bound = self.capture.as_ref().map(|capture| capture.interface_index);
        if bound == socket::index_of(&self.options.interface) {
            self.look_at_link();
            return;
        }
        self.count();
        self.note_gap();
        // Members of a fanout group hold their group to the old interface until the last lets go.
        self.capture = None;
        self.next = 0;
    }

    fn look_at_link(&mut self) {
        let mut interfaces = interfaces().into_iter();
        let found = interfaces.find(|interface| interface.name == self.options.interface);
        match found.is_none_or(|interface| interface.running) {
            true => {
                self.dark = false;
                self.end_gap();
            }
            // The kernel may call a link out for a second that carries frames already.
            false if !self.dark => self.dark = true,
            false => self.note_gap(),
        }
    }

    /// Opens the interface again if it is there.
    fn reopen(&mut self) -> Result<(), CaptureError> {
        let since = self.refuses.take();
        match privileges::with_raw_sockets(|| socket::open(&self.options)) {
            Ok(capture) => {
                tracing::info!(interface = %self.options.interface, "the interface is back");
                self.capture = Some(capture);
                self.gap = Some(Instant::now());
                Ok(())
            }
            Err(error @ LiveError::NoSuchInterface { .. }) => {
                tracing::debug!(%error, "the interface cannot be opened yet");
                Ok(())
            }
            // It may be up in a second, and with the group's old members gone.
            Err(error @ LiveError::System { .. }) if since.is_none_or(|since| since.elapsed() < REFUSING) => {
                tracing::debug!(%error, "the interface cannot be opened yet");
                self.refuses = since.or_else(|| Some(Instant::now()));
                Ok(())
            }
            Err(source) => Err(CaptureError::Reopen { interface: self.options.interface.clone(), source }),
        }
    }

    fn note_gap(&mut self) {
        // Down, then removed, then not yet up again: still the same gap.
        if self.gap.is_some() {
            return;
        }
        self.gap = Some(Instant::now() + LOOK_INTERVAL);
        let mut counted = self.counted.get();
        counted.gaps = counted.gaps.saturating_add(1);
        self.counted.set(counted);
        tracing::warn!(interface = %self.options.interface, "the interface is down: its frames are missed");
    }

    /// Ends a gap that is old enough not to be mistaken for what came before it.
    #[cold]
    fn end_gap(&mut self) {
        if self.gap.is_some_and(|over| Instant::now() >= over) {
            self.gap = None;
            tracing::info!(interface = %self.options.interface, "the interface is up again");
        }
    }

    #[cold]
    fn cannot_wait(&self, source: io::Error) -> CaptureError {
        CaptureError::Wait { interface: self.options.interface.clone(), source }
    }
}

impl Source for LiveSource {
    type Batch<'a> = Frames<'a>;

    #[inline]
    fn batch(&mut self, patience: Duration) -> Result<Arrival<Frames<'_>>, CaptureError> {
        self.take_back();
        if !self.is_ready() {
            self.wait(patience)?;
        }
        if self.is_ready() {
            self.lent = true;
            self.dark = false;
            if self.gap.is_some() {
                self.end_gap();
            }
        }
        let Some(capture) = &self.capture else { return Ok(Arrival::Nothing) };
        let Some(block) = capture.ring.block(self.next) else { return Ok(Arrival::Nothing) };
        Ok(Arrival::Frames(Frames::new(block, capture.kind, &self.damaged)))
    }

    fn drops(&self) -> u64 {
        self.stats().drops
    }

    fn warnings(&self) -> Vec<Warning> {
        let LiveStats { packets, gaps, damaged, .. } = self.stats();
        let warning =
            |fault| Warning { file: self.options.interface.clone(), offset: 0, after_packet: packets, fault };
        let gaps = (gaps > 0).then(|| warning(Fault::LinkLost { gaps }));
        let damaged = (damaged > 0).then(|| warning(Fault::DamagedRing { blocks: damaged }));
        gaps.into_iter().chain(damaged).collect()
    }
}

/// Why a wait ended.
enum Woken {
    Ready,
    /// In time, or by a signal.
    InVain,
    LinkDown,
}

fn wait_on(ring: &impl AsFd, patience: Duration) -> io::Result<Woken> {
    let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    let mut descriptors = [PollFd::new(ring.as_fd(), PollFlags::POLLIN)];
    match poll(&mut descriptors, timeout) {
        Ok(0) | Err(Errno::EINTR) => return Ok(Woken::InVain),
        Ok(_) => {}
        Err(errno) => return Err(errno.into()),
    }
    let [descriptor] = &descriptors;
    if !descriptor.revents().is_some_and(|events| events.contains(PollFlags::POLLERR)) {
        return Ok(Woken::Ready);
    }
    // Asking takes the error off the socket, so that the next wait does not end at once.
    match getsockopt(ring, SocketError)? {
        0 => Ok(Woken::Ready),
        error if error == Errno::ENETDOWN as i32 => Ok(Woken::LinkDown),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
