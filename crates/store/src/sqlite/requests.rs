//! The switches, and what people ask of the engine.

use ringback_core::admit::Switches;
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};

use super::{json, parsed};
use crate::{Request, StoreError};

pub(super) async fn switches(db: &SqlitePool) -> Result<Switches, StoreError> {
    let body: String = query_scalar("SELECT switches FROM installation").fetch_one(db).await?;
    parsed(&body)
}

pub(super) async fn set_switches(db: &mut SqliteConnection, switches: Switches) -> Result<(), StoreError> {
    query("UPDATE installation SET switches = ?1").bind(json(&switches)?).execute(db).await?;
    Ok(())
}

pub(super) async fn post(db: &mut SqliteConnection, requests: &[Request]) -> Result<(), StoreError> {
    let insert = "INSERT INTO requests (body) SELECT value FROM json_each(?1) ORDER BY key";
    query(insert).bind(json(&requests)?).execute(db).await?;
    Ok(())
}

pub(super) async fn waiting(db: &SqlitePool, limit: u32) -> Result<Vec<(i64, Request)>, StoreError> {
    let select = "SELECT id, body FROM requests ORDER BY id LIMIT ?1";
    let rows: Vec<(i64, String)> = query_as(select).bind(limit).fetch_all(db).await?;
    rows.into_iter().map(|(id, body)| Ok((id, parsed(&body)?))).collect()
}

pub(super) async fn done(db: &mut SqliteConnection, requests: &[i64]) -> Result<(), StoreError> {
    query("DELETE FROM requests WHERE id IN (SELECT value FROM json_each(?1))")
        .bind(json(&requests)?)
        .execute(db)
        .await?;
    Ok(())
}
