//! What holds for any bytes that are read as money or as a number: the checks of the fuzz targets.

use std::iter::repeat_n;

use crate::{Amount, Currency, Msisdn};

/// Where numbers without a country code are read.
const REGIONS: [&str; 8] = ["CN", "DE", "US", "GB", "JP", "IT", "NU", "KE"];

/// Amounts are read digit by digit and exactly, and what is written is read as the same amount.
pub fn amount(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(amount) = text.parse::<Amount>() {
        assert_eq!(amount.to_string().parse(), Ok(amount));
        let number = text.trim().rsplit_once(' ').map_or("", |(number, _)| number);
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let by_hand = by_hand(unsigned, amount.currency());
        assert_eq!((i128::from(amount.minor()).abs(), true), by_hand, "{text}");
    }
    for code in ["CNY", "JPY", "KWD"] {
        decimal(text, code.parse().expect("a code of ISO 4217"));
    }
}

/// A decimal number alone, exact or with the currency's decimals only.
fn decimal(text: &str, currency: Currency) {
    let (exact, down) = (Amount::parse_decimal(text, currency), Amount::parse_decimal_down(text, currency));
    if let Ok(amount) = exact {
        assert_eq!(Amount::parse_decimal(&amount.decimal(), currency), Ok(amount));
        assert_eq!(down, Ok(amount), "nothing has to be left out");
    }
    if let Ok(amount) = down {
        assert!(amount.minor() >= 0, "{text}");
        assert_eq!((i128::from(amount.minor()), exact.is_ok()), by_hand(text, currency), "{text}");
    }
}

/// The minor units of an unsigned decimal without what lies behind them, and whether nothing does. Another way than
/// the parser's, which only has to be right for what the parser took.
fn by_hand(text: &str, currency: Currency) -> (i128, bool) {
    let decimals = usize::from(currency.minor_digits());
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let kept = fraction.chars().chain(repeat_n('0', decimals)).take(decimals);
    let minor = whole.chars().chain(kept).fold(0, |minor, c| minor * 10 + i128::from(digit(c)));
    (minor, fraction.chars().skip(decimals).all(|c| digit(c) == 0))
}

fn digit(c: char) -> u32 {
    c.to_digit(10).unwrap_or_else(|| panic!("{c:?} is no digit of an amount"))
}

/// The first byte chooses the region. A number's normal form is read as the same number everywhere, and a log never
/// shows it whole (S6).
pub fn msisdn(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    if let Ok(number) = text.parse::<Msisdn>() {
        assert_eq!(number.to_string(), text, "E.164 has one form");
        is_hidden(number);
    }
    if let Ok(number) = Msisdn::parse(text, REGIONS[usize::from(*first) % REGIONS.len()]) {
        is_normal(number);
        is_hidden(number);
    }
}

fn is_normal(number: Msisdn) {
    let text = number.to_string();
    assert_eq!(text.parse(), Ok(number));
    assert_eq!(number.number().to_string(), number.digits());
    for region in REGIONS {
        assert_eq!(Msisdn::parse(&text, region), Ok(number), "{text} in {region}");
    }
    let (code, national) = number.split().unwrap_or_else(|| panic!("{text} has no country code"));
    assert_eq!(format!("+{code}{national}"), text);
}

fn is_hidden(number: Msisdn) {
    let shown = format!("{number:?}");
    let hidden = shown.chars().filter(|c| *c == '*').count();
    assert!(hidden >= 3 && shown.len() == number.to_string().len(), "S6: {shown}");
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::{replay::replay, *};

    #[test]
    fn the_corpus_of_amounts() {
        replay("amount", amount);
    }

    #[test]
    fn the_corpus_of_numbers() {
        replay("msisdn", msisdn);
    }
}
