//! One value at a time: parsed, bounded, and what is wrong noted with its line.
//!
//! A value that is wrong stands in as its default, so that everything else is checked, too.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sekisho_enrich::Prefix;
use toml::Spanned;

use super::Problem;
use super::handed::Handing;

/// A text's name in the catalogue's section `config`, and what its places are filled with.
pub(super) type Fault = (&'static str, Vec<(&'static str, String)>);

/// A name in the ledger heads a sheet and a column: longer is a mistake of pasting.
const MAX_NAME_CHARS: usize = 100;
/// More prefixes than the largest hospital group has are a list of something else.
const MAX_PREFIXES: usize = 1_000;

/// The text, and what was found in it so far.
pub(super) struct Checker<'t> {
    /// The file's text.
    pub(super) text: &'t str,
    /// What stops the daemon.
    pub(super) problems: Vec<Problem>,
    /// What a person should look at.
    pub(super) doubts: Vec<Problem>,
    /// What the collector handed down.
    pub(super) handing: Handing,
}

impl Checker<'_> {
    /// A name in the ledger.
    pub(super) fn name(&mut self, name: &Spanned<String>) -> String {
        let trimmed = name.get_ref().trim();
        if trimmed.is_empty()
            || trimmed.chars().count() > MAX_NAME_CHARS
            || trimmed.chars().any(char::is_control)
        {
            self.wrong(name, ("bad-name", vec![("max", MAX_NAME_CHARS.to_string())]));
        }
        trimmed.to_owned()
    }

    /// An address with a port.
    pub(super) fn address(&mut self, written: &Spanned<String>) -> Option<SocketAddr> {
        let address: Option<SocketAddr> = written.get_ref().trim().parse().ok();
        let address = address.filter(|address| address.port() != 0);
        if address.is_none() {
            self.wrong(written, ("bad-address", vec![("value", written.get_ref().clone())]));
        }
        address
    }

    /// Prefixes in CIDR form.
    pub(super) fn prefixes(&mut self, written: &[Spanned<String>]) -> Vec<Prefix> {
        if let Some(beyond) = written.get(MAX_PREFIXES) {
            self.wrong(beyond, ("too-many", vec![("max", MAX_PREFIXES.to_string())]));
        }
        let mut prefixes = Vec::new();
        for text in written.iter().take(MAX_PREFIXES) {
            match Prefix::from_str(text.get_ref()) {
                Ok(prefix) => prefixes.push(prefix),
                Err(_) => self.wrong(text, ("bad-prefix", vec![("value", text.get_ref().clone())])),
            }
        }
        prefixes
    }

    /// A size of at least `min`.
    pub(super) fn size(&mut self, written: Option<&Spanned<String>>, default: u64, min: u64) -> u64 {
        let Some(written) = written else { return default };
        let Some(size) = sekisho_sync::size(written.get_ref()) else {
            self.wrong(written, ("bad-size", vec![("value", written.get_ref().clone())]));
            return default;
        };
        if size < min {
            self.wrong(written, ("size-too-small", vec![("min", format!("{}MiB", min >> 20))]));
            return default;
        }
        size
    }

    /// A time within bounds, each with how it is written.
    pub(super) fn time(
        &mut self,
        written: Option<&Spanned<String>>,
        default: Duration,
        min: (Duration, &str),
        max: (Duration, &str),
    ) -> Duration {
        let Some(written) = written else { return default };
        let Some(time) = sekisho_sync::duration(written.get_ref()) else {
            self.wrong(written, ("bad-duration", vec![("value", written.get_ref().clone())]));
            return default;
        };
        if !(min.0..=max.0).contains(&time) {
            self.wrong(
                written,
                ("out-of-bounds", vec![("min", min.1.to_owned()), ("max", max.1.to_owned())]),
            );
            return default;
        }
        time
    }

    /// A number within bounds.
    pub(super) fn bounded<T: Copy + PartialOrd + ToString>(
        &mut self,
        written: Option<&Spanned<T>>,
        default: T,
        min: T,
        max: T,
    ) -> T {
        let Some(written) = written else { return default };
        let number = *written.get_ref();
        if number < min || number > max {
            self.wrong(written, ("out-of-bounds", vec![("min", min.to_string()), ("max", max.to_string())]));
            return default;
        }
        number
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        written: Option<&Spanned<String>>,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let Some(written) = written else { return default };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| name == written.get_ref()) {
            return *choice;
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let values = vec![("value", written.get_ref().clone()), ("choices", names.join(", "))];
        self.wrong(written, ("bad-choice", values));
        default
    }

    /// A path that is held against the box, also where it is the default.
    pub(super) fn path(
        &mut self,
        written: Option<&Spanned<PathBuf>>,
        default: &str,
        check: fn(&Path) -> Option<Fault>,
    ) -> PathBuf {
        let path = written.map_or_else(|| PathBuf::from(default), |path| path.get_ref().clone());
        if let Some((name, values)) = check(&path) {
            let line = written.map(|path| self.line(path.span().start));
            self.problems.push(Problem { line, name, values });
        }
        path
    }

    /// Notes what is wrong at a place.
    pub(super) fn wrong<T>(&mut self, place: &Spanned<T>, (name, values): Fault) {
        let line = Some(self.line(place.span().start));
        self.problems.push(Problem { line, name, values });
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }
}
