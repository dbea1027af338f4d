//! What of a request may be noted besides its host: paths that name a program, and what a connection is
//! upgraded to. Only these fixed words reach a note, never the wire's own: a path may hold a patient.

/// Where a known path stands among requests: as it begins, up to a `/`, a `?` or the end.
///
/// Sources: MeshCentral's `webserver.js`; PTC Axeda's agent (CVE-2022-25246's advisories); ThingWorx's edge
/// SDK; MS-WSMV §2.1; Guacamole's `tutorial/application.js`; MS-TSGU §2.1; frp's `pkg/util/net/websocket.go`;
/// RFC 8011 §4.1; Tailscale's `derphttp`; Juniper's IF-T; noVNC's `websockify`; GNU httptunnel's `tunnel.c`.
const PATHS: [&str; 17] = [
    "/agent.ashx",
    "/meshrelay.ashx",
    "/devicefile.ashx",
    "/eMessage",
    "/ammp",
    "/Thingworx/WS",
    "/wsman",
    "/guacamole/websocket-tunnel",
    "/guacamole/tunnel",
    "/remoteDesktopGateway",
    "/rpc/rpcproxy.dll",
    "/~!frp",
    "/ipp",
    "/derp",
    "/websockify",
    "/vpnsvc",
    HTTPTUNNEL,
];

/// A query, not a path alone: the time follows, against caches.
const HTTPTUNNEL: &str = "/index.html?crap=";
/// What PageKite asks to be connected to (pagekite's `proto/proto.py`).
const PAGEKITE: &str = "PageKite:1";

/// Tokens of `Upgrade` (RFC 9110 §7.8) and of `Sec-WebSocket-Protocol` (RFC 6455 §11.5).
const UPGRADES: [&str; 16] = [
    "websocket",
    "h2c",
    "DERP",
    "tailscale-control-protocol",
    "IF-T/TLS 1.0",
    "chisel-v3",
    "chisel-v2",
    "guacamole",
    "binary",
    "mqtt",
    "sip",
    "wstunnel",
    "tunnel-protocol",
    "v1",
    "tcp",
    "SPDY/3.1",
];

/// Gives the known path that a request's target begins with.
pub(super) fn path(target: &[u8]) -> Option<&'static str> {
    let path = origin_form(target);
    PATHS.into_iter().find(|known| {
        let (Some(head), rest) = (path.get(..known.len()), path.get(known.len())) else { return false };
        let ends = known.ends_with('=') || matches!(rest, None | Some(b'/' | b'?'));
        head.eq_ignore_ascii_case(known.as_bytes()) && ends
    })
}

/// Gives the word that stands where a proxy would be asked for a host, and is none.
pub(super) fn no_host(target: &[u8]) -> Option<&'static str> {
    (target == PAGEKITE.as_bytes()).then_some(PAGEKITE)
}

/// What a proxy is asked for begins with scheme and host (RFC 9112 §3.2.2).
fn origin_form(target: &[u8]) -> &[u8] {
    let Some(rest) = target.strip_prefix(b"http://") else { return target };
    let slash = rest.iter().position(|byte| *byte == b'/');
    slash.and_then(|at| rest.get(at..)).unwrap_or_default()
}

/// Gives the known tokens of a list.
pub(super) fn upgrades(list: &[u8]) -> impl Iterator<Item = &'static str> + '_ {
    let known =
        |token: &[u8]| UPGRADES.into_iter().find(|known| token.eq_ignore_ascii_case(known.as_bytes()));
    list.split(|byte| *byte == b',').filter_map(move |token| known(token.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_whole_and_nothing_of_it_is_kept() {
        // (target, path)
        let cases: [(&[u8], Option<&str>); 10] = [
            (b"/index.html?crap=1795718288", Some("/index.html?crap=")),
            (b"/index.html?page=1", None),
            (b"/agent.ashx", Some("/agent.ashx")),
            (b"/eMessage?id=secret", Some("/eMessage")),
            (b"/EMESSAGE/x", Some("/eMessage")),
            (b"http://proxied.example/wsman", Some("/wsman")),
            (b"http://proxied.example", None),
            (b"/ippon", None),
            (b"/my/agent.ashx", None),
            (b"*", None),
        ];
        for (target, expected) in cases {
            assert_eq!(path(target), expected, "{:?}", target.escape_ascii().to_string());
        }
    }

    #[test]
    fn known_tokens_of_a_list_are_given() {
        let tokens = |list: &'static [u8]| upgrades(list).collect::<Vec<_>>();
        assert_eq!(tokens(b"WebSocket"), ["websocket"]);
        assert_eq!(tokens(b"chisel-v3"), ["chisel-v3"]);
        assert_eq!(tokens(b"mqtt, secret.bearer.token ,binary"), ["mqtt", "binary"]);
        assert_eq!(tokens(b""), [""; 0]);
    }
}
