//! What strangers wrote, made fit to be shown: names on the wire may hold escapes that drive a
//! terminal, marks that turn the reading direction round, and text without end.
//!
//! What could not be shown is replaced, not dropped, so that a reader sees that something was there.

use std::borrow::Cow;

/// Stands for a character that is not shown.
const REPLACED: char = char::REPLACEMENT_CHARACTER;
const ELLIPSIS: char = '…';
/// Lines of an error: a configuration in which every prefix of its longest list is wrong.
const MAX_LINES: usize = 2_000;
/// Characters of one: the longest path that systems take (`PATH_MAX`), with words around it.
const MAX_LINE_CHARS: usize = 5_000;

/// Makes a text safe for one line of a screen or a sheet, of `max_chars` characters at most.
#[must_use]
pub fn clean(text: &str, max_chars: usize) -> Cow<'_, str> {
    let fits = text.len() <= max_chars || text.chars().nth(max_chars).is_none();
    if fits && text.chars().all(|c| shown(c) == c) {
        return Cow::Borrowed(text);
    }
    let kept = if fits { max_chars } else { max_chars.saturating_sub(1) };
    let mut out: String = text.chars().take(kept).map(shown).collect();
    if !fits {
        out.push(ELLIPSIS);
    }
    Cow::Owned(out)
}

/// Makes what stopped a command safe for a screen, line by line: it may quote what somebody sent.
#[must_use]
pub fn clean_lines(text: &str) -> String {
    let mut lines = text.lines();
    let mut shown: Vec<_> = lines.by_ref().take(MAX_LINES).map(|line| clean(line, MAX_LINE_CHARS)).collect();
    let beyond = lines.next().map(|_| Cow::Owned(ELLIPSIS.to_string()));
    shown.extend(beyond);
    shown.join("\n")
}

/// Gives the character to show for one that was sent.
fn shown(c: char) -> char {
    match c {
        // A line of text stays one line.
        '\t' | '\n' | '\r' | '\u{0085}' | '\u{2028}' | '\u{2029}' => ' ',
        // C0 and C1: ESC and CSI begin terminal sequences (ECMA-48 §5.3, §5.4).
        _ if c.is_control() || turns_direction(c) || is_invisible(c) => REPLACED,
        _ => c,
    }
}

/// Bidirectional marks, embeddings, overrides and isolates (UAX #9 §2).
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without a glyph, by which two names look alike, and tags that hide text.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mislead_is_replaced() {
        // (sent, shown, why)
        let cases = [
            ("ct01", "ct01", "an honest name"),
            ("放射線科CT　１号機", "放射線科CT　１号機", "Japanese, with a wide space"),
            ("a\u{1b}[31mred\u{1b}[0m", "a\u{fffd}[31mred\u{fffd}[0m", "an ANSI escape"),
            ("\u{9b}2J", "\u{fffd}2J", "the one-character form of the same"),
            ("\u{1b}]8;;http://x\u{7}y", "\u{fffd}]8;;http://x\u{fffd}y", "a hidden link"),
            ("a\r\nb\tc", "a  b c", "more lines, a tab"),
            ("nul\0", "nul\u{fffd}", "NUL"),
            ("\u{202e}gpj.exe", "\u{fffd}gpj.exe", "right-to-left override"),
            ("\u{2066}a\u{2069}", "\u{fffd}a\u{fffd}", "isolates"),
            ("pa\u{200b}cs", "pa\u{fffd}cs", "a space without width"),
            ("\u{e0041}", "\u{fffd}", "a tag"),
        ];
        for (sent, expected, why) in cases {
            assert_eq!(clean(sent, 100), expected, "{why}");
        }
    }

    #[test]
    fn lines_stay_lines_and_are_bounded() {
        assert_eq!(clean_lines("first\nsecond\u{1b}[2J\n"), "first\nsecond\u{fffd}[2J");
        let endless = format!("{}\n", "x".repeat(MAX_LINE_CHARS * 2)).repeat(MAX_LINES * 2);
        let shown = clean_lines(&endless);
        assert_eq!(shown.lines().count(), MAX_LINES + 1);
        assert!(shown.lines().all(|line| line.chars().count() <= MAX_LINE_CHARS && line.ends_with('…')));
    }

    #[test]
    fn long_text_is_cut_by_characters_and_says_so() {
        for max in 1..8 {
            let cut = clean("病病病病病病病病", max);
            assert_eq!(cut.chars().count(), max);
            assert!(cut.ends_with(ELLIPSIS));
        }
        assert_eq!(clean("病病病", 3), "病病病");
    }
}
