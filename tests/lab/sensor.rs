//! What watches the mirror port: a plain capture, and the daemon beside it.

use std::fs::{self, File};
use std::io::Error;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::agent;
use crate::machine::Machine;
use crate::site::MIRROR;

/// For what takes a second on a machine that does nothing else.
const DEADLINE: Duration = Duration::from_mins(1);

/// Both programs; dropped, they end at once.
#[derive(Debug)]
pub(crate) struct Sensor {
    capture: Watcher,
    daemon: Watcher,
    folder: PathBuf,
}

/// A program that ends when it is asked to, and with what it saw written.
#[derive(Debug)]
struct Watcher(Child);

impl Sensor {
    /// Starts to watch, and comes back when both do.
    pub(crate) fn start(machine: &Machine, folder: &Path) -> Result<Self, Error> {
        let folder = folder.to_owned();
        let said = File::create(folder.join("capture.log"))?;
        let capture = machine
            .observer(Path::new("tcpdump"))
            // Roughly all that the programs say to each other, should the disk be slow.
            .args(["-i", MIRROR, "--immediate-mode", "-B", "32768", "-Z", "root", "-w"])
            .arg(folder.join("mirror.pcap"))
            .stderr(said)
            .spawn()?;
        let place = folder.display();
        let text = format!(
            "site = \"lab\"\nledger = \"{place}/ledger.db\"\nroll_up = \"1s\"\n[[capture]]\ninterface = \"{MIRROR}\"\n\
             ring = \"32MiB\"\n[status]\nsocket = \"{place}/agent.sock\"\n"
        );
        fs::write(folder.join("agent.toml"), text)?;
        let daemon = machine
            .observer(agent::program())
            .args(["run", "--config"])
            .arg(folder.join("agent.toml"))
            .stderr(File::create(folder.join("daemon.log"))?)
            .spawn()?;
        let sensor = Self { capture: Watcher(capture), daemon: Watcher(daemon), folder };
        sensor.until("the capture", || {
            fs::read_to_string(sensor.path("capture.log")).is_ok_and(|said| said.contains("listening on"))
        })?;
        sensor.until("the daemon", || {
            let output = agent::run(["status", "--format", "json", "--socket", &sensor.text("agent.sock")]);
            serde_json::from_slice(&output.stdout).is_ok_and(|it: Value| it["interfaces"][0]["link"] == true)
        })?;
        Ok(sensor)
    }

    /// Ends both, and gives the connections: of the capture, and of the daemon's ledger.
    pub(crate) fn finish(mut self) -> Result<[(&'static str, Vec<Value>); 2], Error> {
        for (name, watcher) in [("capture", &mut self.capture), ("daemon", &mut self.daemon)] {
            let status = watcher.stop()?;
            let said = fs::read_to_string(self.folder.join(name).with_extension("log"))?;
            if !status || said.contains("packets dropped") && !said.contains("\n0 packets dropped") {
                return Err(Error::other(format!("the {name} says: {said}")));
            }
        }
        let analysis = agent::text(["analyze", "--format", "json", &self.text("mirror.pcap")]);
        let mut analysis: Value = serde_json::from_str(&analysis)?;
        let ledger = agent::text(["connections", "--format", "json", "--db", &self.text("ledger.db")]);
        let rows = |value: Value| serde_json::from_value(value).map_err(Error::other);
        Ok([
            ("of the capture", rows(analysis["connections"].take())?),
            ("live", rows(serde_json::from_str(&ledger)?)?),
        ])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn until(&self, what: &str, mut comes: impl FnMut() -> bool) -> Result<(), Error> {
        let since = Instant::now();
        while !comes() {
            if since.elapsed() > DEADLINE {
                let said = ["capture.log", "daemon.log"].map(|name| fs::read_to_string(self.path(name)));
                return Err(Error::other(format!("{what} does not watch after {DEADLINE:?}: {said:?}")));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Watcher {
    /// Asks it to end, and tells whether it ended well.
    fn stop(&mut self) -> Result<bool, Error> {
        kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM)?;
        let since = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status.success());
            }
            if since.elapsed() > DEADLINE {
                return Err(Error::other(format!("does not end within {DEADLINE:?}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Where something went wrong; else it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
