//! What a service's slug says about method, protection and way of use, in the words of the survey.
//!
//! Only what follows from the protocol itself is said; authentication and contracts are for people.

use sekisho_api::Connection;

use super::column::{Word, word};

/// How a connection is made, the survey's 接続方式.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Method {
    /// IPsec.
    Ipsec,
    /// A tunnel within TLS.
    SslVpn,
    /// Another tunnel.
    Tunnel,
    /// A remote-control or remote-management tool.
    Rmm,
    /// Encrypted, application unknown or its own.
    Encrypted,
    /// Readable on the way.
    Plain,
    /// The wire does not tell.
    Unknown,
}

/// Beyond it one direction is what the connection is for.
const ONE_SIDED: u64 = 10;
/// Below it no direction is told: handshakes and acknowledgements alone.
const ONE_SIDED_FROM_BYTES: u64 = 1_000_000;
/// The score from which sessions count as regular.
const REGULAR: f64 = 0.7;

impl Method {
    /// Gives the method of a service's slug.
    pub(super) fn of(service: &str) -> Self {
        match service {
            "ipsec" => Self::Ipsec,
            "sstp" | "ssl-vpn" | "anyconnect" | "fortinet-sslvpn" | "globalprotect" | "pulse"
            | "softether" => Self::SslVpn,
            "openvpn" | "wireguard" | "amneziawg" | "cloudflare-warp" | "tinc" | "zerotier" | "tailscale"
            | "n2n" | "nebula" | "vtun" | "fastd" | "yggdrasil" | "teredo" | "vxlan" | "etherip" | "l2tp"
            | "pptp" | "gre" | "ipip" | "dns-tunnel" | "icmp-tunnel" | "frp" | "bore" | "rathole"
            | "pagekite" | "httptunnel" | "wstunnel" | "v2ray" | "chisel" | "tor" | "socks" | "gtp" => {
                Self::Tunnel
            }
            "rdp"
            | "vnc"
            | "citrix"
            | "teamviewer"
            | "anydesk"
            | "splashtop"
            | "logmein"
            | "rustdesk"
            | "screenconnect"
            | "beyondtrust"
            | "isl-online"
            | "remoteview"
            | "magic-connect"
            | "chrome-remote-desktop"
            | "zoho-assist"
            | "radmin"
            | "nomachine"
            | "spice"
            | "guacamole"
            | "x11"
            | "mosh"
            | "ipmi"
            | "winrm" => Self::Rmm,
            "tls" | "dtls" | "quic" | "dnscrypt" | "ssh" | "webrtc" | "syncthing" | "unknown-encrypted" => {
                Self::Encrypted
            }
            "dicom" | "hl7" | "astm" | "http" | "dns" | "ntp" | "ftp" | "telnet" | "rlogin" | "syslog"
            | "tftp" | "rtsp" | "bacnet" | "knxnet" | "modbus" | "dnp3" | "lpd" | "jetdirect" | "rsync"
            | "nfs" | "iec104" | "s7comm" | "ethernet-ip" | "zabbix" | "checkmk" | "bgp" | "irc" | "coap"
            | "stratum" => Self::Plain,
            _ => Self::Unknown,
        }
    }

    /// Gives the survey's word, none where the wire does not tell.
    pub(super) const fn word(self) -> Option<&'static Word> {
        const IPSEC: Word = word("IPsec", "IPsec");
        const SSL_VPN: Word = word("SSL-VPN", "SSL VPN");
        const TUNNEL: Word = word("その他トンネル", "Other tunnel");
        const RMM: Word = word("RMM", "RMM");
        const ENCRYPTED: Word = word("暗号化通信", "Encrypted");
        const PLAIN: Word = word("平文", "Plaintext");
        match self {
            Self::Ipsec => Some(&IPSEC),
            Self::SslVpn => Some(&SSL_VPN),
            Self::Tunnel => Some(&TUNNEL),
            Self::Rmm => Some(&RMM),
            Self::Encrypted => Some(&ENCRYPTED),
            Self::Plain => Some(&PLAIN),
            Self::Unknown => None,
        }
    }
}

/// Gives what protects a service by its protocol alone.
pub(super) fn protection(service: &str) -> Option<&'static Word> {
    const NONE: Word = word("暗号化なし", "Not encrypted");
    const IPSEC: Word = word("暗号化あり（IPsec）", "Encrypted (IPsec)");
    const TLS: Word = word("暗号化あり（TLS）", "Encrypted (TLS)");
    const SSH: Word = word("暗号化あり（SSH）", "Encrypted (SSH)");
    const WIREGUARD: Word = word("暗号化あり（WireGuard）", "Encrypted (WireGuard)");
    const OWN: Word = word("暗号化あり（方式不明）", "Encrypted (scheme unknown)");
    match service {
        "ipsec" => Some(&IPSEC),
        "tls" | "dtls" | "webrtc" | "syncthing" | "quic" | "sstp" | "anyconnect" | "fortinet-sslvpn"
        | "globalprotect" | "pulse" => Some(&TLS),
        "ssh" => Some(&SSH),
        "wireguard" | "amneziawg" | "cloudflare-warp" | "tailscale" => Some(&WIREGUARD),
        "unknown-encrypted" => Some(&OWN),
        // GRE, IPIP, L2TP and the readable ones protect nothing themselves: RFC 2784, 2003, 2661, 7348, 3378, 4380.
        "gre" | "ipip" | "l2tp" | "vxlan" | "etherip" | "teredo" | "dicom" | "hl7" | "astm" | "http"
        | "dns" | "ntp" | "ftp" | "telnet" | "rlogin" | "syslog" | "tftp" | "bacnet" | "knxnet"
        | "modbus" | "dnp3" | "lpd" | "jetdirect" | "iec104" | "s7comm" | "ethernet-ip" | "zabbix"
        | "checkmk" | "bgp" | "gtp" | "irc" | "coap" | "stratum" => Some(&NONE),
        _ => None,
    }
}

/// The survey's 用途区分, for a person to choose from.
pub(super) const MODES: &[Word] = &[
    word("オンデマンド", "On demand"),
    word("定期監視", "Monitoring"),
    word("データ送信", "Data transfer"),
    word("参照", "Reference"),
    word("オンデマンド・定期監視", "On demand and monitoring"),
    word("不明", "Unknown"),
];

/// Proposes a way of use where traffic alone suggests one.
///
/// Tunnels get none: their keepalives are regular whatever they carry.
pub(super) fn mode(connection: &Connection) -> Option<&'static Word> {
    let [on_demand, monitoring, transfer, reference, ..] = MODES else { return None };
    let (out, into) = (connection.bytes_out, connection.bytes_in);
    let one_sided = |most: u64, least: u64| most >= ONE_SIDED_FROM_BYTES && most / ONE_SIDED >= least;
    if Method::of(&connection.service) == Method::Rmm {
        return Some(on_demand);
    }
    if connection.tunnel {
        return None;
    }
    if connection.beacon.as_ref().is_some_and(|beacon| beacon.score >= REGULAR) {
        return Some(monitoring);
    }
    if one_sided(out, into) {
        return Some(transfer);
    }
    one_sided(into, out).then_some(reference)
}
