//! What a person says about a line.

use super::{Reason, Word, turn::Turn};
use crate::{
    admit::Denial,
    claim,
    line::{Consents, Mode, State},
};

impl Turn<'_> {
    /// Takes a person's word. No order that is out is dropped by it: it is still resolved (N2).
    pub(super) fn hear(&mut self, word: &Word) {
        let line = &mut self.step.line;
        match word {
            Word::Enrolled(consents, mode) => {
                (line.consents, line.mode) = (*consents, *mode);
                self.unpark(&Reason::Denied(Denial::NotEnrolled));
            }
            Word::Withdrawn => {
                line.consents = Consents::default();
                line.mode = Mode::Watch;
                self.stop(Some(Reason::Denied(Denial::NotEnrolled)));
            }
            Word::Mode(mode) => line.mode = *mode,
            Word::Suspended => {
                line.told.suspended = true;
                self.stop(None);
            }
            Word::LeaveAlone(until_ms) => {
                line.told.leave_alone_until_ms = Some(*until_ms);
                self.stop(Some(Reason::LeftAlone));
            }
            Word::Plan(amount) => line.told.plan = Some(*amount),
            Word::Confirmed => self.confirm(),
            Word::Route(route) => line.route.clone_from(route),
            Word::TryAgain => self.try_anew(),
        }
    }

    fn try_anew(&mut self) {
        let line = &mut self.step.line;
        line.told.suspended = false;
        line.told.leave_alone_until_ms = None;
        self.free();
    }

    /// A stopped line is at rest again, unless money waits for a person.
    fn free(&mut self) {
        let line = &self.step.line;
        let waits = line.to_settle().next().is_some();
        if matches!(line.state, State::Suspended | State::Parked(_)) && !waits {
            self.idle();
        }
    }

    /// The number is the person's: what waited for that goes on (K4).
    fn confirm(&mut self) {
        let line = &mut self.step.line;
        (line.doubt, line.imsi) = (None, None);
        line.told.confirmed_ms = Some(self.now.wall_ms);
        self.step.line_claims = Some(claim::Event::Thawed);
        if self.step.line.state == State::Suspended {
            self.claim_back();
        }
        self.unpark(&Reason::Denied(Denial::Doubtful));
        self.unpark(&Reason::NotInService);
    }

    /// What the line was parked for is gone.
    fn unpark(&mut self, gone: &Reason) {
        if matches!(&self.step.line.state, State::Parked(parked) if parked.reason == *gone) {
            self.free();
        }
    }
}
