//! tcpdump's filter language, compiled to classic BPF for a packet socket.
//!
//! ```text
//! filter    = term (("and" | "&&" | "or" | "||") term)*         both bind alike, from the left
//! term      = ("not" | "!") term | "(" filter ")" | primitive
//! primitive = [ip|ip6|arp|rarp] [dir] [host] ADDRESS            host 192.0.2.1
//!           | [ip|ip6|arp|rarp] [dir] net NET                   src net 192.0.2.0/24
//!           | [tcp|udp|sctp] [dir] port N | portrange N-N       tcp dst port 443
//!           | ip | ip6 | arp | rarp | tcp | udp | sctp | icmp | icmp6 | igmp | esp | ah | gre
//!           | [ip|ip6] proto N | ether proto N | ether [dir] [host] MAC
//!           | [ether] broadcast | [ether] multicast | vlan [N] | less N | greater N
//!           | ADDRESS or N alone: with the qualifiers of the primitive before it
//! dir       = src | dst | src or dst | src and dst
//! ```
//!
//! What differs from tcpdump: names of hosts and ports are not looked up, `tcp[13]` and other arithmetic
//! is refused, and VLAN tags need no mention. The kernel takes the outermost tag off a frame and keeps
//! it beside; that and up to two tags more are stepped over, so `host 192.0.2.1` finds tagged and
//! untagged frames, and `vlan 10` asks about all three places and shifts nothing. Sessions (PPPoE),
//! labels (MPLS) and tunnels are not looked into.

mod emit;
mod error;
mod parse;
mod prepare;
mod token;
mod tree;
mod words;

#[cfg(test)]
mod tests;

use sekisho_decode::LinkType;

use super::options::DEFAULT_SNAPLEN;
#[cfg(test)]
pub(crate) use error::Wanted;
pub(crate) use error::{FilterError, Problem};

/// The longest filter text: far more than anybody types, and a bound for the compiler's recursion.
const MAX_TEXT_BYTES: usize = 4096;

/// The longest program that the kernel takes (`BPF_MAXINSNS`).
const MAX_INSTRUCTIONS: usize = 4096;

/// One step of a classic BPF program (`sock_filter`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Instruction {
    pub(super) code: u16,
    pub(super) jt: u8,
    pub(super) jf: u8,
    pub(super) k: u32,
}

/// Compiles a filter whose matches are cut to `snaplen` bytes; 0 keeps them whole.
pub(super) fn compile(text: &str, link: LinkType, snaplen: u32) -> Result<Vec<Instruction>, FilterError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(FilterError { column: 1, problem: Problem::TooLong });
    }
    let tokens = token::split(text)?;
    let filter = parse::parse(&tokens, link)?;
    let program = emit::program(&filter, link, kept(snaplen));
    if program.len() > MAX_INSTRUCTIONS {
        return Err(FilterError { column: 1, problem: Problem::TooLong });
    }
    Ok(program)
}

/// Says what of a filter is not understood; what only an interface without Ethernet refuses is not told.
pub(crate) fn check(text: &str) -> Result<(), FilterError> {
    compile(text, LinkType::Ethernet, 0).map(|_| ())
}

/// Takes every frame, cut to `snaplen` bytes; 0 keeps them whole.
pub(super) const fn take_all(snaplen: u32) -> Instruction {
    emit::give(kept(snaplen))
}

/// Takes no frame.
pub(super) const fn refuse_all() -> Instruction {
    emit::give(0)
}

/// A program that returns 0 refuses the frame.
const fn kept(snaplen: u32) -> u32 {
    if snaplen == 0 { DEFAULT_SNAPLEN } else { snaplen }
}
