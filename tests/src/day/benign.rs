//! Everyday traffic with the Internet that no survey asks for.

use super::site::Device;
use super::talk::{Datagrams, Stream};
use super::ways::RESOLVER;
use super::wire::SECOND;
use super::{Day, HOUR, tls};
use crate::workload::crypto::quic_initial;
use crate::workload::frame::Ip;
use crate::workload::proto::{
    TlsClient, client_hello_msg, http_request, http_response, ntp, quic_crypto_frame, server_hello_msg,
};

/// Names that PCs and servers reach over TLS.
const TLS: &[&str] = &[
    "fe2cr.update.microsoft.com",
    "sls.update.microsoft.com",
    "login.microsoftonline.com",
    "outlook.office365.com",
    "www.google.com",
    "osce14.icrs.trendmicro.com",
    "update.eset.com",
    "www.mhlw.go.jp",
];
const HTTP: &[(&str, &str)] =
    &[("au.download.windowsupdate.com", "/c/update.cab"), ("ocsp.digicert.com", "/MFEwTzBNMEswSTAJ")];
const QUIC: &[&str] = &["www.google.com", "fonts.gstatic.com"];

pub(super) fn play(day: &mut Day) {
    day.truth.benign(Ip::V4(RESOLVER), "outside resolver");
    let clients: Vec<Device> = day.site.of_role("pc").cloned().collect();
    let servers: Vec<Device> = day.site.of_role("server").cloned().collect();
    let visits = ((day.end - day.start) / HOUR / 6).max(1);
    for name in TLS {
        let ips = addresses(day, name);
        let mut visitors: Vec<Device> = clients.iter().filter(|_| day.rng.chance(0.5)).cloned().collect();
        visitors.extend(servers.iter().take(1).cloned());
        for device in visitors {
            for _ in 0..visits {
                visit(day, &device, name, &ips);
            }
        }
    }
    for (host, path) in HTTP {
        let ips = addresses(day, host);
        for device in &clients {
            if day.rng.chance(0.5) {
                download(day, device, host, path, &ips);
            }
        }
    }
    for name in QUIC {
        let ips = addresses(day, name);
        for device in &clients {
            if day.rng.chance(0.6) {
                quic(day, device, name, &ips);
            }
        }
    }
    clock(day);
    scan(day);
}

/// Where a benign name leads.
pub(super) fn addresses(day: &mut Day, name: &str) -> Vec<Ip> {
    let ips: Vec<Ip> = (0..day.rng.range(1, 3)).map(|_| day.remote()).collect();
    for ip in &ips {
        day.truth.benign(*ip, name);
    }
    ips
}

/// Some requests to a benign name over TLS.
pub(super) fn visit(day: &mut Day, device: &Device, name: &str, ips: &[Ip]) {
    let at = day.moment(HOUR / 10);
    let at = day.resolve(device, name, ips, at);
    let ip = *day.rng.pick(ips);
    let way = day.outward(device, ip);
    let client = *day.rng.pick(&[TlsClient::Chromium, TlsClient::Firefox, TlsClient::Schannel]);
    let mut stream = tls::open(day, &way, 443, name, client, at);
    for _ in 0..day.rng.range(1, 4) {
        let (request, response) = (day.rng.range(200, 900), day.rng.range(400, 12_000));
        tls::exchange(day, &mut stream, request as usize, response as usize);
    }
    if day.rng.chance(0.2) {
        stream.reset(&mut day.wire, true);
    } else {
        tls::close(day, stream);
    }
}

fn download(day: &mut Day, device: &Device, host: &str, path: &str, ips: &[Ip]) {
    let at = day.moment(HOUR / 10);
    let at = day.resolve(device, host, ips, at);
    let (way, port) = (day.outward(device, ips[0]), day.port());
    let mut stream = Stream::open(&mut day.wire, &way, (port, 80), at, &mut day.rng);
    stream.say(&mut day.wire, true, &http_request(host, path, "Microsoft-CryptoAPI/10.0"));
    let mut response = http_response("nginx", "application/octet-stream");
    let size = day.rng.range(500, 30_000) as usize;
    response.extend(day.rng.bytes(size));
    stream.say(&mut day.wire, false, &response);
    stream.acknowledge(&mut day.wire, true);
    stream.close(&mut day.wire);
}

/// RFC 9001: Initials both ways, then short-header packets.
fn quic(day: &mut Day, device: &Device, name: &str, ips: &[Ip]) {
    let at = day.moment(HOUR / 10);
    let at = day.resolve(device, name, ips, at);
    let (way, port) = (day.outward(device, ips[0]), day.port());
    let mut flow = Datagrams::new(&way, (port, 443), at, &mut day.rng);
    let (theirs, ours) = (day.rng.bytes(8), day.rng.bytes(8));
    let hello = client_hello_msg(TlsClient::Chromium, name, &["h3"], true, &mut day.rng);
    let first = quic_initial(&theirs, &theirs, &ours, false, 1, &quic_crypto_frame(&hello), 1200);
    flow.say(&mut day.wire, true, &first);
    let hello = server_hello_msg(true, 0x1301, None, &mut day.rng);
    let frames = [&[2, 1, 0, 0, 0][..], &quic_crypto_frame(&hello)].concat();
    let second = quic_initial(&theirs, &ours, &theirs, true, 0, &frames, 1200);
    flow.say(&mut day.wire, false, &second);
    for number in 0..day.rng.range(10, 40) {
        let from_client = number % 4 == 0;
        let size = if from_client { 40 } else { day.rng.range(300, 1200) as usize };
        let mut packet = vec![0x40 | (day.rng.u32() as u8 & 0x3f)];
        packet.extend(if from_client { &theirs } else { &ours });
        packet.extend(day.rng.bytes(size));
        flow.say(&mut day.wire, from_client, &packet);
    }
}

fn clock(day: &mut Day) {
    let server = day.site.named("dc01");
    for name in ["ntp.nict.jp", "time.windows.com"] {
        let ips = addresses(day, name);
        let at = day.early();
        let mut at = day.resolve(&server, name, &ips, at);
        while at < day.end {
            let way = day.outward(&server, ips[0]);
            let mut flow = Datagrams::new(&way, (123, 123), at, &mut day.rng);
            for from_server in [false, true] {
                let message = ntp(from_server, &mut day.rng);
                flow.say(&mut day.wire, !from_server, &message);
            }
            at += 1_024 * SECOND;
        }
    }
}

/// SYNs from outside that the firewall lets through to a published host and nobody answers.
fn scan(day: &mut Day) {
    for _ in 0..day.rng.range(2, 5) {
        let remote = day.remote();
        day.truth.benign(remote, "scanner");
        let target = day.site.named("renkei01");
        let way = day.inward(remote, &target);
        let mut at = day.moment(HOUR / 20);
        for port in [22, 23, 80, 443, 445, 1194, 1723, 3389, 5900, 5938, 8080, 8443] {
            let from = day.port();
            Stream::knock(&mut day.wire, &way, (from, port), at, &mut day.rng);
            at += day.rng.range(1_000, 400_000);
        }
    }
}
