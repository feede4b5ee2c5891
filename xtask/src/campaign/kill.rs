//! SIGKILL at random instants. Nothing may be lost with the process, and nothing done again by the next one (P1, P4).

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{Attack, dice::Dice, engine::Engine, town::Town};

/// Kills the binary, again and again.
#[derive(Default)]
pub(crate) struct Kill {
    /// How long the last life took from its start to its first step.
    start_up: Duration,
}

impl Attack for Kill {
    fn round(&mut self, town: &mut Town, dice: &mut Dice) -> Result<Option<&'static str>> {
        let mut engine = town.run()?;
        let instant = self.instant(&mut engine, dice)?;
        engine.live(instant)?;
        let life = engine.kill()?;
        ensure!(life.ended.is_none(), "`ringback run` ended by itself: {:?}", life.ended);
        Ok(town.note(&life))
    }
}

impl Kill {
    /// One in five is killed while it starts, however long that takes on this machine; most live until orders are out,
    /// some until recoveries end.
    fn instant(&mut self, engine: &mut Engine, dice: &mut Dice) -> Result<Duration> {
        let start_up_us = u64::try_from(self.start_up.as_micros())?;
        if start_up_us > 0 && dice.one_in(5) {
            return Ok(Duration::from_micros(dice.below(start_up_us)));
        }
        self.start_up = engine.live_until_told()?;
        let (least_ms, bound_ms) = *dice.pick(&[(0, 20), (20, 150), (20, 150), (150, 400)]);
        Ok(Duration::from_micros(dice.between(least_ms * 1_000, bound_ms * 1_000)))
    }
}
