//! The box's own health: load, memory, disk, temperature, and the daemon's own memory.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sysinfo::{Components, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::config::surroundings::cores;
use super::status::Machine;

/// How long an answer holds: who asks more often costs nothing more.
const FRESH: Duration = Duration::from_secs(1);

/// Asks the system, at most once a second.
#[derive(Debug)]
pub(crate) struct Health {
    /// `None` where the system cannot be asked; then figures stay zero.
    system: Option<System>,
    components: Option<Components>,
    pid: Option<Pid>,
    /// The file whose file system's room is shown.
    ledger: PathBuf,
    seen: Option<(Instant, Machine, u64)>,
}

impl Health {
    /// Shows the room of the file system that `ledger` is on.
    pub(crate) fn new(ledger: PathBuf) -> Self {
        let pid = sysinfo::get_current_pid().ok();
        Self { system: System::new().ok(), components: None, pid, ledger, seen: None }
    }

    /// The box's health, and the octets of the daemon that are resident.
    pub(crate) fn look(&mut self) -> (Machine, u64) {
        if let Some((at, machine, resident)) = self.seen
            && at.elapsed() < FRESH
        {
            return (machine, resident);
        }
        let (machine, resident) = self.ask();
        self.seen = Some((Instant::now(), machine, resident));
        (machine, resident)
    }

    fn ask(&mut self) -> (Machine, u64) {
        let load = System::load_average().ok().map(|load| [load.one, load.five, load.fifteen]);
        let (disk_total, disk_free) = room(&self.ledger).unwrap_or_default();
        let mut machine = Machine {
            cores: cores(),
            load: load.unwrap_or_default(),
            disk_total,
            disk_free,
            temperature_c: self.hottest(),
            ..Machine::default()
        };
        let Some(system) = &mut self.system else { return (machine, 0) };
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        machine.memory_total = system.total_memory();
        machine.memory_available = system.available_memory();
        let Some(pid) = self.pid else { return (machine, 0) };
        let only = ProcessRefreshKind::nothing().with_memory().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, only);
        (machine, system.process(pid).map_or(0, sysinfo::Process::memory))
    }

    fn hottest(&mut self) -> Option<f32> {
        if self.components.is_none() {
            self.components = Components::new_with_refreshed_list().ok();
        }
        let components = self.components.as_mut()?;
        components.refresh(false);
        components.iter().filter_map(sysinfo::Component::temperature).reduce(f32::max)
    }
}

/// Room of the file system that a file is on, or will be.
fn room(path: &Path) -> Option<(u64, u64)> {
    let place = path.ancestors().find(|place| place.exists()).unwrap_or(Path::new("."));
    let figures = rustix::fs::statvfs(place).ok()?;
    let octets = |blocks: u64| blocks.saturating_mul(figures.f_frsize);
    Some((octets(figures.f_blocks), octets(figures.f_bavail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_has_memory_and_room_and_this_process_takes_some() {
        let mut health = Health::new(std::env::temp_dir().join("not-there-yet/ledger.db"));
        let (machine, resident) = health.look();
        assert!(machine.cores > 0);
        assert!(machine.memory_available <= machine.memory_total && machine.memory_total > resident);
        assert!(machine.disk_free <= machine.disk_total && machine.disk_total > 0);
        assert!(resident > 100_000, "{resident}");
    }
}
