//! What is special about CAMARA's service: its error body, its extensions, and how its answers come.

use axum::{
    Json,
    body::{Body, Bytes},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use futures_util::{StreamExt as _, stream};
use ringback_core::{Bar, Judgement, Reachable, Service as LineService};
use ringback_network::{Channel as _, http::Credentials};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    contract::{check_unknown, numbers},
    dialects::CAMARA,
    peer::{Play, Service, settings},
};

fn no_such(code: &str) -> Value {
    json!({ "status": 404, "code": code, "message": "…" })
}

async fn judged(body: Value) -> (LineService, Reachable) {
    let service = Service::start(&CAMARA).await;
    service.say(StatusCode::OK, body);
    let status = service.open().query(&numbers(1)).await.remove(0).status;
    (status.service, status.reachable)
}

#[tokio::test]
async fn outgoing_voice_decides() {
    let body = |voice: &str, data: &str| json!({ "voiceSmsIn": "active", "voiceSmsOut": voice, "dataService": data });
    let restricted = LineService::Restricted(Bar::ArrearsOrUnknown);
    assert_eq!(judged(body("active", "suspended")).await, (LineService::InService, Reachable::Unknown));
    assert_eq!(judged(body("suspended", "active")).await, (restricted, Reachable::Unknown));
    for garbage in [
        json!({}),
        json!({ "voiceSmsOut": "maybe" }),
        json!(["suspended"]),
        json!({ "voiceSmsOut": { "suspended": null } }),
        json!({ "voiceSmsOut": "active", "barCause": "new" }),
        json!({ "voiceSmsOut": "active", "reachable": "yes" }),
        json!({ "voiceSmsOut": "active", "phoneNumber": 1 }),
    ] {
        assert!(matches!(judged(garbage.clone()).await.0, LineService::Unknown(_)), "{garbage}");
    }
}

#[tokio::test]
async fn k3_a_stated_cause_is_kept() {
    let causes = [("fraud", Bar::Fraud), ("lost", Bar::Lost), ("identity", Bar::Identity), ("other", Bar::Other)];
    for (word, bar) in causes {
        let body = json!({ "voiceSmsOut": "suspended", "barCause": word });
        assert_eq!(judged(body).await.0, LineService::Restricted(bar), "{word}");
    }
    let new = judged(json!({ "voiceSmsOut": "suspended", "barCause": "new" })).await.0;
    assert!(matches!(new, LineService::Unknown(_)), "{new:?}");
}

#[tokio::test]
async fn k2_a_missing_page_is_no_missing_subscriber() {
    let service = Service::start(&CAMARA).await;
    let pages = [
        json!({ "status": 404, "error": "Not Found", "path": "/retrive-subscription-status" }).to_string(),
        json!({ "status": 404, "code": "ROUTE_UNKNOWN" }).to_string(),
        json!({ "code": "IDENTIFIER_NOT_FOUND" }).to_string(),
        "<html>404</html>".to_owned(),
        String::new(),
    ];
    for page in pages {
        let (shown, body) = (page.clone(), page);
        service.play(move |_, _| Play::Answer((StatusCode::NOT_FOUND, body.clone()).into_response()));
        check_unknown(&shown, &numbers(1), &service.open().query(&numbers(1)).await);
    }
    for code in ["NOT_FOUND", "IDENTIFIER_NOT_FOUND"] {
        service.say(StatusCode::NOT_FOUND, no_such(code));
        let answers = service.open().query(&numbers(1)).await;
        assert_eq!(answers[0].status.judged(), Judgement::NotInService, "{code}");
    }
}

#[tokio::test]
async fn an_address_without_a_service_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let channel = Service::start(&CAMARA).await.open_by(settings(&url, Credentials::None));
    check_unknown("nobody listens", &numbers(3), &channel.query(&numbers(3)).await);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (service, elsewhere) = (Service::start(&CAMARA).await, Service::start(&CAMARA).await);
    elsewhere.say(StatusCode::OK, json!({ "voiceSmsOut": "suspended" }));
    let target = format!("{}/retrive-subscription-status", elsewhere.url);
    service.play(move |_, _| {
        Play::Answer((StatusCode::TEMPORARY_REDIRECT, [("location", target.clone())]).into_response())
    });
    let channel = service.open_by(settings(&service.url, Credentials::Token("s3cret".into())));
    check_unknown("a redirect", &numbers(1), &channel.query(&numbers(1)).await);
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let service = Service::start(&CAMARA).await;
    service.play(|_, _| Play::Answer(endless()));
    check_unknown("two megabytes", &numbers(1), &service.open().query(&numbers(1)).await);
}

fn endless() -> Response {
    let blanks = stream::iter((0..512).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 4 << 10]))));
    let answer = stream::iter([Ok(Bytes::from(r#"{"voiceSmsOut":"suspended"}"#))]);
    Body::from_stream(blanks.chain(answer)).into_response()
}

/// What cannot be read is quoted in the reason, and may hold the number.
#[tokio::test]
async fn s6_no_quotation_shows_the_number() {
    let service = Service::start(&CAMARA).await;
    for key in ["voiceSmsOut", "barCause", "reachable", "phoneNumber"] {
        service.play(move |numbers, _| {
            let mut body = json!({ "voiceSmsOut": "suspended" });
            body[key] = json!(numbers[0]);
            Play::Answer(Json(body).into_response())
        });
        let answers = service.open().query(&numbers(1)).await;
        check_unknown(key, &numbers(1), &answers);
    }
}

#[tokio::test]
async fn an_operators_word_about_reach_is_kept() {
    for (said, expected) in
        [(json!(true), Reachable::Yes), (json!(false), Reachable::No), (json!(null), Reachable::Unknown)]
    {
        let (service, reachable) = judged(json!({ "voiceSmsOut": "suspended", "reachable": said })).await;
        assert_eq!((service, reachable), (LineService::Restricted(Bar::ArrearsOrUnknown), expected));
    }
}
