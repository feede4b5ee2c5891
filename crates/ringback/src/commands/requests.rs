//! What a person says goes to the engine as a request: to the one that runs, or to the next one.

use anyhow::{Context as _, Result, bail};
use jiff::tz::TimeZone;
use ringback_core::{
    Line, Mode, Outcome, Receipt, Reply,
    admit::Switches,
    claim, line,
    recovery::{Event, Via, Word},
};
use ringback_store::{Ask, Request};
use serde_json::json;

use crate::{
    cli,
    context::{Context, Open},
    run,
};

/// Leaves a person's event for the engine, and runs one for a moment where none runs.
pub(crate) async fn tell(context: &Context, number: &str, event: Event) -> Result<()> {
    let open = context.open().await?;
    let line = open.line(number).await?;
    post(context, &open, vec![Request { line: line.id, ask: Ask::Event(event) }]).await
}

/// Posts requests and sees them carried out.
pub(crate) async fn post(context: &Context, open: &Open, requests: Vec<Request>) -> Result<()> {
    open.store.post(&requests).await?;
    run::carry_out_requests(context).await?;
    if context.json {
        println!("{}", json!({ "requests": requests.len() }));
    }
    Ok(())
}

/// `tell`: what a person knows about a line.
pub(crate) async fn word(context: &Context, args: &cli::Tell) -> Result<()> {
    let word = match args.what {
        cli::What::Suspended => Word::Suspended,
        cli::What::LeaveAlone => Word::LeaveAlone(start_of(args.until.context("--until is missing")?)?),
        cli::What::Plan => Word::Plan(args.amount.context("--amount is missing")?.positive()?),
        cli::What::Confirmed => Word::Confirmed,
        cli::What::TryAgain => Word::TryAgain,
        cli::What::Watch => Word::Mode(Mode::Watch),
        cli::What::Ask => Word::Mode(Mode::Ask),
        cli::What::Auto => Word::Mode(Mode::Auto),
    };
    tell(context, &args.number, Event::Told(word)).await
}

/// `amount`: the set amount, typed.
pub(crate) async fn amount(context: &Context, args: &cli::TypedAmount) -> Result<()> {
    tell(context, &args.number, Event::Typed { amount: args.amount.positive()? }).await
}

/// `settle`: what became of an order that only a person can settle (P13).
pub(crate) async fn settle(context: &Context, args: &cli::Settle) -> Result<()> {
    let open = context.open().await?;
    let line = open.line(&args.number).await?;
    let event = settlement(&line, args)?;
    post(context, &open, vec![Request { line: line.id, ask: Ask::Event(event) }]).await
}

fn settlement(line: &Line, args: &cli::Settle) -> Result<Event> {
    let Some(order) = line.unsettled_order() else {
        bail!("{}: no order of this line waits to be settled", line.msisdn);
    };
    let outcome = match args.outcome {
        cli::Settled::Delivered => Outcome::Delivered(Receipt { debited: order.asked, delivered: order.asked }),
        cli::Settled::Failed => Outcome::NotFound,
    };
    let (reference, reply) = (order.reference.clone(), Reply::from(outcome));
    Ok(Event::Replied { reference, reply, via: Via::Person(args.reason.clone()) })
}

/// `claims --of`: what a letter's answer said, recorded by hand.
pub(crate) async fn claim(context: &Context, open: &Open, event: claim::Event, claim: &claim::Claim) -> Result<()> {
    let line = open.line(&claim.msisdn.to_string()).await?;
    let ask = Ask::Claim(claim.reference.clone(), event);
    post(context, open, vec![Request { line: line.id, ask }]).await
}

/// `pause` and `resume`: the kill switch, durable and seen by every process (N3).
pub(crate) async fn switch(context: &Context, paused: bool) -> Result<()> {
    let open = context.open().await?;
    let before = open.store.switches().await?;
    let after = Switches { paused, clock_fault: before.clock_fault && paused, ..before };
    open.store.set_switches(after).await?;
    if context.json {
        println!("{}", serde_json::to_string(&after)?);
    } else if paused {
        println!("Paused: no new payment is made until `ringback resume`. What is in flight is still resolved.");
    } else {
        println!("Payments may be made again.");
    }
    Ok(())
}

/// The start of a day where the person is, in milliseconds of the wall clock.
fn start_of(day: jiff::civil::Date) -> Result<i64> {
    Ok(day.to_zoned_datetime(TimeZone::system())?.timestamp().as_millisecond())
}

/// The consents of a line that is enrolled now.
pub(crate) fn consents(at_ms: i64) -> line::Consents {
    line::Consents { payment_ms: Some(at_ms), query_ms: Some(at_ms) }
}
