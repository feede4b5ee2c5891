//! Carrying outputs out: each in a task of its own, each with a deadline, each answered by exactly one input.

use ringback_core::{
    Answer, Claim, DeskReply, Line, LineId, Msisdn, Order, Outcome, Reply, Status, admit::Switches, claim, line::Terms,
};
use ringback_providers::{Connector, ProviderError};
use ringback_store::{ClaimFilter, Filter, StoreError};
use tokio::{sync::mpsc::UnboundedSender, time::timeout};

use super::{PAGE, Parts, Report};
use crate::{Input, Output};

/// The wait before something that the database refused is tried again.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);

pub(super) fn spawn(parts: Parts, output: Output, tx: UnboundedSender<Input>) {
    tokio::spawn(async move {
        if let Some(input) = perform(&parts, output).await {
            // The receiver is gone only when the shell has returned; what is open then goes on at the next start.
            drop(tx.send(input));
        }
    });
}

async fn perform(parts: &Parts, output: Output) -> Option<Input> {
    match output {
        Output::Load(ids) => Some(Input::Lines(again(parts, || parts.store.lines_by_id(&ids)).await)),
        Output::Page(after) => {
            let enrolled = Filter { enrolled: true, ..Filter::default() };
            Some(Input::Page(again(parts, || parts.store.lines(&enrolled, after, PAGE)).await))
        }
        Output::Claims => Some(Input::Claims(again(parts, || parts.store.claims(ClaimFilter::Open)).await)),
        Output::Commit(batch) => {
            let result = parts.store.commit(&batch).await;
            Some(Input::Committed(batch, result))
        }
        Output::Query(channel, lines) => Some(query(parts, channel, &lines).await),
        Output::Offers(line, providers) => Some(Input::Offers(line.id, terms_of(parts, line.msisdn, &providers).await)),
        Output::Submit(line, order) => Some(Input::Replied(line, submit(parts, &order).await)),
        Output::Inquire(line, order) => Some(Input::Replied(line, inquire(parts, &order).await)),
        Output::Desk(claim) => Some(Input::Desk(claim.reference.clone(), desk(parts, &claim).await)),
        Output::ClockFault => {
            freeze(parts).await;
            None
        }
        Output::Stepped(..) | Output::Notice(..) | Output::Trouble(_) => None,
    }
}

/// Reads from the database until it answers: nothing is due before.
async fn again<T, F: Future<Output = Result<T, StoreError>>>(parts: &Parts, mut read: impl FnMut() -> F) -> T {
    loop {
        match read().await {
            Ok(found) => return found,
            Err(error) => (parts.observer)(&Report::Trouble(error.to_string())),
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn query(parts: &Parts, name: String, lines: &[Line]) -> Input {
    let numbers: Vec<Msisdn> = lines.iter().map(|line| line.msisdn).collect();
    let answers = match parts.channels.get(&name) {
        Some(channel) => timeout(parts.deadline, channel.query(&numbers)).await.ok(),
        None => None,
    };
    let answers = answers.filter(|all| all.len() == numbers.len()).unwrap_or_else(|| silent(&name, &numbers));
    Input::Answers(name, lines.iter().map(|line| line.id).zip(answers).collect::<Vec<(LineId, Answer)>>())
}

fn silent(name: &str, numbers: &[Msisdn]) -> Vec<Answer> {
    let status = Status::unknown(format!("{name} did not answer in time"));
    numbers.iter().map(|&msisdn| Answer { msisdn, status: status.clone(), imsi: None }).collect()
}

/// The terms of every provider that serves the line, in the owner's order; else why none does, and whether asking again may help.
pub async fn terms_of(parts: &Parts, line: Msisdn, names: &[String]) -> Result<Vec<Terms>, (String, bool)> {
    let (mut terms, mut reasons, mut again) = (Vec::new(), Vec::new(), false);
    for provider in names.iter().filter_map(|name| parts.providers.get(name)) {
        match timeout(parts.deadline, provider.offer(line)).await {
            Ok(Ok(offer)) => terms.push(with_terms(provider.as_ref(), parts.catalogue.complete(offer))),
            Ok(Err(error)) => {
                again |= matches!(error, ProviderError::Unavailable { .. });
                reasons.push(error.to_string());
            }
            Err(_) => {
                again = true;
                reasons.push(format!("{} did not answer in time", provider.name()));
            }
        }
    }
    if terms.is_empty() { Err((reasons.join("; "), again)) } else { Ok(terms) }
}

fn with_terms(provider: &dyn Connector, offer: ringback_core::Offer) -> Terms {
    let can = provider.capabilities();
    Terms {
        offer,
        inquiry_by_reference: can.inquiry_by_reference,
        min_gap_ms: can.min_gap_ms,
        not_found_final_after_ms: can.not_found_final_after_ms,
        inquiry_spacing_ms: can.inquiry_spacing_ms,
    }
}

async fn submit(parts: &Parts, order: &Order) -> Reply {
    match parts.providers.get(&order.provider) {
        Some(provider) => timeout(parts.deadline, provider.submit(order)).await.unwrap_or_else(|_| late()),
        None => Outcome::Unknown(format!("no provider `{}` is configured", order.provider)).into(),
    }
}

async fn inquire(parts: &Parts, order: &Order) -> Reply {
    match parts.providers.get(&order.provider) {
        Some(provider) => timeout(parts.deadline, provider.inquire(order)).await.unwrap_or_else(|_| late()),
        None => Outcome::Unknown(format!("no provider `{}` is configured", order.provider)).into(),
    }
}

fn late() -> Reply {
    Outcome::Unknown("no answer in time".into()).into()
}

async fn desk(parts: &Parts, claim: &Claim) -> DeskReply {
    let Some(desk) = parts.desks.get(&claim.desk) else {
        return DeskReply::Unknown(format!("no claim desk `{}` is configured", claim.desk));
    };
    let asked = async {
        match claim.state {
            claim::State::Requested => desk.request(claim).await,
            _ => desk.inquire(claim).await,
        }
    };
    timeout(parts.deadline, asked).await.unwrap_or_else(|_| DeskReply::Unknown("no answer in time".into()))
}

async fn freeze(parts: &Parts) {
    (parts.observer)(&Report::Trouble("the clock jumped forward; spending stops until `ringback resume`".into()));
    let frozen = match parts.store.switches().await {
        Ok(switches) => parts.store.set_switches(Switches { clock_fault: true, ..switches }).await,
        Err(error) => Err(error),
    };
    if let Err(error) = frozen {
        (parts.observer)(&Report::Trouble(error.to_string()));
    }
}
