//! The fence (S3): an installation that was restored or copied spends nothing until it is reconciled.
//!
//! What was paid after the backup stands in no books but the provider's. So a fence opens once the statement of every
//! provider was compared and brought nothing that the ledger does not know, no earlier than an order of before could
//! still be missing there. What the ledger does not know goes to suspense against its line, never silently adjusted
//! (M4): there it keeps the number from new orders until a person settles it (P3, P13), and every other line goes on.

use std::collections::BTreeSet;

use crate::{
    money::Amount,
    msisdn::Msisdn,
    mutant,
    topup::{Order, Outcome, Reply, TopUpRef},
};

/// How far the provider's clock may be from this one.
const SKEW_MS: i64 = 86_400_000;

/// A fence that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    since_ms: i64,
    final_after_ms: u64,
    missing: BTreeSet<String>,
}

impl Fence {
    /// A fence until these providers are reconciled. What was paid since `since_ms` (wall clock) may be missing in the
    /// ledger; an order may come to stand in a statement `final_after_ms` of uptime after it was sent (P5, L6).
    pub fn new(since_ms: i64, final_after_ms: u64, providers: impl IntoIterator<Item = String>) -> Self {
        Self { since_ms, final_after_ms, missing: providers.into_iter().collect() }
    }

    /// From when on statements are compared, in milliseconds of the wall clock.
    pub fn compare_from_ms(&self) -> i64 {
        self.since_ms.saturating_sub(SKEW_MS)
    }

    /// A statement was compared that was asked for at this uptime; `lost` says whether it had what the ledger did not
    /// know. Returns the uptime at which it has to be asked for again; a replay says the same.
    pub fn compared(&mut self, provider: &str, asked_ms: u64, lost: bool) -> Option<u64> {
        let early = asked_ms < self.final_after_ms && !mutant!("a fence opens while an order may be on its way");
        if lost || early {
            return Some(self.final_after_ms.max(asked_ms));
        }
        self.missing.remove(provider);
        None
    }

    /// Whether it may be opened.
    pub fn is_over(&self) -> bool {
        self.missing.is_empty()
    }

    /// The providers whose statements are still to be compared.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().map(String::as_str)
    }
}

/// The order behind a booking that the ledger does not know, where this installation made it: before it was restored, or
/// as a copy of itself. None for another hand's booking, for one that moved no money and will not, and for one that does
/// not say how much.
pub fn lost(provider: &str, msisdn: Msisdn, reference: &str, reply: &Reply) -> Option<Order> {
    let reference = TopUpRef::drawn(reference).filter(|_| !mutant!("a lost booking is left out"))?;
    let (asked, debited) = match (&reply.outcome, reply.echo.asked) {
        (Outcome::Delivered(receipt), asked) => (asked.unwrap_or(receipt.debited), receipt.debited),
        (Outcome::Pending | Outcome::Unknown(_), Some(asked)) => (asked, asked),
        _ => return None,
    };
    // A fee was reserved with the order, or is reserved now: what is held covers what was debited.
    let max_fee: Option<Amount> = debited.minus(asked).ok().filter(|fee| fee.minor() > 0);
    let fits = asked.minor() >= 0 && asked.currency() == debited.currency();
    fits.then(|| Order { reference, msisdn, provider: provider.to_owned(), product: String::new(), asked, max_fee })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        recovery::tests::script::cny,
        topup::{Echo, Receipt, Refusal},
    };

    const HOUR_MS: u64 = 3_600_000;

    fn fence() -> Fence {
        Fence::new(10 * SKEW_MS, HOUR_MS, ["a".to_owned(), "b".to_owned()])
    }

    #[test]
    fn s3_a_fence_opens_once_every_provider_was_compared_late_enough() {
        let mut fence = fence();
        assert_eq!((fence.compare_from_ms(), fence.is_over()), (9 * SKEW_MS, false));
        assert_eq!(fence.compared("a", HOUR_MS - 1, false), Some(HOUR_MS), "an order may still be on its way");
        assert_eq!(fence.compared("a", HOUR_MS, false), None);
        assert_eq!(fence.compared("a", HOUR_MS, false), None, "twice is once");
        assert!(!fence.is_over());
        assert_eq!(fence.missing().collect::<Vec<_>>(), ["b"]);
        assert_eq!(fence.compared("b", HOUR_MS + 1, false), None);
        assert!(fence.is_over());
    }

    #[test]
    fn s3_m4_a_statement_with_lost_bookings_is_compared_again() {
        let mut fence = Fence::new(0, HOUR_MS, ["a".to_owned()]);
        assert_eq!(fence.compared("a", 2 * HOUR_MS, true), Some(2 * HOUR_MS));
        assert!(!fence.is_over());
        assert_eq!(fence.compared("a", 2 * HOUR_MS + 1, false), None);
        assert!(fence.is_over());
    }

    fn of(reference: &str, outcome: Outcome, asked: Option<Amount>) -> Option<Order> {
        let echo = Echo { asked, ..Echo::default() };
        lost("p", "+8613800138000".parse().unwrap(), reference, &Reply { echo, outcome })
    }

    #[test]
    fn s3_a_lost_order_is_known_by_its_reference_and_by_money_that_moves() {
        let drawn = TopUpRef::from_random(u128::MAX).to_string();
        let delivered = |yuan| Outcome::Delivered(Receipt { debited: cny(yuan), delivered: cny(8) });
        let order = of(&drawn, delivered(9), Some(cny(8))).unwrap();
        assert_eq!((order.reference.as_str(), order.asked, order.reserved()), (&drawn[..], cny(8), cny(9)));
        assert_eq!(of(&drawn, delivered(7), None).unwrap().reserved(), cny(7));
        for outcome in [Outcome::Pending, Outcome::Unknown("?".into())] {
            assert_eq!(of(&drawn, outcome.clone(), Some(cny(8))).unwrap().reserved(), cny(8));
            assert_eq!(of(&drawn, outcome, None), None);
        }
        for outcome in [Outcome::NotFound, Outcome::Refused(Refusal::TooSoon), Outcome::Reversed(receipt())] {
            assert_eq!(of(&drawn, outcome, Some(cny(8))), None);
        }
    }

    fn receipt() -> Receipt {
        Receipt { debited: cny(8), delivered: cny(8) }
    }

    #[test]
    fn s3_another_hands_booking_is_no_lost_order() {
        let drawn = TopUpRef::from_random(u128::MAX).to_string();
        let (short, letters) = (&drawn[1..], drawn.replace('Z', "U"));
        for foreign in ["", "INVOICE 7", short, &letters, &drawn.to_lowercase(), &format!("{drawn}0")] {
            assert_eq!(of(foreign, Outcome::Delivered(receipt()), None), None, "{foreign}");
        }
        let euros: Amount = "8 EUR".parse().unwrap();
        assert_eq!(of(&drawn, Outcome::Delivered(receipt()), Some(euros)), None, "currencies never mix");
    }
}
