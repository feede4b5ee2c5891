//! Whether money may be spent: one pure decision, called inside the transaction that commits the intent.

use serde::{Deserialize, Serialize};

use crate::{
    line::{Line, Mode, Phase, State},
    money::Amount,
    mutant,
    time::Now,
    topup::Order,
};

/// What a limit applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One recovery of one line.
    Recovery,
    /// One line.
    Line,
    /// One address book.
    Book,
    /// One provider, in its float's currency.
    Provider,
    /// Everything in this installation.
    Everything,
}

/// The time that a limit applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// One UTC day, which a clock set back does not reopen (C3).
    Day,
    /// For ever.
    Lifetime,
}

/// One limit of exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// What it applies to.
    pub scope: Scope,
    /// The time it applies to.
    pub period: Period,
    /// The most that may be delivered and held together.
    pub limit: Amount,
}

/// The limits of a book.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Caps(pub Vec<Cap>);

/// Limits without which nothing is spent (C7): per recovery, per line, per day, per book.
pub const REQUIRED: [(Scope, Period); 4] = [
    (Scope::Recovery, Period::Lifetime),
    (Scope::Line, Period::Lifetime),
    (Scope::Book, Period::Day),
    (Scope::Book, Period::Lifetime),
];

/// What has been delivered and is held in each scope, in minor units of the order's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exposure {
    minor: [[i64; 2]; 5],
    /// Whether an intent for this number is unresolved anywhere (P3).
    pub unresolved: bool,
    /// How many orders this line had in the last hour (C5).
    pub orders_last_hour: u32,
}

/// The state of the installation's switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Switches {
    /// The kill switch (N3).
    pub paused: bool,
    /// Fenced after a restore, or frozen by a failed check: nothing is spent until reconciled (S2, S3).
    pub frozen: bool,
    /// The clock jumped forward too far to know which day it is (C3, S2).
    pub clock_fault: bool,
}

impl Switches {
    /// Whether any of them stops spending.
    pub fn stop(self) -> bool {
        self.paused || self.frozen || self.clock_fault
    }
}

/// One of the switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// The kill switch (N3).
    Paused,
    /// Nothing is spent until reconciled (S2, S3).
    Frozen,
    /// The clock is not trusted (C3, S2).
    ClockFault,
}

/// How long an installation may have been off before its clock has to be looked at by a person, in days (C3).
const LONGEST_ABSENCE_DAYS: i64 = 31;

/// The day that counts (C3), and whether the clock is trusted.
///
/// It is the greatest day that was ever seen (`seen`, 0 for none), so that a clock set back reopens no day; a clock
/// that is known to be wrong, or that stands far ahead of the last day seen, moves it no further.
pub fn day(seen: i64, now: Now, clock_fault: bool) -> (i64, bool) {
    let ahead = seen > 0 && now.day() - seen > LONGEST_ABSENCE_DAYS && !mutant!("a clock far ahead is trusted");
    let fault = clock_fault || ahead;
    if mutant!("the day is reopened by the clock") {
        return (now.day(), fault);
    }
    (if fault { seen } else { seen.max(now.day()) }, fault)
}

/// Why money may not be spent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// The kill switch is on: wait.
    Paused,
    /// The installation is frozen: wait.
    Frozen,
    /// The clock is not trusted: wait.
    ClockFault,
    /// An intent for this number is unresolved: wait a while, then a person looks (P3).
    Unresolved,
    /// The line had too many orders within an hour: wait (C5).
    TooManyOrders,
    /// The status that the payment cites is too old: it is read again (K1).
    StaleRead,
    /// A consent is missing or withdrawn (N1).
    NotEnrolled,
    /// It is doubtful whose number it is (K4).
    Doubtful,
    /// A required limit is not set (C7).
    NoCap(Scope, Period),
    /// The limit would be passed (C1).
    Cap(Scope, Period),
}

/// The most orders for one line within an hour (C5).
pub const MAX_ORDERS_PER_HOUR: u32 = 30;

/// Decides whether `order` may be committed, given what is exposed already.
///
/// `pinned` are the limits as they were when the recovery started: raising a limit applies to new recoveries only,
/// lowering acts at once (C4), so both must hold.
pub fn admit(
    line: &Line,
    order: &Order,
    pinned: &Caps,
    current: &Caps,
    exposure: &Exposure,
    switches: Switches,
    now: Now,
) -> Result<(), Denial> {
    may_dispatch(line, switches, now)?;
    if exposure.unresolved && !mutant!("an unresolved order does not stop another book's") {
        return Err(Denial::Unresolved);
    }
    if exposure.orders_last_hour >= MAX_ORDERS_PER_HOUR {
        return Err(Denial::TooManyOrders);
    }
    let pinned = if mutant!("the caps that were pinned are ignored") { current } else { pinned };
    let current = if mutant!("the caps of now are ignored") { pinned } else { current };
    [pinned, current].into_iter().try_for_each(|caps| caps.allow(order.reserved(), exposure))
}

/// Checks again, just before dispatch, what may have changed since the commit (P9).
///
/// `line` is the line as the intent's transition left it.
pub fn may_dispatch(line: &Line, switches: Switches, now: Now) -> Result<(), Denial> {
    let checks = [
        (switches.paused && !mutant!("the kill switch does not stop a commit or a dispatch"), Denial::Paused),
        (switches.frozen && !mutant!("a failing database does not stop a dispatch"), Denial::Frozen),
        (switches.clock_fault && !mutant!("an untrusted clock stops nothing"), Denial::ClockFault),
        (!line.consents.complete() && !mutant!("a missing consent stops nothing"), Denial::NotEnrolled),
        (line.mode == Mode::Watch && !mutant!("a watched line is paid"), Denial::NotEnrolled),
        (line.doubt.is_some() && !mutant!("a doubt does not stop a payment"), Denial::Doubtful),
        (!cites_fresh_read(line, now) && !mutant!("a status of any age is fresh"), Denial::StaleRead),
    ];
    checks.into_iter().find(|(holds, _)| *holds).map_or(Ok(()), |(_, denial)| Err(denial))
}

/// Whether the status read behind the line's order is recent, by the uptime of this very process (K1).
fn cites_fresh_read(line: &Line, now: Now) -> bool {
    let State::Open(recovery) = &line.state else { return false };
    let Phase::Paying { cited, .. } = &recovery.phase else { return false };
    now.uptime_since(*cited).is_some_and(|age_ms| age_ms <= recovery.pinned.timing.fresh_ms)
}

impl Denial {
    /// Whether it passes without a person changing a limit or a consent.
    pub fn passes(self) -> bool {
        use Denial::{ClockFault, Frozen, Paused, StaleRead, TooManyOrders};
        matches!(self, Paused | Frozen | ClockFault | TooManyOrders | StaleRead)
    }
}

impl Caps {
    /// Checks that `asked` more stays within every limit, and that every required limit is there.
    fn allow(&self, asked: Amount, exposure: &Exposure) -> Result<(), Denial> {
        let set = |scope, period| self.limits(asked).any(|cap| (cap.scope, cap.period) == (scope, period));
        let missing = REQUIRED.into_iter().find(|&(scope, period)| !set(scope, period));
        if let Some((scope, period)) = missing.filter(|_| !mutant!("an order without a required cap is admitted")) {
            return Err(Denial::NoCap(scope, period));
        }
        let fits = |cap: &Cap| {
            let exposed = exposure.of(cap.scope, cap.period);
            let asked_minor = if mutant!("a cap ignores the order itself") { 0 } else { asked.minor() };
            exposed.checked_add(asked_minor).is_some_and(|sum| sum <= cap.limit.minor())
        };
        match self.limits(asked).find(|cap| !fits(cap)) {
            Some(cap) => Err(Denial::Cap(cap.scope, cap.period)),
            None => Ok(()),
        }
    }

    fn limits(&self, asked: Amount) -> impl Iterator<Item = &Cap> {
        self.0.iter().filter(move |cap| cap.limit.currency() == asked.currency())
    }
}

impl Exposure {
    /// What is exposed in a scope and period, in minor units.
    pub fn of(&self, scope: Scope, period: Period) -> i64 {
        self.minor[scope as usize][period as usize]
    }

    /// Adds to a scope and period; more than fits counts as everything.
    pub fn add(&mut self, scope: Scope, period: Period, minor: i64) {
        let cell = &mut self.minor[scope as usize][period as usize];
        *cell = cell.saturating_add(minor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        line::{Consents, Doubt},
        recovery::tests::script::{Script, caps, cny},
    };

    /// A line whose intent was just made, as `admit` gets it.
    fn paying() -> Script {
        let mut script = Script::ready(&[8]);
        script.proposed();
        script
    }

    fn decide(yuan: i64, pinned: &Caps, current: &Caps, exposure: &Exposure) -> Result<(), Denial> {
        let script = paying();
        let order = Order { asked: cny(yuan), ..script.out().clone() };
        admit(&script.line, &order, pinned, current, exposure, Switches::default(), script.now)
    }

    #[test]
    fn c1_delivered_and_held_money_bind_every_cap() {
        let mut exposure = Exposure::default();
        exposure.add(Scope::Book, Period::Day, 9_000);
        assert_eq!(decide(10, &caps(100), &caps(100), &exposure), Ok(()));
        assert_eq!(decide(11, &caps(100), &caps(100), &exposure), Err(Denial::Cap(Scope::Book, Period::Day)));
        exposure.add(Scope::Line, Period::Lifetime, i64::MAX);
        assert_eq!(decide(1, &caps(100), &caps(100), &exposure), Err(Denial::Cap(Scope::Line, Period::Lifetime)));
    }

    #[test]
    fn c4_lowering_acts_at_once_and_raising_only_for_new_recoveries() {
        let passed = Err(Denial::Cap(Scope::Recovery, Period::Lifetime));
        assert_eq!(decide(50, &caps(100), &caps(10), &Exposure::default()), passed);
        assert_eq!(decide(50, &caps(10), &caps(100), &Exposure::default()), passed);
    }

    #[test]
    fn c7_no_cap_no_spending() {
        let none = Err(Denial::NoCap(Scope::Recovery, Period::Lifetime));
        assert_eq!(decide(1, &Caps::default(), &caps(1), &Exposure::default()), none);
        let euros = Caps(caps(9).0.iter().map(|c| Cap { limit: "9 EUR".parse().unwrap(), ..*c }).collect());
        assert_eq!(decide(1, &caps(9), &euros, &Exposure::default()), none);
    }

    #[test]
    fn p3_c5_what_stops_an_intent() {
        let unresolved = Exposure { unresolved: true, ..Exposure::default() };
        assert_eq!(decide(1, &caps(9), &caps(9), &unresolved), Err(Denial::Unresolved));
        let busy = Exposure { orders_last_hour: MAX_ORDERS_PER_HOUR, ..Exposure::default() };
        assert_eq!(decide(1, &caps(9), &caps(9), &busy), Err(Denial::TooManyOrders));
        let one_less = Exposure { orders_last_hour: MAX_ORDERS_PER_HOUR - 1, ..Exposure::default() };
        assert_eq!(decide(1, &caps(9), &caps(9), &one_less), Ok(()));
    }

    #[test]
    fn p9_n3_every_switch_stops_a_dispatch() {
        let script = paying();
        let off = Switches::default();
        assert_eq!(may_dispatch(&script.line, off, script.now), Ok(()));
        for (switches, denial) in [
            (Switches { paused: true, ..off }, Denial::Paused),
            (Switches { frozen: true, ..off }, Denial::Frozen),
            (Switches { clock_fault: true, ..off }, Denial::ClockFault),
        ] {
            assert_eq!(may_dispatch(&script.line, switches, script.now), Err(denial));
        }
    }

    #[test]
    fn n1_k4_a_line_without_enrolment_or_in_doubt_pays_nothing() {
        let script = paying();
        let denial = |change: fn(&mut Line)| {
            let mut line = script.line.clone();
            change(&mut line);
            may_dispatch(&line, Switches::default(), script.now)
        };
        assert_eq!(denial(|line| line.doubt = Some(Doubt::ImsiChanged)), Err(Denial::Doubtful));
        assert_eq!(denial(|line| line.consents = Consents::default()), Err(Denial::NotEnrolled));
        assert_eq!(denial(|line| line.consents.query_ms = None), Err(Denial::NotEnrolled));
        assert_eq!(denial(|line| line.mode = Mode::Watch), Err(Denial::NotEnrolled));
    }

    #[test]
    fn k1_a_stale_citation_is_denied() {
        let mut script = paying();
        let check = |script: &Script| may_dispatch(&script.line, Switches::default(), script.now);
        script.wait_ms(60_000);
        assert_eq!(check(&script), Ok(()));
        script.wait_ms(1);
        assert_eq!(check(&script), Err(Denial::StaleRead));
    }

    #[test]
    fn k1_a_citation_of_another_incarnation_or_of_none_is_stale() {
        let mut script = paying();
        script.restarted();
        assert_eq!(may_dispatch(&script.line, Switches::default(), script.now), Err(Denial::StaleRead));
        let idle = Script::new();
        assert_eq!(may_dispatch(&idle.line, Switches::default(), idle.now), Err(Denial::StaleRead));
    }
}
