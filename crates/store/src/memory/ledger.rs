//! Reading the ledger, the orders and the claims.

use ringback_core::{Amount, Claim, TopUpRef, recovery::TopUp};

use super::tables::Tables;
use crate::{Balance, ClaimFilter, Posted};

impl Tables {
    pub(super) fn topups_of(&self, references: &[TopUpRef]) -> Vec<TopUp> {
        let rows = self.topups.iter().filter(|row| references.contains(&row.topup.order.reference));
        rows.map(|row| row.topup.clone()).collect()
    }

    pub(super) fn topups_since(&self, provider: &str, since_ms: i64) -> Vec<TopUp> {
        let rows = self.topups.iter().filter(|row| row.topup.order.provider == provider && row.at_ms >= since_ms);
        rows.map(|row| row.topup.clone()).collect()
    }

    pub(super) fn claims_of(&self, which: &ClaimFilter) -> Vec<Claim> {
        let open = |claim: &Claim, books: &[_]| {
            claim.is_open() && self.line(claim.line).is_some_and(|line| books.contains(&line.book))
        };
        let wanted = |claim: &&Claim| match which {
            ClaimFilter::All => true,
            ClaimFilter::Open(books) => open(claim, books),
            ClaimFilter::Of(reference) => claim.reference == *reference,
        };
        self.claims.values().filter(wanted).cloned().collect()
    }

    pub(super) fn all_balances(&self) -> Vec<Balance> {
        let mut balances: Vec<_> = self.balances.iter().collect();
        balances.sort_unstable_by_key(|((provider, currency, account), _)| {
            (&self.providers[*provider], *currency, *account)
        });
        let balance = |((provider, currency, account), minor): &(super::tables::Place, i64)| Balance {
            provider: self.providers[*provider].clone(),
            account: *account,
            amount: Amount::from_minor(*minor, *currency),
        };
        balances.into_iter().map(balance).collect()
    }

    pub(super) fn posted_after(&self, after: i64, limit: u32) -> Vec<Posted> {
        let first = usize::try_from(after).unwrap_or(0).min(self.posted.len());
        self.posted[first..].iter().take(limit as usize).cloned().collect()
    }
}
