//! hlr-lookups.com v2, one number: a barred line is connected or absent like any other.

use axum::{Json, Router, extract::State, routing::post};
use ringback_core::Msisdn;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/hlr-lookup", post(lookup))
}

#[derive(Deserialize)]
struct LookupBody {
    msisdn: Msisdn,
}

async fn lookup(State(shared): State<Shared>, Json(body): Json<LookupBody>) -> Json<Value> {
    let status = match shared.seen(body.msisdn) {
        None => "INVALID_MSISDN",
        Some(line) if line.powered_off => "ABSENT",
        Some(_) => "CONNECTED",
    };
    Json(json!({ "id": "f94ef092cb53", "msisdn": body.msisdn, "connectivity_status": status }))
}
