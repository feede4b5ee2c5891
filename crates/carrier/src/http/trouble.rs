//! What befalls a request on its way, and its answer on the way back.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Shared;
use crate::faults::Fault;

/// The largest question that is read.
const LARGEST_BODY: usize = 1 << 20;

/// Lets the seed's faults befall a question. The same question asked again draws anew.
pub(crate) async fn befall(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if shared.world().faults().spare_questions() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let question = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    let wrong = shared.world().trouble(&question);
    if let Some(instead) = instead(wrong) {
        return instead;
    }
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    garble(&shared, wrong, answer).await
}

/// The answer to a request that the transport does not bring to its end.
pub(crate) fn instead(wrong: Option<Fault>) -> Option<Response> {
    match wrong {
        Some(Fault::RequestLost) => Some(broken()),
        Some(Fault::TooManyRequests) => Some(StatusCode::TOO_MANY_REQUESTS.into_response()),
        _ => None,
    }
}

/// What becomes of an answer on its way back.
pub(crate) async fn garble(shared: &Shared, wrong: Option<Fault>, answer: Response) -> Response {
    match wrong {
        Some(Fault::AnswerLost) => broken(),
        Some(Fault::ServerError) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::Malformed) => html(),
        Some(Fault::Delayed) => {
            let delay_ms = shared.world().profile.delay_ms;
            tokio::time::sleep(Duration::from_millis(u64::try_from(delay_ms).unwrap_or(0))).await;
            answer
        }
        _ => answer,
    }
}

/// An answer whose connection breaks in the middle.
fn broken() -> Response {
    let parts =
        futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("lost on purpose"))]);
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(parts)).into_response()
}

/// An answer as a proxy out of order gives it.
fn html() -> Response {
    ([(header::CONTENT_TYPE, "text/html")], "<html><body>Bad gateway</body></html>").into_response()
}
