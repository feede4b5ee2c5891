//! Payment: what is committed, sent, and heard about orders.

use ringback_core::{Now, ledger::Kind, line::Aim, recovery::TopUpState};

use super::Check;
use crate::history::{Fact, Happened, History, Intent, Key, Said, Sent, Settled, Stage, Via, kind_bit};

pub(super) const CHECKS: [(&str, Check); 14] = [
    ("P1", p1_durable_before_a_byte_leaves),
    ("P2", p2_a_reference_is_one_order),
    ("P3", p3_one_unresolved_intent_a_number),
    ("P4", p4_never_sent_twice_nor_when_settled),
    ("P5", p5_what_settles_as_failed),
    ("P6", p6_a_refusal_keeps_its_hold),
    ("P7", p7_late_success_posts_and_alerts),
    ("P8", p8_versions_follow_each_other),
    ("P9", p9_checked_again_at_dispatch),
    ("P10", p10_the_ladder_is_pinned),
    ("P11", p11_something_else_goes_to_suspense),
    ("P12", p12_a_reversal_reopens_nothing),
    ("P13", p13_a_persons_word_is_marked),
    ("S105", s105_the_set_amount_is_paid_once),
];

/// Every order that left, after the facts that came before.
fn sends(history: &History) -> impl Iterator<Item = (&[Fact], &Sent)> {
    history.facts.iter().enumerate().filter_map(|(place, fact)| match fact {
        Fact::Sent(sent) => Some((&history.facts[..place], sent)),
        _ => None,
    })
}

fn intent(facts: &[Fact], key: Key) -> Option<&Intent> {
    facts.iter().find_map(|fact| match fact {
        Fact::Intent(intent) if intent.key == key => Some(intent),
        _ => None,
    })
}

fn p1_durable_before_a_byte_leaves(history: &History) -> Option<String> {
    sends(history).find(|(before, sent)| intent(before, sent.key).is_none()).map(|(_, sent)| format!("{sent:?}"))
}

fn p2_a_reference_is_one_order(history: &History) -> Option<String> {
    let mut known: Vec<&Intent> = Vec::new();
    for intent in history.intents() {
        if known.iter().any(|other| other.key == intent.key) {
            return Some(format!("used twice: {intent:?}"));
        }
        known.push(intent);
    }
    let other = sends(history).find(|(_, sent)| {
        let intent = known.iter().find(|intent| intent.key == sent.key);
        intent.is_some_and(|i| (i.asked, i.msisdn, i.provider) != (sent.asked, sent.msisdn, sent.provider))
    });
    other.map(|(_, sent)| format!("sent as another order: {sent:?}"))
}

fn p3_one_unresolved_intent_a_number(history: &History) -> Option<String> {
    let mut orders: Vec<(&Intent, bool)> = Vec::new();
    for fact in &history.facts {
        match fact {
            Fact::Intent(intent) => {
                if let Some((other, _)) = orders.iter().find(|(o, open)| *open && o.msisdn == intent.msisdn) {
                    return Some(format!("{intent:?} while {other:?}"));
                }
                orders.push((intent, true));
            }
            Fact::Settled(settled) => {
                if let Some((_, open)) = orders.iter_mut().find(|(order, _)| order.key == settled.key) {
                    *open = settled.after.is_unresolved();
                }
            }
            _ => {}
        }
    }
    None
}

fn p4_never_sent_twice_nor_when_settled(history: &History) -> Option<String> {
    sends(history).find_map(|(before, sent)| {
        let twice = before.iter().any(|fact| matches!(fact, Fact::Sent(other) if other.key == sent.key));
        let settled = state(before, sent.key).is_some_and(|state| state != TopUpState::Held);
        (twice || (settled && !sent.outpaced)).then(|| format!("{sent:?}, twice: {twice}, settled: {settled}"))
    })
}

fn state(before: &[Fact], key: Key) -> Option<TopUpState> {
    before.iter().rev().find_map(|fact| match fact {
        Fact::Settled(settled) if settled.key == key => Some(settled.after),
        _ => None,
    })
}

fn p5_what_settles_as_failed(history: &History) -> Option<String> {
    let failed = |s: &&Settled| s.before == TopUpState::Held && s.after == TopUpState::Failed(false);
    history.settled().filter(failed).find_map(|settled| {
        let heard: Vec<&Settled> = history.settled().filter(|other| other.key == settled.key).collect();
        let end = heard.iter().position(|other| std::ptr::eq(*other, settled))?;
        let wrong = unsettled_by(&heard[..=end])?;
        Some(format!("{wrong}: {settled:?}"))
    })
}

/// Why what was heard does not settle an order as failed.
fn unsettled_by(heard: &[&Settled]) -> Option<&'static str> {
    let (last, before) = heard.split_last()?;
    if !last.terms.inquiry {
        return Some("nothing can be asked");
    }
    if !matches!(last.via, Via::Inquiry(_)) || !denies(last.said) {
        return Some("no inquiry said so");
    }
    // What was stated before holds until something else is heard.
    let stated = before.iter().rev().find_map(|heard| match heard.said {
        Said::Refused | Said::Reversed => Some(true),
        Said::Pending | Said::Delivered(_) => Some(false),
        _ => None,
    });
    if stated == Some(true) {
        return None;
    }
    spaced(heard)
}

fn denies(said: Said) -> bool {
    matches!(said, Said::Refused | Said::NotFound | Said::Reversed)
}

/// Three of them in a row, each late enough and a full space after the one before, in uptime of one process.
fn spaced(heard: &[&Settled]) -> Option<&'static str> {
    let began = heard.first()?.now;
    let mut counted: Vec<Now> = Vec::new();
    for Settled { said, now, terms, .. } in heard {
        let since = |earlier: Now| now.uptime_since(earlier).unwrap_or(now.uptime_ms);
        let late = since(began) >= terms.final_after_ms;
        let apart = counted.last().is_none_or(|before| since(*before) >= terms.spacing_ms);
        match said {
            Said::NotFound if late && apart => counted.push(*now),
            Said::Pending | Said::Refused => counted.clear(),
            _ => {}
        }
    }
    (counted.len() < 3).then_some("fewer than three spaced `not found`")
}

fn p6_a_refusal_keeps_its_hold(history: &History) -> Option<String> {
    let released = kind_bit(Kind::Release);
    let wrong = |s: &&Settled| {
        let told = matches!(s.via, Via::Submission) && denies(s.said) && !s.differs;
        let kept = s.after == TopUpState::Held && s.kinds & released == 0;
        s.before == TopUpState::Held && ((told && !kept) || (s.after == TopUpState::Held && s.kinds & released != 0))
    };
    history.settled().find(wrong).map(|settled| format!("{settled:?}"))
}

fn p7_late_success_posts_and_alerts(history: &History) -> Option<String> {
    let late = |s: &&Settled| {
        let failed = matches!(s.before, TopUpState::Failed(false) | TopUpState::Withheld);
        failed && matches!(s.said, Said::Delivered(_)) && !s.differs
    };
    let whole = |s: &Settled| {
        let posted = s.kinds & kind_bit(Kind::Late) != 0 && s.after.delivered().is_some();
        posted && s.notices.late && (!s.suspended || s.claimed)
    };
    history.settled().filter(late).find(|settled| !whole(settled)).map(|settled| format!("{settled:?}"))
}

fn p8_versions_follow_each_other(history: &History) -> Option<String> {
    history.steps().find(|step| step.before.version + 1 != step.after.version).map(|step| format!("{step:?}"))
}

/// The line as it was last committed; a worker that another one outpaced cannot know it.
fn p9_checked_again_at_dispatch(history: &History) -> Option<String> {
    sends(history).filter(|(_, sent)| !sent.outpaced).find_map(|(before, sent)| {
        let line = intent(before, sent.key)?.line;
        let last = before.iter().rev().find_map(|fact| match fact {
            Fact::Stepped(step) if step.line == line => Some(step.after),
            _ => None,
        })?;
        let wrong = !last.enrolled || last.watched || last.doubt;
        wrong.then(|| format!("{sent:?} of {last:?}"))
    })
}

fn p10_the_ladder_is_pinned(history: &History) -> Option<String> {
    let mut plans: Vec<(ringback_core::LineId, usize)> = Vec::new();
    for step in history.steps() {
        if let Happened::Offered(place) = step.event {
            plans.retain(|(line, _)| *line != step.line);
            plans.push((step.line, place));
        }
        let same = step.before.recovery == step.after.recovery;
        let moved =
            same && step.before.pinned.is_some() && step.after.pinned.is_some_and(|p| Some(p) != step.before.pinned);
        let offered =
            plans.iter().find(|(line, _)| *line == step.line).and_then(|(_, place)| history.plans.get(*place));
        let foreign = step.after.rung.is_some_and(|rung| offered.is_some_and(|plans| !plans.contains(&rung)));
        if moved || foreign {
            return Some(format!("{step:?}"));
        }
    }
    None
}

fn p11_something_else_goes_to_suspense(history: &History) -> Option<String> {
    let wrong = |s: &&Settled| {
        let matters = match s.before {
            TopUpState::Held => true,
            TopUpState::Failed(_) | TopUpState::Withheld | TopUpState::Delivered(_) => {
                matches!(s.said, Said::Delivered(_))
            }
            _ => false,
        };
        s.via != Via::Person && s.differs && matters && !(s.after == TopUpState::Suspense && s.stopped)
    };
    history.settled().find(wrong).map(|settled| format!("{settled:?}"))
}

fn p12_a_reversal_reopens_nothing(history: &History) -> Option<String> {
    let reversed = |s: &&Settled| matches!(s.before, TopUpState::Delivered(_)) && s.said == Said::Reversed;
    let whole = |s: &Settled| {
        let posted = s.kinds & kind_bit(Kind::Reverse) != 0 && matches!(s.after, TopUpState::Reversed(_));
        posted && s.notices.reversed
    };
    let partly = history.settled().filter(reversed).find(|settled| !whole(settled)).map(|s| format!("{s:?}"));
    let opened = history.steps().find(|step| {
        let open = |stage| matches!(stage, Stage::Open(_));
        step.event == Happened::Late && !open(step.before.stage) && open(step.after.stage)
    });
    partly.or_else(|| opened.map(|step| format!("{step:?}")))
}

fn p13_a_persons_word_is_marked(history: &History) -> Option<String> {
    let marked = |state| matches!(state, TopUpState::DeliveredByWord(_) | TopUpState::Failed(true));
    let unmarked = |s: &&Settled| s.via == Via::Person && s.before != s.after && !marked(s.after);
    // The provider contradicts a person: suspense, and nothing else.
    let contradicted = |s: &&Settled| {
        let contradicts = match s.before {
            TopUpState::Failed(true) => matches!(s.said, Said::Delivered(_)),
            TopUpState::DeliveredByWord(word) => match s.said {
                Said::Delivered(receipt) => receipt != word,
                said => denies(said),
            },
            _ => false,
        };
        s.via != Via::Person && contradicts && s.after != TopUpState::Suspense
    };
    history.settled().find(|s| unmarked(s) || contradicted(s)).map(|settled| format!("{settled:?}"))
}

/// A payment of the set amount asks for no more than is still owed by then.
fn s105_the_set_amount_is_paid_once(history: &History) -> Option<String> {
    let mut debts: Vec<(&Intent, i64)> = Vec::new();
    let mut out: Vec<&Intent> = Vec::new();
    for fact in &history.facts {
        match fact {
            Fact::Intent(intent) => {
                let Aim::Set(owed) = intent.aim else { continue };
                let debt = debts.iter().find(|(first, _)| first.is_beside(intent));
                let left = debt.map_or(owed.minor(), |(_, left)| *left);
                if intent.asked.minor() > left {
                    return Some(format!("{left} is owed: {intent:?}"));
                }
                if debt.is_none() {
                    debts.push((intent, left));
                }
                out.push(intent);
            }
            Fact::Settled(settled) if settled.is_delivery() => {
                let Some(paid) = out.iter().find(|intent| intent.key == settled.key) else { continue };
                if let Some((_, left)) = debts.iter_mut().find(|(first, _)| first.is_beside(paid)) {
                    *left -= paid.asked.minor();
                }
            }
            _ => {}
        }
    }
    None
}
