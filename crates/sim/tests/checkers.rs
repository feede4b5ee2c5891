//! Each checker can fail: a history that it accepts is doctored in one place, and it must say so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use ringback_core::{
    Amount, Judgement,
    admit::{Cap, Caps, Period, Scope},
    ledger::Kind as Posts,
    line::Aim,
    recovery::TopUpState,
};
use ringback_sim::{
    Kind, checks,
    history::{Fact, Happened, History, Intent, Said, Stage, Via},
    one,
};

/// Changes one thing in a history, where it has that thing.
type Doctor = fn(&mut History) -> Option<()>;

/// Seeds among which every checker's matter is found.
const SEEDS: u64 = 20_000;

const DOCTORS: [(&str, Doctor); 56] = [
    ("M1", |h| posted(h, |_| true).map(|leg| leg.amount = plus(leg.amount, 1))),
    ("M2", |h| first(h, |fact| matches!(fact, Fact::Balance(..))).map(|fact| *fact = Fact::Balance(1, 2))),
    ("M3", |h| again(h, |fact| matches!(fact, Fact::Posted(posted) if posted.kind == Posts::Hold))),
    ("M4", |h| {
        first(h, |fact| matches!(fact, Fact::Booked(b) if b.receipt.is_some_and(|(_, back)| !back))).map(unbook)
    }),
    ("M4", |h| without(h, |fact| matches!(fact, Fact::Kept(_, TopUpState::Delivered(_))))),
    ("M5", |h| {
        let key = h.facts.iter().find_map(|fact| match fact {
            Fact::Posted(posted) if posted.kind == Posts::Refund => Some(posted.key),
            _ => None,
        })?;
        first(h, |fact| matches!(fact, Fact::DeskPaid(of, _) if *of == key)).map(|fact| *fact = Fact::DeskPaid(key, 1))
    }),
    ("P1", |h| {
        let sent = h.facts.iter().position(|fact| matches!(fact, Fact::Sent(_)))?;
        let Fact::Sent(of) = h.facts[sent] else { return None };
        let intent = h.facts.iter().position(|fact| matches!(fact, Fact::Intent(intent) if intent.key == of.key))?;
        h.facts.swap(intent, sent);
        Some(())
    }),
    ("P2", |h| again(h, |fact| matches!(fact, Fact::Intent(_)))),
    ("P2", |h| sent(h).map(|sent| sent.asked = plus(sent.asked, 100))),
    ("P3", |h| {
        let place = h.facts.iter().position(|fact| matches!(fact, Fact::Intent(_)))?;
        let Fact::Intent(intent) = h.facts[place] else { return None };
        h.facts.insert(place + 1, Fact::Intent(Intent { key: intent.key + 1, ..intent }));
        Some(())
    }),
    ("P4", |h| again(h, |fact| matches!(fact, Fact::Sent(_)))),
    ("P5", |h| {
        let (key, told) = h.facts.iter().find_map(|fact| match fact {
            Fact::Settled(s) if s.before == TopUpState::Held && s.after == TopUpState::Failed(false) => {
                Some((s.key, s.said))
            }
            _ => None,
        })?;
        let before = h.facts.len();
        // One of the answers that it took is gone.
        h.facts.retain(|fact| !matches!(fact, Fact::Settled(s) if s.key == key && s.after == TopUpState::Held
            && (s.said == Said::Refused || s.said == Said::Reversed || (told == Said::NotFound && s.said == Said::NotFound))));
        (h.facts.len() < before).then_some(())
    }),
    ("P6", |h| {
        let settled = settled(h, |s| s.via == Via::Submission && s.said == Said::Refused && !s.differs)?;
        settled.after = TopUpState::Failed(false);
        Some(())
    }),
    ("P7", |h| settled(h, is_late).map(|settled| settled.notices.late = false)),
    ("P7", |h| settled(h, is_late).map(|settled| settled.kinds = 0)),
    ("P8", |h| step(h, |_| true).map(|step| step.after.version += 1)),
    ("P9", |h| {
        let (sent, key) = h.facts.iter().enumerate().find_map(|(place, fact)| match fact {
            Fact::Sent(sent) if !sent.outpaced => Some((place, sent.key)),
            _ => None,
        })?;
        let line = h.facts.iter().find_map(|fact| match fact {
            Fact::Intent(intent) if intent.key == key => Some(intent.line),
            _ => None,
        })?;
        let last = h.facts[..sent].iter_mut().rev().find_map(|fact| match fact {
            Fact::Stepped(step) if step.line == line => Some(step),
            _ => None,
        })?;
        last.after.enrolled = false;
        Some(())
    }),
    ("P10", |h| {
        let place = h.caps.len();
        h.caps.push(Caps::default());
        let pinned = |s: &ringback_sim::history::Stepped| {
            s.before.recovery == s.after.recovery && s.before.pinned.is_some() && s.after.pinned.is_some()
        };
        step(h, pinned).map(|step| step.after.pinned = Some(place))
    }),
    ("P10", |h| {
        let line = step(h, |s| s.after.rung.is_some())?.line;
        let place = h.facts.iter().find_map(|fact| match fact {
            Fact::Stepped(s) if s.line == line => match s.event {
                Happened::Offered(place) => Some(place),
                _ => None,
            },
            _ => None,
        })?;
        h.plans[place].clear();
        Some(())
    }),
    ("P11", |h| {
        settled(h, |s| s.differs && s.before == TopUpState::Held && s.via != Via::Person)
            .map(|settled| settled.stopped = false)
    }),
    ("P12", |h| {
        settled(h, |s| matches!(s.after, TopUpState::Reversed(_))).map(|settled| settled.notices.reversed = false)
    }),
    ("P12", |h| {
        let late = step(h, |s| s.event == Happened::Late && matches!(s.before.stage, Stage::Idle | Stage::Parked))?;
        late.after.stage = Stage::Open(ringback_sim::history::Phase::Ready);
        Some(())
    }),
    ("P13", |h| {
        let settled = settled(h, |s| s.via == Via::Person && s.before != s.after)?;
        settled.after = TopUpState::Failed(false);
        Some(())
    }),
    ("C1", |h| limit(h, Scope::Book, Period::Lifetime)),
    ("C2", |h| {
        let (first, second) = two_intents(h)?;
        let Fact::Intent(intent) = h.facts[first] else { return None };
        let Fact::Intent(next) = h.facts[second] else { return None };
        let receipt = ringback_core::Receipt { debited: intent.reserved, delivered: intent.asked };
        let place =
            h.facts[..second].iter().rposition(|fact| matches!(fact, Fact::Settled(s) if s.key == intent.key))?;
        let Fact::Settled(settled) = &mut h.facts[place] else { return None };
        settled.after = TopUpState::Reversed(receipt);
        let most = intent.reserved.minor().max(next.reserved.minor());
        h.facts.truncate(second + 1);
        only(h, Scope::Book, Period::Lifetime, Amount::from_minor(most, next.asked.currency()));
        Some(())
    }),
    ("C3", |h| limit(h, Scope::Book, Period::Day)),
    ("C3", |h| {
        let intent = h.facts.iter().position(|fact| matches!(fact, Fact::Intent(_)))?;
        let batch = h.facts[..intent].iter().rposition(|fact| matches!(fact, Fact::Batch(..)))?;
        let Fact::Batch(day, _) = h.facts[batch] else { return None };
        h.facts[batch] = Fact::Batch(day, true);
        Some(())
    }),
    ("C4", |h| {
        let intent = h.facts.iter().position(|fact| matches!(fact, Fact::Intent(_)))?;
        let step = h.facts[..intent].iter().rposition(|fact| matches!(fact, Fact::Stepped(_)))?;
        let Fact::Stepped(step) = &mut h.facts[step] else { return None };
        let mut low = h.caps[step.after.pinned?].clone();
        low.0.iter_mut().for_each(|cap| cap.limit = Amount::from_minor(1, cap.limit.currency()));
        step.after.pinned = Some(h.caps.len());
        h.caps.push(low);
        Some(())
    }),
    ("C5", |h| intent(h).map(|intent| intent.max_orders = 0)),
    ("C6", |h| step(h, |s| s.after.recovery > s.before.recovery).map(|step| step.before.stage = Stage::Parked)),
    ("C6", |h| step(h, |s| s.after.recovery > s.before.recovery).map(|step| step.max_recoveries = 0)),
    ("C6", |h| {
        let step = step(h, |s| s.before.stage == Stage::Parked && s.after.stage == Stage::Idle)?;
        step.event = Happened::Signalled;
        Some(())
    }),
    ("C7", |h| {
        h.facts.iter().find(|fact| matches!(fact, Fact::Intent(_)))?;
        h.caps.iter_mut().for_each(|caps| caps.0.clear());
        Some(())
    }),
    ("K1", |h| intent(h).map(|intent| intent.cited.uptime_ms += 1)),
    ("K1", |h| intent(h).map(|intent| intent.fresh_ms = 0)),
    ("K1", |h| {
        let cited = intent(h).map(|intent| (intent.line, intent.cited))?;
        let query = first(h, |fact| matches!(fact, Fact::Queried(q) if (q.line, q.issued) == cited))?;
        let Fact::Queried(query) = query else { return None };
        query.outcomes += 1;
        Some(())
    }),
    ("K2", |h| answered(h, Judgement::Unknown)),
    ("K3", |h| answered(h, Judgement::BarredOtherwise(ringback_core::Bar::Fraud))),
    ("K4", |h| {
        let place = h.facts.iter().position(|fact| matches!(fact, Fact::Intent(_)))?;
        let Fact::Intent(intent) = h.facts[place] else { return None };
        h.facts.insert(place, Fact::Status(intent.line, intent.cited, Judgement::NotInService));
        Some(())
    }),
    ("K4", |h| first(h, |fact| matches!(fact, Fact::DeskAsked(_))).map(|fact| desk(fact, |asked| asked.frozen = true))),
    ("K5", |h| proved(h).map(|step| step.before.cut = true)),
    ("K5", |h| {
        proved(h)?;
        h.plans.iter_mut().for_each(|plans| plans.iter_mut().for_each(|plan| *plan = plus(*plan, 100_000)));
        Some(())
    }),
    ("N1", |h| {
        let intent = h.facts.iter().position(|fact| matches!(fact, Fact::Intent(_)))?;
        let step = h.facts[..intent].iter().rposition(|fact| matches!(fact, Fact::Stepped(_)))?;
        let Fact::Stepped(step) = &mut h.facts[step] else { return None };
        step.before.enrolled = false;
        Some(())
    }),
    ("N2", |h| {
        let line = intent(h)?.line;
        let enrolled = step(h, |s| s.line == line && s.event == Happened::Enrolled)?;
        enrolled.event = Happened::Withdrawn;
        Some(())
    }),
    ("N3", |h| before_an_intent(h, Fact::Switched(true, 0))),
    ("N3", |h| {
        let place =
            h.facts.iter().position(|fact| matches!(fact, Fact::Sent(sent) if !sent.outpaced && sent.t_ms > 5_000))?;
        h.facts.insert(place, Fact::Switched(true, 0));
        Some(())
    }),
    ("R1", |h| again(h, |fact| matches!(fact, Fact::Claimed(_)))),
    ("R1", |h| without(h, |fact| matches!(fact, Fact::Claimed(_)))),
    ("R2", |h| claimed(h).map(|claimed| claimed.amount = plus(claimed.amount, 1))),
    ("R3", |h| {
        let key = claimed(h)?.key;
        without(h, |fact| matches!(fact, Fact::Settled(settled) if settled.key == key))
    }),
    ("R4", |h| claimed(h).map(|claimed| claimed.suspended = false)),
    ("R5", |h| first(h, |fact| matches!(fact, Fact::DeskAsked(_))).map(|fact| desk(fact, |asked| asked.open = false))),
    ("R6", |h| {
        let place = h.facts.iter().position(|fact| matches!(fact, Fact::DeskAsked(asked) if !asked.outpaced))?;
        let line = claimed(h)?.line;
        let like = h.facts.iter().find_map(|fact| match fact {
            Fact::Stepped(step) if step.line == line => Some(*step),
            _ => None,
        })?;
        let event = Happened::Answered(Judgement::InService);
        h.facts.insert(place, Fact::Stepped(ringback_sim::history::Stepped { event, ..like }));
        Some(())
    }),
    ("L1", |h| added(h, Fact::Restless("doctored".into()))),
    ("L4", |h| added(h, Fact::Asleep(ringback_core::LineId(1)))),
    ("L5", |h| added(h, Fact::Starved(ringback_core::LineId(1)))),
];

/// More of them, so that no table is too long to read.
const MORE_DOCTORS: [(&str, Doctor); 11] = [
    ("S105", |h| {
        let paid = h.facts.iter().position(|fact| matches!(fact, Fact::Intent(i) if matches!(i.aim, Aim::Set(_))))?;
        let Fact::Intent(intent) = &mut h.facts[paid] else { return None };
        intent.asked = plus(intent.asked, 100_000);
        Some(())
    }),
    ("L2", |h| step(h, |s| s.notices.parked).map(|step| step.notices.parked = false)),
    ("L3", |h| {
        let place = h.facts.iter().position(|fact| matches!(fact, Fact::Inquired(_, _, false)))?;
        let again = h.facts[place].clone();
        h.facts.insert(place, again);
        Some(())
    }),
    ("L6", |h| {
        let cited = first(h, |fact| matches!(fact, Fact::Intent(i) if matches!(i.aim, Aim::Rung { .. })))?;
        let Fact::Intent(intent) = cited else { return None };
        let of = (intent.line, intent.cited);
        let Fact::Queried(query) = first(h, |fact| matches!(fact, Fact::Queried(q) if (q.line, q.issued) == of))?
        else {
            return None;
        };
        query.t_ms = 0;
        Some(())
    }),
    ("S1", |h| step(h, |s| s.event == Happened::Signalled).map(|step| step.posted = 1)),
    ("S2", |h| intent(h).map(|intent| intent.clock_fault = true)),
    ("S2", |h| sent(h).map(|sent| sent.failing = true)),
    ("S3", |h| added(h, Fact::Unreconciled(1))),
    ("S6", |h| added(h, Fact::Exposed("doctored".into()))),
    ("R2", |h| {
        let key = intent(h)?.key;
        let leg = posted(h, |posted| posted.key == key && posted.kind == Posts::Deliver)?;
        leg.amount = plus(leg.amount, 0);
        first(h, |fact| matches!(fact, Fact::Posted(p) if p.key == key && p.kind == Posts::Deliver)).map(|fact| {
            let Fact::Posted(posted) = fact else { return };
            posted.legs.iter_mut().for_each(|leg| leg.amount = leg.amount.negated());
        })
    }),
    ("P9", |h| {
        let place = h.facts.iter().position(|fact| matches!(fact, Fact::Sent(sent) if !sent.outpaced))?;
        let Fact::Stepped(step) = h.facts[..place].iter_mut().rev().find(|fact| matches!(fact, Fact::Stepped(_)))?
        else {
            return None;
        };
        step.after.doubt = true;
        Some(())
    }),
];

#[test]
fn every_checker_can_fail() {
    let mut left: Vec<(&str, Doctor)> = DOCTORS.into_iter().chain(MORE_DOCTORS).collect();
    for seed in 0..SEEDS {
        if left.is_empty() {
            break;
        }
        let healthy = one(seed, Kind::Memory, None, false).history;
        left.retain(|(invariant, doctor)| {
            let mut doctored = healthy.clone();
            let found = |history: &History| checks::violations(history).iter().any(|v| v.invariant == *invariant);
            doctor(&mut doctored).is_none() || found(&healthy) || !found(&doctored)
        });
    }
    let names: Vec<&str> = left.iter().map(|(invariant, _)| *invariant).collect();
    assert!(names.is_empty(), "nothing was found against a doctored history: {names:?}");
}

#[test]
fn every_checker_has_a_history_to_fail_on() {
    let checked: BTreeSet<&str> = checks::all().map(|(invariant, _)| invariant).collect();
    let doctored: BTreeSet<&str> = DOCTORS.iter().chain(&MORE_DOCTORS).map(|(invariant, _)| *invariant).collect();
    assert_eq!(checked, doctored);
}

fn plus(amount: Amount, minor: i64) -> Amount {
    Amount::from_minor(amount.minor() + minor, amount.currency())
}

fn first(history: &mut History, wanted: impl Fn(&Fact) -> bool) -> Option<&mut Fact> {
    history.facts.iter_mut().find(|fact| wanted(fact))
}

/// The same fact once more, at the end.
fn again(history: &mut History, wanted: impl Fn(&Fact) -> bool) -> Option<()> {
    let fact = first(history, wanted)?.clone();
    added(history, fact)
}

#[expect(clippy::unnecessary_wraps, reason = "every way to doctor a history says whether it could")]
fn added(history: &mut History, fact: Fact) -> Option<()> {
    history.facts.push(fact);
    Some(())
}

fn without(history: &mut History, wanted: impl Fn(&Fact) -> bool) -> Option<()> {
    let before = history.facts.len();
    history.facts.retain(|fact| !wanted(fact));
    (history.facts.len() < before).then_some(())
}

fn step(
    history: &mut History,
    wanted: impl Fn(&ringback_sim::history::Stepped) -> bool,
) -> Option<&mut ringback_sim::history::Stepped> {
    history.facts.iter_mut().find_map(|fact| match fact {
        Fact::Stepped(step) if wanted(step) => Some(step),
        _ => None,
    })
}

fn settled(
    history: &mut History,
    wanted: impl Fn(&ringback_sim::history::Settled) -> bool,
) -> Option<&mut ringback_sim::history::Settled> {
    history.facts.iter_mut().find_map(|fact| match fact {
        Fact::Settled(settled) if wanted(settled) => Some(settled),
        _ => None,
    })
}

fn is_late(settled: &ringback_sim::history::Settled) -> bool {
    settled.before == TopUpState::Failed(false) && matches!(settled.said, Said::Delivered(_)) && !settled.differs
}

fn intent(history: &mut History) -> Option<&mut Intent> {
    history.facts.iter_mut().find_map(|fact| if let Fact::Intent(intent) = fact { Some(intent) } else { None })
}

fn sent(history: &mut History) -> Option<&mut ringback_sim::history::Sent> {
    history.facts.iter_mut().find_map(|fact| if let Fact::Sent(sent) = fact { Some(sent) } else { None })
}

fn claimed(history: &mut History) -> Option<&mut ringback_sim::history::Claimed> {
    history.facts.iter_mut().find_map(|fact| if let Fact::Claimed(claimed) = fact { Some(claimed) } else { None })
}

fn posted(
    history: &mut History,
    wanted: impl Fn(&ringback_sim::history::Posted) -> bool,
) -> Option<&mut ringback_core::ledger::Posting> {
    history.facts.iter_mut().find_map(|fact| match fact {
        Fact::Posted(posted) if wanted(posted) => posted.legs.first_mut(),
        _ => None,
    })
}

fn unbook(fact: &mut Fact) {
    if let Fact::Booked(booked) = fact {
        booked.receipt = None;
    }
}

fn desk(fact: &mut Fact, change: impl Fn(&mut ringback_sim::history::DeskAsked)) {
    if let Fact::DeskAsked(asked) = fact {
        asked.outpaced = false;
        change(asked);
    }
}

/// A line that a read has just shown to be suspended by its owner.
fn proved(history: &mut History) -> Option<&mut ringback_sim::history::Stepped> {
    step(history, |s| {
        let suspended = s.after.stage == Stage::Suspended && s.before.stage != Stage::Suspended;
        suspended && s.event == Happened::Answered(Judgement::Restricted) && !s.before.told_suspended
    })
}

/// What the network said to the query that the first order cites.
fn answered(history: &mut History, judged: Judgement) -> Option<()> {
    let cited = intent(history).map(|intent| (intent.line, intent.cited))?;
    let fact = first(history, |fact| matches!(fact, Fact::Status(line, issued, _) if (*line, *issued) == cited))?;
    *fact = Fact::Status(cited.0, cited.1, judged);
    Some(())
}

fn before_an_intent(history: &mut History, fact: Fact) -> Option<()> {
    let place = history.facts.iter().position(|fact| matches!(fact, Fact::Intent(_)))?;
    history.facts.insert(place, fact);
    Some(())
}

/// Two orders of one book, in one currency.
fn two_intents(history: &History) -> Option<(usize, usize)> {
    let intents = history.facts.iter().enumerate().filter_map(|(place, fact)| match fact {
        Fact::Intent(intent) => Some((place, intent)),
        _ => None,
    });
    let all: Vec<(usize, &Intent)> = intents.collect();
    all.windows(2).find(|pair| pair[0].1.book == pair[1].1.book).map(|pair| (pair[0].0, pair[1].0))
}

/// Sets every limit of one kind so low that the first order passes it.
fn limit(history: &mut History, scope: Scope, period: Period) -> Option<()> {
    intent(history)?;
    for cap in history.caps.iter_mut().flat_map(|caps| &mut caps.0) {
        if (cap.scope, cap.period) == (scope, period) {
            cap.limit = Amount::from_minor(1, cap.limit.currency());
        }
    }
    Some(())
}

/// Leaves one limit of all.
fn only(history: &mut History, scope: Scope, period: Period, limit: Amount) {
    history.caps.iter_mut().for_each(|caps| caps.0 = vec![Cap { scope, period, limit }]);
}
