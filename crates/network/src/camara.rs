//! Data service: CAMARA `SubscriptionStatus` v0.1.0 over HTTP.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use reqwest::{Client, Response, StatusCode, redirect::Policy};
use ringback_core::{Answer, Bar, Msisdn, Object, Reachable, Service, Status, Text, quote};
use serde::Deserialize;
use serde_json::json;

use crate::{Capabilities, Channel, deadline_of_one};

/// Lines in one query; all of them are asked at the same time, so that the deadline of one is that of all.
const BATCH: usize = 64;

/// The largest answer that is read; a subscription status has some 100 bytes.
const LARGEST_BODY: usize = 64 << 10;

/// The status channel by CAMARA `SubscriptionStatus`. It sees bars; a phone that is switched off looks active, unless the
/// operator's extension says so.
pub struct Camara {
    name: String,
    url: String,
    token: Option<String>,
    client: Client,
    capabilities: Capabilities,
}

/// The service's answer. Operators may extend it by `barCause` (fraud, lost, identity or other; without it a suspension
/// counts as arrears or unknown), by `reachable`, and by repeating the `phoneNumber`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    voice_sms_out: Text<Activity>,
    #[serde(default)]
    bar_cause: Option<Text<BarCause>>,
    #[serde(default)]
    reachable: Option<bool>,
    #[serde(default)]
    phone_number: Option<Msisdn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Activity {
    Active,
    Suspended,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BarCause {
    Fraud,
    Lost,
    Identity,
    Other,
}

impl Camara {
    /// A channel to the service at `url` (the API's root), authoritative for `ranges`.
    pub fn new(
        name: &str,
        url: &str,
        token: Option<String>,
        ranges: Vec<String>,
        deadline: Duration,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            name: name.to_owned(),
            url: format!("{}/retrive-subscription-status", url.trim_end_matches('/')),
            token,
            client: Client::builder().timeout(deadline_of_one(deadline)).redirect(Policy::none()).build()?,
            capabilities: Capabilities {
                ranges,
                sees_restriction: true,
                sees_reachability: false,
                batch: BATCH,
                cost: String::new(),
            },
        })
    }

    async fn ask(&self, msisdn: Msisdn) -> Answer {
        let status = self.status(msisdn).await;
        let status = status.unwrap_or_else(|reason| Status::unknown(format!("{}: {reason}", self.name)));
        Answer { msisdn, status, imsi: None }
    }

    async fn status(&self, msisdn: Msisdn) -> Result<Status, String> {
        let mut request = self.client.post(&self.url).json(&json!({ "phoneNumber": msisdn }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| explain(&error))?;
        let code = response.status();
        let body = whole(response).await?;
        match code {
            StatusCode::OK => read(&body, msisdn),
            StatusCode::NOT_FOUND if is_error_body(&body) => Ok(self.capabilities.missing(msisdn, &self.name)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(format!("the service refused the token ({code}); check it in the configuration"))
            }
            other => Err(format!("the service answered {other}")),
        }
    }
}

#[async_trait]
impl Channel for Camara {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn query(&self, lines: &[Msisdn]) -> Vec<Answer> {
        stream::iter(lines.to_vec()).map(|line| self.ask(line)).buffered(BATCH).collect().await
    }
}

/// The answer's bytes; the length that it declares may be missing or wrong, so what comes is counted.
async fn whole(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BODY {
            return Err(format!("an answer of more than {LARGEST_BODY} bytes is no subscription status"));
        }
    }
    Ok(body)
}

/// Outgoing voice decides; data alone, throttled or suspended, is no restriction.
fn read(body: &[u8], asked: Msisdn) -> Result<Status, String> {
    let Object(body): Object<Body> = serde_json::from_slice(body)
        .map_err(|error| quote(&format!("the answer is no subscription status: {error}")))?;
    if body.phone_number.is_some_and(|number| number != asked) {
        return Err("the answer is about another number".into());
    }
    let bar = match body.bar_cause {
        None => Bar::ArrearsOrUnknown,
        Some(Text(BarCause::Fraud)) => Bar::Fraud,
        Some(Text(BarCause::Lost)) => Bar::Lost,
        Some(Text(BarCause::Identity)) => Bar::Identity,
        Some(Text(BarCause::Other)) => Bar::Other,
    };
    let service = match body.voice_sms_out.0 {
        Activity::Active => Service::InService,
        Activity::Suspended => Service::Restricted(bar),
    };
    let reachable = body.reachable.map_or(Reachable::Unknown, |yes| if yes { Reachable::Yes } else { Reachable::No });
    Ok(Status { service, reachable })
}

/// A 404 counts only with CAMARA's own error body and code: a wrong path or a proxy answers 404 as well, and common
/// frameworks put a `status` of 404 into the body for it (K2).
fn is_error_body(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct ErrorBody {
        status: u16,
        code: String,
    }
    let named = |code: &str| matches!(code, "NOT_FOUND" | "IDENTIFIER_NOT_FOUND");
    serde_json::from_slice::<Object<ErrorBody>>(body)
        .is_ok_and(|Object(error)| error.status == 404 && named(&error.code))
}

fn explain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no answer in time".into()
    } else if error.is_connect() {
        "the service is not reachable; check its url in the configuration".into()
    } else {
        "the connection broke".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Status, String> {
        super::read(body, "+8613800138000".parse().unwrap())
    }

    #[test]
    fn outgoing_voice_decides() {
        let body = |voice: &str, data: &str| {
            format!(r#"{{"voiceSmsIn":"active","voiceSmsOut":"{voice}","dataService":"{data}"}}"#)
        };
        assert_eq!(read(body("active", "suspended").as_bytes()), Ok(Status::in_service(Reachable::Unknown)));
        assert_eq!(read(body("suspended", "active").as_bytes()), Ok(Status::restricted(Bar::ArrearsOrUnknown)));
        let off = br#"{"voiceSmsOut":"active","reachable":false}"#;
        assert_eq!(read(off), Ok(Status::in_service(Reachable::No)));
        for garbage in [
            "",
            "<html>",
            "{}",
            r#"{"voiceSmsOut":"maybe"}"#,
            r#"["suspended"]"#,
            r#"{"voiceSmsOut":{"suspended":null}}"#,
        ] {
            assert!(read(garbage.as_bytes()).is_err(), "{garbage}");
        }
    }

    #[test]
    fn k3_a_stated_cause_is_kept() {
        let body = br#"{"voiceSmsOut":"suspended","barCause":"fraud"}"#;
        assert_eq!(read(body), Ok(Status::restricted(Bar::Fraud)));
        assert!(read(br#"{"voiceSmsOut":"suspended","barCause":"new"}"#).is_err());
    }
}
