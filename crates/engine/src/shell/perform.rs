//! Carrying outputs out: each in a task of its own, each with a deadline, each answered by exactly one input.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::{Timestamp, tz::TimeZone};

use ringback_core::{
    Answer, BookId, Claim, DeskReply, Line, LineId, Msisdn, Now, Order, Outcome, Reachable, Reply, Status, TopUpRef,
    admit::Switch,
    claim,
    line::Terms,
    recovery::{Event, TopUp},
};
use ringback_network::{
    Channel,
    http::{Guard, Recycled},
};
use ringback_providers::{Connector, ProviderError, StatementRow};
use ringback_store::{ClaimFilter, Filter, Store, StoreError};
use tokio::{sync::mpsc::UnboundedSender, time::timeout};

use super::{PAGE, Parts, Report};
use crate::{
    Comparison, Input, Output,
    reconcile::{Reconciled, reconcile_with, unknown},
};

/// The wait before something that the database refused is tried again.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);

/// A statement may take as long as so many calls, since it has many pages.
const STATEMENT_CALLS: u32 = 20;

pub(super) fn spawn(parts: Parts, now: Now, output: Output, tx: UnboundedSender<Input>) {
    tokio::spawn(async move {
        if let Some(input) = perform(&parts, now, output).await {
            // The receiver is gone only when the shell has returned; what is open then goes on at the next start.
            drop(tx.send(input));
        }
    });
}

async fn perform(parts: &Parts, now: Now, output: Output) -> Option<Input> {
    match output {
        Output::Load(ids) => Some(Input::Lines(again(parts, || parts.store.lines_by_id(&ids)).await)),
        Output::Page(books, after) => {
            let enrolled = Filter { enrolled: true, books: Some(books), ..Filter::default() };
            Some(Input::Page(again(parts, || parts.store.lines(&enrolled, after, PAGE)).await))
        }
        Output::Claims(books) => {
            let open = ClaimFilter::Open(books);
            Some(Input::OpenClaims(again(parts, || parts.store.claims(open.clone())).await))
        }
        Output::Commit(batch) => {
            let result = parts.store.commit(&batch).await;
            Some(Input::Committed(batch, result))
        }
        Output::Query(channel, lines) => Some(query(parts, now, channel, &lines).await),
        Output::Offers(line, providers) => Some(Input::Offers(line.id, terms_of(parts, line.msisdn, &providers).await)),
        Output::Prepare(line, provider) => {
            prepare(parts, &provider).await;
            Some(Input::Prepared(line))
        }
        Output::Statement(comparison) => Some(statement(parts, comparison).await),
        Output::Unfence(books) => {
            again(parts, || parts.store.unfence(&books)).await;
            Some(Input::Fenced(None))
        }
        Output::Submit(line, order) => Some(Input::Replied(line, submit(parts, &order).await)),
        Output::Inquire(line, order) => Some(Input::Replied(line, inquire(parts, &order).await)),
        Output::Desk(claim) => Some(Input::Desk(claim.reference.clone(), desk(parts, &claim).await)),
        Output::ClockFault => Some(freeze(parts).await),
        Output::Stepped(..) | Output::Notice(..) | Output::Trouble(_) => None,
    }
}

/// Asks the database until it answers: nothing is due before.
async fn again<T, F: Future<Output = Result<T, StoreError>>>(parts: &Parts, mut ask: impl FnMut() -> F) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => (parts.observer)(&Report::Trouble(error.to_string())),
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn query(parts: &Parts, now: Now, name: String, lines: &[Arc<Line>]) -> Input {
    if let Some(guard) = parts.guards.get(&name) {
        let words = join_all(lines.iter().map(|line| guarded(parts, guard.as_ref(), line))).await;
        return Input::Answers(name, words);
    }
    let numbers: Vec<Msisdn> = lines.iter().map(|line| line.msisdn).collect();
    let (asked, left_out) = numbers.split_at(allowed(parts, now, &name, numbers.len()).await);
    let answers = match parts.channels.get(&name) {
        Some(_) if asked.is_empty() => None,
        Some(channel) => timeout(parts.deadline, channel.query(asked)).await.ok(),
        None => None,
    };
    let silent = || unanswered(asked, format!("{name} did not answer in time"));
    let mut answers = answers.filter(|all| all.len() == asked.len()).unwrap_or_else(silent);
    answers.extend(unanswered(left_out, format!("what {name} may be asked today is used up")));
    Input::Answers(name, lines.iter().map(|line| line.id).zip(answers).collect::<Vec<(LineId, Answer)>>())
}

/// What a guard says, as an answer: no objection is *in service*, since the channels have told the state (K4).
async fn guarded(parts: &Parts, guard: &dyn Guard, line: &Line) -> (LineId, Answer) {
    let since = Timestamp::from_millisecond(line.confirmed_ms().unwrap_or_default()).unwrap_or(Timestamp::UNIX_EPOCH);
    let asked = guard.was_recycled(line.msisdn, since.to_zoned_datetime(TimeZone::UTC).date());
    let status = match timeout(parts.deadline, asked).await {
        Ok(Recycled::No) => Status::in_service(Reachable::Unknown),
        Ok(Recycled::Yes) => Status::recycled(),
        Ok(Recycled::Unknown(reason)) => Status::unknown(reason),
        Err(_) => Status::unknown(format!("{} did not answer in time", guard.name())),
    };
    (line.id, Answer { msisdn: line.msisdn, status, imsi: None })
}

/// How many of so many queries the channel's budget of the day allows. A database that does not answer allows none.
async fn allowed(parts: &Parts, now: Now, name: &str, count: usize) -> usize {
    let Some(&per_day) = parts.budgets.get(name) else { return count };
    let wanted = u32::try_from(count).unwrap_or(u32::MAX);
    match parts.store.take_queries(name, now.day(), wanted, per_day).await {
        Ok(taken) => usize::try_from(taken).unwrap_or(count),
        Err(error) => {
            (parts.observer)(&Report::Trouble(error.to_string()));
            0
        }
    }
}

fn unanswered(numbers: &[Msisdn], reason: String) -> Vec<Answer> {
    let status = Status::unknown(reason);
    numbers.iter().map(|&msisdn| Answer { msisdn, status: status.clone(), imsi: None }).collect()
}

/// Hands on what a channel hears of payments, to the open recoveries that it is about (S102).
pub(super) async fn listen(parts: Parts, channel: Arc<dyn Channel>, books: Vec<BookId>, tx: UnboundedSender<Input>) {
    loop {
        let signal = channel.next_signal().await;
        let about =
            Filter { books: Some(books.clone()), numbers: Some(vec![signal.msisdn]), open: true, ..Filter::default() };
        match parts.store.lines(&about, LineId(0), PAGE).await {
            Ok(lines) => lines.iter().for_each(|line| drop(tx.send(Input::Event(line.id, Event::Signalled, None)))),
            // It was a hint: the next look comes by its own time.
            Err(error) => (parts.observer)(&Report::Trouble(error.to_string())),
        }
    }
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
        max_fee: can.max_fee,
    }
}

/// Has a provider ready; where that fails, the submission itself says that nothing was sent.
async fn prepare(parts: &Parts, provider: &str) {
    if let Some(provider) = parts.providers.get(provider)
        && let Ok(Err(error)) = timeout(parts.deadline, provider.prepare()).await
    {
        (parts.observer)(&Report::Trouble(error.to_string()));
    }
}

/// Compares the ledger with a provider's statement (M4); what the ledger does not know comes back as events (P7).
async fn statement(parts: &Parts, comparison: Comparison) -> Input {
    let found = compared(parts, &comparison).await;
    let name = comparison.provider;
    let events = found.map(|mut found| {
        let events = std::mem::take(&mut found.events);
        (parts.observer)(&Report::Reconciled(name.clone(), found));
        events
    });
    Input::Statement(name, events)
}

async fn compared(parts: &Parts, comparison: &Comparison) -> Result<Reconciled, String> {
    let Comparison { provider: name, since_ms, .. } = comparison;
    let Some(provider) = parts.providers.get(name) else { return Err(format!("no provider `{name}` is configured")) };
    let failed = |error: StoreError| error.to_string();
    let balances = parts.store.balances().await.map_err(failed)?;
    if !comparison.fenced && balances.iter().all(|balance| balance.provider != *name) {
        return Ok(Reconciled::default());
    }
    let ours = parts.store.topups_since(name, *since_ms).await.map_err(failed)?;
    let theirs = timeout(parts.deadline * STATEMENT_CALLS, provider.statement(*since_ms)).await;
    let theirs = theirs.map_err(|_| format!("{name}: no statement in time"))?.map_err(|error| error.to_string())?;
    compare(&*parts.store, name, &comparison.books, ours, &theirs).await.map_err(failed)
}

/// Compares the top-ups of one provider, read before its statement was, with the statement, reference by reference (M4).
///
/// What is not among them may be the owner's nevertheless: an order that left while the statement was read, or whose
/// commit saw a wrong clock. It is looked up before anything is called foreign, since it was durable before it was sent
/// (P1). What is left may belong to lines of these books (S3).
pub async fn compare(
    store: &dyn Store,
    provider: &str,
    books: &[BookId],
    mut ours: Vec<TopUp>,
    theirs: &[StatementRow],
) -> Result<Reconciled, StoreError> {
    let references: Vec<TopUpRef> = unknown(&ours, theirs).into_iter().map(|(reference, _)| reference).collect();
    ours.extend(store.topups(&references).await?);
    let numbers: Vec<Msisdn> = unknown(&ours, theirs).into_iter().map(|(_, msisdn)| msisdn).collect();
    let filter = Filter { books: Some(books.to_vec()), numbers: Some(numbers), ..Filter::default() };
    let lines = store.lines(&filter, LineId(0), u32::MAX).await?;
    Ok(reconcile_with(&ours, theirs, provider, &lines))
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

/// What cannot be stored now is stored as soon as it can be, or with the next batch: only then can a person see and clear it.
async fn freeze(parts: &Parts) -> Input {
    (parts.observer)(&Report::Trouble("the clock jumped forward; spending stops until `ringback resume`".into()));
    again(parts, || parts.store.set_switch(Switch::ClockFault, true)).await;
    Input::FaultStored
}
