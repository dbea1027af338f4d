//! The hospital mix. Two passes: `plan` draws the flows and shares out the packets so that the
//! total is exact, then the flows are played in time order. A flow's script is a function of the
//! seed and its index alone, so the first pass can count it and the second rebuild it.

use super::Options as Opts;
use super::crypto;
use super::frame::{self, ACK, Ep, FIN, Ip, PSH, RST, SYN, Tcp};
use super::pcap::PcapWriter;
use super::proto::*;
use super::rng::Rng;
use super::world::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::io;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
enum Kind {
    Dns,
    DnsOther,
    DnsTunnel,
    TlsOut,
    TlsInternal,
    TlsKeepalive,
    Quic,
    Http,
    Dicom,
    Hl7,
    Smb,
    Ldap,
    Kerberos,
    Ntp,
    Snmp,
    Syslog,
    Rdp,
    Ssh,
    Sip,
    Rtp,
    Icmp,
    Scan,
    Mdns,
    Ssdp,
    Nbns,
    Dhcp,
    IkeEsp,
    IkeNatT,
    OpenVpnUdp,
    OpenVpnTcp,
    WireGuard,
    Gre,
    L2tp,
    Vxlan,
    Arp,
    Lldp,
}
use Kind::*;

/// Share of the drawn flows, in 1/10000; and share of the bulk packets, in 1/1000.
const MIX: &[(Kind, u64, u64)] = &[
    (TlsOut, 3000, 330),
    (TlsInternal, 900, 110),
    (Quic, 500, 80),
    (Http, 500, 40),
    (DnsOther, 1400, 0),
    (Dicom, 80, 110),
    (Hl7, 140, 20),
    (Smb, 350, 90),
    (Ldap, 250, 0),
    (Kerberos, 350, 0),
    (Ntp, 350, 0),
    (Snmp, 400, 0),
    (Syslog, 150, 0),
    (Rdp, 30, 50),
    (Ssh, 20, 10),
    (Sip, 80, 0),
    (Rtp, 60, 70),
    (Icmp, 150, 0),
    (Scan, 400, 0),
    (Mdns, 150, 0),
    (Ssdp, 80, 0),
    (Nbns, 150, 0),
    (Dhcp, 150, 0),
];

/// Fixed numbers of flows per 10 000 flows asked for (at least one each), and bulk share in 1/1000.
const TUNNELS: &[(Kind, u64, u64)] = &[
    (TlsKeepalive, 20, 0),
    (DnsTunnel, 1, 0),
    (IkeEsp, 4, 20),
    (IkeNatT, 4, 20),
    (OpenVpnUdp, 3, 15),
    (OpenVpnTcp, 1, 5),
    (WireGuard, 3, 15),
    (Gre, 1, 5),
    (L2tp, 1, 5),
    (Vxlan, 1, 5),
];

#[derive(Clone)]
struct Flow {
    start: u64,
    dur: u64,
    kind: Kind,
    a: u32,
    b: u32,
    bulk: u32,
    port: u16,
}

enum What {
    Tcp(u8, Vec<u8>),
    Udp(Vec<u8>),
    Ip(u8, Vec<u8>),
    Raw(u16, [u8; 6], Vec<u8>),
}

struct Seg {
    dt: u64,
    c2s: bool,
    what: What,
}

#[derive(Clone, Copy)]
enum Pattern {
    Down,
    Up,
    Chat,
    Imix,
    Fixed(usize),
}

#[derive(Clone, Copy)]
enum Framing {
    None,
    Tls,
    Body,
    Dicom,
    Hl7,
    Smb,
    Rtp,
    Quic([u8; 8]),
    Ovpn,
    OvpnTcp,
    Wg,
    Esp(u32),
    EspUdp(u32),
    Gre,
    L2tp,
    Vxlan,
}

struct Script {
    c: Ep,
    s: Ep,
    vlan: u16,
    cos: Os,
    pre: Vec<Seg>,
    post: Vec<Seg>,
    pattern: Pattern,
    framing: Framing,
}

/// Leaves room for IPv6 and TCP timestamps in 1500 bytes.
const MSS: usize = 1428;

/// Builds a script: `tcp` runs the handshake, `say` sends a message (cut into segments).
struct B {
    v: Vec<Seg>,
    rtt: u64,
}

impl B {
    fn new(rtt: u64) -> Self {
        B { v: vec![], rtt }
    }
    fn push(&mut self, dt: u64, c2s: bool, what: What) {
        self.v.push(Seg { dt, c2s, what });
    }
    fn open(&mut self) {
        self.push(0, true, What::Tcp(SYN, vec![]));
        self.push(self.rtt / 2, false, What::Tcp(SYN | ACK, vec![]));
        self.push(self.rtt / 2, true, What::Tcp(ACK, vec![]));
    }
    fn say(&mut self, c2s: bool, msg: Vec<u8>) {
        let n = msg.len().div_ceil(MSS);
        for (i, c) in msg.chunks(MSS).enumerate() {
            let f = if i + 1 == n { PSH | ACK } else { ACK };
            let dt = if i == 0 { self.rtt / 2 + 200 } else { 12 };
            self.push(dt, c2s, What::Tcp(f, c.to_vec()));
        }
    }
    fn ack(&mut self, c2s: bool) {
        self.push(40, c2s, What::Tcp(ACK, vec![]));
    }
    fn udp(&mut self, dt: u64, c2s: bool, msg: Vec<u8>) {
        self.push(dt, c2s, What::Udp(msg));
    }
    fn close(&mut self) {
        self.push(self.rtt, true, What::Tcp(FIN | ACK, vec![]));
        self.push(self.rtt / 2, false, What::Tcp(FIN | ACK, vec![]));
        self.push(self.rtt / 2, true, What::Tcp(ACK, vec![]));
    }
}

fn zipf(r: &mut Rng, n: usize) -> usize {
    // Log-uniform rank: a few names take most of the lookups.
    (((n as f64).ln() * r.f64()).exp() as usize).min(n - 1)
}

/// TLS, HTTP and QUIC flows take their site and address family from the flow's `b`.
fn site_of(f: &Flow) -> (usize, bool) {
    ((f.b >> 1) as usize, f.b & 1 == 1)
}

fn site_ip(w: &World, f: &Flow) -> Ip {
    let (s, v6) = site_of(f);
    let s = &w.sites[s];
    if v6 { Ip::V6(s.ip6) } else { Ip::V4(s.ips[f.port as usize % s.ips.len()]) }
}

fn script(w: &World, seed: u64, idx: u64, f: &Flow) -> Script {
    let mut r = Rng::stream(seed, 100, idx);
    let r = &mut r;
    let h = &w.hosts[f.a as usize];
    let mut c = h.ep(f.port);
    let v6 = matches!(f.kind, TlsOut | Http | Quic) && site_of(f).1;
    if v6 {
        c = h.ep6(f.port);
    }
    let lan = r.range(300, 900);
    let wan = r.range(6_000, 60_000);
    let outside = |p: u16, k: u32| w.outside(Ip::V4([198, 19, 200 + (k >> 8) as u8 % 50, k as u8]), p);
    let mut pattern = Pattern::Chat;
    let mut framing = Framing::None;
    let mut post = vec![];
    let inside = |p: u16| w.routed(f.b as usize, p);
    let dns = w.routed(w.dns, 53);
    let (s, pre): (Ep, Vec<Seg>) = match f.kind {
        Dns => {
            let (site, v6) = site_of(f);
            let site = &w.sites[site];
            let id = r.u32() as u16;
            let qt = if v6 { 28 } else { 1 };
            let mut b = B::new(lan);
            b.udp(0, true, dns_query(id, &site.name, qt, r.chance(0.4)));
            let mut rrs: Vec<(Option<&str>, u32, Rr)> = vec![];
            let mut owner = None;
            if let Some(cn) = &site.cname {
                rrs.push((None, 300, Rr::Cname(cn)));
                owner = Some(cn.as_str());
            }
            if v6 {
                rrs.push((owner, 60, Rr::Aaaa(site.ip6)));
            } else {
                site.ips.iter().for_each(|ip| rrs.push((owner, 60, Rr::A(*ip))));
            }
            b.udp(r.range(200, 9000), false, dns_response(id, 0x8180, &site.name, qt, &rrs));
            (dns, b.v)
        }
        DnsOther => {
            let id = r.u32() as u16;
            let other = &w.hosts[r.below(w.hosts.len() as u64) as usize];
            let fq = format!("{}.hosp.example", other.name);
            let (name, qt, flags, rrs): (String, u16, u16, Vec<(Option<&str>, u32, Rr)>) = match r.below(5) {
                0 => {
                    let i = other.ip;
                    (
                        format!("{}.{}.{}.{}.in-addr.arpa", i[3], i[2], i[1], i[0]),
                        12,
                        0x8580,
                        vec![(None, 1200, Rr::Ptr(&fq))],
                    )
                }
                1 => (
                    format!("_ldap._tcp.dc{}._msdcs.hosp.example", r.below(4)),
                    33,
                    0x8580,
                    vec![(None, 600, Rr::Srv(389, "srv0000.hosp.example"))],
                ),
                2 => (format!("host{}.hosp.example", r.below(5000)), 1, 0x8583, vec![]),
                3 => (w.sites[zipf(r, w.sites.len())].name.clone(), 65, 0x8180, vec![]),
                _ => (fq.clone(), 1, 0x8580, vec![(None, 1200, Rr::A(other.ip))]),
            };
            let mut b = B::new(lan);
            b.udp(0, true, dns_query(id, &name, qt, r.chance(0.4)));
            b.udp(r.range(150, 3000), false, dns_response(id, flags, &name, qt, &rrs));
            (dns, b.v)
        }
        DnsTunnel => {
            let mut b = B::new(wan);
            for _ in 0..200 {
                let id = r.u32() as u16;
                let lab = |r: &mut Rng| {
                    (0..56).map(|_| *r.pick(b"abcdefghijklmnopqrstuvwxyz234567") as char).collect::<String>()
                };
                let name = format!("{}.{}.{}.t.tunnel.example", lab(r), lab(r), lab(r));
                b.udp(f.dur / 220, true, dns_query(id, &name, 16, true));
                let t = r.bytes(220);
                b.udp(wan, false, dns_response(id, 0x8180, &name, 16, &[(None, 0, Rr::Txt(&t))]));
            }
            (dns, b.v)
        }
        TlsOut | TlsInternal | TlsKeepalive | OpenVpnTcp => {
            let (sv, name, rtt, t13, alpn): (Ep, String, u64, bool, &[&str]) = match f.kind {
                TlsOut => {
                    let site = &w.sites[site_of(f).0];
                    (w.outside(site_ip(w, f), 443), site.name.clone(), wan, site.tls13, &["h2", "http/1.1"])
                }
                TlsInternal => (
                    inside(443),
                    format!("{}.hosp.example", w.hosts[f.b as usize].name),
                    lan,
                    false,
                    &["http/1.1"],
                ),
                OpenVpnTcp => (outside(443, f.b), String::new(), wan, false, &[]),
                _ => (
                    outside(443, f.b),
                    format!("relay{}.remote-maint{}.example", f.b % 20, f.b % 7),
                    wan,
                    f.b % 2 == 0,
                    &[],
                ),
            };
            let mut b = B::new(rtt);
            b.open();
            if f.kind == OpenVpnTcp {
                for (c2s, op) in
                    [(true, 7), (false, 8), (true, 5), (true, 4), (false, 4), (false, 4), (true, 5)]
                {
                    let body = r.bytes(if op == 4 { 280 } else { 0 });
                    let m = ovpn(op, r.u64(), 1, &body);
                    let mut v = (m.len() as u16).to_be_bytes().to_vec();
                    v.extend(m);
                    b.say(c2s, v);
                }
                pattern = Pattern::Imix;
                framing = Framing::OvpnTcp;
            } else {
                let cl = if f.kind == TlsKeepalive { TlsClient::Openssl } else { h.os.tls(r) };
                let t13 = t13 && !matches!(cl, TlsClient::Schannel | TlsClient::Embedded);
                b.say(true, client_hello(cl, &name, alpn, r));
                b.ack(false);
                b.say(false, server_flight(t13, &name, alpn.first().copied(), r));
                b.ack(true);
                b.say(true, client_finish(t13, r));
                if !t13 {
                    let fin = [record(20, 0x303, &[1]), record(22, 0x303, &r.bytes(40))].concat();
                    b.say(false, fin);
                }
                let q = r.range(180, 900) as usize;
                b.say(true, record(23, 0x303, &r.bytes(q)));
                framing = Framing::Tls;
                pattern = match (f.kind, r.below(10)) {
                    (TlsKeepalive, _) => Pattern::Fixed(42),
                    (_, 0) => Pattern::Up,
                    (_, 1..=3) => Pattern::Chat,
                    _ => Pattern::Down,
                };
                let mut e = B::new(rtt);
                if f.kind != TlsKeepalive {
                    e.say(true, record(21, 0x303, &r.bytes(19)));
                    if r.chance(0.15) {
                        e.push(rtt, true, What::Tcp(RST | ACK, vec![]));
                    } else {
                        e.close();
                    }
                }
                post = e.v;
            }
            (sv, b.v)
        }
        Quic => {
            let site = &w.sites[site_of(f).0];
            let dcid = r.bytes(8);
            let scid = r.bytes(8);
            let ch = client_hello_msg(TlsClient::Chromium, &site.name, &["h3"], true, r);
            let mut b = B::new(wan);
            b.udp(
                0,
                true,
                crypto::quic_initial(&dcid, &dcid, &scid, false, 1, &quic_crypto_frame(&ch), 1200),
            );
            let sh = server_hello_msg(true, 0x1301, None, r);
            let frames = [&[2, 1, 0, 0, 0][..], &quic_crypto_frame(&sh)].concat();
            b.udp(wan, false, crypto::quic_initial(&dcid, &[], &scid, true, 0, &frames, 1200));
            let mut d8 = [0; 8];
            d8.copy_from_slice(&scid);
            framing = Framing::Quic(d8);
            pattern = Pattern::Down;
            (w.outside(site_ip(w, f), 443), b.v)
        }
        Http => {
            let site = &w.sites[site_of(f).0];
            let mut b = B::new(wan);
            b.open();
            let ua = match h.os {
                Os::Windows => "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/1.0",
                Os::OldWindows => "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1)",
                _ => "example-agent/2.1",
            };
            b.say(true, http_request(&site.name, "/content/check.bin", ua));
            b.ack(false);
            b.say(false, http_response("nginx", "application/octet-stream"));
            framing = Framing::Body;
            pattern = Pattern::Down;
            let mut e = B::new(wan);
            e.close();
            post = e.v;
            (w.outside(site_ip(w, f), 80), b.v)
        }
        Dicom => {
            let mut b = B::new(lan);
            b.open();
            let calling = format!("{}_AE", h.name.to_uppercase());
            b.say(true, dicom_associate(false, "PACS_SCP", &calling));
            b.say(false, dicom_associate(true, "PACS_SCP", &calling));
            framing = Framing::Dicom;
            pattern = Pattern::Up;
            let mut e = B::new(lan);
            e.say(true, dicom_pdu(5, &[0; 4]));
            e.say(false, dicom_pdu(6, &[0; 4]));
            e.close();
            post = e.v;
            (inside(if f.b % 2 == 0 { 104 } else { 11112 }), b.v)
        }
        Hl7 => {
            let mut b = B::new(lan);
            b.open();
            let n = r.u32() % 90000;
            b.say(true, hl7(n, false));
            b.say(false, hl7(n, true));
            framing = Framing::Hl7;
            let mut e = B::new(lan);
            e.close();
            post = e.v;
            (inside(2575), b.v)
        }
        Smb => {
            let mut b = B::new(lan);
            b.open();
            for cmd in [0u16, 1, 1, 3, 5] {
                let n = r.range(60, 300) as usize;
                b.say(true, smb2(cmd, false, if cmd == 0 { 0 } else { n }, r));
                b.say(false, smb2(cmd, true, n, r));
            }
            framing = Framing::Smb;
            pattern = *r.pick(&[Pattern::Down, Pattern::Down, Pattern::Up]);
            let mut e = B::new(lan);
            e.close();
            post = e.v;
            (inside(445), b.v)
        }
        Ldap => {
            let mut b = B::new(lan);
            b.open();
            b.say(true, ldap(false, 1));
            b.say(false, ldap(true, 1));
            b.close();
            (inside(389), b.v)
        }
        Rdp => {
            let mut b = B::new(lan);
            b.open();
            b.say(true, rdp_negotiate(false));
            b.say(false, rdp_negotiate(true));
            let name = format!("{}.hosp.example", w.hosts[f.b as usize].name);
            b.say(true, client_hello(TlsClient::Schannel, &name, &[], r));
            b.say(false, server_flight(false, &name, None, r));
            b.say(true, client_finish(false, r));
            framing = Framing::Tls;
            (inside(3389), b.v)
        }
        Ssh => {
            let mut b = B::new(lan);
            b.open();
            b.say(true, b"SSH-2.0-OpenSSH_9.2\r\n".to_vec());
            b.say(false, b"SSH-2.0-OpenSSH_8.4\r\n".to_vec());
            for c2s in [true, false] {
                let mut k = vec![0, 0, 4, 0x34, 6, 20];
                k.extend(r.bytes(16));
                for l in [
                    "curve25519-sha256,ecdh-sha2-nistp256",
                    "ssh-ed25519,rsa-sha2-512",
                    "aes128-ctr,aes256-gcm@openssh.com",
                ] {
                    k.extend_from_slice(&(l.len() as u32).to_be_bytes());
                    k.extend_from_slice(l.as_bytes());
                }
                k.resize(1080, 0);
                b.say(c2s, k);
            }
            framing = Framing::Body;
            (inside(22), b.v)
        }
        Kerberos => {
            let mut b = B::new(lan);
            b.udp(0, true, krb(false, r));
            b.udp(lan, false, krb(true, r));
            (inside(88), b.v)
        }
        Ntp => {
            let mut b = B::new(lan);
            b.udp(0, true, ntp(false, r));
            b.udp(lan, false, ntp(true, r));
            (inside(123), b.v)
        }
        Snmp => {
            let mut b = B::new(lan);
            for i in 0..r.range(2, 12) as u32 {
                b.udp(if i == 0 { 0 } else { 3000 }, true, snmp(false, f.port as u32 + i));
                b.udp(lan, false, snmp(true, f.port as u32 + i));
            }
            (w.routed(f.b as usize, 161), b.v)
        }
        Syslog => {
            let mut b = B::new(lan);
            for i in 0..r.range(1, 8) as u32 {
                b.udp(if i == 0 { 0 } else { 50_000 }, true, syslog(&h.name, i));
            }
            (inside(514), b.v)
        }
        Sip => {
            let mut b = B::new(lan);
            b.udp(0, true, sip("REGISTER", f.port as u32, "10.10.0.20"));
            b.udp(lan, false, sip("OPTIONS", f.port as u32, "10.10.0.20"));
            b.udp(lan, true, sip("INVITE", f.port as u32, "10.10.0.20"));
            (inside(5060), b.v)
        }
        Rtp => {
            framing = Framing::Rtp;
            pattern = Pattern::Fixed(160);
            (w.routed(f.b as usize, 16384 + (f.port & 0xffe)), vec![])
        }
        Icmp => {
            let mut b = B::new(lan);
            let id = r.u32();
            for i in 0..4u8 {
                for c2s in [true, false] {
                    let mut p = vec![if c2s { 8 } else { 0 }, 0, 0, 0, (id >> 8) as u8, id as u8, 0, i];
                    p.extend_from_slice(b"abcdefghijklmnopqrstuvwabcdefghi");
                    let ck = frame::checksum(&p);
                    p[2..4].copy_from_slice(&ck.to_be_bytes());
                    b.push(if c2s && i > 0 { 1_000_000 } else { lan }, c2s, What::Ip(1, p));
                }
            }
            (inside(0), b.v)
        }
        Scan => {
            let mut b = B::new(lan);
            b.push(0, true, What::Tcp(SYN, vec![]));
            if r.chance(0.5) {
                b.push(lan, false, What::Tcp(RST | ACK, vec![]));
            }
            let p = *r.pick(&[22u16, 23, 80, 135, 139, 443, 445, 3389, 8080, 9100, 2000]);
            (w.routed(f.b as usize, p), b.v)
        }
        Mdns | Ssdp => {
            let (ip, mac, p, m) = if f.kind == Mdns {
                (
                    [224, 0, 0, 251],
                    [1, 0, 0x5e, 0, 0, 0xfb],
                    5353,
                    mdns_announce(&h.name, "_ipp._tcp.local", h.ip),
                )
            } else {
                ([239, 255, 255, 250], [1, 0, 0x5e, 0x7f, 0xff, 0xfa], 1900, ssdp(&h.name))
            };
            let mut b = B::new(lan);
            b.udp(0, true, m.clone());
            b.udp(1_000_000, true, m);
            if f.kind == Mdns {
                c.port = 5353;
            }
            (Ep { mac, ip: Ip::V4(ip), port: p, ttl: 255 }, b.v)
        }
        Nbns => {
            let mut b = B::new(lan);
            let m = nbns(&h.name, f.port);
            for _ in 0..3 {
                b.udp(750_000, true, m.clone());
            }
            c.port = 137;
            (Ep { mac: [255; 6], ip: Ip::V4([h.ip[0], h.ip[1], 3, 255]), port: 137, ttl: 128 }, b.v)
        }
        Dhcp => {
            let srv = w.hosts[w.dns].ip;
            let vendor = match h.os {
                Os::Windows | Os::OldWindows => "MSFT 5.0",
                Os::Android => "android-dhcp-14",
                Os::Linux => "udhcp 1.36.1",
                _ => "",
            };
            let mut b = B::new(lan);
            let xid = r.u32();
            for (i, kind) in [1u8, 2, 3, 5].into_iter().enumerate() {
                let d = super::proto::Dhcp {
                    kind,
                    xid,
                    mac: h.mac,
                    yiaddr: h.ip,
                    server: srv,
                    host: &h.name,
                    vendor,
                };
                b.udp(if i == 0 { 0 } else { 30_000 }, i % 2 == 0, dhcp(&d));
            }
            c.ip = Ip::V4([0; 4]);
            c.port = 68;
            (Ep { mac: w.router, ip: Ip::V4([255; 4]), port: 67, ttl: 64 }, b.v)
        }
        IkeEsp | IkeNatT => {
            let spi = r.u64() | 1;
            let mut b = B::new(wan);
            for (x, n) in [(34u8, 360usize), (35, 1100)] {
                for c2s in [true, false] {
                    let mut m = ike(x, !c2s, spi, n, r);
                    if f.kind == IkeNatT && x == 35 {
                        m.splice(0..0, [0; 4]);
                    }
                    b.udp(wan / 2, c2s, m);
                }
            }
            pattern = Pattern::Imix;
            framing = if f.kind == IkeEsp { Framing::Esp(spi as u32) } else { Framing::EspUdp(spi as u32) };
            let p = if f.kind == IkeEsp { 500 } else { 4500 };
            c.port = p;
            (outside(p, f.b), b.v)
        }
        OpenVpnUdp => {
            let mut b = B::new(wan);
            let (sc, ss) = (r.u64(), r.u64());
            for (c2s, op) in
                [(true, 7u8), (false, 8), (true, 5), (true, 4), (false, 4), (false, 4), (true, 5), (true, 4)]
            {
                let body = r.bytes(if op == 4 { 300 } else { 0 });
                b.udp(wan / 2, c2s, ovpn(op, if c2s { sc } else { ss }, op as u32, &body));
            }
            pattern = Pattern::Imix;
            framing = Framing::Ovpn;
            (outside(1194, f.b), b.v)
        }
        WireGuard => {
            let mut b = B::new(wan);
            b.udp(0, true, wg_init(r));
            b.udp(wan, false, wg_resp(r));
            pattern = Pattern::Imix;
            framing = Framing::Wg;
            (outside(51820, f.b), b.v)
        }
        Gre => {
            pattern = Pattern::Imix;
            framing = Framing::Gre;
            (outside(0, f.b), vec![])
        }
        L2tp => {
            pattern = Pattern::Imix;
            framing = Framing::L2tp;
            c.port = 1701;
            (outside(1701, f.b), vec![])
        }
        Vxlan => {
            pattern = Pattern::Imix;
            framing = Framing::Vxlan;
            (inside(4789), vec![])
        }
        Arp => {
            let t = &w.hosts[f.b as usize];
            let mut b = B::new(lan);
            b.push(0, true, What::Raw(0x0806, [255; 6], arp(1, &h.mac, &h.ip, &[0; 6], &t.ip)));
            if t.vlan == h.vlan {
                b.push(lan, false, What::Raw(0x0806, h.mac, arp(2, &t.mac, &t.ip, &h.mac, &h.ip)));
            }
            (t.ep(0), b.v)
        }
        Lldp => {
            let mac = [0x00, 0x1b, 0x54, 0xee, 0, f.a as u8];
            let sw = f.a % 24;
            let mut b = B::new(lan);
            let m = lldp(
                &mac,
                &format!("Gi1/0/{}", f.b % 48 + 1),
                &format!("sw{sw:02}"),
                [10, 0, 0, sw as u8 + 10],
            );
            b.push(0, true, What::Raw(0x88cc, [0x01, 0x80, 0xc2, 0, 0, 0x0e], m));
            c.mac = mac;
            (c, b.v)
        }
    };
    let vlan = if f.kind == Lldp { 0 } else { h.vlan };
    Script { c, s, vlan, cos: h.os, pre, post, pattern, framing }
}

fn plan(w: &World, o: &Opts) -> io::Result<Vec<Flow>> {
    let mut r = Rng::stream(o.seed, 2, 0);
    let r = &mut r;
    let mut ports: HashMap<u32, u16> = HashMap::new();
    let mut port = |a: u32| {
        let p = ports.entry(a).or_insert(49152 + (a as u16 % 997));
        *p = if *p == 65535 { 49152 } else { *p + 1 };
        *p
    };
    let end = o.duration;
    let mut v: Vec<Flow> = vec![];
    let total: u64 = MIX.iter().map(|m| m.1).sum();
    let mut counted = 0;
    let client = |r: &mut Rng, roles: &[Role]| {
        let role = *r.pick(roles);
        *r.pick(w.role(role)) as u32
    };
    let any = |r: &mut Rng| r.below(w.hosts.len() as u64) as u32;
    for (kind, n, _) in TUNNELS {
        for i in 0..(o.flows * n / 10_000).max(1) {
            let a = match kind {
                TlsKeepalive => client(r, &[Role::Modality, Role::Server, Role::Iot]),
                Vxlan => client(r, &[Role::Server]),
                Gre | L2tp | IkeEsp => w.role(Role::Modality)[i as usize % 64] as u32,
                _ => client(r, &[Role::Modality, Role::Pc, Role::Server]),
            };
            let start = r.below(end / 10);
            let b = if *kind == Vxlan { *r.pick(w.role(Role::Server)) as u32 } else { i as u32 };
            v.push(Flow { start, dur: end - start - end / 50, kind: *kind, a, b, bulk: 0, port: port(a) });
            counted += 1;
        }
    }
    while counted < o.flows {
        let mut x = r.below(total);
        let kind = MIX
            .iter()
            .find(|m| {
                let hit = x < m.1;
                if !hit {
                    x -= m.1
                }
                hit
            })
            .unwrap()
            .0;
        use Role::*;
        let a = match kind {
            TlsOut => client(r, &[Pc, Pc, Pc, Pc, Mobile, Mobile, Server, Iot]),
            Quic => client(r, &[Pc, Mobile]),
            Http => client(r, &[Pc, Iot, Server, Modality]),
            Dicom => client(r, &[Modality]),
            Hl7 => client(r, &[Iot, Server]),
            Smb | Ldap | Kerberos | TlsInternal | Rdp => client(r, &[Pc, Pc, Pc, Modality]),
            Snmp => w.mgmt as u32,
            Sip | Rtp => client(r, &[Phone]),
            Mdns => client(r, &[Printer, Mobile]),
            Scan => client(r, &[Pc]),
            _ => any(r),
        };
        let site = zipf(r, w.sites.len()) as u32;
        let b = match kind {
            TlsOut | Quic | Http => site << 1 | (w.hosts[a as usize].vlan == 0 && r.chance(0.12)) as u32,
            TlsInternal => *r.pick(&w.his) as u32,
            Dicom => *r.pick(&w.pacs) as u32,
            Hl7 => *r.pick(&w.his) as u32,
            Smb => *r.pick(&w.files) as u32,
            Ldap | Kerberos | Ntp => *r.pick(&w.dcs) as u32,
            Syslog => w.mgmt as u32,
            Sip => 20,
            Rtp => client(r, &[Phone]),
            Rdp | Ssh => client(r, &[Server]),
            _ => any(r),
        };
        let median = match kind {
            TlsOut | Quic => 20e6,
            TlsInternal | Smb => 120e6,
            Rdp | Ssh => 900e6,
            Dicom | Rtp => 90e6,
            Hl7 => 300e6,
            _ => 3e6,
        };
        let start = r.range(60_000, end.max(100_000) - 30_000);
        let dur = (r.exp(median) as u64).clamp(20_000, (end - start).max(20_001));
        let f = Flow { start, dur, kind, a, b, bulk: 0, port: port(a) };
        if matches!(kind, TlsOut | Quic | Http) && r.chance(0.7) && counted + 1 < o.flows {
            let lead = r.range(9_500, 40_000);
            v.push(Flow { start: start - lead, dur: 0, kind: Dns, port: port(a), ..f.clone() });
            counted += 1;
        }
        v.push(f);
        counted += 1;
    }
    for _ in 0..o.flows / 20 {
        let a = any(r);
        let b = any(r);
        v.push(Flow { start: r.below(end), dur: 0, kind: Arp, a, b, bulk: 0, port: 0 });
    }
    for sw in 0..24u32 {
        for t in (0..end).step_by(30_000_000) {
            v.push(Flow {
                start: t + sw as u64 * 1_000_003 % 30_000_000,
                dur: 0,
                kind: Lldp,
                a: sw,
                b: sw * 2,
                bulk: 0,
                port: 0,
            });
        }
    }
    v.sort_by_key(|f| f.start);
    share_out(w, o, &mut v)?;
    Ok(v)
}

/// Gives every bulk-carrying flow its number of packets, so that the total is exact.
fn share_out(w: &World, o: &Opts, v: &mut [Flow]) -> io::Result<()> {
    let mut fixed = 0u64;
    for (i, f) in v.iter_mut().enumerate() {
        let s = script(w, o.seed, i as u64, f);
        fixed += (s.pre.len() + s.post.len()) as u64;
        if f.kind == TlsKeepalive {
            f.bulk = (f.dur / 30_000_000) as u32 * 3; // every 30 s: ping, pong, ack
            fixed += f.bulk as u64;
        }
    }
    if fixed > o.packets {
        let short = format!("{} flows need at least {fixed} packets (asked for {})", o.flows, o.packets);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, short));
    }
    let rest = o.packets - fixed;
    let shares: Vec<(Kind, u64)> =
        MIX.iter().chain(TUNNELS).filter(|m| m.2 > 0).map(|m| (m.0, m.2)).collect();
    let all: u64 = shares.iter().map(|s| s.1).sum();
    let mut given = 0;
    let mut r = Rng::stream(o.seed, 3, 0);
    for (kind, share) in shares {
        let idx: Vec<usize> = (0..v.len()).filter(|&i| v[i].kind == kind).collect();
        let wt: Vec<f64> = idx.iter().map(|_| r.pareto(1.15, 3000.0)).collect();
        let sum: f64 = wt.iter().sum();
        let pool = rest * share / all;
        for (i, x) in idx.iter().zip(wt) {
            v[*i].bulk = (pool as f64 * x / sum) as u32;
            given += v[*i].bulk as u64;
        }
    }
    if let Some(f) = v.iter_mut().find(|f| f.kind == TlsOut) {
        f.bulk += (rest - given) as u32;
    }
    Ok(())
}

struct Live {
    s: Script,
    rng: Rng,
    step: u32,
    gap: f64,
    seq: [u32; 2],
    /// Sequence, offset in the noise buffer, length and side of the last data segment.
    last: Option<(u32, usize, usize, bool)>,
    n: u32,
    /// Last timestamp option each side sent.
    ts: [u32; 2],
}

const NOISE: usize = 1 << 20;

/// Payload of the next bulk packet into `p`; true when client to server.
fn bulk(l: &mut Live, noise: &[u8], p: &mut Vec<u8>) -> (bool, usize, usize) {
    let r = &mut l.rng;
    let i = l.n;
    l.n += 1;
    let big = |r: &mut Rng| if r.chance(0.8) { MSS - 16 } else { r.range(100, 1380) as usize };
    let (c2s, n) = match l.s.pattern {
        Pattern::Down | Pattern::Up => {
            let down = matches!(l.s.pattern, Pattern::Down);
            match i % 5 {
                0 | 1 | 3 => (!down, big(r)),
                _ => (down, 0),
            }
        }
        Pattern::Chat => match i % 3 {
            0 => (true, r.range(40, 240) as usize),
            1 => (false, r.range(60, 700) as usize),
            _ => (true, 0),
        },
        Pattern::Imix => (
            r.chance(0.5),
            match r.below(12) {
                0..=6 => r.range(44, 90) as usize,
                7..=10 => r.range(480, 580) as usize,
                _ => 1360,
            },
        ),
        Pattern::Fixed(n) => match (l.s.framing, i % 3) {
            (Framing::Rtp, _) => (i % 2 == 0, n),
            (_, 0) => (true, n),
            (_, 1) => (false, n),
            _ => (true, 0),
        },
    };
    let off = (r.u64() as usize) % (NOISE - 2048);
    p.clear();
    fill(&l.s, i, n, &noise[off..], p, l.rng.clone());
    (c2s, off, n)
}

fn fill(s: &Script, i: u32, n: usize, noise: &[u8], p: &mut Vec<u8>, mut r: Rng) {
    let dgram = matches!(s.framing, Framing::Quic(_));
    if n == 0 && !dgram {
        return; // a bare acknowledgement
    }
    let n = n.max(24);
    let body = &noise[..n];
    let inner = |p: &mut Vec<u8>| {
        // An inner IPv4/UDP packet between addresses behind the tunnel.
        let a = Ep {
            mac: [2, 0, 0, 0, 0, 1],
            ip: Ip::V4([172, 20, 0, noise[0]]),
            port: 40000 + i as u16 % 64,
            ttl: 64,
        };
        let b = Ep { mac: [2, 0, 0, 0, 0, 2], ip: Ip::V4([172, 21, 0, noise[1] & 15]), port: 5000, ttl: 64 };
        let mut t = vec![];
        frame::udp(&mut t, &a, &b, 0, i as u16, &body[..n.saturating_sub(60).max(8)]);
        p.extend_from_slice(&t);
    };
    match s.framing {
        Framing::None | Framing::Body => p.extend_from_slice(body),
        Framing::Tls => {
            p.extend_from_slice(&[23, 3, 3]);
            be16(p, n);
            p.extend_from_slice(body);
        }
        Framing::Dicom => {
            let body = &body[..n & !1];
            let n = body.len();
            p.extend_from_slice(&[4, 0]);
            p.extend_from_slice(&(n as u32 + 6).to_be_bytes());
            p.extend_from_slice(&(n as u32 + 2).to_be_bytes());
            p.extend_from_slice(&[1, 0]);
            p.extend_from_slice(body);
        }
        Framing::Hl7 => p.extend(hl7(i / 3, i % 3 == 1)),
        Framing::Smb => p.extend(smb2(if n > 700 { 8 } else { 9 }, true, n.saturating_sub(80), &mut r)),
        Framing::Rtp => {
            p.extend_from_slice(&[0x80, 0]);
            be16(p, i as usize / 2 & 0xffff);
            p.extend_from_slice(&(i / 2 * 160).to_be_bytes());
            p.extend_from_slice(&[0xca, 0xfe, 0, (i & 1) as u8]);
            p.extend_from_slice(body);
        }
        Framing::Quic(d) => {
            p.push(0x40 | noise[0] & 0x1f);
            p.extend_from_slice(&d);
            p.extend_from_slice(&body[..n.min(1200)]);
        }
        Framing::Ovpn | Framing::OvpnTcp => {
            if matches!(s.framing, Framing::OvpnTcp) {
                be16(p, n + 8);
            }
            p.extend_from_slice(&[0x48, 0, 0, 1]);
            p.extend_from_slice(&i.to_be_bytes());
            p.extend_from_slice(body);
        }
        Framing::Wg => {
            p.extend_from_slice(&[4, 0, 0, 0, 0xd1, 0x0c, 0x5e, 1]);
            p.extend_from_slice(&(i as u64).to_le_bytes());
            p.extend_from_slice(&body[..n & !15]);
            p.extend_from_slice(&noise[n..n + 16]);
        }
        Framing::Esp(spi) | Framing::EspUdp(spi) => {
            p.extend_from_slice(&(spi | 0x1000).to_be_bytes());
            p.extend_from_slice(&i.to_be_bytes());
            p.extend_from_slice(&body[..n & !3]);
        }
        Framing::Gre => {
            p.extend_from_slice(&[0, 0, 8, 0]);
            let o = p.len();
            inner(p);
            p.drain(o..o + 14);
        }
        Framing::L2tp => {
            p.extend_from_slice(&[0, 2, 0, 7, 0, 9, 0xff, 3, 0, 0x21]);
            let o = p.len();
            inner(p);
            p.drain(o..o + 14);
        }
        Framing::Vxlan => {
            p.extend_from_slice(&[8, 0, 0, 0, 0, 0, 42, 0]);
            inner(p);
        }
    }
}

#[derive(Default, Clone)]
struct Count {
    flows: u64,
    packets: u64,
    bytes: u64,
}

pub(crate) fn write(o: &Opts, out: &mut PcapWriter) -> io::Result<String> {
    let w = World::new(o.seed);
    let flows = plan(&w, o)?;
    let noise = Rng::stream(o.seed, 4, 0).bytes(NOISE + 4096);
    let mut heap: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
    let mut live: HashMap<u32, Live> = HashMap::new();
    let mut next = 0usize;
    let (mut buf, mut pay) = (Vec::with_capacity(2048), Vec::with_capacity(2048));
    let mut counts: BTreeMap<Kind, Count> = BTreeMap::new();
    let (mut sni, mut asked) = (HashSet::new(), HashSet::new());
    let mut sni_flows = 0u64;
    let mut ipid = 0u16;
    let mut now = 0;
    while next < flows.len() || !heap.is_empty() {
        // Start every flow that is due before the next packet.
        while next < flows.len() && heap.peek().is_none_or(|Reverse((t, _))| flows[next].start <= *t) {
            heap.push(Reverse((flows[next].start, next as u32)));
            next += 1;
        }
        let Reverse((t, id)) = heap.pop().unwrap();
        now = now.max(t);
        let f = &flows[id as usize];
        let l = live.entry(id).or_insert_with(|| {
            let s = script(&w, o.seed, id as u64, f);
            let mut rng = Rng::stream(o.seed, 101, id as u64);
            let used: u64 = s.pre.iter().chain(&s.post).map(|x| x.dt).sum();
            let gap = f.dur.saturating_sub(used).max(200) as f64 / (f.bulk as f64 + 1.0);
            let seq = [rng.u32(), rng.u32()];
            match f.kind {
                TlsOut | Quic | Http => {
                    sni.insert(w.sites[site_of(f).0].name.as_str());
                    sni_flows += (f.kind != Http) as u64;
                }
                TlsInternal | TlsKeepalive | Rdp => sni_flows += 1,
                Dns => {
                    asked.insert(w.sites[site_of(f).0].name.as_str());
                }
                _ => {}
            }
            counts.entry(f.kind).or_default().flows += 1;
            Live { s, rng, step: 0, gap, seq, last: None, n: 0, ts: [0; 2] }
        });
        let npre = l.s.pre.len() as u32;
        let total = npre + f.bulk + l.s.post.len() as u32;
        if l.step >= total {
            live.remove(&id);
            continue;
        }
        ipid = ipid.wrapping_add(1);
        let in_bulk = l.step >= npre && l.step < npre + f.bulk;
        if in_bulk {
            let (mut c2s, off, n) = bulk(l, &noise, &mut pay);
            let is_tcp = matches!(l.s.pre.first(), Some(Seg { what: What::Tcp(..), .. }));
            if is_tcp {
                let mut seq = l.seq[!c2s as usize];
                // Now and then the last segment is sent again.
                let again = n > 0 && l.rng.chance(0.003);
                match l.last {
                    Some((q, o2, n2, d)) if again => {
                        c2s = d;
                        seq = q;
                        let mut p2 = vec![];
                        std::mem::swap(&mut pay, &mut p2);
                        pay.clear();
                        let k = l.n - 1;
                        fill(&l.s, k, n2, &noise[o2..], &mut pay, l.rng.clone());
                        let want = l.seq[!c2s as usize].wrapping_sub(q) as usize;
                        pay.resize(want, 0);
                    }
                    _ => {
                        if !pay.is_empty() {
                            l.last = Some((seq, off, n, c2s));
                            l.seq[!c2s as usize] = seq.wrapping_add(pay.len() as u32);
                        } else if n > 0 {
                            l.last = None;
                        }
                    }
                }
                let flags = if pay.is_empty() { ACK } else { PSH | ACK };
                emit_tcp(&mut buf, l, t, c2s, flags, seq, &pay, ipid);
            } else {
                let (s, d) = if c2s { (&l.s.c, &l.s.s) } else { (&l.s.s, &l.s.c) };
                match l.s.framing {
                    Framing::Esp(_) => frame::ip(&mut buf, s, d, l.s.vlan, ipid, 50, &pay),
                    Framing::Gre => frame::ip(&mut buf, s, d, l.s.vlan, ipid, 47, &pay),
                    _ => frame::udp(&mut buf, s, d, l.s.vlan, ipid, &pay),
                }
            }
        } else {
            let i = if l.step < npre { l.step } else { l.step - npre - f.bulk } as usize;
            let seg = if l.step < npre { &mut l.s.pre[i] } else { &mut l.s.post[i] };
            let c2s = seg.c2s;
            let what = std::mem::replace(&mut seg.what, What::Udp(vec![]));
            if i == 0 && l.step == 0 && matches!(what, What::Tcp(..)) {
                l.s.pre[0].what = What::Tcp(0, vec![]); // keeps the mark that this flow is TCP
            }
            let (s, d) = if c2s { (&l.s.c, &l.s.s) } else { (&l.s.s, &l.s.c) };
            match what {
                What::Udp(p) => frame::udp(&mut buf, s, d, l.s.vlan, ipid, &p),
                What::Ip(proto, p) => frame::ip(&mut buf, s, d, l.s.vlan, ipid, proto, &p),
                What::Raw(et, dst, p) => frame::raw(&mut buf, &s.mac, &dst, l.s.vlan, et, &p),
                What::Tcp(flags, p) => {
                    let k = !c2s as usize;
                    let seq = l.seq[k];
                    emit_tcp(&mut buf, l, t, c2s, flags, seq, &p, ipid);
                    l.seq[k] = seq.wrapping_add(p.len() as u32 + (flags & (SYN | FIN) != 0) as u32);
                }
            }
        }
        out.write(o.start + now, &buf)?;
        let c = counts.entry(f.kind).or_default();
        c.packets += 1;
        c.bytes += buf.len() as u64;
        l.step += 1;
        let dt = if l.step < npre {
            l.s.pre[l.step as usize].dt
        } else if l.step < npre + f.bulk {
            if f.kind == TlsKeepalive {
                if (l.step - npre) % 3 == 0 { 29_950_000 } else { 25_000 }
            } else {
                (l.rng.exp(l.gap) as u64).min(4 * l.gap as u64)
            }
        } else if l.step < total {
            l.s.post[(l.step - npre - f.bulk) as usize].dt
        } else {
            live.remove(&id);
            continue;
        };
        heap.push(Reverse(((t + dt).min(o.duration - 1).max(t), id)));
    }
    let per: Vec<String> = counts
        .iter()
        .map(|(k, c)| {
            format!("\"{k:?}\":{{\"flows\":{},\"packets\":{},\"bytes\":{}}}", c.flows, c.packets, c.bytes)
        })
        .collect();
    Ok(format!(
        "{{\"profile\":\"hospital\",\"seed\":{},\"packets\":{},\"bytes\":{},\"hosts\":{},\"flows_with_server_name\":{},\"distinct_external_names\":{},\"distinct_names_asked\":{},\"kinds\":{{{}}}}}",
        o.seed,
        out.packets,
        out.bytes,
        w.hosts.len(),
        sni_flows,
        sni.len(),
        asked.len(),
        per.join(",")
    ))
}

#[allow(clippy::too_many_arguments)]
fn emit_tcp(buf: &mut Vec<u8>, l: &mut Live, t: u64, c2s: bool, flags: u8, seq: u32, p: &[u8], ipid: u16) {
    let (s, d) = if c2s { (&l.s.c, &l.s.s) } else { (&l.s.s, &l.s.c) };
    let ts = (t / 1000) as u32;
    let other = c2s as usize;
    l.ts[1 - other] = ts;
    let ack = if flags & ACK != 0 { l.seq[other] } else { 0 };
    let os = l.s.cos;
    let mut opts: Vec<u8> = vec![];
    let mut win = if os.scales() { 1026 } else { os.syn(0).1 };
    if flags & SYN != 0 {
        let (o, w) = os.syn(ts);
        (opts, win) = if c2s { (o, w) } else { (os.syn_reply(ts, l.ts[0]), 65160) };
    } else if os.timestamps() {
        opts.extend_from_slice(&[1, 1, 8, 10]);
        opts.extend_from_slice(&ts.to_be_bytes());
        opts.extend_from_slice(&l.ts[other].to_be_bytes());
    }
    frame::tcp(buf, s, d, l.s.vlan, ipid, &Tcp { seq, ack, flags, win, opts: &opts }, p);
}
