//! A filter's text, split into words and signs.

use super::{FilterError, Problem};

/// A word or a sign, and the column it starts at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) column: usize,
}

/// Signs of their own; the longer ones first.
const SIGNS: [&str; 5] = ["&&", "||", "(", ")", "!"];

/// Splits a filter's text.
pub(super) fn split(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let len = if first.is_whitespace() { first.len_utf8() } else { token_len(rest) };
        if len == 0 {
            return Err(FilterError { column, problem: Problem::Character { found: first } });
        }
        let Some((token, after)) = rest.split_at_checked(len) else { break };
        if !first.is_whitespace() {
            tokens.push(Token { text: token, column });
        }
        column += token.chars().count();
        rest = after;
    }
    Ok(tokens)
}

fn token_len(text: &str) -> usize {
    let sign = SIGNS.iter().find(|sign| text.starts_with(**sign));
    sign.map_or_else(|| text.find(|c| !is_word(c)).unwrap_or(text.len()), |sign| sign.len())
}

/// Words are keywords, numbers, ranges and addresses.
const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/' | '-' | '_')
}
