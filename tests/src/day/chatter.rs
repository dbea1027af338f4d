//! Everyday traffic that looks like something else: pushes that keep a connection for days, calls that flow
//! both ways over UDP, modalities that fetch updates.

use super::site::Device;
use super::talk::Datagrams;
use super::wire::SECOND;
use super::{Day, HOUR, benign, tls};
use crate::workload::frame::Ip;
use crate::workload::proto::{TlsClient, ntp};

/// Services that tell clients of news over one long connection, and the port.
const PUSH: &[(&str, u16)] =
    &[("client.wns.windows.com", 443), ("mtalk.google.com", 5228), ("17-courier.push.apple.com", 5223)];
/// What a modality's operating system fetches.
const UPDATES: &[&str] = &["fe2cr.update.microsoft.com", "osce14.icrs.trendmicro.com"];
const STUN: u16 = 3478;
/// RFC 8489 §5.
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

pub(super) fn play(day: &mut Day) {
    let clients: Vec<Device> = day.site.of_role("pc").cloned().collect();
    for (name, port) in PUSH {
        let ips = benign::addresses(day, name);
        for device in clients.iter().take(2) {
            push(day, device, (name, *port), &ips);
        }
    }
    let ips = benign::addresses(day, "worldaz.tr.teams.microsoft.com");
    for device in clients.iter().take(3) {
        call(day, device, "worldaz.tr.teams.microsoft.com", &ips);
    }
    let modalities: Vec<Device> =
        ["ct", "xa", "us"].iter().flat_map(|role| day.site.of_role(role).cloned()).collect();
    for name in UPDATES {
        let ips = benign::addresses(day, name);
        for device in &modalities {
            benign::visit(day, device, name, &ips);
        }
    }
    let ips = benign::addresses(day, "ntp.jst.mfeed.ad.jp");
    for device in &modalities {
        let at = day.early();
        let at = day.resolve(device, "ntp.jst.mfeed.ad.jp", &ips, at);
        let way = day.outward(device, ips[0]);
        let mut flow = Datagrams::new(&way, (123, 123), at, &mut day.rng);
        while flow.at() < day.end {
            for from_server in [false, true] {
                let message = ntp(from_server, &mut day.rng);
                flow.say(&mut day.wire, !from_server, &message);
            }
            flow.rest_until(flow.at() + HOUR);
        }
    }
}

/// The outside speaks first, when there is news; the inside says little.
fn push(day: &mut Day, device: &Device, (name, port): (&str, u16), ips: &[Ip]) {
    let at = day.early();
    let at = day.resolve(device, name, ips, at);
    let way = day.outward(device, ips[0]);
    let mut stream = tls::open(day, &way, port, name, TlsClient::Schannel, at);
    loop {
        let until = stream.at() + 240 * SECOND + day.rng.below(60 * SECOND);
        if until >= day.end {
            return;
        }
        stream.rest_until(until);
        let news = day.rng.chance(0.2);
        let size = if news { day.rng.range(300, 2_000) as usize } else { 32 };
        for (from_near, size) in [(!news, size), (news, 32)] {
            let message = tls::data(day, size);
            stream.say(&mut day.wire, from_near, &message);
        }
    }
}

/// A call: STUN binding (RFC 8489), then RTP-like packets (RFC 3550 §5.1) both ways for some minutes.
fn call(day: &mut Day, device: &Device, name: &str, ips: &[Ip]) {
    let at = day.moment(HOUR / 10);
    let at = day.resolve(device, name, ips, at);
    let (way, from) = (day.outward(device, ips[0]), day.port());
    let mut line = Datagrams::new(&way, (from, STUN), at, &mut day.rng);
    let transaction = day.rng.bytes(12);
    let request = [&[0, 1, 0, 0][..], &MAGIC_COOKIE, &transaction].concat();
    let mapped = [0, 0x20, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0];
    let response = [&[1, 1, 0, 12][..], &MAGIC_COOKIE, &transaction, &mapped].concat();
    line.say(&mut day.wire, true, &request);
    line.say(&mut day.wire, false, &response);
    let sources = [day.rng.bytes(4), day.rng.bytes(4)];
    let numbers = [day.rng.u32() as u16, day.rng.u32() as u16];
    for tick in 0..day.rng.range(200, 600) {
        for from_near in [true, false] {
            let side = usize::from(!from_near);
            let mut packet = vec![0x80, 111];
            packet.extend(numbers[side].wrapping_add(tick as u16).to_be_bytes());
            packet.extend((tick as u32 * 960).to_be_bytes());
            packet.extend(&sources[side]);
            let size = day.rng.range(60, 160) as usize;
            packet.extend(day.rng.bytes(size));
            line.rest_until(line.at() + SECOND / 50);
            line.say(&mut day.wire, from_near, &packet);
        }
    }
}
