//! `cargo xtask campaign`: attacks on the real binary, each ending with its ledger beside the carrier's own books.
//!
//! A campaign goes through towns: fresh lines, a carrier that loses requests and answers, and the binary as processes
//! of their own. Rounds of harm follow each other; then the faults stop, everything comes to rest, and the books are
//! compared reference by reference.

mod books;
mod caps;
mod carrier;
mod clock;
mod dice;
mod disk_full;
mod engine;
mod errors;
mod kill;
mod report;
mod restore;
mod slow;
mod told;
mod town;

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};

use crate::{build, parts::Part};
use books::Verdict;
use dice::Dice;
use report::Report;
use town::{Terms, Town};

/// Rounds in one town: its ledger stays short, so that a round costs the same at the end of a long campaign.
const ROUNDS: u64 = 250;

/// So many rounds in a row without work in flight, and the town is over: its limits are used up.
const IDLE_ROUNDS: u64 = 20;

const HELP: &str = "\
Every campaign goes through towns of 96 lines with a carrier that loses requests and answers, refuses, delivers less, and
delivers late what it called failed. A round counts where it hit a binary with work in flight. At the end of each town the
faults stop, `ringback recover` has to come to rest, and the ledger is compared with the carrier's own books:
  lost      a reference on which they differ, or that is unsettled at rest; `ledger --verify` has to agree
  doubled   credited twice: per reference, or per rung that was meant; two orders of one number unsettled at once
  over cap  an order that was committed although it passed a limit
What the carrier calls failed and delivers later (P7) counts as neither doubled nor over cap.

`restore` puts an old backup back, by `ringback restore` or as a plain copy of the file. Payments that the backup does not
know have to be found in the statement. Such a payment is a payment; it may stand in suspense at rest, or be settled by a
person's word; its amount counts for every limit, and it may pass one, since the money is gone. Besides the above:
  lost      one that was not found once the fence had opened, and a fence that was not there or did not open
  doubled   an order while neither statement nor inquiries were answered; an order for a number before its lost payment
            was found, or while that was in suspense
A refund that the backup does not know is not counted: no statement tells of it.

Exit code 0: nothing of that. Exit code 1: something, and the folder that is named holds the evidence.

Examples:
  cargo xtask campaign kill --times 10000
  cargo xtask campaign disk-full --times 50      mounts a small tmpfs: needs root
  cargo xtask campaign restore --times 50
  cargo xtask campaign fsync --times 100 --seed 7 --json";

/// What `campaign` is told.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The harm.
    name: Name,
    /// Rounds that have to hit.
    #[arg(long, default_value_t = 100)]
    times: u64,
    /// The seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Fail where it takes longer than so many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// The binary to attack; built from this tree when none is given.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Print one JSON object instead of text for people.
    #[arg(long)]
    json: bool,
    /// Leave each town's folder behind, whatever was found.
    #[arg(long)]
    keep: bool,
}

/// The campaigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// SIGKILL at random instants: start-up, commit, submission, inquiry, reconciliation.
    Kill,
    /// The disk of the database fills up and is emptied again (a small tmpfs; needs root).
    DiskFull,
    /// `fsync` fails now and then (Debian's fiu-utils).
    Fsync,
    /// Writing the database fails now and then (Debian's fiu-utils).
    Write,
    /// The wall clock jumps, both ways (Debian's faketime).
    Clock,
    /// Every answer of the provider comes after the binary has given it up; a second stands for a minute.
    Slow,
    /// An old backup is put back: it spends nothing until it is reconciled with the provider's statement.
    Restore,
}

/// One kind of harm.
trait Attack {
    /// How a town is set up for it.
    fn terms(&self, seed: u64) -> Terms {
        Terms::quick(seed)
    }

    /// Rounds in one town.
    fn rounds(&self) -> u64 {
        ROUNDS
    }

    /// Before the binary is set up in a new town.
    fn prepare(&mut self, _town: &Town) -> Result<()> {
        Ok(())
    }

    /// One round; where it hit, none where no work was in flight.
    fn round(&mut self, town: &mut Town, dice: &mut Dice) -> Result<Option<&'static str>>;

    /// The harm stops, so that the town can come to rest.
    fn relent(&mut self, _town: &Town) -> Result<()> {
        Ok(())
    }

    /// How many days the clock was ever shown in this town.
    fn days(&self, town: &Town) -> i64 {
        town.days()
    }

    /// Compares the books of the town at rest.
    fn compare(&mut self, town: &Town) -> Result<Verdict> {
        books::compare(town, self.days(town), &BTreeSet::new())
    }

    /// Before the town's folder goes.
    fn leave(&mut self, _town: &Town) -> Result<()> {
        Ok(())
    }
}

impl Arguments {
    /// What the test command runs: so many kills, in a bounded time.
    pub(crate) fn kills(times: u64, minutes: u64) -> Self {
        Self { name: Name::Kill, times, seed: 1, minutes: Some(minutes), binary: None, json: false, keep: false }
    }
}

/// Runs a campaign and says what it found.
pub(crate) fn campaign(arguments: &Arguments) -> ExitCode {
    match run(arguments) {
        Ok(report) if report.is_clean() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("campaign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report> {
    let mut attack = arguments.name.attack()?;
    let binary = arguments.binary.clone().map_or_else(|| build::optimised(&["--package", "ringback"]), Ok)?;
    let mut report = Report::begin(arguments);
    let mut dice = Dice::of(arguments.seed);
    while report.rounds() < arguments.times && report.is_clean() {
        let town = Town::start(&binary, attack.terms(dice.below(u64::MAX)))?;
        visit(town, attack.as_mut(), &mut dice, &mut report, arguments)?;
    }
    report.print();
    Ok(report)
}

/// Goes through one town from its first round to the comparison of its books.
fn visit(
    mut town: Town,
    attack: &mut dyn Attack,
    dice: &mut Dice,
    report: &mut Report,
    arguments: &Arguments,
) -> Result<()> {
    let went = attack_town(&mut town, attack, dice, report, arguments);
    let left = attack.leave(&town);
    if arguments.keep || went.is_err() || !report.is_clean() {
        report.keep(town.keep());
    }
    went.and(left).with_context(|| format!("evidence: {}", report.evidence()))
}

fn attack_town(
    town: &mut Town,
    attack: &mut dyn Attack,
    dice: &mut Dice,
    report: &mut Report,
    arguments: &Arguments,
) -> Result<()> {
    attack.prepare(town)?;
    town.move_in()?;
    let (mut left, mut idle) = (attack.rounds().min(arguments.times - report.rounds()), 0);
    while left > 0 && idle < IDLE_ROUNDS {
        let in_time = arguments.minutes.is_none_or(|minutes| report.elapsed().as_secs() < minutes * 60);
        ensure!(in_time, "it takes longer than --minutes allows: {} rounds so far", report.rounds());
        town.turn(dice)?;
        match attack.round(town, dice)? {
            Some(stage) => {
                report.hit(stage);
                (left, idle) = (left - 1, 0);
            }
            None => idle += 1,
        }
    }
    attack.relent(town)?;
    town.settle()?;
    report.add(attack.compare(town)?);
    Ok(())
}

impl Name {
    /// The harm, with what it needs.
    fn attack(self) -> Result<Box<dyn Attack>> {
        Ok(match self {
            Self::Kill => Box::new(kill::Kill::default()),
            Self::DiskFull => Box::new(disk_full::DiskFull::new()?),
            Self::Fsync => Box::new(errors::Errors::fsync()?),
            Self::Write => Box::new(errors::Errors::write()?),
            Self::Clock => Box::new(clock::Clock::new()?),
            Self::Slow => Box::new(slow::Slow),
            Self::Restore => Box::new(restore::Restore::default()),
        })
    }
}

/// Provides a Debian package's program, or says what is missing.
fn need(program: &'static str, package: &'static str) -> Result<()> {
    let part = Part { program, package };
    ensure!(part.is_provided(), "there is no {program}; apt-get install {package}");
    Ok(())
}
