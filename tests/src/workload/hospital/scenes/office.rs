//! Servers and management: SMB, LDAP, RDP, SSH, Kerberos, NTP, SNMP, syslog.

use super::super::script::{Beats, Cast, Framing, Pattern, Script};
use crate::workload::proto::{self, *};
use crate::workload::rng::Rng;

/// A file share.
pub(super) fn smb(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { lan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(lan);
    b.open();
    for cmd in [0u16, 1, 1, 3, 5] {
        let n = r.range(60, 300) as usize;
        b.say(true, smb2(cmd, false, if cmd == 0 { 0 } else { n }, r));
        b.say(false, smb2(cmd, true, n, r));
    }
    script.framing = Framing::Smb;
    script.pattern = *r.pick(&[Pattern::Down, Pattern::Down, Pattern::Up]);
    let mut e = Beats::new(lan);
    e.close();
    script.post = e.v;
    script.towards(cast.inside(445), b.v)
}

/// A bind that succeeds.
pub(super) fn ldap(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { lan, .. } = cast;
    let mut b = Beats::new(lan);
    b.open();
    b.say(true, proto::ldap(false, 1));
    b.say(false, proto::ldap(true, 1));
    b.close();
    Script::of(cast).towards(cast.inside(389), b.v)
}

/// A remote desktop within the hospital.
pub(super) fn rdp(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, f, lan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(lan);
    b.open();
    b.say(true, rdp_negotiate(false));
    b.say(false, rdp_negotiate(true));
    let name = format!("{}.hosp.example", w.hosts[f.b as usize].name);
    b.say(true, client_hello(TlsClient::Schannel, &name, &[], r));
    b.say(false, server_flight(false, &name, None, r));
    b.say(true, client_finish(false, r));
    script.framing = Framing::Tls;
    script.towards(cast.inside(3389), b.v)
}

/// A shell within the hospital.
pub(super) fn ssh(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { lan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(lan);
    b.open();
    b.say(true, b"SSH-2.0-OpenSSH_9.2\r\n".to_vec());
    b.say(false, b"SSH-2.0-OpenSSH_8.4\r\n".to_vec());
    for c2s in [true, false] {
        let mut k = vec![0, 0, 4, 0x34, 6, 20];
        k.extend(r.bytes(16));
        for l in [
            "curve25519-sha256,ecdh-sha2-nistp256",
            "ssh-ed25519,rsa-sha2-512",
            "aes128-ctr,aes256-gcm@openssh.com",
        ] {
            k.extend_from_slice(&(l.len() as u32).to_be_bytes());
            k.extend_from_slice(l.as_bytes());
        }
        k.resize(1080, 0);
        b.say(c2s, k);
    }
    script.framing = Framing::Body;
    script.towards(cast.inside(22), b.v)
}

/// One ticket.
pub(super) fn kerberos(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { lan, .. } = cast;
    let mut b = Beats::new(lan);
    b.udp(0, true, krb(false, r));
    b.udp(lan, false, krb(true, r));
    Script::of(cast).towards(cast.inside(88), b.v)
}

/// One question for the time.
pub(super) fn ntp(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { lan, .. } = cast;
    let mut b = Beats::new(lan);
    b.udp(0, true, proto::ntp(false, r));
    b.udp(lan, false, proto::ntp(true, r));
    Script::of(cast).towards(cast.inside(123), b.v)
}

/// A poll of some counters.
pub(super) fn snmp(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, f, lan, .. } = cast;
    let mut b = Beats::new(lan);
    for i in 0..r.range(2, 12) as u32 {
        b.udp(if i == 0 { 0 } else { 3000 }, true, proto::snmp(false, f.port as u32 + i));
        b.udp(lan, false, proto::snmp(true, f.port as u32 + i));
    }
    Script::of(cast).towards(w.routed(f.b as usize, 161), b.v)
}

/// Lines of a log.
pub(super) fn syslog(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { h, lan, .. } = cast;
    let mut b = Beats::new(lan);
    for i in 0..r.range(1, 8) as u32 {
        b.udp(if i == 0 { 0 } else { 50_000 }, true, proto::syslog(&h.name, i));
    }
    Script::of(cast).towards(cast.inside(514), b.v)
}
