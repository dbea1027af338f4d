//! Figures for Prometheus: batches, rows, refusals.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use sekisho_api::sync::Outcome;

/// The figures since the start.
#[derive(Debug)]
pub(crate) struct Figures {
    registry: Registry,
    batches: Family<Vec<(String, String)>, Counter>,
    rows: Counter<u64, AtomicU64>,
    refused: Counter<u64, AtomicU64>,
    turned_away: Counter<u64, AtomicU64>,
}

impl Figures {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("sekisho_collector");
        let batches = Family::default();
        let (rows, refused, turned_away) = (Counter::default(), Counter::default(), Counter::default());
        registry.register("batches", "batches received, by what became of them", batches.clone());
        registry.register("rows", "rows taken in", rows.clone());
        registry.register("refused", "requests of strangers and revoked boxes", refused.clone());
        registry.register(
            "turned_away",
            "connections and bodies of strangers that found no place",
            turned_away.clone(),
        );
        Self { registry, batches, rows, refused, turned_away }
    }

    pub(crate) fn batch(&self, outcome: Outcome, rows: u64) {
        self.batches.get_or_create(&vec![("outcome".to_owned(), outcome.to_string())]).inc();
        self.rows.inc_by(rows);
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Gives them as Prometheus reads them.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a `String` cannot fail.
        let _ = encode(&mut out, &self.registry);
        out
    }
}
