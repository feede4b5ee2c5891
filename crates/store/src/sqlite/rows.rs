//! Many rows in one statement: `INSERT … SELECT * FROM (VALUES (?, ?), (?, ?), …)`.
//!
//! A statement has room for a power of two of rows, so that a batch of any size finds one that was prepared before:
//! preparing one costs more than running it, and so does taking the rows out of JSON. Nothing is bound to the room
//! that is left over, which SQLite reads as rows of NULL; they are passed over.

use serde::Serialize;
use sqlx::{AssertSqlSafe, SqliteConnection, query};

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
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let room = rows.len().min(MOST).next_power_of_two();
        let row = format!("({})", ["?"; COLUMNS].join(","));
        let places = vec![row; room].join(",");
        let statement = format!("{head} SELECT * FROM (VALUES {places}) WHERE column1 IS NOT NULL {tail}");
        let values = rows.by_ref().take(room).flatten();
        let batch = values.fold(query(AssertSqlSafe(statement)), |batch, value| match value {
            Value::Integer(value) => batch.bind(value),
            Value::Text(value) => batch.bind(value),
            Value::Null => batch.bind(None::<i64>),
        });
        batch.execute(&mut *db).await?;
    }
    Ok(())
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
