//! Judging what the network says (S102, S104, S1044).

use super::{
    Reason,
    turn::{Turn, now_or},
};
use crate::{
    admit::Denial,
    claim,
    line::{Aim, Doubt, Line, Phase, Recovery, Seen, State},
    mutant,
    recovery::{End, Notice},
    status::{Judgement, Read, Service},
    time::{Now, Wake},
};

/// Recoveries are counted over this time (C6).
const THIRTY_DAYS_MS: i64 = 30 * 86_400_000;

impl Turn<'_> {
    /// A line with nothing open: a restricted answer starts a recovery where the line's person allowed it.
    pub(super) fn judge_idle(&mut self, read: &Read) {
        self.note(read);
        if read.status.judged() != Judgement::Restricted || !self.is_wanted() {
            return;
        }
        match self.obstacle() {
            None => self.open(read),
            Some(reason) => self.park(reason),
        }
    }

    /// A suspended or parked line: in service ends that, unless an order still waits for a person.
    pub(super) fn judge_stopped(&mut self, read: &Read) {
        self.note(read);
        let line = &self.step.line;
        let left_alone = matches!(&line.state, State::Parked(parked) if parked.reason == Reason::LeftAlone);
        match read.status.judged() {
            _ if line.to_settle().next().is_some() => {}
            Judgement::InService => self.idle(),
            Judgement::Restricted
                if (left_alone || mutant!("a parked line begins anew by itself")) && self.is_wanted() =>
            {
                self.begin_anew(read);
            }
            _ => {}
        }
    }

    /// Somebody only looks: what is seen is written down, and a line that came back is no longer stopped.
    pub(super) fn look(&mut self, read: &Read) {
        match self.step.line.state {
            State::Suspended | State::Parked(_) if read.status.judged() == Judgement::InService => {
                self.judge_stopped(read);
            }
            _ => self.note(read),
        }
    }

    /// A line with an open recovery.
    pub(super) fn judge_open(&mut self, recovery: &Recovery, read: &Read) {
        self.note(read);
        let paying_set = matches!(recovery.aim, Aim::Set(_));
        match (&recovery.phase, read.status.judged()) {
            // An order is out: this read will be void when its outcome comes (K1).
            (Phase::Paying { .. } | Phase::Inquiring(_), _) => {}
            // K3, K4: no payment lifts these.
            (_, Judgement::BarredOtherwise(bar)) => self.park(Reason::Barred(bar)),
            (_, Judgement::NotInService) => self.park(Reason::NotInService),

            // S105: the debt. A line that is restricted again begins anew.
            (Phase::Owed { offered: Some(amount), wake }, Judgement::InService) if wake.is_due(self.now) => {
                self.recovery().aim = Aim::Set(*amount);
                self.ready(read);
            }
            (Phase::Owed { .. }, Judgement::InService) => {}
            // P7: a late success of a rung has the line settle once more; the set amount stays owed.
            (Phase::Reading { .. } | Phase::Ready { .. } | Phase::Settling { .. }, Judgement::InService)
                if paying_set =>
            {
                self.pay_set(read);
            }
            (Phase::Owed { .. }, Judgement::Restricted) => self.begin_anew(read),
            (_, Judgement::Restricted) if paying_set => self.begin_anew(read),
            (Phase::Owed { offered, .. }, Judgement::Unknown) => self.postpone(*offered),

            // S104, S1044: in service is the answer, whatever the phase.
            (_, Judgement::InService) => self.restored(read),
            (_, Judgement::Restricted) if self.step.line.told.suspended => self.suspend(),
            (Phase::Preparing { .. } | Phase::Approval, _) => {}
            (Phase::Reading { .. }, Judgement::Restricted) => self.ready(read),
            (Phase::Ready { read: cited }, Judgement::Restricted) => self.ready(later(cited, read)),
            // S1043: still restricted counts once the line has had time to settle.
            (Phase::Settling { since, .. }, Judgement::Restricted) if has_settled(recovery, *since, read) => {
                self.climb(read);
            }
            (Phase::Settling { since, .. }, Judgement::Restricted) => self.settle_on(recovery, *since),
            // K2: unknown is not restricted.
            (Phase::Settling { since, .. }, Judgement::Unknown) if !has_settled(recovery, *since, read) => {
                self.settle_on(recovery, *since);
            }
            (Phase::Settling { since, .. }, Judgement::Unknown) => self.ask_again(*since),
            (Phase::Reading { .. } | Phase::Ready { .. }, Judgement::Unknown) => {
                self.try_again(Reason::StatusUnknown);
            }
        }
    }

    /// Waits for a delivered top-up to take effect, with queries at growing intervals.
    pub(super) fn settle_on(&mut self, recovery: &Recovery, since: Now) {
        let end_ms = settling_ms(recovery);
        let passed_ms = self.now.uptime_since(since).unwrap_or(0);
        let wait_ms = passed_ms.max(end_ms / 8).min(end_ms.saturating_sub(passed_ms));
        let wake = now_or(self.now, wait_ms);
        self.recovery().phase = Phase::Settling { since, wake };
    }

    /// Writes down what was seen, and whether it raises a doubt about the number (K4).
    fn note(&mut self, read: &Read) {
        let judged = read.status.judged();
        let line = &mut self.step.line;
        // No answer tells nothing about the line: what was seen before stays.
        if judged != Judgement::Unknown || line.seen.is_none() {
            line.seen = Some(Seen { status: read.status.clone(), at_ms: read.issued.wall_ms });
        }
        if let Some(doubt) = doubt(line, read).filter(|_| line.doubt.is_none()) {
            line.doubt = Some(doubt);
            self.step.line_claims = Some(claim::Event::Frozen);
            self.step.notices.push(Notice::Doubtful);
        }
        if judged == Judgement::InService {
            line.told.suspended = false;
            line.delivered.clear();
            // R6: whatever became of the line since it was suspended, what is still claimed ends now.
            let active = line.recoveries > 0 && !mutant!("a line in service goes on claiming");
            self.step.line_claims = active.then_some(claim::Event::Withdrawn);
        }
        if line.imsi.is_none() {
            line.imsi.clone_from(&read.imsi);
        }
    }

    /// Whether the line's person wants it to be recovered now (N1).
    fn is_wanted(&self) -> bool {
        let line = &self.step.line;
        (line.consents.complete() || mutant!("a missing consent stops nothing"))
            && line.mode != crate::line::Mode::Watch
            && !line.told.suspended
            && line.told.leave_alone_until_ms.is_none_or(|until| until <= self.now.wall_ms)
    }

    /// What keeps a recovery that is wanted from starting, for a person to mend (C6, K4, P3).
    fn obstacle(&mut self) -> Option<Reason> {
        let now_ms = self.now.wall_ms;
        if mutant!("a clock that stood ahead forgets recoveries") {
            self.step.line.begun_ms.retain(|began| now_ms.saturating_sub(*began) < THIRTY_DAYS_MS);
        }
        let line = &self.step.line;
        // A clock that stands ahead forgets nothing: it may be set back.
        let recent = line.begun_ms.iter().filter(|began| now_ms.saturating_sub(**began) < THIRTY_DAYS_MS).count();
        let allowed = usize::try_from(self.policy.max_recoveries).unwrap_or(usize::MAX);
        let obstacles = [
            (line.doubt.is_some(), Reason::Denied(Denial::Doubtful)),
            (!line.suspense.is_empty(), Reason::Mismatch),
            (recent >= allowed && !mutant!("recoveries are not counted"), Reason::TooManyRecoveries),
        ];
        obstacles.into_iter().find_map(|(stands, reason)| stands.then_some(reason))
    }

    /// The line was restricted again before its set amount was paid: that debt ends, a new recovery starts.
    fn begin_anew(&mut self, read: &Read) {
        self.idle();
        self.judge_idle(read);
    }

    /// An offered amount whose time has come waits for a clear answer (K2).
    fn postpone(&mut self, offered: Option<crate::money::Amount>) {
        let retry_ms = i64::try_from(self.recovery().pinned.timing.retry_ms).unwrap_or(i64::MAX);
        let later = Wake::At { wall_ms: self.now.wall_ms.saturating_add(retry_ms) };
        let now = self.now;
        match &mut self.recovery().phase {
            Phase::Owed { wake, .. } if offered.is_some() && wake.is_due(now) => *wake = later,
            _ => {}
        }
    }

    /// The deciding query had no answer: asks again a few times, never paying on it.
    fn ask_again(&mut self, since: Now) {
        self.try_again(Reason::StatusUnknown);
        if let State::Open(recovery) = &mut self.step.line.state
            && let Phase::Reading { wake } = recovery.phase
        {
            recovery.phase = Phase::Settling { since, wake };
        }
    }
}

/// The read that an order may cite: one that was issued before, or by a process whose clock is another, takes no other's
/// place, since it may be from before the line had its time to settle (L6).
fn later<'r>(cited: &'r Read, read: &'r Read) -> &'r Read {
    let is_later = read.issued.uptime_since(cited.issued).is_some_and(|ms| ms > 0);
    if is_later || mutant!("an older read takes a later one's place") { read } else { cited }
}

/// Whether a read was issued after the line had its time to settle: only such a read decides (K5).
fn has_settled(recovery: &Recovery, since: Now, read: &Read) -> bool {
    let needed_ms = if mutant!("a delivery needs no time to settle") { 0 } else { settling_ms(recovery) };
    let passed_ms = read.issued.uptime_since(since);
    let passed_ms = if mutant!("a restart ends the settling time") { passed_ms.or(Some(u64::MAX)) } else { passed_ms };
    passed_ms.is_some_and(|passed_ms| passed_ms >= needed_ms)
}

/// The settling time: no shorter than the provider's minimum gap, so that the deciding read can be followed by a payment.
fn settling_ms(recovery: &Recovery) -> u64 {
    let gap_ms = recovery.terms().map_or(0, |terms| terms.min_gap_ms);
    recovery.pinned.timing.settling_ms.max(gap_ms)
}

fn doubt(line: &Line, read: &Read) -> Option<Doubt> {
    let other_sim = matches!((&line.imsi, &read.imsi), (Some(pinned), Some(seen)) if pinned != seen);
    match read.status.judged() {
        Judgement::NotInService if mutant!("a number without a subscriber raises no doubt") => None,
        Judgement::NotInService if read.status.service == Service::Recycled => Some(Doubt::Recycled),
        Judgement::NotInService => Some(Doubt::NotInService),
        _ if other_sim && !mutant!("another SIM raises no doubt") => Some(Doubt::ImsiChanged),
        _ => None,
    }
}

impl Turn<'_> {
    /// A person's *I know it is suspended* acts at once where no order is out (R4).
    pub(super) fn stop(&mut self, end: Option<Reason>) {
        let out = self.step.line.unsettled_order().is_some();
        match (&self.step.line.state, end) {
            _ if out => {}
            (State::Open(_), Some(Reason::LeftAlone)) if self.nothing_delivered() => self.close(End::Declined),
            (State::Open(_), Some(reason)) => self.park(reason),
            (State::Open(_) | State::Idle | State::Parked(_), None) => self.suspend(),
            _ => {}
        }
    }

    fn nothing_delivered(&self) -> bool {
        matches!(&self.step.line.state, State::Open(recovery) if recovery.reached.is_none())
    }
}
