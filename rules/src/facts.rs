//! What is known of one subject.

use std::borrow::Cow;

use crate::Field;

/// The known values of one subject, by field.
///
/// A subject has some twenty values, and a site tens of thousands of subjects: they stand in one list,
/// borrowed where they can be.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Facts<'f> {
    /// In the order of fields; within a field, in the order added.
    values: Vec<(Field, Cow<'f, str>)>,
    fields: u128,
}

impl<'f> Facts<'f> {
    /// Adds a value. One already there is not added again.
    pub fn add(&mut self, field: Field, value: impl Into<Cow<'f, str>>) -> &mut Self {
        let value = value.into();
        let (start, end) = self.place(field);
        if !self.values.get(start..end).unwrap_or_default().iter().any(|(_, other)| *other == value) {
            self.values.insert(end, (field, value));
            self.fields |= field.bit();
        }
        self
    }

    /// Puts one value in place of all that were known.
    pub fn set(&mut self, field: Field, value: impl Into<Cow<'f, str>>) -> &mut Self {
        let (start, end) = self.place(field);
        self.values.splice(start..end, [(field, value.into())]);
        self.fields |= field.bit();
        self
    }

    /// Gives the known values, in the order added.
    #[must_use]
    pub fn get(&self, field: Field) -> impl ExactSizeIterator<Item = &str> {
        let (start, end) = if self.has(field) { self.place(field) } else { (0, 0) };
        self.values.get(start..end).unwrap_or_default().iter().map(|(_, value)| value.as_ref())
    }

    /// Makes every value its own.
    #[must_use]
    pub fn into_owned(self) -> Facts<'static> {
        let own = |(field, value): (Field, Cow<'f, str>)| (field, Cow::Owned(value.into_owned()));
        Facts { values: self.values.into_iter().map(own).collect(), fields: self.fields }
    }

    /// Tells whether a value of a field is known.
    #[must_use]
    pub const fn has(&self, field: Field) -> bool {
        self.fields & field.bit() != 0
    }

    /// Walks through every value with its field.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        self.values.iter().map(|(field, value)| (*field, value.as_ref()))
    }

    /// The set of fields with a value.
    pub(crate) const fn fields(&self) -> u128 {
        self.fields
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.values.len()
    }

    /// Where a field's values stand.
    fn place(&self, field: Field) -> (usize, usize) {
        let start = self.values.partition_point(|(other, _)| *other < field);
        let own =
            self.values.get(start..).unwrap_or_default().iter().take_while(|(other, _)| *other == field);
        (start, start + own.count())
    }
}
