//! Wake-on-LAN's magic packet: six times FF, then the sleeper's hardware address sixteen times.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "wake-on-lan",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[9],
    start: Start::with(&[0xff]),
    look,
};

const REPEATS: usize = 16;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let Some(addresses) = sight.data.strip_prefix(&[0xff; 6]) else { return Look::No };
    let Some((first, _)) = addresses.split_first_chunk::<6>() else { return Look::No };
    let same = addresses.chunks_exact(6).take(REPEATS).filter(|address| address == first).count();
    // A white picture is no address.
    if same == REPEATS && *first != [0xff; 6] { Look::Is(Found::new(97)) } else { Look::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, sight};

    #[test]
    fn sixteen_times_the_address_wakes() {
        let packet = [&[0xff; 6][..], &[0, 0x53, 0, 0, 0, 1].repeat(REPEATS)].concat();
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 40_000, &packet)), Some(102));
        let mut other = packet;
        other[50] ^= 1;
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 9, &[0xff; 200])), None, "everybody");
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 9, &other)), None);
    }
}
