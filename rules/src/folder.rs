//! A site's own rules: a folder, or one file, in; each rule or what is wrong with it out.
//!
//! What people write is held to more than what comes with the program: its vectors as well.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::rule::Rule;
use crate::written::File;
use crate::{Place, RuleError};

/// Folders within folders; more is a link that leads back up.
const MAX_DEPTH: usize = 8;
/// Rules about what SNMP objects tell have a form, and a loader, of their own.
const DEVICE: &str = "device";
/// Many times what comes with the program; more is surely not a folder of rules.
const MAX_FILES: usize = 10_000;
/// Many times the longest rule.
const MAX_BYTES: u64 = 1 << 20;

/// Reads the rules of a folder, by path, or of one file, each checked; fails where the folder itself cannot
/// be read.
pub fn rules(path: &Path) -> Result<Vec<Result<Rule, RuleError>>, RuleError> {
    if path.is_file() {
        return Ok(vec![one(path, None)]);
    }
    let mut files = Vec::new();
    list(path, path, MAX_DEPTH, &mut files)?;
    files.sort();
    Ok(files.iter().map(|file| one(file, Some(path))).collect())
}

/// Reads one file. Its id is its path in the folder; of a file alone, what the file says it is.
fn one(path: &Path, folder: Option<&Path>) -> Result<Rule, RuleError> {
    let text = text(path)?;
    let id = folder.and_then(|folder| path.strip_prefix(folder).ok());
    let id = id.map(|id| id.with_extension("").to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"));
    parse(path, id, &text)
}

/// Reads a rule from its text.
pub(crate) fn parse(path: &Path, id: Option<String>, text: &str) -> Result<Rule, RuleError> {
    let place = |line| Place { path: path.to_owned(), line };
    let file: File = toml::from_str(text).map_err(|source| {
        let before = source.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let id = id.clone().unwrap_or_else(|| path.with_extension("").to_string_lossy().into_owned());
        RuleError::Form { place: place(line), id, source: Box::new(source) }
    })?;
    let id = id.unwrap_or_else(|| file.id.clone());
    let fault =
        |fault: crate::Fault| RuleError::Fault { place: place(fault.line(text)), id: id.clone(), fault };
    Rule::tried(&id, file).map_err(fault)
}

fn text(path: &Path) -> Result<String, RuleError> {
    let failed = |source| RuleError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text));
    if read.map_err(failed)? as u64 > MAX_BYTES {
        return Err(RuleError::TooLarge { path: path.to_owned(), max: MAX_BYTES });
    }
    Ok(text)
}

fn list(root: &Path, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), RuleError> {
    let failed = |source| RuleError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if folder == root && path.ends_with(DEVICE) {
            continue;
        }
        if path.is_dir() && depth > 0 {
            list(root, &path, depth - 1, files)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            if files.len() == MAX_FILES {
                return Err(RuleError::TooMany { path: root.to_owned(), max: MAX_FILES });
            }
            files.push(path);
        }
    }
    Ok(())
}
