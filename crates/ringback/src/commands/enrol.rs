//! `enrol` and `withdraw`: the two consents, and the proof that a line can be served.

use std::sync::Arc;

use anyhow::Result;
use ringback_core::{
    Line, Mode, Msisdn, Service,
    recovery::{Event, Word},
};
use ringback_engine::shell::{Observer, Parts};
use ringback_store::{Ask, Request};
use serde_json::json;

use super::requests::{consents, post};
use crate::{
    Finished, cli,
    context::{Context, Open},
    run, survey,
};

pub(crate) async fn enrol(context: &Context, args: &cli::Enrol) -> Result<Finished> {
    let open = context.open().await?;
    let lines = open.select(&args.selection).await?;
    let (served, refused) = if args.unproven { (lines, Vec::new()) } else { prove(context, &open, lines).await? };
    let word = Word::Enrolled(consents(run::clock()?.now().wall_ms), mode(args.mode));
    let ask = Ask::Event(Event::Told(word));
    let requests = served.iter().map(|line| Request { line: line.id, ask: ask.clone() }).collect();
    post(context, &open, requests).await?;
    report(context, &served, &refused);
    Ok(if refused.is_empty() { Finished::Done } else { Finished::Waiting })
}

pub(crate) async fn withdraw(context: &Context, selection: &cli::Selection) -> Result<()> {
    let open = context.open().await?;
    let ask = Ask::Event(Event::Told(Word::Withdrawn));
    let lines = open.select(selection).await?;
    let requests = lines.iter().map(|line| Request { line: line.id, ask: ask.clone() }).collect();
    post(context, &open, requests).await?;
    if context.json {
        println!("{}", json!({ "withdrawn": lines.len() }));
    } else {
        println!("{} lines withdrawn; what is in flight is still resolved", lines.len());
    }
    Ok(())
}

/// Lines that a provider serves and whose channel is authoritative, and the others with the reason.
async fn prove(context: &Context, open: &Open, lines: Vec<Line>) -> Result<(Vec<Line>, Vec<(Line, String)>)> {
    let observer: Observer = Arc::new(|_| {});
    let parts = run::parts(context, open, observer)?;
    let numbers: Vec<Msisdn> = lines.iter().map(|line| line.msisdn).collect();
    let answers = survey::states(context, &parts, &numbers).await?;
    let known: Vec<Option<String>> =
        answers.iter().map(|answer| unknown(context, &parts, answer.msisdn, &answer.status.service)).collect();
    let asked: Vec<Msisdn> = numbers.iter().zip(&known).filter(|(_, why)| why.is_none()).map(|(n, _)| *n).collect();
    let mut terms = survey::terms(context, &parts, &asked).await.into_iter();
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    for (line, why) in lines.into_iter().zip(known) {
        match why.or_else(|| terms.next().and_then(Result::err)) {
            None => served.push(line),
            Some(reason) => refused.push((line, reason)),
        }
    }
    Ok((served, refused))
}

/// Why the channel cannot vouch for a line; nothing where it can.
fn unknown(context: &Context, parts: &Parts, number: Msisdn, service: &Service) -> Option<String> {
    let route = context.settings.route(&context.settings.book.channel).expect("the configuration was checked");
    let vouches = |name: &String| parts.channels.get(name).is_some_and(|c| c.capabilities().is_authoritative(number));
    if !route.channels.iter().any(vouches) {
        return Some(format!(
            "the channel is not authoritative for the number; if it is, add its prefix to [channel.{}].ranges",
            route.channels.join("] or [channel.")
        ));
    }
    match service {
        Service::Unknown(reason) => Some(format!("the channel cannot tell its state: {reason}")),
        Service::NotInService => Some("the number has no subscriber".into()),
        Service::Recycled => Some("the number was given to somebody else".into()),
        Service::InService | Service::Restricted(_) => None,
    }
}

fn report(context: &Context, served: &[Line], refused: &[(Line, String)]) {
    if context.json {
        let refused: Vec<_> = refused.iter().map(|(l, why)| json!({ "number": l.msisdn, "reason": why })).collect();
        println!("{}", json!({ "enrolled": served.len(), "refused": refused }));
        return;
    }
    for (line, reason) in refused {
        eprintln!("{}  not enrolled: {reason}", line.msisdn);
    }
    println!(
        "{} lines enrolled, {} not; `ringback recover --dry-run` says what would be paid",
        served.len(),
        refused.len()
    );
}

fn mode(arg: cli::ModeArg) -> Mode {
    match arg {
        cli::ModeArg::Watch => Mode::Watch,
        cli::ModeArg::Ask => Mode::Ask,
        cli::ModeArg::Auto => Mode::Auto,
    }
}
