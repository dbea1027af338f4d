//! The agent held against captures whose facts are known, where somebody has such captures: none of them is
//! part of the checkout.
//!
//! A corpus is a folder with `INDEX.tsv` (a line a capture: file, origin, licence, kind …) and beside each
//! capture `NAME.facts.json` with what other programs and people found in it.

mod confusion;
mod export;
mod facts;
mod ja4;
mod run;

pub use confusion::Confusion;
pub use facts::{Capture, Flow};
pub use ja4::{check as check_ja4, expected as expected_ja4};
pub use run::Agent;

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

/// A capture that takes longer hangs.
pub const TOO_LONG_S: u64 = 60;

/// What came out of the captures of one kind.
#[derive(Debug, Default)]
pub struct Score {
    /// Captures read.
    pub files: usize,
    /// Facts that must be reported.
    pub facts: usize,
    /// Those that were not, in words.
    pub missed: Vec<String>,
    /// What was reported and must not be, in words.
    pub false_alarms: Vec<String>,
    /// Named services against what others say.
    pub confusion: Confusion,
}

/// The captures of a corpus by kind, of these kinds alone.
pub fn index(corpus: &Path, kinds: &[&str]) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let text = std::fs::read_to_string(corpus.join("INDEX.tsv"))?;
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| head.iter().position(|column| *column == name);
    let (Some(file), Some(kind)) = (column("file"), column("kind")) else {
        return Err(Error::other("INDEX.tsv has no columns `file` and `kind`"));
    };
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        if kinds.contains(&cells[kind]) {
            found.entry(cells[kind].to_owned()).or_default().push(corpus.join(cells[file]));
        }
    }
    Ok(found)
}

/// Reads the captures of one kind.
pub fn score(agent: &Agent, kind: &str, files: &[PathBuf]) -> Result<Score> {
    let mut score = Score { files: files.len(), ..Score::default() };
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let capture = Capture::read(file)?;
        let analysis = match agent.analyse(file, &capture.inside(), None) {
            Ok(analysis) => analysis,
            // A damaged capture may be refused; a panic or a hang is a defect.
            Err(refused) if kind == "robust" && refused.is_refusal() => continue,
            Err(failure) => {
                score.facts += 1;
                score.missed.push(format!("{name}: {failure}"));
                continue;
            }
        };
        match kind {
            "robust" => score.facts += 1,
            "flow-export" => {
                let (facts, missed) = export::check(agent, file, &capture)?;
                score.facts += facts;
                score.missed.extend(missed.into_iter().map(|what| format!("{name}: {what}")));
                // Others see the datagrams alone: the rest of their facts is of these.
                continue;
            }
            "negative" | "ot" => {
                for row in analysis.tunnels() {
                    score.false_alarms.push(format!("{name}: {row}"));
                }
            }
            "ja4" => {
                let (facts, missed) = ja4::check(agent, file, &capture)?;
                score.facts += facts;
                score.missed.extend(missed.into_iter().map(|what| format!("{name}: {what}")));
            }
            _ => {}
        }
        if kind != "ja4" && kind != "robust" {
            // Devices are known by what the agent itself takes for inside.
            let found_out = agent
                .analyse(file, &[], None)
                .map_err(|failure| Error::other(format!("{name}: {failure}")))?;
            let (facts, missed) = capture.check(&analysis, &found_out);
            score.facts += facts;
            score.missed.extend(missed.into_iter().map(|what| format!("{name}: {what}")));
            score.confusion.add(&capture, &analysis, &name);
        }
    }
    Ok(score)
}
