//! What a person says goes to the engine as a request: to the one that runs, or to the next one.

use anyhow::{Context as _, Result, bail, ensure};
use jiff::tz::TimeZone;
use ringback_core::{
    Amount, Line, Mode, Order, Outcome, Receipt, Reply,
    admit::Switch,
    claim,
    line::{self, Phase},
    recovery::{Event, Via, Word},
};
use ringback_store::{Ask, Request, Sqlite, Store};
use serde_json::json;

use crate::{
    cli::{self, Cli},
    config::{self, Settings},
    context::{Context, Open},
    run::{self, Carried},
    show,
};

/// `approve`, `decline`, `amount`: a person's answer to what waits.
pub(crate) async fn answer(context: &Context, number: &str, event: Event) -> Result<()> {
    let open = context.open().await?;
    let line = open.line(number).await?;
    waits_for(&line, &event)?;
    let said = match &event {
        Event::Typed { amount } => format!("the set amount is {amount}; it follows after a fresh query"),
        Event::Declined => "declined; nothing more is paid for it".into(),
        _ => "approved".into(),
    };
    let settles = event == Event::Declined;
    let carried = post(context, &open, vec![Request { line: line.id, ask: Ask::Event(event) }]).await?;
    let next =
        if settles { format!("`ringback recover {}` tries it again", line.msisdn) } else { carried.next().into() };
    say(context, &format!("{}: {said}; {next}", line.msisdn));
    Ok(())
}

/// `amount`: the set amount, typed.
pub(crate) async fn amount(context: &Context, args: &cli::TypedAmount) -> Result<()> {
    let amount = context.money(args.amount)?;
    let caps = &context.settings.caps;
    for (key, cap) in [("per_recovery", caps.per_recovery), ("per_line", caps.per_line), ("per_day", caps.per_day)] {
        ensure!(amount <= cap, "{amount} is above caps.{key} ({cap}); nothing was recorded");
    }
    answer(context, &args.number, Event::Typed { amount }).await
}

/// An answer that nothing waits for is refused with the state that the line is in.
fn waits_for(line: &Line, event: &Event) -> Result<()> {
    let phase = match &line.state {
        line::State::Open(recovery) => Some(&recovery.phase),
        _ => None,
    };
    let (waits, what) = match event {
        Event::Approved => (matches!(phase, Some(Phase::Approval)), "no recovery waits for approval"),
        Event::Declined => {
            (matches!(phase, Some(Phase::Approval | Phase::Owed { .. })), "nothing waits that could be declined")
        }
        _ => (matches!(phase, Some(Phase::Owed { .. })), "no set amount is owed"),
    };
    ensure!(waits, "{}: {what}; the line is {}: {}", line.msisdn, quoted(line), show::advice(line));
    Ok(())
}

/// A line's state as `lines` shows it.
fn quoted(line: &Line) -> String {
    format!("\"{}\"", show::state(line))
}

/// Posts requests and sees them carried out.
pub(crate) async fn post(context: &Context, open: &Open, requests: Vec<Request>) -> Result<Carried> {
    open.store.post(&requests).await?;
    let carried = run::carry_out_requests(context).await?;
    if carried == Carried::ByTheRunningEngine {
        eprintln!("Handed to the engine that is running.");
    }
    Ok(carried)
}

/// Says how one request ended.
fn say(context: &Context, text: &str) {
    if context.json {
        println!("{}", json!({ "requests": 1 }));
    } else {
        println!("{text}");
    }
}

/// `tell`: what a person knows about a line.
pub(crate) async fn word(context: &Context, args: &cli::Tell) -> Result<()> {
    let word = match args.what {
        cli::What::Suspended => Word::Suspended,
        cli::What::LeaveAlone => {
            let until_ms = start_of(args.until.context("--until is missing")?)?;
            ensure!(until_ms > run::clock()?.now().wall_ms, "--until: write a day that is still to come");
            Word::LeaveAlone(until_ms)
        }
        cli::What::Plan => Word::Plan(context.money(args.amount.context("--amount is missing")?)?),
        cli::What::Confirmed => Word::Confirmed,
        cli::What::TryAgain => Word::TryAgain,
        cli::What::Route => Word::Route(route(context, args.by.as_deref())?),
        cli::What::Watch => Word::Mode(Mode::Watch),
        cli::What::Ask => Word::Mode(Mode::Ask),
        cli::What::Auto => Word::Mode(Mode::Auto),
    };
    let open = context.open().await?;
    let line = open.line(&args.number).await?;
    let ask = Ask::Event(Event::Told(word));
    let carried = post(context, &open, vec![Request { line: line.id, ask }]).await?;
    say(context, &format!("{}: noted; {}", line.msisdn, carried.next()));
    Ok(())
}

/// The name of a channel or route that there is.
fn route(context: &Context, name: Option<&str>) -> Result<Option<String>> {
    let Some(name) = name else { return Ok(None) };
    ensure!(
        context.settings.route(name).is_some(),
        "--by: there is no [channel.{name}] and no [route.{name}] in {}",
        context.path.display()
    );
    Ok(Some(name.to_owned()))
}

/// `settle`: what became of an order that only a person can settle (P13).
pub(crate) async fn settle(context: &Context, args: &cli::Settle) -> Result<()> {
    let open = context.open().await?;
    let line = open.line(&args.number).await?;
    let received = args.received.map(|received| context.money(received)).transpose()?;
    let event = settlement(&line, args, received)?;
    let carried = post(context, &open, vec![Request { line: line.id, ask: Ask::Event(event) }]).await?;
    let next = match carried {
        Carried::Here => format!("`ringback recover {}` tries the line again", line.msisdn),
        Carried::ByTheRunningEngine => carried.next().into(),
    };
    say(context, &format!("{}: recorded; {next}", line.msisdn));
    Ok(())
}

fn settlement(line: &Line, args: &cli::Settle, received: Option<Amount>) -> Result<Event> {
    let order = to_settle(line, args.of.as_deref())?;
    let outcome = match (args.outcome, received) {
        (cli::Settled::Delivered, received) => {
            Outcome::Delivered(Receipt { debited: order.asked, delivered: received.unwrap_or(order.asked) })
        }
        (cli::Settled::Failed, None) => Outcome::NotFound,
        (cli::Settled::Failed, Some(_)) => bail!("--received: of an order that failed the line received nothing"),
    };
    let (reference, reply) = (order.reference.clone(), Reply::from(outcome));
    Ok(Event::Replied { reference, reply, via: Via::Person(args.reason.clone()) })
}

/// The order that is meant, or the first one that waits for a person.
fn to_settle<'a>(line: &'a Line, reference: Option<&str>) -> Result<&'a Order> {
    let mut waiting = line.to_settle().map(|topup| &topup.order).chain(line.unsettled_order());
    let found = waiting.find(|order| reference.is_none_or(|reference| order.reference.as_str() == reference));
    let (what, number) = (reference.unwrap_or("order"), line.msisdn);
    found.with_context(|| {
        format!("{number}: no {what} waits to be settled; the line is {}: {}", quoted(line), show::advice(line))
    })
}

/// `claims --of`: what a letter's answer said, recorded by hand.
pub(crate) async fn claim(context: &Context, open: &Open, event: claim::Event, claim: &claim::Claim) -> Result<()> {
    let line = open.line(&claim.msisdn.to_string()).await?;
    let ask = Ask::Claim(claim.reference.clone(), event);
    post(context, open, vec![Request { line: line.id, ask }]).await?;
    say(context, &format!("{}: recorded; `ringback claims` shows it, `ringback ledger` the money", claim.reference));
    Ok(())
}

/// `pause`: the kill switch, durable and seen by every process (N3). It works with a configuration that does not.
pub(crate) async fn pause(cli: &Cli) -> Result<()> {
    let path = cli.config.clone().unwrap_or_else(config::default_path);
    let database = match Settings::read(&path) {
        Ok(settings) => config::database(&settings, &path),
        Err(error) => {
            eprintln!("! {error:#}");
            let found = config::database_of_broken(&path);
            ensure!(found.exists(), "{}: no database lies there, so nothing was paused", found.display());
            eprintln!("! Pausing all the same, in {}.", found.display());
            found
        }
    };
    switch(cli.json, &Sqlite::open(&database).await?, true).await
}

/// `resume`: payments may be made again. A ledger that was found wrong has to be sound first (S2), and the person says
/// with it that the clock is right (C3).
pub(crate) async fn resume(context: &Context) -> Result<()> {
    let store = Sqlite::open(&context.database()).await?;
    let before = store.switches().await?;
    if before.frozen {
        ensure!(store.verify().await?.is_empty(), "the ledger is not sound; `ringback ledger --verify` says where");
        store.set_switch(Switch::Frozen, false).await?;
    }
    if before.clock_fault {
        store.trust_clock(run::clock()?.now()).await?;
    }
    switch(context.json, &store, false).await
}

async fn switch(json: bool, store: &dyn Store, paused: bool) -> Result<()> {
    store.set_switch(Switch::Paused, paused).await?;
    if json {
        println!("{}", serde_json::to_string(&store.switches().await?)?);
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
