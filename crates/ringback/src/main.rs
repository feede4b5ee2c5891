//! Ringback keeps the phone lines of the people in an address book in service.

mod cli;
mod commands;
mod config;
mod context;
#[cfg(test)]
mod fuzz;
mod run;
mod show;
mod steps;
mod survey;
mod wiring;

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;
use clap::{CommandFactory as _, Parser as _};
use cli::{Cli, Command};
use context::Context;
use ringback_core::recovery::Event;
use tracing_subscriber::EnvFilter;

/// Lines and their steps are many small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a command ended, as its exit code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finished {
    Done,
    /// Something waits for a person.
    Waiting,
    /// The ledger's check found a difference.
    LedgerDiffers,
    /// The simulation found an invariant that does not hold.
    Violated,
    /// A part does not work.
    Unwell,
}

/// A reader that went away, as `| head` does, ends the process without a word, as it ends any other program; an output
/// that cannot be written for another reason ends it with one. A crash is what everything here survives.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let words = panic.payload_as_str().unwrap_or_default();
        if let Some(failure) = words.strip_prefix("failed printing to ") {
            if !words.contains("Broken pipe") {
                // Where nothing can be written, this may be lost as well.
                drop(writeln!(std::io::stderr(), "ringback: the output cannot be written: {failure}"));
            }
            std::process::exit(1);
        }
        usual(panic);
    }));
}

#[tokio::main]
async fn main() -> ExitCode {
    end_with_the_reader();
    let filter = EnvFilter::try_from_env("RINGBACK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match command(Cli::parse()).await {
        Ok(Finished::Done) => ExitCode::SUCCESS,
        Ok(Finished::Waiting) => ExitCode::from(3),
        Ok(Finished::LedgerDiffers) => ExitCode::from(4),
        Ok(Finished::Violated) => ExitCode::from(5),
        Ok(Finished::Unwell) => ExitCode::from(6),
        Err(error) => {
            eprintln!("ringback: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn command(cli: Cli) -> Result<Finished> {
    use commands::{
        backup, bench, carrier, claims, demo, doctor, enrol, export, import, init, ledger, lines, recover, requests,
        simulate, story,
    };
    let context = || Context::read(&cli);
    match &cli.command {
        Command::Recover(args) => return recover::recover(&context()?, args).await,
        Command::Enrol(args) => return enrol::enrol(&context()?, args).await,
        Command::Ledger(args) => return ledger::ledger(&context()?, args).await,
        Command::Demo(args) => return demo::demo(&cli, args).await,
        Command::Doctor(args) => return doctor::doctor(&cli, args).await,
        Command::Simulate(args) => return simulate::simulate(&cli, args),
        Command::Init(args) => init::init(&cli, args).await?,
        Command::Import(args) => import::import(&context()?, args).await?,
        Command::Lines(args) => lines::lines(&context()?, args).await?,
        Command::Withdraw(args) => enrol::withdraw(&context()?, args).await?,
        Command::Check(args) => recover::check(&context()?, args).await?,
        Command::Run => recover::run(&context()?).await?,
        Command::Approve(args) => requests::answer(&context()?, &args.number, Event::Approved).await?,
        Command::Decline(args) => requests::answer(&context()?, &args.number, Event::Declined).await?,
        Command::Amount(args) => requests::amount(&context()?, args).await?,
        Command::Tell(args) => requests::word(&context()?, args).await?,
        Command::Settle(args) => requests::settle(&context()?, args).await?,
        Command::Pause => requests::pause(&cli).await?,
        Command::Resume => requests::resume(&context()?).await?,
        Command::Claims(args) => claims::claims(&context()?, args).await?,
        Command::Backup(args) => backup::backup(&context()?, args).await?,
        Command::Restore(args) => backup::restore(&context()?, args).await?,
        Command::Show(args) => story::story(&context()?, args).await?,
        Command::Export(args) => export::export(&context()?, args).await?,
        Command::Carrier(args) => carrier::carrier(&cli, args).await?,
        Command::Bench(args) => bench::bench(&cli, args).await?,
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "ringback", &mut std::io::stdout());
        }
    }
    Ok(Finished::Done)
}
