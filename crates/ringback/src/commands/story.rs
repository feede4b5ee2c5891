//! `show`: a line's whole history as a story.

use anyhow::Result;
use jiff::{Timestamp, tz::TimeZone};
use ringback_core::{
    Line,
    recovery::{Event, Record, Via, Word},
};
use ringback_store::{ClaimFilter, Entry};
use serde_json::json;

use super::{claims, lines::row};
use crate::{cli, context::Context, show, steps};

pub(crate) async fn story(context: &Context, args: &cli::One) -> Result<()> {
    let open = context.open().await?;
    let line = open.line(&args.number).await?;
    let journal = open.store.journal(line.id).await?;
    let recoveries = open.store.recoveries(Some(line.id)).await?;
    let names = open.store.names(&[line.id]).await?;
    let name = names.into_iter().next().map(|(_, name)| name).unwrap_or_default();
    let claims = open.store.claims(ClaimFilter::All).await?.into_iter().filter(|c| c.msisdn == line.msisdn);
    let claims: Vec<_> = claims.collect();
    if context.json {
        let ends: Vec<_> = recoveries.iter().map(|(_, record)| record).collect();
        println!("{}", json!({ "line": row(&line, &name), "journal": journal, "recoveries": ends, "claims": claims }));
        return Ok(());
    }
    println!("{name}  {}  {}  {}\n", line.msisdn, show::mode(&line), show::state(&line));
    for entry in &journal {
        println!("{}  {}", time(entry.at_ms), told(entry));
    }
    println!();
    for (_, record) in &recoveries {
        println!("recovery {}: {}", record.number, ending(record));
    }
    for claim in &claims {
        println!("claim {}: {}, {}", claim.reference, claim.claimed, claims::state(claim));
    }
    next(&line);
    Ok(())
}

/// An instant where the person is, to the second.
pub(crate) fn time(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn told(entry: &Entry) -> String {
    match &entry.event {
        Event::Answered(read) | Event::Looked(read) => format!("{} says: {}", read.channel, show::status(&read.status)),
        Event::Offered(terms) => match terms.first() {
            Some(first) => format!("{} sells for {}", first.offer.provider, first.offer.carrier),
            None => "nothing can be paid".into(),
        },
        Event::Unoffered { reason, .. } => format!("nothing can be paid: {reason}"),
        Event::Proposed { reference } => format!("an order is made: {reference}"),
        Event::Denied(denial) => format!("the order was not admitted: {}", show::denied(*denial)),
        Event::Withheld { reference, denial } => {
            format!("{reference} was stopped before it left: {}", show::denied(*denial))
        }
        Event::Replied { reference, reply, via } => {
            format!("{reference}: {}{}", steps::outcome(&reply.outcome), came(via))
        }
        Event::Late { topup, reply } => format!("{}: late: {}", topup.order.reference, steps::outcome(&reply.outcome)),
        Event::Found { order, reply } => {
            let said = steps::outcome(&reply.outcome);
            format!("{}: the ledger did not know this order of {}: {said}", order.reference, order.reserved())
        }
        Event::Signalled => "a success was announced".into(),
        Event::Approved => "approved by a person".into(),
        Event::Declined => "declined by a person".into(),
        Event::Typed { amount } => format!("set amount typed: {amount}"),
        Event::Lapsed => "nobody typed the set amount in time".into(),
        Event::Told(word) => word_text(word),
    }
}

/// How an answer came, where it was not the answer to the submission.
fn came(via: &Via) -> String {
    match via {
        Via::Submission => String::new(),
        Via::Inquiry(asked) => format!(" (inquiry {})", asked + 1),
        Via::Statement => " (the provider's statement)".into(),
        Via::Person(reason) => format!(" (settled by a person: {reason})"),
    }
}

fn word_text(word: &Word) -> String {
    match word {
        Word::Enrolled(_, mode) => format!("enrolled, mode {mode:?}").to_lowercase(),
        Word::Withdrawn => "consents withdrawn".into(),
        Word::Mode(mode) => format!("mode {mode:?}").to_lowercase(),
        Word::Suspended => "told: I know it is suspended".into(),
        Word::LeaveAlone(until_ms) => format!("told: leave it alone until {}", time(*until_ms)),
        Word::Plan(amount) => format!("told: the plan is {amount}"),
        Word::Confirmed => "told: the number is still the person's".into(),
        Word::TryAgain => "told: try again".into(),
        Word::Route(Some(route)) => format!("asked by the route {route}"),
        Word::Route(None) => "asked by the book's route".into(),
    }
}

fn ending(record: &Record) -> String {
    let end = record.end.as_ref().map_or_else(|| "open".into(), show::end);
    format!("{end}; received {}", record.received)
}

fn next(line: &Line) {
    if let ringback_core::line::State::Parked(parked) = &line.state {
        println!("next: {}", show::next_step(&parked.reason, &line.msisdn.to_string()));
    }
}
