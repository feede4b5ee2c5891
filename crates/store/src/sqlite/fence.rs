//! The fence (S3), kept for each book: each is reconciled with its own providers.

use ringback_core::BookId;
use sqlx::{SqliteConnection, SqlitePool, query, query_scalar};

use super::{begin, json};
use crate::StoreError;

/// The scalar `min` of SQLite knows no NULL, so that each place says what nothing means.
pub(super) async fn raise(db: &mut SqliteConnection, since_ms: i64) -> Result<(), StoreError> {
    let mut tx = begin(db).await?;
    for update in [
        "UPDATE books SET fenced_ms = min(coalesce(fenced_ms, ?1), ?1)",
        "UPDATE installation SET fenced_ms = min(coalesce(fenced_ms, ?1), ?1)",
    ] {
        query(update).bind(since_ms).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

pub(super) async fn since(db: &SqlitePool, books: &[BookId]) -> Result<Option<i64>, StoreError> {
    let select = "SELECT min(fenced_ms) FROM books WHERE id IN (SELECT value FROM json_each(?1))";
    Ok(query_scalar(select).bind(json(&books)?).fetch_one(db).await?)
}

pub(super) async fn open(db: &mut SqliteConnection, books: &[BookId]) -> Result<(), StoreError> {
    let update = "UPDATE books SET fenced_ms = NULL WHERE id IN (SELECT value FROM json_each(?1))";
    query(update).bind(json(&books)?).execute(db).await?;
    Ok(())
}
