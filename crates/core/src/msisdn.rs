//! Telephone numbers: E.164, read by libphonenumber's rules in a book's region.

use std::{fmt, str::FromStr};

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, enums::Region};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A subscriber's number by E.164, such as `+8613800138000`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msisdn(u64);

/// Why a text is no telephone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MsisdnError {
    /// The caller writes the number in full, with its country code.
    #[error("`{0}` is no telephone number; write it as +, country code, number")]
    Number(String),
    /// The caller names an ISO 3166 region.
    #[error("`{0}` is no ISO 3166 region of two letters, such as CN")]
    Region(String),
}

impl Msisdn {
    /// Reads a number as people write it: spaces, brackets, full-width digits, `+86`, `0086`, a trunk `0`.
    ///
    /// `region` (ISO 3166, two letters) applies where no country code is given.
    pub fn parse(text: &str, region: &str) -> Result<Self, MsisdnError> {
        let home = region.parse::<Region>().map_err(|_| MsisdnError::Region(region.to_owned()))?;
        let invalid = || MsisdnError::Number(text.to_owned());
        let number = PHONE_NUMBER_UTIL.parse(text, Some(home)).map_err(|_| invalid())?;
        if !number.is_valid() {
            return Err(invalid());
        }
        number.format_as(PhoneNumberFormat::E164).parse().map_err(|_| invalid())
    }

    /// The number as an integer, as a database keeps it.
    pub fn number(self) -> i64 {
        i64::try_from(self.0).expect("E.164 has at most 15 digits")
    }

    /// The number without its plus sign, as wire formats write it.
    pub fn digits(self) -> String {
        self.0.to_string()
    }

    /// The number with all but its country's first and its last digits hidden, for logs (S6); four are hidden at least.
    pub fn masked(self) -> String {
        let digits = self.digits();
        let (head, last) = (digits.len().min(3), digits.len().saturating_sub(7).min(4));
        let tail = digits.len() - last;
        format!("+{}{}{}", &digits[..head], "*".repeat(tail - head), &digits[tail..])
    }

    /// The ISO 3166 region of the number, such as `CN`, where it has one.
    pub fn region(self) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(self.to_string(), None).ok()?;
        number.get_region_code().map(|region| region.to_string())
    }

    /// Country code and national number, as the wire formats that split them want it.
    pub fn split(self) -> Option<(u16, String)> {
        let number = PHONE_NUMBER_UTIL.parse(self.to_string(), None).ok()?;
        let code = u16::try_from(number.country_code).ok()?;
        let national = self.digits().strip_prefix(&code.to_string())?.to_owned();
        Some((code, national))
    }
}

/// Reads E.164 alone: a plus sign and 7 to 15 digits.
impl FromStr for Msisdn {
    type Err = MsisdnError;
    fn from_str(text: &str) -> Result<Self, MsisdnError> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let plain = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.parse() {
            Ok(number) if plain && !digits.starts_with('0') => Ok(Self(number)),
            _ => Err(MsisdnError::Number(text.to_owned())),
        }
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

/// Masked: a debug print may reach a log (S6).
impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for Msisdn {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Msisdn {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let cases = [
            ("13800138000", "CN"),
            ("138 0013 8000", "CN"),
            ("+86 138-0013-8000", "DE"),
            ("0086 13800138000", "CN"),
            ("１３８００１３８０００", "CN"),
            ("(+86)13800138000", "CN"),
        ];
        for (text, region) in cases {
            assert_eq!(Msisdn::parse(text, region).unwrap().to_string(), "+8613800138000", "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "10086", "12345", "hello", "+86", "+999999999999"] {
            assert!(Msisdn::parse(text, "CN").is_err(), "{text}");
        }
        assert_eq!(Msisdn::parse("13800138000", "??"), Err(MsisdnError::Region("??".into())));
    }

    #[test]
    fn logs_never_see_a_full_number() {
        let number: Msisdn = "+8613800138000".parse().unwrap();
        assert_eq!(format!("{number:?}"), "+861******8000");
        for (short, shown) in [("+6834000", "+683****"), ("+29020000", "+290****0"), ("+4930901820", "+493****820")] {
            assert_eq!(format!("{:?}", short.parse::<Msisdn>().unwrap()), shown);
        }
    }

    #[test]
    fn a_number_splits_into_country_code_and_rest() {
        let number: Msisdn = "+8613800138000".parse().unwrap();
        assert_eq!(number.split(), Some((86, "13800138000".into())));
        assert_eq!(number.region().as_deref(), Some("CN"));
    }
}
