//! Top-ups: `POST /topups`.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use ringback_core::{Amount, Currency, Msisdn};
use serde::Deserialize;
use serde_json::Number;

use super::{fault, msisdn, operators, refusal, report::transaction, token::unauthorised, unreadable};
use crate::{
    faults::Fault,
    http::{
        Shared,
        trouble::{garble, instead},
    },
    world::{Booked, Refused},
};

/// The longest reference that Reloadly takes.
const LONGEST_REFERENCE: usize = 150;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submission {
    operator_id: u64,
    amount: Number,
    #[serde(default)]
    use_local_amount: bool,
    custom_identifier: String,
    recipient_phone: Recipient,
}

#[derive(Deserialize)]
struct Recipient {
    number: String,
}

pub(super) async fn top_up(
    State(shared): State<Shared>,
    headers: HeaderMap,
    order: Result<Json<Submission>, JsonRejection>,
) -> Response {
    if let Some(refused) = unauthorised(&shared, &headers) {
        return refused;
    }
    let Json(order) = match order {
        Ok(order) => order,
        Err(rejection) => return unreadable(&rejection.body_text()),
    };
    if !(1..=LONGEST_REFERENCE).contains(&order.custom_identifier.len()) {
        return unreadable("customIdentifier has 1 to 150 characters");
    }
    match msisdn(&order.recipient_phone.number) {
        Some(number) => carry_out(&shared, &order, number).await,
        None => fault(StatusCode::BAD_REQUEST, "INVALID_RECIPIENT_PHONE", "The phone number is not valid"),
    }
}

async fn carry_out(shared: &Shared, order: &Submission, number: Msisdn) -> Response {
    let wrong = shared.world().fault_of(&order.custom_identifier, number);
    if let Some(instead) = instead(wrong) {
        return instead;
    }
    let answer = match wrong {
        Some(Fault::EmptyWallet) => refusal(Refused::WalletEmpty),
        Some(Fault::TooSoon) => refusal(Refused::TooSoon),
        Some(Fault::Duplicated) => {
            drop(answer(book(shared, order, number, None)));
            answer(book(shared, order, number, None))
        }
        _ => answer(book(shared, order, number, wrong)),
    };
    garble(shared, wrong, answer).await
}

fn answer(booked: Result<Booked, Refused>) -> Response {
    booked.map_or_else(refusal, |booked| Json(transaction(&booked)).into_response())
}

fn book(shared: &Shared, order: &Submission, number: Msisdn, wrong: Option<Fault>) -> Result<Booked, Refused> {
    let (mut world, now_ms) = (shared.world(), shared.now_ms());
    let asked = order.asked(world.currency())?;
    let line = world.subscribers.get(&number).filter(|line| line.exists()).ok_or(Refused::NoSubscriber)?;
    if operators::of(&line.carrier).is_none_or(|operator| operator.id != order.operator_id) {
        return Err(Refused::Operator);
    }
    world.top_up(&order.custom_identifier, number, asked, wrong, now_ms)
}

impl Submission {
    /// What is asked, when the operator sells it; no operator here takes local amounts.
    fn asked(&self, currency: Currency) -> Result<Amount, Refused> {
        let asked = Amount::parse_decimal(&self.amount.to_string(), currency).map_err(|_| Refused::Amount)?;
        let sold = !self.use_local_amount && operators::with(self.operator_id).is_some_and(|o| o.sells(asked));
        if sold { Ok(asked) } else { Err(Refused::Amount) }
    }
}
