//! A column of a sheet: its heading in both languages, its bounds, and where its cells come from.

use crate::text::Lang;

use super::cell::Cell;
use super::style::Kind;

/// A word in both languages.
pub(super) struct Word {
    /// In Japanese.
    pub(super) ja: &'static str,
    /// In English.
    pub(super) en: &'static str,
}

impl Word {
    /// Gives the word of a language.
    pub(super) const fn of(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.ja,
            Lang::En => self.en,
        }
    }
}

/// Makes a word of both languages.
pub(super) const fn word(ja: &'static str, en: &'static str) -> Word {
    Word { ja, en }
}

/// Who fills a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FilledBy {
    /// The capture alone.
    Agent,
    /// The capture where it can tell, else a person.
    Either,
    /// A person; what stands there is a proposal.
    Person,
}

/// A column of rows of `T`.
pub(super) struct Column<T> {
    /// The heading; neighbours of one heading share it.
    pub(super) heading: Word,
    /// The column's own name under a shared heading.
    pub(super) part: Option<Word>,
    /// The widest it may become, in narrow letters.
    pub(super) widest: u16,
    /// Who fills it.
    pub(super) filled_by: FilledBy,
    /// What its cells hold.
    pub(super) kind: Kind,
    /// The words to choose from.
    pub(super) choices: &'static [Word],
    /// Gives the cell of a row.
    pub(super) value: fn(&T) -> Cell,
}

impl<T> Column<T> {
    /// Makes a column that the capture fills.
    pub(super) const fn agent(heading: Word, widest: u16, value: fn(&T) -> Cell) -> Self {
        Self {
            heading,
            part: None,
            widest,
            filled_by: FilledBy::Agent,
            kind: Kind::Text,
            choices: &[],
            value,
        }
    }

    /// Makes a column that the capture fills where it can tell.
    pub(super) const fn either(heading: Word, widest: u16, value: fn(&T) -> Cell) -> Self {
        Self { filled_by: FilledBy::Either, ..Self::agent(heading, widest, value) }
    }

    /// Makes a column for people, with a proposal.
    pub(super) const fn proposed(heading: Word, widest: u16, value: fn(&T) -> Cell) -> Self {
        Self { filled_by: FilledBy::Person, ..Self::agent(heading, widest, value) }
    }

    /// Makes a column for people that begins empty.
    pub(super) const fn person(heading: Word, widest: u16) -> Self {
        Self::proposed(heading, widest, nothing)
    }

    /// Names the column under a heading that it shares with its neighbours.
    pub(super) const fn part(self, part: Word) -> Self {
        Self { part: Some(part), ..self }
    }

    /// Says what its cells hold.
    pub(super) const fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Offers words to choose from.
    pub(super) const fn choices(self, choices: &'static [Word]) -> Self {
        Self { choices, ..self }
    }

    /// Tells whether a cell is a person's to fill or to confirm.
    pub(super) fn is_for_people(&self, cell: &Cell) -> bool {
        match self.filled_by {
            FilledBy::Agent => false,
            FilledBy::Either => *cell == Cell::Empty,
            FilledBy::Person => true,
        }
    }
}

const fn nothing<T>(_row: &T) -> Cell {
    Cell::Empty
}
