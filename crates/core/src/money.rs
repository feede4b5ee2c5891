//! Money: checked integer minor units of an ISO 4217 currency. No float touches it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency, with its number of minor digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Currency(iso_currency::Currency);

/// An amount of money: minor units (fen, cents) of one currency; may be negative in postings only.
///
/// Written and serialized as `12.50 CNY`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    currency: Currency,
    minor: i64,
}

/// Why a text or a sum is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The caller names an ISO 4217 code.
    #[error("`{0}` is no ISO 4217 currency; write a code such as CNY or EUR")]
    Currency(String),
    /// The caller writes digits with at most the currency's minor digits.
    #[error("`{text}` is no amount in {currency}: write digits with at most {digits} decimals, such as {example}")]
    Number {
        /// What was written.
        text: String,
        /// The currency it was read in.
        currency: Currency,
        /// The currency's minor digits.
        digits: u16,
        /// An amount written well.
        example: Amount,
    },
    /// The caller gives an amount above zero.
    #[error("`{0}` is not above zero")]
    NotPositive(String),
    /// The caller writes the number and the currency.
    #[error("`{0}` is no amount: write it with its currency, such as `10 CNY`")]
    Format(String),
    /// The two amounts cannot be added or compared; nothing was computed.
    #[error("{0} and {1} are amounts in different currencies, and Ringback never mixes them")]
    Mixed(Amount, Amount),
    /// The sum does not fit; nothing was computed.
    #[error("{0} and {1} do not fit into one amount")]
    Overflow(Amount, Amount),
}

impl Currency {
    /// ISO 4217's code for no currency, XXX: nothing is sold in it.
    pub(crate) const NONE: Self = Self(iso_currency::Currency::XXX);

    /// The three letters of ISO 4217.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The number of digits behind the point: 2 for CNY, 0 for JPY.
    pub fn minor_digits(self) -> u16 {
        self.0.exponent().unwrap_or(0)
    }
}

impl Amount {
    /// An amount from minor units.
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { currency, minor }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// Reads a decimal number such as `10`, `10.5` or `10.50`; signs, exponents, NaN and separators are refused.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let minor = decimal_minor(text.trim(), currency.minor_digits());
        minor.map(|minor| Self { currency, minor }).ok_or_else(|| MoneyError::Number {
            text: text.to_owned(),
            currency,
            digits: currency.minor_digits(),
            example: Self::from_minor(1050, currency),
        })
    }

    /// The same, with decimals beyond the currency's own left out: what a provider says that a line received may have
    /// been converted.
    pub fn parse_decimal_down(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let text = text.trim();
        let digits = usize::from(currency.minor_digits());
        let exact = text.split_once('.').filter(|(_, fraction)| fraction.bytes().all(|b| b.is_ascii_digit()));
        match exact {
            Some((whole, fraction)) if fraction.len() > digits => {
                Self::parse_decimal(&format!("{whole}.{}", &fraction[..digits]), currency)
            }
            _ => Self::parse_decimal(text, currency),
        }
    }

    /// The same amount when it is above zero, otherwise the error that says so.
    pub fn positive(self) -> Result<Self, MoneyError> {
        if self.minor > 0 { Ok(self) } else { Err(MoneyError::NotPositive(self.to_string())) }
    }

    /// Minor units: fen, cents, yen.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether nothing is left.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum; currencies never mix and nothing wraps.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference; currencies never mix and nothing wraps.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The same amount with the other sign, for the other leg of a posting.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { currency: self.currency, minor: -self.minor }
    }

    /// The digits without the currency: `12.50`.
    pub fn decimal(self) -> String {
        let text = self.text();
        text.as_str().trim_end_matches(|c| c == ' ' || char::is_ascii_uppercase(&c)).to_owned()
    }

    /// The amount as it is written, `12.50 CNY`, without formatting machinery: amounts are most of what is stored.
    fn text(self) -> Text {
        let mut text = Text { bytes: [0; LONGEST], begins: LONGEST };
        let points = usize::from(self.currency.minor_digits());
        self.currency.code().bytes().rev().for_each(|letter| text.put(letter));
        text.put(b' ');
        let (mut left, mut digits) = (self.minor.unsigned_abs(), 0);
        while left > 0 || digits <= points {
            if digits == points && points > 0 {
                text.put(b'.');
            }
            text.put(b"0123456789"[(left % 10) as usize]);
            (left, digits) = (left / 10, digits + 1);
        }
        if self.minor < 0 {
            text.put(b'-');
        }
        text
    }

    fn combine(self, other: Self, op: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self, other));
        }
        let minor = op(self.minor, other.minor).ok_or(MoneyError::Overflow(self, other))?;
        Ok(Self { currency: self.currency, minor })
    }
}

/// The longest amount: a sign, 19 digits and a point, a space, a currency.
const LONGEST: usize = 25;

/// A short text, written from its end.
struct Text {
    bytes: [u8; LONGEST],
    begins: usize,
}

impl Text {
    fn put(&mut self, byte: u8) {
        self.begins -= 1;
        self.bytes[self.begins] = byte;
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[self.begins..]).expect("digits and letters are ASCII")
    }
}

/// Minor units of an unsigned decimal, or nothing where the text is anything else.
fn decimal_minor(text: &str, digits: u16) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > usize::from(digits) {
        return None;
    }
    let padded = format!("{whole}{fraction:0<width$}", width = usize::from(digits));
    padded.parse().ok()
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(text)
            .filter(|c| c.exponent().is_some())
            .map(Self)
            .ok_or_else(|| MoneyError::Currency(text.to_owned()))
    }
}

impl FromStr for Amount {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (number, code) = text.trim().rsplit_once(' ').ok_or_else(|| MoneyError::Format(text.to_owned()))?;
        let currency = code.parse()?;
        match number.strip_prefix('-') {
            Some(rest) => Self::parse_decimal(rest, currency).map(Self::negated),
            None => Self::parse_decimal(number, currency),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl std::hash::Hash for Currency {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_and_write_the_same_text() {
        for text in ["12.50 CNY", "0.01 EUR", "500 JPY", "1.250 KWD", "-3.00 CNY"] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "NaN CNY",
            "1e3 CNY",
            "1,000 CNY",
            "1.001 CNY",
            "10",
            "10 XXQ",
            " CNY",
            "0.5 JPY",
            "99999999999999999999 CNY",
            "+1 CNY",
            "--1 CNY",
        ] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        assert!("-1 CNY".parse::<Amount>().unwrap().positive().is_err());
    }

    #[test]
    fn currencies_never_mix_and_sums_never_wrap() {
        let (yuan, euro): (Amount, Amount) = ("1 CNY".parse().unwrap(), "1 EUR".parse().unwrap());
        assert!(matches!(yuan.plus(euro), Err(MoneyError::Mixed(..))));
        let most = Amount::from_minor(i64::MAX, yuan.currency());
        assert!(matches!(most.plus(yuan), Err(MoneyError::Overflow(..))));
    }
}
