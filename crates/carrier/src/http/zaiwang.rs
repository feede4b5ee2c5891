//! A Chinese 在网状态 service: one code says everything, and a bar wins over a phone that is switched off.

use axum::{Json, Router, extract::State, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/mobile_status/check", post(check))
}

#[derive(Deserialize)]
struct CheckBody {
    mobile: String,
}

async fn check(State(shared): State<Shared>, Json(body): Json<CheckBody>) -> Json<Value> {
    let (code, words) = match shared.seen_by_digits(&format!("86{}", body.mobile)) {
        None => ("0", "销号"),
        Some(line) if line.barred => ("2", "停机"),
        Some(line) if line.powered_off => ("5", "关机"),
        Some(_) => ("1", "正常"),
    };
    Json(json!({
        "code": 200,
        "message": "success",
        "data": { "result": code, "resultMsg": words, "transferStatus": "0" },
    }))
}
