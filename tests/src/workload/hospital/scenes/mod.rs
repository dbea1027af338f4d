//! What each kind of flow says: a function of the seed and the flow's index alone, so that the first
//! pass can count it and the second say it again.

mod clinical;
mod lan;
mod names;
mod office;
mod voice;
mod vpn;
mod web;

use super::kind::Kind::*;
use super::script::{Cast, Flow, Script, site_of};
use crate::workload::rng::Rng;
use crate::workload::world::World;

/// Writes flow `idx`'s script.
pub(super) fn script(w: &World, seed: u64, idx: u64, f: &Flow) -> Script {
    let mut r = Rng::stream(seed, 100, idx);
    let h = &w.hosts[f.a as usize];
    let v6 = matches!(f.kind, TlsOut | Http | Quic) && site_of(f).1;
    let c = if v6 { h.ep6(f.port) } else { h.ep(f.port) };
    let (lan, wan) = (r.range(300, 900), r.range(6_000, 60_000));
    let scene = match f.kind {
        Dns => names::dns,
        DnsOther => names::dns_other,
        DnsTunnel => names::dns_tunnel,
        TlsOut | TlsInternal | TlsKeepalive | OpenVpnTcp => web::tls,
        Quic => web::quic,
        Http => web::http,
        Dicom => clinical::dicom,
        Hl7 => clinical::hl7,
        Smb => office::smb,
        Ldap => office::ldap,
        Rdp => office::rdp,
        Ssh => office::ssh,
        Kerberos => office::kerberos,
        Ntp => office::ntp,
        Snmp => office::snmp,
        Syslog => office::syslog,
        Sip => voice::sip,
        Rtp => voice::rtp,
        Icmp => lan::icmp,
        Scan => lan::scan,
        Mdns | Ssdp => lan::announce,
        Nbns => lan::nbns,
        Dhcp => lan::dhcp,
        IkeEsp | IkeNatT => vpn::ipsec,
        OpenVpnUdp => vpn::openvpn,
        WireGuard => vpn::wireguard,
        Gre => vpn::gre,
        L2tp => vpn::l2tp,
        Vxlan => vpn::vxlan,
        Arp => lan::arp,
        Lldp => lan::lldp,
    };
    scene(&Cast { w, h, f, c, lan, wan }, &mut r)
}
