//! `fsync` or `pwrite` fails now and then, by libfiu between the binary and the C library (S2). SQLite writes with
//! `pwrite64` and nothing else of the binary does, so that sockets and the terminal stay as they are.

use std::time::Duration;

use anyhow::Result;

use super::{Attack, dice::Dice, need, town::Town};

/// How likely one call fails: now and then, often, always.
const PROBABILITIES: [&str; 4] = ["0.05", "0.2", "0.5", "1"];

/// Errors of one system call.
pub(crate) struct Errors {
    /// libfiu's name of the call.
    point: &'static str,
}

impl Errors {
    pub(crate) fn fsync() -> Result<Self> {
        Self::of("posix/io/sync/fsync")
    }

    pub(crate) fn write() -> Result<Self> {
        Self::of("posix/io/rw/pwrite")
    }

    fn of(point: &'static str) -> Result<Self> {
        need("fiu-run", "fiu-utils")?;
        Ok(Self { point })
    }
}

impl Attack for Errors {
    fn round(&mut self, town: &mut Town, dice: &mut Dice) -> Result<Option<&'static str>> {
        let enable = format!("enable_random name={},probability={}", self.point, dice.pick(&PROBABILITIES));
        // Its pipes for remote control go with the folder.
        let control = town.path("fiu").display().to_string();
        let fiu = ["fiu-run", "-x", "-f", &control, "-c", &enable];
        let mut engine = town.run_as(town.command(&fiu, &["run"]))?;
        engine.live_until_told()?;
        engine.live(Duration::from_millis(dice.between(50, 500)))?;
        let life = engine.kill()?;
        let stage = town.note(&life);
        // Only what was seen to fail counts.
        Ok(if life.ended.is_some() { Some("start-up") } else { stage.filter(|_| !town.told.troubles.is_empty()) })
    }
}
