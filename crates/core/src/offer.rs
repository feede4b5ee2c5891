//! What can be paid for a line: its carrier, the carrier's plan amounts, the provider's denominations.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{Amount, Currency};

/// A carrier's name, normalised so that aliases meet: 网通 is China Unicom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Carrier(String);

/// The amounts a provider sells for a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denominations {
    /// These amounts and no others, ascending.
    Fixed(Vec<Amount>),
    /// Every multiple of `step` above `min`, up to `max`.
    Range {
        /// The least amount.
        min: Amount,
        /// The greatest amount.
        max: Amount,
        /// The distance between two allowed amounts, at least one minor unit.
        step: Amount,
    },
}

/// What one provider offers for one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The line's carrier, as the provider detected it.
    pub carrier: Carrier,
    /// The provider's id of the operator or product, passed back when paying.
    pub product: String,
    /// The carrier's plan amounts, ascending and without duplicates (S1041).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Amount>,
    /// What can be paid.
    pub denominations: Denominations,
}

/// Every spelling of the carriers that the method was first written for.
const ALIASES: [(&str, &[&str]); 4] = [
    ("China Mobile", &["中国移动", "移动", "cmcc", "chinamobile", "china mobile china"]),
    ("China Unicom", &["中国联通", "联通", "网通", "中国网通", "china netcom", "chinaunicom", "china unicom china"]),
    ("China Telecom", &["中国电信", "电信", "chinatelecom", "china telecom china"]),
    ("China Broadnet", &["中国广电", "广电", "chinabroadnet", "china broadnet china"]),
];

impl Carrier {
    /// A carrier by any of its names.
    pub fn named(name: &str) -> Self {
        let trimmed = name.trim();
        let known = ALIASES.iter().find(|(canonical, aliases)| {
            canonical.eq_ignore_ascii_case(trimmed) || aliases.iter().any(|a| a.eq_ignore_ascii_case(trimmed))
        });
        Self(known.map_or(trimmed, |(canonical, _)| canonical).to_owned())
    }

    /// The canonical name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl From<String> for Carrier {
    fn from(name: String) -> Self {
        Self::named(&name)
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Denominations {
    /// What is paid towards `wanted`: the least amount on sale that reaches it, else the greatest on sale.
    pub fn reaching(&self, wanted: Amount) -> Option<Amount> {
        self.at_least(wanted).or_else(|| self.at_most(wanted))
    }

    /// The least amount on sale that is at least `wanted`.
    pub fn at_least(&self, wanted: Amount) -> Option<Amount> {
        match self {
            _ if self.currency() != Some(wanted.currency()) => None,
            Self::Fixed(amounts) => amounts.iter().copied().find(|amount| amount >= &wanted),
            Self::Range { min, max, step } => {
                let above = wanted.minor().checked_sub(min.minor())?.max(0);
                let step_minor = step.minor().max(1);
                let minor = min.minor().checked_add(above.checked_add(step_minor - 1)? / step_minor * step_minor)?;
                (minor <= max.minor()).then(|| Amount::from_minor(minor, min.currency()))
            }
        }
    }

    /// The greatest amount on sale that is not above `owed`.
    pub fn at_most(&self, owed: Amount) -> Option<Amount> {
        match self {
            _ if self.currency() != Some(owed.currency()) => None,
            Self::Fixed(amounts) => amounts.iter().copied().rfind(|amount| amount <= &owed),
            Self::Range { min, max, step } => {
                let room = owed.min(*max).minor().checked_sub(min.minor()).filter(|room| *room >= 0)?;
                let minor = min.minor() + room / step.minor().max(1) * step.minor().max(1);
                Some(Amount::from_minor(minor, min.currency()))
            }
        }
    }

    /// The payments that make up a set amount, greatest first; less than the least amount on sale stays unpaid (S105).
    pub fn making_up(&self, owed: Amount) -> impl Iterator<Item = Amount> {
        let mut left = owed;
        std::iter::from_fn(move || {
            let amount = self.at_most(left)?;
            left = left.minus(amount).ok()?;
            Some(amount)
        })
    }

    /// The currency of the amounts, where there are any.
    pub fn currency(&self) -> Option<Currency> {
        match self {
            Self::Fixed(amounts) => amounts.first().map(|amount| amount.currency()),
            Self::Range { min, .. } => Some(min.currency()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cny(text: &str) -> Amount {
        format!("{text} CNY").parse().unwrap()
    }

    #[test]
    fn netcom_is_an_alias_of_unicom() {
        assert_eq!(Carrier::named("网通"), Carrier::named("China Unicom"));
        assert_eq!(Carrier::named(" cmcc ").name(), "China Mobile");
        assert_eq!(Carrier::named("Vodafone").name(), "Vodafone");
    }

    #[test]
    fn the_least_denomination_that_reaches() {
        let fixed = Denominations::Fixed(vec![cny("10"), cny("30"), cny("50")]);
        assert_eq!(fixed.at_least(cny("10.01")), Some(cny("30")));
        assert_eq!(fixed.at_least(cny("51")), None);
        let range = Denominations::Range { min: cny("1"), max: cny("10"), step: cny("2") };
        assert_eq!(range.at_least(cny("0.50")), Some(cny("1")));
        assert_eq!(range.at_least(cny("4")), Some(cny("5")));
        assert_eq!(range.at_least(cny("9.50")), None);
        assert_eq!(
            (range.at_most(cny("99")), range.at_most(cny("4")), range.at_most(cny("0.99"))),
            (Some(cny("9")), Some(cny("3")), None)
        );
    }

    #[test]
    fn s105_a_set_amount_is_made_up_of_what_is_sold_and_never_passed() {
        let fixed = Denominations::Fixed(vec![cny("10"), cny("50"), cny("100")]);
        assert_eq!(fixed.making_up(cny("275")).collect::<Vec<_>>(), ["100", "100", "50", "10", "10"].map(cny));
        assert_eq!(fixed.making_up(cny("9")).count(), 0);
    }

    #[test]
    fn an_amount_in_another_currency_is_not_on_sale() {
        let euros: Amount = "20 EUR".parse().unwrap();
        let range = Denominations::Range { min: cny("1"), max: cny("50"), step: cny("1") };
        for on_sale in [range, Denominations::Fixed(vec![cny("10"), cny("50")])] {
            assert_eq!((on_sale.at_least(euros), on_sale.at_most(euros), on_sale.reaching(euros)), (None, None, None));
        }
    }
}
