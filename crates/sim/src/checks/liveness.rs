//! Liveness: once faults stop, everything ends.

use ringback_core::line::Aim;

use super::{Check, judging::cited};
use crate::history::{Fact, History, Intent, Stage};

pub(super) const CHECKS: [(&str, Check); 6] = [
    ("L1", l1_everything_ends),
    ("L2", l2_parked_is_told),
    ("L3", l3_asks_on),
    ("L4", l4_nobody_oversleeps),
    ("L5", l5_nobody_starves),
    ("L6", l6_no_wait_is_shortened),
];

/// Once faults stop, every recovery ends in bounded time.
fn l1_everything_ends(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Restless(left) => Some(left.clone()),
        Fact::OpenClaim(_) => Some("a claim is open and nobody asks its desk".into()),
        Fact::Rested(rested) if matches!(rested.stage, Stage::Open(_)) => Some(format!("{rested:?}")),
        Fact::Rested(rested) if rested.to_settle > 0 => Some(format!("nobody settled it: {rested:?}")),
        _ => None,
    })
}

/// Parked carries its reason and a notification.
fn l2_parked_is_told(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Stepped(step) if is_parked(step.after.stage) && !is_parked(step.before.stage) && !step.notices.parked => {
            Some(format!("{step:?}"))
        }
        _ => None,
    })
}

fn is_parked(stage: Stage) -> bool {
    matches!(stage, Stage::Parked | Stage::LeftAlone)
}

/// Unknowns are inquired about at a bounded rate: of two inquiries about one order the second is not at once.
fn l3_asks_on(history: &History) -> Option<String> {
    const LEAST_MS: u64 = 1_000;
    let mut last: Vec<(u128, u64)> = Vec::new();
    for fact in &history.facts {
        let Fact::Inquired(key, t_ms, false) = fact else { continue };
        match last.iter_mut().find(|(other, _)| other == key) {
            Some((_, before)) if *t_ms < *before + LEAST_MS => {
                return Some(format!("two inquiries within {LEAST_MS} ms"));
            }
            Some((_, before)) => *before = *t_ms,
            None => last.push((*key, *t_ms)),
        }
    }
    None
}

/// Every timer comes from durable state: a line that is due has somebody who wakes for it.
fn l4_nobody_oversleeps(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Asleep(line) => Some(format!("{line:?} is due and nobody wakes")),
        _ => None,
    })
}

/// No line that is to be queried starves.
fn l5_nobody_starves(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Starved(line) => Some(format!("{line:?} was never queried")),
        _ => None,
    })
}

/// A probe or rung is paid only on a read that was issued, by true time, when the delivery before had its whole time to settle.
fn l6_no_wait_is_shortened(history: &History) -> Option<String> {
    let (mut made, mut last_ms): (Vec<&Intent>, u64) = (Vec::new(), 0);
    let mut delivered: Vec<(&Intent, u64)> = Vec::new();
    for (place, fact) in history.facts.iter().enumerate() {
        match fact {
            Fact::Stepped(step) => last_ms = step.t_ms,
            Fact::Settled(settled) if settled.is_delivery() => {
                delivered.extend(made.iter().find(|intent| intent.key == settled.key).map(|intent| (*intent, last_ms)));
            }
            Fact::Intent(intent) => {
                let same = |(of, _): &&(&Intent, u64)| of.is_beside(intent);
                let at_ms = delivered.iter().rev().find(same).map(|(_, at_ms)| *at_ms);
                let read = cited(&history.facts[..place], intent.line, intent.cited);
                let waits = !matches!(intent.aim, Aim::Set(_));
                if let Some((at_ms, read)) = at_ms.zip(read).filter(|_| waits)
                    && read.t_ms < at_ms + intent.settling_ms
                {
                    return Some(format!("{intent:?} cites {read:?}, delivered at {at_ms}"));
                }
                made.push(intent);
            }
            _ => {}
        }
    }
    None
}
