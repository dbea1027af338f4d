//! The ledger as its callers see it.

#![forbid(unsafe_code)]

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod common;
#[cfg(test)]
mod deeds;
#[cfg(test)]
mod former;
#[cfg(test)]
mod history;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod live;
#[cfg(test)]
mod map;
#[cfg(test)]
mod month;
#[cfg(test)]
mod older;
#[cfg(test)]
mod place;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod reading_again;
#[cfg(test)]
mod registrations;
#[cfg(test)]
mod runtime;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod world;
