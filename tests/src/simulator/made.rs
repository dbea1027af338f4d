//! Devices of made-up tables: a switch or router with as many interfaces as wanted.

use std::net::Ipv4Addr;

use super::ber::{oid, put};
use super::device::{Device, signed, unsigned};

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const GAUGE: u8 = 0x42;
const TICKS: u8 = 0x43;
const IP: u8 = 0x40;

/// Objects under construction.
#[derive(Clone, Debug, Default)]
pub struct Objects(pub Vec<(Vec<u32>, Vec<u8>)>);

impl Objects {
    fn put(&mut self, name: &str, tag: u8, content: &[u8]) -> &mut Self {
        let mut value = Vec::new();
        put(&mut value, tag, content);
        self.0.push((arcs(name), value));
        self
    }

    /// Adds a text, or octets.
    pub fn text(&mut self, name: &str, text: impl AsRef<[u8]>) -> &mut Self {
        self.put(name, OCTETS, text.as_ref())
    }

    /// Adds an INTEGER.
    pub fn number(&mut self, name: &str, number: i64) -> &mut Self {
        self.put(name, INTEGER, &signed(number))
    }

    /// Adds a Gauge32.
    pub fn gauge(&mut self, name: &str, number: u64) -> &mut Self {
        self.put(name, GAUGE, &unsigned(number))
    }

    /// Adds an OBJECT IDENTIFIER.
    pub fn name(&mut self, name: &str, value: &str) -> &mut Self {
        self.put(name, OID, &oid(&arcs(value)))
    }

    /// Adds an IpAddress.
    pub fn ip(&mut self, name: &str, ip: Ipv4Addr) -> &mut Self {
        self.put(name, IP, &ip.octets())
    }

    /// Adds the system group.
    pub fn system(&mut self, descr: &str, object_id: &str, name: &str) -> &mut Self {
        let base = "1.3.6.1.2.1.1";
        self.text(&format!("{base}.1.0"), descr)
            .name(&format!("{base}.2.0"), object_id)
            .put(&format!("{base}.3.0"), TICKS, &unsigned(8_640_000))
            .text(&format!("{base}.5.0"), name)
            .text(&format!("{base}.6.0"), "2F")
            .number(&format!("{base}.7.0"), 6)
    }

    /// Adds an interface of this ifType.
    pub fn interface(&mut self, index: u32, kind: i64, up: bool, mac: [u8; 6], name: &str) -> &mut Self {
        let (table, more) = ("1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1");
        let status = if up { 1 } else { 2 };
        self.number(&format!("{table}.1.{index}"), i64::from(index))
            .text(&format!("{table}.2.{index}"), name)
            .number(&format!("{table}.3.{index}"), kind)
            .gauge(&format!("{table}.5.{index}"), 1_000_000_000)
            .text(&format!("{table}.6.{index}"), mac)
            .number(&format!("{table}.7.{index}"), 1)
            .number(&format!("{table}.8.{index}"), status)
            .text(&format!("{more}.1.{index}"), name)
            .gauge(&format!("{more}.15.{index}"), 1_000)
            .text(&format!("{more}.18.{index}"), format!("to room {index}"))
    }

    /// Adds an address of an interface.
    pub fn address(&mut self, ip: Ipv4Addr, index: u32) -> &mut Self {
        let table = "1.3.6.1.2.1.4.20.1";
        self.ip(&format!("{table}.1.{ip}"), ip)
            .number(&format!("{table}.2.{ip}"), i64::from(index))
            .ip(&format!("{table}.3.{ip}"), Ipv4Addr::new(255, 255, 255, 0))
    }

    /// Adds who announces itself by LLDP at a port: by its hardware address, and the name of its own port.
    pub fn neighbour(
        &mut self,
        port: u32,
        mac: [u8; 6],
        its_port: &str,
        name: &str,
        ip: Ipv4Addr,
    ) -> &mut Self {
        let table = "1.0.8802.1.1.2.1.4";
        let [a, b, c, d] = ip.octets();
        self.number(&format!("{table}.1.1.4.0.{port}.1"), 4)
            .text(&format!("{table}.1.1.5.0.{port}.1"), mac)
            .number(&format!("{table}.1.1.6.0.{port}.1"), 5)
            .text(&format!("{table}.1.1.7.0.{port}.1"), its_port)
            .text(&format!("{table}.1.1.9.0.{port}.1"), name)
            .number(&format!("{table}.2.1.3.0.{port}.1.1.4.{a}.{b}.{c}.{d}"), 2)
    }

    /// Makes the device.
    #[must_use]
    pub fn device(&self) -> Device {
        Device::new(self.0.iter().cloned())
    }
}

fn arcs(text: &str) -> Vec<u32> {
    text.split('.').map(|arc| arc.parse().unwrap()).collect()
}

/// A switch with so many ports, and what a switch of an access floor holds beside: an address, a chassis,
/// forwarding entries.
#[must_use]
pub fn switch(ports: u32) -> Device {
    let mut objects = Objects::default();
    objects.system(
        "ALAXALA AX2230S AX-2230-24T-B [AX2230S-24T] Switching software Ver. 2.10 [OS-L2B]",
        "1.3.6.1.4.1.21839.1.2.20",
        "access",
    );
    for port in 1..=ports {
        objects.interface(
            port,
            6,
            port % 3 != 0,
            [0, 0x53, 0, 0, 1, port as u8],
            &format!("gigabitethernet 0/{port}"),
        );
        objects.number(&format!("1.3.6.1.2.1.17.1.4.1.2.{port}"), i64::from(port));
        objects.number(&format!("1.3.6.1.2.1.17.4.3.1.2.0.83.0.0.2.{port}"), i64::from(port));
        objects.number(&format!("1.3.6.1.2.1.17.4.3.1.3.0.83.0.0.2.{port}"), 3);
    }
    objects.address(Ipv4Addr::new(192, 0, 2, 1), 1);
    objects.device()
}
