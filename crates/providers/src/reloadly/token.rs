//! The bearer token: asked for once, shared by all calls, renewed before it expires.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::{Settings, explain};
use crate::ProviderError;

/// A token this close to its end is renewed before it is used.
const MARGIN: Duration = Duration::from_mins(1);

/// A token that is said to last longer is renewed all the same.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// The token in use. While it is asked for, every other call waits for the same one.
#[derive(Default)]
pub(super) struct Token(Mutex<Option<Held>>);

struct Held {
    text: String,
    until: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

impl Token {
    pub(super) async fn current(&self, client: &Client, settings: &Settings) -> Result<String, ProviderError> {
        let mut held = self.0.lock().await;
        if let Some(held) = held.as_ref().filter(|held| Instant::now() < held.until) {
            return Ok(held.text.clone());
        }
        let granted = request(client, settings).await?;
        let lasts = Duration::from_secs(granted.expires_in).saturating_sub(MARGIN).min(LONGEST);
        let text = granted.access_token;
        *held = Some(Held { text: text.clone(), until: Instant::now() + lasts });
        Ok(text)
    }

    /// Drops a token that the provider called expired, unless somebody renewed it meanwhile.
    pub(super) async fn forget(&self, expired: &str) {
        let mut held = self.0.lock().await;
        if held.as_ref().is_some_and(|held| held.text == expired) {
            *held = None;
        }
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
    let unavailable = |detail: String| ProviderError::Unavailable { provider: provider.clone(), detail };
    let response = client.post(url).json(&body).send().await.map_err(|error| unavailable(explain(&error).into()))?;
    match response.status() {
        status if status.is_success() => {
            response.json().await.map_err(|_| unavailable("the token's answer cannot be read".into()))
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ProviderError::Credentials { provider, detail: format!("HTTP {}", response.status()) })
        }
        other => Err(unavailable(format!("no token: HTTP {other}"))),
    }
}
