//! Reading and checking the ledger, the orders and the claims.

use ringback_core::{
    Amount, Claim, TopUpRef,
    ledger::{Posting, Transaction},
    recovery::TopUp,
};
use serde::de::DeserializeOwned;
use sqlx::{SqlitePool, query_as, query_scalar};

use super::{json, parsed};
use crate::{Balance, ClaimFilter, Finding, Posted, StoreError};

pub(super) async fn topups(db: &SqlitePool, references: &[TopUpRef]) -> Result<Vec<TopUp>, StoreError> {
    let select = "SELECT body FROM topups WHERE reference IN (SELECT value FROM json_each(?1)) ORDER BY id";
    let bodies: Vec<String> = query_scalar(select).bind(json(&references)?).fetch_all(db).await?;
    bodies.iter().map(|body| parsed(body)).collect()
}

pub(super) async fn topups_since(db: &SqlitePool, provider: &str, since_ms: i64) -> Result<Vec<TopUp>, StoreError> {
    let select = "SELECT body FROM topups WHERE provider = ?1 AND at_ms >= ?2 ORDER BY id";
    let bodies: Vec<String> = query_scalar(select).bind(provider).bind(since_ms).fetch_all(db).await?;
    bodies.iter().map(|body| parsed(body)).collect()
}

pub(super) async fn claims(db: &SqlitePool, which: &ClaimFilter) -> Result<Vec<Claim>, StoreError> {
    let select = match which {
        ClaimFilter::All => "SELECT body FROM claims ORDER BY reference",
        ClaimFilter::Open(_) => {
            "SELECT c.body FROM claims c JOIN lines l ON l.id = c.line
             WHERE c.open = 1 AND l.book IN (SELECT value FROM json_each(?1)) ORDER BY c.reference"
        }
        ClaimFilter::Of(_) => "SELECT body FROM claims WHERE reference = ?1",
    };
    let key = match which {
        ClaimFilter::All => None,
        ClaimFilter::Open(books) => Some(json(&books)?),
        ClaimFilter::Of(reference) => Some(reference.to_string()),
    };
    let select = query_scalar(select);
    let select = if key.is_some() { select.bind(key) } else { select };
    let bodies: Vec<String> = select.fetch_all(db).await?;
    bodies.iter().map(|body| parsed(body)).collect()
}

pub(super) async fn balances(db: &SqlitePool) -> Result<Vec<Balance>, StoreError> {
    let select = "SELECT provider, account, currency, minor FROM balances ORDER BY provider, currency, account";
    let rows: Vec<(String, String, String, i64)> = query_as(select).fetch_all(db).await?;
    let balance = |(provider, account, currency, minor): (String, String, String, i64)| {
        Ok(Balance { provider, account: named(account)?, amount: amount(minor, &currency)? })
    };
    rows.into_iter().map(balance).collect()
}

pub(super) async fn statement(db: &SqlitePool, after: i64, limit: u32) -> Result<Vec<Posted>, StoreError> {
    let select = "SELECT id, at_ms, reference, provider, kind, postings
        FROM transactions WHERE id > ?1 ORDER BY id LIMIT ?2";
    let rows: Vec<(i64, i64, String, String, String, String)> =
        query_as(select).bind(after).bind(limit).fetch_all(db).await?;
    rows.into_iter().map(posted).collect()
}

fn posted(
    (id, at_ms, reference, provider, kind, legs): (i64, i64, String, String, String, String),
) -> Result<Posted, StoreError> {
    let legs: Vec<(String, String, i64)> = parsed(&legs)?;
    let posting = |(account, currency, minor): (String, String, i64)| {
        Ok(Posting { account: named(account)?, amount: amount(minor, &currency)? })
    };
    let postings = legs.into_iter().map(posting).collect::<Result<_, StoreError>>()?;
    let reference = reference.parse().map_err(damaged)?;
    Ok(Posted { id, at_ms, transaction: Transaction { reference, provider, kind: named(kind)?, postings } })
}

/// The checks of the ledger: what each invariant forbids, as a query that finds it.
const CHECKS: [(&str, &str); 4] = [
    (
        "M1",
        "SELECT t.reference || ': a transaction of kind ' || t.kind || ' sums to ' || sum(p.value ->> 2) || ' '
             || (p.value ->> 1)
         FROM transactions t, json_each(t.postings) p GROUP BY t.id, p.value ->> 1 HAVING sum(p.value ->> 2) <> 0",
    ),
    (
        "M2",
        "SELECT coalesce(b.provider, f.provider) || ' ' || coalesce(b.account, f.account) || ': the cached balance is '
             || coalesce(b.minor, 0) || ', the postings sum to ' || coalesce(f.minor, 0)
         FROM balances b FULL JOIN
           (SELECT t.provider, p.value ->> 0 AS account, p.value ->> 1 AS currency, sum(p.value ->> 2) AS minor
            FROM transactions t, json_each(t.postings) p GROUP BY 1, 2, 3) f
           ON f.provider = b.provider AND f.account = b.account AND f.currency = b.currency
         WHERE coalesce(b.minor, 0) <> coalesce(f.minor, 0)",
    ),
    (
        "M3",
        "SELECT coalesce(u.reference, t.reference) || ': ' || count(t.id) FILTER (WHERE t.kind = 'hold')
             || ' holds and ' || count(t.id) FILTER (WHERE t.kind IN ('deliver', 'release', 'suspend')) || ' releases'
             || iif(u.id IS NULL, ' without an order', '')
         FROM transactions t FULL JOIN topups u ON u.reference = t.reference GROUP BY coalesce(u.reference, t.reference)
         HAVING u.id IS NULL OR count(t.id) FILTER (WHERE t.kind = 'hold') <> 1
             OR count(t.id) FILTER (WHERE t.kind IN ('deliver', 'release', 'suspend'))
                <> (json_extract(u.body, '$.state') <> 'held')",
    ),
    (
        "C1",
        "WITH orders AS (
           SELECT 'book' AS scope, CAST(book AS TEXT) AS owner, currency, day, exposed_minor FROM topups
           UNION ALL SELECT 'provider', provider, currency, day, exposed_minor FROM topups
           UNION ALL SELECT 'everything', '', currency, day, exposed_minor FROM topups
         ), cells AS (
           SELECT scope, owner, currency, day, minor AS cached, 0 AS folded FROM exposure
           UNION ALL SELECT scope, owner, currency, day, 0, exposed_minor FROM orders
           UNION ALL SELECT scope, owner, currency, -1, 0, exposed_minor FROM orders
         )
         SELECT trim(scope || ' ' || owner) || iif(day < 0, '', ', day ' || day) || ': the cached exposure is '
             || sum(cached) || ', the orders sum to ' || sum(folded) || ' ' || currency
         FROM cells GROUP BY scope, owner, currency, day HAVING sum(cached) <> sum(folded)",
    ),
];

pub(super) async fn verify(db: &SqlitePool) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    for (invariant, check) in CHECKS {
        let details: Vec<String> = query_scalar(check).fetch_all(db).await?;
        findings.extend(details.into_iter().map(|detail| Finding { invariant: invariant.to_owned(), detail }));
    }
    Ok(findings)
}

/// A unit variant by the name that its column keeps.
fn named<T: DeserializeOwned>(name: String) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(name))?)
}

fn amount(minor: i64, currency: &str) -> Result<Amount, StoreError> {
    Ok(Amount::from_minor(minor, currency.parse().map_err(damaged)?))
}

fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(error.to_string())
}
