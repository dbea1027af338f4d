//! `import-list`: the hospital's own list into the ledger, or only a preview of what that would do.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};

use anyhow::{Context, bail};
use jiff::Timestamp;
use sekisho_api::{Connection, Registration, Terms};
use sekisho_ledger::{Declared, Entered, Ledger, Query, Reader};
use sekisho_report::import::{Fate, ImportError, List, MAX_FILE_BYTES, Preview, preview, read};
use sekisho_report::{fill, is_proposal};

use crate::{Desk, ImportList};

/// Imports a list, or shows what that would do.
pub fn run(desk: &Desk<'_>, args: &ImportList, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = args.by.as_deref().map(|by| desk.named(by)).transpose()?.unwrap_or_default();
    let file = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let list = listed(desk, args, &file)?;
    if args.dry_run {
        return import(desk, &Target::Look(&desk.look()?), (&file, &by), &list, out);
    }
    let ledger = desk.open()?;
    import(desk, &Target::Enter(std::cell::RefCell::new(ledger)), (&file, &by), &list, out)
}

/// The ledger, to look into or to enter into.
enum Target<'l> {
    Look(&'l Reader),
    Enter(std::cell::RefCell<Ledger>),
}

fn import(
    desk: &Desk<'_>,
    target: &Target<'_>,
    (file, by): (&str, &str),
    list: &List,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let lang = desk.lang;
    let planned = match target {
        Target::Look(ledger) => plan(desk, ledger, (file, by), list)?,
        Target::Enter(ledger) => plan(desk, &ledger.borrow(), (file, by), list)?,
    };
    let Plan { site, declared, fates } = planned;
    write!(out, "{}", preview(&Preview { file, list, fates: &fates }, lang))?;
    let skipped = fates.iter().filter(|fate| matches!(fate, Fate::Skipped(_))).count();
    let told = match target {
        Target::Look(_) => {
            let met =
                fates.iter().filter(|fate| matches!(fate, Fate::Entered(numbers) if !numbers.is_empty()));
            let values: [(&str, &dyn Display); 3] =
                [("declared", &declared.len()), ("met", &met.count()), ("skipped", &skipped)];
            fill(lang, "import.dry", &values)
        }
        Target::Enter(ledger) => {
            let done = ledger.borrow_mut().register(&site, &declared, Timestamp::now())?;
            let count = |wanted: Entered| done.iter().filter(|entered| **entered == wanted).count();
            let values: [(&str, &dyn Display); 4] = [
                ("new", &count(Entered::New)),
                ("changed", &count(Entered::Changed)),
                ("same", &count(Entered::Same)),
                ("skipped", &skipped),
            ];
            fill(lang, "import.done", &values)
        }
    };
    Ok(writeln!(out, "{told}")?)
}

fn listed(desk: &Desk<'_>, args: &ImportList, file: &str) -> anyhow::Result<List> {
    let lang = desk.lang;
    let open = || format!("cannot read {}", args.file.display());
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    File::open(&args.file).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).with_context(open)?;
    match read(&bytes, desk.zone) {
        Ok(list) => Ok(list),
        Err(ImportError::TooLong) => {
            bail!("{}", fill(lang, "import.too-long", &[("file", &file), ("limit", &(MAX_FILE_BYTES >> 20))]))
        }
        Err(ImportError::NotAList) => bail!("{}", fill(lang, "import.not-a-list", &[("file", &file)])),
        Err(error) => bail!("{}", fill(lang, "import.unreadable", &[("file", &file), ("detail", &error)])),
    }
}

/// What is to be entered.
struct Plan {
    site: String,
    declared: Vec<Declared>,
    fates: Vec<Fate>,
}

fn plan(desk: &Desk<'_>, ledger: &Reader, (file, by): (&str, &str), list: &List) -> anyhow::Result<Plan> {
    let site = desk.site_to_declare(ledger)?;
    let connections = connections(ledger, &site)?;
    let held = ledger.registrations(Some(&site))?;
    let held: BTreeMap<String, Registration> =
        held.into_iter().map(|known| (known.row.id.clone(), known.row)).collect();
    let (mut declared, mut fates) = (Vec::new(), Vec::new());
    for line in &list.lines {
        if let Some(reason) = line.declares_nothing {
            fates.push(Fate::Skipped(reason));
            continue;
        }
        let said = &line.registration;
        let connection = line.number.and_then(|number| connections.get(&number));
        let terms = said_by_people(&said.terms, connection);
        let mut one = Declared {
            registration: Registration { terms: terms.clone(), ..said.clone() },
            connection: None,
        };
        if let Some(known) = held.get(&said.id) {
            // Our own list again: the registration itself, with what people changed of it.
            one.registration = Registration { terms, ..known.clone() };
        } else if line.number.is_some() {
            let Some(connection) = connection else {
                fates.push(Fate::Skipped("import.no-such-number"));
                continue;
            };
            one = Declared::of(connection);
            one.registration.terms = terms;
        } else if said.device.is_empty() && said.outside.is_empty() {
            fates.push(Fate::Skipped("import.no-keys"));
            continue;
        }
        one.registration.zone.clone_from(&said.zone);
        by.clone_into(&mut one.registration.by);
        one.registration.source = Some(fill(
            desk.lang,
            "import.source",
            &[("file", &file), ("sheet", &list.sheet), ("line", &line.line)],
        ));
        declared.push(one);
        fates.push(Fate::Entered(Vec::new()));
    }
    let registrations: Vec<Registration> = declared.iter().map(|one| one.registration.clone()).collect();
    let mut fitting = ledger.fitting(&site, &registrations)?.into_iter();
    for fate in &mut fates {
        if let Fate::Entered(numbers) = fate {
            *numbers = fitting.next().unwrap_or_default();
        }
    }
    Ok(Plan { site, declared, fates })
}

/// Leaves out what our own list proposed and nobody changed.
fn said_by_people(terms: &Terms, connection: Option<&Connection>) -> Terms {
    let said = |text: &Option<String>| {
        text.clone().filter(|text| !connection.is_some_and(|row| is_proposal(row, text)))
    };
    Terms { purpose: said(&terms.purpose), vendor: said(&terms.vendor), ..terms.clone() }
}

/// Reads the connections by number: those of the list, without the hours.
fn connections(ledger: &Reader, site: &str) -> anyhow::Result<BTreeMap<i64, Connection>> {
    let mut found = BTreeMap::new();
    let query = Query { site: Some(site.to_owned()), without_hours: true, ..Query::default() };
    ledger.visit(&query, |sited| {
        if let Some(number) = sited.row.number {
            found.insert(number, sited.row);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found)
}
