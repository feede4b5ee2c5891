//! Many rows in few statements: `INSERT … VALUES (?, ?), (?, ?), …`.
//!
//! The number of rows of each statement is a power of two, so that a batch of any size is made of statements that
//! were prepared before: preparing one costs more than running it, and so does taking the rows out of JSON.

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

/// Writes rows: `head` names table and columns, `tail` says what happens to a row that is there already.
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
        let count = size(rows.len());
        let row = format!("({})", ["?"; COLUMNS].join(","));
        let statement = format!("{head} VALUES {} {tail}", vec![row; count].join(","));
        let values = rows.by_ref().take(count).flatten();
        let batch = values.fold(query(AssertSqlSafe(statement)), |batch, value| match value {
            Value::Integer(value) => batch.bind(value),
            Value::Text(value) => batch.bind(value),
            Value::Null => batch.bind(None::<i64>),
        });
        batch.execute(&mut *db).await?;
    }
    Ok(())
}

/// The greatest power of two that is not above so many rows, and no statement's most.
fn size(rows: usize) -> usize {
    1 << rows.min(MOST).ilog2()
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
