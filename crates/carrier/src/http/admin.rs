//! The truth, and the switches, for whoever tests. No provider has anything like it.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use super::Shared;
use crate::{faults::Faults, subscriber::Subscriber, world::Booked};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/profile", get(profile))
        .route("/subscribers", get(subscribers))
        .route("/statement", get(statement))
        .route("/faults", get(faults).put(switch))
}

async fn profile(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let mut body = json!(world.profile);
    body["currency"] = json!(world.currency());
    Json(body)
}

/// Every subscriber, by number.
async fn subscribers(State(shared): State<Shared>) -> Json<Vec<Value>> {
    let (mut world, now_ms) = (shared.world(), shared.now_ms());
    world.book_late(now_ms);
    let mut lines: Vec<&Subscriber> = world.subscribers.values().collect();
    lines.sort_by_key(|line| line.msisdn.number());
    let line = |s: &Subscriber| {
        let mut body = json!(s);
        body["barred"] = json!(s.is_barred(now_ms));
        body
    };
    Json(lines.into_iter().map(line).collect())
}

async fn statement(State(shared): State<Shared>) -> Json<Vec<Booked>> {
    Json(shared.world().statement(shared.now_ms()))
}

async fn faults(State(shared): State<Shared>) -> Json<Faults> {
    Json(shared.world().faults().clone())
}

/// Switches fault kinds on and off while the carrier runs; `{"seed": 1, "kinds": []}` switches all of them off.
async fn switch(State(shared): State<Shared>, body: Result<Json<Faults>, JsonRejection>) -> Response {
    match body {
        Ok(Json(faults)) => {
            shared.world().set_faults(faults.clone());
            Json(faults).into_response()
        }
        Err(rejection) => (StatusCode::BAD_REQUEST, Json(json!({ "error": rejection.body_text() }))).into_response(),
    }
}
