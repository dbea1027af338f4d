//! What makes a survey hard: connections that a quick look misses or takes for others.

mod closed;
mod dual_homed;
mod leaving;
mod overlap;
mod seldom;

use super::Actor;
use crate::day::Day;

const ALL: &[Actor] = &[
    dual_homed::nat_to_a_mobile_router,
    seldom::silent_tunnel,
    seldom::kept_tunnel,
    seldom::tool_used_once,
    overlap::two_vendors_of_one_router,
    overlap::same_network_behind_two_routers,
    closed::terminal_without_ipv4,
    leaving::images_to_the_internet,
    leaving::reverse_shell,
];

/// Every second of them, beginning with the seed's: two days that follow each other have all.
pub(super) fn play(day: &mut Day) {
    for (number, actor) in ALL.iter().enumerate() {
        if (day.seed + number as u64).is_multiple_of(2) {
            actor(day);
        }
    }
}
