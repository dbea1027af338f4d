//! NFS and the programs around it, by ONC RPC's call (RFC 5531 §9): portmapper, mount, lock manager.
//!
//! ```text
//! (TCP: fragment length 4) │ XID 4 │ 0: call │ 2: version of RPC │ program 4 │ its version 4 │ procedure 4
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "nfs",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    ports: &[2049, 111],
    start: Start::ANYHOW,
    look,
};

const CALL: u32 = 0;
const RPC_VERSION: u32 = 2;
/// rpcbind, nfs, mountd, nlockmgr, status, nfs_acl (IANA, Remote Procedure Call program numbers).
const PROGRAMS: [u32; 6] = [100_000, 100_003, 100_005, 100_021, 100_024, 100_227];
/// RFC 5531 §11: a record is sent in fragments of less than 2^31 bytes; a first call is small.
const LAST_FRAGMENT: u32 = 0x8000_0000;
const MOST_BYTES: u32 = 1 << 20;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match (sight.over, sight.data) {
        (Over::Tcp, [0x80, ..]) | (Over::Udp, [_, _, _, _, 0, 0, 0, 0, 0, 0, 0, 2, ..]) => {
            settle(sight, read(sight))
        }
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    if sight.over == Over::Tcp && cursor.u32()?.wrapping_sub(LAST_FRAGMENT) > MOST_BYTES {
        return Err(cursor.malformed("no first fragment of a call"));
    }
    let _xid = cursor.u32()?;
    let call = [cursor.u32()?, cursor.u32()?];
    if call != [CALL, RPC_VERSION] {
        return Err(cursor.malformed("no call of RPC"));
    }
    if !PROGRAMS.contains(&cursor.u32()?) {
        return Err(cursor.malformed("no program around NFS"));
    }
    Ok(Found::served_by(95, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_call_of_its_programs_is_recognised() {
        let call = "12345678 00000000 00000002 000186a3 00000003 00000000";
        let datagram = hex(call);
        let sent = sight(Over::Udp, true, 40_000, &datagram);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(16));
        let stream = hex(&format!("80000028 {call}"));
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 40_000, &stream)), Some(20));
        for other in ["12345678 00000001 00000000 00000000", "12345678 00000000 00000002 000f4240"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 2049, &hex(other))).0, Look::No, "{other}");
        }
    }
}
