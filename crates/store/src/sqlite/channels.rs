//! What channels may be asked in a day, and what they have shown that they can tell.

use ringback_core::recovery::Event;
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};

use super::{begin, parsed};
use crate::{JOURNAL_SEARCHED, StoreError};

pub(super) async fn take_queries(
    db: &mut SqliteConnection,
    channel: &str,
    day: i64,
    count: u32,
    per_day: u32,
) -> Result<u32, StoreError> {
    let mut tx = begin(db).await?;
    let asked = "SELECT asked FROM query_budgets WHERE channel = ?1 AND day >= ?2";
    let asked: Option<u32> = query_scalar(asked).bind(channel).bind(day).fetch_optional(&mut *tx).await?;
    let taken = count.min(per_day.saturating_sub(asked.unwrap_or(0)));
    let upsert = "INSERT INTO query_budgets (channel, day, asked) VALUES (?1, ?2, ?3)
        ON CONFLICT (channel) DO UPDATE SET day = max(day, excluded.day), asked = excluded.asked";
    query(upsert).bind(channel).bind(day).bind(asked.unwrap_or(0) + taken).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(taken)
}

pub(super) async fn restricted_seen(db: &SqlitePool, channel: &str) -> Result<Option<i64>, StoreError> {
    let select = "SELECT at_ms, event FROM
        (SELECT at_ms, event FROM journal ORDER BY id DESC LIMIT ?1) WHERE event LIKE '%\"restricted\"%'";
    let rows: Vec<(i64, String)> = query_as(select).bind(JOURNAL_SEARCHED).fetch_all(db).await?;
    for (at_ms, event) in rows {
        if parsed::<Event>(&event)?.tells_restricted(channel) {
            return Ok(Some(at_ms));
        }
    }
    Ok(None)
}
