//! The limits, counted again from the ledger alone (C1, C2).

use std::collections::BTreeMap;

use ringback_core::{TopUpRef, ledger::Kind, recovery::TopUp};

use super::{
    books::{Books, is_adopted},
    town::Limits,
};

/// What a limit applies to; the two of the book have no owner.
type Scope = (&'static str, i64, u32);

/// Orders that were committed although a limit was passed with them. `days` is how many days the clock was ever shown:
/// so often the day's limit was open at most, wherever the clock was set in between (C3).
pub(crate) fn passed(books: &Books, limits: Limits, days: i64) -> Vec<String> {
    let topups: BTreeMap<&TopUpRef, &TopUp> =
        books.topups.iter().map(|topup| (&topup.order.reference, topup)).collect();
    let mut exposed: BTreeMap<Scope, i64> = BTreeMap::new();
    let mut over = Vec::new();
    for transaction in books.posted.iter().map(|posted| &posted.transaction) {
        let Some(topup) = topups.get(&transaction.reference) else { continue };
        let reserved = topup.order.reserved().minor();
        let gained = match transaction.kind {
            Kind::Hold => reserved,
            Kind::Release => -reserved,
            // The carrier debits what was asked; nothing else gives room back (C2).
            _ => 0,
        };
        for (scope, limit) in scopes(topup, limits, days) {
            let exposed = exposed.entry(scope).or_default();
            *exposed += gained;
            // The money of an order that was lost is gone already (S3).
            if transaction.kind == Kind::Hold && !is_adopted(topup) && *exposed > limit * 100 {
                over.push(format!(
                    "{}: {} stands at {exposed}, its limit is {limit} yuan",
                    transaction.reference, scope.0
                ));
            }
        }
    }
    over
}

fn scopes(topup: &TopUp, limits: Limits, days: i64) -> [(Scope, i64); 4] {
    let number = topup.order.msisdn.number();
    [
        (("the recovery", number, topup.recovery), limits.recovery),
        (("the line", number, 0), limits.line),
        (("the day", 0, 0), limits.day.saturating_mul(days)),
        (("the book", 0, 0), limits.book),
    ]
}

#[cfg(test)]
mod tests {
    use ringback_core::ledger::Transaction;

    use super::*;
    use crate::campaign::books::tests::{books, paid};

    const WIDE: Limits = Limits { recovery: 1_000, line: 1_000, day: 1_000, book: 1_000 };

    #[test]
    fn each_limit_is_seen_to_be_passed_by_one_yuan_and_by_no_less() {
        let books = books(&[paid("A", 1, 10), paid("B", 1, 20), paid("C", 2, 25)]);
        let tight = [
            Limits { recovery: 30, ..WIDE },
            Limits { line: 55, ..WIDE },
            Limits { day: 55, ..WIDE },
            Limits { book: 55, ..WIDE },
        ];
        let less = |l: Limits| [l.recovery, l.line, l.day, l.book].map(|x| if x == 1_000 { x } else { x - 1 });
        for limits in tight {
            assert_eq!(passed(&books, limits, 1), Vec::<String>::new());
            let [recovery, line, day, book] = less(limits);
            assert_eq!(passed(&books, Limits { recovery, line, day, book }, 1).len(), 1, "{limits:?}");
        }
    }

    #[test]
    fn what_is_released_gives_room_and_a_new_day_does() {
        let mut books = books(&[paid("A", 1, 40), paid("B", 1, 40)]);
        assert_eq!(passed(&books, Limits { day: 40, ..WIDE }, 1).len(), 1);
        assert_eq!(passed(&books, Limits { day: 40, ..WIDE }, 2).len(), 0);
        let released = Transaction::release(&books.topups[0].order);
        books.posted[1].transaction = released;
        assert_eq!(passed(&books, Limits { day: 40, ..WIDE }, 1).len(), 0);
    }

    #[test]
    fn what_was_lost_may_pass_a_limit_and_leaves_no_room() {
        let mut books = books(&[paid("A", 1, 40), paid("B", 1, 1)]);
        let day = Limits { day: 30, ..WIDE };
        assert_eq!(passed(&books, day, 1).len(), 2);
        books.topups[0].order.product = String::new();
        assert_eq!(passed(&books, day, 1).len(), 1, "only what was ordered after it");
    }
}
