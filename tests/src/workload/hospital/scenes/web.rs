//! TLS, QUIC and HTTP, to sites and within.

use super::super::kind::Kind::*;
use super::super::script::{Beats, Cast, Framing, Pattern, Script, What, relay, site_ip, site_of};
use crate::workload::crypto;
use crate::workload::frame::{ACK, Ep, RST};
use crate::workload::proto::*;
use crate::workload::rng::Rng;
use crate::workload::world::*;

/// TLS to sites, to servers inside, to a maintenance relay that is kept open; OpenVPN over TCP 443.
pub(super) fn tls(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, h, f, lan, wan, .. } = cast;
    let mut script = Script::of(cast);
    let (sv, name, rtt, t13, alpn): (Ep, String, u64, bool, &[&str]) = match f.kind {
        TlsOut => {
            let site = &w.sites[site_of(f).0];
            (w.outside(site_ip(w, f), 443), site.name.clone(), wan, site.tls13, &["h2", "http/1.1"])
        }
        TlsInternal => (
            cast.inside(443),
            format!("{}.hosp.example", w.hosts[f.b as usize].name),
            lan,
            false,
            &["http/1.1"],
        ),
        OpenVpnTcp => (cast.outside(443, f.b), String::new(), wan, false, &[]),
        _ => (cast.outside(443, f.b), relay(f.b), wan, f.b % 2 == 0, &[]),
    };
    let mut b = Beats::new(rtt);
    b.open();
    if f.kind == OpenVpnTcp {
        for (c2s, op) in [(true, 7), (false, 8), (true, 5), (true, 4), (false, 4), (false, 4), (true, 5)] {
            let body = r.bytes(if op == 4 { 280 } else { 0 });
            let m = ovpn(op, r.u64(), 1, &body);
            let mut v = (m.len() as u16).to_be_bytes().to_vec();
            v.extend(m);
            b.say(c2s, v);
        }
        script.pattern = Pattern::Imix;
        script.framing = Framing::OvpnTcp;
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
        script.framing = Framing::Tls;
        script.pattern = match (f.kind, r.below(10)) {
            (TlsKeepalive, _) => Pattern::Fixed(42),
            (_, 0) => Pattern::Up,
            (_, 1..=3) => Pattern::Chat,
            _ => Pattern::Down,
        };
        let mut e = Beats::new(rtt);
        if f.kind != TlsKeepalive {
            e.say(true, record(21, 0x303, &r.bytes(19)));
            if r.chance(0.15) {
                e.push(rtt, true, What::Tcp(RST | ACK, vec![]));
            } else {
                e.close();
            }
        }
        script.post = e.v;
    }
    script.towards(sv, b.v)
}

/// QUIC: the handshake in two Initials, then short headers.
pub(super) fn quic(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, f, wan, .. } = cast;
    let mut script = Script::of(cast);
    let site = &w.sites[site_of(f).0];
    let dcid = r.bytes(8);
    let scid = r.bytes(8);
    let ch = client_hello_msg(TlsClient::Chromium, &site.name, &["h3"], true, r);
    let mut b = Beats::new(wan);
    b.udp(0, true, crypto::quic_initial(&dcid, &dcid, &scid, false, 1, &quic_crypto_frame(&ch), 1200));
    let sh = server_hello_msg(true, 0x1301, None, r);
    let frames = [&[2, 1, 0, 0, 0][..], &quic_crypto_frame(&sh)].concat();
    b.udp(wan, false, crypto::quic_initial(&dcid, &[], &scid, true, 0, &frames, 1200));
    let mut d8 = [0; 8];
    d8.copy_from_slice(&scid);
    script.framing = Framing::Quic(d8);
    script.pattern = Pattern::Down;
    script.towards(w.outside(site_ip(w, f), 443), b.v)
}

/// A download in the clear.
pub(super) fn http(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { w, h, f, wan, .. } = cast;
    let mut script = Script::of(cast);
    let site = &w.sites[site_of(f).0];
    let mut b = Beats::new(wan);
    b.open();
    let ua = match h.os {
        Os::Windows => "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/1.0",
        Os::OldWindows => "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1)",
        _ => "example-agent/2.1",
    };
    b.say(true, http_request(&site.name, "/content/check.bin", ua));
    b.ack(false);
    b.say(false, http_response("nginx", "application/octet-stream"));
    script.framing = Framing::Body;
    script.pattern = Pattern::Down;
    let mut e = Beats::new(wan);
    e.close();
    script.post = e.v;
    script.towards(w.outside(site_ip(w, f), 80), b.v)
}
