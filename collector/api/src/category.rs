//! The categories of external connections that the survey asks for, by their slugs.

/// The study's eight categories, in its order.
pub const CATEGORIES: [&str; 8] = [
    "system-maintenance",
    "network-maintenance",
    "modality-maintenance",
    "eligibility",
    "regional-liaison",
    "remote-reading",
    "research",
    "remote-service",
];

/// What every hospital reaches and nobody surveys.
pub const GENERAL_INTERNET: &str = "general-internet";
