//! A claim desk over HTTP: `POST /claims` to claim, `GET /claims/{reference}` to ask.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, redirect::Policy};
use ringback_core::{Amount, Claim, DeskReply, Object, Text, quote};
use serde::Deserialize;
use serde_json::json;

use crate::{
    ClaimDesk,
    foreign::{explain, whole},
};

/// The desk of a network side that has one.
pub struct HttpDesk {
    name: String,
    url: String,
    token: Option<String>,
    client: Client,
}

#[derive(Deserialize)]
struct Body {
    reference: String,
    state: Text<State>,
    #[serde(default)]
    case: String,
    #[serde(default)]
    paid: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Acknowledged,
    Paid,
    Denied,
    Expired,
}

impl HttpDesk {
    /// A desk at `url`.
    pub fn new(name: &str, url: &str, token: Option<String>, deadline: Duration) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(deadline).redirect(Policy::none()).build()?;
        Ok(Self { name: name.to_owned(), url: url.trim_end_matches('/').to_owned(), token, client })
    }

    async fn ask(&self, request: RequestBuilder, claim: &Claim) -> DeskReply {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return DeskReply::Unknown(explain(&error).into()),
        };
        // A redirect is no answer either, whatever its body says.
        if !response.status().is_success() {
            return DeskReply::Unknown(format!("the desk answered {}", response.status()));
        }
        match whole(response).await {
            Ok(body) => read(&body, claim),
            Err(detail) => DeskReply::Unknown(detail.into()),
        }
    }
}

#[async_trait]
impl ClaimDesk for HttpDesk {
    fn name(&self) -> &str {
        &self.name
    }

    async fn request(&self, claim: &Claim) -> DeskReply {
        let body = json!({
            "reference": claim.reference,
            "phoneNumber": claim.msisdn,
            "amount": claim.claimed.decimal(),
            "currency": claim.claimed.currency(),
            "reason": "suspended-by-owner",
        });
        self.ask(self.client.post(format!("{}/claims", self.url)).json(&body), claim).await
    }

    async fn inquire(&self, claim: &Claim) -> DeskReply {
        self.ask(self.client.get(format!("{}/claims/{}", self.url, claim.reference)), claim).await
    }
}

/// What the desk says; an answer about another claim says nothing.
fn read(body: &[u8], claim: &Claim) -> DeskReply {
    let body: Body = match serde_json::from_slice(body) {
        Ok(Object(body)) => body,
        Err(error) => return DeskReply::Unknown(quote(&format!("the answer cannot be read: {error}"))),
    };
    if body.reference != claim.reference.as_str() {
        return DeskReply::Unknown("the answer is about another claim".into());
    }
    match body.state.0 {
        State::Acknowledged => DeskReply::Acknowledged(body.case),
        State::Denied => DeskReply::Denied(quote(&body.reason.unwrap_or_default())),
        State::Expired => DeskReply::Expired,
        State::Paid => match paid(&body) {
            Some(amount) => DeskReply::Paid(amount),
            None => DeskReply::Unknown("the desk says paid without an amount".into()),
        },
    }
}

fn paid(body: &Body) -> Option<Amount> {
    let currency = body.currency.as_deref()?.parse().ok()?;
    Amount::parse_decimal(body.paid.as_deref()?, currency).ok()?.positive().ok()
}
