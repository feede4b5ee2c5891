//! The wire of a service as a profile declares it: how it is asked and who asks, and conditions over its answers. What
//! an answer means is the business of whoever asks.

mod auth;
mod file;
mod json;
mod request;
mod template;
mod token;
mod when;

use std::time::Duration;

use reqwest::{Client, Response, header::HeaderValue, redirect::Policy};
use ringback_core::{Msisdn, quote};
use serde_json::Value;
use tokio::time::timeout;

pub use auth::Credentials;
pub(super) use auth::{Auth, Login};
pub use file::ProfileError;
pub(super) use file::Source;
#[cfg(any(test, fuzzing))]
pub(super) use json::read as read_json;
pub(super) use request::{NumberFormat, Question, Shape};
pub(super) use template::Hole;
pub(super) use when::{Heard, When, check_pointer, said};

/// The largest answer that is read; a status has some 100 bytes, one of a batch with all that services add some 1,000.
const LARGEST_BODY: usize = 1 << 20;

/// Asks a service.
pub(super) struct Caller {
    client: Client,
    request: request::Ready,
    login: Login,
    deadline: Duration,
}

/// What a profile and a configuration say about a service, put together.
pub(super) struct Service<'a> {
    pub(super) shape: &'a Shape,
    pub(super) ways: &'a [Auth],
    pub(super) each: Option<&'a Value>,
    pub(super) url: &'a str,
    pub(super) credentials: &'a Credentials,
    pub(super) deadline: Duration,
}

impl Caller {
    /// A caller; nothing is sent yet. The error says which key of the configuration to correct.
    pub(super) fn new(service: &Service<'_>) -> Result<Self, String> {
        let login = Login::new(service.ways, service.credentials)?;
        let request = service.shape.ready(service.url, &login, service.each)?;
        // A redirect would carry the credentials elsewhere.
        let client = Client::builder().redirect(Policy::none()).build().map_err(|error| error.to_string())?;
        Ok(Self { client, request, login, deadline: service.deadline })
    }

    /// Asks about lines, in one request, and once more where a token that ends was refused. The reason of a failure shows
    /// neither a number nor a secret (S6).
    pub(super) async fn ask(&self, numbers: &[Msisdn], since: &str) -> Result<Heard, String> {
        let question = Question { numbers, since };
        let answered = timeout(self.deadline, self.exchange(&question)).await;
        answered.unwrap_or_else(|_| Err("no answer in time".into()))
    }

    async fn exchange(&self, question: &Question<'_>) -> Result<Heard, String> {
        let token = self.login.token(&self.client).await?;
        let mut response = self.send(question, token.as_ref()).await?;
        if response.status() == 401 && self.login.forget(token.as_ref()) {
            let token = self.login.token(&self.client).await?;
            response = self.send(question, token.as_ref()).await?;
        }
        let code = response.status().as_u16();
        let body = whole(response).await?;
        match json::read(&body) {
            Ok(body) => Ok(Heard { code, body }),
            // What cannot be read fits no rule; what it was asked for is told by its code.
            Err(_) if code != 200 => Ok(Heard { code, body: Value::Null }),
            Err(error) => Err(quote(&format!("the answer is no JSON: {error}"))),
        }
    }

    async fn send(&self, question: &Question<'_>, token: Option<&HeaderValue>) -> Result<Response, String> {
        let mut request = self.request.ask(question)?;
        auth::bear(request.headers_mut(), token);
        self.client.execute(request).await.map_err(|error| explain(&error).into())
    }
}

/// The answer's bytes; the length that it declares may be missing or wrong, so what comes is counted.
async fn whole(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BODY {
            return Err(format!("an answer of more than {LARGEST_BODY} bytes is none"));
        }
    }
    Ok(body)
}

/// Why no answer came. The error's own words would show the address, which may hold a number or a token.
fn explain(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "the service is not reachable; check its url in the configuration"
    } else {
        "the connection broke"
    }
}
