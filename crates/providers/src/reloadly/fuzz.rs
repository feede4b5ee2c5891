//! What holds for any answer at Reloadly's address: the check of the fuzz target.

use reqwest::StatusCode;
use ringback_core::{Amount, Currency, Denominations, Object, Outcome, Receipt, Reply, quote};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Answer, Balance, Operator, PAGE, Page, Pages, judge, look_up};

/// The order that is asked about.
const REFERENCE: &str = "0FUZZ";

const STATUSES: [u16; 8] = [200, 201, 302, 400, 401, 404, 429, 503];

/// The codes of the provider's file that settle; any other answer to an order has to be looked up.
const FINAL: [&str; 12] = [
    "TOKEN_EXPIRED",
    "INSUFFICIENT_BALANCE",
    "PHONE_RECENTLY_RECHARGED",
    "COULD_NOT_AUTO_DETECT_OPERATOR",
    "INVALID_AMOUNT_FOR_OPERATOR",
    "INVALID_RECIPIENT_PHONE",
    "PHONE_BANNED_BY_OPERATOR",
    "RECIPIENT_PHONE_INACTIVE",
    "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT",
    "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE",
    "MAX_DAILY_TRANSACTION_COUNT_REACHED",
    "MAX_DAILY_TRANSACTION_AMOUNT_REACHED",
];

/// A transaction or an error as any JSON may have it, read apart from the connector's own types.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    status: Word,
    error_code: Word,
    custom_identifier: Word,
    requested_amount_currency_code: Word,
    delivered_amount_currency_code: Word,
}

#[derive(Default, Deserialize)]
struct SaidPage {
    content: Vec<Object<Said>>,
}

/// Any value there may be; most say nothing.
#[derive(Debug, Default, Deserialize)]
struct Word(Option<Box<RawValue>>);

impl Word {
    fn text(&self) -> Option<String> {
        serde_json::from_str(self.0.as_ref()?.get()).ok()
    }

    fn is(&self, wanted: &str) -> bool {
        self.text().is_some_and(|text| text == wanted)
    }
}

/// The first byte chooses the HTTP status, the rest is the body. It is read as the answer to every question there is.
pub fn answer(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let code = STATUSES[usize::from(*first) % STATUSES.len()];
    let status = StatusCode::from_u16(code).expect("a status of HTTP");
    submitted(&judge(&Answer { status, body: body.to_vec() }), status, &said(body), body);
    if let Ok(Object(page)) = serde_json::from_slice(body) {
        looked_up(&look_up(page, REFERENCE), said(body));
    }
    if let Ok(Object(page)) = serde_json::from_slice::<Object<Page>>(body) {
        statement(page);
    }
    if let Ok(Object(operator)) = serde_json::from_slice(body) {
        offered(&operator);
    }
    if let Ok(Object(balance)) = serde_json::from_slice::<Object<Balance>>(body)
        && let Ok(amount) = balance.amount()
    {
        is_as_written(amount, "balance", body, Amount::parse_decimal);
    }
}

/// An answer to an order says what it says in the provider's own words, or nothing (P4, P5).
fn submitted(reply: &Reply, status: StatusCode, said: &Said, body: &[u8]) {
    let ok = status.is_success();
    match &reply.outcome {
        Outcome::Delivered(receipt) => is_backed(*receipt, "SUCCESSFUL", ok, said, body),
        Outcome::Reversed(receipt) => is_backed(*receipt, "REFUNDED", ok, said, body),
        Outcome::Pending => assert!(ok && said.status.is("PROCESSING"), "{said:?}"),
        Outcome::Refused(_) if ok && said.status.is("FAILED") => {}
        Outcome::Refused(_) => {
            let code = said.error_code.text().unwrap_or_default();
            assert!(FINAL.contains(&code.as_str()) && (!ok || code == "TOKEN_EXPIRED"), "{status}: {said:?}");
        }
        Outcome::NotFound => panic!("P5: an order's answer never says not found: {said:?}"),
        Outcome::Unknown(reason) => assert_eq!(quote(reason), *reason, "S6"),
    }
}

/// A receipt has its status, and both amounts to the digit.
fn is_backed(receipt: Receipt, state: &str, ok: bool, said: &Said, body: &[u8]) {
    assert!(ok && said.status.is(state), "{said:?}");
    assert!(said.delivered_amount_currency_code.is(receipt.delivered.currency().code()), "{said:?}");
    assert!(said.requested_amount_currency_code.is(receipt.debited.currency().code()), "{said:?}");
    is_as_written(receipt.delivered, "deliveredAmount", body, Amount::parse_decimal_down);
}

/// No float touches money: what was read is what the digits say.
fn is_as_written<E>(amount: Amount, key: &str, body: &[u8], parse: fn(&str, Currency) -> Result<Amount, E>) {
    let Ok(text) = str::from_utf8(body) else { return };
    let name = format!("\"{key}\"");
    let mut places = text.match_indices(&name);
    let (Some((at, name)), None) = (places.next(), places.next()) else { return };
    let behind = text[at + name.len()..].trim_start().trim_start_matches(':').trim_start();
    let end = behind.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+' | 'e' | 'E')).unwrap_or(behind.len());
    assert_eq!(parse(&behind[..end], amount.currency()).ok(), Some(amount), "{key} in {text}");
}

/// What the report says of an order stands in a row with its reference; that it was not paid, on a whole page (P5).
fn looked_up(reply: &Reply, page: SaidPage) {
    let rows = page.content.len();
    let mut ours = page.content.into_iter().filter(|Object(row)| row.custom_identifier.is(REFERENCE));
    let mut any = |state: &str| ours.any(|Object(row)| row.status.is(state));
    match &reply.outcome {
        Outcome::Delivered(_) => assert!(any("SUCCESSFUL")),
        Outcome::Reversed(_) => assert!(any("REFUNDED")),
        Outcome::Refused(_) => assert!(ours.all(|Object(row)| row.status.is("FAILED")) && rows < PAGE),
        Outcome::NotFound => assert!(ours.next().is_none() && rows < PAGE),
        Outcome::Pending | Outcome::Unknown(_) => {}
    }
}

/// The object that a body is; what nobody reads of it may be anything, in any character set.
fn said<T: Default + for<'de> Deserialize<'de>>(body: &[u8]) -> T {
    let parsed = serde_json::from_str(&String::from_utf8_lossy(body)).map(|Object(said)| said);
    parsed.unwrap_or_default()
}

/// A statement of one page is whole or an error (M4).
fn statement(page: Page) {
    let (rows, declared) = (page.content.len(), page.total_elements.unwrap_or_default());
    let mut pages = Pages::default();
    if let Ok(true) = pages.add(1, page, PAGE) {
        assert!(pages.rows.len() <= rows && declared <= rows, "M4: {rows} rows of {declared}");
    }
}

/// What is on sale costs something, and is in order.
fn offered(operator: &Operator) {
    let currency = operator.sender_currency_code.parse().ok();
    let Some(Ok((denominations, plans))) = currency.map(|currency| operator.denominations(currency)) else { return };
    let prices = match denominations {
        Denominations::Fixed(amounts) => amounts,
        Denominations::Range { min, max, step } => vec![step.min(min), max],
    };
    for amounts in [prices, plans] {
        assert!(amounts.is_sorted() && amounts.iter().all(|amount| amount.minor() > 0), "{operator:?}");
    }
}
