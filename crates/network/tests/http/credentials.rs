//! Who asks: each way is sent as its service wants it, and never shown (S6).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
    routing::post,
};
use ringback_core::Judgement;
use ringback_network::{Channel as _, http::Credentials};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    contract::{check_unknown, numbers},
    dialects::{CAMARA, HLR_LOOKUPS, HLRLOOKUP, TELESIGN, TWILIO, Word, ZAIWANG},
    peer::{Play, Service, settings},
};

#[tokio::test]
async fn s6_the_credentials_are_sent_and_never_shown() {
    for dialect in [&TWILIO, &TELESIGN, &HLR_LOOKUPS, &HLRLOOKUP, &ZAIWANG] {
        let service = Service::start(dialect).await;
        service.play(move |numbers, _| {
            let said = [(numbers[0].clone(), Word::NotInService)];
            Play::Answer(Json(dialect.answer(&said).1).into_response())
        });
        assert_eq!(service.open().query(&numbers(1)).await[0].status.judged(), Judgement::NotInService);
        let wrong = match dialect.credentials() {
            Credentials::Token(_) => Credentials::Token("wr0ng".into()),
            _ => Credentials::User { user: "me".into(), password: "wr0ng".into() },
        };
        let refused = service.open_by(settings(&service.url, wrong)).query(&numbers(1)).await;
        check_unknown(dialect.profile, &numbers(1), &refused);
        let text = format!("{refused:?}");
        assert!(text.contains("refused the credentials") && !text.contains("wr0ng"), "{text}");
    }
}

#[tokio::test]
async fn s6_a_bearer_token_is_sent_and_never_shown() {
    let service = Service::start(&CAMARA).await;
    service.play(|_, headers| {
        let right = headers.get("authorization").is_some_and(|value| value == "Bearer s3cret");
        let suspended = Json(json!({ "voiceSmsOut": "suspended" })).into_response();
        Play::Answer(if right { suspended } else { StatusCode::FORBIDDEN.into_response() })
    });
    let open = |token: &str| service.open_by(settings(&service.url, Credentials::Token(token.into())));
    assert_eq!(open("s3cret").query(&numbers(1)).await[0].status.judged(), Judgement::Restricted);
    let refused = open("wr0ng").query(&numbers(1)).await;
    check_unknown("a wrong token", &numbers(1), &refused);
    assert!(format!("{refused:?}").contains("refused the credentials"), "{refused:?}");
}

#[derive(Clone, Default)]
struct Issuer {
    given: Arc<AtomicUsize>,
}

async fn issue(State(issuer): State<Issuer>, headers: HeaderMap, Form(form): Form<Value>) -> axum::response::Response {
    let client = headers.get("authorization").is_some_and(|value| value == "Basic bWU6czNjcmV0");
    if !client || form["grant_type"] != "client_credentials" || form["scope"].as_str().is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let count = issuer.given.fetch_add(1, SeqCst) + 1;
    Json(json!({ "access_token": format!("token-{count}"), "token_type": "bearer", "expires_in": 3600 }))
        .into_response()
}

async fn issuer() -> (Issuer, String) {
    let issuer = Issuer::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let router = Router::new().route("/token", post(issue)).with_state(issuer.clone());
    tokio::spawn(axum::serve(listener, router).into_future());
    (issuer, url)
}

fn client(secret: &str, token_url: &str) -> Credentials {
    Credentials::Client { id: "me".into(), secret: secret.into(), token_url: token_url.into() }
}

/// Takes one token after the other; the earlier ones have ended.
fn taking(service: &Service, token: &'static str) {
    service.play(move |_, headers| {
        let right = headers.get("authorization").is_some_and(|value| value == token);
        let active = Json(json!({ "voiceSmsOut": "active" })).into_response();
        Play::Answer(if right { active } else { StatusCode::UNAUTHORIZED.into_response() })
    });
}

#[tokio::test]
async fn a_client_gets_one_token_for_many_questions_and_another_when_it_ended() {
    let (service, (issuer, token_url)) = (Service::start(&CAMARA).await, issuer().await);
    let channel = service.open_by(settings(&service.url, client("s3cret", &token_url)));
    taking(&service, "Bearer token-1");
    let answers = channel.query(&numbers(50)).await;
    assert!(answers.iter().all(|answer| answer.status.judged() == Judgement::InService), "{answers:?}");
    assert_eq!(issuer.given.load(SeqCst), 1);
    taking(&service, "Bearer token-2");
    assert_eq!(channel.query(&numbers(1)).await[0].status.judged(), Judgement::InService);
    assert_eq!(issuer.given.load(SeqCst), 2);
}

#[tokio::test]
async fn s6_a_refused_client_is_unknown_and_its_secret_not_shown() {
    let (service, (_, token_url)) = (Service::start(&CAMARA).await, issuer().await);
    taking(&service, "Bearer token-1");
    let refused = service.open_by(settings(&service.url, client("wr0ng", &token_url))).query(&numbers(2)).await;
    check_unknown("a wrong client", &numbers(2), &refused);
    let text = format!("{refused:?}");
    assert!(text.contains("client_secret") && !text.contains("wr0ng"), "{text}");
}
