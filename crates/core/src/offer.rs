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
    /// The least amount on sale that is at least `wanted`.
    pub fn at_least(&self, wanted: Amount) -> Option<Amount> {
        match self {
            Self::Fixed(amounts) => amounts.iter().copied().find(|amount| amount >= &wanted),
            Self::Range { min, max, step } => {
                let above = wanted.minor().checked_sub(min.minor())?.max(0);
                let step_minor = step.minor().max(1);
                let minor = min.minor().checked_add(above.checked_add(step_minor - 1)? / step_minor * step_minor)?;
                (minor <= max.minor()).then(|| Amount::from_minor(minor, min.currency()))
            }
        }
    }

    /// The greatest amount on sale.
    pub fn greatest(&self) -> Option<Amount> {
        match self {
            Self::Fixed(amounts) => amounts.last().copied(),
            Self::Range { min, max, step } => {
                let steps = (max.minor() - min.minor()).max(0) / step.minor().max(1);
                Some(Amount::from_minor(min.minor() + steps * step.minor().max(1), min.currency()))
            }
        }
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
        assert_eq!(range.greatest(), Some(cny("9")));
    }
}
