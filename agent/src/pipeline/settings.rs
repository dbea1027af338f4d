//! What a pipeline is told, and how much it may hold.

use sekisho_decode::Addr;
use sekisho_enrich::{Bounds, Prefix};
use sekisho_mirror::MirrorCheck;
use sekisho_recognise::Budget;
use sekisho_track::Limits;

/// How much the pipeline may hold, and what it is told of the site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The prefixes that are said to be inside; none means: find out.
    pub(crate) internal: Vec<Prefix>,
    /// Of the flow table.
    pub(crate) limits: Limits,
    /// Of what is gathered.
    pub(crate) bounds: Bounds,
    /// Of what recognisers keep.
    pub(crate) budget: Budget,
    /// Whose flow exports are read.
    pub(crate) exports: Exports,
    /// Whether every datagram was sent here to be read: what a listener takes.
    pub(crate) listens: bool,
    /// Counts for the mirror check.
    pub(crate) mirror: Option<MirrorCheck>,
}

/// What the program takes beside its tables: its code, the rules, the ledger's cache, names, threads.
const BASE_BYTES: u64 = 64 << 20;
/// The least that tables are given.
const LEAST_BYTES: u64 = 8 << 20;
/// What a conn of the flow table takes with its share of the index, in bytes.
const CONN_BYTES: u64 = 256 + 32;
/// What a relationship takes with its notes and its share of the hash table, in bytes.
const RELATION_BYTES: u64 = 400;
/// What a watched conn takes without the start of its stream, in bytes.
const WATCH_BYTES: u64 = 300;

impl Settings {
    /// Takes a share of the memory that the program may take: of `sharers` pipelines, and of the site that
    /// they report to.
    pub(crate) fn sharing(bytes: u64, sharers: u64) -> Self {
        Self::within((bytes.saturating_sub(BASE_BYTES) / sharers.max(1)).max(LEAST_BYTES))
    }

    /// Divides memory: half for the flow table, a quarter for relationships, a quarter for recognisers.
    ///
    /// Each may be full at once, as in a flood.
    fn within(bytes: u64) -> Self {
        let number = |bytes: u64, each: u64| usize::try_from(bytes / each).unwrap_or(usize::MAX);
        let default = Self::default();
        let conns = u32::try_from(number(bytes / 2, CONN_BYTES)).unwrap_or(u32::MAX);
        Self {
            limits: Limits { max_conns: conns.min(default.limits.max_conns) },
            bounds: Bounds { relations: number(bytes / 4, RELATION_BYTES).min(default.bounds.relations) },
            budget: Budget {
                watches: number(bytes / 8, WATCH_BYTES).min(default.budget.watches),
                buffered_bytes: number(bytes / 8, 1).min(default.budget.buffered_bytes),
            },
            ..default
        }
    }
}

/// Whose flow exports are read.
#[derive(Clone, Debug, Default)]
pub(crate) enum Exports {
    /// Everybody's.
    #[default]
    All,
    /// Those of exporters within these prefixes.
    Of(Vec<Prefix>),
    /// Nobody's: a listener takes them.
    None,
}

impl Exports {
    pub(super) fn allow(&self, exporter: Addr) -> bool {
        match self {
            Self::All => true,
            Self::Of(prefixes) => prefixes.iter().any(|prefix| prefix.contains(exporter)),
            Self::None => false,
        }
    }
}
