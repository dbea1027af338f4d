//! What the mirror check sees of a frame, and which packets are only the wrap of a mirrored one.

use sekisho_decode::{Body, Ip, Link, Packet};
use sekisho_mirror::{Carrier, Carries, Glance, MirrorCheck, wrap};

/// How the mirror port showed a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) captured: u32,
    pub(super) wire: u32,
    pub(super) merged: bool,
}

/// Shows the mirror check a frame, or the wrap of one that a mirror port sent from afar.
#[inline]
pub(super) fn observe(mirror: &mut MirrorCheck, packet: &Packet<'_>, shown: Shown) {
    if let Body::Ip(ip) = &packet.body
        && let Some((carrier, _)) = wrap(mirror, &packet.link, ip)
    {
        return mirror.carrier(carrier);
    }
    let Shown { captured, wire, merged } = shown;
    mirror.frame(&packet.link, Glance { captured, wire, carries: Carries::of(&packet.body), merged });
    if let Body::Arp(arp) = &packet.body {
        mirror.arp(&packet.link, arp);
    }
}

/// Tells whether a packet that carries another is how a switch sends its mirror to us: then only what is inside
/// is of the network. Asked of what the mirror port itself showed.
pub(super) fn is_wrap(mirror: Option<&MirrorCheck>, link: &Link, ip: &Ip<'_>, shown: Option<Shown>) -> bool {
    let carrier = mirror.filter(|_| shown.is_some()).and_then(|mirror| wrap(mirror, link, ip));
    matches!(carrier, Some((Carrier::Erspan | Carrier::Vxlan, _)))
}

#[cfg(test)]
mod tests {
    use sekisho_decode::{LinkType, MacAddr};
    use sekisho_mirror::{Around, Key, Verdict};

    use crate::capture::Frame;
    use crate::doctor::samples::{OTHER, OWN, datagram};
    use crate::pipeline::{Pipeline, Settings};

    use super::*;

    /// What the daemon's check says of talks between many hosts, each frame in VXLAN to some station.
    fn judged(to: [u8; 6]) -> sekisho_mirror::Assessment {
        let mirror = Some(MirrorCheck::new(&[MacAddr(OWN)]));
        let mut pipeline = Pipeline::new(Settings { mirror, ..Settings::default() });
        for number in 0..80_u8 {
            let hosts = [[192, 0, 2, number], [198, 51, 100, number]];
            let asked = datagram(OTHER, [50_000, 7_000], hosts, b"question");
            let answered = datagram(OTHER, [7_000, 50_000], [hosts[1], hosts[0]], b"answer");
            for inner in [asked, answered] {
                let switch = [[203, 0, 113, 1], [203, 0, 113, 2]];
                let header = [0x08, 0, 0, 0, 0, 0, 7, 0];
                let data = datagram(to, [40_000, 4789], switch, &[&header[..], &inner].concat());
                let wire_len = u32::try_from(data.len()).unwrap();
                let time_ns = i64::from(number);
                let (link, data) = (LinkType::Ethernet, &data[..]);
                pipeline.batch([Frame { time_ns, link, tci: 0, merged: false, wire_len, data }].into_iter());
            }
        }
        pipeline.mirror(None).unwrap().judge(&Around { packets: 160, ..Around::default() })
    }

    #[test]
    fn a_mirror_that_comes_in_vxlan_to_us_is_judged_by_what_is_inside() {
        let opened = judged(OWN);
        assert_eq!((opened.verdict, opened.overview.conns), (Verdict::Good, 80), "{:?}", opened.findings);
        assert_eq!(opened.findings.first().map(|finding| finding.key), Some(Key::Encapsulated));
        let of_others = judged(OTHER);
        assert!(of_others.findings.iter().all(|finding| finding.key != Key::Encapsulated));
        assert_eq!(of_others.overview.frames, 160);
    }
}
