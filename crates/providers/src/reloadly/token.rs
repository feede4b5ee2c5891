//! The bearer token: asked for once, shared by all calls, renewed before it expires.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use ringback_core::Object;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex as AsyncMutex;

use super::Settings;
use crate::{
    ProviderError,
    foreign::{explain, whole},
};

/// A token this close to its end is renewed before it is used. One that says it lasts no longer, or nothing at all, is
/// at hand for this long: a submission follows at once on what was prepared for it.
const MARGIN: Duration = Duration::from_mins(1);

/// A token that is said to last longer is renewed all the same.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// The token in use. While it is asked for, whoever needs a fresh one waits for the same one; a submission never waits.
#[derive(Default)]
pub(super) struct Token {
    held: Mutex<Option<Held>>,
    asking: AsyncMutex<()>,
}

struct Held {
    text: String,
    ends_at: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

impl Token {
    /// A token with enough life left, asked for where there is none.
    pub(super) async fn fresh(&self, client: &Client, settings: &Settings) -> Result<String, ProviderError> {
        if let Some(text) = self.lasting(MARGIN) {
            return Ok(text);
        }
        let _turn = self.asking.lock().await;
        // Whoever had the turn before may have got it.
        if let Some(text) = self.lasting(MARGIN) {
            return Ok(text);
        }
        let granted = request(client, settings).await?;
        let (text, lasts) = (granted.access_token, Duration::from_secs(granted.expires_in).clamp(MARGIN, LONGEST));
        *self.held() = Some(Held { text: text.clone(), ends_at: Instant::now() + lasts });
        Ok(text)
    }

    /// The token as it is, without waiting.
    pub(super) fn at_hand(&self) -> Option<String> {
        self.lasting(Duration::ZERO)
    }

    /// Drops a token that the provider refused, unless somebody renewed it meanwhile.
    pub(super) fn forget(&self, refused: &str) {
        self.held().take_if(|held| held.text == refused);
    }

    fn lasting(&self, at_least: Duration) -> Option<String> {
        let needed = Instant::now() + at_least;
        self.held().as_ref().filter(|held| needed < held.ends_at).map(|held| held.text.clone())
    }

    /// The slot is whole after every statement, so a panic elsewhere does not spoil it.
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn request(client: &Client, settings: &Settings) -> Result<Granted, ProviderError> {
    let provider = settings.name.clone();
    let body = json!({
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "grant_type": "client_credentials",
        "audience": settings.audience,
    });
    let url = format!("{}/oauth/token", settings.auth_url.trim_end_matches('/'));
    let unavailable = |detail: &str| ProviderError::Unavailable { provider: provider.clone(), detail: detail.into() };
    let response = client.post(url).json(&body).send().await.map_err(|error| unavailable(explain(&error)))?;
    match response.status() {
        status if status.is_success() => {
            let body = whole(response).await.map_err(unavailable)?;
            // The parser's words would quote the answer, and with it a token.
            let granted = serde_json::from_slice(&body).map(|Object(granted)| granted);
            granted.map_err(|_| unavailable("the token's answer cannot be read"))
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ProviderError::Credentials { provider, detail: format!("HTTP {}", response.status()) })
        }
        other => Err(unavailable(&format!("no token: HTTP {other}"))),
    }
}
