//! An understood filter as a classic BPF program.
//!
//! The program is made from its end: every jump of classic BPF leads forward, so what a jump leads to is
//! already there when the jump is made, and its distance is known.

use sekisho_decode::LinkType;

use super::Instruction;
use super::prepare::{self, PACKET_AT, PORTS_AT, PROTOCOL, TYPE, VLAN_NEXT, VLAN_THIRD};
use super::tree::{Direction, Filter, Test};
use super::words::{ARP, IPV4, IPV6, RARP, SCTP, TCP, UDP};

/// Jumps on a condition reach 255 steps; the rest is room for what a jump's making may put between.
const NEAR: usize = 250;

/// Classes, sizes, modes and operations (`<linux/bpf_common.h>`).
const RETURN: u16 = 0x06;
const JUMP: u16 = 0x05;
pub(super) const EQUAL: u16 = 0x15;
pub(super) const ANY_BIT: u16 = 0x45;
const GREATER: u16 = 0x25;
const AT_LEAST: u16 = 0x35;

/// Where the kernel keeps what is beside the frame (`SKF_AD_OFF`, `SKF_AD_VLAN_TAG`, `…_TAG_PRESENT`).
const BESIDE: u32 = 0xffff_f000;
const BESIDE_TCI: u32 = BESIDE + 44;
const BESIDE_TAGGED: u32 = BESIDE + 48;
/// The identifier's bits in a tag.
pub(super) const VLAN_BITS: u32 = 0x0fff;

/// Makes a program that keeps `snaplen` bytes of what the filter takes.
pub(super) fn program(filter: &Filter, link: LinkType, snaplen: u32) -> Vec<Instruction> {
    let mut emitter = Emitter { reversed: Vec::new() };
    let take = emitter.push(give(snaplen));
    let refuse = emitter.push(give(0));
    let start = emitter.filter(filter, take, refuse);
    prepare::emit(&mut emitter, link, start);
    emitter.reversed.reverse();
    emitter.reversed
}

/// Ends the program; 0 refuses the frame.
pub(super) const fn give(bytes: u32) -> Instruction {
    step(RETURN, bytes)
}

const fn step(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}

/// A load into the accumulator, or an operation on it.
pub(super) const fn word_at(k: u32) -> Instruction {
    step(0x20, k)
}
pub(super) const fn half_at(k: u32) -> Instruction {
    step(0x28, k)
}
pub(super) const fn byte_at(k: u32) -> Instruction {
    step(0x30, k)
}
pub(super) const fn word_from_x(k: u32) -> Instruction {
    step(0x40, k)
}
pub(super) const fn half_from_x(k: u32) -> Instruction {
    step(0x48, k)
}
pub(super) const fn byte_from_x(k: u32) -> Instruction {
    step(0x50, k)
}
pub(super) const fn number(k: u32) -> Instruction {
    step(0x00, k)
}
pub(super) const fn recall(cell: u32) -> Instruction {
    step(0x60, cell)
}
pub(super) const fn keep(cell: u32) -> Instruction {
    step(0x02, cell)
}
pub(super) const fn and(k: u32) -> Instruction {
    step(0x54, k)
}
pub(super) const fn shift_left(k: u32) -> Instruction {
    step(0x64, k)
}
pub(super) const fn shift_right(k: u32) -> Instruction {
    step(0x74, k)
}
pub(super) const ADD_X: Instruction = step(0x0c, 0);
pub(super) const LENGTH: Instruction = step(0x80, 0);
/// The same for the index register.
pub(super) const fn x_number(k: u32) -> Instruction {
    step(0x01, k)
}
pub(super) const fn x_recall(cell: u32) -> Instruction {
    step(0x61, cell)
}
pub(super) const fn x_keep(cell: u32) -> Instruction {
    step(0x03, cell)
}

/// A place in the program, counted from its end.
pub(super) type Label = usize;

/// A program in the making, last step first.
pub(super) struct Emitter {
    reversed: Vec<Instruction>,
}

impl Emitter {
    fn push(&mut self, instruction: Instruction) -> Label {
        self.reversed.push(instruction);
        self.reversed.len() - 1
    }

    /// Counts the steps between a step that is made next and a place.
    fn distance(&self, to: Label) -> usize {
        self.reversed.len().saturating_sub(to + 1)
    }

    /// Makes `steps`, after which the program goes on at `next`.
    pub(super) fn then(&mut self, steps: &[Instruction], next: Label) -> Label {
        let mut entry = next;
        let distance = self.distance(next);
        if distance > 0 {
            entry = self.push(step(JUMP, distance as u32));
        }
        for step in steps.iter().rev() {
            entry = self.push(*step);
        }
        entry
    }

    /// Makes `steps`, and a jump on the accumulator's relation to a number.
    pub(super) fn test(
        &mut self,
        steps: &[Instruction],
        (relation, k): (u16, u32),
        yes: Label,
        no: Label,
    ) -> Label {
        let (yes, no) = (self.near(yes), self.near(no));
        let [jt, jf] = [yes, no].map(|label| u8::try_from(self.distance(label)).unwrap_or(u8::MAX));
        let mut entry = self.push(Instruction { code: relation, jt, jf, k });
        for step in steps.iter().rev() {
            entry = self.push(*step);
        }
        entry
    }

    /// Makes a stepping stone to a place that is too far for a jump on a condition.
    fn near(&mut self, label: Label) -> Label {
        let distance = self.distance(label);
        if distance <= NEAR { label } else { self.push(step(JUMP, distance as u32)) }
    }

    fn filter(&mut self, filter: &Filter, yes: Label, no: Label) -> Label {
        match filter {
            Filter::Not(inner) => self.filter(inner, no, yes),
            Filter::And(first, second) => {
                let second = self.filter(second, yes, no);
                self.filter(first, second, no)
            }
            Filter::Or(first, second) => {
                let second = self.filter(second, yes, no);
                self.filter(first, yes, second)
            }
            Filter::Test(test) => self.question(*test, yes, no),
        }
    }

    fn question(&mut self, test: Test, yes: Label, no: Label) -> Label {
        match test {
            Test::EtherType(number) => self.is(TYPE, number.into(), yes, no),
            Test::Protocol { version, number } => {
                let protocol = self.is(PROTOCOL, number.into(), yes, no);
                version.map_or(protocol, |version| self.is(TYPE, version.into(), protocol, no))
            }
            Test::Ipv4 { within, direction, address, mask } => {
                self.ipv4(within, direction, (address, mask), yes, no)
            }
            Test::Ipv6 { direction, address, mask } => self.ipv6(direction, address, mask, yes, no),
            Test::Ports { protocol, direction, first, last } => {
                let ports = self.ports(direction, first, last, yes, no);
                match protocol {
                    Some(number) => self.is(PROTOCOL, number.into(), ports, no),
                    None => [SCTP, UDP, TCP]
                        .into_iter()
                        .fold(no, |other, number| self.is(PROTOCOL, number.into(), ports, other)),
                }
            }
            Test::Mac { direction, mac } => self.directed(direction, yes, no, |emitter, source, yes, no| {
                let at = if source { 6 } else { 0 };
                let [a, b, c, d, e, f] = mac.0;
                let low = u32::from(u16::from_be_bytes([e, f]));
                let low = emitter.test(&[half_at(at + 4)], (EQUAL, low), yes, no);
                emitter.test(&[word_at(at)], (EQUAL, u32::from_be_bytes([a, b, c, d])), low, no)
            }),
            Test::EtherMulticast => self.test(&[byte_at(0)], (ANY_BIT, 1), yes, no),
            Test::Vlan(id) => self.vlan(id, yes, no),
            Test::LongerThan(len) => self.test(&[LENGTH], (GREATER, len), yes, no),
        }
    }

    /// Asks whether a cell holds a number.
    fn is(&mut self, cell: u32, value: u32, yes: Label, no: Label) -> Label {
        self.test(&[recall(cell)], (EQUAL, value), yes, no)
    }

    /// Asks about one end, or about both.
    fn directed(
        &mut self,
        direction: Direction,
        yes: Label,
        no: Label,
        mut ask: impl FnMut(&mut Self, bool, Label, Label) -> Label,
    ) -> Label {
        match direction {
            Direction::Source => ask(self, true, yes, no),
            Direction::Destination => ask(self, false, yes, no),
            Direction::Either => {
                let destination = ask(self, false, yes, no);
                ask(self, true, yes, destination)
            }
            Direction::Both => {
                let destination = ask(self, false, yes, no);
                ask(self, true, destination, no)
            }
        }
    }

    fn ipv4(
        &mut self,
        within: Option<u16>,
        direction: Direction,
        (address, mask): (u32, u32),
        yes: Label,
        no: Label,
    ) -> Label {
        let mut entry = no;
        // ARP and RARP for IPv4 on Ethernet have their addresses at the same places (RFC 826).
        for (ether_types, [source_at, destination_at]) in [(&[RARP, ARP][..], [14, 24]), (&[IPV4], [12, 16])]
        {
            let asked = ether_types.iter().filter(|number| within.is_none_or(|within| within == **number));
            let mut asked = asked.peekable();
            if asked.peek().is_none() {
                continue;
            }
            let found = self.directed(direction, yes, no, |emitter, source, yes, no| {
                let at = if source { source_at } else { destination_at };
                let steps = [x_recall(PACKET_AT), word_from_x(at), and(mask)];
                emitter.test(&steps, (EQUAL, address), yes, no)
            });
            for ether_type in asked {
                entry = self.is(TYPE, (*ether_type).into(), found, entry);
            }
        }
        entry
    }

    fn ipv6(&mut self, direction: Direction, address: u128, mask: u128, yes: Label, no: Label) -> Label {
        let found = self.directed(direction, yes, no, |emitter, source, yes, no| {
            let mut entry = yes;
            for word in (0..4_u32).rev() {
                let [address, mask] = [address, mask].map(|bits| (bits >> (96 - 32 * word)) as u32);
                let at = if source { 8 } else { 24 } + 4 * word;
                let steps = [x_recall(PACKET_AT), word_from_x(at), and(mask)];
                // The first is asked always: what is asked must have an entry of its own.
                if mask != 0 || word == 0 {
                    entry = emitter.test(&steps, (EQUAL, address), entry, no);
                }
            }
            entry
        });
        self.is(TYPE, IPV6.into(), found, no)
    }

    fn ports(&mut self, direction: Direction, first: u16, last: u16, yes: Label, no: Label) -> Label {
        let found = self.directed(direction, yes, no, |emitter, source, yes, no| {
            let steps = [x_recall(PORTS_AT), half_from_x(if source { 0 } else { 2 })];
            if first == last {
                return emitter.test(&steps, (EQUAL, first.into()), yes, no);
            }
            let upper = emitter.test(&[], (GREATER, last.into()), no, yes);
            emitter.test(&steps, (AT_LEAST, first.into()), upper, no)
        });
        self.is(PORTS_AT, 0, no, found)
    }

    fn vlan(&mut self, id: Option<u16>, yes: Label, no: Label) -> Label {
        let Some(id) = id.map(u32::from) else {
            let inside = self.is(VLAN_NEXT, prepare::NONE, no, yes);
            return self.test(&[byte_at(BESIDE_TAGGED)], (EQUAL, 1), yes, inside);
        };
        let third = self.is(VLAN_THIRD, id, yes, no);
        let next = self.is(VLAN_NEXT, id, yes, third);
        let beside = self.test(&[half_at(BESIDE_TCI), and(VLAN_BITS)], (EQUAL, id), yes, next);
        self.test(&[byte_at(BESIDE_TAGGED)], (EQUAL, 1), beside, next)
    }
}
