//! What people decided of links, laid over what was found.

use std::collections::BTreeMap;

use sekisho_api::{End, Link, LinkSource, Mark, MarkEnd, MarkKind, Node, NodeKind, Topology};

/// A person was there.
const CERTAIN: u8 = 100;

/// Takes hidden links out, and puts pinned and drawn ones in.
pub(crate) fn lay_over(topology: &mut Topology, marks: &[Mark]) {
    for mark in marks {
        let (a, b) = (end(topology, &mark.a, mark.kind), end(topology, &mark.b, mark.kind));
        let (Some(a), Some(b)) = (a, b) else { continue };
        let of_mark = |link: &Link| {
            let fits = |own: &End, marked: &End| {
                own.node == marked.node
                    && (marked.port.is_none() || own.port.is_none() || own.port == marked.port)
            };
            fits(&link.a, &a) && fits(&link.b, &b) || fits(&link.a, &b) && fits(&link.b, &a)
        };
        match mark.kind {
            MarkKind::Hide => topology.links.retain(|link| !of_mark(link)),
            MarkKind::Pin | MarkKind::Draw => {
                let mut known = false;
                for link in topology.links.iter_mut().filter(|link| of_mark(link)) {
                    link.mark = Some(mark.kind);
                    known = true;
                }
                if !known {
                    let (a, b) = if a <= b { (a, b) } else { (b, a) };
                    topology.links.push(Link {
                        a,
                        b,
                        source: LinkSource::Drawn,
                        confidence: CERTAIN,
                        last_seen: Some(mark.at),
                        mark: Some(mark.kind),
                    });
                }
            }
        }
    }
    without_the_lonely(topology);
}

/// Finds what a mark speaks of: by key, else by name or address. A link that is pinned or drawn brings its
/// end with it where nothing knows it.
fn end(topology: &mut Topology, marked: &MarkEnd, kind: MarkKind) -> Option<End> {
    let port = marked.port.clone();
    if let Some(node) = find(topology, &marked.node).or_else(|| find(topology, marked.name.as_deref()?)) {
        return Some(End { node, port });
    }
    if kind == MarkKind::Hide {
        return None;
    }
    topology.nodes.push(Node {
        key: marked.node.clone(),
        kind: NodeKind::Drawn,
        name: marked.name.clone().or_else(|| Some(marked.node.clone())),
        ..Node::default()
    });
    Some(End { node: marked.node.clone(), port })
}

/// Finds a node by key, name or address; none where several have that name.
#[must_use]
pub fn find(topology: &Topology, called: &str) -> Option<String> {
    if let Some(node) = topology.nodes.iter().find(|node| node.key == called) {
        return Some(node.key.clone());
    }
    let named = |node: &&Node| {
        node.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(called))
            || called.parse().is_ok_and(|ip| node.ips.contains(&ip))
            || called.parse().is_ok_and(|mac| node.macs.contains(&mac))
    };
    let mut found = topology.nodes.iter().filter(named);
    let first = found.next()?;
    found.next().is_none().then(|| first.key.clone())
}

/// Takes out switches that nobody manages and that hidden links leave with one end and no device.
fn without_the_lonely(topology: &mut Topology) {
    let mut legs: BTreeMap<&str, usize> = BTreeMap::new();
    let ends = topology.links.iter().flat_map(|link| [&link.a.node, &link.b.node]);
    let hung = topology.attachments.iter().map(|attachment| &attachment.node);
    ends.chain(hung).for_each(|node| *legs.entry(node).or_default() += 1);
    let lonely: Vec<String> = topology
        .nodes
        .iter()
        .filter(|node| {
            node.kind == NodeKind::Unmanaged && legs.get(node.key.as_str()).is_none_or(|legs| *legs < 2)
        })
        .map(|node| node.key.clone())
        .collect();
    topology.nodes.retain(|node| !lonely.contains(&node.key));
    topology.links.retain(|link| !lonely.contains(&link.a.node) && !lonely.contains(&link.b.node));
}
