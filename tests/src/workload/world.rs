//! The invented network: hosts, servers, sites and their addresses. External addresses come
//! from the benchmarking and documentation ranges only (198.18.0.0/15, 2001:db8::/32).

use super::frame::{Ep, Ip};
use super::proto::TlsClient;
use super::rng::Rng;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Os {
    Windows,
    OldWindows,
    Linux,
    Apple,
    Android,
    Rtos,
}

impl Os {
    pub(crate) fn ttl(self) -> u8 {
        match self {
            Os::Windows | Os::OldWindows => 128,
            Os::Rtos => 255,
            _ => 64,
        }
    }
    pub(crate) fn timestamps(self) -> bool {
        matches!(self, Os::Linux | Os::Apple | Os::Android)
    }
    /// TCP options of a SYN and the window it offers.
    pub(crate) fn syn(self, ts: u32) -> (Vec<u8>, u16) {
        let t = ts.to_be_bytes();
        let mss = |m: u16| vec![2, 4, (m >> 8) as u8, m as u8];
        let mut o = mss(1460);
        let win = match self {
            Os::Windows => {
                o.extend_from_slice(&[1, 3, 3, 8, 1, 1, 4, 2]);
                64240
            }
            Os::OldWindows => {
                o.extend_from_slice(&[1, 1, 4, 2]);
                65535
            }
            Os::Linux => {
                o.extend_from_slice(&[4, 2, 8, 10, t[0], t[1], t[2], t[3], 0, 0, 0, 0, 1, 3, 3, 7]);
                64240
            }
            Os::Android => {
                o.extend_from_slice(&[4, 2, 8, 10, t[0], t[1], t[2], t[3], 0, 0, 0, 0, 1, 3, 3, 9]);
                65535
            }
            Os::Apple => {
                o.extend_from_slice(&[
                    1, 3, 3, 6, 1, 1, 8, 10, t[0], t[1], t[2], t[3], 0, 0, 0, 0, 4, 2, 0, 0,
                ]);
                65535
            }
            Os::Rtos => 8192,
        };
        (o, win)
    }
    /// Whether connections from this system use window scaling.
    pub(crate) fn scales(self) -> bool {
        !matches!(self, Os::OldWindows | Os::Rtos)
    }
    /// TCP options of the SYN-ACK: only what the SYN offered.
    pub(crate) fn syn_reply(self, ts: u32, echo: u32) -> Vec<u8> {
        let (t, e) = (ts.to_be_bytes(), echo.to_be_bytes());
        match self {
            Os::Windows => vec![2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7],
            Os::OldWindows => vec![2, 4, 5, 0xb4, 1, 1, 4, 2],
            Os::Rtos => vec![2, 4, 5, 0xb4],
            _ => vec![2, 4, 5, 0xb4, 4, 2, 8, 10, t[0], t[1], t[2], t[3], e[0], e[1], e[2], e[3], 1, 3, 3, 7],
        }
    }
    pub(crate) fn tls(self, r: &mut Rng) -> TlsClient {
        match self {
            Os::Windows => {
                *r.pick(&[TlsClient::Chromium, TlsClient::Chromium, TlsClient::Firefox, TlsClient::Schannel])
            }
            Os::OldWindows => TlsClient::Schannel,
            Os::Linux => *r.pick(&[TlsClient::Openssl, TlsClient::Java]),
            Os::Apple | Os::Android => TlsClient::Chromium,
            Os::Rtos => TlsClient::Embedded,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Pc,
    Modality,
    Iot,
    Printer,
    Phone,
    Mobile,
    Server,
}

pub(crate) struct Host {
    pub(crate) mac: [u8; 6],
    pub(crate) ip: [u8; 4],
    pub(crate) os: Os,
    pub(crate) vlan: u16,
    pub(crate) name: String,
}

impl Host {
    pub(crate) fn ep(&self, port: u16) -> Ep {
        Ep { mac: self.mac, ip: Ip::V4(self.ip), port, ttl: self.os.ttl() }
    }
    pub(crate) fn ip6(&self) -> [u8; 16] {
        let mut a =
            [0x20, 1, 0x0d, 0xb8, 0, 0, 0, self.ip[1], 2, 0, 0, 0xff, 0xfe, 0, self.ip[2], self.ip[3]];
        a[9] = self.mac[2];
        a
    }
    pub(crate) fn ep6(&self, port: u16) -> Ep {
        Ep { mac: self.mac, ip: Ip::V6(self.ip6()), port, ttl: self.os.ttl() }
    }
}

pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) cname: Option<String>,
    pub(crate) ips: Vec<[u8; 4]>,
    pub(crate) ip6: [u8; 16],
    pub(crate) tls13: bool,
}

pub(crate) struct World {
    pub(crate) hosts: Vec<Host>,
    pub(crate) sites: Vec<Site>,
    pub(crate) router: [u8; 6],
    pub(crate) dns: usize,
    pub(crate) pacs: Vec<usize>,
    pub(crate) his: Vec<usize>,
    pub(crate) files: Vec<usize>,
    pub(crate) dcs: Vec<usize>,
    pub(crate) mgmt: usize,
    pub(crate) by_role: Vec<(Role, Vec<usize>)>,
}

/// Where the hosts are, and what the tunnels of the worst cases carry.
pub(crate) const INTERNAL: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "2001:db8::/48"];

const OUI: [[u8; 3]; 8] = [
    [0x00, 0x14, 0x22],
    [0x00, 0x1b, 0x78],
    [0x00, 0x50, 0x56],
    [0x00, 0x80, 0x77],
    [0x00, 0x09, 0xfb],
    [0x00, 0x1b, 0x54],
    [0x3c, 0x07, 0x54],
    [0x00, 0x00, 0x85],
];

const WORDS: [&str; 24] = [
    "alpha", "beacon", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "jade", "kite",
    "lumen", "maple", "nova", "orbit", "pixel", "quartz", "ridge", "sierra", "tidal", "umbra", "vista",
    "willow", "zephyr",
];

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut r = Rng::stream(seed, 1, 0);
        let mut hosts: Vec<Host> = vec![];
        let plan: [(Role, usize, u8, u16, &str, usize); 7] = [
            (Role::Server, 48, 10, 0, "srv", 2),
            (Role::Pc, 1200, 20, 0, "pc", 0),
            (Role::Modality, 64, 30, 30, "mod", 4),
            (Role::Printer, 120, 40, 0, "prn", 7),
            (Role::Phone, 200, 50, 50, "tel", 5),
            (Role::Iot, 500, 60, 60, "iot", 3),
            (Role::Mobile, 280, 70, 0, "mob", 6),
        ];
        let mut by_role = vec![];
        for (role, n, net, vlan, prefix, oui) in plan {
            let mut v = vec![];
            for i in 0..n {
                let os = match role {
                    Role::Server => *r.pick(&[Os::Linux, Os::Windows]),
                    Role::Pc => Os::Windows,
                    Role::Modality => *r.pick(&[Os::OldWindows, Os::Windows, Os::Linux]),
                    Role::Printer | Role::Phone => Os::Linux,
                    Role::Iot => *r.pick(&[Os::Rtos, Os::Rtos, Os::Linux]),
                    Role::Mobile => *r.pick(&[Os::Apple, Os::Android]),
                };
                let o = OUI[(oui + if role == Role::Pc { i % 2 } else { 0 }) % 8];
                let k = (hosts.len() + 0x1000) as u32;
                v.push(hosts.len());
                hosts.push(Host {
                    mac: [o[0], o[1], o[2], (k >> 16) as u8, (k >> 8) as u8, k as u8],
                    ip: [10, net, (i / 250) as u8, (i % 250) as u8 + 4],
                    os,
                    vlan,
                    name: format!("{prefix}{i:04}"),
                });
            }
            by_role.push((role, v));
        }
        let mut sites = vec![];
        for i in 0..3000usize {
            let w = WORDS[i % 24];
            let x = WORDS[(i / 24) % 24];
            let sub = ["www", "api", "cdn", "login", "update", "static"][i % 6];
            let cdn = i % 3 == 0;
            // Sites behind a shared front end share addresses: only SNI or DNS tells them apart.
            let key = if cdn { (i % 40) as u32 } else { 64 + i as u32 };
            let ips =
                (0..1 + i % 3).map(|j| [198, 18 + (j as u8 & 1), (key >> 8) as u8, key as u8]).collect();
            let mut ip6 = [0x20, 1, 0x0d, 0xb8, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, (key >> 8) as u8, key as u8];
            ip6[7] = cdn as u8;
            sites.push(Site {
                name: format!("{sub}.{w}-{x}{}.example", i / 576),
                cname: cdn.then(|| format!("e{i}.edge{}.cdn.example", i % 40)),
                ips,
                ip6,
                tls13: i % 4 != 0,
            });
        }
        World {
            hosts,
            sites,
            router: [0x00, 0x1b, 0x54, 0xff, 0, 1],
            dns: 0,
            dcs: vec![0, 1],
            mgmt: 2,
            pacs: (3..7).collect(),
            his: (7..15).collect(),
            files: (15..20).collect(),
            by_role,
        }
    }
    pub(crate) fn role(&self, role: Role) -> &[usize] {
        &self.by_role.iter().find(|x| x.0 == role).unwrap().1
    }
    /// An endpoint as seen from another subnet: the router's MAC and a decremented TTL.
    pub(crate) fn routed(&self, h: usize, port: u16) -> Ep {
        let mut e = self.hosts[h].ep(port);
        e.mac = self.router;
        e.ttl -= 1;
        e
    }
    pub(crate) fn outside(&self, ip: Ip, port: u16) -> Ep {
        Ep { mac: self.router, ip, port, ttl: 53 }
    }
}
