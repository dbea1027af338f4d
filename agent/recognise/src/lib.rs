//! First bytes of a conn to service, names and fingerprints.
//!
//! One file a protocol, one line each in [`PROTOCOLS`]. A recogniser is a function without state of
//! its own: it is shown what was sent ([`Sight`]), answers [`Look`], and hands names and fingerprints
//! to a [`Sink`]. Recognition is by content, on any port. No recogniser reads further than the
//! handshake or header it needs, and none keeps payload.

#![forbid(unsafe_code)]

mod amneziawg;
mod amqp;
mod anyconnect;
mod anydesk;
mod astm;
mod bacnet;
mod ber;
mod bgp;
mod bittorrent;
mod bore;
mod capwap;
mod checkmk;
mod cipher;
mod citrix;
mod coap;
mod datagrams;
mod dcerpc;
mod dhcp;
mod dhcpv6;
mod dicom;
mod dnp3;
mod dns;
mod dns_tunnel;
mod dnscrypt;
mod drda;
mod dtls;
mod engine;
mod esp;
mod etherip;
mod ethernet_ip;
mod fastd;
mod fortinet;
mod frp;
mod ftp;
mod globalprotect;
mod gre;
mod gtp;
mod guacamole;
mod handshakes;
mod hl7;
mod hsrp;
mod http;
mod icmp_tunnel;
mod iec104;
mod ike;
mod imap;
mod ipfix;
mod ipip;
mod ipmi;
mod irc;
mod jetdirect;
mod kerberos;
mod knxnet;
mod l2tp;
mod ldap;
mod llmnr;
mod lpd;
mod mdns;
mod mkcp;
mod modbus;
mod mongodb;
mod mosh;
mod mqtt;
mod mysql;
mod n2n;
mod nebula;
pub mod neighbour;
mod netbios;
mod netflow;
mod nfs;
mod noise;
mod nomachine;
mod ntlm;
mod ntp;
mod opcua;
mod opening;
mod openvpn;
mod oracle;
mod pop3;
mod postgresql;
mod pptp;
mod quic;
mod radius;
mod radmin;
mod rathole;
mod rdp;
#[cfg(test)]
mod recorder;
mod request_line;
mod rlogin;
mod rsync;
mod rtp;
mod rtsp;
mod rustdesk;
mod s7comm;
mod settle;
mod sflow;
mod sight;
mod sip;
mod smb;
mod smtp;
mod snmp;
mod socks;
mod softether;
mod spice;
mod ssdp;
mod ssh;
mod sstp;
mod start;
mod stratum;
mod stream;
mod stun;
mod syslog;
mod tailscale;
mod tds;
mod teamviewer;
mod telnet;
mod teredo;
mod text;
mod tftp;
mod tinc;
mod tls;
mod vnc;
mod vrrp;
mod vtun;
mod vxlan;
mod warp;
mod webrtc;
mod wireguard;
mod wol;
mod wsd;
mod x11;
mod yggdrasil;
mod zabbix;
mod zerotier;
mod zoom;

pub use cipher::Cipher;
pub use datagrams::Datagrams;
pub use dns::burden::{Burden, Record};
pub use engine::{Budget, Engine, Glimpse, Inspection, Recognised};
pub use sight::{Announced, Fact, Found, Key, Lease, Look, NameSource, Over, Protocol, Side, Sight, Sink};
pub use start::Start;

/// How much of a TCP stream's start is kept for recognisers, in bytes each way.
///
/// A ClientHello with post-quantum shares has under 2 KiB, a certificate chain's first certificate
/// ends within 8 KiB, an A-ASSOCIATE-RQ with 128 presentation contexts within 16 KiB.
pub const STREAM_BUDGET: usize = 16 * 1024;

/// How much of the first datagram each way is kept for recognisers that compare both sides.
pub const HEAD_BYTES: usize = 64;

/// Every protocol, in the order they are asked. To add one: a file, its `mod`, its line here.
pub static PROTOCOLS: &[Protocol] = &[
    netbios::PROTOCOL,
    // Before DNS: a version looks like a question's number.
    netflow::PROTOCOL,
    ipfix::PROTOCOL,
    sflow::PROTOCOL,
    mdns::PROTOCOL,
    llmnr::PROTOCOL,
    // Before DNS, whose clothes it wears, and HTTP, in which it opens where its TLS is taken off.
    softether::PROTOCOL,
    dns::PROTOCOL,
    dns_tunnel::PROTOCOL,
    dnscrypt::PROTOCOL,
    tls::PROTOCOL,
    quic::PROTOCOL,
    // Before HTTP, in which they open where their TLS is taken off; AnyConnect before DTLS as well.
    anyconnect::PROTOCOL,
    fortinet::PROTOCOL,
    globalprotect::PROTOCOL,
    sstp::PROTOCOL,
    http::PROTOCOL,
    ssh::PROTOCOL,
    smb::PROTOCOL,
    dtls::PROTOCOL,
    ntp::PROTOCOL,
    smtp::PROTOCOL,
    ftp::PROTOCOL,
    dicom::PROTOCOL,
    hl7::PROTOCOL,
    astm::PROTOCOL,
    dhcp::PROTOCOL,
    dhcpv6::PROTOCOL,
    snmp::PROTOCOL,
    zabbix::PROTOCOL,
    checkmk::PROTOCOL,
    sip::PROTOCOL,
    ssdp::PROTOCOL,
    syslog::PROTOCOL,
    ldap::PROTOCOL,
    kerberos::PROTOCOL,
    radius::PROTOCOL,
    mqtt::PROTOCOL,
    amqp::PROTOCOL,
    coap::PROTOCOL,
    stun::PROTOCOL,
    webrtc::PROTOCOL,
    zoom::PROTOCOL,
    rtsp::PROTOCOL,
    imap::PROTOCOL,
    pop3::PROTOCOL,
    irc::PROTOCOL,
    dcerpc::PROTOCOL,
    nfs::PROTOCOL,
    tds::PROTOCOL,
    drda::PROTOCOL,
    postgresql::PROTOCOL,
    oracle::PROTOCOL,
    mysql::PROTOCOL,
    mongodb::PROTOCOL,
    jetdirect::PROTOCOL,
    lpd::PROTOCOL,
    rsync::PROTOCOL,
    wsd::PROTOCOL,
    bittorrent::PROTOCOL,
    tftp::PROTOCOL,
    wol::PROTOCOL,
    capwap::PROTOCOL,
    bgp::PROTOCOL,
    hsrp::PROTOCOL,
    vrrp::PROTOCOL,
    bacnet::PROTOCOL,
    knxnet::PROTOCOL,
    dnp3::PROTOCOL,
    iec104::PROTOCOL,
    s7comm::PROTOCOL,
    ethernet_ip::PROTOCOL,
    opcua::PROTOCOL,
    radmin::PROTOCOL,
    nomachine::PROTOCOL,
    spice::PROTOCOL,
    guacamole::PROTOCOL,
    x11::PROTOCOL,
    frp::PROTOCOL,
    bore::PROTOCOL,
    rathole::PROTOCOL,
    stratum::PROTOCOL,
    rustdesk::PROTOCOL,
    socks::PROTOCOL,
    ike::PROTOCOL,
    esp::PROTOCOL,
    gre::PROTOCOL,
    pptp::PROTOCOL,
    // Before L2TP, whose header it may bear.
    fastd::PROTOCOL,
    l2tp::PROTOCOL,
    ipip::PROTOCOL,
    ipmi::PROTOCOL,
    etherip::PROTOCOL,
    icmp_tunnel::PROTOCOL,
    tinc::PROTOCOL,
    vtun::PROTOCOL,
    yggdrasil::PROTOCOL,
    n2n::PROTOCOL,
    nebula::PROTOCOL,
    teredo::PROTOCOL,
    gtp::PROTOCOL,
    vxlan::PROTOCOL,
    zerotier::PROTOCOL,
    tailscale::PROTOCOL,
    rdp::PROTOCOL,
    vnc::PROTOCOL,
    citrix::PROTOCOL,
    anydesk::PROTOCOL,
    wireguard::PROTOCOL,
    warp::PROTOCOL,
    amneziawg::PROTOCOL,
    teamviewer::PROTOCOL,
    telnet::PROTOCOL,
    rlogin::PROTOCOL,
    openvpn::PROTOCOL,
    rtp::PROTOCOL,
    mosh::PROTOCOL,
    mkcp::PROTOCOL,
    // Last: a header of little more than zeros.
    modbus::PROTOCOL,
];
