//! Ethernet or IP in UDP with a small header of its own, on any port: VXLAN (RFC 7348), its generic
//! extension, and Geneve (RFC 8926).
//!
//! ```text
//! VXLAN:   flags 1 (0x08) │ zero 3 │ network 3 │ zero 1 │ Ethernet frame
//! Geneve:  version 2 bits, options 6 bits │ flags 1 │ protocol 2 │ network 3 │ zero 1 │ options │ inner
//! ```
//!
//! Such headers are plain; what is inside has to be a frame or a packet that fills the datagram.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "vxlan",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[4789, 8472],
    start: Start::between(0, 0x3f),
    look,
};

const VXLAN_HEAD: [u8; 4] = [0x08, 0, 0, 0];

/// Geneve's version 0 leaves the options' length, in words; two flags, the rest of their byte is zero.
const MOST_OPTION_WORDS: u8 = 0x3f;
const GENEVE_FLAGS: u8 = 0xc0;

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const VLAN: u16 = 0x8100;
const IPV6: u16 = 0x86dd;
const BRIDGED: u16 = 0x6558;

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    match header(sight) {
        Ok(Some(variant)) => {
            sink.note(sight.sender(), Key::TunnelVariant, variant);
            Look::Is(Found::new(92))
        }
        Ok(None) | Err(_) => Look::No,
    }
}

fn header(sight: &Sight<'_>) -> Result<Option<&'static str>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Vxlan, sight.data);
    let head: [u8; 4] = cursor.array()?;
    let [_, _, _, reserved] = cursor.array()?;
    if reserved != 0 {
        return Ok(None);
    }
    let cut = sight.wire_len.saturating_sub(sight.data.len());
    if head == VXLAN_HEAD {
        return Ok(is_inner(cursor, BRIDGED, cut)?.then_some("vxlan"));
    }
    let [option_words, flags, high, low] = head;
    if option_words > MOST_OPTION_WORDS || flags & !GENEVE_FLAGS != 0 {
        return Ok(None);
    }
    cursor.take(usize::from(option_words) * 4)?;
    Ok(is_inner(cursor, u16::from_be_bytes([high, low]), cut)?.then_some("geneve"))
}

/// Tells whether a frame or packet of this type follows; an IP packet has to fill what is there, but for
/// the padding of a short frame.
fn is_inner(mut cursor: Cursor<'_>, kind: u16, cut: usize) -> Result<bool, DecodeError> {
    let (mut kind, bridged) = (kind, kind == BRIDGED);
    if bridged {
        let ends: [u8; 12] = cursor.array()?;
        // The group bit of a sender's address is never set (IEEE 802).
        if ends[6] & 1 != 0 || ends == [0; 12] {
            return Ok(false);
        }
        kind = cursor.u16()?;
        if kind == VLAN {
            cursor.u16()?;
            kind = cursor.u16()?;
        }
    }
    let available = cursor.rest().len() + cut;
    let total = match kind {
        IPV4 => {
            let version_and_length = cursor.u8()?;
            cursor.u8()?;
            if version_and_length >> 4 != 4 {
                return Ok(false);
            }
            usize::from(cursor.u16()?)
        }
        IPV6 => {
            if cursor.u32()? >> 28 != 6 {
                return Ok(false);
            }
            usize::from(cursor.u16()?) + 40
        }
        // Hardware type, protocol, lengths (RFC 826).
        ARP => return Ok(bridged && cursor.array::<6>()? == [0, 1, 8, 0, 6, 4]),
        _ => return Ok(false),
    };
    Ok(total == available || bridged && total < available && available <= 46)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    fn packet() -> Vec<u8> {
        [&[0x45, 0, 0, 40][..], &[1; 36]].concat()
    }

    fn frame(kind: u16, inner: &[u8]) -> Vec<u8> {
        [&[0x00, 0x53, 0, 0, 0, 1, 0x00, 0x53, 0, 0, 0, 2][..], &kind.to_be_bytes(), inner].concat()
    }

    fn vxlan(inner: &[u8]) -> Vec<u8> {
        [&VXLAN_HEAD[..], &[0, 0, 42, 0], inner].concat()
    }

    #[test]
    fn a_header_with_a_frame_that_fits_is_believed() {
        let arp = [&[0, 1, 8, 0, 6, 4][..], &[0; 22]].concat();
        let tagged = frame(VLAN, &[&[0, 5][..], &IPV4.to_be_bytes(), &packet()].concat());
        let geneve = |kind: u16, inner: &[u8]| {
            [&[1, 0][..], &kind.to_be_bytes(), &[0, 0, 7, 0], &[0; 4], inner].concat()
        };
        let mut group = frame(IPV4, &packet());
        group[6] = 1;
        let cases = [
            (vxlan(&frame(IPV4, &packet())), Some("vxlan"), "an IPv4 packet"),
            (vxlan(&tagged), Some("vxlan"), "a tagged one"),
            (vxlan(&frame(ARP, &arp)), Some("vxlan"), "ARP"),
            (geneve(BRIDGED, &frame(IPV4, &packet())), Some("geneve"), "Geneve with an option"),
            (geneve(IPV4, &packet()), Some("geneve"), "Geneve with a bare packet"),
            (vxlan(&frame(IPV4, &packet()[..39])), None, "a packet longer than the datagram"),
            (vxlan(&frame(0x9999, &packet())), None, "an unknown type"),
            (vxlan(&group), None, "sent by a group"),
            ([&[0x08, 1, 0, 0][..], &vxlan(&frame(IPV4, &packet()))[4..]].concat(), None, "reserved bits"),
        ];
        for (data, variant, why) in cases {
            let (look, recorder) =
                recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 40_000, &data));
            assert_eq!(look == Look::Is(Found::new(92)), variant.is_some(), "{why}");
            assert_eq!(recorder.values(Key::TunnelVariant).first().copied(), variant, "{why}");
        }
    }

    #[test]
    fn a_cut_one_is_believed_only_if_the_capture_cut_it() {
        let whole = vxlan(&frame(IPV4, &packet()));
        for len in 0..whole.len() {
            let sight = recorder::sight(Over::Udp, true, 4789, &whole[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
            let cut = Sight { wire_len: whole.len(), ..sight };
            let found = recorder::look(&PROTOCOL, &cut).0 == Look::Is(Found::new(92));
            assert_eq!(found, len >= 26, "{len} bytes");
        }
    }
}
