//! Reloadly airtime: one connector, by the provider's public API (com.reloadly.topups-v1+json).
//!
//! The default outcome is unknown. Only an explicit answer settles, and an HTTP status alone is none.

mod token;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect::Policy};
use ringback_core::{Amount, Carrier, Denominations, Msisdn, Offer, Order, Outcome, Reply};
use serde_json::{Value, json};

use crate::{Capabilities, Connector, ProviderError, StatementRow};
use token::Token;
use wire::{Balance, Fault, Operator, Page, Transaction};

/// The media type that selects the API's version.
const ACCEPT: &str = "application/com.reloadly.topups-v1+json";

/// Rows in one page of the statement.
const PAGE: usize = 200;

/// Pages read at most: a statement of 31 days of the busiest owner has fewer.
const MOST_PAGES: usize = 5_000;

/// What a connector is made of.
pub struct Settings {
    /// The connector's name in the configuration.
    pub name: String,
    /// The API client's id.
    pub client_id: String,
    /// The API client's secret; it never reaches a log.
    pub client_secret: String,
    /// Where tokens are given.
    pub auth_url: String,
    /// Where top-ups are ordered.
    pub topups_url: String,
    /// What the token is for.
    pub audience: String,
    /// How long a call may take.
    pub deadline: Duration,
    /// What the provider can do, and how fast it may be asked.
    pub capabilities: Capabilities,
}

/// The connector.
pub struct Reloadly {
    settings: Settings,
    client: Client,
    token: Token,
}

/// An answer whose body was read in full.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

/// Why there is no answer.
enum Silence {
    /// No token: nothing was sent.
    Token(ProviderError),
    /// Sent, or perhaps sent, and no whole answer came back.
    Lost(String),
}

impl Reloadly {
    /// A connector; nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(settings.deadline).redirect(Policy::none()).build()?;
        Ok(Self { token: Token::default(), client, settings })
    }

    /// Sends a request with a token; a token that just expired is renewed once. Anything else is sent once.
    async fn call(&self, build: impl Fn(&Client) -> RequestBuilder) -> Result<Answer, Silence> {
        let token = self.token.current(&self.client, &self.settings).await.map_err(Silence::Token)?;
        let answer = self.send(build(&self.client), &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED || fault(&answer).is_none_or(|f| f.error_code != "TOKEN_EXPIRED") {
            return Ok(answer);
        }
        // The provider refused the token before it looked at the request, so sending it again is no second order.
        self.token.forget(&token).await;
        let renewed = self.token.current(&self.client, &self.settings).await.map_err(Silence::Token)?;
        self.send(build(&self.client), &renewed).await
    }

    async fn send(&self, request: RequestBuilder, token: &str) -> Result<Answer, Silence> {
        let lost = |error: reqwest::Error| Silence::Lost(explain(&error).to_owned());
        let response = request.bearer_auth(token).header("Accept", ACCEPT).send().await.map_err(lost)?;
        let status = response.status();
        let body = response.bytes().await.map_err(lost)?.to_vec();
        Ok(Answer { status, body })
    }

    /// Asks a question that moves no money.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ProviderError> {
        let url = self.url(path);
        let answer = match self.call(|client| client.request(Method::GET, &url).query(query)).await {
            Ok(answer) => answer,
            Err(Silence::Token(error)) => return Err(error),
            Err(Silence::Lost(detail)) => return Err(self.unavailable(detail)),
        };
        if !answer.status.is_success() {
            return Err(self.refusal(&answer));
        }
        let parsed = serde_json::from_slice(&answer.body);
        parsed.map_err(|error| self.unavailable(format!("{path}: the answer cannot be read: {error}")))
    }

    fn refusal(&self, answer: &Answer) -> ProviderError {
        let provider = self.settings.name.clone();
        let Some(fault) = fault(answer) else {
            return self.unavailable(format!("HTTP {} without an error of Reloadly's", answer.status));
        };
        let detail = format!("{}: {}", fault.error_code, fault.message);
        match (answer.status, fault.error_code.as_str()) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => ProviderError::Credentials { provider, detail },
            (_, "COULD_NOT_AUTO_DETECT_OPERATOR" | "INVALID_RECIPIENT_PHONE") => {
                ProviderError::NotOffered { provider, detail }
            }
            _ => self.unavailable(detail),
        }
    }

    fn unavailable(&self, detail: String) -> ProviderError {
        ProviderError::Unavailable { provider: self.settings.name.clone(), detail }
    }

    fn not_offered(&self, detail: String) -> ProviderError {
        ProviderError::NotOffered { provider: self.settings.name.clone(), detail }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.topups_url.trim_end_matches('/'))
    }

    /// The amounts of an operator, in the one currency of float and line.
    fn denominations(&self, operator: &Operator) -> Result<(Denominations, Vec<Amount>), ProviderError> {
        let float = self.settings.capabilities.currency;
        let (from, to) = (&operator.sender_currency_code, &operator.destination_currency_code);
        if from != float.code() || to != float.code() {
            return Err(self.not_offered(format!(
                "{} is paid from {from} in {to}, the configured float is in {float}; \
                 exchange between currencies is not supported yet",
                operator.name
            )));
        }
        operator.denominations(float).map_err(|error| self.not_offered(format!("{}: {error}", operator.name)))
    }
}

#[async_trait]
impl Connector for Reloadly {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.settings.capabilities
    }

    async fn offer(&self, line: Msisdn) -> Result<Offer, ProviderError> {
        let region = line.region().ok_or_else(|| self.not_offered("the number belongs to no region".into()))?;
        let path = format!("/operators/auto-detect/phone/{}/countries/{region}", line.digits());
        let operator: Operator = self.ask(&path, &[]).await?;
        let product = operator.id().ok_or_else(|| self.unavailable(format!("{path}: the operator has no id")))?;
        let (denominations, plans) = self.denominations(&operator)?;
        Ok(Offer {
            provider: self.settings.name.clone(),
            carrier: Carrier::named(&operator.name),
            product: product.to_string(),
            plans,
            denominations,
        })
    }

    async fn submit(&self, order: &Order) -> Reply {
        let body = match submission(order) {
            Ok(body) => body,
            Err(reason) => return Outcome::Unknown(reason).into(),
        };
        let url = self.url("/topups");
        match self.call(|client| client.post(&url).json(&body)).await {
            Ok(answer) => judge(&answer),
            Err(Silence::Token(error)) => Outcome::Unknown(error.to_string()).into(),
            Err(Silence::Lost(detail)) => Outcome::Unknown(detail).into(),
        }
    }

    async fn inquire(&self, order: &Order) -> Reply {
        let reference = order.reference.as_str();
        let query = [("customIdentifier", reference.to_owned()), ("page", "1".into()), ("size", PAGE.to_string())];
        match self.ask::<Page>("/topups/reports/transactions", &query).await {
            Ok(page) => look_up(page, reference),
            Err(error) => Outcome::Unknown(error.to_string()).into(),
        }
    }

    async fn balance(&self) -> Result<Amount, ProviderError> {
        let balance: Balance = self.ask("/accounts/balance", &[]).await?;
        balance.amount().map_err(|detail| self.unavailable(detail))
    }

    async fn statement(&self, since_ms: i64) -> Result<Vec<StatementRow>, ProviderError> {
        let mut rows = Vec::new();
        for page in 1..=MOST_PAGES {
            let query = [("startDate", wire::date(since_ms)), ("page", page.to_string()), ("size", PAGE.to_string())];
            let part: Page = self.ask("/topups/reports/transactions", &query).await?;
            let last = part.content.len() < PAGE;
            rows.extend(part.content.iter().filter_map(Transaction::statement_row));
            if last {
                break;
            }
        }
        Ok(rows)
    }
}

/// The body of an order. The amount is written from its digits; it is in the sender's currency.
fn submission(order: &Order) -> Result<Value, String> {
    let unreadable = |what: &str| format!("{what}; the order was not sent");
    let amount: serde_json::Number =
        serde_json::from_str(&order.asked.decimal()).map_err(|_| unreadable("the amount cannot be written"))?;
    let operator: u64 = order.product.parse().map_err(|_| unreadable("the product is no operator id"))?;
    let region = order.msisdn.region().ok_or_else(|| unreadable("the number belongs to no region"))?;
    Ok(json!({
        "operatorId": operator,
        "amount": amount,
        "useLocalAmount": false,
        "customIdentifier": order.reference,
        "recipientPhone": { "countryCode": region, "number": order.msisdn.digits() },
    }))
}

/// An answer to a submission.
fn judge(answer: &Answer) -> Reply {
    if answer.status.is_success() {
        return match serde_json::from_slice::<Transaction>(&answer.body) {
            Ok(transaction) => transaction.reply(),
            Err(error) => Outcome::Unknown(format!("the answer cannot be read: {error}")).into(),
        };
    }
    match fault(answer) {
        Some(fault) => fault.outcome().into(),
        None => Outcome::Unknown(format!("HTTP {} without an error of Reloadly's", answer.status)).into(),
    }
}

/// What the report says about one reference. That it was not paid counts only when nothing stands on further pages (P5).
fn look_up(page: Page, reference: &str) -> Reply {
    let all = page.is_all(PAGE);
    let ours = page.content.into_iter().filter(|t| t.custom_identifier.as_deref() == Some(reference));
    match found(ours) {
        Reply { outcome: Outcome::NotFound | Outcome::Refused(_), .. } if !all => {
            Outcome::Unknown("the report has more pages than one order can fill; it ignored the reference".into())
                .into()
        }
        reply => reply,
    }
}

/// What the transactions with one reference say together: a delivery outweighs everything, then what is still open.
fn found(transactions: impl Iterator<Item = Transaction>) -> Reply {
    let weight = |reply: &Reply| match reply.outcome {
        Outcome::Delivered(_) => 0,
        Outcome::Pending | Outcome::Unknown(_) => 1,
        Outcome::Reversed(_) => 2,
        Outcome::Refused(_) | Outcome::NotFound => 3,
    };
    let replies = transactions.map(|transaction| transaction.reply());
    replies.min_by_key(weight).unwrap_or_else(|| Outcome::NotFound.into())
}

fn fault(answer: &Answer) -> Option<Fault> {
    serde_json::from_slice(&answer.body).ok()
}

fn explain(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "Reloadly is not reachable; check the urls in the configuration"
    } else {
        "the connection broke before the whole answer came"
    }
}
