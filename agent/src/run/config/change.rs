//! What of a new file a running daemon takes over, and what waits for a restart.

use super::Config;

impl Config {
    /// Takes over what changes live, and names the keys that differ but need a restart.
    pub(crate) fn take_over(&mut self, new: Config) -> Vec<&'static str> {
        let differs = [
            ("site", self.site != new.site),
            ("sensor", self.sensor != new.sensor),
            ("ledger", self.ledger != new.ledger),
            ("lang", self.lang != new.lang),
            ("max_memory", self.max_memory != new.max_memory),
            ("capture", self.captures != new.captures),
            ("exports.listen", self.exports != new.exports),
            ("metrics.listen", self.metrics != new.metrics),
            ("console.listen", self.console != new.console),
            // Turned on or off; what it says is taken over.
            ("sync", self.sync.is_some() != new.sync.is_some()),
            ("status.socket", self.socket != new.socket),
            ("log.format", self.log_format != new.log_format),
        ];
        // The list of allowed exporters belongs to a port: it follows the port, not the place in the file.
        let allowed = self.exports.iter().zip(&self.live.allowed).map(|(listen, old)| {
            let place = new.exports.iter().position(|known| known == listen);
            place.and_then(|place| new.live.allowed.get(place)).unwrap_or(old).clone()
        });
        let allowed = allowed.collect();
        if self.sync.is_some() && new.sync.is_some() {
            self.sync = new.sync;
        }
        (self.handed, self.handed_doubts) = (new.handed, new.handed_doubts);
        self.live = super::Live { allowed, ..new.live };
        differs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
    }
}
