//! Reloadly airtime: one connector, by the provider's public API (com.reloadly.topups-v1+json).
//!
//! The default outcome is unknown. Only an explicit answer settles, and an HTTP status alone is none.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod pages;
mod token;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use ringback_core::{
    Amount, Carrier, Denominations, Msisdn, Object, Offer, Order, Outcome, Refusal, Reply, TopUpRef, quote,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    Capabilities, Connector, ProviderError, StatementRow,
    foreign::{explain, whole},
};
use pages::Pages;
use token::Token;
use wire::{Balance, Fault, Operator, Page, Transaction, unknown};

/// The media type that selects the API's version.
const ACCEPT: &str = "application/com.reloadly.topups-v1+json";

/// Where the booked top-ups stand, for an inquiry and for the statement.
const REPORT: &str = "/topups/reports/transactions";

/// Rows in one page of the statement.
const PAGE: usize = 200;

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

/// An order as Reloadly takes it; its amount is written from its digits, never through a float.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Submission<'a> {
    operator_id: u64,
    amount: Box<RawValue>,
    use_local_amount: bool,
    custom_identifier: &'a TopUpRef,
    recipient_phone: Recipient,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    country_code: String,
    number: String,
}

/// An answer whose body was read in full.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Reloadly {
    /// A connector; nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(settings.deadline).redirect(Policy::none()).build()?;
        Ok(Self { token: Token::default(), client, settings })
    }

    /// Sends a request once. A token that the provider refuses is forgotten, so that the next call gets another one.
    async fn send(&self, request: RequestBuilder, token: &str) -> Result<Answer, &'static str> {
        let request = request.bearer_auth(token).header("Accept", ACCEPT);
        let response = request.send().await.map_err(|error| explain(&error))?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            self.token.forget(token);
        }
        Ok(Answer { status, body: whole(response).await? })
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Answer, ProviderError> {
        let token = self.token.fresh(&self.client, &self.settings).await?;
        let request = self.client.get(self.url(path)).query(query);
        self.send(request, &token).await.map_err(|detail| self.unavailable(detail))
    }

    /// Asks a question that moves no money; once more with another token when the first one is refused.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ProviderError> {
        let mut answer = self.get(path, query).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            answer = self.get(path, query).await?;
        }
        if !answer.status.is_success() {
            return Err(self.refusal(&answer));
        }
        let parsed = serde_json::from_slice(&answer.body).map(|Object(parsed)| parsed);
        parsed.map_err(|error| self.unavailable(&format!("{path}: the answer cannot be read: {error}")))
    }

    fn refusal(&self, answer: &Answer) -> ProviderError {
        let provider = self.settings.name.clone();
        let Some(fault) = answer.fault() else {
            return self.unavailable(&format!("HTTP {} without an error of Reloadly's", answer.status));
        };
        let detail = quote(&format!("{}: {}", fault.error_code, fault.message));
        match (answer.status, fault.error_code.as_str()) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => ProviderError::Credentials { provider, detail },
            (_, "COULD_NOT_AUTO_DETECT_OPERATOR" | "INVALID_RECIPIENT_PHONE") => {
                ProviderError::NotOffered { provider, detail }
            }
            _ => self.unavailable(&detail),
        }
    }

    fn unavailable(&self, detail: &str) -> ProviderError {
        ProviderError::Unavailable { provider: self.settings.name.clone(), detail: quote(detail) }
    }

    fn not_offered(&self, detail: &str) -> ProviderError {
        ProviderError::NotOffered { provider: self.settings.name.clone(), detail: quote(detail) }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.topups_url.trim_end_matches('/'))
    }

    /// The amounts of an operator, in the one currency of float and line.
    fn denominations(&self, operator: &Operator) -> Result<(Denominations, Vec<Amount>), ProviderError> {
        let float = self.settings.capabilities.currency;
        let (from, to) = (&operator.sender_currency_code, &operator.destination_currency_code);
        if from != float.code() || to != float.code() {
            return Err(self.not_offered(&format!(
                "{} is paid from {from} in {to}, the configured float is in {float}; \
                 exchange between currencies is not supported yet",
                operator.name
            )));
        }
        operator.denominations(float).map_err(|error| self.not_offered(&format!("{}: {error}", operator.name)))
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
        let region = line.region().ok_or_else(|| self.not_offered("the number belongs to no region"))?;
        let path = format!("/operators/auto-detect/phone/{}/countries/{region}", line.digits());
        let operator: Operator = self.ask(&path, &[]).await?;
        let product = operator.id().ok_or_else(|| self.unavailable(&format!("{path}: the operator has no id")))?;
        let (denominations, plans) = self.denominations(&operator)?;
        Ok(Offer {
            provider: self.settings.name.clone(),
            carrier: Carrier::named(&operator.name),
            product: product.to_string(),
            plans,
            denominations,
        })
    }

    /// Gets a token that outlasts the submission.
    async fn prepare(&self) -> Result<(), ProviderError> {
        self.token.fresh(&self.client, &self.settings).await.map(drop)
    }

    async fn submit(&self, order: &Order) -> Reply {
        let body = match submission(order) {
            Ok(body) => body,
            Err(reason) => return unknown(&reason).into(),
        };
        let Some(token) = self.token.at_hand() else { return not_sent() };
        match self.send(self.client.post(self.url("/topups")).json(&body), &token).await {
            Ok(answer) => judge(&answer),
            Err(detail) => unknown(detail).into(),
        }
    }

    async fn inquire(&self, order: &Order) -> Reply {
        let reference = order.reference.as_str();
        let query = [("customIdentifier", reference.to_owned()), ("page", "1".into()), ("size", PAGE.to_string())];
        match self.ask::<Page>(REPORT, &query).await {
            Ok(page) => look_up(page, reference),
            Err(error) => unknown(&error.to_string()).into(),
        }
    }

    async fn balance(&self) -> Result<Amount, ProviderError> {
        let balance: Balance = self.ask("/accounts/balance", &[]).await?;
        balance.amount().map_err(|detail| self.unavailable(&detail))
    }

    async fn statement(&self, since_ms: i64) -> Result<Vec<StatementRow>, ProviderError> {
        let (mut pages, mut number) = (Pages::default(), 1);
        loop {
            let query = [("startDate", wire::date(since_ms)), ("page", number.to_string()), ("size", PAGE.to_string())];
            let page = self.ask(REPORT, &query).await?;
            if pages.add(number, page, PAGE).map_err(|detail| self.unavailable(&detail))? {
                return Ok(pages.rows);
            }
            number += 1;
        }
    }
}

impl Answer {
    /// An error of Reloadly's own.
    fn fault(&self) -> Option<Fault> {
        serde_json::from_slice(&self.body).ok().map(|Object(fault)| fault)
    }

    /// The provider refused the token before it looked at the request.
    fn is_expired(&self) -> bool {
        let named = |fault: Fault| fault.error_code == "TOKEN_EXPIRED";
        self.status == StatusCode::UNAUTHORIZED && self.fault().is_some_and(named)
    }
}

/// No order reached the provider, for want of a token. No outcome says just this; a refusal is the honest one that is
/// safe: its hold stays until an inquiry confirms that nothing was paid (P5, P6), and then the same rung follows later.
fn not_sent() -> Reply {
    Outcome::Refused(Refusal::Unavailable).into()
}

/// The body of an order. The amount is written from its digits; it is in the sender's currency.
fn submission(order: &Order) -> Result<Submission<'_>, String> {
    let unreadable = |what: &str| format!("{what}; the order was not sent");
    let amount =
        RawValue::from_string(order.asked.decimal()).map_err(|_| unreadable("the amount cannot be written"))?;
    let operator: u64 = order.product.parse().map_err(|_| unreadable("the product is no operator id"))?;
    let region = order.msisdn.region().ok_or_else(|| unreadable("the number belongs to no region"))?;
    let recipient_phone = Recipient { country_code: region, number: order.msisdn.digits() };
    Ok(Submission {
        operator_id: operator,
        amount,
        use_local_amount: false,
        custom_identifier: &order.reference,
        recipient_phone,
    })
}

/// An answer to a submission. Nothing says that an order behind HTTP 429 was not processed, so that is unknown as well.
fn judge(answer: &Answer) -> Reply {
    if answer.is_expired() {
        return not_sent();
    }
    if answer.status.is_success() {
        return match serde_json::from_slice::<Object<Transaction>>(&answer.body) {
            Ok(Object(transaction)) => transaction.reply(),
            Err(error) => unknown(&format!("the answer cannot be read: {error}")).into(),
        };
    }
    match answer.fault() {
        Some(fault) => fault.outcome().into(),
        None => unknown(&format!("HTTP {} without an error of Reloadly's", answer.status)).into(),
    }
}

/// What the report says about one reference. That it was not paid counts only when nothing stands on further pages (P5).
fn look_up(page: Page, reference: &str) -> Reply {
    let all = page.is_all(PAGE);
    let ours = page.transactions().filter(|t| t.custom_identifier.as_deref() == Some(reference));
    match found(ours) {
        Reply { outcome: Outcome::NotFound | Outcome::Refused(_), .. } if !all => {
            unknown("the report has more rows than one order can have; it ignored the reference").into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p4_a_list_says_nothing_whatever_stands_in_it() {
        for (status, body) in [(400, r#"["PHONE_RECENTLY_RECHARGED"]"#), (200, r#"[1, "FAILED"]"#)] {
            let answer = Answer { status: StatusCode::from_u16(status).unwrap(), body: body.into() };
            assert!(matches!(judge(&answer).outcome, Outcome::Unknown(_)), "{body}");
        }
    }
}
