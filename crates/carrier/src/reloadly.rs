//! Reloadly's dialect of HTTP, as its public API describes it.

mod operators;
mod order;
mod report;
mod token;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ringback_core::{Amount, Msisdn};
use serde_json::{Value, json};

use crate::{http::Shared, world::Refused};
use token::unauthorised;

/// What moves no money.
pub(crate) fn questions() -> Router<Shared> {
    Router::new()
        .route("/operators/auto-detect/phone/{phone}/countries/{iso}", get(detect))
        .route("/topups/reports/transactions", get(report::report))
        .route("/accounts/balance", get(balance))
}

/// What does, and the token for it.
pub(crate) fn orders() -> Router<Shared> {
    Router::new().route("/oauth/token", post(token::token)).route("/topups", post(order::top_up))
}

async fn detect(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((phone, _)): Path<(String, String)>,
) -> Response {
    if let Some(refused) = unauthorised(&shared, &headers) {
        return refused;
    }
    let world = shared.world();
    let line = msisdn(&phone).and_then(|number| world.subscribers.get(&number)).filter(|line| line.exists());
    match line.and_then(|line| operators::of(&line.carrier)) {
        Some(operator) => Json(operator.describe(world.currency())).into_response(),
        None => fault(StatusCode::NOT_FOUND, "COULD_NOT_AUTO_DETECT_OPERATOR", "Could not auto detect operator"),
    }
}

async fn balance(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(refused) = unauthorised(&shared, &headers) {
        return refused;
    }
    let (mut world, now_ms) = (shared.world(), shared.now_ms());
    world.book_late(now_ms);
    let wallet = world.wallet;
    Json(json!({ "balance": number(wallet), "currencyCode": wallet.currency() })).into_response()
}

fn refusal(refused: Refused) -> Response {
    let (code, message) = match refused {
        Refused::Duplicate => ("CUSTOM_IDENTIFIER_ALREADY_USED", "The custom identifier was used before"),
        Refused::NoSubscriber => ("RECIPIENT_PHONE_INACTIVE", "The recipient's line is not active"),
        Refused::Operator => ("INVALID_RECIPIENT_PHONE", "The phone number is not one of this operator's"),
        Refused::TooSoon => ("PHONE_RECENTLY_RECHARGED", "The phone was recharged a moment ago"),
        Refused::WalletEmpty => ("INSUFFICIENT_BALANCE", "The wallet does not hold enough"),
        Refused::Amount => ("INVALID_AMOUNT_FOR_OPERATOR", "The operator does not sell this amount"),
    };
    fault(StatusCode::BAD_REQUEST, code, message)
}

/// A request that cannot be read.
fn unreadable(message: &str) -> Response {
    fault(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
}

fn fault(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "errorCode": code, "message": message, "details": [] }))).into_response()
}

fn msisdn(digits: &str) -> Option<Msisdn> {
    format!("+{}", digits.strip_prefix('+').unwrap_or(digits)).parse().ok()
}

/// An amount as a JSON number, from its digits.
fn number(amount: Amount) -> Value {
    serde_json::from_str(&amount.decimal()).unwrap_or(Value::Null)
}
