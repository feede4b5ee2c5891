//! hlrlookup.com v2: up to 80 numbers in one request, answered in their order.

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Shared;

/// The most numbers of one request.
const MOST: usize = 80;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/hlr", post(lookup))
}

#[derive(Deserialize)]
struct LookupBody {
    requests: Vec<Requested>,
}

#[derive(Deserialize, Serialize)]
struct Requested {
    telephone_number: String,
}

async fn lookup(
    State(shared): State<Shared>,
    Json(body): Json<LookupBody>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    if body.requests.len() > MOST {
        return Err((StatusCode::BAD_REQUEST, Json(json!({ "error": "TOO_MANY_NUMBERS" }))));
    }
    let results: Vec<Value> = body.requests.into_iter().map(|requested| answer(&shared, &requested)).collect();
    Ok(Json(json!({ "body": { "results": results } })))
}

fn answer(shared: &Shared, requested: &Requested) -> Value {
    let status = match shared.seen_by_digits(&requested.telephone_number) {
        None => "DEAD",
        Some(line) if line.powered_off => "ABSENT_SUBSCRIBER",
        Some(_) => "LIVE",
    };
    json!({
        "error": "NONE",
        "request_parameters": requested,
        "detected_telephone_number": requested.telephone_number,
        "live_status": status,
    })
}
