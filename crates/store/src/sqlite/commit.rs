//! One batch, one transaction, few statements for each table.

use std::collections::BTreeMap;

use ringback_core::{
    Claim, Line, LineId, Now, TopUpRef,
    admit::{self, Switches},
    claim,
    ledger::{Account, Transaction},
    recovery::{Record, Step, TopUp, TopUpState},
};
use serde::Serialize;
use sqlx::{SqliteConnection, query, query_as, query_scalar};

use super::{
    audit::{Appended, Table},
    exposed::{Exposed, columns},
    json, parsed,
    rows::{Value, body, name, write},
};
use crate::{
    Batch, Change, Committed, StoreError, Verdict,
    exposure::{Cell, Counted as _, Deciding},
};

/// Commits within a transaction; what it appended is to be sealed (S5).
pub(super) async fn commit(db: &mut SqliteConnection, batch: &Batch) -> Result<(Committed, Appended), StoreError> {
    let mut appended = Appended::default();
    let (switches, day) = installation(db, batch).await?;
    let exposed = Exposed::read(db, batch, day).await?;
    let mut deciding = Deciding::new(&exposed, batch.now, day, switches);
    let verdicts: Vec<Verdict> = batch.changes.iter().map(|change| deciding.decide(change)).collect();
    let added = deciding.added;
    let accepted = batch.changes.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Committed);
    let changes: Vec<&Change> = accepted.map(|(change, _)| change).collect();

    lines(db, &changes).await?;
    journal(db, &changes, batch.now, &mut appended).await?;
    topups(db, &changes, batch.now, (day, &exposed), &mut appended).await?;
    recoveries(db, &changes).await?;
    exposure(db, &added).await?;
    let of_claims = claims(db, batch, &changes, &mut appended).await?;
    let transactions = changes.iter().flat_map(|change| &change.step.transactions).chain(&of_claims);
    post(db, transactions, batch.now, &mut appended).await?;
    let done: Vec<i64> = changes.iter().filter_map(|c| c.request).chain(batch.requests.iter().copied()).collect();
    delete(db, "DELETE FROM requests WHERE id IN (SELECT value FROM json_each(?1))", &done).await?;
    Ok((Committed { verdicts, switches }, appended))
}

/// The switches, and the day that counts (C3).
async fn installation(db: &mut SqliteConnection, batch: &Batch) -> Result<(Switches, i64), StoreError> {
    let select = "SELECT paused, frozen, clock_fault, day FROM installation";
    let (paused, frozen, stored, seen): (bool, bool, bool, i64) = query_as(select).fetch_one(&mut *db).await?;
    let (day, clock_fault) = admit::day(seen, batch.now, stored || batch.clock_fault);
    if (day, clock_fault) != (seen, stored) {
        let update = "UPDATE installation SET day = ?1, clock_fault = ?2";
        query(update).bind(day).bind(clock_fault).execute(db).await?;
    }
    Ok((Switches { paused, frozen, clock_fault }, day))
}

/// Each line, at rest or open; and where they changed, what lists are filtered by and what the recovery pinned.
async fn lines(db: &mut SqliteConnection, changes: &[&Change]) -> Result<(), StoreError> {
    let (mut lines, mut open, mut pinned, mut closed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for step in changes.iter().map(|change| &change.step) {
        let (line, whole) = (&step.line, body(&step.line)?);
        match line.pinned() {
            None => {
                lines.push(line_row(line, whole)?);
                closed.extend(step.repinned.then_some(line.id));
            }
            Some(terms) => {
                open.push([line.id.0.into(), version(line)?, whole]);
                if step.relisted {
                    lines.push(line_row(line, Value::Null)?);
                }
                if step.repinned {
                    pinned.push([line.id.0.into(), body(terms.as_ref())?]);
                }
            }
        }
    }
    let tail = "ON CONFLICT (id) DO UPDATE SET version = excluded.version, enrolled = excluded.enrolled,
        open = excluded.open, waiting = excluded.waiting, grp = excluded.grp, body = coalesce(excluded.body, body)";
    write(db, "INSERT OR FAIL INTO lines (id, book, msisdn, version, enrolled, open, waiting, grp, body)", lines, tail)
        .await?;
    let tail = "ON CONFLICT (line) DO UPDATE SET version = excluded.version, body = excluded.body";
    write(db, "INSERT OR FAIL INTO open_lines (line, version, body)", open, tail).await?;
    let tail = "ON CONFLICT (line) DO UPDATE SET body = excluded.body";
    write(db, "INSERT OR FAIL INTO pinned (line, body)", pinned, tail).await?;
    delete(db, "DELETE FROM open_lines WHERE line IN (SELECT value FROM json_each(?1))", &closed).await?;
    delete(db, "DELETE FROM pinned WHERE line IN (SELECT value FROM json_each(?1))", &closed).await
}

fn version(line: &Line) -> Result<Value, StoreError> {
    let version = i64::try_from(line.version);
    version.map(Value::from).map_err(|_| StoreError::Contradiction("too many versions".into()))
}

fn line_row(line: &Line, body: Value) -> Result<[Value; 9], StoreError> {
    let listing = line.listing();
    Ok([
        line.id.0.into(),
        line.book.0.into(),
        line.msisdn.number().into(),
        version(line)?,
        listing.enrolled.into(),
        listing.open.into(),
        listing.waiting.into(),
        listing.group.map(name).transpose()?.into(),
        body,
    ])
}

async fn journal(
    db: &mut SqliteConnection,
    changes: &[&Change],
    now: Now,
    appended: &mut Appended,
) -> Result<(), StoreError> {
    let row = |change: &&Change| Ok([change.step.line.id.0.into(), now.wall_ms.into(), body(&change.event)?]);
    let rows = changes.iter().map(row).collect::<Result<Vec<_>, StoreError>>()?;
    appended.cover_all(Table::Journal, &rows);
    write(db, "INSERT OR FAIL INTO journal (line, at_ms, event)", rows, "").await
}

/// New orders are inserted, so that a reference is never used twice (P2); known ones change their state alone.
async fn topups(
    db: &mut SqliteConnection,
    changes: &[&Change],
    now: Now,
    (day, exposed): (i64, &Exposed),
    appended: &mut Appended,
) -> Result<(), StoreError> {
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for change in changes {
        let Some(topup) = &change.step.topup else { continue };
        let row = topup_row(topup, &change.step.line, now, day)?;
        if change.step.is_first_of_topup() {
            appended.cover(Table::TopUps, &row[..FIXED]);
            new.push(row);
        } else if exposed.before(&topup.order.reference).is_some() {
            known.push(row);
        } else {
            return Err(StoreError::Contradiction(format!("{} was never ordered", topup.order.reference)));
        }
    }
    let head = "INSERT OR FAIL INTO topups (reference, line, recovery, book, provider, msisdn, currency, at_ms, day,
        held, suspense, sent, exposed_minor, body)";
    let tail = "ON CONFLICT (reference) DO UPDATE SET held = excluded.held, suspense = excluded.suspense,
        sent = excluded.sent, exposed_minor = excluded.exposed_minor, body = excluded.body";
    // What is settled makes room for the next order of the same number (P3).
    write(db, head, known, tail).await?;
    write(db, head, new, "").await
}

/// The columns of an order that never change, the first ones.
const FIXED: usize = 9;

fn topup_row(topup: &TopUp, line: &Line, now: Now, day: i64) -> Result<[Value; 14], StoreError> {
    let TopUp { order, state, .. } = topup;
    let is = |other| Value::from(*state == other);
    Ok([
        order.reference.as_str().into(),
        topup.line.0.into(),
        topup.recovery.into(),
        line.book.0.into(),
        order.provider.as_str().into(),
        order.msisdn.number().into(),
        order.asked.currency().code().into(),
        now.wall_ms.into(),
        day.into(),
        is(TopUpState::Held),
        is(TopUpState::Suspense),
        (*state != TopUpState::Withheld).into(),
        state.exposed_minor(order).into(),
        body(topup)?,
    ])
}

async fn recoveries(db: &mut SqliteConnection, changes: &[&Change]) -> Result<(), StoreError> {
    let records = changes.iter().filter_map(|change| Some((change.step.line.id, change.step.record.as_ref()?)));
    let row = |(line, record): (LineId, &Record)| Ok([line.0.into(), record.number.into(), body(record)?]);
    let rows = records.map(row).collect::<Result<_, StoreError>>()?;
    let tail = "ON CONFLICT (line, number) DO UPDATE SET body = excluded.body";
    write(db, "INSERT OR FAIL INTO recoveries (line, number, body)", rows, tail).await
}

async fn exposure(db: &mut SqliteConnection, added: &[(Cell<'_>, i64)]) -> Result<(), StoreError> {
    let row = |(cell, minor): &(Cell<'_>, i64)| {
        let (scope, owner) = columns(cell.owner);
        [scope.into(), owner.into(), cell.currency.code().into(), cell.day.into(), (*minor).into()]
    };
    let changed = added.iter().filter(|(_, minor)| *minor != 0);
    let head = "INSERT OR FAIL INTO exposure (scope, owner, currency, day, minor)";
    let tail = "ON CONFLICT (scope, owner, currency, day) DO UPDATE SET minor = minor + excluded.minor";
    write(db, head, changed.map(row).collect(), tail).await
}

/// New claims, what happened to known ones, and the claims of lines that are active again (R6).
async fn claims(
    db: &mut SqliteConnection,
    batch: &Batch,
    changes: &[&Change],
    appended: &mut Appended,
) -> Result<Vec<Transaction>, StoreError> {
    let new = changes.iter().flat_map(|change| change.step.claims.iter().map(claim_row));
    write(db, CLAIM, new.collect::<Result<_, _>>()?, "").await?;

    let mut happened: Vec<(Claim, claim::Event)> = Vec::new();
    let by_steps = changes.iter().filter_map(|change| change.step.claim_event.clone());
    let by_desks = batch.claims.iter().map(|change| (change.reference.clone(), change.event.clone()));
    let events: Vec<(TopUpRef, claim::Event)> = by_steps.chain(by_desks).collect();
    let references: Vec<_> = events.iter().map(|(reference, _)| reference).collect();
    let by_reference = "SELECT body FROM claims WHERE reference IN (SELECT value FROM json_each(?1))";
    let known: BTreeMap<_, Claim> = stored(db, by_reference, &references)
        .await?
        .into_iter()
        .map(|claim| (claim.reference.clone(), claim))
        .collect();
    for (reference, event) in events {
        happened.extend(known.get(&reference).map(|claim| (claim.clone(), event)));
    }
    let of_lines: BTreeMap<LineId, &claim::Event> = changes.iter().filter_map(|c| of_line(&c.step)).collect();
    let lines: Vec<&LineId> = of_lines.keys().collect();
    let by_line = "SELECT body FROM claims WHERE open = 1 AND line IN (SELECT value FROM json_each(?1))";
    for claim in stored(db, by_line, &lines).await? {
        let event = of_lines.get(&claim.line).map(|event| (*event).clone());
        happened.extend(event.map(|event| (claim, event)));
    }
    apply(db, happened, batch.now, appended).await
}

/// What a step does with every open claim of its line.
fn of_line(step: &Step) -> Option<(LineId, &claim::Event)> {
    Some((step.line.id, step.line_claims.as_ref()?))
}

/// Steps each claim from what is stored; a claim to which two things happen takes them one after the other.
async fn apply(
    db: &mut SqliteConnection,
    happened: Vec<(Claim, claim::Event)>,
    now: Now,
    appended: &mut Appended,
) -> Result<Vec<Transaction>, StoreError> {
    let (mut after, mut events, mut transactions) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (stored, event) in happened {
        let claim = after.get(&stored.reference).unwrap_or(&stored);
        if let Some((next, transaction)) = claim::step(claim, &event) {
            events.push([next.reference.as_str().into(), now.wall_ms.into(), body(&event)?]);
            transactions.extend(transaction);
            after.insert(next.reference.clone(), next);
        }
    }
    let rows = after.values().map(claim_row).collect::<Result<_, _>>()?;
    write(db, CLAIM, rows, "ON CONFLICT (reference) DO UPDATE SET open = excluded.open, body = excluded.body").await?;
    appended.cover_all(Table::ClaimJournal, &events);
    write(db, "INSERT OR FAIL INTO claim_journal (reference, at_ms, event)", events, "").await?;
    Ok(transactions)
}

const CLAIM: &str = "INSERT OR FAIL INTO claims (reference, line, open, body)";

fn claim_row(claim: &Claim) -> Result<[Value; 4], StoreError> {
    Ok([claim.reference.as_str().into(), claim.line.0.into(), claim.is_open().into(), body(claim)?])
}

async fn stored(
    db: &mut SqliteConnection,
    select: &'static str,
    keys: &[impl Serialize],
) -> Result<Vec<Claim>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let bodies: Vec<String> = query_scalar(select).bind(json(&keys)?).fetch_all(db).await?;
    bodies.iter().map(|body| parsed(body)).collect()
}

/// Posts transactions and carries the cached balances on (M1, M2). An unbalanced one stops the whole batch.
async fn post<'a>(
    db: &mut SqliteConnection,
    transactions: impl Iterator<Item = &'a Transaction>,
    now: Now,
    appended: &mut Appended,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    let mut balances: BTreeMap<_, i64> = BTreeMap::new();
    for transaction in transactions {
        if !transaction.is_balanced() {
            return Err(StoreError::Contradiction(format!("{} does not sum to zero (M1)", transaction.reference)));
        }
        let (provider, mut legs) = (transaction.provider.as_str(), Vec::new());
        for posting in &transaction.postings {
            let (currency, minor) = (posting.amount.currency().code(), posting.amount.minor());
            legs.push((posting.account, currency, minor));
            let balance = balances.entry((provider, posting.account, currency)).or_default();
            *balance =
                balance.checked_add(minor).ok_or_else(|| StoreError::Contradiction("balance overflow".into()))?;
        }
        let (reference, kind) = (transaction.reference.as_str(), name(transaction.kind)?);
        rows.push([now.wall_ms.into(), reference.into(), provider.into(), kind.into(), body(&legs)?]);
    }
    appended.cover_all(Table::Transactions, &rows);
    write(db, "INSERT OR FAIL INTO transactions (at_ms, reference, provider, kind, postings)", rows, "").await?;
    let row = |((provider, account, currency), minor): ((&str, Account, &str), i64)| {
        Ok([provider.into(), name(account)?.into(), currency.into(), minor.into()])
    };
    let rows = balances.into_iter().map(row).collect::<Result<_, StoreError>>()?;
    let head = "INSERT OR FAIL INTO balances (provider, account, currency, minor)";
    let tail = "ON CONFLICT (provider, account, currency) DO UPDATE SET minor = minor + excluded.minor";
    write(db, head, rows, tail).await
}

async fn delete(db: &mut SqliteConnection, delete: &'static str, keys: &[impl Serialize]) -> Result<(), StoreError> {
    if !keys.is_empty() {
        query(delete).bind(json(&keys)?).execute(db).await?;
    }
    Ok(())
}
