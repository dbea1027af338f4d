//! Live capture: the agent and the least that a ring can cost, at one cable in turn, on the same traffic at
//! the sender's top speed.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cable::{Cable, MIRROR};
use crate::ended::Ended;

/// How long a receiver has to come up, and to take what is left when the sender has ended.
const PATIENCE: Duration = Duration::from_secs(30);
/// Clock ticks a second in `/proc`: `USER_HZ`, the same on every Linux.
const TICKS: f64 = 100.0;

/// The programs that take part.
#[derive(Debug)]
pub struct Programs<'a> {
    /// The agent.
    pub agent: &'a Path,
    /// The sender.
    pub send: &'a Path,
    /// The ring that only counts.
    pub ring_count: &'a Path,
}

/// What a receiver took of what was sent.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Packets sent.
    pub sent: u64,
    /// Packets a second that were sent.
    pub rate: f64,
    /// Packets that the receiver took.
    pub taken: u64,
    /// Microseconds of the receiver's processor time a packet, the kernel's copy into the ring not included.
    pub cpu_us: f64,
}

/// Has the agent's daemon take a capture off the wire.
pub fn agent(programs: &Programs<'_>, capture: &Path, packets: u64, folder: &Path) -> io::Result<Taken> {
    let cable = Cable::lay("bench")?;
    let place = folder.display();
    let config = folder.join("agent.toml");
    let text = format!(
        "site = \"bench\"\nledger = \"{place}/ledger.db\"\nroll_up = \"1h\"\nmax_memory = \"1GiB\"\n\
         [[capture]]\ninterface = \"{MIRROR}\"\n[status]\nsocket = \"{place}/agent.sock\"\n[log]\nlevel = \"error\"\n"
    );
    fs::write(&config, text)?;
    let mut daemon = Ended(cable.at_mirror(programs.agent).arg("run").arg("--config").arg(&config).spawn()?);
    let status = || -> Option<Value> {
        let socket = folder.join("agent.sock");
        let mut asking = Command::new(programs.agent);
        let answer = asking.args(["status", "--format", "json", "--socket"]).arg(socket).output().ok()?;
        serde_json::from_slice(&answer.stdout).ok()
    };
    wait(|| status().is_some_and(|status| status["interfaces"][0]["link"] == true))?;
    let before = ticks(daemon.0.id())?;
    let sent = cable.send(programs.send, capture, &["--packets", &packets.to_string()])?;
    let took = || status().and_then(|status| status["traffic"]["packets"].as_u64()).unwrap_or(0);
    // What was lost never comes: then the count stands still.
    let mut last = took();
    loop {
        thread::sleep(Duration::from_millis(500));
        let now = took();
        if now >= sent.packets || now == last {
            break;
        }
        last = now;
    }
    let cpu_us = (ticks(daemon.0.id())? - before) / TICKS * 1e6 / sent.packets as f64;
    let taken = took().max(last);
    daemon.0.kill()?;
    Ok(Taken { sent: sent.packets, rate: sent.packets as f64 / sent.seconds, taken, cpu_us })
}

/// Has the counting ring take a capture off the wire.
pub fn ring_count(programs: &Programs<'_>, capture: &Path, packets: u64) -> io::Result<Taken> {
    let cable = Cable::lay("bench")?;
    let counter = cable
        .at_mirror(programs.ring_count)
        .args(["--interface", MIRROR, "--idle-ms", "1000"])
        .stdout(Stdio::piped())
        .spawn()?;
    thread::sleep(Duration::from_secs(1));
    let sent = cable.send(programs.send, capture, &["--packets", &packets.to_string()])?;
    let said = String::from_utf8_lossy(&counter.wait_with_output()?.stdout).into_owned();
    // "counted N packets, …: R M packets/s, X µs of processor time a packet"
    let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<f64>().ok());
    let taken = number(said.split(' ').nth(1));
    let cpu_us = number(said.rsplit(", ").next().and_then(|rest| rest.split(' ').next()));
    let (Some(taken), Some(cpu_us)) = (taken, cpu_us) else {
        return Err(io::Error::other(format!("the counter said: {said}")));
    };
    Ok(Taken { sent: sent.packets, rate: sent.packets as f64 / sent.seconds, taken: taken as u64, cpu_us })
}

/// Processor time of a process in ticks, user and system (proc_pid_stat(5), fields 14 and 15).
fn ticks(process: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let field = |at: usize| after_name.split(' ').nth(at).and_then(|field| field.parse::<f64>().ok());
    field(11)
        .zip(field(12))
        .map(|(user, system)| user + system)
        .ok_or_else(|| io::Error::other("no such figure"))
}

fn wait(mut comes: impl FnMut() -> bool) -> io::Result<()> {
    let begin = Instant::now();
    while !comes() {
        if begin.elapsed() > PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
