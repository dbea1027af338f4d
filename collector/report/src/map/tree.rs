//! Equipment below the LAN's bar: each root with columns of what hangs on it, indented by depth.

use sekisho_api::NodeKind;

use super::layout::{GAP, MARGIN, column};
use super::scene::{Line, Look, PADDING, Place, Scene, Tone, Wire, WireKind, height, length, width};
use super::wired::{Boxed, Tree};
use crate::text::{Lang, fill, text};

/// Columns below a root.
const COLUMNS: usize = 5;
/// How far each step down is indented, and how many steps are.
const INDENT: f64 = 18.0;
const MAX_INDENTS: usize = 5;
/// Between a box and the one below it.
const BELOW: f64 = 10.0;

/// Draws the trees; gives where they end.
pub(crate) fn draw(scene: &mut Scene, trees: &[Tree], bar: usize, mut y: f64, lang: Lang) -> f64 {
    let (single, wired): (Vec<&Tree>, Vec<&Tree>) = trees.iter().partition(|tree| tree.boxes.len() < 2);
    for tree in wired {
        y = one(scene, tree, bar, y + 2.0 * GAP, lang);
    }
    if single.is_empty() {
        return y;
    }
    y += GAP;
    let at = Place { x: MARGIN - PADDING, y, width: column(1), height: height(1) };
    scene.add(Look::Words, at, vec![Line::new(Tone::Faint, text(lang, "map.not-linked"), at.width)]);
    y += height(1);
    for row in single.chunks(COLUMNS) {
        let mut lowest = y;
        for (tree, place) in row.iter().zip(0_u32..) {
            let Some(own) = tree.boxes.first() else { continue };
            let x = MARGIN + f64::from(place) * (column(COLUMNS) + GAP);
            let shape = boxed(scene, own, (x, y), column(COLUMNS), lang);
            lowest = f64::max(lowest, bottom(scene, shape));
        }
        y = lowest + GAP;
    }
    y
}

fn bottom(scene: &Scene, shape: usize) -> f64 {
    let at = scene.place(shape);
    at.y + at.height
}

/// One tree: the root below the bar, the rest in columns below it.
fn one(scene: &mut Scene, tree: &Tree, bar: usize, y: f64, lang: Lang) -> f64 {
    let Some((root, rest)) = tree.boxes.split_first() else { return y };
    let mut columns: Vec<Vec<&Boxed>> = Vec::new();
    for own in rest {
        match columns.last_mut().filter(|_| own.depth > 1) {
            Some(column) => column.push(own),
            None => columns.push(vec![own]),
        }
    }
    let width = column(COLUMNS);
    let middle = MARGIN + column(1) / 2.0;
    let root_width = width * 1.4;
    let root = boxed(scene, root, (middle - root_width / 2.0, y), root_width, lang);
    let bar_bottom = bottom(scene, bar);
    scene.wires.push(Wire {
        from: bar,
        to: root,
        points: vec![(middle, bar_bottom), (middle, y)],
        kind: WireKind::Seen,
        label: String::new(),
    });
    let trunk = bottom(scene, root);
    let mut top = trunk + 2.0 * GAP;
    for (band, row) in columns.chunks(COLUMNS).enumerate() {
        let left = middle - (length(row.len()) * (width + GAP) - GAP) / 2.0;
        let mut lowest = top;
        for (column, place) in row.iter().zip(0_u32..) {
            let x = left + f64::from(place) * (width + GAP);
            let wire = Trunk { root, from: (middle, trunk), level: top - GAP, band };
            lowest = f64::max(lowest, stack(scene, column, (x, top), width, &wire, lang));
        }
        top = lowest + 2.0 * GAP;
    }
    top - GAP
}

/// The wire from a root to the columns of one band.
struct Trunk {
    root: usize,
    from: (f64, f64),
    level: f64,
    band: usize,
}

/// A column: the one that hangs on the root, and below it what hangs on that.
fn stack(scene: &mut Scene, column: &[&Boxed], at: (f64, f64), width: f64, trunk: &Trunk, lang: Lang) -> f64 {
    let (x, mut y) = at;
    // The last box at each depth, on which the next deeper one hangs.
    let mut above: Vec<usize> = Vec::new();
    for own in column {
        let steps = own.depth.saturating_sub(1);
        let indent = length(steps.min(MAX_INDENTS)) * INDENT;
        let shape = boxed(scene, own, (x + indent, y), width - indent, lang);
        let kind = if own.kind == NodeKind::Read { WireKind::Seen } else { WireKind::Concluded };
        above.truncate(steps);
        let (from, points) = match above.last() {
            None => (trunk.root, down(trunk, (x + width / 2.0, y))),
            Some(&parent) => {
                let over = scene.place(parent);
                let own = scene.place(shape);
                let start = over.x + INDENT / 2.0;
                let middle = own.y + own.height / 2.0;
                (parent, vec![(start, over.y + over.height), (start, middle), (own.x, middle)])
            }
        };
        scene.wires.push(Wire { from, to: shape, points, kind, label: String::new() });
        above.push(shape);
        y = bottom(scene, shape) + BELOW;
    }
    y
}

/// From the root to the top of a column; to a band further below past the margin.
fn down(trunk: &Trunk, to: (f64, f64)) -> Vec<(f64, f64)> {
    let (x, y) = trunk.from;
    if trunk.band == 0 {
        return vec![(x, y), (x, trunk.level), (to.0, trunk.level), to];
    }
    let side = MARGIN - GAP / 2.0;
    vec![(x, y), (x, y + GAP), (side, y + GAP), (side, trunk.level), (to.0, trunk.level), to]
}

fn boxed(scene: &mut Scene, own: &Boxed, (x, y): (f64, f64), room: f64, lang: Lang) -> usize {
    let look = match own.kind {
        NodeKind::Read => Look::Read,
        NodeKind::Announced => Look::Announced,
        NodeKind::Unmanaged => Look::Unmanaged,
        NodeKind::Drawn => Look::Drawn,
    };
    let exits: Vec<String> =
        own.exits.iter().map(|number| fill(lang, "map.exit", &[("number", number)])).collect();
    let head =
        if exits.is_empty() { own.name.clone() } else { format!("{}（{}）", own.name, exits.join("・")) };
    let mut lines = vec![Line::new(Tone::Head, &head, room)];
    if !own.details.is_empty() {
        lines.push(Line::new(Tone::Plain, &own.details, room));
    }
    if own.kind == NodeKind::Announced {
        lines.push(Line::new(Tone::Alarm, text(lang, "map.not-asked"), room));
    }
    for link in own.uplink.iter().chain(&own.further) {
        lines.push(Line::new(Tone::Faint, link, room));
    }
    for words in own.devices.iter().flat_map(|devices| wrapped(devices, room)) {
        lines.push(Line::new(Tone::Plain, &words, room));
    }
    let high = height(lines.len());
    scene.add(look, Place { x, y, width: room, height: high }, lines)
}

/// Breaks a list at its dots where a line is full.
fn wrapped(list: &str, most: f64) -> Vec<String> {
    let most = (most - 2.0 * PADDING) / Tone::Plain.size();
    let mut lines = vec![String::new()];
    for word in list.split_inclusive('・') {
        let full = lines.last().is_some_and(|line| !line.is_empty() && width(line) + width(word) > most);
        match lines.last_mut().filter(|_| !full) {
            Some(line) => line.push_str(word),
            None => lines.push(format!("　{word}")),
        }
    }
    lines
}
