//! What people declare, ask and compare for one site, which the site is told at the next meeting.

use std::io::{self, Write};

use sekisho_desk::{self as desk, Desk};
use sekisho_ledger::Intake;
use sekisho_report::Lang;

use crate::cli::{Form, InquiryCommand, OfSite};
use crate::config::Config;

/// Notes and lists inquiries.
pub(crate) fn inquiry(command: &InquiryCommand, config: &Config, lang: Lang) -> anyhow::Result<()> {
    match command {
        InquiryCommand::Add(args) => of(args, config, lang, desk::add),
        InquiryCommand::Answer(args) => of(args, config, lang, desk::answer),
        InquiryCommand::List(args) => list(args, config, lang, desk::inquiries),
    }
}

/// Lists in the form asked for.
pub(crate) fn list(
    args: &OfSite<Form>,
    config: &Config,
    lang: Lang,
    list: impl FnOnce(&Desk<'_>, desk::ListFormat, &mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    of(args, config, lang, |at, form, out| list(at, form.format, out))
}

/// Does something for a site, and tells of it.
pub(crate) fn of<T: clap::Args>(
    args: &OfSite<T>,
    config: &Config,
    lang: Lang,
    act: impl FnOnce(&Desk<'_>, &T, &mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (database, zone) = (config.database(), sekisho_report::zone());
    // A site that was added may have sent nothing yet.
    let members = Intake::open(&database)?.members()?;
    let may_be_new = args.site.as_ref().is_some_and(|site| members.iter().any(|member| member.site == *site));
    let desk = Desk {
        ledger: database.as_ref(),
        site: args.site.as_deref(),
        may_be_new,
        lang,
        zone: &zone,
        width: None,
    };
    let mut out = io::stdout().lock();
    act(&desk, &args.what, &mut out)?;
    Ok(out.flush()?)
}
