//! Holds the agent against a corpus of captures with known facts:
//! `SEKISHO_CORPUS=DIR corpus-check --agent PROGRAM`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]

use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sekisho_tests::corpus::{Agent, Confusion, index, score};

/// The kinds of captures that are held against their facts.
const KINDS: &[&str] = &["medical", "identity", "ot", "lan-mix", "negative", "ja4", "robust", "flow-export"];
/// In percent of the connections that bear a name.
const MAX_WRONG: usize = 2;

/// Reads every capture of the corpus and prints what the agent did not say, said wrongly or must not say.
/// Ends with 1 where a fact is missing, something benign is called a tunnel, or two names in a hundred or
/// more are wrong.
#[derive(Parser)]
struct Args {
    /// The agent's program.
    #[arg(long)]
    agent: PathBuf,
    /// The corpus: a folder with INDEX.tsv, the captures, and NAME.facts.json beside each; else that of the
    /// environment's `SEKISHO_CORPUS`.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Only captures of this kind.
    #[arg(long)]
    kind: Option<String>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let agent = Agent::new(&args.agent);
    let kinds: Vec<&str> =
        KINDS.iter().copied().filter(|kind| args.kind.as_deref().is_none_or(|only| only == *kind)).collect();
    let corpus = args.corpus.or_else(|| std::env::var_os("SEKISHO_CORPUS").map(PathBuf::from));
    let corpus = corpus.ok_or_else(|| Error::other("neither --corpus nor SEKISHO_CORPUS names a corpus"))?;
    let found = index(&corpus, &kinds)?;
    if found.is_empty() {
        return Err(Error::other(format!("no captures of {kinds:?} in {}", corpus.display())));
    }
    let mut confusion = Confusion::default();
    let mut table = vec!["kind        captures  facts  reported  false alarms  named  wrong".to_owned()];
    let mut good = true;
    for (kind, files) in &found {
        let score = score(&agent, kind, files)?;
        for missed in &score.missed {
            println!("{kind}: not reported: {missed}");
        }
        for false_alarm in &score.false_alarms {
            println!("{kind}: false alarm: {false_alarm}");
        }
        table.push(format!(
            "{kind:11} {:8} {:6} {:9} {:13} {:6} {:6}",
            score.files,
            score.facts,
            score.facts - score.missed.len(),
            score.false_alarms.len(),
            score.confusion.named,
            score.confusion.wrong_count()
        ));
        good &= score.missed.is_empty() && score.false_alarms.is_empty();
        confusion.absorb(score.confusion);
    }
    for ((labels, service), count) in &confusion.wrong {
        let file = confusion.where_.get(&(labels.clone(), service.clone())).map_or("", String::as_str);
        println!("confused: others say {labels}, the agent {service}: {count} (first in {file})");
    }
    println!("{}", table.join("\n"));
    good &= confusion.wrong_count() * 100 < confusion.named.max(1) * MAX_WRONG;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
