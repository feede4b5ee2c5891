//! The claim desk over HTTP: `POST /claims` to claim, `GET /claims/{reference}` to ask.

use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ringback_core::{Amount, Currency, Msisdn};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use crate::world::Verdict;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/claims", post(claim)).route("/claims/{reference}", get(state))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimBody {
    reference: String,
    #[serde(default)]
    phone_number: Option<Msisdn>,
    amount: String,
    currency: Currency,
}

async fn claim(State(shared): State<Shared>, body: Result<Json<ClaimBody>, JsonRejection>) -> Response {
    let Json(body) = match body {
        Ok(body) => body,
        Err(rejection) => return error(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    match Amount::parse_decimal(&body.amount, body.currency).and_then(Amount::positive) {
        Ok(amount) => {
            let now_ms = shared.now_ms();
            say(&body.reference, shared.world().claim(&body.reference, body.phone_number, amount, now_ms))
        }
        Err(wrong) => error(StatusCode::BAD_REQUEST, &wrong.to_string()),
    }
}

async fn state(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let verdict = shared.world().claim_state(&reference, shared.now_ms());
    verdict.map_or_else(|| error(StatusCode::NOT_FOUND, "no such claim"), |verdict| say(&reference, verdict))
}

fn say(reference: &str, verdict: Verdict) -> Response {
    let mut body = json!({ "reference": reference, "case": format!("C-{reference}") });
    match verdict {
        Verdict::Acknowledged => body["state"] = json!("acknowledged"),
        Verdict::Paid(paid) => {
            body["state"] = json!("paid");
            body["paid"] = json!(paid.decimal());
            body["currency"] = json!(paid.currency());
        }
        Verdict::Denied(reason) => {
            body["state"] = json!("denied");
            body["reason"] = json!(reason);
        }
    }
    Json(body).into_response()
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}
