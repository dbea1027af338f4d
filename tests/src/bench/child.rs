//! Runs one program to its end and tells what it used: it and all it started, nothing else.
//!
//! The measuring is done in a process of its own, so that the usage of all children that a process
//! has waited for is that of one program. Processes that a program leaves behind come to it as their
//! reaper and are counted too. On Linux a child's peak starts at what its parent has had resident
//! (`exec` hands it down), so both processes above the program stay small: captures are made by a
//! third, and read piece by piece.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use nix::errno::Errno;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeValLike;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// How often the end of a program is looked for.
const EVERY: Duration = Duration::from_millis(2);
/// What a killed program gets to be gone.
const GRACE: Duration = Duration::from_secs(5);
/// How much of a program's last words is passed on.
const MAX_REASON_CHARS: usize = 120;

/// What to run, and where its output goes.
#[derive(Args, Clone, Debug)]
pub struct Errand {
    /// After so many seconds the program is stopped.
    #[arg(long)]
    pub max_seconds: u64,
    /// Where standard output goes.
    #[arg(long)]
    pub output: PathBuf,
    /// Where standard error goes.
    #[arg(long)]
    pub errors: PathBuf,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    #[arg(last = true)]
    pub args: Vec<OsString>,
}

/// What a program used.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Usage {
    /// Seconds of processor time, user and system.
    pub cpu_s: f64,
    /// Seconds from start to end.
    pub wall_s: f64,
    /// The most that one of its processes had resident, in MiB.
    pub peak_mib: f64,
    /// How it ended.
    pub end: End,
}

/// How a program ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum End {
    /// With success.
    Done,
    /// Without; why, as far as it told.
    Failed(String),
    /// It was stopped after so many seconds.
    Over(u64),
}

impl Errand {
    /// Has a process of this very program measure it.
    pub fn run(&self) -> io::Result<Usage> {
        let output = Command::new(std::env::current_exe()?)
            .arg("measure")
            .args(["--max-seconds", &self.max_seconds.to_string()])
            .arg("--output")
            .arg(&self.output)
            .arg("--errors")
            .arg(&self.errors)
            .arg(&self.program)
            .arg("--")
            .args(&self.args)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(io::Error::other(format!("measuring {} failed", self.program.display())));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// Runs the program in this process, which must have run nothing else.
pub fn measure(errand: &Errand) -> io::Result<Usage> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    let began = Instant::now();
    let child = Command::new(&errand.program)
        .args(&errand.args)
        .stdin(Stdio::null())
        .stdout(File::create(&errand.output)?)
        .stderr(File::create(&errand.errors)?)
        .process_group(0)
        .spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let end = wait(pid, Duration::from_secs(errand.max_seconds), &errand.errors)?;
    let wall_s = began.elapsed().as_secs_f64();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = used.user_time() + used.system_time();
    // Linux counts in KiB, macOS in bytes.
    let per_mib = if cfg!(target_os = "macos") { 1_048_576.0 } else { 1024.0 };
    Ok(Usage {
        cpu_s: cpu.num_microseconds() as f64 / 1e6,
        wall_s,
        peak_mib: used.max_rss() as f64 / per_mib,
        end,
    })
}

/// Waits until the program and all that it left behind have ended.
fn wait(program: Pid, most: Duration, errors: &Path) -> io::Result<End> {
    let began = Instant::now();
    let mut end = None;
    let mut over = false;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == program => {
                end = Some(if code == 0 { End::Done } else { failed(&format!("status {code}"), errors) });
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => {
                end = Some(failed(signal.as_str(), errors));
            }
            Ok(WaitStatus::StillAlive) if over && began.elapsed() > most + GRACE => break,
            Ok(WaitStatus::StillAlive) => {
                if !over && began.elapsed() > most {
                    over = true;
                    // Its group may have ended at this very moment.
                    let _ = killpg(program, Signal::SIGKILL);
                }
                sleep(EVERY);
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(match end {
        _ if over => End::Over(most.as_secs()),
        Some(end) => end,
        None => End::Failed("was not seen to end".to_owned()),
    })
}

fn failed(how: &str, errors: &Path) -> End {
    let said = fs::read(errors).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let last: String = last.trim().chars().take(MAX_REASON_CHARS).collect();
    End::Failed(if last.is_empty() { how.to_owned() } else { format!("{how}: {last}") })
}
