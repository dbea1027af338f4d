//! What a recogniser is shown and what it may answer.

use sekisho_decode::Addr;

use crate::Start;
use crate::datagrams::Datagrams;
use crate::dns::burden::Burden;

/// How the conn's packets travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Over {
    /// A TCP byte stream, shown from its start as far as it is contiguous.
    Tcp,
    /// UDP, shown one datagram at a time.
    Udp,
    /// Another IP protocol by its number, shown one packet at a time (50 ESP, 47 GRE, 115 L2TPv3 …).
    Ip(u8),
}

/// One look at a conn: who sent what, so far.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// How the packets travel.
    pub over: Over,
    /// Whether `data` was sent by the conn's orig.
    pub from_orig: bool,
    /// UDP and IP: this datagram's payload. TCP: the sender's stream from its first byte (or, where
    /// `from_start` is false, from this segment's), contiguous, at most [`crate::STREAM_BUDGET`].
    pub data: &'a [u8],
    /// What the other side sent: for TCP its stream so far in the same sense, for UDP the head of
    /// its first datagram (at most [`crate::HEAD_BYTES`]). Empty if nothing was seen.
    pub other: &'a [u8],
    /// UDP and IP: the head of this sender's first datagram, as of the other's; empty where nothing is kept.
    pub first: &'a [u8],
    /// UDP and IP: what this sender sent before that was asked for by [`Look::Gathering`].
    pub before: Datagrams<'a>,
    /// The datagram's length on the wire, which a small snaplen makes larger than `data`.
    pub wire_len: usize,
    /// Whether `data` begins where the sender began. False for a TCP stream picked up in the middle.
    pub from_start: bool,
    /// The conn's orig.
    pub orig: (Addr, u16),
    /// The conn's resp.
    pub resp: (Addr, u16),
    /// How many packets this sender has sent on this conn, this one included.
    pub count: u32,
}

impl Sight<'_> {
    /// The side that sent `data`.
    #[must_use]
    pub const fn sender(&self) -> Side {
        if self.from_orig { Side::Orig } else { Side::Resp }
    }
    /// The address and port that sent `data`.
    #[must_use]
    pub const fn source(&self) -> (Addr, u16) {
        if self.from_orig { self.orig } else { self.resp }
    }
    /// The address and port that `data` went to.
    #[must_use]
    pub const fn destination(&self) -> (Addr, u16) {
        if self.from_orig { self.resp } else { self.orig }
    }
    /// A conn that this one announces, opened by its client or its server at the other's `port`. `from_client`
    /// tells who sent `data`.
    pub(crate) const fn announced(
        &self,
        service: &'static str,
        from_client: bool,
        by_client: bool,
        port: u16,
    ) -> Announced {
        let (client, server) = if from_client {
            (self.source(), self.destination())
        } else {
            (self.destination(), self.source())
        };
        Announced { service, over: self.over, client: client.0, server, by_client, port }
    }
    /// Whether either port is one of `ports`: a hint that may raise confidence, never decide alone.
    #[must_use]
    pub fn on_port(&self, ports: &[u16]) -> bool {
        ports.contains(&self.orig.1) || ports.contains(&self.resp.1)
    }
    /// The side whose port alone is one of `ports`: a hint to who serves where the bytes do not tell.
    pub(crate) fn side_on(&self, ports: &[u16]) -> Option<Side> {
        match (ports.contains(&self.orig.1), ports.contains(&self.resp.1)) {
            (true, false) => Some(Side::Orig),
            (false, true) => Some(Side::Resp),
            _ => None,
        }
    }
}

/// A recogniser's answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Look {
    /// Not this protocol, whatever comes next: do not ask again for this conn.
    No,
    /// It may be: show more.
    More,
    /// It is, and nothing more need be read.
    Is(Found),
    /// It is, and what comes next on this conn is wanted too. From here on only this recogniser is
    /// asked, with its `memo` kept, until it answers `Is` or `No` ("no more wanted": the finding stays);
    /// `More` changes nothing.
    Reading(Found),
    /// As `Reading`; besides, this datagram belongs together with the next, and is shown beside it in
    /// [`Sight::before`], where there is room.
    Gathering(Found),
    /// It is, and from here on each payload is wanted by itself, for as long as the conn may last: nothing is
    /// kept between two but `memo`, and [`Sight::data`] of TCP is one segment's. As `Reading` otherwise.
    Following(Found),
    /// What was read or followed turned into another service, whose beginning had to go before, or the same of
    /// which more is known now: who serves. If `memo` is not 0, it is that service's now, and it follows on.
    Becomes(&'static str, Found),
}

/// What was recognised.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// How sure, in percent: 90 and more for a checked structure, about 60 for a mark of a few bytes.
    pub confidence: u8,
    /// Who the protocol itself says is the server, where it says: corrects the direction of a conn
    /// whose first packet was missed.
    pub server: Option<Side>,
}

impl Found {
    /// A finding that says nothing about direction.
    #[must_use]
    pub const fn new(confidence: u8) -> Self {
        Self { confidence, server: None }
    }
    /// A finding that knows which side serves.
    #[must_use]
    pub const fn served_by(confidence: u8, server: Side) -> Self {
        Self { confidence, server: Some(server) }
    }
}

/// An end of a conn.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The side that opened it.
    Orig,
    /// The side that answered.
    Resp,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Orig => Self::Resp,
            Self::Resp => Self::Orig,
        }
    }
}

/// One protocol: everything the rest of the agent knows of it stands in its own file.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// The slug of design.md: `openvpn`, `dicom` …
    pub service: &'static str,
    /// Whether it can carry other traffic, or a person's hands, inwards. Its sessions outlive flow timeouts.
    pub tunnel: bool,
    /// What it travels on.
    pub over: &'static [Over],
    /// Usual ports of the responder. Alone they are a hint of low confidence.
    pub ports: &'static [u16],
    /// How it may start, over TCP and UDP.
    pub start: Start,
    /// Looks at a conn. `memo` is this recogniser's own 32 bits for this conn, 0 at first, kept once
    /// it has answered [`Look::Reading`]. Facts go to the sink.
    pub look: fn(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look,
}

/// Takes what recognisers learn besides the service. The strings live only for the call.
pub trait Sink {
    /// Notes something about the conn or one end of it.
    fn note(&mut self, side: Side, key: Key, value: &str);
    /// Notes a fact that stands for itself.
    fn fact(&mut self, fact: Fact<'_>);
}

/// What a note is about. The slug is the field's name in rules.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "each variant's slug says what it is")]
pub enum Key {
    Sni,
    Alpn,
    TlsVersion,
    Ja4,
    CertSubject,
    CertIssuer,
    CertName,
    HttpHost,
    HttpAgent,
    HttpServer,
    SshBanner,
    IkeVersion,
    IkeVendor,
    VncVersion,
    CallingAe,
    CalledAe,
    SopClass,
    SopClassUsed,
    ImplementationUid,
    ImplementationVersion,
    Hl7Type,
    SendingApplication,
    SendingFacility,
    ReceivingApplication,
    ReceivingFacility,
    SnmpVersion,
    QuicVersion,
    TunnelVariant,
    Software,
    Domain,
    ProxyTarget,
    ProxyAddress,
    HttpPath,
    HttpUpgrade,
    /// How the side looks from outside, as a server out there tells it.
    PublicAddress,
}

impl Key {
    /// Every key, in the order of its slug's declaration.
    pub const ALL: [(Self, &'static str); 35] = [
        (Self::Sni, "sni"),
        (Self::Alpn, "alpn"),
        (Self::TlsVersion, "tls_version"),
        (Self::Ja4, "ja4"),
        (Self::CertSubject, "cert_subject"),
        (Self::CertIssuer, "cert_issuer"),
        (Self::CertName, "cert_name"),
        (Self::HttpHost, "http_host"),
        (Self::HttpAgent, "http_agent"),
        (Self::HttpServer, "http_server"),
        (Self::SshBanner, "ssh_banner"),
        (Self::IkeVersion, "ike_version"),
        (Self::IkeVendor, "ike_vendor"),
        (Self::VncVersion, "vnc_version"),
        (Self::CallingAe, "calling_ae"),
        (Self::CalledAe, "called_ae"),
        (Self::SopClass, "sop_class"),
        (Self::SopClassUsed, "sop_class_used"),
        (Self::ImplementationUid, "implementation_uid"),
        (Self::ImplementationVersion, "implementation_version"),
        (Self::Hl7Type, "hl7_type"),
        (Self::SendingApplication, "sending_application"),
        (Self::SendingFacility, "sending_facility"),
        (Self::ReceivingApplication, "receiving_application"),
        (Self::ReceivingFacility, "receiving_facility"),
        (Self::SnmpVersion, "snmp_version"),
        (Self::QuicVersion, "quic_version"),
        (Self::TunnelVariant, "tunnel_variant"),
        (Self::Software, "software"),
        (Self::Domain, "domain"),
        (Self::ProxyTarget, "proxy_target"),
        (Self::ProxyAddress, "proxy_address"),
        (Self::HttpPath, "http_path"),
        (Self::HttpUpgrade, "http_upgrade"),
        (Self::PublicAddress, "public_address"),
    ];

    /// Gives the field's name in rules and JSON.
    #[must_use]
    pub fn slug(self) -> &'static str {
        // The table lists every variant: `slug_covers_every_key` holds it.
        Self::ALL.iter().find(|(key, _)| *key == self).map_or("", |(_, slug)| slug)
    }
}

/// A fact that is not about the conn it was read from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the variants' sentences name every field")]
pub enum Fact<'a> {
    /// A DNS answer: `client` asked for `name` and may reach it at `address` for `ttl_s` seconds.
    /// `name` is the question's, lower case, without the final dot, however many CNAMEs lie between.
    Resolved { client: Addr, name: &'a str, address: Addr, ttl_s: u32 },
    /// A DNS message that may carry data: `client` asked `server` for a name in or below `zone`, its last
    /// short labels in lower case. One proves nothing.
    Burdened { client: Addr, server: Addr, zone: &'a str, burden: Burden },
    /// A host says (or is said) to bear a name.
    Named { address: Addr, name: &'a str, source: NameSource },
    /// A DHCP server's ACK, or a client's request (then without `router` and `server`).
    Lease(Lease<'a>),
    /// A conn is to come that is part of this one.
    Announced(Announced),
}

/// A conn that another announces as part of itself: FTP's data (RFC 959 §3.2), a TFTP transfer (RFC 1350 §4).
///
/// Whatever address a message may give, it is one between the ends of the conn that announces it: only those
/// two can tell each other anything of themselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Announced {
    /// The service of the conn that announces it.
    pub service: &'static str,
    /// How both travel.
    pub over: Over,
    /// Who opened the conn that announces it.
    pub client: Addr,
    /// Who answered there.
    pub server: (Addr, u16),
    /// Whether the client opens the new one.
    pub by_client: bool,
    /// At which port of the other end.
    pub port: u16,
}

/// Where a host's name came from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "each variant is the protocol's own name")]
pub enum NameSource {
    Mdns,
    Llmnr,
    Netbios,
    Ntlm,
    Dhcp,
    Lldp,
    Cdp,
}

/// What DHCP tells of a client (RFC 2131, RFC 2132).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Lease<'a> {
    /// The client's hardware address (`chaddr`).
    pub mac: sekisho_decode::MacAddr,
    /// The address it has or was given; unspecified while it only asks.
    pub address: Addr,
    /// Option 1, as a prefix length.
    pub prefix_len: Option<u8>,
    /// Option 3, the first router.
    pub router: Option<Addr>,
    /// Option 54.
    pub server: Option<Addr>,
    /// Option 12.
    pub hostname: Option<&'a str>,
    /// Option 60.
    pub vendor_class: Option<&'a str>,
    /// Option 55, the parameters asked for, in order.
    pub parameters: &'a [u8],
}
