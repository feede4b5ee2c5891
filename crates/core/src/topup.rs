//! One top-up: what is ordered, and what its outcome can be.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{money::Amount, msisdn::Msisdn};

/// The owner's reference of one top-up: 1 to 26 characters of `[0-9A-Z]`, so that it fits every provider seen.
///
/// Made and committed before anything is sent, never used for a second amount, line or provider (P2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopUpRef(String);

/// The text is no reference: it has a character outside of `[0-9A-Z]`, or not 1 to 26 of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no top-up reference: 1 to 26 characters of 0-9 and A-Z")]
pub struct TopUpRefError(String);

/// What is ordered from a provider. Everything in it is fixed by its reference (P2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The owner's reference.
    pub reference: TopUpRef,
    /// The line that receives it.
    pub msisdn: Msisdn,
    /// The provider that is asked.
    pub provider: String,
    /// The provider's id of the operator or product.
    pub product: String,
    /// What is asked, in the float's currency.
    pub asked: Amount,
    /// The most that the provider may debit on top of it; reserved with it, so that caps bind what is debited (C1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_fee: Option<Amount>,
}

/// A provider's answer about one order: to a submission or to an inquiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What the answer says it is about, where it says so; compared with the order (P11).
    #[serde(default, skip_serializing_if = "Echo::is_empty")]
    pub echo: Echo,
    /// What happened.
    pub outcome: Outcome,
}

/// The order as a provider's answer repeats it; absent fields were not repeated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Echo {
    /// The owner's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<Msisdn>,
    /// The amount asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Amount>,
}

/// What happened to a top-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The line received money.
    Delivered(Receipt),
    /// The provider works on it; an inquiry follows.
    Pending,
    /// No money moved, says the provider. The hold stays until an inquiry confirms it (P5, P6).
    Refused(Refusal),
    /// An inquiry knows no such reference. Three of them, spaced, settle (P5).
    NotFound,
    /// It was delivered, and the money came back afterwards (P12).
    Reversed(Receipt),
    /// No answer, or none that can be understood. The default of every connector.
    Unknown(String),
}

/// What moved, by the provider's own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Taken from the float, in the float's currency.
    pub debited: Amount,
    /// Received by the line, in the line's currency; less than asked is a normal outcome.
    pub delivered: Amount,
}

/// Why a provider refused; what follows depends on it. A refusal is no rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The number was topped up a moment ago: the same rung later.
    TooSoon,
    /// The provider does not pay into a barred line: another provider, else park.
    BarredLine,
    /// The product is not on offer for the line: another provider, else park.
    NotOffered,
    /// The owner's float is empty: wait, warn, then park.
    WalletEmpty,
    /// The number is wrong for the carrier: park.
    NumberWrong,
    /// The provider or operator is out of order for now: the same rung later.
    Unavailable,
    /// Any other refusal, in the provider's words: park.
    Other(String),
}

impl Order {
    /// What is held for the order, and counts against the limits, until its outcome is settled.
    pub fn reserved(&self) -> Amount {
        self.max_fee.and_then(|fee| self.asked.plus(fee).ok()).unwrap_or(self.asked)
    }
}

/// Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The digits of a drawn reference.
const DRAWN: usize = 26;

impl TopUpRef {
    /// The text of the reference.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A reference from 128 random bits: 26 characters of Crockford's base 32.
    pub fn from_random(bits: u128) -> Self {
        let digit = |i: u32| char::from(DIGITS[usize::try_from(bits >> (5 * i) & 31).unwrap_or(0)]);
        Self((0..26).rev().map(digit).collect())
    }

    /// A reference that looks as only [`TopUpRef::from_random`] makes them; none otherwise.
    pub fn drawn(text: &str) -> Option<Self> {
        let fits = text.len() == DRAWN && text.bytes().all(|digit| DIGITS.contains(&digit));
        fits.then(|| Self(text.to_owned()))
    }
}

impl Echo {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nothing that the answer repeats differs from the order (P11).
    pub fn agrees_with(&self, order: &Order) -> bool {
        self.reference.as_deref().is_none_or(|r| r == order.reference.as_str())
            && self.msisdn.is_none_or(|m| m == order.msisdn)
            && self.asked.is_none_or(|a| a == order.asked)
    }
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self { echo: Echo::default(), outcome }
    }
}

impl FromStr for TopUpRef {
    type Err = TopUpRefError;
    fn from_str(text: &str) -> Result<Self, TopUpRefError> {
        let fits = (1..=26).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if fits { Ok(Self(text.to_owned())) } else { Err(TopUpRefError(text.to_owned())) }
    }
}

impl fmt::Display for TopUpRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopUpRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for TopUpRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TopUpRef {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_references_fit_every_provider() {
        let reference = TopUpRef::from_random(u128::MAX);
        assert_eq!(reference.as_str().len(), 26);
        assert_eq!(reference.as_str().parse(), Ok(reference));
        assert_ne!(TopUpRef::from_random(1), TopUpRef::from_random(2));
        assert!("a".parse::<TopUpRef>().is_err());
        assert!("".parse::<TopUpRef>().is_err());
    }
}
