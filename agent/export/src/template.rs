//! Templates: how an exporter's records are laid out, and how records are read by them.
//!
//! ```text
//! v9, IPFIX    id, field count, then (number, length) each; IPFIX adds an enterprise number where
//!              the highest bit of the number is set                     RFC 3954 §5.2, RFC 7011 §3.4.1
//! v9 options   id, bytes of scope fields, bytes of option fields, fields          RFC 3954 §6.1
//! IPFIX        id, field count, how many of them are the scope, fields            RFC 7011 §3.4.2.2
//! ```

use sekisho_decode::{Cursor, DecodeError};

use crate::draft::Draft;
use crate::field::{self, Field};
use crate::moment::Moment;

/// The length by which IPFIX marks a field that carries its own (RFC 7011 §7).
const VARIABLE: u16 = 0xffff;

/// More fields than any exporter sends; YAF's and nProbe's largest have about 90.
const MAX_FIELDS: usize = 512;

/// Which standard's layouts are read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Dialect {
    /// NetFlow v9.
    V9,
    /// IPFIX.
    Ipfix,
}

/// The layout of one kind of record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Template {
    steps: Box<[Step]>,
    /// The least length of a record; at least 1, so that reading records comes to an end.
    least_len: usize,
    /// Whether the records say something of the exporter, not of a flow.
    pub(crate) is_options: bool,
    /// Whether a record names its sampler.
    pub(crate) has_sampler: bool,
    /// Whether a record can say anything: a flow needs both addresses, an option a field we know.
    pub(crate) is_read: bool,
}

/// One field, or several in a row that are stepped over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Step {
    field: Field,
    len: u16,
}

/// What a template set holds next.
pub(crate) enum Definition {
    /// A layout.
    Template(u16, Template),
    /// The layout is void; its id may be a set's, which stands for all (RFC 7011 §8.1).
    Withdrawal(u16),
    /// A layout that cannot be used: of no length, or by the id of a set.
    Unusable,
}

impl Template {
    /// Counts what the template holds in memory, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.steps.len() * size_of::<Step>()
    }

    /// Tells whether too few bytes are left for a record: then they are padding.
    pub(crate) const fn is_padding(&self, rest: &[u8]) -> bool {
        rest.len() < self.least_len
    }

    /// Steps over one record.
    #[inline]
    pub(crate) fn skip(&self, cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
        for step in &self.steps {
            step.take(cursor)?;
        }
        Ok(())
    }

    /// Reads one record.
    #[inline]
    pub(crate) fn read<'a>(
        &self,
        cursor: &mut Cursor<'a>,
        draft: &mut Draft<'a>,
        moment: &Moment,
    ) -> Result<(), DecodeError> {
        for step in &self.steps {
            let bytes = step.take(cursor)?;
            // A field of its own length is checked here, one of the template's was at its definition.
            if step.len != VARIABLE || u16::try_from(bytes.len()).is_ok_and(|len| step.field.fits(len)) {
                draft.read(step.field, bytes, moment);
            }
        }
        Ok(())
    }
}

impl Step {
    /// Takes the field's bytes.
    #[inline]
    fn take<'a>(self, cursor: &mut Cursor<'a>) -> Result<&'a [u8], DecodeError> {
        match self.len {
            VARIABLE => variable(cursor),
            len => cursor.take(len.into()),
        }
    }

    /// Takes the next field in where both are only stepped over.
    fn absorb(&mut self, next: Self) -> bool {
        let is_fixed_skip = |step: &Self| step.field == Field::Skip && step.len != VARIABLE;
        let together = self.len.checked_add(next.len).filter(|together| *together != VARIABLE);
        let Some(together) = together.filter(|_| is_fixed_skip(self) && is_fixed_skip(&next)) else {
            return false;
        };
        self.len = together;
        true
    }
}

/// Takes a field that carries its length: one byte, or 255 and two bytes (RFC 7011 §7).
fn variable<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], DecodeError> {
    let len = match cursor.u8()? {
        255 => cursor.u16()?.into(),
        len => usize::from(len),
    };
    cursor.take(len)
}

/// Reads the next layout of a template set, or `None` where only padding is left.
pub(crate) fn next_template(
    cursor: &mut Cursor<'_>,
    dialect: Dialect,
) -> Result<Option<Definition>, DecodeError> {
    if cursor.rest().len() < 4 {
        return Ok(None);
    }
    let (id, count) = (cursor.u16()?, usize::from(cursor.u16()?));
    if id == 0 && count == 0 {
        return Ok(None);
    }
    if dialect == Dialect::Ipfix && count == 0 {
        return Ok(Some(Definition::Withdrawal(id)));
    }
    define(cursor, id, dialect, 0, count, false).map(Some)
}

/// Reads the next layout of an options template set, or `None` where only padding is left.
pub(crate) fn next_options_template(
    cursor: &mut Cursor<'_>,
    dialect: Dialect,
) -> Result<Option<Definition>, DecodeError> {
    // A withdrawal is two bytes shorter than a layout.
    if cursor.rest().len() < 4 {
        return Ok(None);
    }
    let (id, first) = (cursor.u16()?, usize::from(cursor.u16()?));
    if id == 0 && first == 0 {
        return Ok(None);
    }
    if dialect == Dialect::Ipfix && first == 0 {
        return Ok(Some(Definition::Withdrawal(id)));
    }
    let second = usize::from(cursor.u16()?);
    let (scope, count) = match dialect {
        Dialect::V9 => (first / 4, (first + second) / 4),
        Dialect::Ipfix => (second.min(first), first),
    };
    define(cursor, id, dialect, scope, count, true).map(Some)
}

/// Reads `count` fields, of which the first `scope` say what the record is about.
fn define(
    cursor: &mut Cursor<'_>,
    id: u16,
    dialect: Dialect,
    scope: usize,
    count: usize,
    is_options: bool,
) -> Result<Definition, DecodeError> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut least_len, mut has_sampler) = (0, false);
    for index in 0..count {
        let (number, len) = (cursor.u16()?, cursor.u16()?);
        let what = match dialect {
            Dialect::V9 if index < scope => field::v9_scope(number),
            Dialect::V9 => field::v9(number),
            Dialect::Ipfix if number & 0x8000 == 0 => field::ipfix(number, 0),
            Dialect::Ipfix => field::ipfix(number & 0x7fff, cursor.u32()?),
        };
        let is_variable = len == VARIABLE && dialect == Dialect::Ipfix;
        least_len += if is_variable { 1 } else { usize::from(len) };
        has_sampler |= what == Field::SamplerId;
        let what = if is_variable || what.fits(len) { what } else { Field::Skip };
        push(&mut steps, Step { field: what, len });
        if steps.len() > MAX_FIELDS {
            return Err(cursor.malformed("more fields than a template may have"));
        }
    }
    // RFC 7011 §3.4.1, RFC 3954 §5.2: ids up to 255 are those of sets.
    if least_len == 0 || id < 256 {
        return Ok(Definition::Unusable);
    }
    let has = |one, other| steps.iter().any(|step| step.field == one || step.field == other);
    let is_flow = has(Field::SrcV4, Field::SrcV6) && has(Field::DstV4, Field::DstV6);
    let is_read = if is_options { steps.iter().any(|step| step.field != Field::Skip) } else { is_flow };
    if !is_read {
        let mut skipped = Vec::new();
        for step in steps {
            push(&mut skipped, Step { field: Field::Skip, ..step });
        }
        steps = skipped;
    }
    Ok(Definition::Template(
        id,
        Template { steps: steps.into(), least_len, is_options, has_sampler, is_read },
    ))
}

/// Adds a field; several in a row that are stepped over are one step.
fn push(steps: &mut Vec<Step>, step: Step) {
    if step.len != 0 && !steps.last_mut().is_some_and(|before| before.absorb(step)) {
        steps.push(step);
    }
}
