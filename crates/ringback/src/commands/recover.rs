//! `check`, `recover`, `run`: the engine at work.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, bail, ensure};
use ringback_core::{
    Answer, Judgement, Line, LineId, Msisdn,
    forecast::forecast,
    line::{Phase, State},
    recovery::{Event, Word},
};
use ringback_engine::shell::{Begin, Observer, Until};
use ringback_store::{Ask, Filter, Request};
use serde_json::{Value, json};

use crate::{
    Finished, cli,
    commands::lines::row,
    context::{Context, Open},
    run::{self, Run},
    show,
    steps::{self, Unanswered},
    survey,
};

/// `check`: queries and shows; starts nothing. Where an engine runs already, it queries.
pub(crate) async fn check(context: &Context, selection: &cli::Selection) -> Result<()> {
    let open = match context.open_as_engine("check").await {
        Ok(open) => open,
        Err(error) if run::is_held(&error) => return hand_over(context, selection).await,
        Err(error) => return Err(error),
    };
    let lines = open.select(selection).await?;
    let filter = Filter { numbers: Some(lines.iter().map(|line| line.msisdn).collect()), ..open.of_book() };
    let until = Until::AtRest { claims: false };
    let unanswered = Arc::new(Unanswered::default());
    let observer = noting(&unanswered, quiet());
    run::engine(context, &open, Run { begin: Begin::Look(filter.clone()), until, observer }).await?;
    let lines = open.lines(&filter).await?;
    if context.json {
        println!("{}", json!({ "lines": named_rows(&open, &lines).await? }));
    } else {
        for line in &lines {
            let enrolled = if line.consents.query_ms.is_some() { "" } else { "  (not enrolled: not queried)" };
            println!("{}  {}{enrolled}", line.msisdn, show::state(line));
        }
    }
    match unanswered.found() {
        None => Ok(()),
        Some((count, reason)) => {
            bail!("{count} of {} lines gave no answer; what was seen before is shown: {reason}", lines.len())
        }
    }
}

/// An observer that also notes which lines gave no answer.
fn noting(unanswered: &Arc<Unanswered>, observer: Observer) -> Observer {
    let unanswered = unanswered.clone();
    Arc::new(move |report| {
        unanswered.note(report);
        observer(report);
    })
}

/// The lines as JSON, with the names of their contacts.
async fn named_rows(open: &Open, lines: &[Line]) -> Result<Vec<Value>> {
    let ids: Vec<LineId> = lines.iter().map(|line| line.id).collect();
    let names: BTreeMap<LineId, String> = open.store.names(&ids).await?.into_iter().collect();
    Ok(lines.iter().map(|line| row(line, names.get(&line.id).map_or("", String::as_str))).collect())
}

/// Asks the engine that runs to query the lines.
async fn hand_over(context: &Context, selection: &cli::Selection) -> Result<()> {
    let open = context.open().await?;
    let lines = open.select(selection).await?;
    let requests: Vec<Request> = lines.iter().map(|line| Request { line: line.id, ask: Ask::Query }).collect();
    open.store.post(&requests).await?;
    if context.json {
        println!("{}", json!({ "requests": requests.len() }));
    } else {
        println!(
            "{} lines: handed to the engine that is running, which queries the enrolled ones; `ringback lines` shows \
             the answers",
            requests.len()
        );
    }
    Ok(())
}

/// `recover`: the whole method, until nothing moves.
pub(crate) async fn recover(context: &Context, args: &cli::Recover) -> Result<Finished> {
    if args.dry_run {
        let open = context.open().await?;
        return dry_run(context, &open, &chosen(&open, &args.numbers).await?).await;
    }
    let open = context.open_as_engine("recover").await?;
    let filter = chosen(&open, &args.numbers).await?;
    if !args.numbers.is_empty() {
        try_again(&open, &filter).await?;
    }
    let observer: Observer = if context.json { quiet() } else { Arc::new(steps::print) };
    let until = Until::AtRest { claims: args.claims };
    let unanswered = Arc::new(Unanswered::default());
    let observer = noting(&unanswered, observer);
    run::engine(context, &open, Run { begin: Begin::Recover(filter.clone()), until, observer }).await?;
    let finished = summary(context, &open, &filter).await?;
    match unanswered.found() {
        None => Ok(finished),
        Some((count, reason)) => bail!("{count} lines gave no answer, and nothing is paid without one: {reason}"),
    }
}

/// `run`: at the start, by the timer, on request, until stopped (S101).
pub(crate) async fn run(context: &Context) -> Result<()> {
    let open = context.open_as_engine("run").await?;
    if !context.json {
        println!("Watching the enrolled lines; Ctrl-C stops.");
    }
    let observer: Observer = Arc::new(if context.json { steps::print_json } else { steps::print });
    run::engine(context, &open, Run { begin: Begin::Sweep, until: Until::Stopped, observer }).await
}

/// All enrolled lines, or those that a person names: each has to be in the book, and enrolled.
async fn chosen(open: &Open, numbers: &[String]) -> Result<Filter> {
    if numbers.is_empty() {
        return Ok(Filter { enrolled: true, ..open.of_book() });
    }
    let numbers = open.typed(numbers)?;
    let lines = open.known(numbers.clone()).await?;
    if let Some(line) = lines.iter().find(|line| !line.consents.complete()) {
        bail!("{0} is not enrolled; `ringback enrol {0}` allows queries and payments", line.msisdn);
    }
    Ok(Filter { numbers: Some(numbers), ..open.of_book() })
}

/// A person who names a line says so that a parked or suspended one may be tried again (C6).
async fn try_again(open: &Open, filter: &Filter) -> Result<()> {
    let stopped =
        open.lines(filter).await?.into_iter().filter(|l| matches!(l.state, State::Parked(_) | State::Suspended));
    let ask = Ask::Event(Event::Told(Word::TryAgain));
    let requests: Vec<Request> = stopped.map(|line| Request { line: line.id, ask: ask.clone() }).collect();
    Ok(open.store.post(&requests).await?)
}

async fn summary(context: &Context, open: &Open, filter: &Filter) -> Result<Finished> {
    let lines = open.lines(filter).await?;
    let count = |wanted: fn(&Line) -> bool| lines.iter().filter(|line| wanted(line)).count();
    let (waiting, open_still) = (count(waits_for_person), count(|line| matches!(line.state, State::Open(_))));
    let is_done = waiting == 0 && open_still == 0;
    if context.json {
        println!("{}", json!({ "lines": named_rows(open, &lines).await?, "waiting": waiting }));
    } else if lines.is_empty() {
        println!("No line is enrolled; `ringback enrol` allows queries and payments");
    } else if is_done {
        println!("{} lines; nothing waits for you", lines.len());
    } else if waiting == 0 {
        println!("{} lines; {open_still} recoveries are still open, `ringback recover` goes on", lines.len());
    } else {
        println!("{} lines; {waiting} wait for you: `ringback lines --waiting`", lines.len());
    }
    if !context.json && open.store.switches().await?.stop() {
        println!("Spending is stopped; `ringback resume` lets it go on");
    }
    Ok(if is_done { Finished::Done } else { Finished::Waiting })
}

fn waits_for_person(line: &Line) -> bool {
    match &line.state {
        State::Open(recovery) => matches!(recovery.phase, Phase::Approval | Phase::Owed { .. }),
        State::Parked(_) => true,
        State::Idle | State::Suspended => false,
    }
}

/// What would be paid at worst and most likely; queries the network, pays nothing, stores nothing.
async fn dry_run(context: &Context, open: &Open, filter: &Filter) -> Result<Finished> {
    let lines: Vec<Line> = open.lines(filter).await?.into_iter().filter(|line| line.consents.complete()).collect();
    let parts = run::parts(context, open, quiet())?;
    let numbers: Vec<Msisdn> = lines.iter().map(|line| line.msisdn).collect();
    let answers = survey::states(context, &parts, &numbers).await?;
    let restricted = |(line, answer): (Line, Answer)| (answer.status.judged() == Judgement::Restricted).then_some(line);
    let unanswered = answers.iter().filter(|answer| answer.status.judged() == Judgement::Unknown).count();
    let queried = lines.len() - unanswered;
    let lines: Vec<Line> = lines.into_iter().zip(answers).filter_map(restricted).collect();
    let numbers: Vec<Msisdn> = lines.iter().map(|line| line.msisdn).collect();
    let (policy, caps) = (context.settings.policy(), &context.settings.caps);
    let terms = survey::terms(context, &parts, &numbers).await;
    let forecasts =
        lines.iter().zip(terms).map(|(line, terms)| match terms.map(|terms| forecast(line, &policy, &terms)) {
            Ok(Some(forecast)) => json!({
                "number": line.msisdn, "worst": forecast.worst_total, "likely": forecast.likely_total,
                "payments": forecast.worst, "stopped_by": forecast.stopped_by,
            }),
            Ok(None) => json!({ "number": line.msisdn, "error": "no provider sells amounts in the policy's currency" }),
            Err(reason) => json!({ "number": line.msisdn, "error": reason }),
        });
    let rows: Vec<Value> = forecasts.collect();
    if context.json {
        println!("{}", json!({ "queried": queried, "unanswered": unanswered, "restricted": rows }));
    } else {
        print_forecast(queried, &rows);
        println!("Over all lines the caps bind as well: {} a day, {} ever", caps.per_day, caps.per_book);
    }
    ensure!(unanswered == 0, "{unanswered} lines gave no answer; `ringback check --all` says why");
    Ok(Finished::Done)
}

fn print_forecast(queried: usize, rows: &[Value]) {
    let mut table = show::table(&["number", "most likely", "at worst", "payments at worst"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for row in rows {
        let payments: Vec<String> = row["payments"].as_array().into_iter().flatten().map(text).collect();
        let stopped = row["stopped_by"].as_str().map_or(String::new(), |by| format!(", then {}", by.replace('_', " ")));
        let last =
            if row["error"].is_string() { text(&row["error"]) } else { format!("{}{stopped}", payments.join(", ")) };
        table.add_row([text(&row["number"]), text(&row["likely"]), text(&row["worst"]), last]);
    }
    println!("{table}\n{queried} lines queried, {} restricted; nothing was paid", rows.len());
}

fn quiet() -> Observer {
    Arc::new(steps::print_trouble)
}
