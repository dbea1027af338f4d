//! A program of the lab: a folder under `programs` with what it is (`case.toml`), what to run on either side of
//! the hospital's border (`inside.sh`, `outside.sh`), and the journey between the two.

use std::fs::{self, File};
use std::io::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::machine::{Machine, SHARED};
use crate::site::{Exit, Pair, Site};

/// Several times what the slowest journey takes when all run at once on two busy cores.
const DEADLINE: Duration = Duration::from_secs(75);

/// What a program's `case.toml` says: the connection that the agent must tell of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// One sentence.
    #[expect(dead_code, reason = "for who reads the file; it must be there")]
    purpose: String,
    /// The way by which it leaves the hospital.
    pub(crate) exit: Exit,
    /// Who begins.
    pub(crate) initiator: Side,
    /// The slug.
    pub(crate) service: String,
    /// `tcp`, `udp` or another IP protocol.
    pub(crate) transport: String,
    /// The responder's port, or 0.
    pub(crate) port: u16,
    /// Where the wire tells: whether it can carry other traffic or a person's hands inwards.
    pub(crate) tunnel: Option<bool>,
    /// The name by which the inside asks for it, where the wire tells.
    pub(crate) name: Option<String>,
    /// Whether all that passes between the two is one connection.
    #[serde(default)]
    pub(crate) alone: bool,
    /// Tunnels that it may rightly be called as well: what it disguises itself as.
    #[serde(default)]
    pub(crate) beside: Vec<String>,
}

/// A side of the hospital's border.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Inside,
    Outside,
}

impl Side {
    /// The word of `case.toml`, of the scripts' names and of the analysis.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
        }
    }
}

/// A folder of `programs`.
#[derive(Debug)]
pub(crate) struct Program {
    /// The folder's name.
    pub(crate) name: String,
    /// The last part of its machines' addresses.
    pub(crate) number: u8,
    /// What must be told of it.
    pub(crate) case: Case,
    folder: PathBuf,
}

/// Every program, in the order of their names.
pub(crate) fn all() -> Vec<Program> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.into_iter().zip(11..).map(|(name, number)| Program::read(name, number)).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/programs")
}

impl Program {
    fn read(name: String, number: u8) -> Self {
        let folder = folder().join(&name);
        let text = fs::read_to_string(folder.join("case.toml")).unwrap();
        let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, number, case, folder }
    }

    /// Runs both sides until the one that begins has done its work; the other must still run then.
    pub(crate) fn journey(&self, site: &Site, shared: &Path) -> Result<(), Error> {
        let work = shared.join(&self.name);
        fs::create_dir(&work)?;
        let pair = site.pair(shared, self.number, self.case.exit)?;
        let [inside_ip, outside_ip] = Pair::addresses(self.number);
        let inside = self.side(&pair.inside, Side::Inside, [&inside_ip, &outside_ip], &work)?;
        let outside = self.side(&pair.outside, Side::Outside, [&outside_ip, &inside_ip], &work)?;
        let (mut begins, mut answers) = match self.case.initiator {
            Side::Inside => (inside, outside),
            Side::Outside => (outside, inside),
        };
        let went = self.watch(&mut begins, &mut answers);
        drop(pair);
        // With their machines gone, both have ended.
        begins.wait()?;
        answers.wait()?;
        went.map_err(|why| Error::other(format!("{why}\n{}{}", log(&work, "inside"), log(&work, "outside"))))
    }

    fn watch(&self, begins: &mut Child, answers: &mut Child) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            if let Some(status) = begins.try_wait()? {
                let side = self.case.initiator.word();
                return if status.success() {
                    Ok(())
                } else {
                    Err(Error::other(format!("{side}: {status}")))
                };
            }
            if let Some(status) = answers.try_wait()? {
                return Err(Error::other(format!("the side that answers ended early: {status}")));
            }
            if since.elapsed() > DEADLINE {
                return Err(Error::other(format!("not done after {DEADLINE:?}")));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn side(
        &self,
        machine: &Machine,
        side: Side,
        [here, peer]: [&str; 2],
        work: &Path,
    ) -> Result<Child, Error> {
        let script = |path: PathBuf| fs::read_to_string(path);
        let prelude = script(self.folder.with_file_name("prelude.sh"))?;
        let own = script(self.folder.join(side.word()).with_extension("sh"))?;
        let said = File::create(work.join(side.word()).with_extension("log"))?;
        let python =
            Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("lab-python/bin/python");
        machine
            .command("bash")
            .args(["-c", &format!("{prelude}\n{own}")])
            .envs([("HERE", here), ("PEER", peer), ("WORK", &format!("{SHARED}/{}", self.name))])
            .env("PKI", format!("{SHARED}/pki"))
            .env("PYTHON", python)
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
    }
}

/// The end of what a side said.
fn log(work: &Path, side: &str) -> String {
    const LINES: usize = 25;
    let text = fs::read(work.join(side).with_extension("log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n");
    format!("-- {side} said at last:\n{end}\n")
}
