//! The two books side by side: the binary's ledger, and what the carrier itself says it credited (M4).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use ringback_core::{
    Amount, Msisdn, TopUpRef,
    ledger::{Account, Kind},
    line::Aim,
    recovery::{TopUp, TopUpState},
};
use ringback_store::{Posted, Sqlite, Store as _};
use serde_json::{Value, json};
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
    /// References whose refund a backup that was put back had lost.
    pub(crate) refunds_lost: BTreeSet<String>,
}

/// A row of the carrier's books.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) reference: String,
    pub(crate) msisdn: Msisdn,
    requested: Amount,
    pub(crate) delivered: Amount,
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

/// Reads both books of a town at rest and compares them; `days` is how many days its clock was ever shown, and
/// `refunds_lost` is what no statement tells a ledger of.
pub(crate) fn compare(town: &Town, days: i64, refunds_lost: &BTreeSet<String>) -> Result<Verdict> {
    let ours = Books { refunds_lost: refunds_lost.clone(), ..Books::of(town)? };
    let mut verdict = judge(&ours, &Row::all(town)?);
    verdict.over_cap = caps::passed(&ours, town.limits(), days);
    // The binary's own check has to agree that all is well.
    if let Err(error) = verify(town, ours.in_suspense().count()) {
        verdict.lost.push(format!("{error:#}"));
    }
    Ok(verdict)
}

/// `ledger --verify` may find what stands in suspense, and nothing else.
fn verify(town: &Town, suspense: usize) -> Result<()> {
    let done = town.ringback(&["ledger", "--verify"], if suspense == 0 { &[0] } else { &[4] })?;
    let said: Value = serde_json::from_slice(&done.stdout)?;
    let differences = said["differences"].as_array().context("it names no differences")?;
    let are_of_suspense = differences.iter().all(|d| d["detail"].as_str().is_some_and(|d| d.contains("in suspense")));
    let is_sound = said["findings"] == json!([]) && said["unread"] == json!([]) && are_of_suspense;
    ensure!(is_sound && differences.len() == suspense, "{suspense} are in suspense; `ledger --verify` says {said}");
    Ok(())
}

/// Whether the ledger had lost this order and took it over from the statement, which names no product (S3).
pub(crate) fn is_adopted(topup: &TopUp) -> bool {
    topup.order.product.is_empty()
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
        (TopUpState::Suspense, Some(row)) if is_adopted(topup) => {
            row.msisdn == order.msisdn && row.requested == order.asked
        }
        (TopUpState::Failed(_) | TopUpState::Withheld, None) => true,
        _ => false,
    };
    (!same).then(|| format!("{}: the ledger says {:?}, the carrier says {credited:?}", order.reference, topup.state))
}

impl Books {
    /// Of a town whose engine does not run.
    pub(crate) fn of(town: &Town) -> Result<Self> {
        Runtime::new()?.block_on(Self::read(&town.database()))
    }

    async fn read(database: &std::path::Path) -> Result<Self> {
        let store = Sqlite::open(database).await?;
        let mut books = Self { topups: store.topups_since("sandbox", i64::MIN).await?, ..Self::default() };
        loop {
            let after = books.posted.last().map_or(0, |posted| posted.id);
            let page = store.statement(after, PAGE).await?;
            if page.is_empty() {
                return Ok(books);
            }
            books.posted.extend(page);
        }
    }

    /// The orders that the ledger had lost and that wait for a person.
    pub(crate) fn in_suspense(&self) -> impl Iterator<Item = &TopUp> {
        self.topups.iter().filter(|topup| is_adopted(topup) && topup.state == TopUpState::Suspense)
    }

    /// The payments among these that are not in the ledger.
    pub(crate) fn unknown(&self, theirs: Vec<Row>) -> Vec<Row> {
        let known: BTreeSet<&str> = self.topups.iter().map(|topup| topup.order.reference.as_str()).collect();
        theirs.into_iter().filter(|row| row.credits > 0 && !known.contains(row.reference.as_str())).collect()
    }

    /// Whether each payment that the ledger had lost was found (M4), before anything that was committed after the
    /// transaction `after` ordered something else for its number (S3).
    pub(crate) fn adopted(&self, lost: &[Row], after: i64) -> Verdict {
        let mut verdict = Verdict::default();
        let topups = self.by_reference();
        let holds = self.posted.iter().filter(|posted| posted.id > after && posted.transaction.kind == Kind::Hold);
        let holds: Vec<(i64, &TopUp)> =
            holds.filter_map(|posted| Some((posted.id, *topups.get(&posted.transaction.reference)?))).collect();
        for row in lost {
            let found = holds.iter().find(|(_, topup)| topup.order.reference.as_str() == row.reference);
            let Some((found_id, _)) = found else {
                verdict.lost.push(format!("{}: the ledger had lost it, and did not find it", row.reference));
                continue;
            };
            let before = holds
                .iter()
                .filter(|(id, topup)| id < found_id && topup.order.msisdn == row.msisdn && !is_adopted(topup));
            verdict
                .doubled
                .extend(before.map(|(_, topup)| {
                    format!("{}: ordered before {} was found", topup.order.reference, row.reference)
                }));
        }
        verdict
    }

    fn by_reference(&self) -> BTreeMap<&TopUpRef, &TopUp> {
        self.topups.iter().map(|topup| (&topup.order.reference, topup)).collect()
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
        // What an order was meant for is lost with it.
        let told = self.topups.iter().filter(|topup| !late.contains(&topup.order.reference) && !is_adopted(topup));
        for topup in told {
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

    /// Orders that were committed while another one of the same number was unsettled, or was in suspense since the
    /// ledger had lost it (P3).
    fn unsettled_twice(&self) -> Vec<String> {
        let topups = self.by_reference();
        let mut unsettled: BTreeMap<Msisdn, BTreeSet<&TopUpRef>> = BTreeMap::new();
        let mut twice = Vec::new();
        for transaction in self.posted.iter().map(|posted| &posted.transaction) {
            let Some(topup) = topups.get(&transaction.reference) else { continue };
            let (reference, adopted) = (&transaction.reference, is_adopted(topup));
            let unsettled = unsettled.entry(topup.order.msisdn).or_default();
            match transaction.kind {
                Kind::Hold => {
                    // What is found was ordered long before.
                    let first = unsettled.first().filter(|_| !adopted);
                    twice.extend(first.map(|first| format!("{reference}: {first} was unsettled")));
                    unsettled.insert(reference);
                }
                Kind::Suspend if adopted => {}
                Kind::Deliver | Kind::Release | Kind::Suspend | Kind::Settle => drop(unsettled.remove(reference)),
                _ => {}
            }
        }
        twice
    }

    /// Refunds that are posted and were not paid, or the other way round (M5), save those that a backup had lost.
    fn refunds_differ(&self, theirs: &[Row]) -> Vec<String> {
        let refunds = self.refunds(theirs).into_iter();
        let differ =
            refunds.filter(|(reference, minor)| *minor != 0 && !(*minor > 0 && self.refunds_lost.contains(*reference)));
        differ.map(|(reference, minor)| format!("{reference}: refunds differ by {minor} minor units")).collect()
    }

    /// The references whose refund is not posted.
    pub(crate) fn refunds_unknown(&self, theirs: &[Row]) -> Vec<String> {
        let refunds = self.refunds(theirs).into_iter();
        refunds.filter(|(_, minor)| *minor > 0).map(|(reference, _)| reference.to_owned()).collect()
    }

    /// What was paid back beyond what is posted, by reference, in minor units.
    fn refunds<'a>(&'a self, theirs: &'a [Row]) -> BTreeMap<&'a str, i64> {
        let mut refunds: BTreeMap<&str, i64> =
            theirs.iter().map(|row| (row.reference.as_str(), row.refunded_minor)).collect();
        for posted in self.posted.iter().filter(|posted| posted.transaction.kind == Kind::Refund) {
            let back = posted.transaction.postings.iter().filter(|leg| leg.account == Account::Float);
            let minor: i64 = back.map(|leg| leg.amount.minor()).sum();
            *refunds.entry(posted.transaction.reference.as_str()).or_default() -= minor;
        }
        refunds
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
    /// The carrier's own books.
    pub(crate) fn all(town: &Town) -> Result<Vec<Self>> {
        let rows = town.carrier().get("statement")?;
        rows.as_array().context("the carrier has no statement")?.iter().map(Self::read).collect()
    }

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
