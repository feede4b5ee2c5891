//! One batch, one transaction, one statement for each table.

use std::collections::BTreeMap;

use ringback_core::{
    Claim, Group, Line, LineId, Now, TopUpRef,
    admit::{self, Switches},
    claim,
    ledger::Transaction,
    line::{Phase, State},
    recovery::{Step, TopUpState},
};
use serde::Serialize;
use sqlx::{AssertSqlSafe, SqliteConnection, query, query_as, query_scalar};

use super::{
    exposed::Exposed,
    json, parsed,
    rows::{Rows, body},
};
use crate::{Batch, Change, Committed, StoreError, Verdict};

pub(super) async fn commit(db: &mut SqliteConnection, batch: &Batch) -> Result<Committed, StoreError> {
    let (switches, day) = installation(db, batch).await?;
    let mut exposed = Exposed::read(db, batch, day, switches).await?;
    let verdicts: Vec<Verdict> = batch.changes.iter().map(|change| exposed.decide(change)).collect();
    let accepted = batch.changes.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Committed);
    let changes: Vec<&Change> = accepted.map(|(change, _)| change).collect();

    lines(db, &changes).await?;
    journal(db, &changes, batch.now).await?;
    topups(db, &changes, batch.now, exposed.day()).await?;
    recoveries(db, &changes).await?;
    exposure(db, &exposed).await?;
    let mut transactions: Vec<Transaction> = changes.iter().flat_map(|c| c.step.transactions.clone()).collect();
    transactions.extend(claims(db, batch, &changes).await?);
    post(db, &transactions, batch.now).await?;
    let done: Vec<i64> = changes.iter().filter_map(|c| c.request).chain(batch.requests.iter().copied()).collect();
    run(db, "DELETE FROM requests WHERE id IN (SELECT value FROM json_each(?1))", &done, &[]).await?;
    Ok(Committed { verdicts, switches })
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

async fn lines(db: &mut SqliteConnection, changes: &[&Change]) -> Result<(), StoreError> {
    let key = |line: &Line| {
        let group = line.group().map(group_name).transpose()?;
        Ok((line.id, line.version, line.consents.complete(), is_open(line), is_waiting(line), group))
    };
    let keys = changes.iter().map(|change| key(&change.step.line)).collect::<Result<Vec<_>, StoreError>>()?;
    let rows = Rows::of(keys.into_iter().zip(changes.iter().map(|change| change.step.line.apart().0)))?;
    let update = concat!(
        "UPDATE lines SET version = j.value ->> '$[2][1]', enrolled = j.value ->> '$[2][2]',
            open = j.value ->> '$[2][3]', waiting = j.value ->> '$[2][4]', grp = j.value ->> '$[2][5]', body = ",
        body!(),
        " FROM json_each(?1) j WHERE lines.id = j.value ->> '$[2][0]'"
    );
    rows.run(db, update, &[]).await?;
    open_recoveries(db, changes).await
}

async fn open_recoveries(db: &mut SqliteConnection, changes: &[&Change]) -> Result<(), StoreError> {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for line in changes.iter().map(|change| &change.step.line) {
        match &line.state {
            State::Open(recovery) => open.push((line.id, recovery)),
            _ => closed.push(line.id),
        }
    }
    let upsert = concat!(
        "INSERT INTO open_recoveries (line, body) SELECT j.value ->> 2, ",
        body!(),
        " FROM json_each(?1) j WHERE true ON CONFLICT (line) DO UPDATE SET body = excluded.body"
    );
    Rows::of(open)?.run(db, upsert, &[]).await?;
    run(db, "DELETE FROM open_recoveries WHERE line IN (SELECT value FROM json_each(?1))", &closed, &[]).await
}

async fn journal(db: &mut SqliteConnection, changes: &[&Change], now: Now) -> Result<(), StoreError> {
    let rows = Rows::of(changes.iter().map(|change| (change.step.line.id, &change.event)))?;
    let insert = concat!(
        "INSERT INTO journal (line, at_ms, event) SELECT j.value ->> 2, ?3, ",
        body!(),
        " FROM json_each(?1) j"
    );
    rows.run(db, insert, &[now.wall_ms]).await
}

/// New orders are inserted, so that a reference is never used twice (P2); known ones change their state alone.
async fn topups(db: &mut SqliteConnection, changes: &[&Change], now: Now, day: i64) -> Result<(), StoreError> {
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for step in changes.iter().map(|change| &change.step) {
        let Some(topup) = &step.topup else { continue };
        let (order, state) = (&topup.order, topup.state);
        let held = state == TopUpState::Held;
        let sent = state != TopUpState::Withheld;
        let key = (&order.reference, state.is_unresolved(), held, state.exposed_minor(order), sent);
        if step.is_first_of_topup() {
            let (msisdn, currency) = (order.msisdn.number(), order.asked.currency().code());
            let line = (topup.line, topup.recovery, step.line.book, &order.provider, msisdn, currency);
            new.push(((key, line), topup));
        } else {
            known.push((key, topup));
        }
    }
    let update = concat!(
        "UPDATE topups SET unresolved = j.value ->> '$[2][1]', held = j.value ->> '$[2][2]',
            exposed_minor = j.value ->> '$[2][3]', sent = j.value ->> '$[2][4]', body = ",
        body!(),
        " FROM json_each(?1) j WHERE topups.reference = j.value ->> '$[2][0]'"
    );
    Rows::of(known)?.run(db, update, &[]).await?;
    let insert = concat!(
        "INSERT INTO topups (reference, unresolved, held, exposed_minor, sent, line, recovery, book, provider, msisdn,
            currency, at_ms, day, body)
        SELECT j.value ->> '$[2][0][0]', j.value ->> '$[2][0][1]', j.value ->> '$[2][0][2]', j.value ->> '$[2][0][3]',
            j.value ->> '$[2][0][4]', j.value ->> '$[2][1][0]', j.value ->> '$[2][1][1]', j.value ->> '$[2][1][2]', j.value ->> '$[2][1][3]',
            j.value ->> '$[2][1][4]', j.value ->> '$[2][1][5]', ?3, ?4, ",
        body!(),
        " FROM json_each(?1) j"
    );
    Rows::of(new)?.run(db, insert, &[now.wall_ms, day]).await
}

async fn recoveries(db: &mut SqliteConnection, changes: &[&Change]) -> Result<(), StoreError> {
    let steps = changes.iter().map(|change| &change.step);
    let rows = steps.filter_map(|step| step.record.as_ref().map(|record| ((step.line.id, record.number), record)));
    let upsert = concat!(
        "INSERT INTO recoveries (line, number, body) SELECT j.value ->> '$[2][0]', j.value ->> '$[2][1]', ",
        body!(),
        " FROM json_each(?1) j WHERE true ON CONFLICT (line, number) DO UPDATE SET body = excluded.body"
    );
    Rows::of(rows)?.run(db, upsert, &[]).await
}

async fn exposure(db: &mut SqliteConnection, exposed: &Exposed) -> Result<(), StoreError> {
    let changed = exposed.added.iter().filter(|(_, minor)| **minor != 0);
    let rows: Vec<_> =
        changed.map(|((scope, owner, currency, day), minor)| (scope, owner, currency, day, minor)).collect();
    let upsert = "INSERT INTO exposure (scope, owner, currency, day, minor)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1) WHERE true
        ON CONFLICT (scope, owner, currency, day) DO UPDATE SET minor = minor + excluded.minor";
    run(db, upsert, &rows, &[]).await
}

/// New claims, what happened to known ones, and the claims of lines that are active again (R6).
async fn claims(db: &mut SqliteConnection, batch: &Batch, changes: &[&Change]) -> Result<Vec<Transaction>, StoreError> {
    let new: Vec<_> = changes.iter().flat_map(|change| change.step.claims.iter().map(claim_row)).collect();
    let insert = "INSERT INTO claims (reference, line, open, body)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)";
    run(db, insert, &new, &[]).await?;

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
    apply(db, happened, batch.now).await
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
) -> Result<Vec<Transaction>, StoreError> {
    let (mut after, mut events, mut transactions) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (stored, event) in happened {
        let claim = after.get(&stored.reference).unwrap_or(&stored);
        if let Some((next, transaction)) = claim::step(claim, &event) {
            events.push((next.reference.clone(), event));
            transactions.extend(transaction);
            after.insert(next.reference.clone(), next);
        }
    }
    let rows: Vec<_> = after.values().map(claim_row).collect();
    let update = "UPDATE claims SET open = j.value ->> 2, body = j.value ->> 3
        FROM json_each(?1) j WHERE claims.reference = j.value ->> 0";
    run(db, update, &rows, &[]).await?;
    let insert =
        "INSERT INTO claim_journal (reference, at_ms, event) SELECT value ->> 0, ?2, value -> 1 FROM json_each(?1)";
    run(db, insert, &events, &[now.wall_ms]).await?;
    Ok(transactions)
}

fn claim_row(claim: &Claim) -> (&TopUpRef, LineId, bool, &Claim) {
    (&claim.reference, claim.line, claim.is_open(), claim)
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
async fn post(db: &mut SqliteConnection, transactions: &[Transaction], now: Now) -> Result<(), StoreError> {
    if transactions.is_empty() {
        return Ok(());
    }
    let first: i64 = query_scalar("SELECT coalesce(max(id), 0) + 1 FROM transactions").fetch_one(&mut *db).await?;
    let (mut rows, mut legs) = (Vec::new(), Vec::new());
    let mut balances: BTreeMap<_, i64> = BTreeMap::new();
    for (id, transaction) in (first..).zip(transactions) {
        if !transaction.is_balanced() {
            return Err(StoreError::Contradiction(format!("{} does not sum to zero (M1)", transaction.reference)));
        }
        rows.push((id, &transaction.reference, &transaction.provider, transaction.kind));
        for (leg, posting) in transaction.postings.iter().enumerate() {
            let (currency, minor) = (posting.amount.currency().code(), posting.amount.minor());
            legs.push((id, leg, posting.account, currency, minor));
            let balance = balances.entry((&transaction.provider, posting.account, currency)).or_default();
            *balance =
                balance.checked_add(minor).ok_or_else(|| StoreError::Contradiction("balance overflow".into()))?;
        }
    }
    let insert = "INSERT INTO transactions (id, at_ms, reference, provider, kind)
        SELECT value ->> 0, ?2, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)";
    run(db, insert, &rows, &[now.wall_ms]).await?;
    let insert = "INSERT INTO postings (transaction_id, leg, account, currency, minor)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1)";
    run(db, insert, &legs, &[]).await?;
    let rows: Vec<_> =
        balances.iter().map(|((provider, account, currency), minor)| (provider, account, currency, minor)).collect();
    let upsert = "INSERT INTO balances (provider, account, currency, minor)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
        ON CONFLICT (provider, account, currency) DO UPDATE SET minor = minor + excluded.minor";
    run(db, upsert, &rows, &[]).await
}

/// Runs one statement over a batch of rows.
async fn run(
    db: &mut SqliteConnection,
    statement: &'static str,
    rows: &[impl Serialize],
    binds: &[i64],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let batch = query(AssertSqlSafe(statement)).bind(json(&rows)?);
    binds.iter().fold(batch, |batch, bind| batch.bind(*bind)).execute(db).await?;
    Ok(())
}

/// A group as its column keeps it.
pub(super) fn group_name(group: Group) -> Result<String, StoreError> {
    let value = serde_json::to_value(group)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

fn is_open(line: &Line) -> bool {
    matches!(line.state, State::Open(_)) || line.unsettled_order().is_some()
}

fn is_waiting(line: &Line) -> bool {
    match &line.state {
        State::Parked(_) => true,
        State::Open(recovery) => matches!(recovery.phase, Phase::Approval | Phase::Owed { .. }),
        State::Idle | State::Suspended => false,
    }
}
