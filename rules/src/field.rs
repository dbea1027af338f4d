//! What rules can look at: the subjects, the fields and the keys of `[[match]]`.
//!
//! A field's slug is its key in rule files. `host` is the one key that stands for several fields.

use serde::Deserialize;

/// What a rule is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// One relationship between an inside device and an outside party.
    Connection,
    /// A device inside.
    Device,
    /// A gateway that carries off-site traffic.
    Exit,
    /// What to ask when a connection's category cannot be told: the sentence is the question, the
    /// confidence its rank.
    Question,
}

/// How a field's values are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A domain name, by label, from the right: a pattern holds the name and everything below it.
    Domain,
    /// Text without regard to ASCII case; `*` at either end stands for anything.
    Text,
    /// An object identifier, equal arc by arc.
    Oid,
    /// An object identifier, equal or below.
    OidSubtree,
    /// An address in a prefix.
    Network,
    /// A number, equal or within a range.
    Number,
    /// A hardware address by its first hex digits.
    Mac,
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $variant:ident $slug:literal $kind:ident $en:literal $ja:literal;)+) => {
        /// Something that can be known of a subject. A field may hold several values.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Field { $($(#[doc = $doc])+ $variant,)+ }

        impl Field {
            /// Every field, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Gives the key in rule files.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// Gives the words before a value in an English sentence.
            #[must_use]
            pub const fn label_en(self) -> &'static str {
                match self { $(Self::$variant => $en,)+ }
            }

            /// Gives the words before a value in a Japanese sentence.
            #[must_use]
            pub const fn label_ja(self) -> &'static str {
                match self { $(Self::$variant => $ja,)+ }
            }

            pub(crate) const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)+ }
            }
        }
    };
}

fields! {
    /// The service's slug, as recognised on the wire or asserted by a rule.
    Service "service" Text "service" "サービス";
    /// `tcp`, `udp`, `esp` …
    Transport "transport" Text "transport" "トランスポート";
    /// The responder's port.
    Port "port" Number "port" "ポート番号";
    /// `inside` or `outside`: who opened the connection.
    Initiator "initiator" Text "opened from" "発信側";
    /// The outside party's name, from DNS.
    Name "name" Domain "name" "接続先名";
    /// The server name a TLS or QUIC client asked for.
    Sni "sni" Domain "SNI" "SNI";
    /// The application protocol a TLS or QUIC client offered.
    Alpn "alpn" Text "ALPN" "ALPN";
    /// The JA4 fingerprint of the TLS client.
    Ja4 "ja4" Text "JA4" "JA4";
    /// The subject of the server's certificate.
    CertSubject "cert_subject" Text "certificate subject" "証明書の主体者";
    /// The issuer of the server's certificate.
    CertIssuer "cert_issuer" Text "certificate issuer" "証明書の発行者";
    /// A DNS name in the server's certificate.
    CertName "cert_name" Domain "certificate name" "証明書の名前";
    /// The `Host` of an HTTP request.
    HttpHost "http_host" Domain "HTTP host" "HTTPホスト名";
    /// The `User-Agent` of an HTTP request.
    HttpAgent "http_agent" Text "HTTP user agent" "HTTPユーザーエージェント";
    /// The `Server` of an HTTP response.
    HttpServer "http_server" Text "HTTP server" "HTTPサーバー";
    /// The path of an HTTP request, where it is one of a few that name a program.
    HttpPath "http_path" Text "HTTP path" "HTTPパス";
    /// What an HTTP request asked to be upgraded to, and the WebSocket subprotocols it offered.
    HttpUpgrade "http_upgrade" Text "HTTP upgrade" "HTTPアップグレード";
    /// How the hospital's end looks from outside, as a server there tells it (STUN).
    PublicAddress "public_address" Text "public address" "グローバルアドレス";
    /// What an end says it runs: an operating system, a database.
    Software "software" Text "software" "ソフトウェア";
    /// The identification line of an SSH end.
    SshBanner "ssh_banner" Text "SSH banner" "SSHバナー";
    /// `1` or `2`.
    IkeVersion "ike_version" Text "IKE version" "IKEのバージョン";
    /// A vendor ID that an IKE end sent, as text where it is text, else in hex.
    IkeVendor "ike_vendor" Text "IKE vendor ID" "IKEベンダーID";
    /// The protocol version a VNC server announced.
    VncVersion "vnc_version" Text "VNC version" "VNCのバージョン";
    /// A finer name within a tunnel protocol, such as `nat-t`.
    TunnelVariant "tunnel_variant" Text "variant" "方式";
    /// The outside party's address.
    OutsideAddress "outside_address" Network "address" "接続先アドレス";
    /// The number of the autonomous system that announces the address.
    Asn "asn" Number "AS number" "AS番号";
    /// The name of that system's holder.
    AsName "as_name" Text "AS name" "AS名";
    /// The country where most of that system's blocks are registered, as ISO 3166 code.
    Country "country" Text "country" "国";
    /// The role of the device inside.
    InsideRole "inside_role" Text "inside role" "院内機器の種別";
    /// The maker of the device inside.
    InsideVendor "inside_vendor" Text "inside maker" "院内機器のメーカー";
    /// A name of the device inside.
    InsideName "inside_name" Text "inside name" "院内機器名";
    /// The maker of the gateway that carried it.
    ExitVendor "exit_vendor" Text "exit maker" "出口装置のメーカー";
    /// The role of the gateway that carried it.
    ExitRole "exit_role" Text "exit role" "出口装置の種別";
    /// The kind of line behind the gateway: `lte`, `isdn` …
    Line "line" Text "line" "回線";
    /// An application entity title under which the subject calls others.
    CallingAe "calling_ae" Text "calling AE title" "発呼AEタイトル";
    /// An application entity title under which the subject is called.
    CalledAe "called_ae" Text "called AE title" "着呼AEタイトル";
    /// An abstract syntax that the subject proposed as the caller.
    SopClass "sop_class" Oid "SOP class" "SOPクラス";
    /// How many different abstract syntaxes the subject proposed as the caller.
    SopClassCount "sop_class_count" Number "number of SOP classes" "SOPクラスの数";
    /// The DICOM implementation class UID that the subject sent.
    ImplementationUid "implementation_uid" OidSubtree "implementation class UID" "実装クラスUID";
    /// The DICOM implementation version name that the subject sent.
    ImplementationVersion "implementation_version" Text "implementation version" "実装バージョン名";
    /// The type of an HL7 message that the subject sent, such as `ADT^A01`.
    Hl7Type "hl7_type" Text "HL7 message type" "HL7メッセージ種別";
    /// HL7 MSH-3 of messages that the subject sent.
    SendingApplication "sending_application" Text "HL7 sending application" "HL7送信アプリケーション";
    /// HL7 MSH-4 of messages that the subject sent.
    SendingFacility "sending_facility" Text "HL7 sending facility" "HL7送信施設";
    /// The holder of the hardware address's block, as registered.
    OuiVendor "oui_vendor" Text "OUI holder" "MACアドレスのベンダー";
    /// The hardware address.
    Mac "mac" Mac "MAC address" "MACアドレス";
    /// DHCP option 60.
    DhcpVendorClass "dhcp_vendor_class" Text "DHCP vendor class" "DHCPベンダークラス";
    /// DHCP option 55, the numbers in decimal with commas, in the order sent.
    DhcpParameters "dhcp_parameters" Text "DHCP parameter list" "DHCP要求項目";
    /// A name of the device, from DHCP, mDNS, LLMNR, NetBIOS, LLDP, CDP or DNS.
    Hostname "hostname" Text "host name" "ホスト名";
    /// The slug of a service the device serves.
    Offers "offers" Text "serves" "提供サービス";
    /// The slug of a service the device is a client of.
    Uses "uses" Text "uses" "利用サービス";
    /// SNMP `sysName`, or the system name of LLDP or CDP.
    SysName "sys_name" Text "system name" "システム名";
    /// SNMP `sysDescr`, or the system description of LLDP or CDP.
    SysDescr "sys_descr" Text "system description" "システム説明";
    /// The platform of CDP.
    Platform "platform" Text "platform" "プラットフォーム";
    /// An enabled capability of LLDP (`bridge`, `router`, `wlan-access-point`, `telephone`) or CDP (`switch`, `phone`).
    Capability "capability" Text "capability" "機能";
    /// `true` or `false`: whether the connection can carry other traffic, or a person's hands, inwards.
    Tunnel "tunnel" Text "tunnel" "トンネル";
    /// The category's slug.
    Category "category" Text "category" "分類";
    /// The outside organisation.
    Org "org" Text "organisation" "接続先事業者";
    /// An address of the gateway itself.
    OwnAddress "own_address" Network "own address" "装置のアドレス";
    /// The largest TCP segment with which any host behind the gateway answered, in octets.
    MaxSegment "max_segment" Number "largest TCP segment" "最大TCPセグメント";
    /// The smallest MTU that the gateway said its next line has, in octets.
    NextMtu "next_mtu" Number "MTU of the next line" "次の回線のMTU";
    /// The time that a tenth of the hosts behind the gateway answer within, in milliseconds.
    NearMs "near_ms" Number "answer time of near hosts (ms)" "近い接続先の応答時間（ミリ秒）";
    /// How far one host's answer times through the gateway lie apart, in milliseconds.
    JitterMs "jitter_ms" Number "spread of answer times (ms)" "応答時間のばらつき（ミリ秒）";
    /// What wraps IP on the gateway's line: `pppoe`.
    Encapsulation "encapsulation" Text "encapsulation" "カプセル化";
    /// How regularly it calls or keeps alive, in percent.
    Beacon "beacon" Number "regularity" "規則性";
    /// The usual interval between calls or keep-alives, in seconds.
    PeriodS "period_s" Number "interval in seconds" "間隔（秒）";
    /// The longest time with nothing but keep-alives, in seconds.
    QuietS "quiet_s" Number "quiet for seconds" "無通信（秒）";
    /// How long the longest conn lasted, in seconds.
    LongestS "longest_s" Number "lasted seconds" "継続（秒）";
    /// How often somebody outside began to work through it.
    ReverseBursts "reverse_bursts" Number "sessions from outside" "外部からの作業回数";
    /// What left in the hour in which most did, in MiB.
    BulkMib "bulk_mib" Number "MiB out in an hour" "1時間の送信（MiB）";
    /// That as a multiple of what leaves in a usual hour.
    BulkTimes "bulk_times" Number "times the usual" "通常比（倍）";
    /// How many days were watched.
    DaysWatched "days_watched" Number "days watched" "監視日数";
    /// SNMP `sysObjectID`.
    SysObjectId "sys_object_id" OidSubtree "sysObjectID" "sysObjectID";
}

impl Field {
    /// Finds the field of a slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.slug() == slug)
    }

    /// Gives the field's bit in a set of fields. There are fewer than 128.
    pub(crate) const fn bit(self) -> u128 {
        1 << self as u32
    }
}

const _: () = assert!(Field::ALL.len() <= 128, "a set of fields is one u128");

/// A key of `[[match]]`: a field's slug, or `host`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Key {
    /// One field.
    Field(Field),
    /// Any place where the outside party's name shows.
    Host,
}

impl Key {
    pub(crate) fn from_slug(slug: &str) -> Option<Self> {
        if slug == "host" { Some(Self::Host) } else { Field::from_slug(slug).map(Self::Field) }
    }

    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Field(field) => field.slug(),
            Self::Host => "host",
        }
    }

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Field(field) => field.kind(),
            Self::Host => Kind::Domain,
        }
    }

    /// Whether the key looks at `field`.
    pub(crate) fn covers(self, field: Field) -> bool {
        match self {
            Self::Field(own) => own == field,
            Self::Host => HOST.contains(&field),
        }
    }

    /// The fields it looks at, the most telling first.
    pub(crate) fn fields(&self) -> &[Field] {
        match self {
            Self::Field(field) => std::slice::from_ref(field),
            Self::Host => &HOST,
        }
    }

    /// The fields of which one must be known.
    pub(crate) fn bits(self) -> u128 {
        self.fields().iter().fold(0, |bits, field| bits | field.bit())
    }
}

const HOST: [Field; 4] = [Field::Sni, Field::Name, Field::HttpHost, Field::CertName];
