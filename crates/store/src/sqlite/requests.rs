//! The switches, and what people ask of the engine.

use ringback_core::{
    BookId, Now,
    admit::{Switch, Switches},
};
use sqlx::{SqliteConnection, SqlitePool, query, query_as};

use super::{json, parsed};
use crate::{Request, StoreError};

pub(super) async fn switches(db: &SqlitePool) -> Result<Switches, StoreError> {
    let select = "SELECT paused, frozen, clock_fault FROM installation";
    let (paused, frozen, clock_fault) = query_as(select).fetch_one(db).await?;
    Ok(Switches { paused, frozen, clock_fault })
}

/// One column alone, so that two processes that set different switches undo nothing of each other.
pub(super) async fn set_switch(db: &mut SqliteConnection, switch: Switch, on: bool) -> Result<(), StoreError> {
    let update = match switch {
        Switch::Paused => "UPDATE installation SET paused = ?1",
        Switch::Frozen => "UPDATE installation SET frozen = ?1",
        Switch::ClockFault => "UPDATE installation SET clock_fault = ?1",
    };
    query(update).bind(on).execute(db).await?;
    Ok(())
}

pub(super) async fn trust_clock(db: &mut SqliteConnection, now: Now) -> Result<(), StoreError> {
    query("UPDATE installation SET clock_fault = 0, day = ?1").bind(now.day()).execute(db).await?;
    Ok(())
}

pub(super) async fn post(db: &mut SqliteConnection, requests: &[Request]) -> Result<(), StoreError> {
    let insert = "INSERT INTO requests (body) SELECT value FROM json_each(?1) ORDER BY key";
    query(insert).bind(json(&requests)?).execute(db).await?;
    Ok(())
}

pub(super) async fn waiting(
    db: &SqlitePool,
    books: &[BookId],
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Request)>, StoreError> {
    let select = "SELECT r.id, r.body FROM requests r JOIN lines l ON l.id = r.body ->> '$.line'
        WHERE r.id > ?1 AND l.book IN (SELECT value FROM json_each(?2)) ORDER BY r.id LIMIT ?3";
    let rows: Vec<(i64, String)> = query_as(select).bind(after).bind(json(&books)?).bind(limit).fetch_all(db).await?;
    rows.into_iter().map(|(id, body)| Ok((id, parsed(&body)?))).collect()
}
