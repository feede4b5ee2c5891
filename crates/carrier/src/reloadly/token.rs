//! The sandbox's tokens. Each carries the instant of its end, so that one from before a restart is still good.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{fault, unreadable};
use crate::http::Shared;

/// The sandbox's one client.
const CLIENT: (&str, &str) = ("sandbox", "sandbox");

/// What a token begins with; its end in milliseconds since 1970 follows.
const PREFIX: &str = "sandbox-";

#[derive(Deserialize)]
pub(super) struct Credentials {
    client_id: String,
    client_secret: String,
}

pub(super) async fn token(State(shared): State<Shared>, given: Result<Json<Credentials>, JsonRejection>) -> Response {
    let Json(given) = match given {
        Ok(given) => given,
        Err(rejection) => return unreadable(&rejection.body_text()),
    };
    if (given.client_id.as_str(), given.client_secret.as_str()) != CLIENT {
        return fault(StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS", "Access Denied");
    }
    let token_ms = shared.world().profile.token_ms;
    let token = format!("{PREFIX}{}", shared.now_ms().saturating_add(token_ms));
    let body = json!({
        "access_token": token, "token_type": "Bearer", "expires_in": token_ms / 1000, "scope": "send-topups",
    });
    Json(body).into_response()
}

/// The refusal of a request without a token that is good now.
pub(super) fn unauthorised(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    let refused = |code, message| Some(fault(StatusCode::UNAUTHORIZED, code, message));
    let (now_ms, longest_ms) = (shared.now_ms(), shared.world().profile.token_ms);
    match end_ms(headers) {
        Some(end_ms) if end_ms <= now_ms => refused("TOKEN_EXPIRED", "The token has expired"),
        Some(end_ms) if end_ms <= now_ms.saturating_add(longest_ms) => None,
        _ => refused("INVALID_TOKEN", "Full authentication is required"),
    }
}

fn end_ms(headers: &HeaderMap) -> Option<i64> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    given.strip_prefix("Bearer ")?.strip_prefix(PREFIX)?.parse().ok()
}
