//! The guard by CAMARA NumberRecycling: nothing but its plain "no" is one.

use std::{path::Path, time::Duration};

use axum::http::StatusCode;
use jiff::civil::{Date, date};
use ringback_network::http::{Credentials, Guard as _, HttpGuard, Profile, Recycled, Settings};
use serde_json::{Value, json};

use crate::{
    contract::{SHORT, numbers},
    dialects::RECYCLING,
    peer::{Play, Service, settings},
};

const SINCE: Date = date(2026, 3, 1);

fn guard(service: &Service, deadline: Duration) -> HttpGuard {
    let settings = Settings { deadline, ..settings(&service.url, Credentials::Token("s3cret".into())) };
    HttpGuard::new(settings, Profile::named("camara-number-recycling", Path::new(".")).unwrap()).unwrap()
}

async fn asked(code: StatusCode, body: Value) -> Recycled {
    let service = Service::start(&RECYCLING).await;
    service.say(code, body);
    guard(&service, SHORT).was_recycled(numbers(1)[0], SINCE).await
}

#[tokio::test]
async fn k4_a_plain_word_counts() {
    assert_eq!(asked(StatusCode::OK, json!({ "phoneNumberRecycled": true })).await, Recycled::Yes);
    assert_eq!(asked(StatusCode::OK, json!({ "phoneNumberRecycled": false })).await, Recycled::No);
}

#[tokio::test]
async fn k4_everything_else_is_unknown_with_a_reason() {
    let cases = [
        (StatusCode::OK, json!({ "phoneNumberRecycled": "false" })),
        (StatusCode::OK, json!({ "phoneNumberRecycled": null })),
        (StatusCode::OK, json!({ "phoneNumberRecycled": 0 })),
        (StatusCode::OK, json!({ "phoneNumberRecycled": -1 })),
        (StatusCode::OK, json!({})),
        (StatusCode::OK, json!({ "phoneNumberRecycled": false, "phoneNumber": "+8613900139000" })),
        (StatusCode::BAD_REQUEST, json!({ "status": 400, "code": "OUT_OF_RANGE" })),
        (StatusCode::NOT_FOUND, json!({ "status": 404, "code": "IDENTIFIER_NOT_FOUND" })),
        (StatusCode::UNPROCESSABLE_ENTITY, json!({ "status": 422, "code": "SERVICE_NOT_APPLICABLE" })),
        (StatusCode::INTERNAL_SERVER_ERROR, json!({ "phoneNumberRecycled": false })),
        (StatusCode::UNAUTHORIZED, json!({ "phoneNumberRecycled": false })),
    ];
    for (code, body) in cases {
        let recycled = asked(code, body.clone()).await;
        let Recycled::Unknown(reason) = recycled else { panic!("{code} {body}: {recycled:?}") };
        assert!(reason.starts_with("data: ") && !reason.contains("13800100000"), "{reason}");
    }
    let reason = format!("{:?}", asked(StatusCode::BAD_REQUEST, json!({ "code": "OUT_OF_RANGE" })).await);
    assert!(reason.contains("no data of that date"), "{reason}");
}

#[tokio::test]
async fn the_date_is_asked_about_and_a_silent_service_is_unknown_in_time() {
    let service = Service::start(&RECYCLING).await;
    service.play(|asked, _| {
        assert_eq!(asked, ["8613800100000", "2026-03-01"]);
        Play::Never
    });
    let guard = guard(&service, SHORT);
    let answer = tokio::time::timeout(SHORT, guard.was_recycled(numbers(1)[0], SINCE)).await.unwrap();
    assert!(matches!(answer, Recycled::Unknown(_)), "{answer:?}");
}
