//! A text in, the commands of each device with their output out, by the prompts in it.
//!
//! `core01# show version` begins the output of a command; so does the bare command on a line of its own, as
//! people write above what they paste. Before the first of either there is output of an unknown command.

use crate::secret;
use crate::{MAX_DEVICES, MAX_LINES, MAX_TEXT_BYTES};

/// Characters of a line that are read: tables of the widest equipment have some 200.
const MAX_LINE_CHARS: usize = 512;
/// Characters of a prompt's name.
const MAX_HOST_CHARS: usize = 64;
/// Characters of a command that are kept as where something was read.
const MAX_COMMAND_CHARS: usize = 80;
/// What commands that are read begin with.
const VERBS: &[&str] = &["show ", "sh ", "get ", "display ", "diagnose "];

/// What one device wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// The name in its prompt.
    pub(crate) host: Option<String>,
    /// The line of that prompt, from 1.
    pub(crate) host_line: usize,
    pub(crate) sections: Vec<Section>,
    /// Lines dropped because they may hold a secret.
    pub(crate) secrets: usize,
    /// Lines beyond what is read.
    pub(crate) cut_off: usize,
}

/// The output of one command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section {
    /// The command in small letters, with one space between words; empty where none stands above.
    pub(crate) command: String,
    pub(crate) lines: Vec<Line>,
}

/// A line with its number, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
}

impl Section {
    /// Tells whether the command has all of these words, each as it is or cut short as people type it.
    pub(crate) fn is(&self, words: &[&str]) -> bool {
        let typed: Vec<&str> = self.command.split(' ').skip(1).collect();
        let has = |word: &&str| {
            typed.iter().any(|typed| typed.len() >= 2 && word.starts_with(typed) || typed == word)
        };
        words.iter().all(has)
    }
}

/// Takes a text apart.
pub(crate) fn sessions(text: &str) -> Vec<Session> {
    let mut sessions: Vec<Session> = vec![Session::default()];
    let mut in_block = false;
    for (number, raw) in (1..).zip(cut(text).lines()) {
        let Some(session) = sessions.last_mut() else { break };
        if number > MAX_LINES {
            session.cut_off += 1;
            continue;
        }
        let line = readable(raw);
        if let Some((host, command)) = prompt(&line) {
            in_block = false;
            let is_other = host.is_some() && session.host.is_some() && host != session.host.as_deref();
            if is_other && !change(&mut sessions, host) {
                continue;
            }
            let Some(session) = sessions.last_mut() else { break };
            if let (Some(host), None) = (host, &session.host) {
                (session.host, session.host_line) = (Some(host.to_owned()), number);
            }
            session.sections.push(Section { command, lines: Vec::new() });
            continue;
        }
        in_block |= secret::begins_a_block(&line);
        if in_block || secret::may_hold_one(&line) {
            in_block = in_block && !secret::ends_a_block(&line);
            session.secrets += 1;
            continue;
        }
        if session.sections.is_empty() {
            session.sections.push(Section::default());
        }
        if let Some(section) = session.sections.last_mut() {
            section.lines.push(Line { number, text: line });
        }
    }
    sessions.retain(|session| session.sections.iter().any(|section| !section.lines.is_empty()));
    sessions
}

/// Goes on with another device: a new one, or one that was there before. Tells whether there was room.
fn change(sessions: &mut Vec<Session>, host: Option<&str>) -> bool {
    if let Some(at) = sessions.iter().position(|known| known.host.as_deref() == host) {
        let known = sessions.remove(at);
        sessions.push(known);
        return true;
    }
    if sessions.len() < MAX_DEVICES {
        sessions.push(Session::default());
        return true;
    }
    if let Some(session) = sessions.last_mut() {
        session.cut_off += 1;
    }
    false
}

/// The part of a text that is read, at the edge of a character.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A line without what drives a terminal, such as the pager's backspaces, and no longer than lines are.
fn readable(line: &str) -> String {
    let line = line.trim_end().trim_start_matches('\u{feff}');
    let line = line.strip_prefix("--More--").or_else(|| line.strip_prefix("---つづく---")).unwrap_or(line);
    let line = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control());
    line.take(MAX_LINE_CHARS).collect()
}

/// Takes a prompt with a command, or a bare command, apart; the command in its plain form.
fn prompt(line: &str) -> Option<(Option<&str>, String)> {
    let plain = |command: &str| {
        let words = command.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        words.chars().take(MAX_COMMAND_CHARS).collect::<String>()
    };
    let is_command = |text: &str| {
        let text = text.trim_start().to_lowercase();
        VERBS.iter().any(|verb| text.starts_with(verb)) && text.len() <= 2 * MAX_COMMAND_CHARS
    };
    if line.starts_with(|c: char| c.is_alphabetic()) && is_command(line) {
        return Some((None, plain(line)));
    }
    let at = line.find(['#', '>', '$'])?;
    let (host, rest) = line.split_at_checked(at)?;
    let command = rest.get(1..)?;
    // `Router(config)`, `[RTX830]`, `fw01 (global)`: the name is the first word.
    let host = host.trim().trim_start_matches(['[', '<']).split(['(', ' ', ']', '/', ':']).next()?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    if !is_command(command) || host.chars().count() > MAX_HOST_CHARS || !host.chars().all(is_name) {
        return None;
    }
    let host = host.rsplit('@').next().filter(|host| !host.is_empty());
    Some((host, plain(command)))
}
