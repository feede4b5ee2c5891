//! An old backup is put back: what was paid since stands in no books but the carrier's. Nothing is spent before the
//! ledger is reconciled, and what it had lost keeps its line from new orders (S3, M4, P3).

use std::{collections::BTreeSet, fs, path::PathBuf, thread::sleep, time::Duration};

use anyhow::Result;
use serde_json::json;

use super::{
    Attack,
    books::{self, Books, Row, Verdict},
    dice::Dice,
    engine::{Engine, Life},
    town::Town,
};

/// A round takes seconds, since a fence takes its time; so a town is left while it still has money to spend.
const ROUNDS: u64 = 10;

/// Until what a dead process had sent has arrived.
const ARRIVAL: Duration = Duration::from_millis(200);

/// How long the fence may take to open once the statement answers.
const OPENING: Duration = Duration::from_mins(1);

/// The same where nothing was lost.
const UNNEEDED: Duration = Duration::from_secs(3);

/// What the binary says of a fence that stands, and of one that it opened.
const FENCED: &str = "this database was restored or copied";
const OPENED: &str = "the ledger is reconciled";

/// Puts backups back, again and again.
#[derive(Default)]
pub(crate) struct Restore {
    found: Verdict,
    /// References whose refund the restored ledgers had lost: no statement tells of it.
    refunds_lost: BTreeSet<String>,
}

/// What the ledger that was put back does not know.
struct Lost {
    rows: Vec<Row>,
    /// Its last transaction.
    after: i64,
}

impl Attack for Restore {
    fn rounds(&self) -> u64 {
        ROUNDS
    }

    fn prepare(&mut self, _town: &Town) -> Result<()> {
        *self = Self::default();
        Ok(())
    }

    fn round(&mut self, town: &mut Town, dice: &mut Dice) -> Result<Option<&'static str>> {
        pay_past_a_backup(town, dice)?;
        sleep(ARRIVAL);
        let how = put_back(town, dice)?;
        let lost = self.lost(town)?;
        self.starve(town, dice)?;
        self.reconcile(town, dice, &lost)?;
        if dice.one_in(2) {
            settle(town)?;
        }
        Ok((!lost.rows.is_empty()).then_some(how))
    }

    fn compare(&mut self, town: &Town) -> Result<Verdict> {
        let mut verdict = std::mem::take(&mut self.found);
        verdict.add(books::compare(town, self.days(town), &self.refunds_lost)?);
        Ok(verdict)
    }
}

fn backup(town: &Town) -> PathBuf {
    town.path("backup.db")
}

/// A backup at a random instant of a life; it goes on, and so does the next one, a month later.
fn pay_past_a_backup(town: &mut Town, dice: &mut Dice) -> Result<()> {
    let mut engine = town.run()?;
    engine.live_until_told()?;
    engine.live(Duration::from_millis(dice.below(400)))?;
    let file = backup(town).display().to_string();
    town.ringback(&["backup", &file, "--force"], &[0])?;
    live_and_end(engine, town, dice, 400)?;
    town.turn(dice)?;
    let mut engine = town.run()?;
    engine.live_until_told()?;
    live_and_end(engine, town, dice, 1_000).map(drop)
}

/// Lets an engine live on for a random time; it is killed, or stopped as a person does.
fn live_and_end(mut engine: Engine, town: &mut Town, dice: &mut Dice, most_ms: u64) -> Result<Life> {
    engine.live(Duration::from_millis(dice.below(most_ms)))?;
    let life = if dice.one_in(3) { engine.stop()? } else { engine.kill()? };
    town.note(&life);
    Ok(life)
}

/// By the command, or by hand, as a person copies a file into its place.
fn put_back(town: &Town, dice: &mut Dice) -> Result<&'static str> {
    let (backup, database) = (backup(town), town.database());
    if !dice.one_in(3) {
        town.ringback(&["restore", &backup.display().to_string()], &[0])?;
        return Ok("restored");
    }
    for journal in ["-wal", "-shm"] {
        // They are there only where the engine was killed.
        fs::remove_file(format!("{}{journal}", database.display())).unwrap_or_default();
    }
    fs::copy(backup, database)?;
    Ok("copied by hand")
}

impl Restore {
    fn lost(&mut self, town: &Town) -> Result<Lost> {
        let (ours, theirs) = (Books::of(town)?, Row::all(town)?);
        self.refunds_lost.extend(ours.refunds_unknown(&theirs));
        let after = ours.posted.last().map_or(0, |posted| posted.id);
        Ok(Lost { rows: ours.unknown(theirs), after })
    }

    /// Neither statement nor inquiry is answered, all else is, and no submission is hurt: whatever is ordered would
    /// stand in the carrier's books.
    fn starve(&mut self, town: &mut Town, dice: &mut Dice) -> Result<()> {
        town.carrier().put("faults", &json!({ "seed": 0, "kinds": [], "statement_lost": true }))?;
        let before = references(town)?;
        for _ in 0..dice.between(1, 3) {
            let mut engine = town.run()?;
            engine.live_until_told()?;
            live_and_end(engine, town, dice, 1_500)?;
        }
        sleep(ARRIVAL);
        let spent = references(town)?;
        let spent = spent.difference(&before).map(|reference| format!("{reference}: ordered behind the fence"));
        self.found.doubled.extend(spent);
        Ok(())
    }

    /// The statement answers again, with every fault that the town has; the fence opens, and what was lost is found.
    fn reconcile(&mut self, town: &mut Town, dice: &mut Dice, lost: &Lost) -> Result<()> {
        town.trouble()?;
        let mut engine = town.run()?;
        // A file that misses nothing may have been copied into its place, and then there is no fence.
        let at_most = if lost.rows.is_empty() { UNNEEDED } else { OPENING };
        let opened = engine.live_until_said(OPENED, at_most)?;
        let life = live_and_end(engine, town, dice, 500)?;
        let was_fenced = opened && life.printed.contains(FENCED);
        if !was_fenced && !lost.rows.is_empty() {
            self.found.lost.push(format!("{} payments are unknown, and no fence was opened", lost.rows.len()));
        }
        self.found.add(Books::of(town)?.adopted(&lost.rows, lost.after));
        Ok(())
    }
}

/// The reference of every submission that came to the carrier.
fn references(town: &Town) -> Result<BTreeSet<String>> {
    Ok(Row::all(town)?.into_iter().map(|row| row.reference).collect())
}

/// A person reads the carrier's books, says what became of everything in suspense, and lets the lines go on (P13).
fn settle(town: &Town) -> Result<()> {
    let (ours, theirs) = (Books::of(town)?, Row::all(town)?);
    let waiting: BTreeSet<&str> = ours.in_suspense().map(|topup| topup.order.reference.as_str()).collect();
    let mut numbers = BTreeSet::new();
    for row in theirs.iter().filter(|row| waiting.contains(row.reference.as_str())) {
        let (number, received) = (row.msisdn.to_string(), row.delivered.to_string());
        let reason = ["--reason", "the carrier's own books say so"];
        let word = ["settle", &number, "delivered", "--received", &received, "--of", &row.reference];
        town.ringback(&[&word[..], &reason].concat(), &[0])?;
        numbers.insert(number);
    }
    // What was ordered in vain counts for the hour as well (C5).
    let mut going_on = numbers.iter().filter(|number| !town.is_retired(number));
    going_on.try_for_each(|number| town.ringback(&["tell", number, "try-again"], &[0]).map(drop))
}
