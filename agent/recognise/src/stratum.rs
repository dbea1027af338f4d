//! Stratum over TCP, by which machines mine cryptocurrency for a pool outside (BIP 310, slushpool's "Stratum protocol",
//! xmrig-proxy's `STRATUM.md`): a line of JSON-RPC whose method is mining's, or a login with a wallet.
//!
//! Nobody in a hospital means to: it comes with an intruder, or with somebody's own program. Wallets and workers are not
//! noted.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start, text};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "stratum",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[3333],
    start: Start::with(b"{"),
    look,
};

/// A wallet and what a program tells of itself fit.
const MOST_LINE_BYTES: usize = 1024;

const METHOD: &[u8] = b"\"method\"";
/// What a miner asks for.
const MINERS: [&[u8]; 7] = [
    b"mining.subscribe",
    b"mining.authorize",
    b"mining.submit",
    b"mining.configure",
    b"mining.extranonce.subscribe",
    b"eth_submitLogin",
    b"eth_submitWork",
];
/// What a pool tells.
const POOLS: [&[u8]; 4] =
    [b"mining.notify", b"mining.set_difficulty", b"mining.set_target", b"mining.set_extranonce"];
/// Monero's miners log in by a method of many programs' name: its parameters, wallet, password and program, are asked
/// for as well.
const LOGIN: &[u8] = b"login";
const LOGIN_PARAMETERS: [&[u8]; 3] = [b"\"login\":", b"\"pass\":", b"\"agent\":"];

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let [b'{', ..] = sight.data else { return Look::No };
    let head = sight.data.get(..MOST_LINE_BYTES).unwrap_or(sight.data);
    let end = text::find(head, b"\n");
    let head = end.and_then(|end| head.get(..end)).unwrap_or(head);
    match method(head) {
        Some(method) if MINERS.contains(&method) => Look::Is(Found::served_by(95, sight.sender().peer())),
        Some(method) if POOLS.contains(&method) => Look::Is(Found::served_by(95, sight.sender())),
        Some(LOGIN) if LOGIN_PARAMETERS.iter().all(|name| text::find(head, name).is_some()) => {
            Look::Is(Found::served_by(90, sight.sender().peer()))
        }
        None | Some(LOGIN) if end.is_none() && head.len() < MOST_LINE_BYTES && sight.from_start => Look::More,
        _ => Look::No,
    }
}

/// Reads the method of a call.
fn method(line: &[u8]) -> Option<&[u8]> {
    let rest = line.get(text::find(line, METHOD)? + METHOD.len()..)?.trim_ascii_start().strip_prefix(b":")?;
    let name = rest.trim_ascii_start().strip_prefix(b"\"")?;
    name.get(..text::find(name, b"\"")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn the_calls_of_miners_and_pools_are_told() {
        // (from the client, line)
        let cases = [
            (true, r#"{"id": 1, "method": "mining.subscribe", "params": ["example/1.0"]}"#, 95),
            (true, r#"{"params": ["worker", "x"], "id": 2, "method":"mining.authorize"}"#, 95),
            (false, r#"{"id":null,"method":"mining.notify","params":["1","2"]}"#, 95),
            (
                true,
                r#"{"method":"login","params":{"login":"wallet","pass":"x","agent":"example"},"id":1}"#,
                90,
            ),
            (true, r#"{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0x00"]}"#, 95),
        ];
        for (from_orig, line, sure) in cases {
            let sent = sight(Over::Tcp, from_orig, 3333, line.as_bytes());
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(sure, Side::Resp)), "{line}");
            assert!(believed_from(&PROTOCOL, &sent).is_some(), "{line}");
        }
    }

    #[test]
    fn other_calls_are_not() {
        for line in [
            "{\"method\":\"login\",\"params\":{\"user\":\"a\"}}\n",
            "{\"method\":\"login\",\"params\":{\"login\":\"a\",\"pass\":\"b\"}}\n",
            "{\"method\":\"eth_blockNumber\",\"params\":[]}\n",
            "{\"result\":\"mining.subscribe\"}\n",
            "{\"method\":1}\n",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 3333, line.as_bytes())).0, Look::No, "{line}");
        }
        let endless = [b"{".to_vec(), vec![b' '; 2000]].concat();
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 3333, &endless)).0, Look::No);
        let middle = Sight { from_start: false, ..sight(Over::Tcp, true, 3333, b"{\"id\":1,") };
        assert_eq!(look(&PROTOCOL, &middle).0, Look::No, "picked up in the middle");
    }
}
