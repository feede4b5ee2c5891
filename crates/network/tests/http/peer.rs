//! A status service that is scripted, in the dialect of one profile.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use ringback_core::Judgement;
use ringback_network::{
    Channel, Http,
    http::{Credentials, Profile, Settings},
};
use serde_json::Value;
use tokio::{net::TcpListener, time::sleep};

use crate::{
    contract::{Conduct, PATIENT, Peer, lost, off, truth},
    dialects::{Dialect, Word},
};

/// What the service does with a request about numbers (their digits).
pub(crate) type Script = Box<dyn Fn(&[String], &HeaderMap) -> Play + Send>;

pub(crate) enum Play {
    Answer(Response),
    Never,
    Later(Duration, Response),
}

pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) dialect: &'static Dialect,
    script: Arc<Mutex<Script>>,
}

#[derive(Clone)]
struct Served {
    dialect: &'static Dialect,
    script: Arc<Mutex<Script>>,
}

impl Service {
    pub(crate) async fn start(dialect: &'static Dialect) -> Self {
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(|_, _| Play::Never)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Served { dialect, script: script.clone() });
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, dialect, script }
    }

    pub(crate) fn play(&self, script: impl Fn(&[String], &HeaderMap) -> Play + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// Every request has this answer.
    pub(crate) fn say(&self, code: StatusCode, body: Value) {
        self.play(move |_, _| Play::Answer((code, Json(body.clone())).into_response()));
    }

    pub(crate) fn settings(&self) -> Settings {
        settings(&self.url, self.dialect.credentials())
    }

    pub(crate) fn open(&self) -> Http {
        self.open_by(self.settings())
    }

    pub(crate) fn open_by(&self, settings: Settings) -> Http {
        Http::new(settings, Profile::named(self.dialect.profile, Path::new(".")).unwrap()).unwrap()
    }
}

pub(crate) fn settings(url: &str, credentials: Credentials) -> Settings {
    Settings {
        name: "data".into(),
        url: Some(url.to_owned()),
        credentials,
        ranges: vec!["86".into()],
        deadline: PATIENT,
        cost: String::new(),
    }
}

impl Peer for Service {
    fn turn(&self, conduct: Conduct) {
        let dialect = self.dialect;
        self.play(move |numbers, _| act(dialect, conduct, numbers));
    }

    fn channel(&self, ranges: &[&str], deadline: Duration) -> Box<dyn Channel> {
        let ranges = ranges.iter().map(|&range| range.to_owned()).collect();
        Box::new(self.open_by(Settings { ranges, deadline, ..self.settings() }))
    }

    fn shows_phones_off(&self) -> bool {
        self.dialect.shows_phones_off()
    }
}

async fn answer(State(served): State<Served>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if !(served.dialect.authorized)(&headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let numbers = (served.dialect.asked)(&uri, &body);
    let play = served.script.lock().unwrap()(&numbers, &headers);
    match play {
        Play::Answer(response) => response,
        Play::Never => std::future::pending().await,
        Play::Later(after, response) => {
            sleep(after).await;
            response
        }
    }
}

fn act(dialect: &Dialect, conduct: Conduct, numbers: &[String]) -> Play {
    let meaningful = dialect.answer(&[(numbers[0].clone(), Word::Restricted)]).1;
    Play::Answer(match conduct {
        Conduct::Silent => return Play::Never,
        Conduct::LosesOne if numbers.len() == 1 && lost(&numbers[0]) => return Play::Never,
        Conduct::LosesOne => honest(dialect, numbers.iter().filter(|number| !lost(number))),
        // The earlier a number, the later its answer.
        Conduct::Honest => {
            return Play::Later(Duration::from_millis(8 - last(&numbers[0]) % 8), honest(dialect, numbers.iter()));
        }
        Conduct::Broken => cut(Vec::new()),
        Conduct::Truncated => cut(meaningful.to_string().as_bytes()[..15].to_vec()),
        Conduct::Garbage => vec![0xFF_u8, 0, 1, 0x80].into_response(),
        Conduct::Html => "<html><body>voiceSmsOut suspended</body></html>".into_response(),
        // A body that would mean something must not count with these codes.
        Conduct::OutOfOrder => (StatusCode::INTERNAL_SERVER_ERROR, Json(meaningful)).into_response(),
        Conduct::Refusing => (StatusCode::UNAUTHORIZED, Json(meaningful)).into_response(),
        Conduct::OtherNumber => Json((dialect.of_another)()).into_response(),
    })
}

fn last(number: &str) -> u64 {
    number[number.len() - 2..].parse().unwrap()
}

fn honest<'a>(dialect: &Dialect, numbers: impl Iterator<Item = &'a String>) -> Response {
    let word = |number: &str| match truth(number) {
        Judgement::NotInService => Word::NotInService,
        Judgement::Restricted => Word::Restricted,
        _ if off(number) && dialect.shows_phones_off() => Word::Unreachable,
        _ => Word::InService,
    };
    let said: Vec<(String, Word)> = numbers.map(|number| (number.clone(), word(number))).collect();
    let (code, body) = dialect.answer(&said);
    (code, Json(body)).into_response()
}

/// An answer whose connection breaks behind `bytes`.
fn cut(bytes: Vec<u8>) -> Response {
    let parts = [Ok(Bytes::from(bytes)), Err(std::io::Error::other("the connection breaks"))];
    Body::from_stream(stream::iter(parts)).into_response()
}
