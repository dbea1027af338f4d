//! Makes first inputs of a capture: `fuzz-seeds CAPTURE.pcap CORPUS` writes `decode`, `recognise` and
//! `export` below the corpus. The capture is one that a generator made: nothing of a network may come
//! into the checkout.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use sekisho_decode::{Addr, Body, Cursor, Layer, LinkType, Upper, decode};
use sekisho_fuzz::script::{Head, Message, write_head, write_message};
use sekisho_recognise::Over;

/// What recognisers see at most of a conversation is in its first payloads.
const MESSAGES: usize = 12;
/// Octets of one input; libFuzzer makes longer ones where they help.
const MAX_INPUT_BYTES: usize = 4096;
/// Octets before the first packet of a pcap file, and before each packet.
const FILE_HEAD: usize = 24;

/// A script's head, and that of its first message.
const BEFORE_PAYLOAD: usize = 10;
const UDP: u8 = 17;
/// How NetFlow v5, v9, IPFIX and sFlow v5 begin.
const EXPORTS: [&[u8]; 4] = [&[0, 5], &[0, 9], &[0, 10], &[0, 0, 0, 5]];

/// (how, ends in order): both directions of a conversation.
type Key = (u8, (Addr, u16), (Addr, u16));

struct Talk {
    orig: (Addr, u16),
    input: Vec<u8>,
    messages: usize,
}

fn main() -> Result<()> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [capture, corpus] = paths.as_slice() else {
        return Err(Error::other("fuzz-seeds CAPTURE.pcap CORPUS"));
    };
    let bytes = fs::read(capture)?;
    let mut cursor = Cursor::new(Layer::Application, bytes.get(FILE_HEAD..).unwrap_or_default());
    let mut talks: BTreeMap<Key, Talk> = BTreeMap::new();
    while let Some(frame) = next(&mut cursor) {
        let Ok(packet) = decode(LinkType::Ethernet, frame, frame.len() as u32) else { continue };
        let Body::Ip(ip) = &packet.body else {
            write(&corpus.join("decode"), &sekisho_fuzz::decode::input(LinkType::Ethernet, frame))?;
            continue;
        };
        let (over, ports, payload) = match ip.upper {
            Upper::Tcp(tcp) => (Over::Tcp, (tcp.src_port, tcp.dst_port), ip.payload),
            Upper::Udp(udp) => (Over::Udp, (udp.src_port, udp.dst_port), ip.payload),
            Upper::Icmp(_) | Upper::Esp(_) | Upper::Ah(_) | Upper::Gre(_) | Upper::Other => {
                (Over::Ip(ip.protocol), (0, 0), ip.body)
            }
        };
        if payload.is_empty() {
            continue;
        }
        let (from, to) = ((ip.src, ports.0), (ip.dst, ports.1));
        let talk = talks.entry((ip.protocol, from.min(to), from.max(to))).or_insert_with(|| {
            let head = Head { over, from_start: true, v6: !ip.src.is_v4(), ports };
            let mut input = Vec::new();
            write_head(head, &mut input);
            Talk { orig: from, input, messages: 0 }
        });
        let message = Message { from_orig: talk.orig == from, after_loss: false, payload };
        if talk.messages < MESSAGES && talk.input.len() + payload.len() <= MAX_INPUT_BYTES {
            if talk.messages == 0 {
                write(&corpus.join("decode"), &sekisho_fuzz::decode::input(LinkType::Ethernet, frame))?;
            }
            talk.messages += 1;
            write_message(&message, &mut talk.input);
        }
    }
    for ((protocol, ..), talk) in talks {
        write(&corpus.join("recognise"), &talk.input)?;
        let begins = talk.input.get(BEFORE_PAYLOAD..).unwrap_or_default();
        let exports = protocol == UDP && EXPORTS.iter().any(|version| begins.starts_with(version));
        if exports {
            write(&corpus.join("export"), &talk.input)?;
        }
    }
    Ok(())
}

fn next<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    cursor.take(8).ok()?;
    let length: [u8; 4] = cursor.take(4).ok()?.try_into().ok()?;
    cursor.take(4).ok()?;
    cursor.take(u32::from_le_bytes(length) as usize).ok()
}

/// Writes an input under a name of its content's: the same twice is one file.
fn write(folder: &Path, input: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    // FNV-1a: names need to differ, no more.
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    });
    fs::write(folder.join(format!("{hash:016x}")), input)
}
