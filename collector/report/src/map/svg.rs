//! The page as SVG 1.1: no script, no link, nothing from outside. Attributes stand between single quotes.

use std::fmt::Write as _;

use super::scene::{LINE, Look, PADDING, Scene, Shape, Tone, Wire, WireKind, escape};

/// Fonts with Japanese glyphs that systems come with.
const FONTS: &str =
    "Noto Sans CJK JP, Noto Sans JP, Hiragino Sans, Yu Gothic UI, Yu Gothic, Meiryo, IPAexGothic, sans-serif";
/// How far corners of wires are rounded.
const BEND: f64 = 6.0;

/// Fill, border, pattern of the border.
const fn paint(look: Look) -> (&'static str, &'static str, &'static str) {
    match look {
        Look::Words | Look::Title => ("none", "none", ""),
        Look::Outside => ("#f3f5f8", "#9aa5b4", ""),
        Look::Exit => ("#e3eefb", "#2f6db5", ""),
        Look::UnknownExit => ("#fdeaea", "#c62828", "7 3"),
        Look::Lan => ("#2b4a6f", "#2b4a6f", ""),
        Look::Read => ("#ffffff", "#3f5c7f", ""),
        Look::Announced => ("#f7f9fb", "#6b7f99", "2 3"),
        Look::Unmanaged => ("#fff6dc", "#c98a00", "6 3"),
        Look::Drawn => ("#f4f0fa", "#7a58a8", "6 3"),
        Look::Group => ("#ffffff", "#b5bfcc", ""),
    }
}

const fn ink(look: Look, tone: Tone) -> &'static str {
    match (look, tone) {
        (Look::Lan, _) => "#ffffff",
        (_, Tone::Head) => "#14263d",
        (_, Tone::Plain) => "#22303f",
        (_, Tone::Faint) => "#5d6b7a",
        (_, Tone::Alarm) => "#b71c1c",
        (_, Tone::Strong) => "#0b4f94",
    }
}

/// Draws a page.
pub(crate) fn draw(scene: &Scene) -> String {
    let mut out = String::with_capacity(64 * 1024);
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <svg xmlns='http://www.w3.org/2000/svg' width='{w}' height='{h}' viewBox='0 0 {w} {h}' lang='{lang}' \
         font-family='{FONTS}'>\n<title>{title}</title>\n<rect width='{w}' height='{h}' fill='#ffffff'/>",
        w = scene.width,
        h = scene.height,
        lang = scene.lang,
        title = escape(&scene.title),
    );
    // Panels first, then wires, so that wires end at boxes and do not cross their words.
    for wire in &scene.wires {
        path(&mut out, wire);
    }
    for shape in &scene.shapes {
        draw_shape(&mut out, shape);
    }
    for wire in &scene.wires {
        label(&mut out, wire);
    }
    out.push_str("</svg>\n");
    out
}

fn draw_shape(out: &mut String, shape: &Shape) {
    let (fill, border, dashes) = paint(shape.look);
    let at = shape.at;
    if fill != "none" {
        let round = if shape.look == Look::Outside { 14 } else { 5 };
        let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray='{dashes}'") };
        let wide = if matches!(shape.look, Look::Exit | Look::UnknownExit) { 2.0 } else { 1.2 };
        let _ = writeln!(
            out,
            "<rect x='{}' y='{}' width='{}' height='{}' rx='{round}' fill='{fill}' stroke='{border}' \
             stroke-width='{wide}'{dashes}/>",
            at.x, at.y, at.width, at.height,
        );
    }
    let mut y = at.y + PADDING + 10.0;
    for line in &shape.lines {
        let (size, weight) = match (shape.look, line.tone) {
            (Look::Title, Tone::Head) => (22.0, 700),
            (_, tone @ (Tone::Head | Tone::Strong)) => (tone.size(), 700),
            (_, tone) => (tone.size(), 400),
        };
        let (x, anchor) = match shape.look {
            Look::Lan => (at.x + at.width / 2.0, "middle"),
            _ => (at.x + PADDING, "start"),
        };
        let _ = writeln!(
            out,
            "<text x='{x}' y='{y}' font-size='{size}' font-weight='{weight}' text-anchor='{anchor}' \
             fill='{}' xml:space='preserve'>{}</text>",
            ink(shape.look, line.tone),
            escape(&line.text),
        );
        y += if shape.look == Look::Title { 24.0 } else { LINE };
    }
}

const fn colour(kind: WireKind) -> (&'static str, f64, &'static str) {
    match kind {
        WireKind::Line => ("#2f6db5", 2.0, ""),
        WireKind::Seen => ("#5f7590", 1.6, ""),
        WireKind::Concluded => ("#c98a00", 1.6, " stroke-dasharray='6 3'"),
    }
}

/// A wire with rounded corners.
fn path(out: &mut String, wire: &Wire) {
    let (stroke, wide, dashes) = colour(wire.kind);
    let mut d = String::new();
    for (place, &(x, y)) in wire.points.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| wire.points.get(before));
        let (Some(&before), Some(&after)) = (before, wire.points.get(place + 1)) else {
            let _ = write!(d, "{}{x} {y}", if place == 0 { "M" } else { " L" });
            continue;
        };
        let (a, b) = (toward((x, y), before), toward((x, y), after));
        let _ = write!(d, " L{} {} Q{x} {y} {} {}", a.0, a.1, b.0, b.1);
    }
    let _ = writeln!(out, "<path d='{d}' fill='none' stroke='{stroke}' stroke-width='{wide}'{dashes}/>");
}

/// A point a little way from a corner.
fn toward(corner: (f64, f64), end: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (end.0 - corner.0, end.1 - corner.1);
    let far = dx.hypot(dy);
    let part = if far > 0.0 { (BEND / far).min(0.5) } else { 0.0 };
    (corner.0 + dx * part, corner.1 + dy * part)
}

/// What stands at a wire: beside its first stretch.
fn label(out: &mut String, wire: &Wire) {
    let (Some((x, y)), Some((_, end))) = (wire.points.first(), wire.points.get(1)) else { return };
    if wire.label.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<text x='{}' y='{}' font-size='12' font-weight='700' fill='#0b4f94'>{}</text>",
        x + 8.0,
        f64::midpoint(*y, *end) + 4.0,
        escape(&wire.label),
    );
}
