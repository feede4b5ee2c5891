//! Reloadly's JSON, and what each part of it means to the method.

use jiff::{Timestamp, tz::TimeZone};
use ringback_core::{
    Amount, Currency, Denominations, Echo, MoneyError, Msisdn, Object, Outcome, Receipt, Refusal, Reply, Text, quote,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::StatementRow;

/// The reference is in use: an order with it exists.
const DUPLICATE: &str = "CUSTOM_IDENTIFIER_ALREADY_USED";

/// An operator with what can be paid. Its amounts are in the sender's currency, as an order's are; the API's `local…`
/// fields say the same in the line's, which here is the same currency.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operator {
    #[serde(default, rename = "operatorId")]
    id: Option<u64>,
    /// The older name of the same field; newer answers have both.
    #[serde(default, rename = "id")]
    older_id: Option<u64>,
    pub(super) name: String,
    /// It sells codes to type in.
    #[serde(default)]
    pin: bool,
    /// It sells data volume.
    #[serde(default)]
    data: bool,
    /// It sells packages.
    #[serde(default)]
    bundle: bool,
    denomination_type: Text<DenominationType>,
    pub(super) sender_currency_code: String,
    pub(super) destination_currency_code: String,
    #[serde(default)]
    fixed_amounts: Option<Vec<Digits>>,
    #[serde(default)]
    min_amount: Option<Digits>,
    #[serde(default)]
    max_amount: Option<Digits>,
    #[serde(default)]
    geographical_recharge_plans: Option<Vec<Object<Plans>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum DenominationType {
    Fixed,
    Range,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plans {
    #[serde(default)]
    fixed_amounts: Vec<Digits>,
}

/// A top-up, as a submission's answer and the report have it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    /// The provider's own id.
    #[serde(default, rename = "transactionId")]
    pub(super) id: Option<Value>,
    status: Option<String>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    pub(super) custom_identifier: Option<String>,
    #[serde(default)]
    recipient_phone: Option<Phone>,
    #[serde(default)]
    requested_amount: Option<Digits>,
    #[serde(default)]
    requested_amount_currency_code: Option<String>,
    #[serde(default)]
    delivered_amount: Option<Digits>,
    #[serde(default)]
    delivered_amount_currency_code: Option<String>,
    #[serde(default)]
    fee: Option<Digits>,
    #[serde(default)]
    discount: Option<Digits>,
    #[serde(default)]
    discount_currency_code: Option<String>,
}

/// A JSON number as it is written. Read as a float it could become another one, and no float touches money.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Digits(Box<RawValue>);

/// A number comes as text or as a JSON number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Phone {
    Text(String),
    Number(u64),
}

/// A page of the report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) content: Vec<Object<Transaction>>,
    #[serde(default)]
    total_pages: Option<usize>,
    #[serde(default)]
    pub(super) total_elements: Option<usize>,
}

/// The prepaid wallet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Balance {
    balance: Digits,
    currency_code: String,
}

/// An error of Reloadly's own; anything else at its address is none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fault {
    pub(super) error_code: String,
    #[serde(default)]
    pub(super) message: String,
}

impl Digits {
    fn text(&self) -> &str {
        self.0.get()
    }
}

impl Operator {
    pub(super) fn id(&self) -> Option<u64> {
        self.id.or(self.older_id)
    }

    /// What can be paid, and the plan amounts that the operator names.
    pub(super) fn denominations(&self, currency: Currency) -> Result<(Denominations, Vec<Amount>), String> {
        if self.pin || self.data || self.bundle {
            return Err("it sells codes, data or packages, which are no credit on the line".into());
        }
        let fixed = amounts(self.fixed_amounts.iter().flatten(), currency)?;
        let plans = self.geographical_recharge_plans.iter().flatten().flat_map(|Object(plans)| &plans.fixed_amounts);
        let plans = amounts(plans, currency)?;
        match (self.denomination_type.0, &self.min_amount, &self.max_amount) {
            (DenominationType::Range, Some(min), Some(max)) => {
                let (min, max, step) = (price(min, currency)?, price(max, currency)?, Amount::from_minor(1, currency));
                if min > max {
                    return Err(format!("its least amount {min} is above its greatest {max}"));
                }
                Ok((Denominations::Range { min, max, step }, plans))
            }
            (DenominationType::Fixed, ..) if !fixed.is_empty() => {
                // Without plans of its own, what is sold in fixed amounts is what the carrier's plans cost.
                let plans = if plans.is_empty() { fixed.clone() } else { plans };
                Ok((Denominations::Fixed(fixed), plans))
            }
            _ => Err("it sells no amount".into()),
        }
    }
}

impl Page {
    pub(super) fn transactions(self) -> impl Iterator<Item = Transaction> {
        self.content.into_iter().map(|Object(transaction)| transaction)
    }

    /// Whether every transaction that was asked for stands on this first page.
    pub(super) fn is_all(&self, size: usize) -> bool {
        let rows = self.content.len();
        rows < size && self.is_last(1, size) && self.total_elements.is_none_or(|total| total <= rows)
    }

    /// Whether no page follows on this one; where the report does not say how many there are, a full page has a next.
    pub(super) fn is_last(&self, number: usize, size: usize) -> bool {
        self.total_pages.map_or(self.content.len() < size, |pages| pages <= number)
    }
}

impl Transaction {
    /// What the transaction says.
    pub(super) fn reply(&self) -> Reply {
        Reply { echo: self.echo(), outcome: self.outcome() }
    }

    /// `REFUNDED` is a reversal: whether it was delivered before, the method knows from its own state.
    fn outcome(&self) -> Outcome {
        match (self.status.as_deref(), self.receipt()) {
            (Some("SUCCESSFUL"), Some(receipt)) => Outcome::Delivered(receipt),
            (Some("REFUNDED"), Some(receipt)) => Outcome::Reversed(receipt),
            (Some("PROCESSING"), _) => Outcome::Pending,
            (Some("FAILED"), _) => self.failure(),
            (Some(other), _) => unknown(&format!("status {other} without whole amounts")),
            (None, _) => unknown("the transaction has no status"),
        }
    }

    /// A failed transaction with a definitive code has that reason; without one, the provider's own word suffices. Only
    /// a duplicate says nothing: what failed is the second order, and the first one may have been paid (P4).
    fn failure(&self) -> Outcome {
        let code = self.error_code.clone().unwrap_or_else(|| "FAILED".into());
        if code == DUPLICATE {
            return unknown(&format!("{code}: the order is looked up"));
        }
        match (Fault { error_code: code, message: String::new() }).outcome() {
            Outcome::Refused(reason) => Outcome::Refused(reason),
            _ => Outcome::Refused(Refusal::Unavailable),
        }
    }

    fn receipt(&self) -> Option<Receipt> {
        let asked = self.asked()?;
        let fee = match &self.fee {
            Some(fee) => amount(fee, asked.currency()).ok()?,
            None => Amount::zero(asked.currency()),
        };
        let currency = self.delivered_amount_currency_code.as_deref()?.parse().ok()?;
        let delivered = Amount::parse_decimal_down(self.delivered_amount.as_ref()?.text(), currency).ok()?;
        Some(Receipt { debited: asked.plus(fee).ok()?.minus(self.discounted(asked)).ok()?, delivered })
    }

    /// What the provider leaves the owner of the price. One that cannot be read leaves nothing: what was debited may be
    /// said too high, for the caps, and never too low.
    fn discounted(&self, asked: Amount) -> Amount {
        let currency = asked.currency();
        let ours = self.discount_currency_code.as_deref() == Some(currency.code());
        let discount = self.discount.as_ref().filter(|_| ours).and_then(|discount| amount(discount, currency).ok());
        discount.filter(|discount| *discount <= asked).unwrap_or_else(|| Amount::zero(currency))
    }

    fn asked(&self) -> Option<Amount> {
        let currency = self.requested_amount_currency_code.as_deref()?.parse().ok()?;
        amount(self.requested_amount.as_ref()?, currency).ok()
    }

    fn echo(&self) -> Echo {
        Echo { reference: self.custom_identifier.clone(), msisdn: self.msisdn(), asked: self.asked() }
    }

    fn msisdn(&self) -> Option<Msisdn> {
        let digits = match self.recipient_phone.as_ref()? {
            Phone::Text(text) => text.trim_start_matches('+').to_owned(),
            Phone::Number(number) => number.to_string(),
        };
        format!("+{digits}").parse().ok()
    }

    /// A row of the statement; rows without a number belong to nobody here.
    pub(super) fn statement_row(&self) -> Option<StatementRow> {
        let reference = self.custom_identifier.clone().unwrap_or_default();
        Some(StatementRow { reference, msisdn: self.msisdn()?, reply: self.reply() })
    }
}

impl Balance {
    pub(super) fn amount(&self) -> Result<Amount, String> {
        let currency = self.currency_code.parse().map_err(|error: MoneyError| error.to_string())?;
        amount(&self.balance, currency).map_err(|error| error.to_string())
    }
}

impl Fault {
    /// The definitive codes. Every other one is looked up: duplicates above all, most of which had been paid.
    pub(super) fn outcome(&self) -> Outcome {
        let refusal = match self.error_code.as_str() {
            "INSUFFICIENT_BALANCE" => Refusal::WalletEmpty,
            "PHONE_RECENTLY_RECHARGED" => Refusal::TooSoon,
            "COULD_NOT_AUTO_DETECT_OPERATOR" | "INVALID_AMOUNT_FOR_OPERATOR" => Refusal::NotOffered,
            "INVALID_RECIPIENT_PHONE" => Refusal::NumberWrong,
            // The operator does not pay into a line in this state; another provider may.
            "PHONE_BANNED_BY_OPERATOR" | "RECIPIENT_PHONE_INACTIVE" => Refusal::BarredLine,
            "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT" | "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE" => {
                Refusal::Unavailable
            }
            "MAX_DAILY_TRANSACTION_COUNT_REACHED" | "MAX_DAILY_TRANSACTION_AMOUNT_REACHED" => {
                Refusal::Other("the provider's daily limit is reached".into())
            }
            other => return unknown(&format!("{other}: {}", self.message)),
        };
        Outcome::Refused(refusal)
    }
}

/// Nothing settles by it; the reason may quote the provider (S6).
pub(super) fn unknown(reason: &str) -> Outcome {
    Outcome::Unknown(quote(reason))
}

/// An instant as the report's filter wants it.
pub(super) fn date(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// An amount from the digits of a JSON number.
fn amount(number: &Digits, currency: Currency) -> Result<Amount, MoneyError> {
    Amount::parse_decimal(number.text(), currency)
}

/// A price: an amount above zero.
fn price(number: &Digits, currency: Currency) -> Result<Amount, String> {
    amount(number, currency).and_then(Amount::positive).map_err(|error| error.to_string())
}

/// Prices, ascending and without duplicates.
fn amounts<'a>(numbers: impl Iterator<Item = &'a Digits>, currency: Currency) -> Result<Vec<Amount>, String> {
    let mut read: Vec<Amount> = numbers.map(|number| price(number, currency)).collect::<Result<_, _>>()?;
    read.sort_unstable();
    read.dedup();
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_float_touches_an_amount() {
        let read = |number: &str| {
            let Object(balance) = serde_json::from_str::<Object<Balance>>(number).unwrap();
            balance.amount().map(|amount| amount.to_string())
        };
        // As a float it would be 9007199254740992.
        let long = read(r#"{ "balance": 9007199254740993.01, "currencyCode": "CNY" }"#);
        assert_eq!(long.as_deref(), Ok("9007199254740993.01 CNY"));
        for no_number in [r#""10""#, "1e1", "[10]", "-10"] {
            assert!(read(&format!(r#"{{ "balance": {no_number}, "currencyCode": "CNY" }}"#)).is_err(), "{no_number}");
        }
    }
}
