//! Many rows in one statement: `INSERT … SELECT * FROM (VALUES (?, ?), (?, ?), …)`.
//!
//! A statement has room for a power of two of rows, so that a batch of any size finds one that was prepared before:
//! preparing one costs more than running it, and so does taking the rows out of JSON. Nothing is bound to the room
//! that is left over, which SQLite reads as rows of NULL; they are passed over.

use serde::Serialize;
use sqlx::{Arguments as _, AssertSqlSafe, SqliteConnection, error::BoxDynError, query_with, sqlite::SqliteArguments};

use super::json;
use crate::StoreError;

/// The most rows of one statement.
const MOST: usize = 1 << 10;

/// How many prepared statements a connection keeps: each of the writing ones in each of its sizes.
pub(super) const PREPARED: usize = 256;

/// A value of a column.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Integer(i64),
    Text(String),
    Null,
}

/// Writes rows: `head` names table and columns, `tail` says what happens to a row that is there already. The first
/// column is never NULL.
///
/// `head` begins with `INSERT OR FAIL`: the transaction is given up when a row is refused, so that SQLite need not
/// keep the pages as they were before the statement, as it would by default.
pub(super) async fn write<const COLUMNS: usize>(
    db: &mut SqliteConnection,
    head: &'static str,
    rows: Vec<[Value; COLUMNS]>,
    tail: &'static str,
) -> Result<(), StoreError> {
    debug_assert!(rows.iter().all(|row| !matches!(row[0], Value::Null)), "a row without its key would be passed over");
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let room = rows.len().min(MOST).next_power_of_two();
        let mut arguments = SqliteArguments::default();
        arguments.reserve(room * COLUMNS, 0);
        for value in rows.by_ref().take(room).flatten() {
            value.added_to(&mut arguments).map_err(sqlx::Error::Encode)?;
        }
        let row = format!("({}),", ["?"; COLUMNS].join(","));
        let places = row.repeat(room);
        let places = places.trim_end_matches(',');
        let statement = format!("{head} SELECT * FROM (VALUES {places}) WHERE column1 IS NOT NULL {tail}");
        query_with(AssertSqlSafe(statement), arguments).execute(&mut *db).await?;
    }
    Ok(())
}

impl Value {
    fn added_to(self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Integer(value) => arguments.add(value),
            Self::Text(value) => arguments.add(value),
            Self::Null => arguments.add(None::<i64>),
        }
    }
}

/// A row's body.
pub(super) fn body(body: &impl Serialize) -> Result<Value, StoreError> {
    Ok(Value::Text(json(body)?))
}

/// A variant without fields, by its name.
pub(super) fn name(variant: impl Serialize) -> Result<String, StoreError> {
    Ok(json(&variant)?.trim_matches('"').to_owned())
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
