//! What people do at the command line of agent and collector alike: they declare connections, import the
//! hospital's own list, ask, and compare two visits.
//!
//! The options and what is done are here; which ledger and site that is of, and where the words go, is the
//! program's. It writes beside whoever records into the same ledger. Beside that, where both programs' logs go.

#![forbid(unsafe_code)]

mod diff;
mod import_list;
mod inquiry;
mod journal;
mod options;
mod register;

use std::io::Write;
use std::path::Path;

use anyhow::bail;
use jiff::tz::TimeZone;
use sekisho_ledger::{Ledger, Reader};
use sekisho_report::{Lang, fill, text};

pub use diff::run as diff;
pub use import_list::run as import_list;
pub use inquiry::{add, answer, listed as inquiries};
pub use journal::Log;
pub use options::{Diff, ImportList, InquiryAdd, InquiryAnswer, ListFormat, Register, Unregister};
pub use register::{register, registrations_of as registrations, unregister};

/// Where people do it.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'d> {
    /// The ledger: a file, or the address of a database.
    pub ledger: &'d Path,
    /// The site that is named.
    pub site: Option<&'d str>,
    /// Whether that may be one of which the ledger has nothing yet.
    pub may_be_new: bool,
    /// The language of the words.
    pub lang: Lang,
    /// The zone of days and times.
    pub zone: &'d TimeZone,
    /// The width of a table; none where nobody looks.
    pub width: Option<u16>,
}

impl Desk<'_> {
    /// Opens the ledger to read.
    fn look(&self) -> anyhow::Result<Reader> {
        Ok(Ledger::read_only(self.ledger)?)
    }

    /// Opens the ledger to write beside others. It must be there: a mistyped path is no new ledger.
    fn open(&self) -> anyhow::Result<Ledger> {
        // An older ledger is brought up to date by the writer; that it is there at all, the reader tells.
        if !sekisho_ledger::is_address(self.ledger) && !self.ledger.exists() {
            Ledger::read_only(self.ledger)?;
        }
        Ok(Ledger::beside(self.ledger)?)
    }

    /// The site that is named, else the only one there is.
    fn site(&self, ledger: &Reader) -> anyhow::Result<String> {
        if let Some(named) = self.site.filter(|_| self.may_be_new)
            && ledger.site_names()?.iter().all(|site| site != named)
        {
            bail!("{}", fill(self.lang, "register.nothing-yet", &[("site", &named)]))
        }
        if let Some(site) = site(ledger, self.site, false, self.lang)? {
            return Ok(site);
        }
        let Some(site) = ledger.site_names()?.into_iter().next() else {
            bail!("{}", text(self.lang, "register.no-site"))
        };
        Ok(site)
    }

    /// The site to declare something of: the one that is named, which may be new, else the only one there is.
    fn site_to_declare(&self, ledger: &Reader) -> anyhow::Result<String> {
        match self.site {
            Some(named) if self.may_be_new || ledger.site_names()?.is_empty() => Ok(named.to_owned()),
            _ => self.site(ledger),
        }
    }

    /// Tells what was done.
    fn say(
        &self,
        out: &mut dyn Write,
        key: &str,
        values: &[(&str, &dyn std::fmt::Display)],
    ) -> anyhow::Result<()> {
        Ok(writeln!(out, "{}", fill(self.lang, key, values))?)
    }

    /// A name, which the history must have.
    fn named(&self, by: &str) -> anyhow::Result<String> {
        let by = by.trim();
        if by.is_empty() {
            bail!("{}", text(self.lang, "register.no-name"))
        }
        Ok(by.to_owned())
    }
}

/// The site asked for, which must be there: a mistyped name is not an empty hospital. Rows of several
/// sites bear the same numbers, so only JSON, which names the site in each, shows them together.
pub fn site(ledger: &Reader, asked: Option<&str>, json: bool, lang: Lang) -> anyhow::Result<Option<String>> {
    let sites = ledger.site_names()?;
    let names = sites.join(", ");
    match asked {
        Some(wanted) if sites.iter().all(|site| site != wanted) => {
            bail!("{}", fill(lang, "error.no-such-site", &[("site", &wanted), ("sites", &names)]))
        }
        None if sites.len() > 1 && !json => {
            bail!("{}", fill(lang, "error.several-sites", &[("sites", &names)]))
        }
        wanted => Ok(wanted.map(str::to_owned)),
    }
}
