//! A mirror port without a switch: two network namespaces with a virtual cable between them. Needs root.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

/// The interface at the agent's end.
pub const MIRROR: &str = "mirror";
/// The interface at the other end.
const SWITCH: &str = "switch";

/// The namespaces and their cable, which go when it is dropped.
#[derive(Debug)]
pub struct Cable {
    agents: String,
    switchs: String,
}

/// What the sender did.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Packets.
    pub packets: u64,
    /// Seconds from the first to the last.
    pub seconds: f64,
}

impl Cable {
    /// Lays a cable; `name` tells it from others of this process.
    pub fn lay(name: &str) -> io::Result<Self> {
        let unique = format!("{name}{}", std::process::id());
        let cable = Self { agents: format!("{unique}a"), switchs: format!("{unique}s") };
        let Self { agents, switchs } = &cable;
        ip(&format!("netns add {agents}"))?;
        ip(&format!("netns add {switchs}"))?;
        ip(&format!("link add {SWITCH} netns {switchs} type veth peer name {MIRROR} netns {agents}"))?;
        for (namespace, interface) in [(agents, MIRROR), (agents, "lo"), (switchs, SWITCH)] {
            ip(&format!("-n {namespace} link set {interface} up"))?;
        }
        Ok(cable)
    }

    /// A program to run at the agent's end.
    #[must_use]
    pub fn at_mirror(&self, program: &Path) -> Command {
        within(&self.agents, program)
    }

    /// Sends a capture from the other end with the program `send`; `how` are more of its arguments.
    pub fn send(&self, send: &Path, capture: &Path, how: &[&str]) -> io::Result<Sent> {
        let mut sender = within(&self.switchs, send);
        let output = successful(&sender.args(["--interface", SWITCH]).args(how).arg(capture).output()?)?;
        // "sent N packets, B bytes in S s: …"
        let mut words = output.split(' ');
        let packets = words.nth(1).and_then(|word| word.parse().ok());
        let seconds = words.nth(4).and_then(|word| word.parse().ok());
        match (packets, seconds) {
            (Some(packets), Some(seconds)) => Ok(Sent { packets, seconds }),
            _ => Err(io::Error::other(format!("the sender said: {output}"))),
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [&self.agents, &self.switchs] {
            // A cable laid in part has only one.
            let _ = Command::new("ip").args(["netns", "del", namespace]).output();
        }
    }
}

fn within(namespace: &str, program: &Path) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace]).arg(program);
    command
}

fn ip(words: &str) -> io::Result<()> {
    successful(&Command::new("ip").args(words.split(' ')).output()?).map(|_| ())
}

/// What a program said, if it ended well.
fn successful(output: &Output) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
