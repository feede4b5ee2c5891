//! Every answer of the provider comes long after the binary has given it up, or says failed and delivers later (P4, P7).
//!
//! A second stands for a minute: the binary waits 1 s for an answer that takes 4 s, and what was called failed is
//! delivered after 6 s.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::{
    Attack,
    dice::Dice,
    town::{Terms, Town},
};

/// Lets the provider be slow.
pub(crate) struct Slow;

impl Attack for Slow {
    fn terms(&self, seed: u64) -> Terms {
        let quick = Terms::quick(seed);
        let mut profile = quick.profile.clone();
        (profile["delay_ms"], profile["late_ms"]) = (json!(4_000), json!(6_000));
        let kinds = ["delayed", "late_success"];
        let faults = json!({ "seed": seed, "kinds": kinds, "topups_per_mille": 1_000, "questions_per_mille": 50 });
        Terms { profile, faults, deadline_ms: 1_000, ..quick }
    }

    fn round(&mut self, town: &mut Town, dice: &mut Dice) -> Result<Option<&'static str>> {
        let mut engine = town.run()?;
        engine.live(Duration::from_millis(dice.between(1_000, 8_000)))?;
        let life = engine.kill()?;
        Ok(town.note(&life))
    }
}
