//! What [`admit`] has to know, read inside the committing transaction and carried on within the batch.

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{
    BookId, Line, LineId, Now, Order, TopUpRef,
    admit::{Caps, Exposure, Period, Scope, Switches, admit},
    line::State,
    recovery::{Event, TopUp, TopUpState},
};
use serde::de::DeserializeOwned;
use sqlx::{Sqlite, SqliteConnection, query::QueryScalar, query_as, query_scalar, sqlite::SqliteArguments};

use super::{json, parsed};
use crate::{Batch, Change, StoreError, Verdict};

/// The day under which lifetime sums are kept.
pub(super) const LIFETIME: i64 = -1;

const HOUR_MS: i64 = 3_600_000;

/// One cell of the cached exposure: scope, owner, currency, day.
pub(super) type Cell = (&'static str, String, &'static str, i64);

pub(super) struct Exposed {
    now: Now,
    /// The greatest day on which anything was committed (C3).
    day: i64,
    switches: Switches,
    versions: BTreeMap<LineId, u64>,
    orders: BTreeMap<LineId, Vec<Folded>>,
    unresolved: BTreeSet<i64>,
    cells: BTreeMap<Cell, i64>,
    /// The caps of the books as they are now (C4).
    caps: BTreeMap<BookId, Caps>,
    /// The books behind a fence (S3).
    fenced: BTreeSet<BookId>,
    before: BTreeMap<TopUpRef, Before>,
    /// What this batch adds to the cells.
    pub(super) added: BTreeMap<Cell, i64>,
}

/// The orders of one line, folded by recovery and day.
struct Folded {
    recovery: u32,
    day: i64,
    currency: String,
    exposed_minor: i64,
    last_hour: u32,
}

/// A top-up as it was before the batch.
struct Before {
    exposed_minor: i64,
    day: i64,
    state: TopUpState,
}

impl Exposed {
    pub(super) async fn read(
        db: &mut SqliteConnection,
        batch: &Batch,
        day: i64,
        switches: Switches,
    ) -> Result<Self, StoreError> {
        let lines: Vec<LineId> = batch.changes.iter().map(|change| change.step.line.id).collect();
        let mut read = Self {
            now: batch.now,
            day,
            switches,
            versions: versions(db, &lines).await?,
            orders: BTreeMap::new(),
            unresolved: BTreeSet::new(),
            cells: BTreeMap::new(),
            caps: BTreeMap::new(),
            fenced: BTreeSet::new(),
            before: before(db, batch).await?,
            added: BTreeMap::new(),
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

    /// What becomes of one change, in the batch's order; what is accepted counts for those that follow.
    pub(super) fn decide(&mut self, change: &Change) -> Verdict {
        let line = &change.step.line;
        if self.versions.get(&line.id).is_none_or(|version| version + 1 != line.version) {
            return Verdict::Conflict;
        }
        // What a late answer contradicts is not part of its line: it may have been settled meanwhile.
        if let Event::Late { topup, .. } = &change.event
            && self.before.get(&topup.order.reference).is_some_and(|before| before.state != topup.state)
        {
            return Verdict::Conflict;
        }
        if let Some(order) = &change.step.send
            && let State::Open(recovery) = &line.state
        {
            let exposure = self.exposure(line, order);
            let (pinned, none) = (&recovery.pinned.caps, Caps::default());
            let current = self.caps.get(&line.book).unwrap_or(&none);
            let frozen = self.switches.frozen || self.fenced.contains(&line.book);
            let switches = Switches { frozen, ..self.switches };
            if let Err(denial) = admit(line, order, pinned, current, &exposure, switches, self.now) {
                return Verdict::Denied(denial);
            }
        }
        self.versions.insert(line.id, line.version);
        if let Some(topup) = &change.step.topup {
            self.count(line.book, topup);
        }
        Verdict::Committed
    }

    /// Whether an order was committed before this batch.
    pub(super) fn knows(&self, reference: &TopUpRef) -> bool {
        self.before.contains_key(reference)
    }

    /// The day that an order counts on.
    pub(super) fn day(&self) -> i64 {
        self.day
    }

    fn exposure(&self, line: &Line, order: &Order) -> Exposure {
        let currency = order.asked.currency().code();
        let mut exposure = Exposure::default();
        exposure.unresolved = self.unresolved.contains(&order.msisdn.number());
        for folded in self.orders.get(&line.id).into_iter().flatten() {
            exposure.orders_last_hour = exposure.orders_last_hour.saturating_add(folded.last_hour);
            if folded.currency == currency {
                self.fold(folded, line.recoveries, &mut exposure);
            }
        }
        for (scope, name, owner) in wide(line.book, &order.provider) {
            for (period, day) in [(Period::Lifetime, LIFETIME), (Period::Day, self.day)] {
                let cell = (name, owner.clone(), currency, day);
                let stored = self.cells.get(&cell).copied().unwrap_or(0);
                let added = self.added.get(&cell).copied().unwrap_or(0);
                exposure.add(scope, period, stored.saturating_add(added));
            }
        }
        exposure
    }

    fn fold(&self, folded: &Folded, recovery: u32, exposure: &mut Exposure) {
        let today = folded.day == self.day;
        for (scope, holds) in [(Scope::Line, true), (Scope::Recovery, folded.recovery == recovery)] {
            if holds {
                exposure.add(scope, Period::Lifetime, folded.exposed_minor);
                exposure.add(scope, Period::Day, if today { folded.exposed_minor } else { 0 });
            }
        }
    }

    /// Counts what a change adds to the cells; an order counts on the day of its intent.
    fn count(&mut self, book: BookId, topup: &TopUp) {
        let order = &topup.order;
        let before = self.before.get(&order.reference);
        let day = before.map_or(self.day, |before| before.day);
        let more = topup.state.exposed_minor(order) - before.map_or(0, |before| before.exposed_minor);
        if topup.state.is_unresolved() {
            self.unresolved.insert(order.msisdn.number());
        }
        for (_, name, owner) in wide(book, &order.provider) {
            for day in [LIFETIME, day] {
                *self.added.entry((name, owner.clone(), order.asked.currency().code(), day)).or_default() += more;
            }
        }
    }
}

fn wide(book: BookId, provider: &str) -> [(Scope, &'static str, String); 3] {
    [
        (Scope::Book, "book", book.0.to_string()),
        (Scope::Provider, "provider", provider.to_owned()),
        (Scope::Everything, "everything", String::new()),
    ]
}

async fn versions(db: &mut SqliteConnection, lines: &[LineId]) -> Result<BTreeMap<LineId, u64>, StoreError> {
    let select = "SELECT json_group_array(json_array(l.id, coalesce(o.version, l.version)))
        FROM lines l LEFT JOIN open_lines o ON o.line = l.id WHERE l.id IN (SELECT value FROM json_each(?1))";
    let rows: Vec<(LineId, u64)> = gathered(query_scalar(select).bind(json(&lines)?), db).await?;
    Ok(rows.into_iter().collect())
}

async fn before(db: &mut SqliteConnection, batch: &Batch) -> Result<BTreeMap<TopUpRef, Before>, StoreError> {
    let changed = batch.changes.iter().filter(|change| change.step.send.is_none());
    let references: Vec<&TopUpRef> = changed.filter_map(|c| Some(&c.step.topup.as_ref()?.order.reference)).collect();
    if references.is_empty() {
        return Ok(BTreeMap::new());
    }
    let select = "SELECT json_group_array(json_array(reference, exposed_minor, day, body -> '$.state')) FROM topups
        WHERE reference IN (SELECT value FROM json_each(?1))";
    let rows: Vec<(TopUpRef, i64, i64, TopUpState)> =
        gathered(query_scalar(select).bind(json(&references)?), db).await?;
    let known = |(reference, exposed_minor, day, state)| (reference, Before { exposed_minor, day, state });
    Ok(rows.into_iter().map(known).collect())
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
    let rows: Vec<(LineId, u32, i64, String, i64, u32)> = gathered(select, db).await?;
    let mut orders: BTreeMap<LineId, Vec<Folded>> = BTreeMap::new();
    for (line, recovery, day, currency, exposed_minor, last_hour) in rows {
        orders.entry(line).or_default().push(Folded { recovery, day, currency, exposed_minor, last_hour });
    }
    Ok(orders)
}

async fn unresolved(db: &mut SqliteConnection, sends: &[&Change]) -> Result<BTreeSet<i64>, StoreError> {
    let numbers: Vec<i64> = sends.iter().map(|change| change.step.line.msisdn.number()).collect();
    let select = "SELECT json_group_array(msisdn) FROM topups INDEXED BY topups_unresolved
        WHERE unresolved = 1 AND msisdn IN (SELECT value FROM json_each(?1))";
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

async fn cells(db: &mut SqliteConnection, day: i64) -> Result<BTreeMap<Cell, i64>, StoreError> {
    let select = "SELECT scope, owner, currency, day, minor FROM exposure WHERE day IN (?1, ?2)";
    let rows: Vec<(String, String, String, i64, i64)> = query_as(select).bind(LIFETIME).bind(day).fetch_all(db).await?;
    let cell = |(scope, owner, currency, day, minor): (String, String, String, i64, i64)| {
        let scope = ["book", "provider", "everything"].into_iter().find(|name| *name == scope)?;
        let currency: ringback_core::Currency = currency.parse().ok()?;
        Some(((scope, owner, currency.code(), day), minor))
    };
    Ok(rows.into_iter().filter_map(cell).collect())
}
