//! Opens a packet socket with its ring, in the order that loses and doubles no frame.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::PoisonError;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use sekisho_decode::LinkType;

use super::block::{Kind, TAG_BYTES};
use super::filter::{self, Instruction};
use super::options::LiveOptions;
use super::sys::{self, Ring};
use super::{LiveError, interfaces};

/// How long a block waits to be full after its first frame: a person who looks at the screen does not
/// notice, and a quiet line wakes the reader at most this often.
const RETIRE_MS: u32 = 60;

/// Hardware types whose frames begin with an Ethernet header (`ARPHRD_ETHER`, `ARPHRD_LOOPBACK`).
const ETHER: u16 = 1;
const LOOPBACK: u16 = 772;
/// Hardware types whose frames begin with an IP header: `ARPHRD_NONE` (tun, WireGuard, LTE modems),
/// `ARPHRD_RAWIP`, `ARPHRD_TUNNEL`, `ARPHRD_TUNNEL6`, `ARPHRD_SIT`.
const IP: [u16; 5] = [0xfffe, 519, 768, 769, 776];

/// An Ethernet header is this long.
const ETHERNET_BYTES: u32 = 14;

/// An open capture.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) ring: Ring,
    /// The kernel's number of the interface; another one of the same name has another.
    pub(super) interface_index: u32,
    pub(super) kind: Kind,
}

/// Gives the number of the interface that has a name now.
pub(super) fn index_of(interface: &str) -> Option<u32> {
    if_nametoindex(interface).ok()
}

/// Opens a capture.
///
/// The socket starts deaf: bound to no protocol, then behind a filter that refuses all. So no frame of
/// another interface comes in before it is bound, and none is seen by two members before it has joined
/// its group.
pub(super) fn open(options: &LiveOptions) -> Result<Capture, LiveError> {
    let interface = options.interface.as_str();
    let refused = |step: &'static str| {
        move |source: io::Error| LiveError::System { step, interface: interface.to_owned(), source }
    };
    let ring = options.ring;
    if !ring.is_valid() {
        return Err(LiveError::RingSize { block_bytes: ring.block_bytes, blocks: ring.blocks });
    }
    let Some(interface_index) = index_of(interface) else {
        return Err(no_such(interface));
    };
    let socket = packet_socket(interface)?;
    let hardware_type =
        sys::hardware_type(&socket, interface).map_err(refused("tell the kind of the interface"))?;
    let Some(link) = link_type(hardware_type) else {
        return Err(LiveError::LinkType { interface: interface.to_owned(), hardware_type });
    };
    let program = program(options, link)?;
    let mtu = sys::mtu(&socket, interface).map_err(refused("tell the largest packet of the interface"))?;

    if options.ignore_outgoing || hardware_type == LOOPBACK {
        sys::ignore_outgoing(&socket).map_err(refused("leave out outgoing frames"))?;
    }
    sys::attach_filter(&socket, &[filter::refuse_all()]).map_err(refused("attach a filter"))?;
    let ring = Ring::map(socket, ring, RETIRE_MS).map_err(refused("make a ring"))?;
    sys::bind(&ring, interface_index).map_err(refused("bind"))?;
    if let Some(fanout) = &options.fanout {
        let mut group = fanout.group.lock().unwrap_or_else(PoisonError::into_inner);
        *group = Some(sys::join_fanout(&ring, *group).map_err(refused("join the fanout group"))?);
    }
    if options.promiscuous {
        sys::be_promiscuous(&ring, interface_index).map_err(refused("take frames to other stations"))?;
    }
    sys::attach_filter(&ring, &program).map_err(refused("attach the filter"))?;
    let kind = Kind { link, longest: longest(link, mtu) };
    Ok(Capture { ring, interface_index, kind })
}

fn packet_socket(interface: &str) -> Result<OwnedFd, LiveError> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(AddressFamily::Packet, SockType::Raw, flags, None).map_err(|errno| {
        let (interface, source) = (interface.to_owned(), io::Error::from(errno));
        match errno {
            Errno::EPERM | Errno::EACCES => LiveError::NotPermitted { interface, source },
            _ => LiveError::System { step: "open a packet socket", interface, source },
        }
    })
}

fn no_such(interface: &str) -> LiveError {
    LiveError::NoSuchInterface { interface: interface.to_owned(), present: interfaces::names() }
}

/// What frames of a hardware type begin with; `None` for what cannot be decoded.
pub(super) fn link_type(hardware_type: u16) -> Option<LinkType> {
    match hardware_type {
        ETHER | LOOPBACK => Some(LinkType::Ethernet),
        _ if IP.contains(&hardware_type) => Some(LinkType::RawIp),
        _ => None,
    }
}

/// Compiles the filter; without one, all frames are taken.
fn program(options: &LiveOptions, link: LinkType) -> Result<Vec<Instruction>, LiveError> {
    let Some(text) = &options.filter else {
        return Ok(vec![filter::take_all(options.snaplen)]);
    };
    filter::compile(text, link, options.snaplen)
        .map_err(|source| LiveError::Filter { filter: text.clone(), source })
}

/// The longest frame that is one on the wire: two tags may stand before the largest packet.
fn longest(link: LinkType, mtu: u32) -> u32 {
    let header = if link == LinkType::Ethernet { ETHERNET_BYTES + 2 * TAG_BYTES } else { 0 };
    mtu.saturating_add(header)
}
