//! What people declare, ask and compare, in the ledger that they name.

use std::io::Write;
use std::path::Path;

use sekisho_desk::{self as desk, Desk};
use sekisho_report::Lang;

use crate::cli::{InquiryCommand, Listing, Place};
use crate::output;
use crate::sink::Sink;

/// Notes and lists inquiries.
pub(crate) fn inquiry(command: &InquiryCommand, lang: Lang) -> anyhow::Result<()> {
    match command {
        InquiryCommand::Add(args) => at(&args.place, lang, |at, out| desk::add(at, &args.what, out)),
        InquiryCommand::Answer(args) => at(&args.place, lang, |at, out| desk::answer(at, &args.what, out)),
        InquiryCommand::List(args) => list(args, lang, desk::inquiries),
    }
}

/// Lists in the form and to the place asked for.
pub(crate) fn list(
    args: &Listing,
    lang: Lang,
    list: impl FnOnce(&Desk<'_>, desk::ListFormat, &mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    to(args.output.as_deref(), &args.place, lang, |desk, out| list(desk, args.format, out))
}

/// Does something in a ledger, and tells of it.
pub(crate) fn at(
    place: &Place,
    lang: Lang,
    act: impl FnOnce(&Desk<'_>, &mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    to(None, place, lang, act)
}

fn to(
    output: Option<&Path>,
    place: &Place,
    lang: Lang,
    act: impl FnOnce(&Desk<'_>, &mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let zone = output::zone();
    let desk = Desk {
        ledger: &place.db,
        site: place.site.as_deref(),
        may_be_new: false,
        lang,
        zone: &zone,
        width: output::width(),
    };
    let mut sink = Sink::open(output, &[&place.db])?;
    act(&desk, &mut sink)?;
    sink.close()
}
