//! SMB over TCP, directly or inside a NetBIOS session (MS-SMB2, MS-CIFS, RFC 1002 §4.3): the service, and
//! what the ends are called where a session is set up with NTLM. Nothing of shares and files is read.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::ntlm::{self, Message, SIGNATURE};
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "smb",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[445, 139],
    start: Start::with(&[SESSION_MESSAGE, SESSION_REQUEST]),
    look,
};

/// Session packet types (RFC 1002 §4.3.1).
const SESSION_MESSAGE: u8 = 0x00;
const SESSION_REQUEST: u8 = 0x81;

/// How much of each stream is read for a session's set-up, and in how many looks: negotiation and set-up
/// take some six messages, a few hundred bytes each.
const SETUP_BYTES: usize = 8 * 1024;
const MOST_LOOKS: u32 = 12;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if *memo != 0 {
        return read_on(sight, memo, sink);
    }
    match read(sight) {
        Ok(Some((found, sets_up))) => {
            let mut setup = Setup { looks: 0, read: [0; 2] };
            let done = setup.read(sight, sink);
            if done || !sets_up || !sight.from_start {
                return Look::Is(found);
            }
            *memo = setup.to_memo();
            Look::Reading(found)
        }
        Ok(None) => Look::No,
        Err(_) => Look::More,
    }
}

fn read_on(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let mut setup = Setup::from_memo(*memo);
    if setup.read(sight, sink) {
        return Look::No;
    }
    *memo = setup.to_memo();
    Look::Reading(Found::new(95))
}

/// How far a session's set-up was read: looks, and bytes of orig and resp.
struct Setup {
    looks: u32,
    read: [u32; 2],
}

impl Setup {
    /// [`SETUP_BYTES`] fit.
    const READ_BITS: u32 = 14;
    const READ_MASK: u32 = (1 << Self::READ_BITS) - 1;

    const fn from_memo(memo: u32) -> Self {
        let read = [memo & Self::READ_MASK, memo >> Self::READ_BITS & Self::READ_MASK];
        Self { looks: memo >> (2 * Self::READ_BITS), read }
    }

    fn to_memo(&self) -> u32 {
        let [orig, resp] = self.read;
        orig | resp << Self::READ_BITS | self.looks << (2 * Self::READ_BITS)
    }

    /// Notes whom the new bytes name; tells whether there is nothing more to come.
    fn read(&mut self, sight: &Sight<'_>, sink: &mut dyn Sink) -> bool {
        self.looks += 1;
        let [orig, resp] = &mut self.read;
        let read = if sight.from_orig { orig } else { resp };
        // The signature may lie across the end of what was read.
        let from = (*read as usize).saturating_sub(SIGNATURE.len() - 1);
        let found = ntlm::find(sight.data.get(from..).unwrap_or_default());
        let message = found.and_then(|found| ntlm::note_message(found, sight, sink));
        // A message whose end has not come is looked at again.
        if message.is_some() || found.is_none() {
            *read = (sight.data.len() as u32).min(Self::READ_MASK);
        }
        message == Some(Message::Authenticate) || self.looks >= MOST_LOOKS || sight.data.len() > SETUP_BYTES
    }
}

/// The finding, and whether the message belongs to a session's set-up.
fn read(sight: &Sight<'_>) -> Result<Option<(Found, bool)>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let kind = cursor.u8()?;
    if kind == SESSION_REQUEST {
        return Ok(session_request(&mut cursor, sight)?.map(|found| (found, true)));
    }
    if kind != SESSION_MESSAGE {
        return Ok(None);
    }
    let [high, middle, low] = cursor.array()?;
    let length = u32::from_be_bytes([0, high, middle, low]);
    match cursor.array()? {
        // SMB1: command, status, then flags, whose top bit marks a server's reply (MS-CIFS §2.2.3.1).
        [0xff, b'S', b'M', b'B'] if length >= 32 => {
            let [command, _, _, _, _] = cursor.array()?;
            // Negotiate, session set-up (§2.2.2.1).
            Ok(Some((from(sight, cursor.u8()? & 0x80 != 0), matches!(command, 0x72 | 0x73))))
        }
        // SMB2: structure size 64, ten bytes, then flags, whose lowest bit marks a reply (MS-SMB2 §2.2.1).
        [0xfe, b'S', b'M', b'B'] if length >= 64 => {
            if cursor.array()? != [64, 0] {
                return Ok(None);
            }
            // Credit charge and status, command, credits: negotiate and session set-up are 0 and 1.
            let [_, _, _, _, _, _, command, _, _, _] = cursor.array()?;
            Ok(Some((from(sight, cursor.u8()? & 1 != 0), command <= 1)))
        }
        // Encrypted and compressed SMB 3 (MS-SMB2 §2.2.41, §2.2.42).
        [0xfd | 0xfc, b'S', b'M', b'B'] => Ok(Some((Found::new(90), false))),
        _ => Ok(None),
    }
}

/// A request for a session: called and calling name, each 32 letters between its length and its end.
fn session_request(cursor: &mut Cursor<'_>, sight: &Sight<'_>) -> Result<Option<Found>, DecodeError> {
    if cursor.array()? != [0, 0, 68] {
        return Ok(None);
    }
    for _ in 0..2 {
        let name: [u8; 34] = cursor.array()?;
        let [32, letters @ .., 0] = name else { return Ok(None) };
        if !letters.iter().all(|letter| matches!(letter, b'A'..=b'P')) {
            return Ok(None);
        }
    }
    Ok(Some(from(sight, false)))
}

const fn from(sight: &Sight<'_>, is_reply: bool) -> Found {
    Found::served_by(95, if is_reply { sight.sender() } else { sight.sender().peer() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ntlm::tests::{authenticate_of, challenge_of};
    use crate::recorder::{Turn, converse, hex, look, sight};
    use crate::{Key, Side};

    #[test]
    fn every_dialect_is_recognised_and_tells_who_serves() {
        // (what, wire, answer)
        let reading = |server| Look::Reading(Found::served_by(95, server));
        let names = format!("20{}00 20{}00", "434b".repeat(16), "4641".repeat(16));
        let cases = [
            ("SMB1 negotiate", "00000054 ff534d42 72 00000000 18 01c8".to_owned(), reading(Side::Resp)),
            (
                "SMB2 negotiate",
                "000000a8 fe534d42 4000 0000 00000000 0000 1f00 00000000".to_owned(),
                reading(Side::Resp),
            ),
            (
                "SMB2 read",
                "000000a8 fe534d42 4000 0000 00000000 0800 1f00 00000000".to_owned(),
                Look::Is(Found::served_by(95, Side::Resp)),
            ),
            ("SMB3 encrypted", "000000a8 fd534d42".to_owned(), Look::Is(Found::new(90))),
            ("session request", format!("81000044 {names}"), reading(Side::Resp)),
            (
                "SMB2 reply",
                "000000a8 fe534d42 4000 0000 00000000 0000 0100 01000000".to_owned(),
                reading(Side::Orig),
            ),
        ];
        for (what, wire, expected) in cases {
            let bytes = hex(&wire);
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 4450, &bytes)).0, expected, "{what}");
            for len in 0..bytes.len().min(16) {
                let found = look(&PROTOCOL, &sight(Over::Tcp, true, 4450, &bytes[..len])).0;
                assert!(matches!(found, Look::More | Look::Is(_) | Look::Reading(_)), "{what}: {len} bytes");
            }
        }
    }

    #[test]
    fn a_session_s_set_up_names_both_ends_whatever_its_segments() {
        let header = hex("000000a8 fe534d42 4000 0000 00000000 0100 1f00 00000000");
        let with = |message: &[u8]| [&header[..], &[0; 80], message].concat();
        let (challenge, authenticate) = (with(&challenge_of()), with(&authenticate_of()));
        for step in [60, 200, 1460] {
            let turns: [Turn<'_>; 3] = [(true, &header), (false, &challenge), (true, &authenticate)];
            let (found, recorder) = converse(&PROTOCOL, 445, &turns, step);
            assert!(matches!(found, Some(Look::Reading(_))), "{step} bytes a segment: {found:?}");
            for name in ["198.51.100.20 ward-pc.ward.example Ntlm", "192.0.2.10 lab-3 Ntlm"] {
                assert!(
                    recorder.facts.iter().any(|fact| fact == name),
                    "{step} bytes a segment: {recorder:?}"
                );
            }
            assert!(recorder.values(Key::Software).contains(&"Windows 10.0.19045"));
        }
    }

    #[test]
    fn other_streams_are_not_smb() {
        for wire in
            ["00000054 00534d42", "00000004 ff534d42", "81000044 20ff", "160301", "000000a8 fe534d42 4100"]
        {
            let bytes = [&hex(wire)[..], &[0; 80]].concat();
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 445, &bytes)).0, Look::No, "{wire}");
        }
    }
}
