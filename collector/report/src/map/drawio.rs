//! The page for draw.io: an uncompressed mxGraphModel, in which boxes carry their wires when they are moved.
//!
//! Texts are plain (`html=0`), so that no name can become markup there.

use std::fmt::Write as _;

use super::scene::{Look, Scene, Tone, WireKind, escape};

/// The two cells that every model begins with, below which all others are.
const ROOT: &str = "<mxCell id='0'/><mxCell id='1' parent='0'/>";

const fn style(look: Look) -> &'static str {
    match look {
        Look::Words => "text;align=left;verticalAlign=top;fontSize=11;fontColor=#5d6b7a;",
        Look::Title => "text;align=left;verticalAlign=top;fontSize=18;fontStyle=1;",
        Look::Outside => "rounded=1;fillColor=#f3f5f8;strokeColor=#9aa5b4;",
        Look::Exit => "rounded=1;fillColor=#e3eefb;strokeColor=#2f6db5;strokeWidth=2;",
        Look::UnknownExit => "rounded=1;fillColor=#fdeaea;strokeColor=#c62828;strokeWidth=2;dashed=1;",
        Look::Lan => "rounded=1;fillColor=#2b4a6f;strokeColor=#2b4a6f;fontColor=#ffffff;align=center;",
        Look::Read => "rounded=1;fillColor=#ffffff;strokeColor=#3f5c7f;",
        Look::Announced => "rounded=1;fillColor=#f7f9fb;strokeColor=#6b7f99;dashed=1;",
        Look::Unmanaged => "rounded=1;fillColor=#fff6dc;strokeColor=#c98a00;dashed=1;",
        Look::Drawn => "rounded=1;fillColor=#f4f0fa;strokeColor=#7a58a8;dashed=1;",
        Look::Group => "rounded=1;fillColor=#ffffff;strokeColor=#b5bfcc;",
    }
}

/// Draws a page.
pub(crate) fn draw(scene: &Scene) -> String {
    let mut out = String::with_capacity(64 * 1024);
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "<?xml version='1.0' encoding='UTF-8'?>\n<mxfile><diagram name='{}'><mxGraphModel dx='{w}' dy='{h}' \
         grid='1' gridSize='10' page='1' pageWidth='{w}' pageHeight='{h}'><root>{ROOT}",
        escape(&scene.title),
        w = scene.width,
        h = scene.height,
    );
    for (place, shape) in scene.shapes.iter().enumerate() {
        let lines: Vec<String> = shape.lines.iter().map(|line| escape(&line.text)).collect();
        let alarms = shape.lines.iter().any(|line| line.tone == Tone::Alarm);
        let ink = if alarms && shape.look == Look::UnknownExit { "fontColor=#b71c1c;" } else { "" };
        let _ = writeln!(
            out,
            "<mxCell id='s{place}' parent='1' vertex='1' value='{}' \
             style='{}html=0;whiteSpace=wrap;overflow=hidden;arcSize=4;align=left;verticalAlign=top;\
             spacing=4;spacingLeft=4;{ink}'><mxGeometry x='{}' y='{}' width='{}' height='{}' as='geometry'/></mxCell>",
            lines.join("&#10;"),
            style(shape.look),
            shape.at.x,
            shape.at.y,
            shape.at.width,
            shape.at.height,
        );
    }
    for (place, wire) in scene.wires.iter().enumerate() {
        let look = match wire.kind {
            WireKind::Line => "strokeColor=#2f6db5;strokeWidth=2;",
            WireKind::Seen => "strokeColor=#5f7590;",
            WireKind::Concluded => "strokeColor=#c98a00;dashed=1;",
        };
        let _ = writeln!(
            out,
            "<mxCell id='w{place}' parent='1' edge='1' source='s{}' target='s{}' value='{}' \
             style='edgeStyle=orthogonalEdgeStyle;html=0;endArrow=none;rounded=1;{look}'>\
             <mxGeometry relative='1' as='geometry'/></mxCell>",
            wire.from,
            wire.to,
            escape(&wire.label),
        );
    }
    out.push_str("</root></mxGraphModel></diagram></mxfile>\n");
    out
}
