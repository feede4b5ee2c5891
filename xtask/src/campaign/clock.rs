//! The wall clock jumps both ways, while the binary works and while it is off; waiting times count uptime, which does
//! not jump (C3, L6).

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};

use super::{
    Attack,
    dice::Dice,
    need,
    town::{Limits, Terms, Town},
};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;

/// How far ahead of the latest day a clock is believed at a start, in days.
const BELIEVED_DAYS: i64 = 31;

/// Lets the clock jump, again and again.
pub(crate) struct Clock {
    library: PathBuf,
    rounds: i64,
    /// The latest day that the binary may have seen and believed, and every day that was the latest one when it was shown.
    latest: i64,
    days: BTreeSet<i64>,
}

impl Clock {
    pub(crate) fn new() -> Result<Self> {
        need("faketime", "faketime")?;
        let libraries = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
        let mut libraries = libraries.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
        let library = libraries.find(|library| library.exists()).context("there is no libfaketimeMT.so.1")?;
        Ok(Self { library, rounds: 0, latest: 0, days: BTreeSet::new() })
    }

    /// Shows the clock so far from the true time.
    fn show(&mut self, town: &Town, offset_s: i64) -> Result<()> {
        let next = town.path("clock.next");
        fs::write(&next, format!("{offset_s:+}\n"))?;
        fs::rename(next, town.path("clock"))?;
        let day = day(offset_s)?;
        // A clock set back reopens no day, and one that is a month ahead is not believed (C3).
        if (self.latest..=self.latest + BELIEVED_DAYS).contains(&day) {
            self.latest = day;
            self.days.insert(day);
        }
        Ok(())
    }

    /// A jump away from a clock that is a day later after every ten rounds.
    fn offset_s(&self, dice: &mut Dice) -> i64 {
        let far =
            |dice: &mut Dice, most: u64| i64::try_from(dice.below(2 * most + 1)).unwrap_or(0) - most.cast_signed();
        let jump_s = match dice.below(12) {
            0..6 => far(dice, 30) * HOUR_S,
            6..10 => far(dice, 3) * DAY_S,
            10 => far(dice, 6) * DAY_S,
            _ => far(dice, 400) * DAY_S,
        };
        (self.rounds / 10) * DAY_S + jump_s
    }
}

/// Removes what libfaketime leaves behind in shared memory of a process that is killed.
fn forget(pid: u32) {
    for left in [format!("faketime_shm_{pid}"), format!("sem.faketime_sem_{pid}")] {
        // It is not there where the process was killed before the library had made it.
        fs::remove_file(Path::new("/dev/shm").join(left)).unwrap_or_default();
    }
}

/// The day so far from the true time.
fn day(offset_s: i64) -> Result<i64> {
    let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    Ok((now_s + offset_s).div_euclid(DAY_S))
}

impl Attack for Clock {
    /// The day's limit is what binds.
    fn terms(&self, seed: u64) -> Terms {
        Terms { limits: Limits { recovery: 90, line: 200, day: 400, book: 1_000_000 }, ..Terms::quick(seed) }
    }

    fn prepare(&mut self, town: &Town) -> Result<()> {
        (self.rounds, self.days) = (0, BTreeSet::new());
        self.right(town)
    }

    fn round(&mut self, town: &mut Town, dice: &mut Dice) -> Result<Option<&'static str>> {
        let mut command = town.command(&[], &["run"]);
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", town.path("clock"));
        command.env("FAKETIME_NO_CACHE", "1").env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let mut engine = town.run_as(command)?;
        for _ in 0..dice.between(1, 4) {
            engine.live(Duration::from_millis(dice.between(20, 250)))?;
            self.show(town, self.offset_s(dice))?;
        }
        engine.live(Duration::from_millis(dice.between(20, 350)))?;
        let pid = engine.pid();
        let life = engine.kill()?;
        forget(pid);
        self.rounds += 1;
        let stage = town.note(&life);
        if town.told.troubles.iter().any(|trouble| trouble.contains("clock")) {
            self.mend(town)?;
        }
        Ok(stage)
    }

    fn relent(&mut self, town: &Town) -> Result<()> {
        self.mend(town)
    }

    fn days(&self, _town: &Town) -> i64 {
        i64::try_from(self.days.len()).unwrap_or(i64::MAX)
    }
}

impl Clock {
    /// A person sets the clock right and says so; the binary takes that person's word for the day.
    fn mend(&mut self, town: &Town) -> Result<()> {
        self.right(town)?;
        town.ringback(&["resume"], &[0]).map(drop)
    }

    fn right(&mut self, town: &Town) -> Result<()> {
        self.latest = day(0)?;
        self.show(town, 0)
    }
}
