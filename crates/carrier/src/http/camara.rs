//! CAMARA `SubscriptionStatus` v0.1.0, with two extensions: the cause of a fraud bar, and whether the phone is on.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use ringback_core::Msisdn;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use crate::subscriber::Service;

pub(super) fn routes() -> Router<Shared> {
    // The specification spells it so.
    Router::new().route("/subscription-status/v0.1/retrive-subscription-status", post(status))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    phone_number: Msisdn,
}

async fn status(State(shared): State<Shared>, body: Result<Json<StatusBody>, JsonRejection>) -> Response {
    let Json(body) = match body {
        Ok(body) => body,
        Err(rejection) => return error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", &rejection.body_text()),
    };
    let Some(line) = shared.seen(body.phone_number) else {
        return error(StatusCode::NOT_FOUND, "IDENTIFIER_NOT_FOUND", "no such subscriber");
    };
    let voice = if line.barred { "suspended" } else { "active" };
    let mut answer =
        json!({ "voiceSmsIn": "active", "voiceSmsOut": voice, "dataService": voice, "reachable": !line.powered_off });
    if line.service == Service::Fraud {
        answer["barCause"] = json!("fraud");
    }
    Json(answer).into_response()
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "status": status.as_u16(), "code": code, "message": message }))).into_response()
}
