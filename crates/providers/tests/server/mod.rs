//! A scripted HTTP server that remembers everything it was asked.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// What the server does with a request.
pub(crate) enum Play {
    Answer(Response),
    /// It says nothing, for ever.
    Never,
    /// The connection breaks behind these bytes of the body.
    Cut(Vec<u8>),
}

/// Everything that is no answer, whatever the protocol on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Silent,
    Broken,
    Truncated,
    Endless,
    Garbage,
    Html,
    Empty,
    Null,
    OutOfOrder,
    TooMany,
    Forbidden,
    Redirect,
}

pub(crate) const FAULTS: [Fault; 12] = [
    Fault::Silent,
    Fault::Broken,
    Fault::Truncated,
    Fault::Endless,
    Fault::Garbage,
    Fault::Html,
    Fault::Empty,
    Fault::Null,
    Fault::OutOfOrder,
    Fault::TooMany,
    Fault::Forbidden,
    Fault::Redirect,
];

type Script = Arc<Mutex<Box<dyn Fn(&Asked) -> Play + Send>>>;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    script: Script,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script: Script = Arc::new(Mutex::new(Box::new(|_| Play::Never)));
        let server = Self { url, script, asked: Arc::default() };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        server
    }

    pub(crate) fn play(&self, script: impl Fn(&Asked) -> Play + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// What was asked so far at paths that begin with `path`.
    pub(crate) fn asked(&self, method: &Method, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.method == *method && one.path.starts_with(path)).cloned().collect()
    }
}

async fn answer(State(server): State<Server>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let asked = Asked {
        method,
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let play = server.script.lock().unwrap()(&asked);
    server.asked.lock().unwrap().push(asked);
    match play {
        Play::Answer(response) => response,
        Play::Never => std::future::pending().await,
        Play::Cut(bytes) => cut(bytes),
    }
}

fn cut(bytes: Vec<u8>) -> Response {
    let parts = [Ok(Bytes::from(bytes)), Err(io::Error::other("the connection breaks"))];
    Body::from_stream(stream::iter(parts)).into_response()
}

/// An answer behind more than 4 MiB of blanks.
fn endless(answer: String) -> Response {
    let blanks = (0..80).map(|_| Bytes::from(vec![b' '; 64 << 10]));
    Body::from_stream(stream::iter(blanks.chain([answer.into()]).map(Ok::<_, io::Error>))).into_response()
}

impl Fault {
    /// The fault, in the place of an answer that would have been `good`.
    pub(crate) fn play(self, good: &Value) -> Play {
        let good = good.to_string();
        Play::Answer(match self {
            Self::Silent => return Play::Never,
            Self::Broken => return Play::Cut(Vec::new()),
            Self::Truncated => return Play::Cut(good.as_bytes()[..good.len() / 2].to_vec()),
            Self::Endless => endless(good),
            Self::Garbage => vec![0xFF_u8, 0, 1, 0x80].into_response(),
            Self::Html => "<html><body>SUCCESSFUL, log in first</body></html>".into_response(),
            Self::Empty => StatusCode::OK.into_response(),
            Self::Null => "null".into_response(),
            // A body that would mean something must not count with these codes.
            Self::OutOfOrder => (StatusCode::INTERNAL_SERVER_ERROR, good).into_response(),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, [("x-ratelimit-remaining", "0")], good).into_response(),
            Self::Forbidden => (StatusCode::FORBIDDEN, good).into_response(),
            Self::Redirect => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")], good).into_response(),
        })
    }
}
