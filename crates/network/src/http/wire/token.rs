//! The bearer token of a client: asked for once, shared by all requests, renewed before it ends.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{
    Client, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use ringback_core::Object;
use serde::Deserialize;
use tokio::sync::Mutex as AsyncMutex;

use super::{auth::secret, request::FORM, whole};

/// A token this close to its end is renewed before it is used. One that says it lasts no longer, or nothing at all, is
/// used for this long.
const MARGIN: Duration = Duration::from_mins(1);

/// A token that is said to last longer is renewed all the same.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// The token in use. While it is asked for, whoever needs one waits for the same one.
pub(in crate::http) struct Token {
    url: Url,
    client: String,
    body: String,
    held: Mutex<Option<Held>>,
    asking: AsyncMutex<()>,
}

struct Held {
    header: HeaderValue,
    ends_at: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

impl Token {
    /// A token from the authorization server at `url`; `client` is the header that names the client.
    pub(super) fn new(url: Url, client: String, scope: Option<&str>) -> Self {
        let mut form = url.clone();
        form.query_pairs_mut().clear().append_pair("grant_type", "client_credentials");
        if let Some(scope) = scope {
            form.query_pairs_mut().append_pair("scope", scope);
        }
        let body = form.query().unwrap_or_default().to_owned();
        Self { url, client, body, held: Mutex::default(), asking: AsyncMutex::default() }
    }

    /// A token with enough life left, asked for where there is none.
    pub(super) async fn fresh(&self, client: &Client) -> Result<HeaderValue, String> {
        if let Some(header) = self.lasting() {
            return Ok(header);
        }
        let _turn = self.asking.lock().await;
        // Whoever had the turn before may have got it.
        if let Some(header) = self.lasting() {
            return Ok(header);
        }
        let granted = self.request(client).await?;
        let header = secret(&format!("Bearer {}", granted.access_token))?;
        let lasts = Duration::from_secs(granted.expires_in).clamp(MARGIN * 2, LONGEST);
        *self.held() = Some(Held { header: header.clone(), ends_at: Instant::now() + lasts });
        Ok(header)
    }

    /// Drops a token that was refused, unless somebody renewed it meanwhile.
    pub(super) fn forget(&self, refused: &HeaderValue) {
        self.held().take_if(|held| held.header == refused);
    }

    fn lasting(&self) -> Option<HeaderValue> {
        let needed = Instant::now() + MARGIN;
        self.held().as_ref().filter(|held| needed < held.ends_at).map(|held| held.header.clone())
    }

    /// The slot is whole after every statement, so a panic elsewhere does not spoil it.
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn request(&self, client: &Client) -> Result<Granted, String> {
        let request = client.post(self.url.clone()).header(CONTENT_TYPE, FORM);
        let request = request.header(AUTHORIZATION, secret(&self.client)?).body(self.body.clone());
        let response =
            request.send().await.map_err(|_| "the authorization server does not answer; check `token_url`")?;
        match response.status() {
            status if status.is_success() => {
                // The parser's words would quote the answer, and with it a token.
                let granted = serde_json::from_slice(&whole(response).await?).map(|Object(granted)| granted);
                granted.map_err(|_| "the authorization server's answer cannot be read".into())
            }
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err("the authorization server refused the client; check `client_id` and `client_secret`".into())
            }
            other => Err(format!("no token: the authorization server answered {other}")),
        }
    }
}
