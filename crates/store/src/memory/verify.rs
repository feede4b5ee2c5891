//! The checks of the ledger: M1, M2, M3, and the cached exposure that C1 is decided by.

use std::collections::BTreeMap;

use ringback_core::{
    TopUpRef,
    ledger::{Kind, Transaction},
    recovery::TopUpState,
};

use super::tables::{Kept, Key, Place, Row, Tables};
use crate::{Finding, exposure::LIFETIME};

impl Tables {
    pub(super) fn verify(&self) -> Vec<Finding> {
        let unbalanced = self.posted.iter().filter(|posted| !posted.transaction.is_balanced());
        let m1 = unbalanced.map(|posted| finding("M1", format!("transaction {} is not balanced", posted.id)));
        m1.chain(self.verify_balances()).chain(self.verify_holds()).chain(self.verify_exposure()).collect()
    }

    fn verify_balances(&self) -> Vec<Finding> {
        let mut folds: Vec<(Place, i64)> = self.balances.iter().map(|(place, _)| (*place, 0)).collect();
        for transaction in self.transactions() {
            let provider = self.known_provider(&transaction.provider);
            for leg in &transaction.postings {
                let of = |(p, c, a): &Place| Some(*p) == provider && (*c, *a) == (leg.amount.currency(), leg.account);
                match folds.iter_mut().find(|(place, _)| of(place)) {
                    Some((_, minor)) => *minor += leg.amount.minor(),
                    None => return vec![finding("M2", format!("{:?} has no balance", leg.account))],
                }
            }
        }
        let differ = self.balances.iter().zip(&folds).filter(|(cached, folded)| cached.1 != folded.1);
        differ.map(|(cached, folded)| finding("M2", format!("{cached:?} is cached, {folded:?} is posted"))).collect()
    }

    fn verify_holds(&self) -> Vec<Finding> {
        let mut counts: Vec<(u32, u32)> = vec![(0, 0); self.topups.len()];
        for transaction in self.transactions() {
            let Some(place) = self.by_reference.get(&transaction.reference) else {
                return vec![finding("M3", format!("{}: postings without an order", transaction.reference))];
            };
            match transaction.kind {
                Kind::Hold => counts[*place].0 += 1,
                Kind::Deliver | Kind::Release | Kind::Suspend => counts[*place].1 += 1,
                _ => {}
            }
        }
        let wrong = |(row, counts): &(&Row, (u32, u32))| *counts != (1, u32::from(row.topup.state != TopUpState::Held));
        let found = self.topups.iter().zip(counts).filter(wrong);
        found.map(|(row, counts)| holds(&row.topup.order.reference, counts)).collect()
    }

    fn verify_exposure(&self) -> Vec<Finding> {
        let mut folds: BTreeMap<Key, i64> = BTreeMap::new();
        for row in &self.topups {
            let order = &row.topup.order;
            let provider = self.known_provider(&order.provider).map(Kept::Provider);
            for owner in [Some(Kept::Book(row.book)), provider, Some(Kept::Everything)].into_iter().flatten() {
                for day in [LIFETIME, row.day] {
                    let key = Key { day, owner, currency: order.asked.currency() };
                    *folds.entry(key).or_default() += row.topup.state.exposed_minor(order);
                }
            }
        }
        let cached = |key: &Key| self.exposure.get(key).copied().unwrap_or(0);
        let wrong = folds.iter().filter(|(key, minor)| cached(key) != **minor);
        let left = self.exposure.iter().filter(|(key, minor)| **minor != 0 && !folds.contains_key(key));
        let differs = |(key, minor): (&Key, &i64)| finding("C1", format!("{key:?}: cached {}, {minor}", cached(key)));
        wrong.chain(left).map(differs).collect()
    }

    fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.posted.iter().map(|posted| &posted.transaction)
    }
}

fn holds(reference: &TopUpRef, (holds, releases): (u32, u32)) -> Finding {
    finding("M3", format!("{reference}: {holds} holds and {releases} releases"))
}

fn finding(invariant: &str, detail: String) -> Finding {
    Finding { invariant: invariant.to_owned(), detail }
}
