//! Twilio Lookup v2, Line Status: a barred line is active like any other.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use serde_json::{Value, json};

use super::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v2/PhoneNumbers/{number}", get(lookup))
}

async fn lookup(State(shared): State<Shared>, Path(number): Path<String>) -> Json<Value> {
    let status = match shared.seen_by_digits(number.trim_start_matches('+')) {
        None => "inactive",
        Some(line) if line.powered_off => "unreachable",
        Some(_) => "reachable",
    };
    Json(json!({
        "phone_number": number,
        "valid": true,
        "validation_errors": [],
        "line_status": { "status": status, "error_code": null },
    }))
}
