//! Reloadly as its public API describes it, scripted.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json,
    http::{Method, StatusCode},
    response::IntoResponse as _,
};
use ringback_core::{Amount, Refusal};
use ringback_providers::{
    Capabilities, Connector,
    reloadly::{Reloadly, Settings},
};
use serde_json::{Value, json};

use crate::{
    contract::{Act, Provider, What, cny, order},
    server::{Asked, Play, Server},
};

pub(crate) const SECRET: &str = "s3cret-of-the-client";
pub(crate) const TOPUPS: &str = "/topups";
pub(crate) const TOKEN: &str = "/oauth/token";
pub(crate) const REPORT: &str = "/topups/reports/transactions";

/// A scripted Reloadly.
pub(crate) struct Peer {
    pub(crate) server: Server,
    submit: Arc<Mutex<Act>>,
    inquire: Arc<Mutex<Act>>,
}

impl Peer {
    pub(crate) async fn start() -> Self {
        let peer = Self { server: Server::start().await, submit: act(Act::Work), inquire: act(Act::Nothing) };
        let (submit, inquire, grants) = (peer.submit.clone(), peer.inquire.clone(), AtomicUsize::new(0));
        peer.server.play(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", TOKEN) => grant(grants.fetch_add(1, Ordering::Relaxed)),
            ("POST", TOPUPS) => submission(&submit.lock().unwrap()),
            ("GET", REPORT) => report(&inquire.lock().unwrap()),
            _ => Play::Answer(StatusCode::NOT_FOUND.into_response()),
        });
        peer
    }

    /// A peer whose answers behind a token are `script`'s.
    pub(crate) async fn scripted(script: impl Fn(&Asked) -> Play + Send + 'static) -> Self {
        let peer = Self::start().await;
        let grants = AtomicUsize::new(0);
        peer.server.play(move |asked| match asked.path.as_str() {
            TOKEN => grant(grants.fetch_add(1, Ordering::Relaxed)),
            _ => script(asked),
        });
        peer
    }

    pub(crate) fn open(&self, deadline: Duration) -> Reloadly {
        Reloadly::new(settings(&self.server.url, deadline)).unwrap()
    }

    pub(crate) fn tokens(&self) -> usize {
        self.server.asked(&Method::POST, TOKEN).len()
    }
}

impl Provider for Peer {
    fn on_submit(&self, act: Act) {
        *self.submit.lock().unwrap() = act;
    }

    fn on_inquire(&self, act: Act) {
        *self.inquire.lock().unwrap() = act;
    }

    fn submissions(&self) -> usize {
        self.server.asked(&Method::POST, TOPUPS).len()
    }

    fn connector(&self, deadline: Duration) -> Box<dyn Connector> {
        Box::new(self.open(deadline))
    }

    fn refusals(&self) -> Vec<(&'static str, Refusal)> {
        let limit = || Refusal::Other("the provider's daily limit is reached".into());
        vec![
            ("INSUFFICIENT_BALANCE", Refusal::WalletEmpty),
            ("COULD_NOT_AUTO_DETECT_OPERATOR", Refusal::NotOffered),
            ("INVALID_RECIPIENT_PHONE", Refusal::NumberWrong),
            ("INVALID_AMOUNT_FOR_OPERATOR", Refusal::NotOffered),
            ("PHONE_RECENTLY_RECHARGED", Refusal::TooSoon),
            ("PHONE_BANNED_BY_OPERATOR", Refusal::BarredLine),
            ("RECIPIENT_PHONE_INACTIVE", Refusal::BarredLine),
            ("MAX_DAILY_TRANSACTION_COUNT_REACHED", limit()),
            ("MAX_DAILY_TRANSACTION_AMOUNT_REACHED", limit()),
            ("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT", Refusal::Unavailable),
            ("OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", Refusal::Unavailable),
        ]
    }

    fn look_ups(&self) -> Vec<&'static str> {
        let named = ["RECIPIENT_HAS_PENDING_TRANSACTION", "PROVIDER_INTERNAL_ERROR", "CUSTOM_IDENTIFIER_ALREADY_USED"];
        [&named[..], &["A_CODE_OF_NEXT_YEAR", ""]].concat()
    }
}

pub(crate) fn settings(url: &str, deadline: Duration) -> Settings {
    Settings {
        name: "airtime".into(),
        client_id: "the-client".into(),
        client_secret: SECRET.into(),
        auth_url: url.to_owned(),
        topups_url: format!("{url}/"),
        audience: "https://topups.reloadly.com".into(),
        deadline,
        capabilities: Capabilities {
            currency: "CNY".parse().unwrap(),
            inquiry_by_reference: true,
            min_gap_ms: 120_000,
            not_found_final_after_ms: 60_000,
            inquiry_spacing_ms: 1_000,
            max_fee: None,
        },
    }
}

pub(crate) fn grant(number: usize) -> Play {
    json_play(json!({ "access_token": format!("token-{number}"), "expires_in": 86400, "token_type": "Bearer" }))
}

pub(crate) fn json_play(body: Value) -> Play {
    Play::Answer(Json(body).into_response())
}

pub(crate) fn refuse(code: &str, status: u16) -> Play {
    let body = json!({ "message": "in words about 8613800138000", "errorCode": code, "path": TOPUPS, "details": [] });
    Play::Answer((StatusCode::from_u16(status).unwrap(), Json(body)).into_response())
}

/// A transaction of the order, with `status` and what was delivered.
pub(crate) fn transaction(status: &str, delivered: Amount) -> Value {
    let order = order();
    json!({
        "transactionId": 4_602_843, "status": status, "operatorTransactionId": null,
        "customIdentifier": order.reference, "recipientPhone": 8_613_800_138_000_u64, "countryCode": "CN",
        "operatorId": 221, "operatorName": "China Mobile", "requestedAmount": 30, "fee": 0.0,
        "requestedAmountCurrencyCode": "CNY", "deliveredAmountCurrencyCode": "CNY",
        "deliveredAmount": number(delivered), "transactionDate": "2026-11-24 10:00:00", "pinDetail": null,
    })
}

fn number(amount: Amount) -> Value {
    serde_json::from_str(&amount.decimal()).unwrap()
}

fn act(act: Act) -> Arc<Mutex<Act>> {
    Arc::new(Mutex::new(act))
}

fn submission(act: &Act) -> Play {
    match act {
        Act::Refuse(code, status) => refuse(code, *status),
        Act::Fault(fault) => fault.play(&transaction("SUCCESSFUL", cny("30"))),
        _ => json_play(named(act).unwrap_or_default()),
    }
}

fn report(act: &Act) -> Play {
    let page = |content: Value| json!({ "content": content, "totalPages": 1, "number": 1 });
    match act {
        Act::Refuse(code, status) => refuse(code, *status),
        Act::Fault(fault) => fault.play(&page(json!([transaction("SUCCESSFUL", cny("30"))]))),
        _ => json_play(page(named(act).into_iter().collect())),
    }
}

/// The transaction that an act names.
fn named(act: &Act) -> Option<Value> {
    Some(match act {
        Act::Deliver(delivered) => transaction("SUCCESSFUL", *delivered),
        Act::Reverse(delivered) => transaction("REFUNDED", *delivered),
        Act::Work => transaction("PROCESSING", cny("0")),
        Act::Fail(code) => {
            let mut failed = transaction("FAILED", cny("0"));
            failed["errorCode"] = json!(code);
            failed
        }
        Act::Other(what) => other(*what),
        Act::Nothing | Act::Refuse(..) | Act::Fault(_) => return None,
    })
}

fn other(what: What) -> Value {
    let mut transaction = transaction("SUCCESSFUL", cny("30"));
    match what {
        What::Reference => transaction["customIdentifier"] = json!("SOMEBODYELSES"),
        What::Number => transaction["recipientPhone"] = json!("+8613900139000"),
        What::Amount => transaction["requestedAmount"] = json!(50),
    }
    transaction
}
