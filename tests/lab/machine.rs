//! A machine of the lab: network, processes and mounts of its own, in one kernel. Needs root.
//!
//! Everything hangs on one process: when it ends, so does every program of the machine, and with the last of
//! them the network with its cables. It ends when the machine is dropped, and the kernel ends it with the thread
//! that started it: whatever becomes of the tests, nothing stays.

use std::io::{BufRead, BufReader, Error, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Where each machine sees the folder that all of them share.
pub(crate) const SHARED: &str = "/run/lab";

/// Makes a machine out of an unshared process: programs may write what they like where they like, and nothing of
/// it reaches the disk or another machine, but for the shared folder ($1).
const PREPARE: &str = r#"
set -e
mount -t tmpfs lab /run
mkdir -p /run/lab /run/lock
mount --bind "$1" /run/lab
for folder in etc root tmp var; do
    mkdir -p "/run/written/$folder" "/run/overlay/$folder"
    mount -t overlay -o "lowerdir=/$folder,upperdir=/run/written/$folder,workdir=/run/overlay/$folder" lab "/$folder"
done
ip link set lo up
echo ready
exec sleep infinity
"#;

/// The end of a machine's life is the end of this.
#[derive(Debug)]
pub(crate) struct Machine {
    life: Child,
}

impl Machine {
    /// Starts a machine that sees `shared` as [`SHARED`].
    pub(crate) fn start(shared: &Path) -> Result<Self, Error> {
        let mut life = bound("unshare")
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"])
            .args(["sh", "-c", PREPARE, "sh"])
            .arg(shared)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (said, complained) = (life.stdout.take(), life.stderr.take());
        let mut machine = Self { life };
        let mut line = String::new();
        BufReader::new(said.ok_or_else(|| Error::other("no output"))?).read_line(&mut line)?;
        if line == "ready\n" {
            return Ok(machine);
        }
        machine.end();
        let mut why = String::new();
        complained.ok_or_else(|| Error::other("no output"))?.read_to_string(&mut why)?;
        Err(Error::other(format!("no machine of its own, which root alone can make: {why}")))
    }

    /// A program to run on it, which ends with it.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        let life = self.life.id();
        command
            .args([format!("--target={life}"), format!("--pid=/proc/{life}/ns/pid_for_children")])
            .args(["--net", "--mount", "--"])
            .arg(program.as_ref());
        command
    }

    /// A program to run in its network alone, whose process is the child itself and so can be sent a signal.
    pub(crate) fn observer(&self, program: &Path) -> Command {
        let mut command = bound("nsenter");
        command.arg(format!("--target={}", self.life.id())).args(["--net", "--"]).arg(program);
        command
    }

    /// Runs a few commands of a shell on it, which must succeed.
    pub(crate) fn shell(&self, commands: &str) -> Result<(), Error> {
        successful(&self.command("sh").args(["-ec", commands]).stdin(Stdio::null()).output()?).map(|_| ())
    }

    /// Lays a cable from an interface of this machine to one of another.
    pub(crate) fn cable(&self, ours: &str, other: &Self, theirs: &str) -> Result<(), Error> {
        let (here, there) = (self.life.id().to_string(), other.life.id().to_string());
        let mut ip = Command::new("ip");
        ip.args([
            "link", "add", ours, "netns", &here, "type", "veth", "peer", "name", theirs, "netns", &there,
        ]);
        successful(&ip.output()?).map(|_| ())
    }

    fn end(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.life.kill();
        let _ = self.life.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.end();
    }
}

/// A program that the kernel kills when the thread that started it ends, in whichever way.
fn bound(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", program]).stdin(Stdio::null());
    command
}

/// What a program said, if it ended well.
pub(crate) fn successful(output: &Output) -> Result<String, Error> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
