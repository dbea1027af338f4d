//! What goes out: images to the open Internet, and a shell that a device opens for others to come in by.

use super::super::{Category, Kind, shell};
use crate::day::talk::Stream;
use crate::day::truth::{Worked, ip_text};
use crate::day::wire::SECOND;
use crate::day::{Day, clinical};
use crate::workload::frame::Ip;

/// Seconds between keep-alives.
const PERIOD: u64 = 60 * SECOND;

/// A modality that sends its images to a centre's public address, unencrypted.
pub(super) fn images_to_the_internet(day: &mut Day) {
    let device = day.any(&["us", "cr"]);
    let party = day.nameless();
    let (way, exit) = day.leave(&device, party.ip);
    let port = *day.rng.pick(&[104, 11_112, 4_242]);
    for _ in 0..day.rng.range(2, 5) {
        let (at, images) = (day.moment(900 * SECOND), day.rng.range(3, 9));
        clinical::store(day, &way, port, (&device.name, device.role, "CENTRE"), images, at);
    }
    // A reading centre's or the vendor's: the wire does not tell.
    let category = Category::Hidden("remote-reading");
    day.enter(Ip::V4(device.ip), &party, Kind::plain("dicom", "tcp", port), &exit, category);
}

/// SSH that a device opens and keeps; now and then the outside speaks first, and the inside answers with
/// screens.
pub(super) fn reverse_shell(day: &mut Day) {
    let device = day.any(&["server", "pacs", "analyzer", "ct"]);
    let party = day.nameless();
    let port = *day.rng.pick(&[22, 443, 2_222]);
    let (way, exit) = day.leave(&device, party.ip);
    let (at, from) = (day.early(), day.port());
    let mut stream = Stream::open(&mut day.wire, &way, (from, port), at, &mut day.rng);
    shell::shake(day, &mut stream);
    let mut bursts = day.bursts();
    bursts.sort_unstable();
    let mut bursts = bursts.into_iter().peekable();
    loop {
        let at = stream.at() + PERIOD;
        if at >= day.end {
            break;
        }
        stream.rest_until(at);
        for from_near in [true, false] {
            let beat = day.rng.bytes(52);
            stream.say(&mut day.wire, from_near, &beat);
        }
        while bursts.next_if(|burst| *burst <= stream.at()).is_some() {
            let first = stream.at();
            work(day, &mut stream);
            day.truth.worked.push(Worked {
                device: ip_text(Ip::V4(device.ip)),
                remote_ip: ip_text(party.ip),
                first_s: first / SECOND,
                last_s: stream.at() / SECOND,
            });
        }
    }
    let category = Category::of_maintenance(&device, true);
    day.enter(Ip::V4(device.ip), &party, Kind::tunnel("ssh", "tcp", port), &exit, category);
}

fn work(day: &mut Day, stream: &mut Stream) {
    for _ in 0..day.rng.range(60, 160) {
        let until = stream.at() + day.rng.range(SECOND / 10, 4 * SECOND);
        stream.rest_until(until);
        let typed = day.rng.bytes(68);
        stream.say(&mut day.wire, false, &typed);
        let size = *day.rng.pick(&[180, 700, 2_600]);
        let screen = day.rng.bytes(size);
        stream.say(&mut day.wire, true, &screen);
    }
}
