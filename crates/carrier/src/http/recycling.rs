//! CAMARA NumberRecycling v0.2: whether a number went to somebody else since a date.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::civil::{Date, date};
use ringback_core::Msisdn;
use serde::Deserialize;
use serde_json::json;

use super::{Shared, camara::error};
use crate::subscriber::Service;

/// What the carrier's records begin with.
const RECORDS_SINCE: Date = date(2000, 1, 1);

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/number-recycling/v0.2/check", post(check))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckBody {
    phone_number: Msisdn,
    specified_date: Date,
}

/// A recycled number changed hands after everything that anybody noted down about it.
async fn check(State(shared): State<Shared>, body: Result<Json<CheckBody>, JsonRejection>) -> Response {
    let Json(body) = match body {
        Ok(body) => body,
        Err(rejection) => return error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", &rejection.body_text()),
    };
    if body.specified_date < RECORDS_SINCE {
        return error(StatusCode::BAD_REQUEST, "OUT_OF_RANGE", "no records of that date");
    }
    match shared.seen(body.phone_number) {
        Some(line) => Json(json!({ "phoneNumberRecycled": line.service == Service::Recycled })).into_response(),
        None => error(StatusCode::NOT_FOUND, "IDENTIFIER_NOT_FOUND", "no such subscriber"),
    }
}
