//! Lines, their names, their history.

use ringback_core::{BookId, Line, LineId, Msisdn, recovery::Record};
use sqlx::{QueryBuilder, Sqlite as Db, SqlitePool, query_as};

use super::{json, parsed};
use crate::{Entry, Filter, StoreError};

pub(super) async fn filtered(
    db: &SqlitePool,
    filter: &Filter,
    after: LineId,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let mut select = QueryBuilder::<Db>::new(SELECT);
    select.push(" WHERE l.id > ");
    select.push_bind(after.0);
    if let Some(books) = &filter.books {
        select.push(" AND book IN (SELECT value FROM json_each(").push_bind(json(&books)?).push("))");
    }
    if let Some(numbers) = &filter.numbers {
        let numbers: Vec<i64> = numbers.iter().map(|msisdn| Msisdn::number(*msisdn)).collect();
        select.push(" AND msisdn IN (SELECT value FROM json_each(").push_bind(json(&numbers)?).push("))");
    }
    if let Some(group) = filter.group {
        select.push(" AND grp = ").push_bind(super::rows::name(group)?);
    }
    for (wanted, column) in [(filter.enrolled, "enrolled"), (filter.open, "open"), (filter.waiting, "waiting")] {
        if wanted {
            select.push(format!(" AND {column} = 1"));
        }
    }
    select.push(" ORDER BY l.id LIMIT ").push_bind(limit);
    whole(select.build_query_as().fetch_all(db).await?)
}

/// A line with an open recovery is kept apart, and once more apart what the recovery pinned.
const SELECT: &str = "SELECT l.id, l.book, l.msisdn, coalesce(o.body, l.body), p.body
    FROM lines l LEFT JOIN open_lines o ON o.line = l.id LEFT JOIN pinned p ON p.line = l.id";

type Row = (i64, i64, i64, Option<String>, Option<String>);

fn whole(rows: Vec<Row>) -> Result<Vec<Line>, StoreError> {
    rows.into_iter().map(line).collect()
}

fn line((id, book, msisdn, body, pinned): Row) -> Result<Line, StoreError> {
    let Some(body) = body else {
        let msisdn = format!("+{msisdn}").parse().map_err(|_| damaged(id, "has a number that is none"))?;
        return Ok(Line::imported(LineId(id), BookId(book), msisdn));
    };
    let line: Line = parsed(&body)?;
    match (line.pinned(), pinned) {
        (None, _) => Ok(line),
        (Some(_), Some(pinned)) => Ok(line.with_pinned(parsed(&pinned)?)),
        (Some(_), None) => Err(damaged(id, "lost what its recovery pinned")),
    }
}

fn damaged(line: i64, what: &str) -> StoreError {
    StoreError::Damaged(format!("line {line} {what}"))
}

pub(super) async fn by_id(db: &SqlitePool, ids: &[LineId]) -> Result<Vec<Line>, StoreError> {
    let mut select = QueryBuilder::<Db>::new(SELECT);
    select.push(" WHERE l.id IN (SELECT value FROM json_each(").push_bind(json(&ids)?).push(")) ORDER BY l.id");
    whole(select.build_query_as().fetch_all(db).await?)
}

pub(super) async fn names(db: &SqlitePool, ids: &[LineId]) -> Result<Vec<(LineId, String)>, StoreError> {
    let select = "SELECT cl.line, c.name FROM contact_lines cl JOIN contacts c ON c.id = cl.contact
        WHERE cl.line IN (SELECT value FROM json_each(?1)) AND c.name <> '' ORDER BY cl.line, c.id";
    let rows: Vec<(i64, String)> = query_as(select).bind(json(&ids)?).fetch_all(db).await?;
    Ok(rows.into_iter().map(|(line, name)| (LineId(line), name)).collect())
}

pub(super) async fn journal(db: &SqlitePool, line: LineId) -> Result<Vec<Entry>, StoreError> {
    let select = "SELECT id, at_ms, event FROM journal WHERE line = ?1 ORDER BY id";
    let rows: Vec<(i64, i64, String)> = query_as(select).bind(line.0).fetch_all(db).await?;
    rows.into_iter().map(|(id, at_ms, event)| Ok(Entry { id, at_ms, event: parsed(&event)? })).collect()
}

pub(super) async fn recoveries(db: &SqlitePool, line: Option<LineId>) -> Result<Vec<(LineId, Record)>, StoreError> {
    let select = "SELECT line, body FROM recoveries WHERE ?1 IS NULL OR line = ?1 ORDER BY line, number";
    let rows: Vec<(i64, String)> = query_as(select).bind(line.map(|line| line.0)).fetch_all(db).await?;
    rows.into_iter().map(|(line, body)| Ok((LineId(line), parsed(&body)?))).collect()
}
