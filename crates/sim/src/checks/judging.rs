//! Judging: what a payment cites, and when a line counts as suspended by its owner.

use ringback_core::{Judgement, LineId, Now, line::Aim, recovery::TopUpState};

use super::Check;
use crate::history::{Fact, Happened, History, Intent, Queried, Stage, Stepped};

pub(super) const CHECKS: [(&str, Check); 5] = [
    ("K1", k1_a_payment_cites_a_fresh_read),
    ("K2", k2_unknown_is_not_restricted),
    ("K3", k3_another_cause_never_pays),
    ("K4", k4_a_doubt_freezes_payments_and_refunds),
    ("K5", k5_suspended_only_after_the_whole_ladder),
];

/// Every order with the facts before it.
fn intents(history: &History) -> impl Iterator<Item = (&[Fact], &Intent)> {
    history.facts.iter().enumerate().filter_map(|(place, fact)| match fact {
        Fact::Intent(intent) => Some((&history.facts[..place], intent)),
        _ => None,
    })
}

/// The query that an order cites.
pub(super) fn cited(before: &[Fact], line: LineId, issued: Now) -> Option<&Queried> {
    before.iter().rev().find_map(|fact| match fact {
        Fact::Queried(queried) if queried.line == line && queried.issued == issued => Some(queried),
        _ => None,
    })
}

fn k1_a_payment_cites_a_fresh_read(history: &History) -> Option<String> {
    let stale = intents(history).find_map(|(before, intent)| {
        let Some(query) = cited(before, intent.line, intent.cited) else {
            return Some(format!("it cites no query: {intent:?}"));
        };
        let wrong = query.outcomes != intent.outcomes || !is_fresh(intent, intent.now);
        wrong.then(|| format!("{intent:?} cites {query:?}"))
    });
    let sent_late = history.facts.iter().find_map(|fact| match fact {
        Fact::Sent(sent) => {
            let intent = history.intents().find(|intent| intent.key == sent.key)?;
            (!is_fresh(intent, sent.now)).then(|| format!("{sent:?} of {intent:?}"))
        }
        _ => None,
    });
    stale.or(sent_late)
}

fn is_fresh(intent: &Intent, now: Now) -> bool {
    now.uptime_since(intent.cited).is_some_and(|age_ms| age_ms <= intent.fresh_ms)
}

/// What the network had answered to the query that an order cites.
fn answer(before: &[Fact], intent: &Intent) -> Option<Judgement> {
    before.iter().rev().find_map(|fact| match fact {
        Fact::Status(line, issued, judged) if *line == intent.line && *issued == intent.cited => Some(*judged),
        _ => None,
    })
}

fn k2_unknown_is_not_restricted(history: &History) -> Option<String> {
    intents(history).find_map(|(before, intent)| {
        let expected = if matches!(intent.aim, Aim::Set(_)) { Judgement::InService } else { Judgement::Restricted };
        let said = answer(before, intent);
        let barred = matches!(said, Some(Judgement::BarredOtherwise(_)));
        (said != Some(expected) && !barred).then(|| format!("the network said {said:?}: {intent:?}"))
    })
}

fn k3_another_cause_never_pays(history: &History) -> Option<String> {
    intents(history).find_map(|(before, intent)| {
        let said = answer(before, intent);
        matches!(said, Some(Judgement::BarredOtherwise(_))).then(|| format!("the network said {said:?}: {intent:?}"))
    })
}

/// A sighting without a subscriber, or of another SIM, is a doubt until a person confirms the number.
fn k4_a_doubt_freezes_payments_and_refunds(history: &History) -> Option<String> {
    let mut doubted: Vec<LineId> = Vec::new();
    for fact in &history.facts {
        match fact {
            Fact::Status(line, _, Judgement::NotInService) | Fact::Foreign(line) => doubted.push(*line),
            Fact::Stepped(step) if step.event == Happened::Confirmed => doubted.retain(|line| *line != step.line),
            Fact::Stepped(step) if step.after.doubt => doubted.push(step.line),
            Fact::Intent(intent) if doubted.contains(&intent.line) => return Some(format!("{intent:?}")),
            Fact::Claimed(claimed) if claimed.doubt || doubted.contains(&claimed.line) => {
                return Some(format!("{claimed:?}"));
            }
            Fact::DeskAsked(asked) if asked.frozen && !asked.outpaced => return Some(format!("{asked:?}")),
            _ => {}
        }
    }
    None
}

fn k5_suspended_only_after_the_whole_ladder(history: &History) -> Option<String> {
    history.facts.iter().enumerate().find_map(|(place, fact)| {
        let Fact::Stepped(step) = fact else { return None };
        let judged = step.event == Happened::Answered(Judgement::Restricted) && !step.before.told_suspended;
        let suspended = step.after.stage == Stage::Suspended && step.before.stage != Stage::Suspended;
        if suspended && !judged && step.event != Happened::ToldSuspended && !step.before.told_suspended {
            return Some(format!("not by a read: {step:?}"));
        }
        (suspended && judged).then(|| not_proved(history, &history.facts[..place], step))?
    })
}

/// Why a ladder's end proves no suspension.
fn not_proved(history: &History, before: &[Fact], step: &Stepped) -> Option<String> {
    let plans = before.iter().rev().find_map(|fact| match fact {
        Fact::Stepped(other) if other.line == step.line => match other.event {
            Happened::Offered(place) => history.plans.get(place),
            _ => None,
        },
        _ => None,
    })?;
    let delivered = delivered(before, step);
    let mut tried: Vec<i64> = plans.iter().map(|plan| plan.minor()).collect();
    tried.sort_unstable();
    tried.dedup();
    let needed = if step.stepwise { tried.iter().sum() } else { tried.last().copied().unwrap_or(0) };
    let short = delivered < needed || step.before.cut || plans.is_empty();
    short.then(|| format!("{delivered} of {needed} was delivered: {step:?}"))
}

/// What the line's recovery received by probe and rungs, as far as it is known.
fn delivered(before: &[Fact], step: &Stepped) -> i64 {
    let of = before.iter().filter_map(|fact| match fact {
        Fact::Intent(i)
            if i.line == step.line && i.recovery == step.before.recovery && !matches!(i.aim, Aim::Set(_)) =>
        {
            Some(i.key)
        }
        _ => None,
    });
    let last = |key| {
        before.iter().rev().find_map(|fact| match fact {
            Fact::Settled(settled) if settled.key == key => Some(settled.after),
            _ => None,
        })
    };
    of.filter_map(last).filter_map(TopUpState::delivered).map(|receipt| receipt.delivered.minor()).sum()
}
