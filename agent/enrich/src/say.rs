//! What enrichment tells people, in both languages; nothing else in this crate holds a sentence.

use std::net::IpAddr;

use sekisho_api::{Assumption, Evidence};
use sekisho_decode::{Addr, MacAddr};
use sekisho_recognise::Cipher;
use sekisho_rules::asn::System;

use crate::burden::Carried;
use crate::prefix::Prefix;

/// A sentence in English and Japanese.
pub(crate) type Sentence = (&'static str, &'static str);

pub(crate) const GIVEN: Sentence = ("given as inside", "院内として指定されました");
pub(crate) const PRIVATE: Sentence = ("private address space", "プライベートアドレスです");
pub(crate) const CLAIMED: Sentence = (
    "a station on a watched link claims this address (ARP, neighbour discovery or broadcast)",
    "監視している回線上の機器がこのアドレスを名乗っています（ARP・近隣探索・ブロードキャスト）",
);
pub(crate) const SHARED: Sentence = (
    "several stations on a watched link use addresses of this prefix",
    "監視している回線上の複数の機器がこのプレフィックスのアドレスを使っています",
);
pub(crate) const BEYOND: Sentence = (
    "private addresses, but only ever reached through a gateway other than the core: taken as a closed network outside",
    "プライベートアドレスですが、コア以外の出口を通してのみ到達しているため、院外の閉域網とみなしました",
);
const LEASED: Sentence = ("a DHCP server hands it out", "DHCP サーバーが配布しています");
const ADVERTISED: Sentence =
    ("a router advertises it as on-link", "ルーターがこの回線のプレフィックスとして広告しています");

/// Why a prefix was announced as local.
pub(crate) fn announced(why: &str) -> &'static Sentence {
    if why == "dhcp" { &LEASED } else { &ADVERTISED }
}

pub(crate) fn assumed(prefix: &Prefix, inside: bool, why: &Sentence) -> Assumption {
    Assumption { prefix: prefix.to_string(), inside, en: why.0.to_owned(), ja: why.1.to_owned() }
}

fn evidence(rule: String, confidence: u8, en: String, ja: String) -> Evidence {
    Evidence { rule: rule.into(), confidence, en: en.into(), ja: ja.into() }
}

/// A protocol told by what was sent.
pub(crate) fn by_content(service: &str, transport: &str, port: u16, confidence: u8) -> Evidence {
    let at = place(transport, port);
    evidence(
        format!("wire/{service}"),
        confidence,
        format!("what was sent over {at} has the structure of {service}"),
        format!("{at} の通信内容が {service} の形式に一致しました"),
    )
}

/// Data in DNS, told by their sum.
pub(crate) fn carried_in_dns(domain: &str, carried: &Carried) -> Evidence {
    let Carried { confidence, messages, names, bytes, .. } = *carried;
    evidence(
        "wire/dns-tunnel".to_owned(),
        confidence,
        format!(
            "{messages} DNS messages for at least {names} names below {domain} carry {bytes} bytes of data: by \
             number, length, codes and record types no look-ups"
        ),
        format!(
            "{domain} 以下の {names} 件以上の名前について DNS メッセージ {messages} 件で {bytes} バイトのデータが運ばれています。\
             件数・長さ・符号化・レコード種別から、通常の名前解決ではありません"
        ),
    )
}

/// A conn that began as name resolution and went over to a tunnel's own datagrams.
pub(crate) fn went_over_from_dns(variant: &str) -> Evidence {
    const CONFIDENCE: u8 = 91;
    evidence(
        "wire/dns-tunnel".to_owned(),
        CONFIDENCE,
        format!(
            "what began as name resolution goes on with datagrams that are no DNS but the tunnel {variant}'s"
        ),
        format!(
            "名前解決として始まった通信が、DNS ではないトンネル {variant} のデータグラムに切り替わっています"
        ),
    )
}

/// How sure a port number alone makes, in percent.
const PORT_CONFIDENCE: u8 = 20;

/// A protocol guessed by its port.
pub(crate) fn by_port(service: &str, transport: &str, port: u16) -> Evidence {
    let at = place(transport, port);
    evidence(
        format!("port/{transport}-{port}"),
        PORT_CONFIDENCE,
        format!(
            "{at} is the usual port of {service}; nothing else was seen, so this is a guess of low confidence"
        ),
        format!("{at} は {service} の標準ポートです。ほかに手掛かりがないため、確度の低い推定です"),
    )
}

/// How sure a port makes where nothing but a flow export tells, in percent.
const EXPORTED_PORT_CONFIDENCE: u8 = 30;
/// How sure the number of an IP protocol makes.
const EXPORTED_NUMBER_CONFIDENCE: u8 = 85;

/// A protocol told by what a flow export shows of it: its port, or its number among the IP protocols.
pub(crate) fn by_export(service: &str, transport: &str, port: u16, by_number: bool) -> Evidence {
    let at = place(transport, port);
    if by_number {
        return evidence(
            format!("export/{transport}"),
            EXPORTED_NUMBER_CONFIDENCE,
            format!("a flow export names the IP protocol of {service}"),
            format!("フロー情報の IP プロトコル番号が {service} のものです"),
        );
    }
    evidence(
        format!("export/{transport}-{port}"),
        EXPORTED_PORT_CONFIDENCE,
        format!("a flow export shows {at}, the usual port of {service}; it does not show what was sent"),
        format!("フロー情報では {service} の標準ポート {at} です。通信の内容は分かりません"),
    )
}

/// The routers and firewalls whose flow exports tell of it, beside the mirror or alone.
pub(crate) fn exported(exporters: &[String], confirms: bool) -> Evidence {
    let names = exporters.join(", ");
    let (confidence, en, ja) = if confirms {
        (
            95,
            format!("flow exports of {names} tell of it as well"),
            format!("{names} のフロー情報にも記録されています"),
        )
    } else {
        (
            80,
            format!("only flow exports of {names} tell of it; the mirror port does not show it"),
            format!("{names} のフロー情報だけに記録があり、ミラーポートでは観測されていません"),
        )
    };
    evidence("export/seen".to_owned(), confidence, en, ja)
}

/// The service of what could not be told.
pub(crate) const UNKNOWN: &str = "unknown";
/// The reason's name.
pub(crate) const UNKNOWN_RULE: &str = "wire/unknown";

/// The reason's name where what was sent looks encrypted.
const UNKNOWN_ENCRYPTED_RULE: &str = "wire/unknown-encrypted";

/// Tells whether a reason says that no protocol could be told.
pub(crate) fn tells_nothing(reason: &Evidence) -> bool {
    [UNKNOWN_RULE, UNKNOWN_ENCRYPTED_RULE].contains(&&*reason.rule)
}

/// No protocol could be told.
pub(crate) fn unknown(transport: &str, port: u16, answered: bool) -> Evidence {
    let at = place(transport, port);
    let (en, ja) = if answered {
        (
            format!("both sides talk over {at}, in a protocol that could not be told"),
            format!("{at} で双方向の通信がありますが、プロトコルを特定できません"),
        )
    } else {
        (
            format!("packets were sent over {at}; no answer was seen"),
            format!("{at} への送信がありますが、応答は観測されていません"),
        )
    };
    evidence(UNKNOWN_RULE.to_owned(), 50, en, ja)
}

/// No protocol could be told, and what was sent looks encrypted.
pub(crate) fn encrypted(transport: &str, port: u16, cipher: Cipher) -> Evidence {
    let at = place(transport, port);
    let Cipher { entropy, printable_pct, bytes } = cipher;
    let (whole, tenth) = (entropy / 10, entropy % 10);
    evidence(
        UNKNOWN_ENCRYPTED_RULE.to_owned(),
        cipher.confidence(),
        format!(
            "what was sent over {at} fits no known protocol and looks encrypted (or compressed): {whole}.{tenth} of 8 bits of entropy a byte and {printable_pct} % printable in the first {bytes} bytes weighed"
        ),
        format!(
            "{at} の通信は既知のどのプロトコルにも当てはまらず、暗号化（または圧縮）されているとみられます（先頭 {bytes} バイトのエントロピー 8 ビット中 {whole}.{tenth} ビット、印字可能文字 {printable_pct} %）"
        ),
    )
}

/// How sure handshakes inside a flow make that it is a tunnel, in percent.
const HANDSHAKES_CONFIDENCE: u8 = 55;

/// A flow without a name whose packets have the sizes of other connections' handshakes.
pub(crate) fn handshakes(count: u8) -> Evidence {
    let more = if count == u8::MAX { "or more " } else { "" };
    let more_ja = if count == u8::MAX { "以上" } else { "" };
    evidence(
        "wire/handshakes-inside".to_owned(),
        HANDSHAKES_CONFIDENCE,
        format!(
            "{count} {more}times three packets have the sizes, order and directions of a TCP handshake (SYN, SYN-ACK, ACK): other connections seem to run inside, as in a tunnel"
        ),
        format!(
            "TCP の接続手順（SYN・SYN-ACK・ACK）と同じ大きさ・順序・向きのパケットの組が {count} 回{more_ja}あり、内部で別の接続が動くトンネルとみられます"
        ),
    )
}

fn place(transport: &str, port: u16) -> String {
    if port == 0 { transport.to_owned() } else { format!("{transport}/{port}") }
}

/// The outside end's name, and where it came from.
pub(crate) fn named(name: &str, looked_up: bool) -> Evidence {
    if looked_up {
        evidence(
            "name/dns".to_owned(),
            80,
            format!("a DNS answer gave this address for {name}"),
            format!("DNS の応答で {name} のアドレスとして返されています"),
        )
    } else {
        evidence(
            "name/handshake".to_owned(),
            90,
            format!("the inside device asked for {name} when it connected"),
            format!("接続時に院内機器が {name} を指定しています"),
        )
    }
}

/// How an exit is known to carry off-site traffic.
pub(crate) fn carries(addresses: usize) -> Evidence {
    let (are, s) = if addresses == 1 { ("is", "") } else { ("are", "es") };
    evidence(
        "exit/carries".to_owned(),
        90,
        format!(
            "on the last hop seen, frames of {addresses} outside address{s} {are} carried by this hardware address"
        ),
        format!(
            "観測できた最後の区間で、院外アドレス {addresses} 件の通信をこの MAC アドレスが中継しています"
        ),
    )
}

pub(crate) fn offered_by_dhcp() -> Evidence {
    evidence(
        "exit/dhcp-router".to_owned(),
        80,
        "a DHCP server names it as router (option 3)".to_owned(),
        "DHCP サーバーがルーター（オプション 3）として通知しています".to_owned(),
    )
}

pub(crate) fn advertises_itself() -> Evidence {
    evidence(
        "exit/router-advertisement".to_owned(),
        80,
        "it announces itself as a router (IPv6 router advertisement or neighbour flag)".to_owned(),
        "自身をルーターとして広告しています（IPv6 ルーター広告など）".to_owned(),
    )
}

pub(crate) fn says_it_routes(protocol: &str) -> Evidence {
    evidence(
        format!("exit/{protocol}"),
        75,
        format!("it says over {} that it routes", protocol.to_uppercase()),
        format!("{} でルーター機能を通知しています", protocol.to_uppercase()),
    )
}

/// Answers come back through it.
pub(crate) fn answers(addresses: usize) -> Evidence {
    evidence(
        "exit/answers".to_owned(),
        85,
        format!("answers of {addresses} outside addresses come back in frames from this hardware address"),
        format!("院外アドレス {addresses} 件からの応答が、この MAC アドレスから届いています"),
    )
}

pub(crate) fn recommended() -> Evidence {
    evidence(
        "exit/redirect".to_owned(),
        80,
        "another router redirects hosts to it (ICMP redirect)".to_owned(),
        "別のルーターが、この装置を経由するよう通知しています（ICMP リダイレクト）".to_owned(),
    )
}

pub(crate) fn reports() -> Evidence {
    evidence(
        "exit/icmp".to_owned(),
        80,
        "it reports on others' packets as routers do (ICMP redirect, time exceeded, too big)".to_owned(),
        "ルーターとして他の機器のパケットについて通知しています（ICMP リダイレクト・時間超過・サイズ超過）"
            .to_owned(),
    )
}

/// Servers outside told devices how they look; what a server says is only as true as the server.
pub(crate) fn looks_like(addresses: &[(IpAddr, Option<System>)]) -> Evidence {
    let named = |(address, system): &(IpAddr, Option<System>)| match system {
        Some(System { name, .. }) if !name.is_empty() => format!("{address} ({name})"),
        _ => address.to_string(),
    };
    let listed = addresses.iter().map(named).collect::<Vec<_>>().join(", ");
    evidence(
        "exit/public-address".to_owned(),
        65,
        format!("servers outside see what leaves by it as coming from {listed} (STUN)"),
        format!("院外のサーバーからは、この出口の通信の送信元は {listed} と見えています（STUN）"),
    )
}

pub(crate) fn virtual_address(protocol: &str) -> Evidence {
    evidence(
        "exit/virtual-address".to_owned(),
        85,
        format!("its hardware address is the virtual one of redundant gateways ({protocol})"),
        format!("冗長化されたゲートウェイの仮想 MAC アドレスです（{protocol}）"),
    )
}

pub(crate) fn is_a_router(role: &str) -> Evidence {
    evidence(
        "exit/role".to_owned(),
        70,
        format!("the box is otherwise known as a {role}"),
        format!("他の情報からも {role} と判定されています"),
    )
}

/// A gateway that is a computer first.
pub(crate) fn is_no_router(role: &str) -> Evidence {
    evidence(
        "exit/not-a-router".to_owned(),
        60,
        format!(
            "the box is a {role}, not network equipment: it passes others' traffic on (connection sharing, a second network card or a mobile router attached)"
        ),
        format!(
            "この装置は {role} であり、ネットワーク機器ではありません。他の機器の通信を中継しています（接続共有、2 枚目の NIC、モバイルルーターの接続など）"
        ),
    )
}

/// A VPN's TLS beside its datagrams.
pub(crate) fn other_half(service: &str) -> Evidence {
    evidence(
        "wire/other-half".to_owned(),
        75,
        format!("TLS to the same server goes beside {service} over UDP: taken as its other half"),
        format!("同じサーバーへの TLS 通信を、UDP の {service} と対になる通信とみなしました"),
    )
}

/// Datagrams of what is told over TCP.
pub(crate) fn datagrams(service: &str) -> Evidence {
    evidence(
        "wire/datagrams".to_owned(),
        75,
        format!(
            "datagrams go between the same two, at the port at which {service} runs over TCP: taken as its own"
        ),
        format!("TCP の {service} と同じ相手・同じポートの UDP 通信を、その一部とみなしました"),
    )
}

/// Conns that a control connection announced, counted with it.
pub(crate) fn part(service: &str, by_client: bool) -> Evidence {
    let (rule, en, ja) = if by_client {
        (
            "wire/announced",
            format!(
                "conns to ports that the {service} server announced carry its data, and are counted with it"
            ),
            format!("{service} のサーバーが予告したポートへのデータ接続を、この通信に含めています"),
        )
    } else {
        (
            "wire/announced-inverse",
            format!(
                "conns that the {service} server opens towards its client, to ports that the client announced, carry \
                 its data and are counted with it: a firewall has to follow or to allow them"
            ),
            format!(
                "{service} のサーバーが、クライアントの予告したポートへ逆向きにデータ接続を開いています（この通信に含めました）。\
                 ファイアウォールで追跡または許可が必要な通信です"
            ),
        )
    };
    evidence(rule.to_owned(), 85, en, ja)
}

/// What was seen to pass between two browsers, or what uses their means; `None` for nothing.
pub(crate) fn passes_in_webrtc(data: bool, media: bool) -> Option<Evidence> {
    let (rule, confidence, en, ja) = match (data, media) {
        (true, false) => (
            "wire/webrtc-data",
            70,
            "a data channel alone passes in it, without voice or video, as tools for remote control and file \
             transfer have it: ask what it is for",
            "音声・映像を伴わないデータチャネルだけが通っています。遠隔操作やファイル転送のツールにみられる使い方です。\
             用途を確認してください",
        ),
        (true, true) => (
            "wire/webrtc-data-and-media",
            70,
            "voice or video and a data channel pass in it: a conference, or somebody's screen with a hand on it",
            "音声・映像とデータチャネルの両方が通っています（Web 会議、または画面を見ながらの遠隔操作）",
        ),
        (false, true) => ("wire/webrtc-media", 75, "voice or video passes in it", "音声・映像が通っています"),
        (false, false) => return None,
    };
    Some(evidence(rule.to_owned(), confidence, en.to_owned(), ja.to_owned()))
}

/// A conn that the inside opened, and in which the outside asks and the inside serves.
pub(crate) fn lent(service: &str) -> Evidence {
    evidence(
        "wire/inverse".to_owned(),
        85,
        format!(
            "the inside device opened this conn, but it is the outside end that asks in it, and the device that answers \
             as a {service} server: a reverse tunnel lets somebody outside reach a service inside"
        ),
        format!(
            "院内側が開いた接続ですが、院外側がクライアントとして要求し、院内側が {service} サーバーとして応答しています。\
             院外から院内のサービスを使わせるリバーストンネルとみられます"
        ),
    )
}

/// A relay stands between the ends.
pub(crate) fn relayed() -> Evidence {
    evidence(
        "wire/relayed".to_owned(),
        85,
        "the outside end is a relay (TURN): who speaks through it is not seen here".to_owned(),
        "院外側は中継サーバー（TURN）で、その先の相手はここからは分かりません".to_owned(),
    )
}

/// Something nearly as sure says otherwise.
pub(crate) fn contradicts(key: &'static str, settled: &str, other: &str, confidence: u8) -> Evidence {
    let (what, nani) = if key == "role" { ("a", "種別") } else { ("running", "OS ") };
    evidence(
        format!("contradiction/{key}"),
        confidence,
        format!("taken as {what} {settled}, but other signs speak of {other}: look at the device"),
        format!("{nani}を {settled} と判定しましたが、{other} を示す情報もあります。現物を確認してください"),
    )
}

/// An address that another station has as well.
pub(crate) fn contested(address: Addr, rival: MacAddr) -> Evidence {
    evidence(
        "address/contested".to_owned(),
        80,
        format!(
            "{rival} says by turns with this device that it has {address}: a duplicate address, or one answers for the other"
        ),
        format!(
            "{rival} も {address} を自分のアドレスだと交互に名乗っています（IP アドレスの重複、または代理応答です）"
        ),
    )
}

/// The maker by the hardware address's block.
pub(crate) fn made_by(vendor: &str) -> Evidence {
    evidence(
        "oui".to_owned(),
        60,
        format!("the hardware address lies in a block of {vendor} (IEEE)"),
        format!("MAC アドレスが {vendor} の割り当て範囲にあります（IEEE）"),
    )
}
