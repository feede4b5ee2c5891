//! The truth, and the switches, for whoever tests. No provider has anything like it.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use ringback_core::Msisdn;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::{
    faults::Faults,
    subscriber::{Service, Subscriber},
    world::{Booked, Profile},
};

/// What becomes of a line, written as `/admin/subscribers` shows it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    msisdn: Msisdn,
    service: Service,
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/profile", get(profile).put(set_profile))
        .route("/subscribers", get(subscribers).put(turn))
        .route("/statement", get(statement))
        .route("/faults", get(faults).put(switch))
}

async fn profile(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let mut body = json!(world.profile);
    body["currency"] = json!(world.currency());
    Json(body)
}

/// Replaces times and terms while the carrier runs; what is left out is as in the sandbox.
async fn set_profile(State(shared): State<Shared>, body: Result<Json<Profile>, JsonRejection>) -> Response {
    match body {
        Ok(Json(profile)) => {
            shared.world().profile = profile;
            Json(profile).into_response()
        }
        Err(rejection) => refused(StatusCode::BAD_REQUEST, &rejection.body_text()),
    }
}

/// Turns lines while the carrier runs, all or none: `[{"msisdn": "+8613800138000", "service": {"arrears":
/// {"owed_minor": 5800}}}]` restricts one (again).
async fn turn(State(shared): State<Shared>, body: Result<Json<Vec<Turn>>, JsonRejection>) -> Response {
    let turns = match body {
        Ok(Json(turns)) => turns,
        Err(rejection) => return refused(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    if shared.lifts.is_some() {
        return refused(StatusCode::CONFLICT, "an HLR mirrors these lines, and only lifted bars are written there");
    }
    let mut world = shared.world();
    if let Some(turn) = turns.iter().find(|turn| !world.subscribers.contains_key(&turn.msisdn)) {
        return refused(StatusCode::NOT_FOUND, &format!("{} is no line here", turn.msisdn));
    }
    let turned = turns.iter().filter(|turn| world.turn(turn.msisdn, turn.service)).count();
    Json(json!({ "turned": turned })).into_response()
}

fn refused(code: StatusCode, error: &str) -> Response {
    (code, Json(json!({ "error": error }))).into_response()
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
        Err(rejection) => refused(StatusCode::BAD_REQUEST, &rejection.body_text()),
    }
}
