//! What a batch has to know before it is decided, read inside the committing transaction.

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{
    BookId, Currency, Line, LineId, Msisdn, TopUpRef,
    admit::Caps,
    recovery::{Event, TopUpState},
};
use serde::de::DeserializeOwned;
use sqlx::{Sqlite, SqliteConnection, query::QueryScalar, query_as, query_scalar, sqlite::SqliteArguments};

use super::{json, parsed};
use crate::{
    Batch, Change, StoreError,
    exposure::{Cell, Counted, Folded, HOUR_MS, LIFETIME, Owner},
};

/// A cell as its columns keep it: scope, owner, currency, day.
type Place = (String, String, String, i64);

/// What the database knows of the lines, numbers, books and orders of a batch.
pub(super) struct Exposed {
    versions: BTreeMap<LineId, u64>,
    before: BTreeMap<TopUpRef, (i64, i64)>,
    states: BTreeMap<TopUpRef, TopUpState>,
    orders: BTreeMap<LineId, Vec<Folded>>,
    unresolved: BTreeSet<i64>,
    cells: BTreeMap<Place, i64>,
    /// The caps of the books as they are now (C4).
    caps: BTreeMap<BookId, Caps>,
    /// The books behind a fence (S3).
    fenced: BTreeSet<BookId>,
}

impl Exposed {
    pub(super) async fn read(db: &mut SqliteConnection, batch: &Batch, day: i64) -> Result<Self, StoreError> {
        let mut read = Self {
            versions: versions(db, batch).await?,
            before: before(db, batch).await?,
            states: states(db, batch).await?,
            orders: BTreeMap::new(),
            unresolved: BTreeSet::new(),
            cells: BTreeMap::new(),
            caps: BTreeMap::new(),
            fenced: BTreeSet::new(),
        };
        let sends: Vec<&Change> = batch.changes.iter().filter(|change| change.step.send.is_some()).collect();
        if !sends.is_empty() {
            read.orders = orders(db, &sends, batch.now.wall_ms - HOUR_MS).await?;
            read.unresolved = unresolved(db, &sends).await?;
            read.cells = cells(db, day).await?;
            (read.caps, read.fenced) = books(db, &sends).await?;
        }
        Ok(read)
    }
}

impl Counted for Exposed {
    fn version(&self, line: LineId) -> Option<u64> {
        self.versions.get(&line).copied()
    }

    /// The orders of the last hour were counted when they were read.
    fn orders(&self, line: LineId, _: i64) -> impl Iterator<Item = Folded> {
        self.orders.get(&line).into_iter().flatten().copied()
    }

    fn is_unresolved(&self, number: Msisdn) -> bool {
        self.unresolved.contains(&number.number())
    }

    fn exposed_minor(&self, cell: Cell<'_>) -> i64 {
        let (scope, owner) = columns(cell.owner);
        let place = (scope.to_owned(), owner, cell.currency.code().to_owned(), cell.day);
        self.cells.get(&place).copied().unwrap_or(0)
    }

    fn caps(&self, book: BookId) -> Option<&Caps> {
        self.caps.get(&book)
    }

    fn is_fenced(&self, book: BookId) -> bool {
        self.fenced.contains(&book)
    }

    fn before(&self, reference: &TopUpRef) -> Option<(i64, i64)> {
        self.before.get(reference).copied()
    }

    fn state(&self, reference: &TopUpRef) -> Option<TopUpState> {
        self.states.get(reference).copied()
    }
}

/// Whose exposure it is, as two columns keep it.
pub(super) fn columns(owner: Owner<'_>) -> (&'static str, String) {
    match owner {
        Owner::Book(book) => ("book", book.0.to_string()),
        Owner::Provider(provider) => ("provider", provider.to_owned()),
        Owner::Everything => ("everything", String::new()),
    }
}

/// Nearly every line stands where the batch says that it stood: only of the others the version is read.
async fn versions(db: &mut SqliteConnection, batch: &Batch) -> Result<BTreeMap<LineId, u64>, StoreError> {
    let mut versions: BTreeMap<LineId, u64> = BTreeMap::new();
    for Line { id, version, .. } in batch.changes.iter().map(|change| &change.step.line) {
        versions.entry(*id).or_insert(version.saturating_sub(1));
    }
    let select = "SELECT json_group_array(json_array(line, stored)) FROM
        (SELECT CAST(key AS INTEGER) AS line, value AS expected,
            coalesce(o.version, (SELECT version FROM lines WHERE id = CAST(key AS INTEGER))) AS stored
         FROM json_each(?1) LEFT JOIN open_lines o ON o.line = CAST(key AS INTEGER))
        WHERE stored IS NOT expected";
    let others: Vec<(LineId, Option<u64>)> = gathered(query_scalar(select).bind(json(&versions)?), db).await?;
    for (line, stored) in others {
        match stored {
            Some(stored) => versions.insert(line, stored),
            None => versions.remove(&line),
        };
    }
    Ok(versions)
}

/// What each top-up that changes exposes, and the day that it counts on.
async fn before(db: &mut SqliteConnection, batch: &Batch) -> Result<BTreeMap<TopUpRef, (i64, i64)>, StoreError> {
    let changed = batch.changes.iter().filter(|change| change.step.send.is_none());
    let references = changed.filter_map(|change| Some(&change.step.topup.as_ref()?.order.reference)).collect();
    let select = "SELECT json_group_array(json_array(reference, exposed_minor, day))
        FROM json_each(?1) wanted JOIN topups ON reference = wanted.value";
    let rows: Vec<(TopUpRef, i64, i64)> = of_topups(db, select, references).await?;
    Ok(rows.into_iter().map(|(reference, exposed_minor, day)| (reference, (exposed_minor, day))).collect())
}

/// What is known of the top-ups about which an answer came late.
async fn states(db: &mut SqliteConnection, batch: &Batch) -> Result<BTreeMap<TopUpRef, TopUpState>, StoreError> {
    let late = batch.changes.iter().filter_map(|change| match &change.event {
        Event::Late { topup, .. } => Some(&topup.order.reference),
        _ => None,
    });
    let select = "SELECT json_group_array(json_array(reference, body -> '$.state'))
        FROM json_each(?1) wanted JOIN topups ON reference = wanted.value";
    let rows: Vec<(TopUpRef, TopUpState)> = of_topups(db, select, late.collect()).await?;
    Ok(rows.into_iter().collect())
}

async fn of_topups<T: DeserializeOwned>(
    db: &mut SqliteConnection,
    select: &'static str,
    references: Vec<&TopUpRef>,
) -> Result<Vec<T>, StoreError> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    gathered(query_scalar(select).bind(json(&references)?), db).await
}

async fn orders(
    db: &mut SqliteConnection,
    sends: &[&Change],
    hour_ago_ms: i64,
) -> Result<BTreeMap<LineId, Vec<Folded>>, StoreError> {
    let lines: Vec<LineId> = sends.iter().map(|change| change.step.line.id).collect();
    let select = "SELECT json_group_array(json_array(line, recovery, day, currency, exposed, last_hour)) FROM
        (SELECT line, recovery, day, currency, sum(exposed_minor) AS exposed, sum(at_ms > ?2 AND sent) AS last_hour
         FROM topups WHERE line IN (SELECT value FROM json_each(?1)) GROUP BY line, recovery, day, currency)";
    let select = query_scalar(select).bind(json(&lines)?).bind(hour_ago_ms);
    let rows: Vec<(LineId, u32, i64, Currency, i64, u32)> = gathered(select, db).await?;
    let mut orders: BTreeMap<LineId, Vec<Folded>> = BTreeMap::new();
    for (line, recovery, day, currency, exposed_minor, last_hour) in rows {
        orders.entry(line).or_default().push(Folded { recovery, day, currency, exposed_minor, last_hour });
    }
    Ok(orders)
}

async fn unresolved(db: &mut SqliteConnection, sends: &[&Change]) -> Result<BTreeSet<i64>, StoreError> {
    let numbers: Vec<i64> = sends.iter().map(|change| change.step.line.msisdn.number()).collect();
    let select = "SELECT json_group_array(number.value) FROM json_each(?1) number
        WHERE EXISTS (SELECT 1 FROM topups WHERE held = 1 AND msisdn = number.value)
        OR EXISTS (SELECT 1 FROM topups WHERE suspense = 1 AND msisdn = number.value)";
    gathered(query_scalar(select).bind(json(&numbers)?), db).await
}

/// The caps of the books as they are now, and which of them are behind a fence.
async fn books(
    db: &mut SqliteConnection,
    sends: &[&Change],
) -> Result<(BTreeMap<BookId, Caps>, BTreeSet<BookId>), StoreError> {
    let books: BTreeSet<BookId> = sends.iter().map(|change| change.step.line.book).collect();
    let select = "SELECT json_group_array(json_array(id, policy -> '$.caps', fenced_ms)) FROM books
        WHERE id IN (SELECT value FROM json_each(?1))";
    let rows: Vec<(BookId, Caps, Option<i64>)> = gathered(query_scalar(select).bind(json(&books)?), db).await?;
    let fenced = rows.iter().filter(|(_, _, fenced_ms)| fenced_ms.is_some()).map(|(book, ..)| *book).collect();
    Ok((rows.into_iter().map(|(book, caps, _)| (book, caps)).collect(), fenced))
}

/// Many rows as one: the database's thread hands each row over by itself, which costs more than finding it.
async fn gathered<T: DeserializeOwned>(
    select: QueryScalar<'_, Sqlite, String, SqliteArguments>,
    db: &mut SqliteConnection,
) -> Result<T, StoreError> {
    parsed(&select.fetch_one(db).await?)
}

async fn cells(db: &mut SqliteConnection, day: i64) -> Result<BTreeMap<Place, i64>, StoreError> {
    let select = "SELECT scope, owner, currency, day, minor FROM exposure WHERE day IN (?1, ?2)";
    let rows: Vec<(String, String, String, i64, i64)> = query_as(select).bind(LIFETIME).bind(day).fetch_all(db).await?;
    Ok(rows.into_iter().map(|(scope, owner, currency, day, minor)| ((scope, owner, currency, day), minor)).collect())
}
