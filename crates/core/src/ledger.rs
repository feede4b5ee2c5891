//! The double-entry ledger: what is posted, never where it is stored.
//!
//! Every transaction sums to zero per currency (M1), is append-only, and names the top-up that it is about.

use serde::{Deserialize, Serialize};

use crate::{
    money::Amount,
    mutant,
    topup::{Order, Receipt, TopUpRef},
};

/// An account of the chart; each exists once per provider and currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// The prepaid wallet at the provider, counted from zero when Ringback began.
    Float,
    /// Reserved for top-ups whose outcome is not settled.
    Held,
    /// What lines received.
    Delivered,
    /// What is claimed back and not yet decided.
    RefundDue,
    /// Money whose meaning only a person can settle.
    Suspense,
}

/// Why a transaction was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An intent reserves its amount.
    Hold,
    /// The provider delivered.
    Deliver,
    /// Settled as failed: the hold goes back.
    Release,
    /// An answer about something else: the hold goes to suspense (P11).
    Suspend,
    /// A success that came after the hold was released (P7).
    Late,
    /// The provider took a delivery back (P12).
    Reverse,
    /// A refund is claimed (R1).
    Claim,
    /// The network side confirmed a refund (M5).
    Refund,
    /// A claim ended without money.
    Unclaim,
    /// A person settled what was in suspense (P13).
    Settle,
}

/// One transaction of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The top-up that it is about.
    pub reference: TopUpRef,
    /// The provider whose accounts it moves.
    pub provider: String,
    /// Why it was posted.
    pub kind: Kind,
    /// The legs; they sum to zero per currency.
    pub postings: Vec<Posting>,
}

/// One leg of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// What it gains, or loses when negative.
    pub amount: Amount,
}

impl Transaction {
    /// Reserves what an order may cost.
    pub fn hold(order: &Order) -> Self {
        Self::moved(order, Kind::Hold, Account::Float, Account::Held, order.reserved())
    }

    /// Gives a settled failure's hold back.
    pub fn release(order: &Order) -> Self {
        let mut release = Self::moved(order, Kind::Release, Account::Held, Account::Float, order.reserved());
        if mutant!("a release gives back more than was held") {
            release.postings.truncate(1);
        }
        release
    }

    /// Sends a hold to suspense.
    pub fn suspend(order: &Order) -> Self {
        Self::moved(order, Kind::Suspend, Account::Held, Account::Suspense, order.reserved())
    }

    /// Posts a delivery out of an account that carries what was reserved: the hold, or suspense (P13).
    pub fn deliver(order: &Order, kind: Kind, from: Account, receipt: Receipt) -> Self {
        let unspent = order.reserved().minor() - receipt.debited.minor();
        let legs = [
            (from, order.reserved().negated()),
            (Account::Delivered, receipt.debited),
            (Account::Float, Amount::from_minor(unspent, order.reserved().currency())),
        ];
        Self::of(order, kind, &legs)
    }

    /// Posts a success that came after the hold was released, through suspense.
    pub fn late(order: &Order, receipt: Receipt) -> [Self; 2] {
        let debited = receipt.debited;
        [
            Self::moved(order, Kind::Late, Account::Float, Account::Suspense, debited),
            Self::moved(order, Kind::Late, Account::Suspense, Account::Delivered, debited),
        ]
    }

    /// Sends money to suspense whose order was settled otherwise before: as much as was reserved, of which an account
    /// already carries a part.
    pub fn doubted(order: &Order, from: Account, carried: Amount) -> Self {
        let rest = Amount::from_minor(carried.minor() - order.reserved().minor(), order.reserved().currency());
        let legs = [(from, carried.negated()), (Account::Float, rest), (Account::Suspense, order.reserved())];
        Self::of(order, Kind::Late, &legs)
    }

    /// Moves an amount from one account to another.
    pub fn moved(order: &Order, kind: Kind, from: Account, to: Account, amount: Amount) -> Self {
        Self::of(order, kind, &[(from, amount.negated()), (to, amount)])
    }

    /// Whether the legs sum to zero in every currency (M1).
    pub fn is_balanced(&self) -> bool {
        self.postings.iter().all(|leg| {
            let same = self.postings.iter().filter(|other| other.amount.currency() == leg.amount.currency());
            same.map(|other| i128::from(other.amount.minor())).sum::<i128>() == 0
        })
    }

    fn of(order: &Order, kind: Kind, legs: &[(Account, Amount)]) -> Self {
        let moving = legs.iter().filter(|(_, amount)| !amount.is_zero());
        Self {
            reference: order.reference.clone(),
            provider: order.provider.clone(),
            kind,
            postings: moving.map(|&(account, amount)| Posting { account, amount }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m1_every_kind_of_transaction_sums_to_zero() {
        let cny = |text: &str| -> Amount { format!("{text} CNY").parse().unwrap() };
        let order = Order {
            reference: TopUpRef::from_random(7),
            msisdn: "+8613800138000".parse().unwrap(),
            provider: "p".into(),
            product: "1".into(),
            asked: cny("10"),
            max_fee: None,
        };
        let receipt = Receipt { debited: cny("9.50"), delivered: cny("9") };
        let [first, second] = Transaction::late(&order, receipt);
        let deliver = Transaction::deliver(&order, Kind::Deliver, Account::Held, receipt);
        assert_eq!(deliver.postings.len(), 3);
        for transaction in [
            Transaction::hold(&order),
            Transaction::release(&order),
            Transaction::suspend(&order),
            deliver,
            first,
            second,
        ] {
            assert!(transaction.is_balanced(), "{transaction:?}");
        }
        let mut wrong = Transaction::hold(&order);
        wrong.postings.pop();
        assert!(!wrong.is_balanced());
    }
}
