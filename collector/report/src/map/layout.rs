//! Where everything stands: outside parties, exits, the LAN with its equipment, VLANs, the legend.

use jiff::tz::TimeZone;
use sekisho_api::NodeKind;

use super::MapOf;
use super::group::{Group, Named};
use super::party::{ExitCard, Party};
use super::plan::Plan;
use super::scene::{LINE, Line, Look, Place, Scene, Tone, Wire, WireKind, height, length};
use super::tree;
use crate::clean::clean;
use crate::text::{Lang, fill, text};
use crate::when::minute;

/// The page's width: landscape paper at the size of a screen.
pub(crate) const WIDTH: f64 = 1640.0;
pub(crate) const MARGIN: f64 = 24.0;
pub(crate) const GAP: f64 = 16.0;
/// Exits side by side, at most and at least as far as their width goes.
const EXITS_A_ROW: usize = 6;
const LEAST_A_ROW: usize = 3;
/// VLANs side by side.
const GROUPS_A_ROW: usize = 4;
/// The way from the outside parties to the exit, with the line's name beside it.
const LINE_LENGTH: f64 = 34.0;
/// Characters of the site's name.
const MAX_CHARS: usize = 80;

/// The width of a column where so many stand side by side.
pub(crate) fn column(columns: usize) -> f64 {
    let columns = length(columns.max(1));
    ((WIDTH - 2.0 * MARGIN - (columns - 1.0) * GAP) / columns).floor()
}

/// Lays a page out.
pub(crate) fn scene(plan: &Plan, of: MapOf<'_>, lang: Lang, zone: &TimeZone) -> Scene {
    let site = clean(of.site, MAX_CHARS);
    let title = fill(lang, "map.title", &[("site", &site)]);
    let tag = if lang == Lang::Ja { "ja" } else { "en" };
    let mut scene = Scene { width: WIDTH, lang: tag, title: title.clone(), ..Scene::default() };
    let mut y = heading(&mut scene, &title, of, lang, zone);
    let exits;
    (exits, y) = exit_rows(&mut scene, &plan.exits, y, lang);
    y += LINE_LENGTH;
    let bar = lan(&mut scene, plan, y, lang);
    for (exit, side) in exits {
        let (from, to) = (scene.place(exit), scene.place(bar));
        let middle = (from.x + from.width / 2.0, from.y + from.height);
        // Past the exits of the rows below, in the gap between two columns.
        let mut points = vec![middle];
        if side {
            let gap = from.x + from.width + GAP / 2.0;
            points.extend([(middle.0, middle.1 + GAP / 2.0), (gap, middle.1 + GAP / 2.0), (gap, to.y)]);
        } else {
            points.push((middle.0, to.y));
        }
        scene.wires.push(Wire { from: exit, to: bar, points, kind: WireKind::Line, label: String::new() });
    }
    y = scene.place(bar).y + scene.place(bar).height;
    y = tree::draw(&mut scene, &plan.trees, bar, y, lang);
    y = groups(&mut scene, plan, y + GAP, lang);
    y = legend(&mut scene, y + GAP, lang);
    scene.height = y + MARGIN;
    scene
}

fn heading(scene: &mut Scene, title: &str, of: MapOf<'_>, lang: Lang, zone: &TimeZone) -> f64 {
    let capture = &of.analysis.capture;
    let when = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| minute(at, zone));
    let (first, last) = (when(capture.first_seen), when(capture.last_seen));
    let asked = of.topology.nodes.iter().filter(|node| node.kind == NodeKind::Read).count();
    let values: [(&str, &dyn std::fmt::Display); 5] = [
        ("first", &first),
        ("last", &last),
        ("devices", &of.analysis.devices.len()),
        ("exits", &of.analysis.exits.len()),
        ("asked", &asked),
    ];
    let at = Place { x: MARGIN - 9.0, y: MARGIN - 6.0, width: WIDTH - 2.0 * MARGIN, height: 62.0 };
    let lines = vec![
        Line { text: title.to_owned(), tone: Tone::Head },
        Line::new(Tone::Plain, &fill(lang, "map.subtitle", &values), at.width),
    ];
    scene.add(Look::Title, at, lines);
    at.y + at.height
}

/// Outside parties above their exits; gives the exits, with whether another row stands below.
fn exit_rows(scene: &mut Scene, exits: &[ExitCard], mut y: f64, lang: Lang) -> (Vec<(usize, bool)>, f64) {
    // Rows of about the same length.
    let count = exits.len().div_ceil(EXITS_A_ROW).max(1);
    let columns = exits.len().div_ceil(count).max(LEAST_A_ROW);
    let width = column(columns);
    let rows: Vec<&[ExitCard]> = exits.chunks(columns).collect();
    let mut placed = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let above: Vec<Vec<Line>> = row.iter().map(|exit| outside(exit, width, lang)).collect();
        let tallest = above.iter().map(|lines| height(lines.len())).fold(0.0, f64::max);
        let mut lowest = y;
        for ((card, lines), at) in row.iter().zip(above).zip(0_u32..) {
            let x = MARGIN + f64::from(at) * (width + GAP);
            let own = height(lines.len());
            let bottom = y + tallest;
            let parties = scene.add(Look::Outside, Place { x, y: bottom - own, width, height: own }, lines);
            let lines = exit(card, width, lang);
            let high = height(lines.len());
            let look = if card.is_declared { Look::Exit } else { Look::UnknownExit };
            let box_ = scene.add(look, Place { x, y: bottom + LINE_LENGTH, width, height: high }, lines);
            let middle = x + width / 2.0;
            scene.wires.push(Wire {
                from: parties,
                to: box_,
                points: vec![(middle, bottom), (middle, bottom + LINE_LENGTH)],
                kind: WireKind::Line,
                label: card.line.clone().unwrap_or_else(|| text(lang, "map.line-unknown").to_owned()),
            });
            placed.push((box_, place + 1 < rows.len()));
            lowest = f64::max(lowest, bottom + LINE_LENGTH + high);
        }
        y = lowest + if place + 1 < rows.len() { 2.0 * GAP } else { 0.0 };
    }
    (placed, y)
}

/// What is outside of an exit.
fn outside(card: &ExitCard, width: f64, lang: Lang) -> Vec<Line> {
    let mut lines = Vec::new();
    for party in &card.parties {
        let numbers: Vec<String> =
            party.numbers.iter().take(3).map(|number| format!("No.{number}")).collect();
        lines.push(Line::new(tone(party), &format!("{}　{}", party.name, numbers.join(" ")), width));
        lines.push(Line::new(Tone::Faint, &format!("　{} ← {}", party.what, party.inside), width));
    }
    if card.beyond > 0 {
        lines.push(Line::new(Tone::Plain, &fill(lang, "map.more-parties", &[("more", &card.beyond)]), width));
    }
    if card.others > 0 {
        lines.push(Line::new(Tone::Faint, &fill(lang, "map.others", &[("others", &card.others)]), width));
    }
    if lines.is_empty() {
        lines.push(Line::new(Tone::Faint, text(lang, "map.no-party"), width));
    }
    lines
}

/// A tunnel that nobody declared is what the survey looks for.
const fn tone(party: &Party) -> Tone {
    match (party.tunnel, party.registered) {
        (true, false) => Tone::Alarm,
        (true, true) => Tone::Strong,
        (false, _) => Tone::Plain,
    }
}

fn exit(card: &ExitCard, width: f64, lang: Lang) -> Vec<Line> {
    let head = match card.number {
        0 => card.name.clone(),
        number => format!("{} {}", fill(lang, "map.exit", &[("number", &number)]), card.name),
    };
    let mut lines = vec![Line::new(Tone::Head, &head, width)];
    if !card.details.is_empty() {
        lines.push(Line::new(Tone::Faint, &card.details.join(" ・ "), width));
    }
    if let Some(declared) = &card.declared {
        let tone = if card.is_declared { Tone::Plain } else { Tone::Alarm };
        lines.push(Line::new(tone, declared, width));
    }
    if let Some(at) = &card.at {
        lines.push(Line::new(Tone::Plain, &fill(lang, "map.plugged-into", &[("place", at)]), width));
    }
    lines
}

/// The bar that stands for the LAN; without equipment it says how to get to know it.
fn lan(scene: &mut Scene, plan: &Plan, y: f64, lang: Lang) -> usize {
    let key = if plan.trees.is_empty() { "map.lan-unknown" } else { "map.lan" };
    let at = Place { x: MARGIN, y, width: WIDTH - 2.0 * MARGIN, height: 28.0 };
    scene.add(Look::Lan, at, vec![Line::new(Tone::Head, text(lang, key), at.width)])
}

/// VLANs, each in the column that is shortest so far.
fn groups(scene: &mut Scene, plan: &Plan, y: f64, lang: Lang) -> f64 {
    let columns = GROUPS_A_ROW;
    let width = column(columns);
    let mut bottoms = vec![y; columns];
    for group in &plan.groups {
        let lines = members(group, width, lang);
        let high = height(lines.len());
        let shortest = (0_u32..).zip(&mut bottoms).min_by(|(_, a), (_, b)| a.total_cmp(b));
        let Some((place, bottom)) = shortest else { continue };
        let at = Place { x: MARGIN + f64::from(place) * (width + GAP), y: *bottom, width, height: high };
        *bottom += high + GAP;
        scene.add(Look::Group, at, lines);
    }
    let mut lowest = bottoms.into_iter().fold(y, f64::max);
    if plan.beyond > 0 {
        let at = Place { x: MARGIN, y: lowest, width: WIDTH - 2.0 * MARGIN, height: height(1) };
        let more = fill(lang, "map.more-devices", &[("more", &plan.beyond)]);
        scene.add(Look::Words, at, vec![Line::new(Tone::Alarm, &more, at.width)]);
        lowest += height(1);
    }
    lowest
}

fn members(group: &Group, width: f64, lang: Lang) -> Vec<Line> {
    let vlan = group.vlan.map(|vlan| format!("VLAN {vlan}"));
    let head: Vec<String> = vlan.into_iter().chain(group.prefix.clone()).collect();
    let head = if head.is_empty() { text(lang, "map.no-address").to_owned() } else { head.join("　") };
    let values: [(&str, &dyn std::fmt::Display); 2] = [("head", &head), ("devices", &group.devices)];
    let mut lines = vec![Line::new(Tone::Head, &fill(lang, "map.group", &values), width)];
    if !group.routers.is_empty() {
        let routers = group.routers.join("・");
        lines.push(Line::new(Tone::Faint, &fill(lang, "map.routed-by", &[("routers", &routers)]), width));
    }
    for row in &group.roles {
        let tone = if row.role.is_some() { Tone::Plain } else { Tone::Alarm };
        let values: [(&str, &dyn std::fmt::Display); 2] = [("role", &row.label), ("count", &row.count)];
        // One that is named needs no line of its own for its role.
        if let ([only], 0) = (row.named.as_slice(), row.beyond) {
            lines.push(Line::new(tone, &format!("■ {} {}", row.label, named(only, lang)), width));
            continue;
        }
        lines.push(Line::new(tone, &format!("■ {}", fill(lang, "map.role", &values)), width));
        for device in &row.named {
            let tone = if device.exits.values().any(|tunnel| *tunnel) { Tone::Strong } else { Tone::Faint };
            lines.push(Line::new(tone, &format!("　 {}", named(device, lang)), width));
        }
        if row.beyond > 0 && !row.named.is_empty() {
            lines.push(Line::new(
                Tone::Faint,
                &format!("　 {}", fill(lang, "map.beyond", &[("more", &row.beyond)])),
                width,
            ));
        }
    }
    lines
}

/// A device with the exits that it uses; a star where a tunnel goes there.
fn named(device: &Named, lang: Lang) -> String {
    let exit = |(number, tunnel): (&usize, &bool)| {
        let star = if *tunnel { "*" } else { "" };
        match number {
            0 => format!("?{star}"),
            number => format!("{number}{star}"),
        }
    };
    if device.exits.is_empty() {
        return device.text.clone();
    }
    let exits: Vec<String> = device.exits.iter().map(exit).collect();
    fill(lang, "map.device-exits", &[("device", &device.text), ("exits", &exits.join("・"))])
}

/// What the looks mean.
fn legend(scene: &mut Scene, y: f64, lang: Lang) -> f64 {
    let entries = [
        (Look::Exit, "map.legend-exit"),
        (Look::UnknownExit, "map.legend-undeclared"),
        (Look::Read, "map.legend-read"),
        (Look::Announced, "map.legend-announced"),
        (Look::Unmanaged, "map.legend-unmanaged"),
        (Look::Drawn, "map.legend-drawn"),
    ];
    let width = column(entries.len());
    for ((look, key), place) in entries.into_iter().zip(0_u32..) {
        let at = Place { x: MARGIN + f64::from(place) * (width + GAP), y, width, height: height(1) };
        scene.add(look, at, vec![Line::new(Tone::Plain, text(lang, key), width)]);
    }
    let at =
        Place { x: MARGIN - 9.0, y: y + height(1) + 4.0, width: WIDTH - 2.0 * MARGIN, height: LINE * 2.0 };
    scene.add(Look::Words, at, vec![Line::new(Tone::Faint, text(lang, "map.legend-words"), at.width)]);
    at.y + at.height
}
