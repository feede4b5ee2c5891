//! Books, and what was imported into them.

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{BookId, Group, Msisdn, Policy};
use sqlx::{QueryBuilder, SqliteConnection, SqlitePool, query, query_as, query_scalar};

use super::{
    begin, json, parsed,
    rows::{Value, write},
};
use crate::{Book, Contact, Imported, StoreError, StoredContact};

/// Rows in one statement: SQLite takes 32,766 parameters.
const CHUNK: usize = 4_000;

pub(super) async fn save(
    db: &mut SqliteConnection,
    name: &str,
    region: &str,
    policy: &Policy,
) -> Result<BookId, StoreError> {
    let upsert = "INSERT INTO books (name, region, policy, fenced_ms)
        VALUES (?1, ?2, ?3, (SELECT fenced_ms FROM installation))
        ON CONFLICT (name) DO UPDATE SET region = excluded.region, policy = excluded.policy RETURNING id";
    Ok(BookId(query_scalar(upsert).bind(name).bind(region).bind(json(policy)?).fetch_one(db).await?))
}

pub(super) async fn all(db: &SqlitePool) -> Result<Vec<Book>, StoreError> {
    let select = "SELECT id, name, region, policy FROM books ORDER BY id";
    let rows: Vec<(i64, String, String, String)> = query_as(select).fetch_all(db).await?;
    let book = |(id, name, region, policy): (i64, String, String, String)| {
        Ok(Book { id: BookId(id), name, region, policy: parsed(&policy)? })
    };
    rows.into_iter().map(book).collect()
}

pub(super) async fn files(db: &SqlitePool, book: BookId) -> Result<Vec<String>, StoreError> {
    let select = "SELECT DISTINCT file FROM contacts WHERE book = ?1 AND file <> '' ORDER BY file";
    Ok(query_scalar(select).bind(book.0).fetch_all(db).await?)
}

/// One transaction, so that an import is there as a whole or not at all.
pub(super) async fn import(
    db: &mut SqliteConnection,
    book: BookId,
    file: &str,
    contacts: &[Contact],
) -> Result<Imported, StoreError> {
    let mut tx = begin(db).await?;
    forget(&mut tx, book, file).await?;
    let (lines, new_lines) = add_lines(&mut tx, book, contacts).await?;
    let first: i64 = query_scalar("SELECT coalesce(max(id), 0) + 1 FROM contacts").fetch_one(&mut *tx).await?;
    add_contacts(&mut tx, book, file, contacts, first).await?;
    link(&mut tx, contacts, &lines, first).await?;
    tx.commit().await?;
    let contacts = contacts.iter().filter(|contact| !contact.name.is_empty() || !contact.numbers.is_empty()).count();
    Ok(Imported { contacts: contacts as u64, new_lines, known_lines: lines.len() as u64 - new_lines })
}

async fn forget(db: &mut SqliteConnection, book: BookId, file: &str) -> Result<(), StoreError> {
    let links = "DELETE FROM contact_lines WHERE contact IN (SELECT id FROM contacts WHERE book = ?1 AND file = ?2)";
    for delete in [links, "DELETE FROM contacts WHERE book = ?1 AND file = ?2"] {
        query(delete).bind(book.0).bind(file).execute(&mut *db).await?;
    }
    Ok(())
}

/// Makes a line for each number that the book has not; returns the line of every number, and how many are new.
async fn add_lines(
    db: &mut SqliteConnection,
    book: BookId,
    contacts: &[Contact],
) -> Result<(BTreeMap<i64, i64>, u64), StoreError> {
    let wanted: Vec<Msisdn> = contacts.iter().flat_map(|contact| contact.numbers.iter().copied()).collect();
    let numbers: Vec<i64> = wanted.iter().map(|msisdn| msisdn.number()).collect();
    let select = "SELECT msisdn, id FROM lines WHERE book = ?1 AND msisdn IN (SELECT value FROM json_each(?2))";
    let known: Vec<(i64, i64)> = query_as(select).bind(book.0).bind(json(&numbers)?).fetch_all(&mut *db).await?;
    let mut lines: BTreeMap<i64, i64> = known.into_iter().collect();
    let mut next: i64 = query_scalar("SELECT coalesce(max(id), 0) + 1 FROM lines").fetch_one(&mut *db).await?;
    let mut new: Vec<[Value; 7]> = Vec::new();
    for msisdn in wanted {
        lines.entry(msisdn.number()).or_insert_with(|| {
            new.push([next, book.0, msisdn.number(), 0, 0, 0, 0].map(Value::from));
            next += 1;
            next - 1
        });
    }
    let count = new.len() as u64;
    write(db, "INSERT INTO lines (id, book, msisdn, version, enrolled, open, waiting)", new, "").await?;
    Ok((lines, count))
}

async fn add_contacts(
    db: &mut SqliteConnection,
    book: BookId,
    file: &str,
    contacts: &[Contact],
    first: i64,
) -> Result<(), StoreError> {
    let numbered: Vec<(i64, &Contact)> = (first..).zip(contacts).collect();
    for chunk in numbered.chunks(CHUNK) {
        let mut insert = QueryBuilder::new("INSERT INTO contacts (id, book, file, name, raw) ");
        insert.push_values(chunk, |mut row, (id, contact)| {
            row.push_bind(*id).push_bind(book.0).push_bind(file).push_bind(&contact.name).push_bind(&contact.raw[..]);
        });
        insert.build().persistent(false).execute(&mut *db).await?;
    }
    Ok(())
}

async fn link(
    db: &mut SqliteConnection,
    contacts: &[Contact],
    lines: &BTreeMap<i64, i64>,
    first: i64,
) -> Result<(), StoreError> {
    let pairs: BTreeSet<(i64, i64)> = (first..)
        .zip(contacts)
        .flat_map(|(id, contact)| {
            contact.numbers.iter().filter_map(move |msisdn| Some((id, *lines.get(&msisdn.number())?)))
        })
        .collect();
    let insert = "INSERT INTO contact_lines (contact, line) SELECT value ->> 0, value ->> 1 FROM json_each(?1)";
    query(insert).bind(json(&pairs)?).execute(db).await?;
    Ok(())
}

pub(super) async fn contacts(
    db: &SqlitePool,
    book: BookId,
    file: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredContact>, StoreError> {
    let select = "SELECT c.id, c.raw, c.name,
            (SELECT json_group_array(DISTINCT l.grp) FROM contact_lines cl JOIN lines l ON l.id = cl.line
              WHERE cl.contact = c.id AND l.enrolled = 1 AND l.grp IS NOT NULL)
        FROM contacts c WHERE c.book = ?1 AND c.file = ?2 AND c.id > ?3 ORDER BY c.id LIMIT ?4";
    let rows: Vec<(i64, Vec<u8>, String, String)> =
        query_as(select).bind(book.0).bind(file).bind(after).bind(limit).fetch_all(db).await?;
    rows.into_iter()
        .map(|(id, raw, name, groups)| {
            let mut groups: Vec<Group> = parsed(&groups)?;
            groups.sort_unstable_by(|a, b| b.cmp(a));
            Ok(StoredContact { id, raw, name, groups })
        })
        .collect()
}
