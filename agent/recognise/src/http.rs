//! HTTP/1 on any port (RFC 9112): the host asked for, the client's and the server's product.
//!
//! Only the first request's and the first answer's header is read, line by line and no further.
//! The target is never noted: paths and queries may hold a patient's data; a few that name a program are told
//! by a word of our own ([`marks`]). Of a `CONNECT` (RFC 9110 §9.3.6) the host is its target, and the TLS
//! hello that follows through the proxy is noted too. An upgrade to a tunnel is noted as its variant.

use crate::text::{self, HOST_BYTES};
use crate::{Found, Key, Look, Over, Protocol, STREAM_BUDGET, Side, Sight, Sink, Start, ssh, tls};

mod marks;
#[cfg(test)]
mod tests;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "http",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[80, 8080],
    start: Start::between(b'A', b'Z').or_with(b"-_"),
    look,
};

/// The longest first line that is waited for. Servers refuse longer ones (RFC 9112 §3 asks for 8000).
const FIRST_LINE_BYTES: usize = 8192;

/// The longest method: WebDAV's `VERSION-CONTROL` and some room.
const METHOD_BYTES: usize = 20;

/// What a client may turn the connection into (RFC 9110 §7.8) that is a tunnel: Ivanti's (OpenConnect,
/// `pulse.c`) and Tailscale's relay (tailscale.com, `derp/derphttp`).
const UPGRADES: [(&[u8], &str); 2] = [(b"IF-T/TLS", "if-t"), (b"DERP", "derp")];

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let mut progress = Progress::from_memo(*memo);
    let known = progress.server.is_some();
    // Picked up in the middle, every segment is shown by itself: one that begins a header is enough.
    if !known || !sight.from_start {
        match first_line(sight, sink) {
            FirstLine::Read { role, connect } => {
                let server = if role == Role::Server { sight.sender() } else { sight.sender().peer() };
                progress.server = progress.server.or(Some(server));
                progress.connect |= connect;
            }
            FirstLine::Other | FirstLine::Open if known => return Look::Reading(found(&progress)),
            FirstLine::Other => return Look::No,
            FirstLine::Open => return Look::More,
            FirstLine::Prior2 => return Look::Is(Found::served_by(95, sight.sender().peer())),
        }
    }
    header(sight, &mut progress, sink);
    if !sight.from_start {
        progress.part(sight.from_orig).done = true;
    }
    *memo = progress.to_memo();
    let over = sight.data.len() >= STREAM_BUDGET || progress.orig.done && progress.resp.done;
    if over { Look::Is(found(&progress)) } else { Look::Reading(found(&progress)) }
}

fn found(progress: &Progress) -> Found {
    Found { confidence: 95, server: progress.server }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Client,
    Server,
}

/// What a stream's first line says.
enum FirstLine {
    Other,
    /// May be a request or status line: its end has not come.
    Open,
    /// The preface of HTTP/2 without TLS (RFC 9113 §3.4).
    Prior2,
    Read {
        role: Role,
        connect: bool,
    },
}

fn first_line(sight: &Sight<'_>, sink: &mut dyn Sink) -> FirstLine {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
    let data = sight.data;
    if !may_begin(data) {
        return FirstLine::Other;
    }
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return if data.len() < FIRST_LINE_BYTES { FirstLine::Open } else { FirstLine::Other };
    };
    if data.starts_with(PREFACE) {
        return FirstLine::Prior2;
    }
    let line = data.get(..end).unwrap_or_default().trim_ascii_end();
    if is_status_line(line) {
        return FirstLine::Read { role: Role::Server, connect: false };
    }
    let Some(request) = line.strip_suffix(b" HTTP/1.1").or_else(|| line.strip_suffix(b" HTTP/1.0")) else {
        return FirstLine::Other;
    };
    let connect = request.strip_prefix(b"CONNECT ");
    if let Some(word) = connect.and_then(marks::no_host) {
        sink.note(sight.sender(), Key::HttpPath, word);
        return FirstLine::Read { role: Role::Client, connect: false };
    }
    if let Some(target) = connect {
        sink.note(sight.sender(), Key::TunnelVariant, "http-connect");
        note_host(target, sight.sender(), sink);
    } else if let Some(path) = target(request).and_then(marks::path) {
        sink.note(sight.sender(), Key::HttpPath, path);
    }
    FirstLine::Read { role: Role::Client, connect: connect.is_some() }
}

/// What a request line asks for, between its method and its version.
fn target(request: &[u8]) -> Option<&[u8]> {
    let space = request.iter().position(|byte| *byte == b' ')?;
    request.get(space + 1..)
}

/// Quick refusal: a method and a space, or a status line, or the beginning of either.
fn may_begin(data: &[u8]) -> bool {
    const STATUS: &[u8] = b"HTTP/1.";
    if STATUS.iter().zip(data).all(|(expected, byte)| expected == byte) {
        return true;
    }
    let head = data.get(..METHOD_BYTES).unwrap_or(data);
    let method =
        head.iter().take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_')).count();
    match head.get(method) {
        Some(b' ') => method >= 3,
        Some(_) => false,
        None => method > 0 && method < METHOD_BYTES,
    }
}

/// `HTTP/1.1 200 OK` (RFC 9112 §4).
fn is_status_line(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"HTTP/1.") else { return false };
    matches!(
        rest,
        [b'0' | b'1', b' ', b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']
            | [b'0' | b'1', b' ', b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ', ..]
    )
}

/// Whether another answer follows this one: 100, 102 or 103, not 101 (RFC 9110 §15.2).
fn is_interim(status_line: &[u8]) -> bool {
    matches!(
        status_line,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', b'1', b'0', b'0' | b'2' | b'3', ..]
    )
}

/// Reads the sender's header lines from where the last look ended.
fn header(sight: &Sight<'_>, progress: &mut Progress, sink: &mut dyn Sink) {
    let connect = progress.connect;
    let side = sight.sender();
    let from_server = progress.server == Some(side);
    let part = progress.part(sight.from_orig);
    while !part.done {
        let rest = sight.data.get(part.read..).unwrap_or_default();
        if part.header_over {
            // Through the proxy now: how the client begins is the last that is read.
            part.done = from_server || !rest.is_empty() && note_proxied(rest, side, sink);
            return;
        }
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return };
        let line = rest.get(..end).unwrap_or_default().trim_ascii_end();
        if from_server && is_interim(line) {
            let Some(end) = text::find(rest, b"\r\n\r\n") else { return };
            part.read += end + 4;
            continue;
        }
        part.read += end + 1;
        if line.is_empty() {
            part.header_over = true;
            part.done = !connect;
            continue;
        }
        note_line(line, side, from_server, connect, sink);
    }
}

/// Notes what a client says through the proxy; true once there is nothing more to wait for.
fn note_proxied(stream: &[u8], side: Side, sink: &mut dyn Sink) -> bool {
    ssh::note_banner(stream, side, sink).unwrap_or_else(|| tls::note_client_hello(stream, side, sink))
}

fn note_line(line: &[u8], side: Side, from_server: bool, connect: bool, sink: &mut dyn Sink) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
    let Some((name, [_, value @ ..])) = line.split_at_checked(colon) else { return };
    let value = value.trim_ascii();
    if from_server {
        if name.eq_ignore_ascii_case(b"server") {
            note_product(Key::HttpServer, value, side, sink);
        }
    } else if name.eq_ignore_ascii_case(b"host") && !connect {
        note_host(value, side, sink);
    } else if name.eq_ignore_ascii_case(b"user-agent") {
        note_product(Key::HttpAgent, value, side, sink);
    } else if name.eq_ignore_ascii_case(b"upgrade") || name.eq_ignore_ascii_case(b"sec-websocket-protocol") {
        if let Some((_, variant)) = UPGRADES.iter().find(|(word, _)| starts_with(value, word)) {
            sink.note(side, Key::TunnelVariant, variant);
        }
        for token in marks::upgrades(value) {
            sink.note(side, Key::HttpUpgrade, token);
        }
    }
}

fn starts_with(value: &[u8], word: &[u8]) -> bool {
    value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn note_product(key: Key, value: &[u8], side: Side, sink: &mut dyn Sink) {
    if let Some(product) = text::note(value) {
        sink.note(side, key, product);
    }
}

/// Notes the host of `host:port`, `[v6]:port` or either without its port.
fn note_host(authority: &[u8], side: Side, sink: &mut dyn Sink) {
    let bracketed = authority.strip_prefix(b"[").and_then(|rest| rest.split(|byte| *byte == b']').next());
    let host = bracketed.or_else(|| authority.split(|byte| *byte == b':').next()).unwrap_or_default();
    if let Some(host) = text::host(host, &mut [0; HOST_BYTES]) {
        sink.note(side, Key::HttpHost, host);
    }
}

/// How far one side's header was read.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    read: usize,
    header_over: bool,
    done: bool,
}

/// What the memo holds.
///
/// ```text
/// bits 0–12, 13–25  bytes read of the orig's, of the resp's header (more than 8191 are not read)
/// bits 26–29        header over, done: of the orig, of the resp
/// bit 30 recognised by a CONNECT    bit 31 the orig serves
/// ```
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    orig: Part,
    resp: Part,
    connect: bool,
    server: Option<Side>,
}

impl Progress {
    const READ_BITS: u32 = 13;
    const READ_MASK: u32 = (1 << Self::READ_BITS) - 1;

    fn from_memo(memo: u32) -> Self {
        // A side that was recognised has been read from, so no memo in use is zero.
        if memo == 0 {
            return Self::default();
        }
        let bit = |at: u32| memo >> at & 1 == 1;
        let part = |read: u32, flags: u32| Part {
            read: usize::try_from(read & Self::READ_MASK).unwrap_or_default(),
            header_over: bit(flags),
            done: bit(flags + 1),
        };
        Self {
            orig: part(memo, 26),
            resp: part(memo >> Self::READ_BITS, 28),
            connect: bit(30),
            server: Some(if bit(31) { Side::Orig } else { Side::Resp }),
        }
    }

    fn to_memo(self) -> u32 {
        let part = |part: Part, read: u32, flags: u32| {
            let bytes = u32::try_from(part.read).unwrap_or(Self::READ_MASK);
            // A header beyond what the memo can count is not read on.
            let done = part.done || bytes >= Self::READ_MASK;
            bytes.min(Self::READ_MASK) << read
                | u32::from(part.header_over) << flags
                | u32::from(done) << (flags + 1)
        };
        part(self.orig, 0, 26)
            | part(self.resp, Self::READ_BITS, 28)
            | u32::from(self.connect) << 30
            | u32::from(self.server == Some(Side::Orig)) << 31
    }

    const fn part(&mut self, from_orig: bool) -> &mut Part {
        if from_orig { &mut self.orig } else { &mut self.resp }
    }
}
