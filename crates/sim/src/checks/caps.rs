//! Caps: every order is counted anew, apart from what the store keeps.

use ringback_core::{
    BookId,
    admit::{Cap, Caps, MAX_ORDERS_PER_HOUR, Period, REQUIRED, Scope},
    recovery::TopUpState,
};

use super::Check;
use crate::history::{Fact, Happened, History, Intent, Snapshot, Stage, Stepped};

pub(super) const CHECKS: [(&str, Check); 7] = [
    ("C1", c1_exposure_stays_below_every_cap),
    ("C2", c2_what_comes_back_gives_no_room),
    ("C3", c3_no_day_is_reopened),
    ("C4", c4_what_was_pinned_binds_as_well),
    ("C5", c5_attempts_are_bounded),
    ("C6", c6_nothing_starts_before_it_may),
    ("C7", c7_no_cap_no_spending),
];

const HOUR_MS: i64 = 3_600_000;
const THIRTY_DAYS_MS: i64 = 30 * 24 * HOUR_MS;

/// How far the clock may stand ahead of the last day seen.
const LONGEST_ABSENCE_DAYS: i64 = 31;

/// An order with what it exposes now, and the day that it counts on.
struct Counted<'a> {
    intent: &'a Intent,
    state: TopUpState,
    day: i64,
}

/// What is known when an order is committed.
struct Moment<'a> {
    intent: &'a Intent,
    earlier: &'a [Counted<'a>],
    day: i64,
    clock_fault: bool,
    current: &'a Caps,
    pinned: &'a Caps,
}

/// Asks `wrong` at every order, with what was committed before.
fn at_each(history: &History, wrong: impl Fn(&Moment) -> Option<String>) -> Option<String> {
    let none = Caps::default();
    let (mut counted, mut day, mut clock_fault): (Vec<Counted>, i64, bool) = (Vec::new(), 0, false);
    let (mut current, mut last): (Vec<(BookId, usize)>, Option<Snapshot>) = (Vec::new(), None);
    for fact in &history.facts {
        match fact {
            Fact::Caps(book, place) => {
                current.retain(|(other, _)| other != book);
                current.push((*book, *place));
            }
            Fact::Trusted(today) => day = *today,
            Fact::Batch(today, fault) => {
                clock_fault = *fault || (day > 0 && today - day > LONGEST_ABSENCE_DAYS);
                day = if clock_fault { day } else { day.max(*today) };
            }
            Fact::Stepped(step) => last = Some(step.after),
            Fact::Intent(intent) => {
                let of_book = current.iter().find(|(book, _)| *book == intent.book);
                let caps = |place: Option<usize>| place.and_then(|place| history.caps.get(place)).unwrap_or(&none);
                let (current, pinned) = (caps(of_book.map(|(_, place)| *place)), caps(last.and_then(|s| s.pinned)));
                let moment = Moment { intent, earlier: &counted, day, clock_fault, current, pinned };
                if let Some(detail) = wrong(&moment) {
                    return Some(detail);
                }
                counted.push(Counted { intent, state: TopUpState::Held, day });
            }
            Fact::Settled(settled) => {
                if let Some(known) = counted.iter_mut().find(|counted| counted.intent.key == settled.key) {
                    known.state = settled.after;
                }
            }
            _ => {}
        }
    }
    None
}

/// A cap that an order passes.
fn passed(moment: &Moment, caps: &Caps, period: Period, exposed: fn(&Counted) -> i64) -> Option<String> {
    let intent = moment.intent;
    let binding = caps.0.iter().filter(|cap| cap.period == period && cap.limit.currency() == intent.asked.currency());
    binding.copied().find_map(|cap| {
        let earlier = moment.earlier.iter().filter(|counted| shares(counted, moment, cap));
        let sum: i64 = earlier.map(exposed).sum::<i64>() + intent.reserved.minor();
        (sum > cap.limit.minor()).then(|| format!("{sum} under {cap:?}: {intent:?}"))
    })
}

fn shares(counted: &Counted, moment: &Moment, cap: Cap) -> bool {
    let (other, intent) = (counted.intent, moment.intent);
    let scope = match cap.scope {
        Scope::Recovery => (other.line, other.recovery) == (intent.line, intent.recovery),
        Scope::Line => other.line == intent.line,
        Scope::Book => other.book == intent.book,
        Scope::Provider => other.provider == intent.provider,
        Scope::Everything => true,
    };
    let day = cap.period == Period::Lifetime || counted.day == moment.day;
    scope && day && other.asked.currency() == intent.asked.currency()
}

/// What an order exposes where a delivery that was taken back is forgotten.
fn forgiving(counted: &Counted) -> i64 {
    if matches!(counted.state, TopUpState::Reversed(_)) { 0 } else { strict(counted) }
}

/// What an order exposes.
fn strict(counted: &Counted) -> i64 {
    match counted.state {
        TopUpState::Held | TopUpState::Suspense => counted.intent.reserved.minor(),
        TopUpState::Delivered(r) | TopUpState::DeliveredByWord(r) | TopUpState::Reversed(r) => r.debited.minor(),
        TopUpState::Failed(_) | TopUpState::Withheld => 0,
    }
}

fn c1_exposure_stays_below_every_cap(history: &History) -> Option<String> {
    at_each(history, |moment| passed(moment, moment.current, Period::Lifetime, forgiving))
        .or_else(|| history.found("C1"))
}

fn c2_what_comes_back_gives_no_room(history: &History) -> Option<String> {
    at_each(history, |moment| {
        let forgiven = passed(moment, moment.current, Period::Lifetime, forgiving);
        if forgiven.is_some() { None } else { passed(moment, moment.current, Period::Lifetime, strict) }
    })
}

fn c3_no_day_is_reopened(history: &History) -> Option<String> {
    at_each(history, |moment| {
        let faulty = moment.clock_fault.then(|| format!("with a clock that is not trusted: {:?}", moment.intent));
        faulty.or_else(|| passed(moment, moment.current, Period::Day, strict))
    })
}

fn c4_what_was_pinned_binds_as_well(history: &History) -> Option<String> {
    at_each(history, |moment| {
        let lifetime = passed(moment, moment.pinned, Period::Lifetime, strict);
        lifetime.or_else(|| passed(moment, moment.pinned, Period::Day, strict))
    })
}

fn c5_attempts_are_bounded(history: &History) -> Option<String> {
    at_each(history, |moment| {
        let intent = moment.intent;
        let sent = || moment.earlier.iter().filter(|c| c.intent.line == intent.line && c.state != TopUpState::Withheld);
        let in_recovery = sent().filter(|c| c.intent.recovery == intent.recovery).count() + 1;
        let since_ms = intent.now.wall_ms - HOUR_MS;
        let in_hour = sent().filter(|c| c.intent.now.wall_ms > since_ms).count() + 1;
        let most = usize::try_from(intent.max_orders).unwrap_or(usize::MAX);
        (in_recovery > most || in_hour > MAX_ORDERS_PER_HOUR as usize)
            .then(|| format!("{in_recovery} orders in the recovery, {in_hour} in the hour: {intent:?}"))
    })
}

fn c6_nothing_starts_before_it_may(history: &History) -> Option<String> {
    let mut begun: Vec<&Stepped> = Vec::new();
    for step in history.steps() {
        if step.after.recovery > step.before.recovery {
            let since_ms = step.now.wall_ms - THIRTY_DAYS_MS;
            let recent = begun.iter().filter(|other| other.line == step.line && other.now.wall_ms > since_ms).count();
            let too_many = recent + 1 > step.max_recoveries as usize;
            if too_many || matches!(step.before.stage, Stage::Suspended | Stage::Parked) {
                return Some(format!("{recent} before: {step:?}"));
            }
            begun.push(step);
        } else if is_stopped(step.before.stage) && !is_stopped(step.after.stage) && !frees(step.event) {
            return Some(format!("{step:?}"));
        }
    }
    None
}

fn is_stopped(stage: Stage) -> bool {
    matches!(stage, Stage::Suspended | Stage::Parked)
}

fn frees(event: Happened) -> bool {
    matches!(
        event,
        Happened::Answered(ringback_core::Judgement::InService)
            | Happened::TryAgain
            | Happened::Enrolled
            | Happened::Confirmed
    )
}

fn c7_no_cap_no_spending(history: &History) -> Option<String> {
    at_each(history, |moment| {
        let currency = moment.intent.asked.currency();
        let missing = |caps: &Caps| {
            let there = |(scope, period)| {
                caps.0.iter().any(|cap| (cap.scope, cap.period) == (scope, period) && cap.limit.currency() == currency)
            };
            REQUIRED.into_iter().find(|required| !there(*required))
        };
        let missing = missing(moment.current).or_else(|| missing(moment.pinned))?;
        Some(format!("without {missing:?}: {:?}", moment.intent))
    })
}
