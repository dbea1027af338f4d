//! Equipment as trees: the best connected in front, the rest below the one that leads there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sekisho_api::{Analysis, Link, LinkSource, MarkKind, Node, NodeKind, Topology};
use serde::Serialize;

use crate::clean::clean;
use crate::text::{Lang, fill, label, text};

/// Equipment drawn: more is no picture, and stands in the JSON.
const MAX_NODES: usize = 400;
/// Further links told in a box.
const MAX_FURTHER: usize = 3;
/// Roles of devices told in a box.
const MAX_ROLES: usize = 6;
/// Characters of a line.
const MAX_CHARS: usize = 60;

/// Equipment that hangs together.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tree {
    /// The root first, then in depth-first order.
    pub(crate) boxes: Vec<Boxed>,
}

/// A piece of equipment as it is drawn.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Boxed {
    pub(crate) key: String,
    pub(crate) depth: usize,
    pub(crate) name: String,
    pub(crate) kind: NodeKind,
    /// Model, address: what is known of it.
    pub(crate) details: String,
    /// The link to the one above, with its ports and what says so.
    pub(crate) uplink: Option<String>,
    /// Other links.
    pub(crate) further: Vec<String>,
    /// The devices plugged in, by role.
    pub(crate) devices: Option<String>,
    /// Numbers of the exits that it is.
    pub(crate) exits: Vec<usize>,
}

/// Gives the trees, the largest first.
pub(crate) fn trees(
    analysis: &Analysis,
    topology: &Topology,
    exits: &BTreeMap<&str, usize>,
    lang: Lang,
) -> Vec<Tree> {
    let maker = Maker { topology, exits, lang, roles: roles(analysis), links: links(topology) };
    let mut left: BTreeSet<&str> =
        topology.nodes.iter().take(MAX_NODES).map(|node| node.key.as_str()).collect();
    let mut trees = Vec::new();
    while let Some(root) = maker.root(&left) {
        trees.push(maker.tree(root, &mut left));
    }
    trees.sort_by_key(|tree| std::cmp::Reverse(tree.boxes.len()));
    trees
}

/// Links by the key of either end.
fn links(topology: &Topology) -> BTreeMap<&str, Vec<&Link>> {
    let mut by_node: BTreeMap<&str, Vec<&Link>> = BTreeMap::new();
    for link in &topology.links {
        by_node.entry(&link.a.node).or_default().push(link);
        by_node.entry(&link.b.node).or_default().push(link);
    }
    by_node
}

/// Role by hardware address.
fn roles(analysis: &Analysis) -> BTreeMap<&str, &str> {
    analysis
        .devices
        .iter()
        .filter_map(|device| Some((device.mac.as_deref()?, device.role.as_deref()?)))
        .collect()
}

struct Maker<'m> {
    topology: &'m Topology,
    exits: &'m BTreeMap<&'m str, usize>,
    lang: Lang,
    roles: BTreeMap<&'m str, &'m str>,
    links: BTreeMap<&'m str, Vec<&'m Link>>,
}

impl<'m> Maker<'m> {
    /// The best connected of those left that is a switch rather than a router or a guess.
    fn root(&self, left: &BTreeSet<&'m str>) -> Option<&'m str> {
        let weight = |key: &'m str| {
            let node = self.node(key);
            let is_switch = node.is_some_and(|node| node.role.as_deref() == Some("switch"));
            let is_read = node.is_some_and(|node| node.kind == NodeKind::Read);
            (is_read, is_switch, self.links.get(key).map_or(0, Vec::len), std::cmp::Reverse(key))
        };
        left.iter().copied().max_by_key(|&key| weight(key))
    }

    /// Everything that hangs on a root, breadth first, so that each is below the nearest.
    fn tree(&self, root: &'m str, left: &mut BTreeSet<&'m str>) -> Tree {
        let mut above: BTreeMap<&str, (&str, &Link)> = BTreeMap::new();
        let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        left.remove(root);
        let mut open = VecDeque::from([root]);
        while let Some(key) = open.pop_front() {
            for link in self.links.get(key).into_iter().flatten() {
                let other = if link.a.node == key { link.b.node.as_str() } else { link.a.node.as_str() };
                if left.remove(other) {
                    above.insert(other, (key, link));
                    below.entry(key).or_default().push(other);
                    open.push_back(other);
                }
            }
        }
        let mut tree = Tree::default();
        let mut open = vec![(root, 0)];
        while let Some((key, depth)) = open.pop() {
            let Some(node) = self.node(key) else { continue };
            tree.boxes.push(self.boxed(node, depth, &above));
            let mut children = below.remove(key).unwrap_or_default();
            children.sort_by_key(|child| (self.size(child), self.name(child)));
            open.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
        }
        tree
    }

    /// Leaves last: what others hang on is looked for first.
    fn size(&self, key: &str) -> std::cmp::Reverse<usize> {
        std::cmp::Reverse(self.links.get(key).map_or(0, Vec::len).min(2))
    }

    fn node(&self, key: &str) -> Option<&'m Node> {
        let at = self.topology.nodes.binary_search_by(|node| node.key.as_str().cmp(key)).ok();
        at.and_then(|at| self.topology.nodes.get(at))
            .or_else(|| self.topology.nodes.iter().find(|node| node.key == key))
    }

    fn name(&self, key: &str) -> String {
        let Some(node) = self.node(key) else { return key.to_owned() };
        let named = node.name.clone().or_else(|| {
            (node.kind == NodeKind::Unmanaged).then(|| text(self.lang, "map.unmanaged").to_owned())
        });
        let known = named.or_else(|| node.ips.first().map(ToString::to_string));
        let known = known.or_else(|| node.macs.first().map(ToString::to_string));
        clean(&known.unwrap_or_else(|| key.to_owned()), MAX_CHARS).into_owned()
    }

    fn boxed(&self, node: &Node, depth: usize, above: &BTreeMap<&str, (&str, &Link)>) -> Boxed {
        let lang = self.lang;
        let role = node.role.as_deref().filter(|_| node.kind != NodeKind::Unmanaged);
        let role = role.map(|role| label(lang, "role", role).into_owned());
        let ip = node.ips.first().map(ToString::to_string);
        let details = [role, node.model.clone().or_else(|| node.vendor.clone()), ip];
        let details = details.into_iter().flatten().collect::<Vec<_>>().join(" ・ ");
        let uplink = above.get(node.key.as_str()).copied();
        let further = self.further(&node.key, above);
        let exits = node.macs.iter().filter_map(|mac| self.exits.get(mac.to_string().as_str()).copied());
        Boxed {
            key: node.key.clone(),
            depth,
            name: self.name(&node.key),
            kind: node.kind,
            details: clean(&details, MAX_CHARS).into_owned(),
            uplink: uplink.map(|(key, link)| self.worded(link, key)),
            further,
            devices: self.devices(&node.key),
            exits: exits.collect::<BTreeSet<usize>>().into_iter().collect(),
        }
    }

    /// Links beside the one to the box above: told at the end below, or at the second in order.
    fn further(&self, key: &str, above: &BTreeMap<&str, (&str, &Link)>) -> Vec<String> {
        let in_tree = |link: &Link| above.values().any(|(_, uplink)| std::ptr::eq(link, *uplink));
        let parent = |key: &str| above.get(key).map(|(parent, _)| *parent);
        let told_here = |link: &&&Link| {
            let other = if link.a.node == key { link.b.node.as_str() } else { link.a.node.as_str() };
            parent(key) == Some(other) || (parent(other) != Some(key) && link.b.node == key)
        };
        let links = self.links.get(key).into_iter().flatten().filter(|link| !in_tree(link)).filter(told_here);
        let other = |link: &'m Link| if link.a.node == key { &link.b.node } else { &link.a.node };
        links.take(MAX_FURTHER).map(|link| self.worded(link, other(link))).collect()
    }

    /// A link seen from below: the other's port, ours, and what says so.
    fn worded(&self, link: &Link, above: &str) -> String {
        let (up, own) = if link.a.node == above { (&link.a, &link.b) } else { (&link.b, &link.a) };
        let port = |end: &sekisho_api::End| end.port.clone().unwrap_or_else(|| "?".to_owned());
        let source = match (link.mark, link.source) {
            (Some(MarkKind::Pin), _) => text(self.lang, "link-mark.pin").to_owned(),
            (Some(_), _) | (None, LinkSource::Drawn) => text(self.lang, "link-mark.draw").to_owned(),
            (None, source) => {
                format!("{} {}%", label(self.lang, "link-source", source.slug()), link.confidence)
            }
        };
        let own = if self.node(&own.node).is_some_and(|node| node.kind == NodeKind::Unmanaged) {
            String::new()
        } else {
            format!(" ⇔ {}", port(own))
        };
        clean(&format!("↑{} {}{own} [{source}]", self.name(&up.node), port(up)), MAX_CHARS).into_owned()
    }

    fn devices(&self, key: &str) -> Option<String> {
        let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let here = self.topology.attachments.iter().filter(|place| place.node == key);
        for place in here {
            *counts.entry(self.roles.get(place.mac.to_string().as_str()).copied()).or_default() += 1;
        }
        let total: usize = counts.values().sum();
        if total == 0 {
            return None;
        }
        let mut by_number: Vec<(Option<&str>, usize)> = counts.into_iter().collect();
        by_number.sort_by_key(|(role, count)| (role.is_none(), std::cmp::Reverse(*count)));
        let word = |(role, count): &(Option<&str>, usize)| {
            let role = role.map_or_else(
                || text(self.lang, "map.unknown-role").into(),
                |role| label(self.lang, "role", role),
            );
            format!("{role} {count}")
        };
        let words: Vec<String> = by_number.iter().take(MAX_ROLES).map(word).collect();
        Some(fill(self.lang, "map.plugged", &[("total", &total), ("roles", &words.join("・"))]))
    }
}
