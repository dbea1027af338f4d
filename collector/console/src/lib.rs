//! The console: the pages that a hospital's IT looks at, over a ledger, by HTTPS.
//!
//! | file | what |
//! |---|---|
//! | `settings` | where the console listens, what it reads, where it keeps what is its own |
//! | `identity` | its certificate, made at the first start |
//! | `password`, `session`, `guard` | who may look: one password, sessions, lock-out |
//! | `server` | sockets, TLS, clients and their bounds |
//! | `site` | the addresses of the pages, and the headers of every answer |
//! | `visitor`, `sign` | who asks, in which language; signing in and out |
//! | `asked` | what an address asks for: site, filters, text, place in the list |
//! | `view` | rows as people read them |
//! | `connections`, `connection`, `lists` | the pages |
//! | `export` | what is shown, as CSV and workbook |
//! | `readers` | ledgers open for reading |
//!
//! Invariants: everything is served from the program itself; no page has a script; what strangers wrote
//! is text in every page and cell; nothing is written to the ledger. Unlike other crates beside the two
//! programs this one opens sockets and files, for both serve the same pages in the same way.

#![forbid(unsafe_code)]

mod asked;
mod connection;
mod connections;
mod error;
mod export;
mod guard;
mod identity;
mod lists;
mod password;
mod readers;
mod server;
mod session;
mod settings;
mod sign;
mod site;
mod view;
mod visitor;

pub use error::ConsoleError;
pub use server::Console;
pub use settings::Settings;
