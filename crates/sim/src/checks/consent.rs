//! Consent: what the line's person allowed, and the kill switch.

use ringback_core::LineId;

use super::Check;
use crate::history::{Fact, Happened, History};

pub(super) const CHECKS: [(&str, Check); 3] = [
    ("N1", n1_enrolled_at_commit),
    ("N2", n2_nothing_new_after_a_withdrawal),
    ("N3", n3_the_kill_switch_acts_within_a_second),
];

fn n1_enrolled_at_commit(history: &History) -> Option<String> {
    let mut last = None;
    history.facts.iter().find_map(|fact| match fact {
        Fact::Stepped(step) => {
            last = Some(step.before);
            None
        }
        Fact::Intent(intent) => {
            let wrong = last.is_none_or(|line| !line.enrolled || line.watched);
            wrong.then(|| format!("{intent:?} of {last:?}"))
        }
        _ => None,
    })
}

fn n2_nothing_new_after_a_withdrawal(history: &History) -> Option<String> {
    let mut withdrawn: Vec<LineId> = Vec::new();
    history.facts.iter().find_map(|fact| match fact {
        Fact::Stepped(step) if step.event == Happened::Withdrawn => {
            withdrawn.push(step.line);
            None
        }
        Fact::Stepped(step) if step.event == Happened::Enrolled => {
            withdrawn.retain(|line| *line != step.line);
            None
        }
        Fact::Intent(intent) if withdrawn.contains(&intent.line) => Some(format!("{intent:?}")),
        _ => None,
    })
}

fn n3_the_kill_switch_acts_within_a_second(history: &History) -> Option<String> {
    const WITHIN_MS: u64 = 1_000;
    let mut stopped: Option<u64> = None;
    history.facts.iter().find_map(|fact| match fact {
        Fact::Switched(stop, t_ms) => {
            stopped = stop.then_some(*t_ms);
            None
        }
        Fact::Intent(intent) if stopped.is_some() => Some(format!("{intent:?}")),
        Fact::Sent(sent) if !sent.outpaced && stopped.is_some_and(|at_ms| sent.t_ms > at_ms + WITHIN_MS) => {
            Some(format!("{sent:?}"))
        }
        _ => None,
    })
}
