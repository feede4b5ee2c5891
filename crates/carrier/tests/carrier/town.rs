//! A carrier on a real address, with a clock that stands still until it is moved, and a plain HTTP client.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use reqwest::{Client, Method};
use ringback_carrier::{Faults, Handle, Profile, World, read_subscribers, serve_by};
use ringback_core::{Amount, Msisdn};
use serde_json::{Value, json};

/// When every town begins: 2027-01-15 08:00:00 UTC.
pub(crate) const BEGIN_MS: i64 = 1_800_000_000_000;

/// A line of China Mobile, whose operator id is 1.
pub(crate) const LINE: &str = "+8613800138000";

pub(crate) struct Town {
    pub(crate) carrier: Handle,
    pub(crate) token: String,
    now_ms: Arc<AtomicI64>,
    client: Client,
}

/// What came back; `lost` where the connection broke before the whole answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) lost: bool,
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// An entry of the subscribers' file.
pub(crate) fn entry(number: &str, carrier: &str, plan: &str, rest: &str) -> String {
    format!("[[subscriber]]\nmsisdn = \"{number}\"\ncarrier = \"{carrier}\"\nplan = \"{plan}\"\n{rest}\n")
}

/// [`LINE`], in this state.
pub(crate) fn line(rest: &str) -> String {
    entry(LINE, "China Mobile", "59 CNY", rest)
}

/// So many lines of China Mobile in service.
pub(crate) fn lines(count: usize) -> String {
    (0..count).map(|i| entry(&number(i), "China Mobile", "59 CNY", "state = \"in_service\"")).collect()
}

pub(crate) fn number(i: usize) -> String {
    format!("+86138001{i:05}")
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn msisdn(text: &str) -> Msisdn {
    text.parse().unwrap()
}

/// The default times, but for a delay that tests can wait for.
pub(crate) fn profile() -> Profile {
    Profile { delay_ms: 1, ..Profile::default() }
}

impl Town {
    pub(crate) async fn start(subscribers: &str, wallet: &str, faults: Faults) -> Self {
        Self::with_profile(subscribers, wallet, faults, profile()).await
    }

    pub(crate) async fn with_profile(subscribers: &str, wallet: &str, faults: Faults, profile: Profile) -> Self {
        let subscribers = read_subscribers(subscribers).unwrap();
        let world = World::new(subscribers, amount(wallet), profile, faults);
        let now_ms = Arc::new(AtomicI64::new(BEGIN_MS));
        let clock = now_ms.clone();
        let clock = Arc::new(move || clock.load(Ordering::SeqCst));
        let carrier = serve_by(world, ([127, 0, 0, 1], 0).into(), None, clock).await.unwrap();
        let mut town = Self { carrier, token: String::new(), now_ms, client: Client::new() };
        town.sign_in().await;
        town
    }

    /// Moves the carrier's clock.
    pub(crate) fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) async fn sign_in(&mut self) {
        let answer = self.post("/reloadly/oauth/token", &credentials()).await;
        answer.json()["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    /// One request, as any client sends it.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.carrier.url())).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let Ok(answer) = request.send().await else { return Reply::lost(0) };
        let status = answer.status().as_u16();
        answer.text().await.map_or_else(|_| Reply::lost(status), |text| Reply { lost: false, status, text })
    }

    /// A top-up of [`LINE`].
    pub(crate) async fn top_up(&self, reference: &str, amount: Value) -> Reply {
        self.post("/reloadly/topups", &order(reference, LINE, 1, amount)).await
    }

    pub(crate) async fn status(&self, number: &str) -> Reply {
        let path = "/camara/subscription-status/v0.1/retrive-subscription-status";
        self.post(path, &json!({ "phoneNumber": number })).await
    }

    /// Whether CAMARA calls [`LINE`] suspended.
    pub(crate) async fn is_barred(&self) -> bool {
        match self.status(LINE).await.json()["voiceSmsOut"].as_str() {
            Some("suspended") => true,
            Some("active") => false,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn claim(&self, reference: &str, claimed: &str) -> Value {
        let body = json!({
            "reference": reference, "phoneNumber": LINE, "amount": claimed, "currency": "CNY", "reason": "suspended",
        });
        self.post("/desk/claims", &body).await.ok()
    }

    /// The rows of the report with one reference.
    pub(crate) async fn find(&self, reference: &str) -> Vec<Value> {
        let report = self.get(&format!("/reloadly/topups/reports/transactions?customIdentifier={reference}")).await;
        report.ok()["content"].as_array().unwrap().clone()
    }

    /// What the wallet holds, as the provider says it.
    pub(crate) async fn balance(&self) -> Amount {
        let answer = self.get("/reloadly/accounts/balance").await.ok();
        let currency = answer["currencyCode"].as_str().unwrap().parse().unwrap();
        Amount::parse_decimal(&answer["balance"].to_string(), currency).unwrap()
    }

    /// How often the books credited a reference; nothing where they do not have it.
    pub(crate) fn credits(&self, reference: &str) -> Option<u32> {
        let mut world = self.carrier.world();
        world.find(reference, self.now_ms.load(Ordering::SeqCst)).map(|row| row.credits)
    }

    pub(crate) fn wallet(&self) -> Amount {
        self.carrier.world().wallet
    }
}

impl Reply {
    fn lost(status: u16) -> Self {
        Self { lost: true, status, text: String::new() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of an answer that has to be good.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!((self.lost, self.status), (false, 200), "{self:?}");
        self.json()
    }

    /// The error code that Reloadly names, with the HTTP status.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.json()["errorCode"].as_str().unwrap_or_default().to_owned())
    }
}

pub(crate) fn credentials() -> Value {
    json!({ "client_id": "sandbox", "client_secret": "sandbox", "grant_type": "client_credentials" })
}

/// The body of a top-up.
pub(crate) fn order(reference: &str, number: &str, operator: u64, amount: impl Into<Value>) -> Value {
    let amount = amount.into();
    json!({
        "operatorId": operator, "amount": amount, "useLocalAmount": false, "customIdentifier": reference,
        "recipientPhone": { "countryCode": "CN", "number": number.trim_start_matches('+') },
    })
}
