//! Boxes, wires and words with their places: what both kinds of file are written from.
//!
//! Lengths are in CSS pixels, from the top left. Texts are safe to show, and not yet escaped for any file.

/// A page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// The language's tag, for screen readers and for the choice of glyphs.
    pub(crate) lang: &'static str,
    pub(crate) title: String,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) wires: Vec<Wire>,
}

/// A box with lines of text.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) at: Place,
    pub(crate) look: Look,
    pub(crate) lines: Vec<Line>,
}

/// Where a box is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A line of text in a box.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// How a line reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    /// A heading.
    Head,
    /// Text.
    Plain,
    /// Less important.
    Faint,
    /// What somebody must look at.
    Alarm,
    /// A tunnel that is known.
    Strong,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Look {
    /// Words without a box.
    Words,
    Title,
    Outside,
    Exit,
    UnknownExit,
    Lan,
    Read,
    Announced,
    Unmanaged,
    Drawn,
    Group,
}

/// A wire between two boxes, by their places in the list.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Its corners; the first and the last are at the boxes.
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) kind: WireKind,
    pub(crate) label: String,
}

/// What a wire stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WireKind {
    /// To the outside.
    Line,
    /// Seen.
    Seen,
    /// Concluded, or decided by a person.
    Concluded,
}

/// The height of a line of text.
pub(crate) const LINE: f64 = 17.0;
/// The room between a box and its text.
pub(crate) const PADDING: f64 = 9.0;

impl Tone {
    /// The size of its letters.
    pub(crate) const fn size(self) -> f64 {
        match self {
            Self::Head => 13.0,
            Self::Plain | Self::Alarm | Self::Strong => 12.0,
            Self::Faint => 11.0,
        }
    }
}

impl Line {
    /// Makes a line that fits a width: what is too long ends in an ellipsis.
    pub(crate) fn new(tone: Tone, text: &str, width: f64) -> Self {
        Self { text: fit(text, (width - 2.0 * PADDING) / tone.size()), tone }
    }
}

/// The height of a box with so many lines.
pub(crate) fn height(lines: usize) -> f64 {
    length(lines) * LINE + 2.0 * PADDING - 3.0
}

/// A number of things as a length.
pub(crate) fn length(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// The width of a letter in parts of its size, by what fonts of both scripts have in common: whole for
/// Japanese, some half for Latin. A little too wide, so that nothing runs over.
fn wide(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '(' | ')' | '[' | ']' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        'A'..='Z' => 0.7,
        '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{2ff}' | '\u{ff61}'..='\u{ff9f}' => 0.58,
        _ => 1.0,
    }
}

/// The width of a text in parts of its size.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(wide).sum()
}

/// Cuts a text to a width in parts of its size.
fn fit(text: &str, most: f64) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut left = most - 1.0;
    let kept = text.chars().take_while(|c| {
        left -= wide(*c);
        left >= 0.0
    });
    let mut cut: String = kept.collect();
    cut.push('…');
    cut
}

/// Escapes a text for XML (XML 1.0 §2.4), and replaces what XML cannot hold (§2.2).
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '\u{22}' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ if c.is_control() => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

impl Scene {
    /// Adds a box, and gives its place in the list.
    pub(crate) fn add(&mut self, look: Look, at: Place, lines: Vec<Line>) -> usize {
        self.shapes.push(Shape { at, look, lines });
        self.shapes.len() - 1
    }

    /// Gives where a box is.
    pub(crate) fn place(&self, shape: usize) -> Place {
        self.shapes.get(shape).map(|shape| shape.at).unwrap_or_default()
    }
}
