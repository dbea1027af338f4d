//! A session with the file server: SMB 2.1 messages with bodies as [MS-SMB2] §2.2 lays them out.

use super::Day;
use super::site::Device;
use super::talk::Stream;
use super::wire::Way;

const PORT: u16 = 445;
const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const LOGOFF: u16 = 2;
const TREE_CONNECT: u16 = 3;
const ECHO: u16 = 13;
/// The dialect of both ends: SMB 2.1.
const DIALECT: u16 = 0x0210;
/// Where the security buffer or path begins: after the header and that body's fixed part.
const HEADER_BYTES: u16 = 64;
const FROM_SERVER: u32 = 1;

/// NetBIOS's length, the header, the body.
fn message(command: u16, number: u64, response: bool, tree: u32, session: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xfe, b'S', b'M', b'B'];
    bytes.extend(HEADER_BYTES.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(command.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend((if response { FROM_SERVER } else { 0 }).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(number.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(tree.to_le_bytes());
    bytes.extend(session.to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(body);
    [&(bytes.len() as u32).to_be_bytes()[..], &bytes].concat()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// An NTLMSSP message of that kind, with nothing in it.
fn ntlm(kind: u8) -> Vec<u8> {
    let mut bytes = b"NTLMSSP\0".to_vec();
    bytes.extend([kind, 0, 0, 0]);
    bytes.resize(if kind == 1 { 40 } else { 72 }, 0);
    bytes
}

fn negotiate(day: &mut Day, response: bool) -> Vec<u8> {
    if !response {
        let mut body = words(&[36, 1, 1, 0, 0, 0]);
        body.extend(day.rng.bytes(16));
        body.extend([0; 8]);
        body.extend(DIALECT.to_le_bytes());
        return body;
    }
    let mut body = words(&[65, 1, DIALECT, 0]);
    body.extend(day.rng.bytes(16));
    // Capabilities, largest transaction, read and write.
    for word in [7_u32, 1 << 20, 1 << 20, 1 << 20] {
        body.extend(word.to_le_bytes());
    }
    body.extend([0; 16]);
    body.extend(words(&[HEADER_BYTES + 64, 0, 0, 0]));
    body
}

fn setup(response: bool, round: u8) -> Vec<u8> {
    let token = if response && round == 3 { Vec::new() } else { ntlm(if response { 2 } else { round }) };
    let length = token.len() as u16;
    let mut body = if response {
        words(&[9, 0, HEADER_BYTES + 8, length])
    } else {
        let mut body = words(&[25, 0x0100]);
        body.extend([0; 8]);
        body.extend(words(&[HEADER_BYTES + 24, length]));
        body.extend([0; 8]);
        body
    };
    body.extend(token);
    body
}

fn tree(response: bool, path: &str) -> Vec<u8> {
    if response {
        let mut body = words(&[16, 1]);
        body.extend([0; 8]);
        body.extend(0x001f_01ff_u32.to_le_bytes());
        return body;
    }
    let path: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut body = words(&[9, 0, HEADER_BYTES + 8, path.len() as u16]);
    body.extend(path);
    body
}

pub(super) fn open(day: &mut Day, way: &Way, server: &Device, at: u64) {
    let from = day.port();
    let mut stream = Stream::open(&mut day.wire, way, (from, PORT), at, &mut day.rng);
    let session = day.rng.u64() >> 16;
    let path = format!("\\\\{}\\share", server.name);
    let mut commands = vec![(NEGOTIATE, 0), (SESSION_SETUP, 1), (SESSION_SETUP, 3), (TREE_CONNECT, 0)];
    commands.extend(std::iter::repeat_n((ECHO, 0), day.rng.range(3, 12) as usize));
    commands.push((LOGOFF, 0));
    for (number, (command, round)) in (0..).zip(commands) {
        for response in [false, true] {
            let body = match command {
                NEGOTIATE => negotiate(day, response),
                SESSION_SETUP => setup(response, round),
                TREE_CONNECT => tree(response, &path),
                _ => words(&[4, 0]),
            };
            let session = if command == NEGOTIATE || round == 1 && !response { 0 } else { session };
            let tree = u32::from(matches!(command, ECHO) || command == TREE_CONNECT && response);
            let message = message(command, number, response, tree, session, &body);
            stream.say(&mut day.wire, !response, &message);
        }
    }
    stream.close(&mut day.wire);
}
