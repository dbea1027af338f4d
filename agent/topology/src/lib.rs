//! What equipment knows of itself and of each other in, the network as it hangs together out.
//!
//! | file | takes → gives |
//! |---|---|
//! | `snapshot` | facts read over SNMP or from pasted text → what is kept of them |
//! | `boxes`, `absorb` | snapshots → pieces of equipment, each once, with what they are known by |
//! | `port` | names of ports → the same port under its long and its short name |
//! | `announced` | LLDP, CDP → who says to be at the other end of a port |
//! | `sight` | forwarding tables → behind which port one switch has another |
//! | `segment` | announcements and sight → wires: links, and switches that nobody manages |
//! | `place` | forwarding tables → where a device is plugged in |
//! | `subnet` | addresses, routes → subnets, who routes them, ways out |
//! | `mark` | what people decided → laid over all of it |
//!
//! A network that forwards by hardware address is a tree: between two switches there is one way, so that the
//! ports at which a third has them tell whether it is on it. What is not told by that is left open: a link
//! that is not drawn can be asked for, one that is wrong misleads.
//!
//! Invariant: pure. Time comes with the snapshots; the same input gives the same output, in order.

#![forbid(unsafe_code)]

mod absorb;
mod announced;
mod boxes;
mod mark;
mod place;
mod port;
mod segment;
mod sight;
mod snapshot;
mod subnet;

#[cfg(test)]
mod tests;

use sekisho_api::{Device, Mark, Snapshot, Topology};

pub use mark::find;
pub use snapshot::{Identity, snapshot};

use boxes::Boxes;

/// Pieces of equipment that are related to each other: a hospital has tens, a group of them some hundreds.
/// Every pair is compared in the light of every third, which at this number takes some seconds on a small box.
pub const MAX_BOXES: usize = 256;
/// Hardware addresses of one forwarding table that are looked at: a core switch of a large hospital has some
/// thousands.
pub const MAX_LEARNT: usize = 32_768;
/// Neighbours of one piece of equipment: a chassis has some hundreds of ports.
pub const MAX_ANNOUNCED: usize = 1_024;

/// Makes the topology of one site from what its equipment said, the devices that are known, and what people
/// decided.
#[must_use]
pub fn topology(snapshots: &[Snapshot], devices: &[Device], marks: &[Mark]) -> Topology {
    let mut boxes = Boxes::new(snapshots, devices);
    let announced = announced::pairs(&mut boxes);
    let sight = sight::sight(&boxes, &announced);
    let wires = segment::wires(&boxes, &announced, &sight);
    let mut topology = place::places(&boxes, &announced, &sight, wires);
    subnet::add(&mut topology, &boxes, devices);
    topology.cut_off = boxes.cut_off;
    mark::lay_over(&mut topology, marks);
    topology.nodes.sort_by(|a, b| a.key.cmp(&b.key));
    topology.links.sort_by(|a, b| (&a.a, &a.b).cmp(&(&b.a, &b.b)));
    topology.attachments.sort_by_key(|attachment| attachment.mac);
    topology
}
