//! The channel by CAMARA against a scripted service.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use contract::{Conduct, PATIENT, Peer, check_unknown, hold, lost, numbers, truth};
use futures_util::stream;
use ringback_core::{Judgement, Reachable};
use ringback_network::{Camara, Channel};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::sleep};

/// What the service does with a question.
type Script = Arc<Mutex<Box<dyn Fn(&str, &HeaderMap) -> Play + Send>>>;

enum Play {
    Answer(Response),
    Never,
    Later(Duration, Response),
}

struct Service {
    url: String,
    script: Script,
}

impl Service {
    async fn start() -> Self {
        let script: Script = Arc::new(Mutex::new(Box::new(|_, _| Play::Never)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/retrive-subscription-status", post(answer)).with_state(script.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, script }
    }

    fn play(&self, script: impl Fn(&str, &HeaderMap) -> Play + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    fn open(&self, token: Option<&str>) -> Camara {
        Camara::new("data", &self.url, token.map(str::to_owned), vec!["86".into()], PATIENT).unwrap()
    }
}

impl Peer for Service {
    fn turn(&self, conduct: Conduct) {
        self.play(move |number, _| act(conduct, number));
    }

    fn channel(&self, ranges: &[&str], deadline: Duration) -> Box<dyn Channel> {
        let ranges = ranges.iter().map(|&range| range.to_owned()).collect();
        Box::new(Camara::new("data", &self.url, None, ranges, deadline).unwrap())
    }
}

async fn answer(State(script): State<Script>, headers: HeaderMap, body: Json<Value>) -> Response {
    let number = body["phoneNumber"].as_str().unwrap().trim_start_matches('+').to_owned();
    let play = script.lock().unwrap()(&number, &headers);
    match play {
        Play::Answer(response) => response,
        Play::Never => std::future::pending().await,
        Play::Later(after, response) => {
            sleep(after).await;
            response
        }
    }
}

fn act(conduct: Conduct, number: &str) -> Play {
    let suspended = json!({ "voiceSmsOut": "suspended" }).to_string();
    Play::Answer(match conduct {
        Conduct::Silent => return Play::Never,
        Conduct::LosesOne if lost(number) => return Play::Never,
        Conduct::LosesOne => honest(number),
        // The earlier a number, the later its answer.
        Conduct::Honest => return Play::Later(Duration::from_millis(8 - last(number) % 8), honest(number)),
        Conduct::Broken => cut(Vec::new()),
        Conduct::Truncated => cut(suspended.as_bytes()[..15].to_vec()),
        Conduct::Garbage => vec![0xFF_u8, 0, 1, 0x80].into_response(),
        Conduct::Html => "<html><body>voiceSmsOut suspended</body></html>".into_response(),
        // A body that would mean something must not count with these codes.
        Conduct::OutOfOrder => (StatusCode::INTERNAL_SERVER_ERROR, suspended).into_response(),
        Conduct::Refusing => (StatusCode::UNAUTHORIZED, suspended).into_response(),
        Conduct::OtherNumber => {
            Json(json!({ "phoneNumber": "+8613900139000", "voiceSmsOut": "suspended" })).into_response()
        }
    })
}

fn last(number: &str) -> u64 {
    number[number.len() - 2..].parse().unwrap()
}

fn honest(number: &str) -> Response {
    match truth(number) {
        Judgement::NotInService => no_such("IDENTIFIER_NOT_FOUND"),
        Judgement::Restricted => status("suspended"),
        _ => status("active"),
    }
}

fn status(voice: &str) -> Response {
    Json(json!({ "voiceSmsIn": "active", "voiceSmsOut": voice, "dataService": "throttled" })).into_response()
}

fn no_such(code: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "status": 404, "code": code, "message": "…" }))).into_response()
}

/// An answer whose connection breaks behind `bytes`.
fn cut(bytes: Vec<u8>) -> Response {
    let parts = [Ok(Bytes::from(bytes)), Err(std::io::Error::other("the connection breaks"))];
    Body::from_stream(stream::iter(parts)).into_response()
}

#[tokio::test]
async fn camara_holds_the_contract() {
    hold(&Service::start().await).await;
}

#[tokio::test]
async fn k2_a_missing_page_is_no_missing_subscriber() {
    let service = Service::start().await;
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
        check_unknown(&shown, &numbers(1), &service.open(None).query(&numbers(1)).await);
    }
    for code in ["NOT_FOUND", "IDENTIFIER_NOT_FOUND"] {
        service.play(move |_, _| Play::Answer(no_such(code)));
        let answers = service.open(None).query(&numbers(1)).await;
        assert_eq!(answers[0].status.judged(), Judgement::NotInService, "{code}");
    }
}

#[tokio::test]
async fn an_address_without_a_service_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let channel = Camara::new("data", &url, None, vec!["86".into()], PATIENT).unwrap();
    check_unknown("nobody listens", &numbers(3), &channel.query(&numbers(3)).await);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let service = Service::start().await;
    let elsewhere = Service::start().await;
    elsewhere.play(|_, _| Play::Answer(status("suspended")));
    let target = format!("{}/retrive-subscription-status", elsewhere.url);
    service.play(move |_, _| {
        Play::Answer((StatusCode::TEMPORARY_REDIRECT, [("location", target.clone())]).into_response())
    });
    check_unknown("a redirect", &numbers(1), &service.open(Some("s3cret")).query(&numbers(1)).await);
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let service = Service::start().await;
    service.play(|_, _| {
        let blanks = stream::iter((0..512).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 4 << 10]))));
        let answer = stream::iter([Ok(Bytes::from(r#"{"voiceSmsOut":"suspended"}"#))]);
        Play::Answer(Body::from_stream(futures_util::StreamExt::chain(blanks, answer)).into_response())
    });
    check_unknown("two megabytes", &numbers(1), &service.open(None).query(&numbers(1)).await);
}

#[tokio::test]
async fn s6_the_token_is_sent_and_never_shown() {
    let service = Service::start().await;
    service.play(|_, headers| {
        let right = headers.get("authorization").is_some_and(|value| value == "Bearer s3cret");
        Play::Answer(if right { status("suspended") } else { StatusCode::FORBIDDEN.into_response() })
    });
    let seen = service.open(Some("s3cret")).query(&numbers(1)).await;
    assert_eq!(seen[0].status.judged(), Judgement::Restricted);
    let refused = service.open(Some("wr0ng")).query(&numbers(1)).await;
    check_unknown("a wrong token", &numbers(1), &refused);
    let text = format!("{refused:?}");
    assert!(text.contains("refused the token") && !text.contains("wr0ng"), "{text}");
}

/// What cannot be read is quoted in the reason, and may hold the number.
#[tokio::test]
async fn s6_no_quotation_shows_the_number() {
    let service = Service::start().await;
    for key in ["voiceSmsOut", "barCause", "reachable", "phoneNumber"] {
        service.play(move |number, _| {
            let mut body = json!({ "voiceSmsOut": "suspended" });
            body[key] = json!(number);
            Play::Answer(Json(body).into_response())
        });
        let answers = service.open(None).query(&numbers(1)).await;
        check_unknown(key, &numbers(1), &answers);
        assert!(format!("{answers:?}").contains("*0000"), "{key}: {answers:?}");
    }
}

#[tokio::test]
async fn an_operators_word_about_reach_is_kept() {
    let service = Service::start().await;
    for (said, expected) in
        [(json!(true), Reachable::Yes), (json!(false), Reachable::No), (json!(null), Reachable::Unknown)]
    {
        let body = json!({ "voiceSmsOut": "suspended", "reachable": said });
        service.play(move |_, _| Play::Answer(Json(body.clone()).into_response()));
        let answer = &service.open(None).query(&numbers(1)).await[0];
        assert_eq!((answer.status.judged(), answer.status.reachable), (Judgement::Restricted, expected));
    }
}
