//! The head of every compiled filter: finds packet and ports once, and notes them in cells of memory.
//!
//! What is asked after it reads the cells, so no question has to know of tags, header lengths or
//! fragments. A frame too short for its own headers is refused, as in any classic BPF program.

use sekisho_decode::LinkType;

use super::emit::{
    ADD_X, ANY_BIT, EQUAL, Emitter, Label, VLAN_BITS, and, byte_at, byte_from_x, half_at, half_from_x, keep,
    number, recall, shift_left, shift_right, x_keep, x_number,
};
use super::words::{IPV4, IPV6};

/// Cell: where the packet begins after the link header and its tags.
pub(super) const PACKET_AT: u32 = 0;
/// Cell: the EtherType after all tags; 0 where there is none.
pub(super) const TYPE: u32 = 1;
/// Cell: the IP protocol, after IPv6's fragment header; [`NONE`] where there is none.
pub(super) const PROTOCOL: u32 = 2;
/// Cell: where ports stand; 0 in a fragment that is not the first, and where there is no IP.
pub(super) const PORTS_AT: u32 = 3;
/// Cells: the identifiers of the first and second tag in the frame's bytes; [`NONE`] where there is none.
pub(super) const VLAN_NEXT: u32 = 4;
pub(super) const VLAN_THIRD: u32 = 5;
/// No protocol and no VLAN has this number.
pub(super) const NONE: u32 = 0xffff;

/// 802.1Q customer tag, 802.1ad service tag, and the tag that came before 802.1ad.
const TAGS: [u32; 3] = [0x8100, 0x88a8, 0x9100];
/// IPv6's fragment header.
const FRAGMENT: u32 = 44;

/// Makes the head, after which the program goes on at `next`.
pub(super) fn emit(emitter: &mut Emitter, link: LinkType, next: Label) {
    let packet = packet(emitter, next);
    let empty = [
        number(0),
        keep(PACKET_AT),
        keep(TYPE),
        keep(PORTS_AT),
        number(NONE),
        keep(PROTOCOL),
        keep(VLAN_NEXT),
        keep(VLAN_THIRD),
    ];
    let start = match link {
        LinkType::Ethernet => {
            let second = [half_at(18), and(VLAN_BITS), keep(VLAN_THIRD), x_number(22), half_at(20)];
            let second = emitter.then(&second, packet);
            let second = is_tag(emitter, second, packet);
            let first = [half_at(14), and(VLAN_BITS), keep(VLAN_NEXT), x_number(18), half_at(16)];
            let first = emitter.then(&first, second);
            let first = is_tag(emitter, first, packet);
            emitter.then(&[x_number(14), half_at(12)], first)
        }
        // No other link type has a live interface.
        LinkType::RawIp
        | LinkType::LinuxSll
        | LinkType::LinuxSll2
        | LinkType::Null
        | LinkType::Loop
        | LinkType::Wireless => {
            let version6 = emitter.then(&[number(IPV6.into())], packet);
            let version6 = emitter.test(&[], (EQUAL, 6), version6, next);
            let version4 = emitter.then(&[number(IPV4.into())], packet);
            emitter.test(&[x_number(0), byte_at(0), shift_right(4)], (EQUAL, 4), version4, version6)
        }
    };
    emitter.then(&empty, start);
}

/// With the EtherType in the accumulator and the packet's place in the index register.
fn packet(emitter: &mut Emitter, next: Label) -> Label {
    let first = emitter.then(&[number(48), ADD_X, keep(PORTS_AT)], next);
    // RFC 8200 §4.5: offset and flags stand two bytes into the fragment header.
    let fragment = [byte_from_x(40), keep(PROTOCOL), half_from_x(42)];
    let fragment = emitter.test(&fragment, (ANY_BIT, 0xfff8), next, first);
    let whole = emitter.then(&[keep(PROTOCOL), number(40), ADD_X, keep(PORTS_AT)], next);
    let version6 = emitter.test(&[byte_from_x(6)], (EQUAL, FRAGMENT), fragment, whole);

    // RFC 791 §3.1: the header's length counts words of four bytes.
    let first = [byte_from_x(0), and(0x0f), shift_left(2), ADD_X, keep(PORTS_AT)];
    let first = emitter.then(&first, next);
    let version4 = [byte_from_x(9), keep(PROTOCOL), half_from_x(6)];
    let version4 = emitter.test(&version4, (ANY_BIT, 0x1fff), next, first);

    let not_version4 = emitter.test(&[recall(TYPE)], (EQUAL, IPV6.into()), version6, next);
    emitter.test(&[keep(TYPE), x_keep(PACKET_AT)], (EQUAL, IPV4.into()), version4, not_version4)
}

/// Asks whether the EtherType in the accumulator announces a tag.
fn is_tag(emitter: &mut Emitter, yes: Label, no: Label) -> Label {
    TAGS.into_iter().rev().fold(no, |other, tag| emitter.test(&[], (EQUAL, tag), yes, other))
}
