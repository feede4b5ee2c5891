//! Telesign PhoneID with the attribute Subscriber Status: bars, and nothing about the phone.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use serde_json::{Value, json};

use super::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/phoneid/{number}", post(phone_id))
}

async fn phone_id(State(shared): State<Shared>, Path(number): Path<String>) -> Json<Value> {
    let status = match shared.seen_by_digits(&number) {
        None => "deactivated",
        Some(line) if line.barred => "suspended",
        Some(_) => "active",
    };
    Json(json!({
        "status": { "code": 300, "description": "Transaction successfully completed" },
        "numbering": { "original": { "complete_phone_number": number } },
        "subscriber_status": {
            "status": { "code": 2800, "description": "Request successfully completed" },
            "account_status": status,
        },
    }))
}
