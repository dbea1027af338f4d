//! What exporters say of themselves in options data: interface names, applications, sampling.

use std::collections::BTreeMap;

use crate::draft::Draft;

/// Interfaces of the largest chassis switch.
const MAX_INTERFACES: usize = 1_024;

/// Applications; NBAR2's pack has about 1,500.
const MAX_APPLICATIONS: usize = 2_048;

/// Samplers of one observation domain: one an interface and direction on few of them.
const MAX_SAMPLERS: usize = 64;

/// What is kept of a name, in bytes: `TenGigabitEthernet1/0/48` has 24, a description may be a sentence.
const MAX_NAME_BYTES: usize = 64;

/// A name's own bookkeeping and its place in a map, in bytes.
const NAME_OVERHEAD_BYTES: usize = 64;

/// Names of one exporter.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) interfaces: BTreeMap<u32, Box<str>>,
    applications: BTreeMap<u64, Box<str>>,
    held_bytes: usize,
    /// Counts names for which there was no room.
    pub(crate) cut: u64,
}

/// Sampling in one observation domain.
#[derive(Debug, Default)]
pub(crate) struct Sampling {
    /// What the exporter says of all flows.
    pub(crate) default: Option<u32>,
    samplers: BTreeMap<u64, u32>,
}

impl Names {
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    pub(crate) fn application(&self, id: u64) -> Option<&str> {
        self.applications.get(&id).map(AsRef::as_ref)
    }

    /// Learns from an options record.
    pub(crate) fn learn(&mut self, draft: &Draft<'_>) {
        let (interface, application) = draft.subject();
        // The name says which port; the description is what somebody once typed.
        let name = text(draft.interface_name).or_else(|| text(draft.interface_description));
        if let Some(name) = name.filter(|_| interface != 0) {
            Self::keep(
                &mut self.interfaces,
                MAX_INTERFACES,
                &mut self.held_bytes,
                &mut self.cut,
                interface,
                name,
            );
        }
        if let (Some(id), Some(name)) = (application, text(draft.application_name)) {
            Self::keep(
                &mut self.applications,
                MAX_APPLICATIONS,
                &mut self.held_bytes,
                &mut self.cut,
                id,
                name,
            );
        }
    }

    fn keep<K: Ord>(
        names: &mut BTreeMap<K, Box<str>>,
        most: usize,
        held_bytes: &mut usize,
        cut: &mut u64,
        key: K,
        name: &str,
    ) {
        let is_full = names.len() >= most;
        match names.get_mut(&key) {
            Some(known) if **known == *name => {}
            Some(known) => {
                *held_bytes = *held_bytes - known.len() + name.len();
                *known = name.into();
            }
            None if is_full => *cut += 1,
            None => {
                *held_bytes += name.len() + NAME_OVERHEAD_BYTES;
                names.insert(key, name.into());
            }
        }
    }
}

impl Sampling {
    /// Learns from an options record.
    pub(crate) fn learn(&mut self, draft: &Draft<'_>) {
        let Some(rate) = draft.sampling() else { return };
        match draft.sampler {
            Some(id) if self.samplers.len() < MAX_SAMPLERS || self.samplers.contains_key(&id) => {
                self.samplers.insert(id, rate);
            }
            Some(_) => {}
            None => self.default = Some(rate),
        }
    }

    /// Gives how many packets each observed one of a flow stands for.
    ///
    /// A flow's own word counts first, then its sampler's, then what is said of all flows; a lone
    /// sampler is that of flows whose template has no field for it.
    pub(crate) fn of(&self, draft: &Draft<'_>, has_sampler: bool) -> u32 {
        let by_sampler = || draft.sampler.and_then(|id| self.samplers.get(&id)).copied();
        let lone = || match self.samplers.values().next() {
            Some(rate) if !has_sampler && self.samplers.len() == 1 => Some(*rate),
            _ => None,
        };
        draft.sampling().or_else(by_sampler).or(self.default).or_else(lone).unwrap_or(1)
    }
}

/// Reads text padded with zeros or spaces, as far as it is UTF-8 and for as long as names are kept.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.get(..MAX_NAME_BYTES).unwrap_or(bytes);
    let bytes = bytes.split(|byte| *byte == 0).next()?;
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
    };
    Some(text.trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_its_padding_its_bound_or_where_it_is_none() {
        // (bytes, text)
        let cases: [(&[u8], Option<&str>); 6] = [
            (b"Gi0/1\0\0\0", Some("Gi0/1")),
            (b"wan  ", Some("wan")),
            (b"\0\0\0", None),
            (b"", None),
            (b"ge-0\xff\xfe", Some("ge-0")),
            (&[b'a'; 100], str::from_utf8(&[b'a'; MAX_NAME_BYTES]).ok()),
        ];
        for (bytes, expected) in cases {
            assert_eq!(text(bytes), expected);
        }
    }
}
