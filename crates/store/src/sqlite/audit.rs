//! The audit chain (S5): one row for each batch that appended anything, whose hash covers the hash before it and
//! everything that was appended. Whoever keeps a head can prove later that nothing before it was changed.

use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, SqliteConnection, SqlitePool, TypeInfo as _, ValueRef as _, query, query_as, sqlite::SqliteRow};

use super::rows::Value;
use crate::{Finding, Head, StoreError};

/// Batches checked in one go.
const PAGE: u32 = 1_000;

/// A table that is appended to and never changed; of an order, what never changes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Journal,
    ClaimJournal,
    Transactions,
    TopUps,
}

/// How each table is read again: the columns in the order in which they are written.
const TABLES: [&str; 4] = [
    "SELECT line, at_ms, event FROM journal WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    "SELECT reference, at_ms, event FROM claim_journal WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    "SELECT at_ms, reference, provider, kind, postings FROM transactions WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    "SELECT reference, line, recovery, book, provider, msisdn, currency, at_ms, day FROM topups
        WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
];

/// The last id of each covered table.
type Ends = [i64; 4];

/// What a batch appended to each table, hashed row by row as it is written.
#[derive(Default)]
pub(super) struct Appended {
    parts: [Sha256; 4],
    rows: usize,
}

impl Appended {
    /// Covers a row that is written behind those before it. Numbers have one length and a text stands behind its own,
    /// so that no two rows read alike.
    pub(super) fn cover(&mut self, table: Table, row: &[Value]) {
        let part = &mut self.parts[table as usize];
        for value in row {
            match value {
                Value::Integer(value) => part.update(value.to_be_bytes()),
                Value::Text(text) => {
                    part.update((text.len() as u64).to_be_bytes());
                    part.update(text);
                }
                Value::Null => {}
            }
        }
        self.rows += 1;
    }

    /// Covers rows in their order.
    pub(super) fn cover_all<const COLUMNS: usize>(&mut self, table: Table, rows: &[[Value; COLUMNS]]) {
        for row in rows {
            self.cover(table, row);
        }
    }

    /// The same from the tables.
    async fn read(db: &mut SqliteConnection, after: Ends, last: Ends) -> Result<Self, StoreError> {
        let mut appended = Self::default();
        let tables = [Table::Journal, Table::ClaimJournal, Table::Transactions, Table::TopUps];
        for (table, (after, last)) in tables.into_iter().zip(after.into_iter().zip(last)) {
            // The first batch covers whatever lies before it as well.
            let first = after.saturating_add(i64::from(after != i64::MIN));
            for row in query(TABLES[table as usize]).bind(first).bind(last).fetch_all(&mut *db).await? {
                appended.cover(table, &values(&row)?);
            }
        }
        Ok(appended)
    }
}

fn values(row: &SqliteRow) -> Result<Vec<Value>, StoreError> {
    let value = |column| {
        Ok(match row.try_get_raw(column)?.type_info().name() {
            "INTEGER" => Value::Integer(row.try_get(column)?),
            _ => Value::Text(row.try_get(column)?),
        })
    };
    (0..row.len()).map(value).collect()
}

/// The row of a batch.
struct Link {
    id: i64,
    at_ms: i64,
    ends: Ends,
    hash: Vec<u8>,
}

type Row = (i64, i64, i64, i64, i64, i64, Vec<u8>);

/// Chains what this transaction appended, where it appended anything. The last of its writes.
pub(super) async fn seal(
    db: &mut SqliteConnection,
    appended: Appended,
    at_ms: i64,
) -> Result<Option<Head>, StoreError> {
    if appended.rows == 0 {
        return Ok(None);
    }
    let select = "SELECT id, at_ms, journal, claim_journal, transactions, topups, hash FROM batches
        ORDER BY id DESC LIMIT 1";
    let before = query_as(select).fetch_optional(&mut *db).await?.map_or_else(Link::genesis, Link::of);
    let ends = ends(db, before.ends).await?;
    let hash = before.next(at_ms, ends, appended);
    let insert = "INSERT INTO batches (id, at_ms, journal, claim_journal, transactions, topups, hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let insert = query(insert).bind(before.id + 1).bind(at_ms);
    let insert = ends.iter().fold(insert, |insert, end| insert.bind(*end));
    insert.bind(hash.to_vec()).execute(db).await?;
    let digits = hash.iter().map(|byte| format!("{byte:02x}"));
    Ok(Some(Head { batch: before.id + 1, at_ms, hash: digits.collect() }))
}

/// Folds the whole chain anew from the tables, in one snapshot, and names the first batch that does not match.
pub(super) async fn verify(db: &SqlitePool) -> Result<Vec<Finding>, StoreError> {
    let mut snapshot = db.begin().await?;
    let select = "SELECT id, at_ms, journal, claim_journal, transactions, topups, hash FROM batches
        WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut before = Link::genesis();
    // A batch of a number that no batch is given is out of the chain as well.
    let mut after = i64::MIN;
    loop {
        let page: Vec<Row> = query_as(select).bind(after).bind(PAGE).fetch_all(&mut *snapshot).await?;
        if page.is_empty() {
            break;
        }
        for link in page.into_iter().map(Link::of) {
            let appended = Appended::read(&mut snapshot, before.ends, link.ends).await?;
            let matches = link.id == before.id + 1 && before.next(link.at_ms, link.ends, appended)[..] == link.hash;
            if !matches {
                return Ok(vec![finding(link.broken(&before))]);
            }
            (after, before) = (link.id, link);
        }
    }
    let beyond = Appended::read(&mut snapshot, before.ends, [i64::MAX; 4]).await?;
    let unchained = || finding(format!("rows behind batch {}, the last, belong to no batch", before.id));
    Ok((beyond.rows > 0).then(unchained).into_iter().collect())
}

/// The last batch; none before anything was committed.
pub(super) async fn head(db: &mut SqliteConnection) -> Result<Option<Head>, StoreError> {
    let select = "SELECT id, at_ms, lower(hex(hash)) FROM batches ORDER BY id DESC LIMIT 1";
    Ok(query_as(select).fetch_optional(db).await?.map(named))
}

/// The batch whose hash this is, in hexadecimal digits.
pub(super) async fn find(db: &SqlitePool, hash: &str) -> Result<Option<Head>, StoreError> {
    let select = "SELECT id, at_ms, lower(hex(hash)) FROM batches WHERE hash = unhex(?1)";
    Ok(query_as(select).bind(hash).fetch_optional(db).await?.map(named))
}

fn named((batch, at_ms, hash): (i64, i64, String)) -> Head {
    Head { batch, at_ms, hash }
}

fn finding(detail: String) -> Finding {
    Finding { invariant: "S5".to_owned(), detail }
}

async fn ends(db: &mut SqliteConnection, before: Ends) -> Result<Ends, StoreError> {
    let select = "SELECT (SELECT max(id) FROM journal), (SELECT max(id) FROM claim_journal),
        (SELECT max(id) FROM transactions), (SELECT max(id) FROM topups)";
    let (journal, claims, transactions, topups): (Option<i64>, Option<i64>, Option<i64>, Option<i64>) =
        query_as(select).fetch_one(db).await?;
    let mut ends = before;
    for (end, max) in ends.iter_mut().zip([journal, claims, transactions, topups]) {
        *end = max.unwrap_or(*end).max(*end);
    }
    Ok(ends)
}

impl Link {
    /// What stands before the first batch.
    fn genesis() -> Self {
        Self { id: 0, at_ms: 0, ends: [i64::MIN; 4], hash: vec![0; 32] }
    }

    fn of((id, at_ms, journal, claim_journal, transactions, topups, hash): Row) -> Self {
        Self { id, at_ms, ends: [journal, claim_journal, transactions, topups], hash }
    }

    /// The hash of the batch after this one.
    fn next(&self, at_ms: i64, ends: Ends, appended: Appended) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(&self.hash);
        for number in [self.id + 1, at_ms].into_iter().chain(ends) {
            hash.update(number.to_be_bytes());
        }
        for part in appended.parts {
            hash.update(part.finalize());
        }
        hash.finalize().into()
    }

    /// Where a person looks for what was changed.
    fn broken(&self, before: &Self) -> String {
        let tables = ["journal", "claim_journal", "transactions", "topups"].into_iter();
        let ranges = tables.zip(before.ends.into_iter().zip(self.ends)).filter(|(_, (after, last))| after < last);
        let rows: Vec<String> = ranges
            .map(|(table, (after, last))| match after {
                i64::MIN => format!("{table} up to {last}"),
                _ => format!("{table} {} to {last}", after + 1),
            })
            .collect();
        format!(
            "batch {}, committed at {} ms, is the first that does not match; its rows: {}",
            self.id,
            self.at_ms,
            rows.join(", ")
        )
    }
}
