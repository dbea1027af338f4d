//! What goes into a statement and what comes out of a row: integers, texts, and nothing.
//!
//! The tables hold BIGINT and TEXT only; a boolean is 0 or 1. Values are borrowed where they can be.

use std::borrow::Cow;

use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::error::Fault;

/// A value for a statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Value<'v> {
    Null,
    Integer(i64),
    Text(Cow<'v, str>),
}

impl Value<'_> {
    /// About how many octets it has.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 8,
            Self::Text(text) => text.len(),
        }
    }

    /// Gives the value with a text of its own.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(integer) => Value::Integer(integer),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<&i64> for Value<'_> {
    fn from(integer: &i64) -> Self {
        Self::Integer(*integer)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'v> From<&'v Option<String>> for Value<'v> {
    fn from(text: &'v Option<String>) -> Self {
        text.as_ref().into()
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// As the server takes the parameter to be: an integer of any width, or a text.
impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            // The place of a row in an order has four octets. A larger one, which only a forged mark of a
            // page can have, is beyond all rows either way.
            Self::Integer(integer) if *kind == Type::INT4 => {
                let clamped = (*integer).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                (clamped as i32).to_sql(kind, out)
            }
            Self::Integer(integer) => integer.to_sql_checked(kind, out),
            // The server refuses NUL in a text. What is stored has none; what is searched for may.
            Self::Text(text) if text.contains('\0') => {
                text.replace('\0', "\u{fffd}").to_sql_checked(kind, out)
            }
            Self::Text(text) => text.as_ref().to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What PostgreSQL takes for one `$n`.
#[derive(Debug)]
pub(super) enum Parameter {
    /// A value.
    One(Value<'static>),
    /// A list: a value for each of many rows.
    All(Vec<Value<'static>>),
}

impl Parameter {
    /// About how many octets it has.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::One(value) => value.bytes(),
            Self::All(values) => values.iter().map(Value::bytes).fold(0, usize::saturating_add),
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::One(value) => value.to_sql(kind, out),
            Self::All(values) => values.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Values for a statement, in their order.
pub(crate) trait Params<'v> {
    /// How they are held.
    type List: AsRef<[Value<'v>]>;

    /// Gives them as one list.
    fn list(self) -> Self::List;
}

impl<'v> Params<'v> for Vec<Value<'v>> {
    type List = Self;

    fn list(self) -> Self {
        self
    }
}

impl<'v, const N: usize> Params<'v> for [Value<'v>; N] {
    type List = Self;

    fn list(self) -> Self {
        self
    }
}

impl<'v> Params<'v> for () {
    type List = [Value<'v>; 0];

    fn list(self) -> Self::List {
        []
    }
}

/// A tuple of whatever can be a value.
macro_rules! tuples {
    ($($count:literal: $($name:ident)+,)+) => { $(
        impl<'v, $($name: Into<Value<'v>>),+> Params<'v> for ($($name,)+) {
            type List = [Value<'v>; $count];

            fn list(self) -> Self::List {
                #[allow(non_snake_case, reason = "a letter is the type and its value")]
                let ($($name,)+) = self;
                [$($name.into()),+]
            }
        }
    )+ };
}

tuples! {
    1: A,
    2: A B,
    3: A B C,
    4: A B C D,
    5: A B C D E,
    6: A B C D E F,
    7: A B C D E F G,
    8: A B C D E F G H,
    9: A B C D E F G H I,
    10: A B C D E F G H I J,
    11: A B C D E F G H I J K,
    12: A B C D E F G H I J K L,
    13: A B C D E F G H I J K L M,
    14: A B C D E F G H I J K L M N,
    15: A B C D E F G H I J K L M N O,
    16: A B C D E F G H I J K L M N O P,
}

/// A row that a statement gave.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// Gives the value in a column, counted from 0.
    pub(crate) fn get<T: Column>(&self, at: usize) -> Result<T, Fault> {
        match self {
            Self::Sqlite(row) => T::of_sqlite(row, at),
            Self::Postgres(row) => T::of_postgres(row, at),
        }
    }
}

/// What can be read from a column.
pub(crate) trait Column: Sized {
    fn of_sqlite(row: &rusqlite::Row<'_>, at: usize) -> Result<Self, Fault>;

    fn of_postgres(row: &tokio_postgres::Row, at: usize) -> Result<Self, Fault>;
}

impl Column for Option<i64> {
    fn of_sqlite(row: &rusqlite::Row<'_>, at: usize) -> Result<Self, Fault> {
        Ok(row.get(at)?)
    }

    fn of_postgres(row: &tokio_postgres::Row, at: usize) -> Result<Self, Fault> {
        Ok(row.try_get::<_, Option<Integer>>(at)?.map(|integer| integer.0))
    }
}

impl Column for Option<String> {
    fn of_sqlite(row: &rusqlite::Row<'_>, at: usize) -> Result<Self, Fault> {
        Ok(row.get(at)?)
    }

    fn of_postgres(row: &tokio_postgres::Row, at: usize) -> Result<Self, Fault> {
        Ok(row.try_get(at)?)
    }
}

impl Column for i64 {
    fn of_sqlite(row: &rusqlite::Row<'_>, at: usize) -> Result<Self, Fault> {
        Ok(row.get(at)?)
    }

    fn of_postgres(row: &tokio_postgres::Row, at: usize) -> Result<Self, Fault> {
        Ok(row.try_get::<_, Integer>(at)?.0)
    }
}

impl Column for String {
    fn of_sqlite(row: &rusqlite::Row<'_>, at: usize) -> Result<Self, Fault> {
        Ok(row.get(at)?)
    }

    fn of_postgres(row: &tokio_postgres::Row, at: usize) -> Result<Self, Fault> {
        Ok(row.try_get(at)?)
    }
}

impl Column for bool {
    fn of_sqlite(row: &rusqlite::Row<'_>, at: usize) -> Result<Self, Fault> {
        i64::of_sqlite(row, at).map(|integer| integer != 0)
    }

    fn of_postgres(row: &tokio_postgres::Row, at: usize) -> Result<Self, Fault> {
        i64::of_postgres(row, at).map(|integer| integer != 0)
    }
}

/// An integer of any width: the server gives a column eight octets and an expression four.
struct Integer(i64);

impl<'r> FromSql<'r> for Integer {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        if *kind == Type::INT4 {
            return i32::from_sql(kind, raw).map(|integer| Self(integer.into()));
        }
        i64::from_sql(kind, raw).map(Self)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT4 | Type::INT8)
    }
}
