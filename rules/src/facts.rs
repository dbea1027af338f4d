//! What is known of one subject.

use std::collections::BTreeMap;

use crate::Field;

/// The known values of one subject, by field.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    values: BTreeMap<Field, Vec<String>>,
    fields: u64,
}

impl Facts {
    /// Adds a value. One already there is not added again.
    pub fn add(&mut self, field: Field, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        let values = self.values.entry(field).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
        self.fields |= field.bit();
        self
    }

    /// Puts one value in place of all that were known.
    pub fn set(&mut self, field: Field, value: impl Into<String>) -> &mut Self {
        self.values.insert(field, vec![value.into()]);
        self.fields |= field.bit();
        self
    }

    /// Gives the known values, in the order added.
    #[must_use]
    pub fn get(&self, field: Field) -> &[String] {
        self.values.get(&field).map_or(&[], Vec::as_slice)
    }

    /// Walks through every field with its values.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &[String])> {
        self.values.iter().map(|(field, values)| (*field, values.as_slice()))
    }

    /// The set of fields with a value.
    pub(crate) const fn fields(&self) -> u64 {
        self.fields
    }
}
