//! `console`, and `[console]` of the daemon: the pages over the ledger.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use sekisho_console::{Console, Settings};
use sekisho_ledger::{LedgerError, is_address};
use sekisho_report::{Lang, fill};
use tokio::runtime::{Builder, Runtime};

use crate::capture::live::{self, Keep};
use crate::run::{Backoff, Door};
use crate::{cli, output};

/// Threads that wait for the ledger and for hashes: the console bounds both below this.
const WAITING_THREADS: usize = 4;

/// Serves a ledger until it is stopped.
pub(crate) fn run(args: &cli::Console, lang: Lang) -> anyhow::Result<()> {
    if !is_address(&args.db) && !args.db.exists() {
        // Before a folder is made beside it, and a code printed.
        return Err(LedgerError::Missing { path: args.db.clone() }.into());
    }
    let runtime = runtime()?;
    runtime.block_on(async {
        let console = open(&args.db, args.state.clone(), args.listen).await?;
        announce(&console, lang)?;
        tokio::select! {
            never = console.serve() => match never {},
            stopped = stopped() => stopped,
        }
    })?;
    // A page under way on a waiting thread is not waited for.
    runtime.shutdown_background();
    Ok(())
}

/// Serves the daemon's ledger from a thread of its own, for as long as the process lives. Where that cannot be
/// done now, it is tried again.
pub(crate) fn start(ledger: &Path, door: &Arc<Door>, lang: Lang) -> anyhow::Result<()> {
    let (ledger, door) = (ledger.to_owned(), Arc::clone(door));
    let serve = move || {
        // It answers strangers: no right is of use to it.
        if let Err(error) = live::drop_privileges(Keep::Nothing) {
            door.fails(&error.into());
            return;
        }
        let mut backoff = Backoff::default();
        loop {
            match alone(&ledger, door.address(), lang) {
                Ok((runtime, console)) => {
                    door.opens();
                    match runtime.block_on(console.serve()) {}
                }
                Err(error) => door.fails(&error),
            }
            thread::sleep(backoff.wait());
        }
    };
    let started = thread::Builder::new().name("console".to_owned()).spawn(serve);
    started.map(drop).context("cannot start the console's thread")
}

/// Opens a console with a runtime of its own.
fn alone(ledger: &Path, listen: SocketAddr, lang: Lang) -> anyhow::Result<(Runtime, Console)> {
    let runtime = runtime()?;
    let console = runtime.block_on(open(ledger, None, listen))?;
    announce(&console, lang)?;
    Ok((runtime, console))
}

fn runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(WAITING_THREADS).build();
    runtime.context("cannot start the console's runtime")
}

async fn open(ledger: &Path, state: Option<PathBuf>, listen: SocketAddr) -> anyhow::Result<Console> {
    let state = state.unwrap_or_else(|| Settings::state_beside(ledger));
    let settings = Settings { ledger: ledger.to_owned(), state, listen, zone: output::zone() };
    Ok(Console::open(settings).await?)
}

/// Prints what whoever installs the box needs: the address, the certificate's fingerprint, the code.
fn announce(console: &Console, lang: Lang) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", fill(lang, "console.listening", &[("address", &console.address()?)]))?;
    writeln!(out, "{}", fill(lang, "console.fingerprint", &[("fingerprint", &console.fingerprint())]))?;
    if let Some(code) = console.code() {
        writeln!(out, "{}", fill(lang, "console.printed-code", &[("code", &code)]))?;
    }
    Ok(out.flush()?)
}

async fn stopped() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
