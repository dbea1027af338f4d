//! What is wrong with a configuration: where, and in the words of the catalogue what to do about it.

use std::fmt::{self, Display};
use std::path::PathBuf;

use sekisho_report::{Lang, fill, text};

/// One thing that is wrong, or doubtful, at one place of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Problem {
    /// The line, from 1; `None` where the whole file is meant.
    pub(crate) line: Option<usize>,
    /// The text's name in the catalogue's section `config`.
    pub(crate) name: &'static str,
    /// What the text's places are filled with.
    pub(crate) values: Vec<(&'static str, String)>,
}

impl Problem {
    /// Words the problem in Japanese and in English, for whoever asks the daemon in either language.
    pub(crate) fn both(&self) -> [String; 2] {
        super::handed::both(self.name, &self.values)
    }

    /// Words the problem with its place, as `agent.toml:12: …`.
    pub(crate) fn words(&self, path: &std::path::Path, lang: Lang) -> String {
        let values: Vec<(&str, &dyn Display)> =
            self.values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        let words = fill(lang, &format!("config.{}", self.name), &values);
        match self.line {
            Some(line) => format!("{}:{line}: {words}", path.display()),
            None => format!("{}: {words}", path.display()),
        }
    }
}

/// A configuration that cannot be run with.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Refused {
    /// The file.
    pub(crate) path: PathBuf,
    /// Everything that is wrong, in the order of the file.
    pub(crate) problems: Vec<Problem>,
}

impl Refused {
    /// Words every problem, one a line.
    pub(crate) fn words(&self, lang: Lang) -> String {
        let words: Vec<String> =
            self.problems.iter().map(|problem| problem.words(&self.path, lang)).collect();
        format!("{}\n{}", text(lang, "config.refused"), words.join("\n"))
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> =
            self.problems.iter().map(|problem| problem.words(&self.path, Lang::En)).collect();
        f.write_str(&words.join("; "))
    }
}
