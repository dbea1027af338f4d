//! The sets of a NetFlow v9 packet or an IPFIX message: templates, options templates, data.
//!
//! Both are a row of sets, each with an id and a length that counts these four bytes too (RFC 3954
//! §5.1, RFC 7011 §3.3.2). Ids from 256 are those of templates; below, the two standards differ.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::Format;
use crate::draft::Draft;
use crate::exporter::{Exporter, FlowSink, emit};
use crate::moment::Moment;
use crate::sequence::Content;
use crate::template::{self, Definition, Dialect, Template};

/// More templates than any exporter announces at once: each costs a look through those known.
const MAX_DEFINITIONS: usize = 128;

/// One datagram while its sets are read.
pub(crate) struct Message<'e> {
    pub(crate) exporter: &'e mut Exporter,
    pub(crate) dialect: Dialect,
    pub(crate) domain: u32,
    pub(crate) moment: Moment,
    /// What was read; `None` once some data wait for their template.
    pub(crate) content: Option<Content>,
    definitions: usize,
}

impl<'e> Message<'e> {
    pub(crate) const fn new(
        exporter: &'e mut Exporter,
        dialect: Dialect,
        domain: u32,
        moment: Moment,
    ) -> Self {
        Self {
            exporter,
            dialect,
            domain,
            moment,
            content: Some(Content { records: 0, flows: 0 }),
            definitions: 0,
        }
    }

    /// Reads all sets. One that cannot be read ends the datagram: where the next begins is not known.
    pub(crate) fn read(&mut self, mut cursor: Cursor<'_>, sink: FlowSink<'_>) -> Result<(), DecodeError> {
        while cursor.rest().len() >= 4 {
            let (id, len) = (cursor.u16()?, usize::from(cursor.u16()?));
            let Some(body_len) = len.checked_sub(4) else {
                // Some pad the datagram with zeros.
                return if (id, len) == (0, 0) {
                    Ok(())
                } else {
                    Err(cursor.malformed("a set under four bytes"))
                };
            };
            let body = cursor.take(body_len)?;
            match (self.dialect, id) {
                (Dialect::V9, 0) | (Dialect::Ipfix, 2) => {
                    self.templates(body, template::next_template, sink)?;
                }
                (Dialect::V9, 1) | (Dialect::Ipfix, 3) => {
                    self.templates(body, template::next_options_template, sink)?;
                }
                // A set of nothing has nothing to wait for.
                (_, 256..) if body.is_empty() => {}
                (_, 256..) => self.data(id, body, sink)?,
                // Reserved for later versions.
                _ => self.exporter.counts.malformed += 1,
            }
        }
        Ok(())
    }

    fn templates(
        &mut self,
        body: &[u8],
        next: fn(&mut Cursor<'_>, Dialect) -> Result<Option<Definition>, DecodeError>,
        sink: FlowSink<'_>,
    ) -> Result<(), DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, body);
        while let Some(definition) = next(&mut cursor, self.dialect)? {
            self.definitions += 1;
            if self.definitions > MAX_DEFINITIONS {
                return Err(cursor.malformed("more templates than a datagram may define"));
            }
            match definition {
                Definition::Template(id, template) => self.define(id, template, sink),
                Definition::Withdrawal(2) => {
                    self.exporter.templates.withdraw_all(self.dialect, self.domain, Some(false));
                }
                Definition::Withdrawal(3) => {
                    self.exporter.templates.withdraw_all(self.dialect, self.domain, Some(true));
                }
                Definition::Withdrawal(id) => {
                    self.exporter.templates.withdraw((self.dialect, self.domain, id));
                }
                Definition::Unusable => self.exporter.counts.malformed += 1,
            }
        }
        Ok(())
    }

    /// Takes a layout in and reads what has waited for it.
    fn define(&mut self, id: u16, template: Template, sink: FlowSink<'_>) {
        let key = (self.dialect, self.domain, id);
        self.exporter.templates.define(key, template);
        while let Some(waiting) = self.exporter.templates.next_waiting(key) {
            let read = self.records(id, &waiting.bytes, &waiting.moment, sink);
            if read.is_err() {
                self.exporter.counts.malformed += 1;
            }
        }
    }

    fn data(&mut self, id: u16, body: &[u8], sink: FlowSink<'_>) -> Result<(), DecodeError> {
        let moment = self.moment;
        let Some(read) = self.records(id, body, &moment, sink)? else {
            self.exporter.templates.wait((self.dialect, self.domain, id), moment, body);
            self.content = None;
            return Ok(());
        };
        self.content = self.content.map(|before| Content {
            records: before.records.saturating_add(read.records),
            flows: before.flows.saturating_add(read.flows),
        });
        Ok(())
    }

    /// Reads the records of a data set; gives how many of which kind, or `None` where the layout is not known.
    fn records(
        &mut self,
        id: u16,
        body: &[u8],
        moment: &Moment,
        sink: FlowSink<'_>,
    ) -> Result<Option<Content>, DecodeError> {
        let format = self.dialect.format();
        let address = self.exporter.address;
        let (templates, names, stream, counts) = self.exporter.parts(format, self.domain);
        let (Some(template), Some(stream)) = (templates.find((self.dialect, self.domain, id)), stream) else {
            return Ok(None);
        };
        let mut cursor = Cursor::new(Layer::Application, body);
        let mut records = 0;
        while !template.is_padding(cursor.rest()) {
            if !template.is_read {
                template.skip(&mut cursor)?;
                records += 1;
                counts.other_records += 1;
                continue;
            }
            let mut draft = Draft::new(address, format, moment.time_ns);
            template.read(&mut cursor, &mut draft, moment)?;
            records += 1;
            if template.is_options {
                counts.options += 1;
                names.learn(&draft);
                stream.sampling.learn(&draft);
            } else {
                let sampling = stream.sampling.of(&draft, template.has_sampler);
                emit(draft, moment, sampling, names, counts, sink);
            }
        }
        let flows = if template.is_options { 0 } else { records };
        Ok(Some(Content { records, flows }))
    }
}

impl Dialect {
    /// Gives the format that uses it.
    pub(crate) const fn format(self) -> Format {
        match self {
            Self::V9 => Format::NetflowV9,
            Self::Ipfix => Format::Ipfix,
        }
    }
}
