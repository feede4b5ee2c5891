//! `enrol` and `withdraw`: the two consents, and the proof that a line can be served.

use std::sync::Arc;

use anyhow::Result;
use ringback_core::{
    Line, Mode, Service,
    recovery::{Event, Word},
};
use ringback_engine::shell::{Observer, Parts, terms_of};
use ringback_store::{Ask, Request};
use serde_json::json;

use super::requests::{consents, post};
use crate::{
    Finished, cli,
    context::{Context, Open},
    run,
};

pub(crate) async fn enrol(context: &Context, args: &cli::Enrol) -> Result<Finished> {
    let open = context.open().await?;
    let lines = open.select(&args.selection).await?;
    let (served, refused) = if args.unproven { (lines, Vec::new()) } else { prove(context, &open, lines).await? };
    let word = Word::Enrolled(consents(run::clock()?.now().wall_ms), mode(args.mode));
    let ask = Ask::Event(Event::Told(word));
    let requests = served.iter().map(|line| Request { line: line.id, ask: ask.clone() }).collect();
    post(&Context { json: false, ..context.clone() }, &open, requests).await?;
    report(context, &served, &refused);
    Ok(if refused.is_empty() { Finished::Done } else { Finished::Waiting })
}

pub(crate) async fn withdraw(context: &Context, selection: &cli::Selection) -> Result<()> {
    let open = context.open().await?;
    let ask = Ask::Event(Event::Told(Word::Withdrawn));
    let lines = open.select(selection).await?;
    let requests = lines.iter().map(|line| Request { line: line.id, ask: ask.clone() }).collect();
    post(context, &open, requests).await?;
    if !context.json {
        println!("{} lines withdrawn; what is in flight is still resolved", lines.len());
    }
    Ok(())
}

/// Lines that a provider serves and whose channel is authoritative, and the others with the reason.
async fn prove(context: &Context, open: &Open, lines: Vec<Line>) -> Result<(Vec<Line>, Vec<(Line, String)>)> {
    let observer: Observer = Arc::new(|_| {});
    let parts = run::parts(context, open, observer)?;
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    let numbers: Vec<_> = lines.iter().map(|line| line.msisdn).collect();
    let answers = match parts.channels.get(&context.settings.book.channel) {
        Some(channel) => channel.query(&numbers).await,
        None => Vec::new(),
    };
    for (line, answer) in lines.into_iter().zip(answers) {
        match unserved(context, &parts, &line, &answer.status.service).await {
            None => served.push(line),
            Some(reason) => refused.push((line, reason)),
        }
    }
    Ok((served, refused))
}

async fn unserved(context: &Context, parts: &Parts, line: &Line, service: &Service) -> Option<String> {
    match service {
        Service::Unknown(reason) => return Some(format!("the channel cannot tell its state: {reason}")),
        Service::NotInService => return Some("the number has no subscriber".into()),
        Service::InService | Service::Restricted(_) => {}
    }
    let terms = terms_of(parts, line.msisdn, &context.settings.book.providers).await;
    terms.err().map(|(reason, _)| reason)
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
