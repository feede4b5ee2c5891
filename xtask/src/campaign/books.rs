//! The two books side by side: the binary's ledger, and what the carrier itself says it credited (M4).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use ringback_core::{
    Amount, Msisdn, TopUpRef,
    ledger::{Account, Kind},
    line::Aim,
    recovery::{TopUp, TopUpState},
};
use ringback_store::{Posted, Sqlite, Store as _};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{caps, town::Town};

/// Transactions read at a time.
const PAGE: u32 = 2_000;

/// What the comparison found; every entry is one sentence about one reference.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Top-ups that the carrier credited.
    pub(crate) payments: usize,
    /// Money on which the two books differ, or that is unsettled although all is at rest.
    pub(crate) lost: Vec<String>,
    /// Credited twice: per reference, or per rung that was meant; or two orders unsettled at once (P3).
    pub(crate) doubled: Vec<String>,
    /// Committed although it passed a limit (C1).
    pub(crate) over_cap: Vec<String>,
}

/// The binary's books.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) topups: Vec<TopUp>,
    pub(crate) posted: Vec<Posted>,
}

/// A row of the carrier's books.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    reference: String,
    msisdn: Msisdn,
    requested: Amount,
    delivered: Amount,
    credits: u64,
    refunded_minor: i64,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.over_cap.is_empty()
    }

    /// Adds what was found elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.payments += other.payments;
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.over_cap.extend(other.over_cap);
    }
}

/// Reads both books of a town at rest and compares them; `days` is how many days its clock was ever shown.
pub(crate) fn compare(town: &Town, days: i64) -> Result<Verdict> {
    let ours = Runtime::new()?.block_on(Books::read(&town.database()))?;
    let theirs = town.carrier().get("statement")?;
    let theirs = theirs.as_array().context("the carrier has no statement")?;
    let theirs: Vec<Row> = theirs.iter().map(Row::read).collect::<Result<_>>()?;
    let mut verdict = judge(&ours, &theirs);
    verdict.over_cap = caps::passed(&ours, town.limits(), days);
    // The binary's own check has to agree that all is well.
    if let Err(error) = town.ringback(&["ledger", "--verify"], &[0]) {
        verdict.lost.push(format!("{error:#}"));
    }
    Ok(verdict)
}

/// Compares the books, reference by reference.
fn judge(ours: &Books, theirs: &[Row]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut rows: BTreeMap<&str, &Row> = theirs.iter().map(|row| (row.reference.as_str(), row)).collect();
    for topup in &ours.topups {
        let row = rows.remove(topup.order.reference.as_str());
        verdict.lost.extend(differs(topup, row));
    }
    let unknown = rows.values().filter(|row| row.credits > 0);
    verdict
        .lost
        .extend(unknown.map(|row| format!("{}: the carrier credited it, the ledger has it not", row.reference)));
    verdict.lost.extend(ours.refunds_differ(theirs));
    verdict.payments = theirs.iter().filter(|row| row.credits > 0).count();
    let twice = theirs.iter().filter(|row| row.credits > 1);
    verdict.doubled.extend(twice.map(|row| format!("{}: credited {} times", row.reference, row.credits)));
    verdict.doubled.extend(ours.rungs_paid_twice());
    verdict.doubled.extend(ours.unsettled_twice());
    verdict
}

/// How a top-up differs from the carrier's row of its reference, all being at rest.
fn differs(topup: &TopUp, row: Option<&Row>) -> Option<String> {
    let order = &topup.order;
    let credited = row.filter(|row| row.credits > 0);
    let same = match (topup.state, credited) {
        (TopUpState::Delivered(receipt), Some(row)) => {
            row.msisdn == order.msisdn
                && row.requested == order.asked
                && row.requested == receipt.debited
                && row.delivered == receipt.delivered
        }
        (TopUpState::Failed(_) | TopUpState::Withheld, None) => true,
        _ => false,
    };
    (!same).then(|| format!("{}: the ledger says {:?}, the carrier says {credited:?}", order.reference, topup.state))
}

impl Books {
    async fn read(database: &std::path::Path) -> Result<Self> {
        let store = Sqlite::open(database).await?;
        let mut books = Self { topups: store.topups_since("sandbox", i64::MIN).await?, posted: Vec::new() };
        loop {
            let after = books.posted.last().map_or(0, |posted| posted.id);
            let page = store.statement(after, PAGE).await?;
            if page.is_empty() {
                return Ok(books);
            }
            books.posted.extend(page);
        }
    }

    /// References that were delivered after they had been settled as failed: the carrier had called them failed. Their
    /// rung was rightly paid again, and they may pass a limit (P7).
    pub(crate) fn late(&self) -> BTreeSet<&TopUpRef> {
        let late = self.posted.iter().filter(|posted| posted.transaction.kind == Kind::Late);
        late.map(|posted| &posted.transaction.reference).collect()
    }

    /// Orders for what an earlier order of the same recovery had delivered in full.
    fn rungs_paid_twice(&self) -> Vec<String> {
        let late = self.late();
        let mut paid: BTreeMap<(i64, u32, String), &TopUpRef> = BTreeMap::new();
        let mut twice = Vec::new();
        for topup in self.topups.iter().filter(|topup| !late.contains(&topup.order.reference)) {
            let TopUpState::Delivered(receipt) = topup.state else { continue };
            let aim = (topup.order.msisdn.number(), topup.recovery, rung(topup.aim));
            if let Some(first) = paid.get(&aim) {
                twice.push(format!("{}: pays {} again, which {first} had paid", topup.order.reference, aim.2));
            } else if receipt.delivered == topup.order.asked {
                paid.insert(aim, &topup.order.reference);
            }
        }
        twice
    }

    /// Orders that were committed while another one of the same number was unsettled (P3).
    fn unsettled_twice(&self) -> Vec<String> {
        let numbers: BTreeMap<&TopUpRef, Msisdn> =
            self.topups.iter().map(|topup| (&topup.order.reference, topup.order.msisdn)).collect();
        let mut held: BTreeMap<Msisdn, &TopUpRef> = BTreeMap::new();
        let mut twice = Vec::new();
        for transaction in self.posted.iter().map(|posted| &posted.transaction) {
            let Some(number) = numbers.get(&transaction.reference) else { continue };
            match transaction.kind {
                Kind::Hold => {
                    let first = held.insert(*number, &transaction.reference);
                    twice.extend(first.map(|first| format!("{}: {first} was unsettled", transaction.reference)));
                }
                Kind::Deliver | Kind::Release | Kind::Suspend => drop(held.remove(number)),
                _ => {}
            }
        }
        twice
    }

    /// Refunds that are posted and were not paid, or the other way round (M5).
    fn refunds_differ(&self, theirs: &[Row]) -> Vec<String> {
        let mut refunds: BTreeMap<&str, i64> =
            theirs.iter().map(|row| (row.reference.as_str(), row.refunded_minor)).collect();
        for posted in self.posted.iter().filter(|posted| posted.transaction.kind == Kind::Refund) {
            let back = posted.transaction.postings.iter().filter(|leg| leg.account == Account::Float);
            let minor: i64 = back.map(|leg| leg.amount.minor()).sum();
            *refunds.entry(posted.transaction.reference.as_str()).or_default() -= minor;
        }
        let differ = refunds.into_iter().filter(|(_, minor)| *minor != 0);
        differ.map(|(reference, minor)| format!("{reference}: refunds differ by {minor} minor units")).collect()
    }
}

/// What an order was meant to pay.
fn rung(aim: Aim) -> String {
    match aim {
        Aim::Probe => "the probe".into(),
        Aim::Rung { plan, .. } => format!("the plan of {plan}"),
        Aim::Set(_) => "the set amount".into(),
    }
}

impl Row {
    fn read(row: &Value) -> Result<Self> {
        let text = |key: &str| row[key].as_str().with_context(|| format!("{row}: no `{key}`"));
        Ok(Self {
            reference: text("reference")?.to_owned(),
            msisdn: text("msisdn")?.parse()?,
            requested: text("requested")?.parse()?,
            delivered: text("delivered")?.parse()?,
            credits: row["credits"].as_u64().context("no `credits`")?,
            refunded_minor: row["refunded_minor"].as_i64().context("no `refunded_minor`")?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
