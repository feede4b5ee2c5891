//! `doctor`: every part that Ringback needs, looked at one by one, each finding with its remedy.

mod channels;
mod machine;
mod providers;

use std::sync::Arc;

use anyhow::Result;
use comfy_table::{Cell, Color};
use ringback_core::Msisdn;
use ringback_engine::shell::{Observer, Parts};
use serde::Serialize;
use serde_json::json;

use crate::{
    Finished,
    cli::{self, Cli},
    context::{Context, Open},
    run, show,
};

/// What was found about one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Such as `channel network`.
    part: String,
    level: Level,
    found: String,
    /// What to do about it; nothing where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// It works.
    Good,
    /// It works, and something about it should be known or mended.
    Warning,
    /// Ringback cannot do its work like this.
    Failure,
}

/// Everything that the parts are examined with.
struct Patient<'c> {
    context: &'c Context,
    open: Option<Open>,
    parts: Option<Parts>,
    /// The line that channels are asked about.
    line: Option<Msisdn>,
}

pub(crate) async fn doctor(cli: &Cli, args: &cli::Doctor) -> Result<Finished> {
    let findings = match Context::read(cli) {
        Ok(context) => examine(&context, args).await?,
        Err(error) => vec![failure("configuration", format!("{error:#}"), "mend the place that it names")],
    };
    report(cli.json, &findings);
    let failed = findings.iter().any(|finding| finding.level == Level::Failure);
    Ok(if failed { Finished::Unwell } else { Finished::Done })
}

async fn examine(context: &Context, args: &cli::Doctor) -> Result<Vec<Finding>> {
    let mut findings = vec![good("configuration", format!("{} can be used", context.path.display()))];
    let spinner = show::spinner("looking at every part");
    let patient = admit(context, args, &mut findings).await?;
    findings.extend(machine::examine(&patient).await);
    findings.extend(channels::examine(&patient, args.channel.as_deref()).await);
    if args.channel.is_none() {
        findings.extend(providers::examine(&patient).await);
    }
    spinner.finish_and_clear();
    Ok(findings)
}

/// Opens what can be opened; what cannot is a finding.
async fn admit<'c>(context: &'c Context, args: &cli::Doctor, findings: &mut Vec<Finding>) -> Result<Patient<'c>> {
    let mut patient = Patient { context, open: None, parts: None, line: None };
    match context.open().await {
        Ok(open) => patient.open = Some(open),
        Err(error) => findings.push(failure("database", format!("{error:#}"), "see `ringback import --help`")),
    }
    let Some(open) = &patient.open else { return Ok(patient) };
    patient.line = match &args.number {
        Some(number) => Some(Msisdn::parse(number, &open.region)?),
        None => some_line(open).await?,
    };
    let observer: Observer = Arc::new(|_| {});
    match run::parts(context, open, observer) {
        Ok(parts) => patient.parts = Some(parts),
        Err(error) => findings.push(failure("configuration", format!("{error:#}"), "mend the place that it names")),
    }
    Ok(patient)
}

/// A line that may be queried; the first one, so that the same one is asked about each time.
async fn some_line(open: &Open) -> Result<Option<Msisdn>> {
    let enrolled = ringback_store::Filter { enrolled: true, ..open.of_book() };
    let lines = open.store.lines(&enrolled, ringback_core::LineId(0), 1).await?;
    Ok(lines.first().map(|line| line.msisdn))
}

fn report(json: bool, findings: &[Finding]) {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (failures, warnings) = (count(Level::Failure), count(Level::Warning));
    if json {
        println!("{}", json!({ "findings": findings, "failures": failures, "warnings": warnings }));
        return;
    }
    let mut table = show::table(&["", "PART", "FINDING"]);
    for finding in findings {
        let (sign, colour) = match finding.level {
            Level::Good => ("ok", Color::Green),
            Level::Warning => ("!", Color::Yellow),
            Level::Failure => ("x", Color::Red),
        };
        let remedy = finding.remedy.as_ref().map(|remedy| format!("\n-> {remedy}")).unwrap_or_default();
        table.add_row([
            Cell::new(sign).fg(colour),
            Cell::new(&finding.part),
            Cell::new(show::shared(&format!("{}{remedy}", finding.found), &std::io::stdout())),
        ]);
    }
    println!("{table}\n");
    println!("{failures} things do not work, {warnings} should be looked at");
}

fn good(part: impl Into<String>, found: impl Into<String>) -> Finding {
    Finding { part: part.into(), level: Level::Good, found: found.into(), remedy: None }
}

fn warning(part: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { part: part.into(), level: Level::Warning, found: found.into(), remedy: Some(remedy.into()) }
}

fn failure(part: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { part: part.into(), level: Level::Failure, found: found.into(), remedy: Some(remedy.into()) }
}
