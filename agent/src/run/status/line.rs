//! The state in one line of English, for `systemctl status`.

use super::Status;

/// Says how the daemon is: what watches, what comes in, and what a person has to see to.
pub(crate) fn line(status: &Status) -> String {
    let watching = status.workers.iter().filter(|worker| worker.state == "watching").count();
    let mut line = format!(
        "{watching} of {} workers watching, {:.0} packets/s, {} dropped",
        status.workers.len(),
        status.traffic.packets_per_s_1m,
        status.traffic.kernel_drops,
    );
    for interface in status.interfaces.iter().filter(|interface| interface.watching && !interface.link) {
        line.push_str(if interface.missing { "; there is no " } else { "; no link at " });
        line.push_str(&interface.name);
    }
    if status.roll_up.error.is_some() {
        line.push_str("; cannot record, see the log");
    }
    if status.clock.waits {
        line.push_str("; records nothing until the clock is set");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::Interface;
    use super::*;

    #[test]
    fn a_clock_that_recording_waits_for_is_told() {
        let mut status = Status::default();
        assert!(!line(&status).contains("clock"));
        status.clock.waits = true;
        assert!(line(&status).ends_with("; records nothing until the clock is set"));
    }

    #[test]
    fn an_interface_that_is_watched_without_a_link_is_named() {
        let eth1 = Interface { name: "eth1".to_owned(), watching: true, ..Interface::default() };
        let cases = [
            (Interface { link: true, ..eth1.clone() }, ""),
            (Interface { missing: true, ..eth1.clone() }, "; there is no eth1"),
            (eth1, "; no link at eth1"),
        ];
        for (interface, said) in cases {
            let status = Status { interfaces: vec![interface], ..Status::default() };
            assert_eq!(line(&status), format!("0 of 0 workers watching, 0 packets/s, 0 dropped{said}"));
        }
    }
}
