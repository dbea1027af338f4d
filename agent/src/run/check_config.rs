//! `check-config`: tells whether the daemon could run with a configuration, and what to correct; and what the
//! collector handed down to the box, with what became of it.

use std::io::{self, Write};

use sekisho_report::{Lang, fill};

use super::config;
use crate::cli::CheckConfig;
use crate::output;

/// Checks a configuration; what is wrong is the error.
pub(crate) fn check_config(args: &CheckConfig, lang: Lang) -> anyhow::Result<()> {
    let loaded = config::load(&args.path)?;
    for doubt in &loaded.doubts {
        output::tell(&doubt.words(&args.path, lang), lang);
    }
    writeln!(io::stdout(), "{}", fill(lang, "config.sound", &[("path", &args.path.display())]))?;
    for handed in &loaded.config.handed {
        writeln!(io::stdout(), "{}", handed.words(lang))?;
    }
    Ok(())
}
