//! The configuration file as it is written: every key, what it means, what it is when left out.
//!
//! Times are written as `"5min"` or `"30s"`, sizes as `"256MiB"`, addresses as `"192.0.2.0/24"` or
//! `"0.0.0.0:2055"`. A key that is not here is an error. What changes without a restart is marked
//! *(reload)*: `systemctl reload sekisho-agent` takes it over.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The site's name in the ledger, such as the hospital's. Required.
    pub(super) site: Spanned<String>,
    /// This box's name in the ledger, one for each box of a site. Default: the host name.
    pub(super) sensor: Option<Spanned<String>>,
    /// The ledger that everything is recorded in: a file, or the address of a PostgreSQL database
    /// (`postgres://…`). Default: `/var/lib/sekisho/ledger.db`.
    pub(super) ledger: Option<Spanned<PathBuf>>,
    /// The prefixes that are inside, exactly; none means: find out. *(reload)*
    pub(super) internal: Option<Vec<Spanned<String>>>,
    /// Whether settings are taken that the collector hands down: `internal`, `every`, `bandwidth` and `hours` of
    /// `[sync]`, and `subnets` of `[snmp]` within its `allow`. What this file states itself stays as it states
    /// it. Default: true. *(reload)*
    pub(super) take_settings: Option<bool>,
    /// A folder of further rules, laid over the built-in ones; read again at every reload. Default:
    /// `/etc/sekisho/rules.d`, where it is there. *(reload)*
    pub(super) rules: Option<Spanned<PathBuf>>,
    /// The language of sentences that the daemon writes for people: `"ja"` or `"en"`. Default: `"ja"`.
    pub(super) lang: Option<Spanned<String>>,
    /// How often what was seen is judged and recorded. Default: `"5min"`. *(reload)*
    pub(super) roll_up: Option<Spanned<String>>,
    /// The most memory that capture rings and the tables of conns and names take together, all workers'; what
    /// is nearest to its end makes room for what is new. Default: `"384MiB"`.
    pub(super) max_memory: Option<Spanned<String>>,
    /// Interfaces at mirror ports, one table each.
    #[serde(default)]
    pub(super) capture: Vec<Spanned<Capture>>,
    /// Ports for flow exports (NetFlow v5 and v9, IPFIX, sFlow v5), one table each.
    #[serde(default)]
    pub(super) exports: Vec<Spanned<Exports>>,
    /// Figures for Prometheus; off when left out.
    pub(super) metrics: Option<Metrics>,
    /// The pages for a browser; off when left out.
    pub(super) console: Option<Console>,
    /// How the collector is met; off when left out.
    pub(super) sync: Option<Sync>,
    /// Which devices are asked over SNMP; nobody is when left out.
    pub(super) snmp: Option<Spanned<Snmp>>,
    /// What `sekisho-agent status` asks.
    #[serde(default)]
    pub(super) status: Status,
    /// What is logged, and how.
    #[serde(default)]
    pub(super) log: Log,
}

/// `[[capture]]`: one interface at a mirror port.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Capture {
    /// The interface's name, such as `"eth1"`. Required.
    pub(super) interface: Spanned<String>,
    /// Only what this filter lets through, in tcpdump's language. Default: everything.
    pub(super) filter: Option<Spanned<String>>,
    /// How many bytes of a frame are kept. Default: 9216, a jumbo frame whole.
    pub(super) snaplen: Option<Spanned<u32>>,
    /// Whether frames for other machines are taken, as a mirror port needs. Default: true.
    pub(super) promiscuous: Option<bool>,
    /// How many threads share the interface; one carries a line of 1 Gbit/s. Default: 1.
    pub(super) threads: Option<Spanned<usize>>,
    /// The kernel's ring in front of each thread, which holds what comes while the thread is busy.
    /// Default: `"32MiB"`, a quarter of a second of a full 1 Gbit/s line.
    pub(super) ring: Option<Spanned<String>>,
}

/// `[[exports]]`: one port for flow exports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exports {
    /// The address and UDP port to listen on; usual ports are 2055 and 9995 (NetFlow), 4739 (IPFIX)
    /// and 6343 (sFlow), and every port takes every format. Required.
    pub(super) listen: Spanned<String>,
    /// The exporters whose datagrams are taken, as prefixes. Default: any. *(reload)*
    #[serde(default)]
    pub(super) allowed: Vec<Spanned<String>>,
}

/// `[metrics]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metrics {
    /// The loopback address and TCP port of `http://…/metrics`, such as `"127.0.0.1:9464"`. Required.
    pub(super) listen: Spanned<String>,
}

/// `[console]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Console {
    /// The address and TCP port of `https://…/`, such as `"192.0.2.10:8443"`; certificate and password
    /// are kept in the folder `console` beside the ledger. Required.
    pub(super) listen: Spanned<String>,
}

/// `[sync]`: the collector that `sekisho-agent enrol` made this box a site of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sync {
    /// How often it is met. Default: `"5min"`. *(reload)*
    pub(super) every: Option<Spanned<String>>,
    /// Another address than that of the enrolment, such as `"https://collector.example:8444"`.
    /// *(reload)*
    pub(super) url: Option<Spanned<String>>,
    /// A proxy that connects through (HTTP CONNECT), such as `"http://192.0.2.1:3128"`. *(reload)*
    pub(super) proxy: Option<Spanned<String>>,
    /// The most octets that go up in a second, such as `"64KiB"`. Default: no bound. *(reload)*
    pub(super) bandwidth: Option<Spanned<String>>,
    /// The hours in which it may be met, local time, such as `"22:00-06:00"`. Default: always.
    /// *(reload)*
    pub(super) hours: Option<Spanned<String>>,
}

/// `[snmp]`: only reads are sent, and only to whom `targets`, `subnets` and `equipment` allow. Everything
/// here is taken over by a reload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snmp {
    /// Devices that are asked, whatever they are: addresses, with a port where it is not `port`. *(reload)*
    #[serde(default)]
    pub(super) targets: Vec<Spanned<String>>,
    /// Subnets, a /20 at most (IPv6: a /116), each address of which is asked one question; who answers is
    /// asked further, who does not is asked again a day later. Medical devices are left out. *(reload)*
    pub(super) subnets: Option<Vec<Spanned<String>>>,
    /// Within which prefixes the collector may hand `subnets` down, where there are none here. Default: none.
    /// *(reload)*
    #[serde(default)]
    pub(super) allow: Vec<Spanned<String>>,
    /// Whether network equipment is asked that the wire showed, or that other equipment names: gateways,
    /// senders of LLDP and CDP, speakers of SNMP, makers of network equipment. Medical devices are left out.
    /// Default: false. *(reload)*
    pub(super) equipment: Option<bool>,
    /// Who is never asked, as prefixes, even if named. *(reload)*
    #[serde(default)]
    pub(super) excluded: Vec<Spanned<String>>,
    /// A file with the community, for SNMPv2c; a bare name is one of systemd's credentials. Where devices have
    /// different ones, each in a line of its own: up to four are tried in turn. This or `user_file` is required.
    /// *(reload)*
    pub(super) community_file: Option<Spanned<PathBuf>>,
    /// A file with a user of SNMPv3, written as `user = "…"` and where needed `auth`, `auth_password`,
    /// `privacy`, `privacy_password` and `context`. Where there are both, the user is tried first. *(reload)*
    pub(super) user_file: Option<Spanned<PathBuf>>,
    /// Whether SNMPv1 is spoken with the community. Default: false. *(reload)*
    pub(super) v1: Option<bool>,
    /// The port of devices that are not written with theirs. Default: 161. *(reload)*
    pub(super) port: Option<Spanned<u16>>,
    /// How often everybody is asked. Default: `"1h"`. *(reload)*
    pub(super) interval: Option<Spanned<String>>,
    /// How many questions a second one device is asked at most. Default: 20. *(reload)*
    pub(super) rate: Option<Spanned<u32>>,
    /// How long an answer may take. Default: `"2s"`. *(reload)*
    pub(super) timeout: Option<Spanned<String>>,
    /// How often a question is repeated that has no answer. Default: 2. *(reload)*
    pub(super) retries: Option<Spanned<u32>>,
}

/// `[status]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Status {
    /// The Unix socket; its owner and group may ask. Default: `/run/sekisho/agent.sock`.
    pub(super) socket: Option<Spanned<PathBuf>>,
}

/// `[log]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// `"error"`, `"warn"`, `"info"`, `"debug"` or `"trace"`; addresses and names appear from
    /// `"debug"` on. Default: `"info"`. *(reload)*
    pub(super) level: Option<Spanned<String>>,
    /// `"text"` or `"json"`, on standard error. Default: `"text"`.
    pub(super) format: Option<Spanned<String>>,
}
