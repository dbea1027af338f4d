//! A site's own rules: a folder, or one file, in; each rule or what is wrong with it out.
//!
//! What people write is held to more than what comes with the program: its vectors as well.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::device::{self, DeviceRules};
use crate::rule::Rule;
use crate::written::File;
use crate::{Place, RuleError};

/// Folders within folders; more is a link that leads back up.
const MAX_DEPTH: usize = 8;
/// Where rules about what SNMP objects tell are: they have a form of their own.
const DEVICE: &str = "device";
/// Octets of an id.
const MAX_ID_BYTES: usize = 100;
/// Many times what comes with the program; more is surely not a folder of rules.
const MAX_FILES: usize = 10_000;
/// Many times the longest rule.
const MAX_BYTES: u64 = 1 << 20;

/// Reads the rules of a folder, by path, or of one file, each checked; fails where the folder itself cannot
/// be read.
pub fn rules(path: &Path) -> Result<Vec<Result<Rule, RuleError>>, RuleError> {
    if path.is_file() {
        let is_of_device = text(path).is_ok_and(|text| is_of_device(&text));
        return Ok(if is_of_device { vec![] } else { vec![one(path, None)] });
    }
    let mut files = Vec::new();
    list(path, path, MAX_DEPTH, &mut files)?;
    files.sort();
    Ok(files.iter().map(|file| one(file, Some(path))).collect())
}

/// Lays the rules about devices in a folder's `device/`, or of one file, over others; gives their ids, and
/// what is wrong with the rest. Fails where the folder itself cannot be read.
pub fn lay_devices(rules: &mut DeviceRules, path: &Path) -> Result<(Vec<String>, Vec<RuleError>), RuleError> {
    let mut files = Vec::new();
    let folder = path.join(DEVICE);
    if folder.is_dir() {
        list(&folder, &folder, MAX_DEPTH, &mut files)?;
        files.sort();
    } else if path.is_file() && is_of_device(&text(path)?) {
        files.push(path.to_owned());
    }
    let (mut written, mut faults) = (Vec::new(), Vec::new());
    for file in &files {
        match of_device(file, path) {
            Ok(rule) => written.push(rule),
            Err(error) => faults.push(error),
        }
    }
    let mut ids: Vec<String> = written.iter().map(|(id, _)| id.clone()).collect();
    for (id, source) in rules.lay(written) {
        ids.retain(|sound| *sound != id);
        let path = if path.is_file() { path.to_owned() } else { path.join(id).with_extension("toml") };
        faults.push(RuleError::Device { path, source: Box::new(source) });
    }
    Ok((ids, faults))
}

/// Gives the file of a rule in a folder, by its id; nothing for an id that is no path of plain names.
#[must_use]
pub fn place(folder: &Path, id: &str) -> Option<PathBuf> {
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    let is_plain = id.len() <= MAX_ID_BYTES && id.split('/').count() <= MAX_DEPTH && id.split('/').all(plain);
    is_plain.then(|| folder.join(id).with_extension("toml"))
}

/// Tells whether a file alone is about devices: its id says so.
fn is_of_device(text: &str) -> bool {
    let id = text.parse::<toml::Table>().ok().and_then(|table| table.get("id")?.as_str().map(str::to_owned));
    id.is_some_and(|id| id.split('/').next() == Some(DEVICE))
}

/// Reads a rule about devices, with its id: its path in the folder; of a file alone, what the file says.
fn of_device(path: &Path, folder: &Path) -> Result<(String, device::File), RuleError> {
    let text = text(path)?;
    let id = path.strip_prefix(folder).ok().filter(|id| !id.as_os_str().is_empty());
    let id = id.map(|id| id.with_extension("").to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"));
    let file: device::File = form(path, id.as_deref(), &text)?;
    Ok((id.unwrap_or_else(|| file.id.clone()), file))
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
    let file: File = form(path, id.as_deref(), text)?;
    let id = id.unwrap_or_else(|| file.id.clone());
    let fault = |fault: crate::Fault| {
        let place = Place { path: path.to_owned(), line: fault.line(text) };
        RuleError::Fault { place, id: id.clone(), fault }
    };
    Rule::tried(&id, file).map_err(fault)
}

/// Reads a file's form; tells the line that is not as a rule is written.
fn form<T: DeserializeOwned>(path: &Path, id: Option<&str>, text: &str) -> Result<T, RuleError> {
    toml::from_str(text).map_err(|source| {
        let before = source.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let id = id.map_or_else(|| path.with_extension("").to_string_lossy().into_owned(), str::to_owned);
        RuleError::Form { place: Place { path: path.to_owned(), line }, id, source: Box::new(source) }
    })
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
