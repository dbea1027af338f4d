//! The hospital and the world: a switch with a mirror port, a core router, a second exit that nobody declared,
//! and the Internet behind both.
//!
//! ```text
//!  inside machines ─┐            ┌─ core ───┐
//!                   ├─ switch ───┤          ├─ Internet ── outside machines
//!           sensor ─┘            └─ second ─┘
//! ```
//!
//! The switch learns nothing and so sends every frame to every port, as a hub does: the sensor's port mirrors all.
//! Both routers translate what goes out; what comes in reaches its machine as through a port that a router forwards.

use std::io::Error;
use std::path::Path;

use crate::machine::Machine;

/// The interface on which the sensor sees the hospital.
pub(crate) const MIRROR: &str = "mirror";

/// A way out of the hospital.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Exit {
    /// The core router.
    Core,
    /// Another router, of which the hospital knows nothing.
    Second,
}

impl Exit {
    const ALL: [Self; 2] = [Self::Core, Self::Second];

    /// The last part of its address on either side.
    fn host(self) -> u8 {
        match self {
            Self::Core => 1,
            Self::Second => 254,
        }
    }

    /// Its MAC address in the hospital.
    pub(crate) fn mac(self) -> String {
        format!("00:53:00:20:00:{:02x}", self.host())
    }
}

/// The machines that every program's pair of machines joins.
#[derive(Debug)]
pub(crate) struct Site {
    switch: Machine,
    internet: Machine,
    /// Held for their lives: they work by themselves.
    _routers: Vec<Machine>,
    /// Where the agent watches.
    pub(crate) sensor: Machine,
}

impl Site {
    /// Sets the site up; all machines see `shared`.
    pub(crate) fn build(shared: &Path) -> Result<Self, Error> {
        let [switch, internet, sensor] =
            [Machine::start(shared)?, Machine::start(shared)?, Machine::start(shared)?];
        // No snooping: a hub does not know who listens to which group.
        switch.shell("ip link add lan type bridge ageing_time 0 mcast_snooping 0; ip link set lan up")?;
        internet.shell("ip link add world type bridge; ip link set world up")?;
        let mut routers = Vec::new();
        for exit in Exit::ALL {
            let router = Machine::start(shared)?;
            let (host, mac) = (exit.host(), exit.mac());
            plug(&switch, "lan", &format!("exit{host}"), &router, "lan", &mac)?;
            plug(
                &internet,
                "world",
                &format!("exit{host}"),
                &router,
                "world",
                &format!("00:53:00:99:00:{host:02x}"),
            )?;
            router.shell(&format!(
                "ip address add 10.20.0.{host}/16 dev lan
                 ip address add 198.51.100.{host}/24 dev world
                 ip route add 203.0.113.0/24 dev world
                 echo 1 > /proc/sys/net/ipv4/ip_forward
                 nft 'table ip nat {{ chain out {{ type nat hook postrouting priority 100; \
                      oifname world ip saddr 10.20.0.0/16 masquerade; }}; }}'"
            ))?;
            routers.push(router);
        }
        plug(&switch, "lan", MIRROR, &sensor, MIRROR, "00:53:00:20:00:02")?;
        Ok(Self { switch, internet, _routers: routers, sensor })
    }

    /// Adds the pair of machines with a number, which use an exit.
    pub(crate) fn pair(&self, shared: &Path, number: u8, exit: Exit) -> Result<Pair, Error> {
        let [inside, outside] = [Machine::start(shared)?, Machine::start(shared)?];
        let host = exit.host();
        let port = format!("port{number}");
        plug(&self.switch, "lan", &port, &inside, "eth0", &format!("00:53:00:20:01:{number:02x}"))?;
        plug(&self.internet, "world", &port, &outside, "eth0", &format!("00:53:00:99:01:{number:02x}"))?;
        let [inside_ip, outside_ip] = Pair::addresses(number);
        inside.shell(&format!(
            "ip address add {inside_ip}/16 dev eth0; ip route add default via 10.20.0.{host}"
        ))?;
        outside.shell(&format!(
            "ip address add {outside_ip}/24 dev eth0; ip route add 198.51.100.0/24 dev eth0
             ip route add 10.20.0.0/16 via 198.51.100.{host}"
        ))?;
        Ok(Pair { inside, outside })
    }
}

/// A machine inside and one outside.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The one in the hospital.
    pub(crate) inside: Machine,
    /// The other.
    pub(crate) outside: Machine,
}

impl Pair {
    /// Their addresses, inside and outside.
    pub(crate) fn addresses(number: u8) -> [String; 2] {
        [format!("10.20.1.{number}"), format!("203.0.113.{number}")]
    }
}

/// Plugs an interface of a machine into a port of a bridge. What passes is what would pass on copper: no
/// segments larger than a frame, no checksums left to hardware.
fn plug(
    bridges: &Machine,
    bridge: &str,
    port: &str,
    machine: &Machine,
    interface: &str,
    mac: &str,
) -> Result<(), Error> {
    const AS_ON_COPPER: &str = "tx off tso off gso off gro off";
    bridges.cable(port, machine, interface)?;
    bridges.shell(&format!(
        "ethtool -K {port} {AS_ON_COPPER} > /dev/null; ip link set {port} master {bridge} up"
    ))?;
    machine.shell(&format!(
        "ethtool -K {interface} {AS_ON_COPPER} > /dev/null; ip link set {interface} address {mac} up"
    ))
}
