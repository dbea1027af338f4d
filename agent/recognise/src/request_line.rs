//! SSL-VPNs open with a request line of their own inside TLS: seen where the TLS is taken off, at a
//! proxy, a load balancer or an appliance that mirrors what it decrypts.

use crate::{Found, Look, Sight};

/// Answers for a stream that a client opens with one of `lines`.
pub(crate) fn opens_with(sight: &Sight<'_>, lines: &[&[u8]]) -> Look {
    if lines.iter().any(|line| sight.data.starts_with(line)) {
        return Look::Is(Found::served_by(96, sight.sender().peer()));
    }
    let may_become = sight.from_start && lines.iter().any(|line| line.starts_with(sight.data));
    if may_become { Look::More } else { Look::No }
}

/// For tests: each line is believed whole, waited for while it comes, and nothing else is.
#[cfg(test)]
pub(crate) fn check(protocol: &crate::Protocol, lines: &[&[u8]]) {
    use crate::recorder::{look, sight};
    use crate::{Over, Side};

    for line in lines {
        let bytes = [line, &b" HTTP/1.1\r\nHost: vpn.example.org\r\n\r\n"[..]].concat();
        let found = Look::Is(Found::served_by(96, Side::Resp));
        assert_eq!(look(protocol, &sight(Over::Tcp, true, 80, &bytes)).0, found, "{}", line.escape_ascii());
        for len in 1..line.len() {
            let cut = sight(Over::Tcp, true, 80, &bytes[..len]);
            assert_eq!(look(protocol, &cut).0, Look::More, "{} cut at {len}", line.escape_ascii());
        }
    }
    for other in [&b"GET / HTTP/1.1\r\n"[..], b"POST /login HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01"] {
        assert_eq!(look(protocol, &sight(Over::Tcp, true, 80, other)).0, Look::No);
    }
}
