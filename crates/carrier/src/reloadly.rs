//! Reloadly's dialect of HTTP, as its public API describes it.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ringback_core::{Amount, Currency, Msisdn};
use serde::Deserialize;
use serde_json::{Number, Value, json};

use crate::{
    faults::Fault,
    http::{Shared, broken, html, now_ms},
    world::{Booked, Refused},
};

/// The sandbox's credentials and token.
const CLIENT: (&str, &str) = ("sandbox", "sandbox");
const TOKEN: &str = "sandbox-token";

/// The operators: id, name, and what they sell.
const OPERATORS: [(u64, &str, &str, Sold); 6] = [
    (1, "China Mobile", "CNY", Sold::Range(1, 500)),
    (2, "China Unicom", "CNY", Sold::Range(1, 500)),
    (3, "China Telecom", "CNY", Sold::Range(1, 500)),
    (4, "China Broadnet", "CNY", Sold::Range(1, 500)),
    (5, "Nordfunk", "EUR", Sold::Fixed(&[5, 10, 15, 20, 30, 50])),
    (6, "Savanna Mobile", "KES", Sold::Fixed(&[10, 50, 100, 250, 500, 1000])),
];

/// What an operator sells, in whole units.
#[derive(Clone, Copy)]
enum Sold {
    Range(i64, i64),
    Fixed(&'static [i64]),
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/operators/auto-detect/phone/{phone}/countries/{iso}", get(detect))
        .route("/topups", post(top_up))
        .route("/topups/reports/transactions", get(report))
        .route("/accounts/balance", get(balance))
}

#[derive(Deserialize)]
struct Credentials {
    client_id: String,
    client_secret: String,
}

async fn token(Json(given): Json<Credentials>) -> Response {
    if (given.client_id.as_str(), given.client_secret.as_str()) != CLIENT {
        return fault(StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS", "Access Denied");
    }
    Json(json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 86400, "scope": "send-topups" }))
        .into_response()
}

async fn detect(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((phone, _)): Path<(String, String)>,
) -> Response {
    if let Some(refused) = unauthorised(&headers).or_else(|| shared.trouble()) {
        return refused;
    }
    let carrier = msisdn(&phone).and_then(|number| {
        let world = shared.world();
        world.subscribers.get(&number).filter(|s| s.exists()).map(|s| s.carrier.name().to_owned())
    });
    let operator = carrier.and_then(|carrier| OPERATORS.iter().find(|(_, name, ..)| *name == carrier));
    match operator {
        Some(operator) => Json(describe(operator, shared.world().currency())).into_response(),
        None => fault(StatusCode::NOT_FOUND, "COULD_NOT_AUTO_DETECT_OPERATOR", "Could not auto detect operator"),
    }
}

fn describe(&(id, name, currency, sold): &(u64, &str, &str, Sold), float: Currency) -> Value {
    let (kind, fixed, range) = match sold {
        Sold::Range(min, max) => ("RANGE", Vec::new(), Some((min, max))),
        Sold::Fixed(amounts) => ("FIXED", amounts.to_vec(), None),
    };
    json!({
        "operatorId": id, "name": name, "bundle": false, "data": false,
        "denominationType": kind, "supportsLocalAmounts": false,
        "senderCurrencyCode": float, "destinationCurrencyCode": currency,
        "fixedAmounts": fixed, "minAmount": range.map(|r| r.0), "maxAmount": range.map(|r| r.1),
        "localFixedAmounts": [], "geographicalRechargePlans": [], "status": "ACTIVE",
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submission {
    operator_id: u64,
    amount: Number,
    custom_identifier: String,
    recipient_phone: Recipient,
}

#[derive(Deserialize)]
struct Recipient {
    number: String,
}

async fn top_up(State(shared): State<Shared>, headers: HeaderMap, Json(order): Json<Submission>) -> Response {
    if let Some(refused) = unauthorised(&headers) {
        return refused;
    }
    let Some(number) = msisdn(&order.recipient_phone.number) else {
        return fault(StatusCode::BAD_REQUEST, "INVALID_RECIPIENT_PHONE", "The phone number is not valid");
    };
    let wrong = shared.world().fault_of(&order.custom_identifier, number);
    match wrong {
        Some(Fault::RequestLost) => return broken(),
        Some(Fault::TooManyRequests) => return StatusCode::TOO_MANY_REQUESTS.into_response(),
        Some(Fault::EmptyWallet) => return refusal(Refused::WalletEmpty),
        Some(Fault::TooSoon) => return refusal(Refused::TooSoon),
        _ => {}
    }
    let answer = book(&shared, &order, number, wrong);
    match wrong {
        Some(Fault::AnswerLost) => broken(),
        Some(Fault::ServerError) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::Malformed) => html(),
        Some(Fault::Duplicated) => book(&shared, &order, number, None),
        Some(Fault::Delayed) => {
            let delay_ms = shared.world().profile.delay_ms;
            tokio::time::sleep(Duration::from_millis(u64::try_from(delay_ms).unwrap_or(0))).await;
            answer
        }
        _ => answer,
    }
}

fn book(shared: &Shared, order: &Submission, number: Msisdn, wrong: Option<Fault>) -> Response {
    let currency = shared.world().currency();
    let sold = OPERATORS.iter().find(|(id, ..)| *id == order.operator_id);
    let asked = Amount::parse_decimal(&order.amount.to_string(), currency).ok();
    let Some(asked) = asked.filter(|asked| sold.is_some_and(|(.., sold)| sells(*sold, *asked))) else {
        return refusal(Refused::Amount);
    };
    let booked = shared.world().top_up(&order.custom_identifier, number, asked, wrong, now_ms());
    booked.map_or_else(refusal, |booked| Json(transaction(&booked)).into_response())
}

fn sells(sold: Sold, asked: Amount) -> bool {
    let unit = 10_i64.pow(u32::from(asked.currency().minor_digits()));
    match sold {
        Sold::Range(min, max) => (min * unit..=max * unit).contains(&asked.minor()),
        Sold::Fixed(amounts) => amounts.iter().any(|amount| amount * unit == asked.minor()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportQuery {
    #[serde(default)]
    custom_identifier: Option<String>,
    #[serde(default = "one")]
    page: usize,
    #[serde(default = "two_hundred")]
    size: usize,
}

fn one() -> usize {
    1
}

fn two_hundred() -> usize {
    200
}

async fn report(State(shared): State<Shared>, headers: HeaderMap, Query(query): Query<ReportQuery>) -> Response {
    if let Some(refused) = unauthorised(&headers).or_else(|| shared.trouble()) {
        return refused;
    }
    let rows = match &query.custom_identifier {
        Some(reference) => shared.world().find(reference, now_ms()).into_iter().collect(),
        None => shared.world().statement(now_ms()),
    };
    let from = query.page.saturating_sub(1).saturating_mul(query.size);
    let content: Vec<Value> = rows.iter().skip(from).take(query.size).map(transaction).collect();
    Json(json!({ "content": content, "totalElements": rows.len(), "size": query.size })).into_response()
}

async fn balance(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(refused) = unauthorised(&headers).or_else(|| shared.trouble()) {
        return refused;
    }
    let wallet = shared.world().wallet;
    Json(json!({ "balance": number(wallet), "currencyCode": wallet.currency() })).into_response()
}

/// A top-up as Reloadly writes it. One that waits for its late success is called failed.
fn transaction(row: &Booked) -> Value {
    json!({
        "transactionId": row.id,
        "status": if row.credits > 0 { "SUCCESSFUL" } else { "FAILED" },
        "customIdentifier": row.reference,
        "recipientPhone": row.msisdn.digits(),
        "requestedAmount": number(row.requested),
        "requestedAmountCurrencyCode": row.requested.currency(),
        "deliveredAmount": number(row.delivered),
        "deliveredAmountCurrencyCode": row.delivered.currency(),
        "fee": 0,
        "transactionDate": row.at_ms,
    })
}

fn refusal(refused: Refused) -> Response {
    let (code, message) = match refused {
        Refused::Duplicate => ("CUSTOM_IDENTIFIER_ALREADY_USED", "The custom identifier was used before"),
        Refused::NoSubscriber => ("RECIPIENT_PHONE_INACTIVE", "The recipient's line is not active"),
        Refused::TooSoon => ("PHONE_RECENTLY_RECHARGED", "The phone was recharged a moment ago"),
        Refused::WalletEmpty => ("INSUFFICIENT_BALANCE", "The wallet does not hold enough"),
        Refused::Amount => ("INVALID_AMOUNT_FOR_OPERATOR", "The operator does not sell this amount"),
    };
    fault(StatusCode::BAD_REQUEST, code, message)
}

fn unauthorised(headers: &HeaderMap) -> Option<Response> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let right = given.and_then(|value| value.strip_prefix("Bearer ")) == Some(TOKEN);
    (!right).then(|| fault(StatusCode::UNAUTHORIZED, "INVALID_TOKEN", "Full authentication is required"))
}

fn fault(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "errorCode": code, "message": message, "details": [] }))).into_response()
}

fn msisdn(digits: &str) -> Option<Msisdn> {
    format!("+{}", digits.trim_start_matches('+')).parse().ok()
}

/// An amount as a JSON number, from its digits.
fn number(amount: Amount) -> Value {
    serde_json::from_str(&amount.decimal()).unwrap_or(Value::Null)
}
