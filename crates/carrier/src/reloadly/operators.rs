//! The operators, and what they sell.

use ringback_core::{Amount, Carrier, Currency};
use serde_json::{Value, json};

const OPERATORS: [Operator; 6] = [
    Operator { id: 1, name: "China Mobile", currency: "CNY", sold: Sold::Range(1, 500) },
    Operator { id: 2, name: "China Unicom", currency: "CNY", sold: Sold::Range(1, 500) },
    Operator { id: 3, name: "China Telecom", currency: "CNY", sold: Sold::Range(1, 500) },
    Operator { id: 4, name: "China Broadnet", currency: "CNY", sold: Sold::Range(1, 500) },
    Operator { id: 5, name: "Nordfunk", currency: "EUR", sold: Sold::Fixed(&[5, 10, 15, 20, 30, 50]) },
    Operator { id: 6, name: "Savanna Mobile", currency: "KES", sold: Sold::Fixed(&[10, 50, 100, 250, 500, 1000]) },
];

pub(super) struct Operator {
    pub(super) id: u64,
    name: &'static str,
    currency: &'static str,
    sold: Sold,
}

/// What an operator sells, in whole units.
enum Sold {
    Range(i64, i64),
    Fixed(&'static [i64]),
}

/// The operator with an id.
pub(super) fn with(id: u64) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.id == id)
}

/// The operator that serves a carrier's lines.
pub(super) fn of(carrier: &Carrier) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.name == carrier.name())
}

impl Operator {
    /// As Reloadly writes an operator; the wallet is in `float`.
    pub(super) fn describe(&self, float: Currency) -> Value {
        let (kind, fixed, range) = match self.sold {
            Sold::Range(min, max) => ("RANGE", Vec::new(), Some((min, max))),
            Sold::Fixed(amounts) => ("FIXED", amounts.to_vec(), None),
        };
        json!({
            "operatorId": self.id, "name": self.name, "bundle": false, "data": false,
            "denominationType": kind, "supportsLocalAmounts": false,
            "senderCurrencyCode": float, "destinationCurrencyCode": self.currency,
            "fixedAmounts": fixed, "minAmount": range.map(|r| r.0), "maxAmount": range.map(|r| r.1),
            "localFixedAmounts": [], "geographicalRechargePlans": [], "status": "ACTIVE",
        })
    }

    pub(super) fn sells(&self, asked: Amount) -> bool {
        let unit = 10_i64.pow(u32::from(asked.currency().minor_digits()));
        match self.sold {
            Sold::Range(min, max) => (min * unit..=max * unit).contains(&asked.minor()),
            Sold::Fixed(amounts) => amounts.iter().any(|amount| amount * unit == asked.minor()),
        }
    }
}
