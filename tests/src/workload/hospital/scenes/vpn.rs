//! IPsec, OpenVPN, WireGuard, and tunnels in the clear.

use super::super::kind::Kind::*;
use super::super::script::{Beats, Cast, Framing, Pattern, Script};
use crate::workload::proto::*;
use crate::workload::rng::Rng;

/// IKEv2, then ESP bare or in UDP 4500.
pub(super) fn ipsec(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { f, wan, .. } = cast;
    let mut script = Script::of(cast);
    let spi = r.u64() | 1;
    let mut b = Beats::new(wan);
    for (x, n) in [(34u8, 360usize), (35, 1100)] {
        for c2s in [true, false] {
            let mut m = ike(x, !c2s, spi, n, r);
            if f.kind == IkeNatT && x == 35 {
                m.splice(0..0, [0; 4]);
            }
            b.udp(wan / 2, c2s, m);
        }
    }
    script.pattern = Pattern::Imix;
    script.framing = if f.kind == IkeEsp { Framing::Esp(spi as u32) } else { Framing::EspUdp(spi as u32) };
    let p = if f.kind == IkeEsp { 500 } else { 4500 };
    script.c.port = p;
    script.towards(cast.outside(p, f.b), b.v)
}

/// OpenVPN on its own port.
pub(super) fn openvpn(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { f, wan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(wan);
    let (sc, ss) = (r.u64(), r.u64());
    for (c2s, op) in
        [(true, 7u8), (false, 8), (true, 5), (true, 4), (false, 4), (false, 4), (true, 5), (true, 4)]
    {
        let body = r.bytes(if op == 4 { 300 } else { 0 });
        b.udp(wan / 2, c2s, ovpn(op, if c2s { sc } else { ss }, op as u32, &body));
    }
    script.pattern = Pattern::Imix;
    script.framing = Framing::Ovpn;
    script.towards(cast.outside(1194, f.b), b.v)
}

/// WireGuard on its own port.
pub(super) fn wireguard(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { f, wan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(wan);
    b.udp(0, true, wg_init(r));
    b.udp(wan, false, wg_resp(r));
    script.pattern = Pattern::Imix;
    script.framing = Framing::Wg;
    script.towards(cast.outside(51820, f.b), b.v)
}

/// GRE, without any opening.
pub(super) fn gre(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { f, .. } = cast;
    let mut script = Script::of(cast);
    script.pattern = Pattern::Imix;
    script.framing = Framing::Gre;
    script.towards(cast.outside(0, f.b), vec![])
}

/// L2TPv2, without any opening.
pub(super) fn l2tp(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { f, .. } = cast;
    let mut script = Script::of(cast);
    script.pattern = Pattern::Imix;
    script.framing = Framing::L2tp;
    script.c.port = 1701;
    script.towards(cast.outside(1701, f.b), vec![])
}

/// VXLAN between servers.
pub(super) fn vxlan(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let mut script = Script::of(cast);
    script.pattern = Pattern::Imix;
    script.framing = Framing::Vxlan;
    script.towards(cast.inside(4789), vec![])
}
