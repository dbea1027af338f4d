//! What people decided stays, whatever is seen.

use sekisho_api::{Mark, MarkEnd, MarkKind, NodeKind};

use super::lab::{Lab, at, links};
use crate::topology;

fn mark(kind: MarkKind, a: &str, b: &str) -> Mark {
    let end = |node: &str| MarkEnd { node: node.to_owned(), name: Some(node.to_owned()), port: None };
    Mark { kind, a: end(a), b: end(b), at: at(1) }
}

#[test]
fn a_link_is_hidden_pinned_or_drawn() {
    let lab = Lab::new(&[("sw1:1", "sw2:24"), ("sw1:2", "sw3:24"), ("sw2:1", "pc:0")]);
    let said = lab.all(true);
    let hidden = topology(&said, &[], &[mark(MarkKind::Hide, "sw2", "sw1")]);
    assert_eq!(links(&hidden), ["sw1:2 sw3:24"]);
    let drawn = topology(&said, &[], &[mark(MarkKind::Draw, "sw3", "修理中の箱")]);
    assert_eq!(links(&drawn), ["sw1:1 sw2:24", "sw1:2 sw3:24", "sw3 修理中の箱"]);
    assert!(drawn.nodes.iter().any(|node| node.kind == NodeKind::Drawn));
    let pins = [mark(MarkKind::Pin, "sw1", "sw2")];
    let pinned = topology(&said, &[], &pins);
    assert_eq!(pinned.links.iter().filter(|link| link.mark == Some(MarkKind::Pin)).count(), 1);
    // The cable is out on the day of the next survey.
    let without: Vec<_> = said
        .into_iter()
        .map(|mut said| {
            said.announced.retain(|neighbour| neighbour.name.as_deref() == Some("sw3"));
            said.learnt.clear();
            said
        })
        .collect();
    assert_eq!(links(&topology(&without, &[], &pins)), ["sw1 sw2", "sw1:2 sw3:24"]);
}

#[test]
fn a_hidden_link_to_an_unmanaged_switch_takes_it_away() {
    let lab = Lab::new(&[("sw1:1", "hub1:1"), ("hub1:2", "pc1:0"), ("hub1:3", "pc2:0"), ("sw1:5", "pacs:0")]);
    let said = lab.all(false);
    let seen = topology(&said, &[], &[]);
    let hub = seen.nodes.iter().find(|node| node.kind == NodeKind::Unmanaged).unwrap();
    let hide = [mark(MarkKind::Hide, "sw1", &hub.key)];
    assert_eq!(links(&topology(&said, &[], &hide)), [""; 0]);
}
