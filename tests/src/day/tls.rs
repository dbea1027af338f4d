//! TLS sessions: handshake, polls, keep-alives around the clock, bursts of work.

use super::Day;
use super::talk::Stream;
use super::wire::{SECOND, Way};
use crate::workload::proto::{TlsClient, client_finish, client_hello, record, server_flight};

const APPLICATION_DATA: u8 = 23;
const TLS12: u16 = 0x0303;

pub(super) fn data(day: &mut Day, bytes: usize) -> Vec<u8> {
    record(APPLICATION_DATA, TLS12, &day.rng.bytes(bytes))
}

/// Opens a connection and shakes hands with that server name.
pub(super) fn open(day: &mut Day, way: &Way, port: u16, sni: &str, client: TlsClient, at: u64) -> Stream {
    let from = day.port();
    let mut stream = Stream::open(&mut day.wire, way, (from, port), at, &mut day.rng);
    shake(day, &mut stream, sni, client);
    stream
}

/// The handshake alone, on a connection that is open.
pub(super) fn shake(day: &mut Day, stream: &mut Stream, sni: &str, client: TlsClient) {
    let newest = matches!(client, TlsClient::Chromium | TlsClient::Firefox | TlsClient::Openssl);
    let alpn: &[&str] = if client == TlsClient::Chromium { &["h2", "http/1.1"] } else { &[] };
    let hello = client_hello(client, sni, alpn, &mut day.rng);
    stream.say(&mut day.wire, true, &hello);
    let flight = server_flight(newest, sni, None, &mut day.rng);
    stream.say(&mut day.wire, false, &flight);
    let finish = client_finish(newest, &mut day.rng);
    stream.say(&mut day.wire, true, &finish);
    if !newest {
        let sealed = day.rng.bytes(40);
        let done = [record(20, TLS12, &[1]), record(22, TLS12, &sealed)].concat();
        stream.say(&mut day.wire, false, &done);
    }
}

/// A request and its answer.
pub(super) fn exchange(day: &mut Day, stream: &mut Stream, request: usize, response: usize) {
    let request = data(day, request);
    stream.say(&mut day.wire, true, &request);
    let mut left = response;
    while left > 0 {
        let piece = left.min(16_000);
        let piece_bytes = data(day, piece);
        stream.say(&mut day.wire, false, &piece_bytes);
        left -= piece;
    }
    stream.acknowledge(&mut day.wire, true);
}

/// Says goodbye and closes.
pub(super) fn close(day: &mut Day, mut stream: Stream) {
    let alert = record(21, TLS12, &day.rng.bytes(19));
    stream.say(&mut day.wire, true, &alert);
    stream.close(&mut day.wire);
}

/// A connection that stays up to the end of the capture: a ping of constant size every `period`
/// seconds, and at `bursts` the outside speaks first and the inside sends screens. Returns when each burst
/// began and ended.
pub(super) fn persist(day: &mut Day, stream: &mut Stream, period: u64, bursts: &[u64]) -> Vec<(u64, u64)> {
    let mut bursts = bursts.to_vec();
    bursts.sort_unstable();
    let mut bursts = bursts.into_iter().peekable();
    let (mut at, mut worked) = (stream.at(), Vec::new());
    loop {
        at += period * SECOND + day.rng.below(SECOND);
        if at >= day.end {
            return worked;
        }
        stream.rest_until(at);
        let (ping, pong) = (data(day, 38), data(day, 38));
        stream.say(&mut day.wire, true, &ping);
        stream.say(&mut day.wire, false, &pong);
        stream.acknowledge(&mut day.wire, true);
        while bursts.next_if(|burst| *burst <= at).is_some() {
            work(day, stream);
            worked.push((at, stream.at()));
            at = at.max(stream.at());
        }
    }
}

/// Somebody outside works on the inside end for a while.
fn work(day: &mut Day, stream: &mut Stream) {
    for _ in 0..day.rng.range(40, 120) {
        let until = stream.at() + day.rng.range(SECOND / 20, 4 * SECOND);
        stream.rest_until(until);
        let input = day.rng.range(60, 140) as usize;
        let input = data(day, input);
        stream.say(&mut day.wire, false, &input);
        let screen = day.rng.range(900, 9_000) as usize;
        let screen = data(day, screen);
        stream.say(&mut day.wire, true, &screen);
        stream.acknowledge(&mut day.wire, false);
    }
}
