//! DNS over UDP and TCP (RFC 1035, RFC 7766): which names a client asked for, and where they are.
//!
//! Every `A` and `AAAA` record of an answer section, and every address hint of an `HTTPS` or `SVCB`
//! record, becomes a [`Fact::Resolved`] under the *question's* name, however many CNAMEs lie
//! between: the question is what the client wanted. A message that may carry more than a look-up is a
//! [`Fact::Burdened`]. Only whole, well-formed messages are believed;
//! where a small snaplen cut a datagram, what it holds is read.

pub(crate) mod burden;
pub(crate) mod message;
#[cfg(test)]
mod tests;

use message::{A, AAAA, HTTPS, Header, IN, Name, Question, Reader, SVCB};
use sekisho_decode::Addr;

use crate::{
    Fact, Found, Look, Over, Protocol, STREAM_BUDGET, Side, Sight, Sink, Start, dns_tunnel, dnscrypt,
};

/// mDNS, LLMNR and the NetBIOS name service speak the same format there; each has its own file.
const OTHERS_PORTS: [u16; 3] = [137, 5353, 5355];

const PORT: u16 = 53;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dns",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &[PORT],
    start: Start::ANYHOW,
    look,
};

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if sight.on_port(&OTHERS_PORTS) {
        return Look::No;
    }
    let mut progress = Progress::from_memo(*memo);
    let look = match sight.over {
        Over::Udp => datagram(sight, &mut progress, sink),
        Over::Tcp => stream(sight, &mut progress, sink),
        Over::Ip(_) => Look::No,
    };
    // It turned into another protocol, which reads no further.
    *memo = if matches!(look, Look::Becomes(..)) { 0 } else { progress.to_memo() };
    look
}

fn datagram(sight: &Sight<'_>, progress: &mut Progress, sink: &mut dyn Sink) -> Look {
    let cut = sight.wire_len > sight.data.len();
    let known = progress.server.is_some();
    if let Some(server) = read(sight.data, cut, sight, sink) {
        progress.server = Some(server);
    } else if progress.server.is_some() && !progress.raw {
        progress.raw = dns_tunnel::note_raw(sight, sink).is_some();
    }
    // What was asked for was a DNSCrypt resolver's certificate.
    if known && !sight.on_port(&[PORT]) && dnscrypt::certifies(sight.data) {
        return Look::Becomes(dnscrypt::PROTOCOL.service, Found::served_by(95, sight.sender()));
    }
    progress.server.map_or(Look::No, |server| Look::Reading(found(sight, server)))
}

/// Reads every whole message that the stream holds beyond what was read before.
fn stream(sight: &Sight<'_>, progress: &mut Progress, sink: &mut dyn Sink) -> Look {
    // Picked up in the middle, every segment is shown by itself.
    let mut offset = if sight.from_start { *progress.offset(sight.from_orig) } else { 0 };
    while let Some(rest) = sight.data.get(offset..) {
        let Some((length, rest)) = rest.split_first_chunk::<2>() else { break };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(message) = rest.get(..length) else {
            // Not all there: say no as soon as the header contradicts.
            let usual_port = sight.on_port(&[PORT]);
            match Reader::start(rest) {
                Ok((header, _)) if !plausible(header, usual_port) => return Look::No,
                Err(_) if flags(rest).is_some_and(|flags| !plausible_flags(flags, usual_port)) => {
                    return Look::No;
                }
                Ok(_) | Err(_) => break,
            }
        };
        let Some(server) = read(message, false, sight, sink) else { return Look::No };
        progress.server = Some(server);
        offset += 2 + length;
    }
    *progress.offset(sight.from_orig) = offset;
    let more = sight.data.len() < STREAM_BUDGET;
    match progress.server {
        Some(server) if more => Look::Reading(found(sight, server)),
        Some(server) => Look::Is(found(sight, server)),
        None if more => Look::More,
        None => Look::No,
    }
}

fn found(sight: &Sight<'_>, server: Side) -> Found {
    Found::served_by(if sight.on_port(&[PORT]) { 97 } else { 92 }, server)
}

/// Reads one message and tells who serves; `None` if it is not DNS.
fn read(bytes: &[u8], cut: bool, sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<Side> {
    let usual_port = sight.on_port(&[PORT]);
    let (header, mut reader) = Reader::start(bytes).ok()?;
    if !plausible(header, usual_port) {
        return None;
    }
    let server = if header.is_response() { sight.sender() } else { sight.sender().peer() };
    if header.questions == 0 {
        return (header.records() == 0 && reader.rest().is_empty()).then_some(server);
    }
    let question = reader.question().ok().filter(|question| is_usual(*question))?;
    let end = reader.walk(header, cut).ok()?;
    // Some stub resolvers pad; elsewhere every byte must be accounted for.
    if !end.rest().is_empty() && !usual_port && !cut {
        return None;
    }
    let name = reader.name_at(question.name_at).ok()?;
    burden::tell(header, question, &name, reader, sight, sink);
    if header.is_response() && header.rcode() == 0 {
        resolve(reader, header.answers, &name.lower(), sight.destination().0, sink);
    }
    Some(server)
}

/// The flags of a header that may not be all there.
fn flags(message: &[u8]) -> Option<u16> {
    let [_, _, high, low] = *message.first_chunk()?;
    Some(u16::from_be_bytes([high, low]))
}

/// Says whether these may be the flags of DNS.
const fn plausible_flags(flags: u16, usual_port: bool) -> bool {
    const QUERY: u8 = 0;
    const NOTIFY: u8 = 4;
    const UPDATE: u8 = 5;
    const RESERVED: u16 = 0x0040;
    let opcode_ok = match Header::opcode_of(flags) {
        QUERY => true,
        NOTIFY | UPDATE => usual_port,
        _ => false,
    };
    opcode_ok && flags & RESERVED == 0
}

/// Says whether the header may be DNS; off port 53 only plain queries and their answers are.
fn plausible(header: Header, usual_port: bool) -> bool {
    const QUERY: u8 = 0;
    const RESPONSE_ONLY: u16 = 0x0680; // AA, TC, RA
    if !plausible_flags(header.flags, usual_port) || header.questions > 1 {
        return false;
    }
    if header.is_response() {
        // A server that could not even read the question repeats none (FORMERR, NOTIMP).
        return header.questions == 1 || (usual_port && header.rcode() != 0);
    }
    if header.opcode() != QUERY {
        return header.questions == 1;
    }
    // IXFR carries an SOA (RFC 1995 §3); EDNS and TSIG ride in the additional section.
    let answers_ok = header.answers == 0 && header.authorities <= u16::from(usual_port);
    header.questions == 1
        && header.rcode() == 0
        && answers_ok
        && header.additionals <= 2
        && (usual_port || header.flags & RESPONSE_ONLY == 0)
}

/// Says whether a question's type and class are ones that IANA has given out.
const fn is_usual(question: Question) -> bool {
    let kind_ok =
        matches!(question.kind, 1..=66 | 99..=110 | 128 | 249..=265 | 32_768..=32_770 | 65_280..=65_534);
    kind_ok && matches!(question.class, 1 | 3 | 4 | 254 | 255)
}

fn resolve(mut reader: Reader<'_>, answers: u16, name: &Name, client: Addr, sink: &mut dyn Sink) {
    let Some(name) = name.host() else { return };
    for _ in 0..answers {
        // The walk before has read them all; a cut message ends here early.
        let Ok(record) = reader.record() else { return };
        if record.class != IN {
            continue;
        }
        // RFC 2181 §8: a TTL with its top bit set is zero.
        let ttl_s = if record.ttl_s > i32::MAX.unsigned_abs() { 0 } else { record.ttl_s };
        let mut resolved = |address| sink.fact(Fact::Resolved { client, name, address, ttl_s });
        match record.kind {
            A | AAAA => {
                if let Some(address) = record.address() {
                    resolved(address);
                }
            }
            SVCB | HTTPS => {
                // A record that ends badly has given the hints before its end; no more is lost.
                let _ = message::address_hints(record.data, resolved);
            }
            _ => {}
        }
    }
}

/// What the memo holds: how far each TCP stream was read, who serves, and whether it went over to a tunnel.
///
/// ```text
/// bits 0–13  bytes read of the orig's stream     bit 28  recognised
/// bits 14–27 bytes read of the resp's stream     bit 29  the orig serves     bit 30  a tunnel's datagrams
/// ```
#[derive(Clone, Copy, Debug)]
struct Progress {
    orig: usize,
    resp: usize,
    server: Option<Side>,
    raw: bool,
}

impl Progress {
    const OFFSET_BITS: u32 = 14;
    const OFFSET_MASK: u32 = (1 << Self::OFFSET_BITS) - 1;
    const KNOWN: u32 = 1 << 28;
    const ORIG_SERVES: u32 = 1 << 29;
    const RAW: u32 = 1 << 30;

    fn from_memo(memo: u32) -> Self {
        let offset = |bits: u32| usize::try_from(bits & Self::OFFSET_MASK).unwrap_or_default();
        let server = if memo & Self::ORIG_SERVES == 0 { Side::Resp } else { Side::Orig };
        Self {
            orig: offset(memo),
            resp: offset(memo >> Self::OFFSET_BITS),
            server: (memo & Self::KNOWN != 0).then_some(server),
            raw: memo & Self::RAW != 0,
        }
    }

    fn to_memo(self) -> u32 {
        // An offset past the budget reads nothing more, and neither does the last one that fits.
        let offset =
            |bytes: usize| u32::try_from(bytes).map_or(Self::OFFSET_MASK, |at| at.min(Self::OFFSET_MASK));
        let server = match self.server {
            None => 0,
            Some(Side::Resp) => Self::KNOWN,
            Some(Side::Orig) => Self::KNOWN | Self::ORIG_SERVES,
        };
        let raw = if self.raw { Self::RAW } else { 0 };
        server | raw | offset(self.orig) | offset(self.resp) << Self::OFFSET_BITS
    }

    const fn offset(&mut self, from_orig: bool) -> &mut usize {
        if from_orig { &mut self.orig } else { &mut self.resp }
    }
}
