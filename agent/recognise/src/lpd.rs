//! LPD, the old way to a printer (RFC 1179 §5): a command's number, a queue, a line feed. On its port only:
//! three bytes could be anything.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 515;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "lpd",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[PORT],
    start: Start::between(1, 5),
    look,
};

const QUEUE_BYTES: usize = 128;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let [1..=5, queue @ ..] = sight.data else { return Look::No };
    if sight.resp.1 != PORT || !sight.from_orig || !sight.from_start {
        return Look::No;
    }
    let head = queue.get(..QUEUE_BYTES).unwrap_or(queue);
    let end = head.iter().position(|byte| *byte == b'\n');
    let name = head.get(..end.unwrap_or(head.len())).unwrap_or_default();
    match end {
        _ if !name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => Look::No,
        Some(1..) => Look::Is(Found::served_by(90, sight.sender().peer())),
        None if head.len() < QUEUE_BYTES => Look::More,
        Some(_) | None => Look::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn a_command_for_a_queue_is_recognised_on_its_port() {
        let job = b"\x02ward-3\n";
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, PORT, job)), Some(job.len()));
        for (port, wire) in
            [(5150, &job[..]), (PORT, b"\x02\n"), (PORT, b"\x09ward\n"), (PORT, b"\x02\xff\xfe\n")]
        {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, port, wire)).0, Look::No, "{wire:?}");
        }
    }
}
