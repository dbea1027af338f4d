//! What a survey of this hospital should find.

use serde::Serialize;

use super::flaws::Flaws;
use super::site::{Device, Gateway};
use super::wire::Mac;
use crate::workload::frame::Ip;

/// One external connection.
#[derive(Clone, Debug, Serialize)]
pub struct External {
    /// The slug of the service.
    pub service: String,
    /// The inside address.
    pub device: String,
    /// The outside address.
    pub remote_ip: String,
    /// The outside name, or the address where it has none.
    pub remote: String,
    /// The responder's port, or 0.
    pub port: u16,
    /// `tcp`, `udp`, `esp` or `gre`.
    pub transport: String,
    /// The hardware address of the gateway on the last link seen.
    pub exit: String,
    /// That gateway's name.
    pub exit_name: String,
    /// The category's slug where the wire can tell it.
    pub category: Option<String>,
    /// The category's slug as the hospital knows it.
    pub purpose: String,
    /// Whether it can carry other traffic or a person's hands inwards.
    pub tunnel: bool,
}

/// An outside party that no survey asks for.
#[derive(Clone, Debug, Serialize)]
pub struct Benign {
    /// The outside address.
    pub remote_ip: String,
    /// What it is.
    pub remote: String,
}

/// One device of the hospital.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceTruth {
    /// Its address.
    pub ip: String,
    /// Its role's slug.
    pub role: String,
    /// Its hardware address.
    pub mac: String,
    /// Its host name.
    pub name: String,
}

/// A time in which somebody outside worked on a device through a connection that is always up.
#[derive(Clone, Debug, Serialize)]
pub struct Worked {
    /// The inside address.
    pub device: String,
    /// The outside address.
    pub remote_ip: String,
    /// Begin, in seconds since the epoch.
    pub first_s: u64,
    /// End, in seconds since the epoch.
    pub last_s: u64,
}

/// All of it; `truth.json` is this.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Truth {
    /// The prefixes that are inside.
    pub internal: Vec<String>,
    /// Packets in the capture.
    pub packets: usize,
    /// The external connections.
    pub external: Vec<External>,
    /// The outside parties that are none.
    pub benign: Vec<Benign>,
    /// The devices.
    pub devices: Vec<DeviceTruth>,
    /// The gateways.
    pub gateways: Vec<DeviceTruth>,
    /// Modalities that usually have remote maintenance and of which none is on the wire.
    pub missing: Vec<String>,
    /// Remote work by reverse bursts.
    pub worked: Vec<Worked>,
    /// How well the mirror port shows it.
    pub mirror: Flaws,
}

pub(super) fn mac_text(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

pub(super) fn ip_text(ip: Ip) -> String {
    match ip {
        Ip::V4(octets) => std::net::Ipv4Addr::from(octets).to_string(),
        Ip::V6(octets) => std::net::Ipv6Addr::from(octets).to_string(),
    }
}

impl Truth {
    pub(super) fn benign(&mut self, ip: Ip, remote: &str) {
        let remote_ip = ip_text(ip);
        if self.benign.iter().all(|other| other.remote_ip != remote_ip) {
            self.benign.push(Benign { remote_ip, remote: remote.to_owned() });
        }
    }

    pub(super) fn device(&mut self, device: &Device) {
        self.devices.push(DeviceTruth {
            ip: ip_text(Ip::V4(device.ip)),
            role: device.role.to_owned(),
            mac: mac_text(device.mac),
            name: device.name.clone(),
        });
    }

    pub(super) fn gateway(&mut self, gateway: &Gateway) {
        self.gateways.push(DeviceTruth {
            ip: ip_text(Ip::V4(gateway.ip)),
            role: gateway.role.to_owned(),
            mac: mac_text(gateway.mac),
            name: gateway.name.clone(),
        });
    }
}
